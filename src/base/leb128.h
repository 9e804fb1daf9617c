// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes LEB128 integers (Wasm core specification, section 5.2.2) in their shortest form to any byte sink with
// push_back; the reading side is cursor.h. The padded form leaves room to patch a size in afterwards.
#pragma once

#include <concepts>

#include "base/types.h"

namespace dewar::base {

/// Something bytes can be appended to, such as std::vector<u8>.
template <class S>
concept ByteSink = requires(S sink, u8 byte) { sink.push_back(byte); };

template <ByteSink S>
void append_u64(S& out, u64 value) {
  while (value >= 0x80) {
    out.push_back(static_cast<u8>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<u8>(value));
}

template <ByteSink S>
void append_u32(S& out, u32 value) {
  append_u64(out, value);
}

template <ByteSink S>
void append_s64(S& out, i64 value) {
  for (;;) {
    u8 part = static_cast<u8>(value & 0x7f);
    value >>= 7;
    if ((value == 0 && !(part & 0x40)) || (value == -1 && (part & 0x40))) {
      out.push_back(part);
      return;
    }
    out.push_back(static_cast<u8>(part | 0x80));
  }
}

template <ByteSink S>
void append_s32(S& out, i32 value) {
  append_s64(out, value);
}

/// A value of block or heap types; it must fit 33 bits.
template <ByteSink S>
void append_s33(S& out, i64 value) {
  DEWAR_ASSERT(value >= -(i64{1} << 32) && value < (i64{1} << 32), "not a 33-bit value");
  append_s64(out, value);
}

/// Always five bytes.
template <ByteSink S>
void append_u32_padded(S& out, u32 value) {
  for (int i = 0; i < 4; ++i) {
    out.push_back(static_cast<u8>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<u8>(value));
}

/// Overwrites five bytes written by append_u32_padded.
inline void patch_u32_padded(u8* at, u32 value) {
  for (int i = 0; i < 4; ++i) {
    at[i] = static_cast<u8>(value | 0x80);
    value >>= 7;
  }
  at[4] = static_cast<u8>(value);
}

/// Bytes that append_u32/append_u64 would write.
constexpr usize size_of_u64(u64 value) {
  usize size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

}  // namespace dewar::base
