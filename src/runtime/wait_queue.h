// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// memory.atomic.wait32/64 and memory.atomic.notify between host threads (threads proposal, "Wait and notify
// operators"): a parking lot keyed by host address, which is the same in every store that shares a memory.
// Time is real (CLOCK_MONOTONIC) unless the store's wait policy decides otherwise.
#pragma once

#include "runtime/memory.h"
#include "runtime/stack.h"

namespace dewar::runtime {

/// Result of a wait. The first three are what the instruction pushes.
enum class WaitResult : u32 {
  ok = 0,
  not_equal = 1,
  timed_out = 2,
  interrupted,  ///< Stack::interrupts() is not 0; the instruction can be executed again
  deadlock,     ///< the store's policy knows that nobody can end this wait: TrapKind::deadlock
};

/// What a store's policy says about a wait whose value is as expected, before it sleeps.
enum class WaitDecision : u8 {
  sleep,     ///< in real time
  time_out,  ///< the policy's clock was moved past the timeout
  deadlock,
};

/// Sleeps until notified, timed out or interrupted, if the `size` (4 or 8) bytes at `address` equal `expected`; reading
/// and going to sleep are one step for notify(). `timeout_ns` < 0 = no timeout. On `interrupted` the time left is
/// stored to *remaining_ns. Preconditions: shared memory, address in bounds and a multiple of size.
WaitResult wait(Stack& stack, Memory& memory, u64 address, u64 expected, u32 size, i64 timeout_ns,
                i64* remaining_ns = nullptr);

/// Wakes up to `count` waiters of the address, longest sleeper first; how many. 0 for a memory that is not shared.
u32 notify(Memory& memory, u64 address, u32 count);

}  // namespace dewar::runtime
