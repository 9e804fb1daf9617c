// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Deterministic byte mutations for the smoke runs: the same seed and input always give the same output, on every
// machine. Not a replacement for coverage-guided fuzzing; it makes damaged neighbours of good inputs.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/types.h"

namespace dewar::fuzz {

/// splitmix64: small, and the same everywhere.
class Random {
 public:
  explicit Random(u64 seed) : state_(seed) {}
  u64 next();
  /// Uniform enough in [0, bound); 0 when bound is 0.
  u64 below(u64 bound) { return bound == 0 ? 0 : next() % bound; }

 private:
  u64 state_;
};

/// Applies one to four random edits: bit flips, byte sets, LEB128 continuation edits, cuts, duplications, splices from
/// `other`. The result is at most `max_size` bytes.
std::vector<u8> mutate(Random& random, std::span<const u8> input, std::span<const u8> other, usize max_size);

}  // namespace dewar::fuzz
