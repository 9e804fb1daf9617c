// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How object sizes are rounded. Small objects share blocks of 16 KiB with others of their class; a class wastes at most
// a third of an object (an eighth up to 1 KiB). Larger ones take whole blocks. The rounded size is what limits count,
// so this table is part of the deterministic behaviour: changing it changes refusal points.
#pragma once

#include <array>

#include "base/types.h"

namespace dewar::gc {

inline constexpr u32 kBlockLog2 = 14;
inline constexpr u32 kBlockBytes = u32{1} << kBlockLog2;
/// Largest object (header included) that shares a block.
inline constexpr u32 kMaxSmall = kBlockBytes / 2;
inline constexpr u32 kMinCell = 16;

namespace detail {

struct Classes {
  std::array<u32, 64> bytes{};
  u32 count = 0;
  std::array<u8, kMaxSmall / 8 + 1> by_words{};  ///< (size + 7) / 8 -> class

  constexpr Classes() {
    for (u32 size = kMinCell; size <= 128; size += 8) bytes[count++] = size;
    for (u32 base = 128; base < 1024; base *= 2) {
      for (u32 step = 1; step <= 8; ++step) bytes[count++] = base + base / 8 * step;
    }
    // Beyond 1 KiB: the largest cells of which a block holds 15, 14, ..., 2.
    for (u32 per_block = 15; per_block >= 2; --per_block) bytes[count++] = kBlockBytes / per_block & ~7u;
    for (u32 words = 0, c = 0; words < by_words.size(); ++words) {
      if (words * 8 > bytes[c]) ++c;
      by_words[words] = static_cast<u8>(c);
    }
  }
};
inline constexpr Classes kClasses;
static_assert(kClasses.bytes[kClasses.count - 1] == kMaxSmall);

}  // namespace detail

inline constexpr u32 kClassCount = detail::kClasses.count;
/// Bytes of a cell of class `c`.
constexpr u32 cell_bytes(u32 c) { return detail::kClasses.bytes[c]; }
/// Cells in a block of class `c`.
constexpr u32 cells_per_block(u32 c) { return kBlockBytes / cell_bytes(c); }
/// Class of an object of `bytes` <= kMaxSmall.
constexpr u32 class_of(u64 bytes) { return detail::kClasses.by_words[(bytes + 7) / 8]; }
/// What an object of `bytes` (header included) counts as.
constexpr u64 rounded_bytes(u64 bytes) {
  return bytes <= kMaxSmall ? cell_bytes(class_of(bytes)) : (bytes + kBlockBytes - 1) & ~u64{kBlockBytes - 1};
}

}  // namespace dewar::gc
