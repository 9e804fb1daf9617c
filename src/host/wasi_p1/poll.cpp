// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// poll_oneoff. Everything but sockets and, with the real clock, a granted standard input is ready at once. With the
// virtual clock nothing waits for time: the earliest timeout is reached by moving the clock. With the real clock the
// wait ends when a descriptor is ready, the earliest timeout has passed, or the stack is interrupted.
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "host/wasi_p1/bodies.h"

namespace dewar::wasi_p1 {

using boundary::Handle;
using boundary::HostCall;
using boundary::Wait;

namespace {

constexpr u32 kMaxSubscriptions = 1024;
/// What is told of a granted standard input, whatever has arrived.
constexpr u64 kInputBytes = 1;

struct Timer {
  usize subscription;
  u64 delta;  ///< nanoseconds from now
};

struct Polled {
  usize subscription;
  usize slot;
  bool socket;
};

/// The state of one call.
struct Poll {
  std::vector<Event> events;
  std::vector<Timer> timers;
  std::vector<Polled> polled;
  std::array<pollfd, HostCall::kMaxPolled> fds;
  usize num_fds = 0;
};

template <class Subscription>
Event event_for(const Subscription& s, Errno error = Errno::success) {
  Event e;
  e.userdata = s.userdata;
  e.error = static_cast<u16>(error);
  e.type = s.type;
  return e;
}

template <class Subscription>
void add_timer(HostCall& call, Session& session, Poll& poll, const Subscription& s, usize index) {
  // The CPU clocks count work, which waiting does not do.
  if (s.id != static_cast<u32>(boundary::ClockId::realtime) && s.id != static_cast<u32>(boundary::ClockId::monotonic)) {
    poll.events.push_back(event_for(s, s.id <= kMaxClockId ? Errno::notsup : Errno::inval));
    return;
  }
  u64 delta = s.timeout;
  if (s.flags & kClockAbsolute) {
    const auto now = session.clock(call).read(static_cast<boundary::ClockId>(s.id));
    delta = !now || s.timeout <= *now ? 0 : s.timeout - *now;
  }
  poll.timers.push_back({index, delta});
}

template <class Subscription>
void add_handle(Session& session, Poll& poll, const Subscription& s, usize index) {
  Handle* h = session.handles().get(s.handle());
  if (!h) {
    poll.events.push_back(event_for(s, Errno::badf));
    return;
  }
  const u64 access = s.type == kEventFdRead ? rights::kFdRead : rights::kFdWrite;
  if ((h->rights & (rights::kPollFdReadwrite | access)) != (rights::kPollFdReadwrite | access)) {
    poll.events.push_back(event_for(s, h->is_dir() ? Errno::isdir : Errno::notcapable));
    return;
  }
  const int input = s.type == kEventFdRead && h->kind == Handle::Kind::input ? h->input->poll_fd() : -1;
  // Whether something has arrived would be a clock: with the virtual one a read waits for it instead.
  int fd = session.clock().is_real() ? input : -1;
  if (h->is_socket()) fd = h->fd.get();
  if (fd >= 0) {
    if (poll.num_fds == poll.fds.size()) {
      poll.events.push_back(event_for(s, Errno::nomem));
      return;
    }
    poll.fds[poll.num_fds] = {fd, static_cast<short>(s.type == kEventFdRead ? POLLIN | POLLRDHUP : POLLOUT), 0};
    poll.polled.push_back({index, poll.num_fds++, h->is_socket()});
    return;
  }
  Event e = event_for(s);
  if (input >= 0) {
    e.nbytes = kInputBytes;
  } else if (h->kind == Handle::Kind::input) {
    e.flags = kEventHangup;
  }
  if (h->kind == Handle::Kind::file && s.type == kEventFdRead) {
    const auto st = boundary::status(h->view());
    const u64 size = st ? static_cast<u64>(st->st_size) : 0;
    e.nbytes = size > h->offset ? size - h->offset : 0;
  }
  poll.events.push_back(e);
}

}  // namespace

template <class Abi>
Reply poll_oneoff(HostCall& call, Session& session) {
  using Subscription = typename Abi::Subscription;
  const u32 count = call.arg32(2);
  if (count == 0 || count > kMaxSubscriptions) return Errno::inval;
  DEWAR_WASI_GUEST(in, call.read(call.arg32(0), u64{count} * sizeof(Subscription)));
  DEWAR_WASI_GUEST(out, call.write(call.arg32(1), u64{count} * sizeof(Event)));
  if (!call.in_bounds(call.arg32(3), 4)) return Errno::fault;

  call.work().units += count;
  std::vector<Subscription> subs(count);
  Poll poll;
  for (usize i = 0; i < count; ++i) {
    Subscription& s = subs[i];
    in.copy_to(std::span(reinterpret_cast<u8*>(&s), sizeof s), i * sizeof s);
    if (s.type == kEventClock) {
      add_timer(call, session, poll, s, i);
    } else if (s.type == kEventFdRead || s.type == kEventFdWrite) {
      add_handle(session, poll, s, i);
    } else {
      return Errno::inval;
    }
  }

  std::optional<u64> earliest;
  for (const Timer& t : poll.timers) earliest = std::min(earliest.value_or(UINT64_MAX), t.delta);
  const bool virtual_time = !session.clock().is_real();
  const bool at_once = !poll.events.empty() || (virtual_time && earliest);
  const auto fds = std::span(poll.fds).first(poll.num_fds);
  Wait wait = Wait::timeout;
  if (at_once ? !fds.empty() : true) {
    wait = call.wait(fds, at_once ? std::optional<u64>(0) : earliest);
    if (wait == Wait::interrupted) return interrupted(call);
  }
  for (const Polled& p : poll.polled) {
    const short revents = poll.fds[p.slot].revents;
    if (wait != Wait::ready || revents == 0) continue;
    Event e = event_for(subs[p.subscription]);
    e.nbytes = revents & (POLLIN | POLLOUT) ? kInputBytes : 0;
    // A stream's bytes are counted, standard input's are not.
    int arrived = 0;
    if (p.socket && (revents & POLLIN) && ::ioctl(poll.fds[p.slot].fd, FIONREAD, &arrived) == 0) {
      e.nbytes = static_cast<u64>(arrived);
    }
    if (revents & (POLLHUP | POLLERR | POLLRDHUP)) e.flags = kEventHangup;
    poll.events.push_back(e);
  }
  // Timers: those that were due, and, if nothing else happened, those that the wait was for.
  const u64 reached = poll.events.empty() ? earliest.value_or(0) : 0;
  if (poll.events.empty() && virtual_time) session.clock().advance(reached);
  for (const Timer& t : poll.timers) {
    if (t.delta <= reached) poll.events.push_back(event_for(subs[t.subscription]));
  }

  for (usize i = 0; i < poll.events.size(); ++i) {
    out.put(std::span(reinterpret_cast<const u8*>(&poll.events[i]), sizeof(Event)), i * sizeof(Event));
  }
  return store_result(call, call.arg32(3), static_cast<u32>(poll.events.size()));
}

template Reply poll_oneoff<Snapshot1>(HostCall&, Session&);
template Reply poll_oneoff<Unstable>(HostCall&, Session&);

}  // namespace dewar::wasi_p1
