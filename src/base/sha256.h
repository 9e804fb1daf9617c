// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// SHA-256 (FIPS 180-4) of bytes that come in pieces, for telling files apart and naming them. Not for secrets: nothing
// here runs in constant time on purpose. It is here and not a library's because the core's builds for other machines
// have no libraries; where the processor has instructions for it they are used, which the tests hold to the plain code.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/types.h"

namespace dewar::base {

/// Hashes blocks of 64 bytes into the state.
using Sha256Blocks = void (*)(std::array<u32, 8>& state, const u8* data, usize blocks);
/// In portable code; and the fastest that this processor can run.
void sha256_blocks_plain(std::array<u32, 8>& state, const u8* data, usize blocks);
Sha256Blocks sha256_blocks_fastest();

/// A value: a copy can be finished while more follows in the original.
class Sha256 {
 public:
  explicit Sha256(Sha256Blocks blocks = sha256_blocks_fastest());
  void update(std::span<const u8> bytes);
  /// Lower-case hexadecimal. Nothing may follow.
  std::string finish();

 private:
  Sha256Blocks blocks_;
  std::array<u32, 8> state_;
  std::array<u8, 64> rest_{};  ///< what does not fill a block yet
  u64 total_ = 0;
};

/// Of bytes that are all there.
std::string sha256_hex(std::span<const u8> bytes);
inline std::string sha256_hex(std::string_view text) {
  return sha256_hex(std::span(reinterpret_cast<const u8*>(text.data()), text.size()));
}

}  // namespace dewar::base
