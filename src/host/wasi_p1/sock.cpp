// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sockets: accepting from listeners and moving bytes through streams, both passed in by grant. The kernel is never let
// to wait: a call that may wait does so in HostCall::wait, where an interrupt ends it, and then tries.
#include <errno.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "base/print.h"
#include "host/wasi_p1/bodies.h"

namespace dewar::wasi_p1 {

using boundary::Handle;
using boundary::HostCall;
using boundary::Wait;

namespace {

// The socket of argument 0 with the rights of the call. What is none is a denial: the program expected to be given one.
std::expected<Handle*, Errno> socket_of(HostCall& call, Session& session) {
  const u32 number = call.arg32(0);
  const Handle* h = session.handles().get(number);
  if (h && h->is_socket()) return session.handle(call, 0);
  if (!h) return std::unexpected(Errno::badf);
  // The synthetic root has nothing of the host's behind it: to a program that knows of no such handle it is not open.
  const Errno saw = h->kind == Handle::Kind::synthetic ? Errno::badf : Errno::notsock;
  // The next socket granted would get this number, which is then what the program is looking for.
  std::string grant;
  if (number == session.next_socket())
    grant = call.desc().name == "sock_accept" ? "--listen ADDR:PORT" : "--stream fd:N";
  const std::string resource = h->guest_path.empty() ? "fd " + base::dec(number) : h->guest_path;
  session.boundary().denials().deny({std::string(call.desc().name), resource, "not-a-socket", "network",
                                     std::string(errno_name(saw)), std::move(grant), 0});
  return std::unexpected(saw);
}

bool waits(const Handle& h) { return !(h.flags & kFdNonblock); }

// Repeats `move` (one kernel call on a message) until it has moved something, or all if `everything`.
template <class Move>
std::expected<u64, Reply> transfer(HostCall& call, const Handle& h, const boundary::GuestVector& buffers, short event,
                                   bool everything, Move&& move) {
  if (h.kind != Handle::Kind::socket) return std::unexpected(Reply(Errno::notconn));
  if (buffers.total() == 0) return 0;
  std::array<::iovec, boundary::kMaxIovecs> parts;
  u64 done = 0;
  for (;;) {
    if (waits(h) && call.wait(h.fd.get(), event) == Wait::interrupted) {
      if (done > 0) return done;
      return std::unexpected(interrupted(call));
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = buffers.kernel_after(done, parts);
    const ssize_t n = move(message);
    if (n < 0) {
      if (errno == EINTR || (errno == EAGAIN && waits(h))) continue;
      if (done > 0) return done;  // the error comes back at the next call
      return std::unexpected(Reply(from_kernel(errno)));
    }
    done += static_cast<u64>(n);
    if (n == 0 || !everything || done == buffers.total()) return done;
  }
}

}  // namespace

std::expected<u64, Reply> receive(HostCall& call, const Handle& h, boundary::GuestScatter& into, u32 flags) {
  const bool peek = flags & kRecvPeek;
  // Peeking at more than has arrived would have to spin.
  const bool everything = (flags & kRecvWaitAll) && !peek;
  return transfer(call, h, into, POLLIN, everything, [&](msghdr& message) {
    return ::recvmsg(h.fd.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | (peek ? MSG_PEEK : 0));
  });
}

std::expected<u64, Reply> send(HostCall& call, const Handle& h, const boundary::GuestGather& from) {
  return transfer(call, h, from, POLLOUT, true,
                  [&](msghdr& message) { return ::sendmsg(h.fd.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL); });
}

Reply sock_accept(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(h, socket_of(call, session));
  const u32 flags = call.arg32(1);
  if (h->kind != Handle::Kind::listener || (flags & ~u32{kFdNonblock})) return Errno::inval;
  if (!call.in_bounds(call.arg32(2), 4)) return Errno::fault;
  if (session.handles().refuse_if_full()) return Errno::mfile;  // before a connection is taken that nobody could serve
  for (;;) {
    if (waits(*h) && call.wait(h->fd.get(), POLLIN) == Wait::interrupted) return interrupted(call);
    boundary::UniqueFd fd(::accept4(h->fd.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) {
      if (errno == EINTR || errno == ECONNABORTED || (errno == EAGAIN && waits(*h))) continue;
      return from_kernel(errno);
    }
    Handle stream = Session::socket_handle(std::move(fd), false);
    stream.flags = static_cast<u16>(flags);
    stream.rights &= h->inheriting;
    auto number = session.handles().insert(std::move(stream));
    if (!number) return from_kernel(number.error());
    return store_result(call, call.arg32(2), *number);
  }
}

Reply sock_recv(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(h, socket_of(call, session));
  const u32 flags = call.arg32(3);
  if (flags & ~u32{kRecvPeek | kRecvWaitAll}) return Errno::inval;
  boundary::GuestScatter buffers;
  if (auto ok = call.scatter(call.arg32(1), call.arg32(2), buffers); !ok) return from_fault(ok.error());
  // Before anything is taken: what was received could not be given back.
  if (!call.in_bounds(call.arg32(4), 4) || !call.in_bounds(call.arg32(5), 2)) return Errno::fault;
  const auto done = receive(call, *h, buffers, flags);
  if (!done) return done.error();
  buffers.commit(call, *done);
  // Bytes of a stream are never cut off, so no flag is ever returned.
  if (auto ok = call.store(call.arg32(5), u16{0}); !ok) return from_fault(ok.error());
  return store_result(call, call.arg32(4), static_cast<u32>(*done));
}

Reply sock_send(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(h, socket_of(call, session));
  if (call.arg32(3) != 0) return Errno::inval;
  boundary::GuestGather buffers;
  if (auto ok = call.gather(call.arg32(1), call.arg32(2), buffers); !ok) return from_fault(ok.error());
  if (!call.in_bounds(call.arg32(4), 4)) return Errno::fault;
  const auto done = send(call, *h, buffers);
  if (!done) return done.error();
  return store_result(call, call.arg32(4), static_cast<u32>(*done));
}

Reply sock_shutdown(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(h, socket_of(call, session));
  const u32 how = call.arg32(1);
  // On Linux a listener would stop to listen, for everybody who shares it.
  if (h->kind == Handle::Kind::listener) return Errno::notconn;
  if (how == 0 || (how & ~u32{kShutRead | kShutWrite})) return Errno::inval;
  const int direction = how == kShutRead ? SHUT_RD : how == kShutWrite ? SHUT_WR : SHUT_RDWR;
  if (::shutdown(h->fd.get(), direction) != 0) return from_kernel(errno);
  return Errno::success;
}

}  // namespace dewar::wasi_p1
