// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Text helpers shared by the two halves of the disassembler and by nobody else. All results are bounded.
#pragma once

#include <span>
#include <string>

#include "wasm/instr.h"

namespace dewar::wasm {

inline constexpr usize kMaxText = 160;  ///< characters of an instruction or entry
inline constexpr usize kMaxName = 60;   ///< characters of a name

/// Cuts to `max_chars` bytes, at a character boundary, ending in "...".
std::string clip(std::string text, usize max_chars);
/// The low `digits` hexadecimal digits.
std::string hex(u64 value, u32 digits);
/// Immediates as the text format writes them, with a leading space each.
std::string immediates_text(const Instr& instr);
/// A constant expression on one line, without its end.
std::string expr_text(std::span<const u8> bytes);

}  // namespace dewar::wasm
