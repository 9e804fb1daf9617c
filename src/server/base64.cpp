// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Four characters to three bytes.
#include "server/base64.h"

#include "base/types.h"

namespace dewar::server {

namespace {

// 0 to 63, or 64 for what is not in the alphabet.
u32 digit(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<u32>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<u32>(c - 'a') + 26;
  if (c >= '0' && c <= '9') return static_cast<u32>(c - '0') + 52;
  return c == '+' ? 62 : c == '/' ? 63 : 64;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (usize at = 0; at < text.size(); at += 4) {
    usize padding = 0;
    if (at + 4 == text.size()) padding = text[at + 3] != '=' ? 0 : text[at + 2] != '=' ? 1 : 2;
    u32 bits = 0;
    for (usize i = 0; i < 4; ++i) {
      const u32 value = i < 4 - padding ? digit(text[at + i]) : 0;
      if (value > 63) return std::nullopt;
      bits = bits << 6 | value;
    }
    if (bits & ((u32{1} << (8 * padding)) - 1)) return std::nullopt;  // bits that belong to no byte
    for (usize i = 0; i < 3 - padding; ++i) out.push_back(static_cast<char>(bits >> (16 - 8 * i)));
  }
  return out;
}

}  // namespace dewar::server
