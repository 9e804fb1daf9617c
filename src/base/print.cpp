// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Number to text; see print.h.
#include "base/print.h"

#include <algorithm>
#include <charconv>

namespace dewar::base {

void append_dec(std::string& out, u64 value) {
  char buffer[24];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  out.append(buffer, end);
}

void append_dec_signed(std::string& out, i64 value) {
  char buffer[24];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  out.append(buffer, end);
}

void append_hex(std::string& out, u64 value, unsigned min_digits) {
  char buffer[16];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), value, 16).ptr;
  usize length = static_cast<usize>(end - buffer);
  usize wanted = std::min(min_digits, 16u);
  if (length < wanted) out.append(wanted - length, '0');
  out.append(buffer, end);
}

std::string dec(u64 value) {
  std::string out;
  append_dec(out, value);
  return out;
}

std::string dec_signed(i64 value) {
  std::string out;
  append_dec_signed(out, value);
  return out;
}

std::string hex(u64 value, unsigned min_digits) {
  std::string out = "0x";
  append_hex(out, value, min_digits);
  return out;
}

std::string human_size(u64 bytes) {
  static constexpr const char* kUnits[] = {" KiB", " MiB", " GiB", " TiB"};
  std::string out;
  if (bytes < 1024) {
    append_dec(out, bytes);
    out += " B";
    return out;
  }
  usize unit = 0;
  u64 scale = 1024;
  while (unit + 1 < std::size(kUnits) && bytes / scale >= 1024) {
    scale *= 1024;
    ++unit;
  }
  append_dec(out, bytes / scale);
  out.push_back('.');
  // The remainder is below 2^40, so ten times it cannot overflow.
  append_dec(out, bytes % scale * 10 / scale);
  out += kUnits[unit];
  return out;
}

}  // namespace dewar::base
