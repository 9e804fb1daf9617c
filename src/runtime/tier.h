// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which code runs a function. Nothing that a guest can see depends on it (design D10).
#pragma once

#include "base/types.h"

namespace dewar::runtime {

enum class Tier : u8 {
  interp,     ///< the interpreter
  baseline,   ///< compiled at its first call, where the machine has a compiler; else interpreted
  automatic,  ///< interpreted until it was used enough, then compiled
  random,     ///< test mode: compiled, and a draw decides at every call and loop who goes on
};

/// Of runs, where nobody says otherwise.
#if defined(__x86_64__)
inline constexpr Tier kDefaultTier = Tier::automatic;
#else
inline constexpr Tier kDefaultTier = Tier::interp;  // there is no compiler for this machine
#endif

struct TierOptions {
  u64 seed = 1;  ///< of Tier::random
  /// What a function may be used before it is compiled with Tier::automatic: a round of a loop is 1, a call kCallHeat.
  u32 heat = 1'000;
  bool background = true;  ///< Tier::automatic has another thread compile what is large
  bool eager = false;      ///< whatever compiles does so with all functions of a module when it is instantiated
};
inline constexpr u32 kCallHeat = 16;
/// Of a function that is not to be looked at any more.
inline constexpr u32 kNeverHot = 1u << 30;

}  // namespace dewar::runtime
