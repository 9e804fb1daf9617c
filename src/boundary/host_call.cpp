// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The dispatch of host calls and the checks of guest memory. Fuel: one unit per 4 KiB moved through the accessors,
// as for bulk instructions (design D11), and what bodies say of their other work, so that host calls are no way around
// metering.
#include "boundary/host_call.h"

#include <time.h>

#include <algorithm>
#include <utility>

#include "runtime/stack.h"

namespace dewar::boundary {

using runtime::HostStatus;

HostCall::HostCall(Binding& binding, runtime::CallContext& ctx, const Slot* args, Slot* results)
    : binding_(binding),
      ctx_(ctx),
      args_(args),
      results_(results),
      memory_(binding.boundary->memory_of(ctx.caller)),
      budget_(binding.boundary->limits().bytes_per_call),
      work_{0, ctx.stack.kill_bits()} {}

std::unexpected<Fault> HostCall::over_budget() {
  ++boundary().counters_.cut_calls;
  return std::unexpected(Fault::budget);
}

std::expected<GuestRead, Fault> HostCall::read(u64 address, u64 size) {
  auto data = claim(address, size);
  if (!data) return std::unexpected(data.error());
  return GuestRead(*data, address, static_cast<usize>(size));
}

std::expected<GuestWrite, Fault> HostCall::write(u64 address, u64 size) {
  auto data = claim(address, size);
  if (!data) return std::unexpected(data.error());
  // Made in its place: moving what was just written stalls.
  return std::expected<GuestWrite, Fault>(std::in_place, GuestWrite::Key(), *this, *data, address,
                                          static_cast<usize>(size));
}

std::expected<void, Fault> HostCall::fill(u64 address, u32 count, GuestVector& out) {
  struct Entry {
    u32 address;
    u32 size;
  };
  if (count > kMaxIovecs) return std::unexpected(Fault::too_many);
  // Bytes that are moved must be told of: what the results of a call take is not given to its buffers.
  constexpr u64 kForResults = 8;
  auto array = read(address, u64{count} * sizeof(Entry));
  if (!array) return std::unexpected(array.error());
  out.count_ = 0;
  out.total_ = 0;
  bool cut = false;
  for (u32 i = 0; i < count; ++i) {
    Entry entry;
    array->copy_to(std::span(reinterpret_cast<u8*>(&entry), sizeof entry), i * sizeof(Entry));
    // Every buffer is checked, also those that the budget cuts off.
    if (!in_bounds(entry.address, entry.size)) return std::unexpected(Fault::bounds);
    const u64 left = budget_ - std::min(budget_, kForResults);
    const u64 size = std::min<u64>(entry.size, left);
    cut |= size < entry.size;
    budget_ -= size;
    out.iov_[out.count_] = {memory_->host_base + entry.address, static_cast<usize>(size)};
    out.address_[out.count_] = entry.address;
    out.total_ += size;
    ++out.count_;
    if (size == left) {
      for (u32 rest = i + 1; rest < count; ++rest) {
        array->copy_to(std::span(reinterpret_cast<u8*>(&entry), sizeof entry), rest * sizeof(Entry));
        if (!in_bounds(entry.address, entry.size)) return std::unexpected(Fault::bounds);
        cut |= entry.size > 0;
      }
      break;
    }
  }
  if (cut) ++boundary().counters_.cut_calls;
  return {};
}

std::expected<void, Fault> HostCall::gather(u64 address, u32 count, GuestGather& out) {
  return fill(address, count, out);
}

std::expected<void, Fault> HostCall::scatter(u64 address, u32 count, GuestScatter& out) {
  return fill(address, count, out);
}

Wait HostCall::wait(int fd, short events, std::optional<u64> timeout_ns) {
  pollfd one{fd, events, 0};
  return wait(std::span(&one, 1), timeout_ns);
}

Wait HostCall::wait(std::span<pollfd> fds, std::optional<u64> timeout_ns) {
  DEWAR_ASSERT(fds.size() <= kMaxPolled, "too many descriptors to wait for");
  std::array<pollfd, kMaxPolled + 1> all;
  std::copy(fds.begin(), fds.end(), all.begin());
  all[fds.size()] = {ctx_.stack.interrupt_fd(), POLLIN, 0};  // a negative number is ignored by poll
  timespec deadline{};
  clock_gettime(CLOCK_MONOTONIC, &deadline);
  const u64 start = static_cast<u64>(deadline.tv_sec) * 1'000'000'000 + static_cast<u64>(deadline.tv_nsec);
  for (;;) {
    if (ctx_.stack.interrupts() != 0) return Wait::interrupted;
    u64 slice = all[fds.size()].fd < 0 ? 50'000'000 : UINT64_MAX;  // without an interrupt descriptor: look often
    if (timeout_ns) {
      timespec now{};
      clock_gettime(CLOCK_MONOTONIC, &now);
      const u64 passed = static_cast<u64>(now.tv_sec) * 1'000'000'000 + static_cast<u64>(now.tv_nsec) - start;
      slice = std::min(slice, passed >= *timeout_ns ? 0 : *timeout_ns - passed);
    }
    timespec ts{static_cast<time_t>(slice / 1'000'000'000), static_cast<long>(slice % 1'000'000'000)};
    const int n = ppoll(all.data(), fds.size() + 1, slice == UINT64_MAX ? nullptr : &ts, nullptr);
    if (n > 0) {
      bool ready = false;
      for (usize i = 0; i < fds.size(); ++i) {
        fds[i].revents = all[i].revents;
        ready |= all[i].revents != 0;
      }
      if (ready) return Wait::ready;
      if (ctx_.stack.interrupts() == 0) {
        // A reason that was cleared again: its event was meant for an earlier wait. Poll in slices from here on.
        all[fds.size()].fd = -1;
      }
      continue;
    }
    if (n == 0 && timeout_ns && slice == 0) return Wait::timeout;
  }
}

std::optional<HostStatus> HostCall::killed() {
  if (!work_.stop.stopped()) return std::nullopt;
  ctx_.stack.trap.kind = runtime::TrapKind::interrupted;
  ctx_.stack.trap.detail.clear();
  return HostStatus::trap;
}

HostStatus HostCall::trap(std::string detail) {
  ctx_.stack.trap.kind = runtime::TrapKind::host;
  ctx_.stack.trap.detail = std::move(detail);
  return HostStatus::trap;
}

HostStatus HostCall::end_by(EndingLimit limit) {
  boundary().ended_by_ = limit;
  switch (limit) {
    case EndingLimit::none: break;
    case EndingLimit::calls: return trap("limit of host calls reached");
    case EndingLimit::bytes: return trap("limit of bytes moved by host calls reached");
    case EndingLimit::output: return trap("limit of output reached");
    case EndingLimit::random: return trap("limit of random bytes reached");
  }
  DEWAR_UNREACHABLE("a limit that ends nothing");
}

HostStatus HostCall::exit(u32 code) {
  ctx_.stack.exit_code = code;
  return HostStatus::exit;
}

/// The slow path: somebody is watching.
struct ObservedCall {
  static HostStatus run(HostCall& call, u64 number) {
    const ImportDesc& desc = call.desc();
    Boundary& boundary = call.boundary();
    // A body may call back into the guest, and that into a host function: the inner call has a list of its own.
    std::vector<GuestRange> inner;
    const bool outermost = !std::exchange(boundary.observing_, true);
    std::vector<GuestRange>& written = outermost ? boundary.written_ : inner;
    written.clear();
    call.written_ = &written;
    const std::span args(call.args_, call.binding_.num_params);
    const auto observers = boundary.observers();
    const CallView view{desc, number, args, {}, {}, HostStatus::ok};
    for (Observer* o : observers) o->before(view);
    const HostStatus status = desc.body(call);
    const usize results = status == HostStatus::ok ? call.binding_.num_results : 0;
    const CallView done{desc, number, args, std::span<const Slot>(call.results_, results), written, status};
    for (Observer* o : observers) o->after(done);
    call.written_ = nullptr;
    if (outermost) boundary.observing_ = false;
    return status;
  }
};

HostStatus dispatch(runtime::CallContext& ctx, const Slot* args, Slot* results) {
  Binding& binding = *static_cast<Binding*>(ctx.env);
  Boundary& boundary = *binding.boundary;
  HostCall call(binding, ctx, args, results);
  if (DEWAR_UNLIKELY(boundary.counters_.calls >= boundary.limits_.calls)) return call.end_by(EndingLimit::calls);
  const u64 number = ++boundary.counters_.calls;
  ++binding.calls;
  HostStatus status =
      DEWAR_LIKELY(boundary.observers_.empty()) ? binding.desc->body(call) : ObservedCall::run(call, number);
  const u64 moved = boundary.limits_.bytes_per_call - call.budget_;
  boundary.counters_.bytes += moved;
  if (const u64 surcharge = (moved >> 12) + call.work_.units; DEWAR_UNLIKELY(surcharge > 0)) {
    // What is not there cannot be paid; nothing goes on then.
    const u64 paid = std::min(surcharge, static_cast<u64>(std::max<i64>(ctx.stack.fuel, 0)));
    ctx.stack.bulk_surcharge += paid;
    ctx.stack.fuel -= static_cast<i64>(paid);
  }
  if (DEWAR_UNLIKELY(moved > boundary.counters_.bytes_in_a_call)) boundary.counters_.bytes_in_a_call = moved;
  if (DEWAR_UNLIKELY(boundary.counters_.bytes > boundary.limits_.bytes) && status == HostStatus::ok) {
    status = call.end_by(EndingLimit::bytes);
  }
  return status;
}

HostStatus dispatch_hidden(runtime::CallContext& ctx, const Slot* args, Slot* results) {
  const runtime::HideMemoriesScope hidden(ctx.store, true);
  return dispatch(ctx, args, results);
}

}  // namespace dewar::boundary
