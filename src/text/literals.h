// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Numbers of the text format (spec 6.3.1, 6.3.2): integers of any width, floats correctly rounded to nearest-even from
// decimal or hexadecimal, NaN payloads; and the exact printing of float bit patterns.
#pragma once

#include <string>
#include <string_view>

#include "base/types.h"

namespace dewar::text {

enum class Literal : u8 {
  kOk,
  kMalformed,   ///< not a number of that form
  kOutOfRange,  ///< a number, but not representable
};

/// An unsigned integer of at most `bits` bits (1..64), without sign.
Literal parse_nat(std::string_view text, u32 bits, u64& out);

/// An integer literal for an iN constant: optional sign, value in [-2^(N-1), 2^N). `out` holds the low `bits` bits.
Literal parse_int(std::string_view text, u32 bits, u64& out);

/// A float literal as bit pattern.
Literal parse_f32(std::string_view text, u32& out);
Literal parse_f64(std::string_view text, u64& out);

/// Appends the shortest exact form that parse_f32/parse_f64 read back to the same bits: `0x1.8p+1`, `-inf`,
/// `nan`, `nan:0x200000`.
void append_f32(std::string& out, u32 bits);
void append_f64(std::string& out, u64 bits);

}  // namespace dewar::text
