// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// HostCall: what a host function's body sees, and `dispatch`, the one runtime::HostFn that every host function of
// every kind goes through. It counts the call, runs the body, charges fuel for the bytes moved, and tells observers.
// A body reaches the guest's memory through read/write/load/store only, and the machine through the few calls here.
#pragma once

#include <poll.h>

#include <expected>
#include <optional>
#include <vector>

#include "boundary/boundary.h"
#include "boundary/confined.h"
#include "boundary/guest_access.h"
#include "boundary/import_desc.h"
#include "runtime/host.h"
#include "runtime/memory.h"

namespace dewar::boundary {

/// How a wait ended.
enum class Wait : u8 { ready, timeout, interrupted };

class HostCall {
 public:
  HostCall(Binding& binding, runtime::CallContext& ctx, const Slot* args, Slot* results);
  HostCall(const HostCall&) = delete;
  HostCall& operator=(const HostCall&) = delete;

  const ImportDesc& desc() const { return *binding_.desc; }
  Boundary& boundary() const { return *binding_.boundary; }
  /// The object that the function was bound with (a WASI session, ...).
  template <class T>
  T& host() const {
    return *static_cast<T*>(binding_.host);
  }

  u32 arg32(usize i) const { return static_cast<u32>(args_[i]); }
  u64 arg64(usize i) const { return args_[i]; }
  void set_result32(u32 value) { results_[0] = value; }

  /// A range of guest bytes to read or write. Charged to the budget.
  std::expected<GuestRead, Fault> read(u64 address, u64 size);
  std::expected<GuestWrite, Fault> write(u64 address, u64 size);
  /// The range is inside the memory, whatever is done with it later.
  bool in_bounds(u64 address, u64 size) const { return memory_ && memory_->in_bounds(address, size); }

  // One value needs no accessor object, which costs more than the copy.
  template <GuestStruct T>
  std::expected<T, Fault> load(u64 address) {
    const auto data = claim(address, sizeof(T));
    if (!data) return std::unexpected(data.error());
    T value;
    std::memcpy(&value, *data, sizeof(T));
    return value;
  }
  template <GuestStruct T>
  std::expected<void, Fault> store(u64 address, const T& value) {
    const auto data = claim(address, sizeof(T));
    if (!data) return std::unexpected(data.error());
    std::memcpy(*data, &value, sizeof(T));
    note_written(address, sizeof(T));
    return {};
  }

  /// Copies an array of `count` {u32 address, u32 size} and checks every buffer. What exceeds the budget is cut off,
  /// as a short read or write is always allowed.
  std::expected<void, Fault> gather(u64 address, u32 count, GuestGather& out);
  std::expected<void, Fault> scatter(u64 address, u32 count, GuestScatter& out);

  /// Bytes that this call may still move.
  u64 budget() const { return budget_; }

  /// Where a body adds work that is not in proportion to the bytes it moves: paid for after the call. Long loops look
  /// at its `stop`, and leave the call with killed().
  Work& work() { return work_; }

  /// Remaining fuel of the caller's stack; runs down as the guest executes.
  i64 fuel() const { return ctx_.stack.fuel; }
  /// Identifies the caller's stack in this process; no meaning beyond equality.
  const void* stack_identity() const { return &ctx_.stack; }

  /// Waits until `fd` has one of the poll(2) `events`, `timeout_ns` has passed, or the stack is interrupted.
  Wait wait(int fd, short events, std::optional<u64> timeout_ns = std::nullopt);
  /// The same for several; revents are filled in where the result is `ready`. At most kMaxPolled entries.
  Wait wait(std::span<pollfd> fds, std::optional<u64> timeout_ns);
  static constexpr usize kMaxPolled = 256;
  /// What a body returns after Wait::interrupted if the run is to end at once: then the trap is set. nullopt if the
  /// reason lets the guest go on (it sees an interrupted call and reaches the next poll).
  std::optional<runtime::HostStatus> killed();

  /// Ends the call with a trap of kind `host` and this text.
  runtime::HostStatus trap(std::string detail);
  /// Ends the run because of a limit of the boundary: a trap that the embedder tells from others by Boundary::ended_by.
  runtime::HostStatus end_by(EndingLimit limit);
  /// Ends the program.
  runtime::HostStatus exit(u32 code);

  // For the accessors.
  void note_written(u64 address, u64 size) {
    if (DEWAR_UNLIKELY(written_ != nullptr)) written_->push_back({address, size});
  }

 private:
  friend runtime::HostStatus dispatch(runtime::CallContext& ctx, const Slot* args, Slot* results);
  friend struct ObservedCall;
  /// The only check of a range, and its charge to the budget.
  std::expected<u8*, Fault> claim(u64 address, u64 size) {
    if (DEWAR_UNLIKELY(!in_bounds(address, size))) return std::unexpected(Fault::bounds);
    if (DEWAR_UNLIKELY(size > budget_)) return over_budget();
    budget_ -= size;
    return memory_->host_base + address;
  }
  std::unexpected<Fault> over_budget();
  std::expected<void, Fault> fill(u64 address, u32 count, GuestVector& out);

  Binding& binding_;
  runtime::CallContext& ctx_;
  const Slot* args_;
  Slot* results_;
  runtime::Memory* memory_;
  u64 budget_;
  Work work_;
  std::vector<GuestRange>* written_ = nullptr;
};

/// The host function behind every import that is bound by Boundary. CallContext::env is a Binding.
runtime::HostStatus dispatch(runtime::CallContext& ctx, const Slot* args, Slot* results);
/// The same in an engine's test mode hide_memory: a body that goes around its accessors faults.
runtime::HostStatus dispatch_hidden(runtime::CallContext& ctx, const Slot* args, Slot* results);
/// The one of the two that a store's functions use.
inline runtime::HostFn dispatcher(runtime::Store& store) {
  return store.engine().options().hide_memory ? dispatch_hidden : dispatch;
}

}  // namespace dewar::boundary
