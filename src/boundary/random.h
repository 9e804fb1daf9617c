// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random bytes for guests: a seeded stream (ChaCha20 with the seed as key), the same on every machine, or the
// kernel's own where granted. The stream cipher's block function is RFC 8439 section 2.3.
#pragma once

#include <array>
#include <span>

#include "base/types.h"

namespace dewar::boundary {

/// One ChaCha20 block: 64 bytes for a 256-bit key and the four words of counter and nonce.
std::array<u8, 64> chacha20_block(const std::array<u32, 8>& key, const std::array<u32, 4>& counter_nonce);

class RandomSource {
 public:
  /// The stream of a seed: key = the seed's 8 bytes (little endian) then zeros, 64-bit block counter, nonce 0.
  static RandomSource seeded(u64 seed) { return RandomSource(seed, false); }
  /// The kernel's generator.
  static RandomSource real() { return RandomSource(0, true); }

  /// Fills `out`. False if the kernel refused (real source only).
  bool fill(std::span<u8> out);

  bool is_real() const { return real_; }
  u64 seed() const { return seed_; }
  /// Bytes given out so far: the position in the stream.
  u64 bytes() const { return bytes_; }

 private:
  RandomSource(u64 seed, bool real) : seed_(seed), real_(real) {}
  u64 seed_;
  u64 bytes_ = 0;
  bool real_;
  std::array<u8, 64> block_{};
};

}  // namespace dewar::boundary
