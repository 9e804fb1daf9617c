// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stack: the value region that Wasm frames live on, with limit, interrupt word and meters (design D5, D11, D12).
// Belongs to an activation or thread, not to an instance. Wasm calls never recurse on the native stack.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/mmap.h"
#include "base/stop.h"
#include "runtime/frame.h"
#include "runtime/native.h"
#include "runtime/ref.h"
#include "runtime/trap.h"

namespace dewar::runtime {

class Store;
struct Func;
struct Instance;
struct WaitAccess;

/// Reasons in the sticky interrupt word.
enum Interrupt : u32 {
  kInterruptKill = 1 << 0,    ///< end with TrapKind::interrupted
  kInterruptFreeze = 1 << 1,  ///< leave with Outcome::pending at the next poll
  kInterruptSignal = 1 << 2,
  kInterruptProbes = 1 << 3,
  kInterruptWorld = 1 << 4,   ///< stop the world (GC of a shared heap)
  kInterruptMeters = 1 << 5,  ///< tell the meters at the next loop; no reason to stop, and only loops look for it
  kInterruptTiers = 1 << 6,   ///< test mode, always set then: every loop header asks which tier goes on
};
/// No reasons to stop.
inline constexpr u32 kQuietInterrupts = kInterruptMeters | kInterruptTiers;

/// Bits of the word that a thread in memory.atomic.wait sleeps on.
enum WaitBits : u32 { kWaitNotified = 1 << 0, kWaitInterrupted = 1 << 1 };

/// One entry from the host: the state of the frames below it, which host -> guest re-entry saves and restores.
struct Activation {
  Activation* parent = nullptr;
  FrameState below;  ///< innermost frame before the entry; code == null for the outermost activation
  NativeState native_below;
  bool tiers_down = false;  ///< `below` is compiled, and goes on in the interpreter when this entry is left
};

/// Bytes of bulk work that a unit of fuel pays for (design D11).
inline constexpr u64 kBulkUnit = u64{4} << 10;

class Stack {
 public:
  /// Default limit in bytes of canonical frames.
  static constexpr u64 kDefaultBytes = u64{8} << 20;
  static constexpr u64 kMaxBytes = u64{4} << 30;
  /// Reserves the value region, zeroed and backed by memory as it is touched. `bytes` = limit counted in
  /// canonical-frame bytes, alike in every tier. Error: "limit-stack". The store must outlive the stack.
  static Result<std::unique_ptr<Stack>> create(Store& store, u64 bytes = kDefaultBytes);
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  /// Asks the running code to stop at the next poll: from any thread or a signal handler. Also wakes waits and makes
  /// interrupt_fd() readable. Async-signal-safe.
  void interrupt(u32 reasons);
  /// Clears reasons (only by the owner while not running). A reason set at the same time by another thread is kept.
  void clear_interrupt(u32 reasons);
  /// Reasons to stop.
  u32 interrupts() const { return interrupt_word.load(std::memory_order_relaxed) & ~kQuietInterrupts; }
  /// Asks for fresh meters, from any thread: the next loop header puts them into `fuel_told`. The guest notices
  /// nothing: no wait ends, no call is disturbed, and a stack that waits or runs without loops tells later.
  void ask_meters() { interrupt_word.fetch_or(kInterruptMeters, std::memory_order_relaxed); }
  /// The answer, by the owner: `remaining` is what `fuel` would be.
  void tell_meters(i64 remaining) {
    fuel_told.store(remaining, std::memory_order_relaxed);
    interrupt_word.fetch_and(~kInterruptMeters, std::memory_order_release);
  }
  /// For work on behalf of this stack that is to end when it is killed.
  base::StopBits kill_bits() const { return {&interrupt_word, kInterruptKill}; }

  Store& store;
  Slot* base = nullptr;
  Slot* end = nullptr;  ///< base + limit in slots
  /// Address of `end`, compared with the end of every new frame; 0 while an interrupt is wanted ("poisoned"). A frame
  /// that does not fit may therefore mean an interrupt: look at interrupts(), and if there is none compare with `end`.
  std::atomic<u64> limit{0};
  std::atomic<u32> interrupt_word{0};

  i64 fuel = INT64_MAX;                   ///< remaining; the interpreter keeps it in a register while it runs
  std::atomic<i64> fuel_told{INT64_MAX};  ///< what `fuel` was when the meters were told last; for other threads
  u64 bulk_surcharge = 0;                 ///< part of the fuel used that is not an instruction (D11)

  NativeState native;                  ///< only if the engine compiles
  std::unique_ptr<TierDice> dice;      ///< test mode: null otherwise
  u64 native_steps = 0;                ///< operations that compiled code had done out of line so far
  std::vector<DeoptedReturn> deopted;  ///< outermost first: descending addresses, none below native.sp
  SavedRegisters trapped_registers;    ///< written by the stub of traps, for who looks at once
  FrameState state;                    ///< valid while not running: in host calls, after trap/pending
  Activation* activation = nullptr;
  u32 host_depth = 0;  ///< nested host -> guest entries, bounded by kMaxHostDepth
  static constexpr u32 kMaxHostDepth = 128;

  Trap trap;
  Ref exception = kNullRef;
  u32 exit_code = 0;
  /// What handlers of the interpreter pass to each other outside their registers.
  struct Scratch {
    FuncCode* callee = nullptr;    ///< call whose frame did not fit, or has many locals
    Instance* instance = nullptr;  ///< where the latter runs
    Func* func = nullptr;          ///< host function to call, or target of a tail call
    SideEntry tail_return{};       ///< stands in for the return entry after a tail call of a host function
    bool in_tail = false;          ///< the host function runs in tail position: its caller's handlers do not count
  } scratch;
  u32 pending_args = 0;         ///< argument slots of the suspended host call
  u32 pending_results = 0;      ///< result slots that resume() must bring
  u64 probes_fired = 0;         ///< PROBE bytes executed
  u32 deferred_interrupts = 0;  ///< reasons that wait until no host frame lies between Wasm frames

  /// Where the native region is empty.
  u64* native_top() const { return native_region_.top(); }
  const NativeRegion& native_region() const { return native_region_; }

  /// After Outcome::pending: a host call waits for its results (else the stack stopped at a poll).
  bool pending_host_call = false;

  /// Eventfd that becomes readable on interrupt, for blocking host calls; created on first use, -1 on failure.
  int interrupt_fd();

 private:
  friend struct WaitAccess;  // wait_queue.cpp parks on wait_word_
  explicit Stack(Store& s) : store(s) {}
  base::Mapping region_;
  NativeRegion native_region_;
  std::atomic<int> interrupt_fd_{-1};
  /// Futex that memory.atomic.wait sleeps on: WaitBits.
  std::atomic<u32> wait_word_{0};
};

}  // namespace dewar::runtime
