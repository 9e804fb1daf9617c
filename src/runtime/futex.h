// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sleeping on a 32-bit word and waking its sleeper, by the kernel's futex: unlike a condition variable, waking is
// async-signal-safe, and a sleep can end at an absolute time.
#pragma once

#include <atomic>
#include <cerrno>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/types.h"

namespace dewar::runtime {

static_assert(sizeof(std::atomic<u32>) == sizeof(u32) && std::atomic<u32>::is_always_lock_free);

/// Sleeps while `word` is `expected`. `deadline` is a CLOCK_MONOTONIC time, or null for ever. May return early; false
/// only when the deadline has passed.
inline bool futex_wait(std::atomic<u32>& word, u32 expected, const timespec* deadline) {
  const long r = ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, deadline, nullptr,
                           FUTEX_BITSET_MATCH_ANY);
  return !(r == -1 && errno == ETIMEDOUT);
}

/// Wakes every sleeper of `word`. Changes errno.
inline void futex_wake(std::atomic<u32>& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT32_MAX, nullptr, nullptr, 0);
}

}  // namespace dewar::runtime
