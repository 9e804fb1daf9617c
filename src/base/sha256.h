// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// SHA-256 (FIPS 180-4) of bytes that come in pieces, for telling files apart and naming them. Not for secrets: nothing
// here runs in constant time on purpose.
#pragma once

#include <array>
#include <span>
#include <string>

#include "base/types.h"

namespace dewar::base {

class Sha256 {
 public:
  Sha256();
  void update(std::span<const u8> bytes);
  /// Lower-case hexadecimal. Nothing may follow.
  std::string finish();

 private:
  void block(const u8* data);
  std::array<u32, 8> state_;
  std::array<u8, 64> rest_{};  ///< what does not fill a block yet
  u64 total_ = 0;
};

}  // namespace dewar::base
