// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values where implementations go wrong: limits of integers, NaNs with payloads, subnormal numbers, the first numbers
// that do not convert.
#pragma once

#include "diff/dice.h"

namespace dewar::diff {

inline constexpr u32 kEdges32[] = {0,          1,          2,          3,          7,          8,
                                   31,         32,         33,         63,         64,         127,
                                   128,        255,        256,        32767,      32768,      65535,
                                   65536,      0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 0xfffffffe,
                                   0xffff8000, 0xffffff80, 0xffffff00, 0x55555555, 0x01000001, 0x01000003};
inline constexpr u64 kEdges64[] = {0, 1, 2, 7, 31, 32, 63, 64, 65, 127, 128, 0x7fffffff, 0x80000000, 0xffffffff,
                                   0x100000000, 0xffffffff00000000, 0x7fffffffffffffff, 0x8000000000000000,
                                   0x8000000000000001, ~u64{0}, ~u64{0} - 1, 0xffffffff80000000, 0xffffffff7fffffff,
                                   0x5555555555555555, 0x0123456789abcdef,
                                   // Rounded to a float by their lowest bit alone, or just not.
                                   0x0020000000000001, 0x0020000000000003, 0x8000000000000400, 0x8000000000000401,
                                   0x8000008000000000, 0x8000008000000001};
/// Bit patterns.
inline constexpr u32 kEdgesF32[] = {0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x3f000000, 0xbf000000, 0x3fc00000,
                                    0x40200000, 0x00000001, 0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff, 0xff7fffff,
                                    0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7fa00000, 0x7f800001, 0xffffffff,
                                    0x4effffff, 0x4f000000, 0xcf000000, 0xcf000001, 0x4f7fffff, 0x4f800000, 0x5f000000,
                                    0xdf000000, 0x5f7fffff, 0x5f800000, 0xbf7fffff, 0x4b000001, 0x3effffff, 0x4b7fffff};
inline constexpr u64 kEdgesF64[] = {
    0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000, 0x3fe0000000000000,
    0xbfe0000000000000, 0x3ff8000000000000, 0x4004000000000000, 0x0000000000000001, 0x8000000000000001,
    0x000fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff, 0xffefffffffffffff, 0x7ff0000000000000,
    0xfff0000000000000, 0x7ff8000000000000, 0xfff8000000000000, 0x7ff4000000000000, 0x7ff0000000000001,
    0xffffffffffffffff, 0x41dfffffffc00000, 0x41e0000000000000, 0xc1e0000000000000, 0xc1e0000000200000,
    0x41efffffffe00000, 0x41f0000000000000, 0x43e0000000000000, 0xc3e0000000000000, 0x43f0000000000000,
    0x43efffffffffffff, 0x47efffffe0000000, 0x36a0000000000000, 0xbfefffffffffffff, 0x3fdfffffffffffff};

inline u32 edge32(Dice& dice) { return dice.chance(75) ? dice.of(kEdges32) : static_cast<u32>(dice.next()); }
inline u64 edge64(Dice& dice) { return dice.chance(75) ? dice.of(kEdges64) : dice.next(); }
inline u32 edge_f32(Dice& dice) { return dice.chance(80) ? dice.of(kEdgesF32) : static_cast<u32>(dice.next()); }
inline u64 edge_f64(Dice& dice) { return dice.chance(80) ? dice.of(kEdgesF64) : dice.next(); }
/// Half of a v128: one of the above, or bytes and halves that repeat.
inline u64 edge_half(Dice& dice) {
  switch (dice.below(5)) {
    case 0: return (u64{edge_f32(dice)} << 32) | edge_f32(dice);
    case 1: return edge_f64(dice);
    case 2: return (u64{edge32(dice)} << 32) | edge32(dice);
    case 3: return u64{0x0101010101010101} * (edge32(dice) & 0xff);
    default: return dice.next();
  }
}

}  // namespace dewar::diff
