// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The generator's only source of chance: a seed gives the same sequence on every machine.
#pragma once

#include <span>

#include "base/types.h"

namespace dewar::diff {

/// splitmix64.
class Dice {
 public:
  explicit Dice(u64 seed) : state_(seed) {}

  u64 next() {
    u64 z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// In [0, bound). Precondition: bound > 0, far below 2^64.
  u32 below(u64 bound) { return static_cast<u32>(next() % bound); }
  /// In [low, high].
  u32 between(u32 low, u32 high) { return low + below(u64{high} - low + 1); }
  /// True in `percent` of 100 cases.
  bool chance(u32 percent) { return below(100) < percent; }
  template <class T>
  const T& pick(std::span<const T> from) {
    return from[below(from.size())];
  }
  template <class C>
  const auto& of(const C& from) {
    return from[below(std::size(from))];
  }

 private:
  u64 state_;
};

}  // namespace dewar::diff
