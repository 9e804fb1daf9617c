// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Appends numbers to strings, independent of any locale and without format strings. Floating-point text belongs to
// src/text (Wasm has its own syntax for it).
#pragma once

#include <string>
#include <string_view>

#include "base/types.h"

namespace dewar::base {

void append_dec(std::string& out, u64 value);
void append_dec_signed(std::string& out, i64 value);
/// Lower-case hexadecimal without a prefix, padded with zeros to at least `min_digits` (at most 16).
void append_hex(std::string& out, u64 value, unsigned min_digits = 1);

std::string dec(u64 value);
std::string dec_signed(i64 value);
/// "0x" and lower-case digits.
std::string hex(u64 value, unsigned min_digits = 1);

/// A size for people: exact below 1024, else one decimal and KiB, MiB, GiB, TiB.
std::string human_size(u64 bytes);

}  // namespace dewar::base
