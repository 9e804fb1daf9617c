// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// StopFlag: how work on hostile input (decoding, validation, parsing of text) is ended from outside. Somebody else sets
// it once, from any thread or a signal handler; the work looks at it at every step that is bounded by itself (an entry
// of a section, a call to be typed, some thousands of tokens) and fails with the error "stopped".
#pragma once

#include <atomic>

#include "base/error.h"
#include "base/types.h"

namespace dewar::base {

using StopFlag = std::atomic<bool>;
static_assert(StopFlag::is_always_lock_free, "it is set in signal handlers");

/// No flag never stops.
inline bool stopped(const StopFlag* flag) { return flag && flag->load(std::memory_order_relaxed); }

/// Some bits of a word that mean "stop": running code is told by a word of reasons. No word never stops.
struct StopBits {
  const std::atomic<u32>* word = nullptr;
  u32 mask = 0;
  bool stopped() const { return word && (word->load(std::memory_order_relaxed) & mask) != 0; }
};

/// The code of what ended this way.
inline constexpr char kStopped[] = "stopped";
inline Error stopped_error() {
  return Error{"stopped", "loading was stopped from outside", Error::kNoOffset, 0, 0, {}};
}

}  // namespace dewar::base
