// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Text to slots and back.
#include "api/values.h"

#include <bit>
#include <charconv>
#include <cmath>

#include "base/hex.h"
#include "base/print.h"
#include "text/literals.h"

namespace dewar::api {

using wasm::CanonValType;

namespace {

std::unexpected<Error> bad_value(std::string_view text, CanonValType type, std::string_view expected) {
  constexpr usize kShown = 64;
  const std::string shown = std::string(text.substr(0, kShown)) + (text.size() > kShown ? "..." : "");
  return fail("invoke-argument", "\"" + shown + "\" is no " + wasm::to_string(type), Error::kNoOffset,
              "expected " + std::string(expected));
}

bool parse_v128(std::string_view text, Slot* slots) {
  if (!text.starts_with("0x") || text.size() == 2 || text.size() > 34) return false;
  slots[0] = slots[1] = 0;
  for (char c : text.substr(2)) {
    const int digit = base::hex_digit(c);
    if (digit < 0) return false;
    slots[1] = slots[1] << 4 | slots[0] >> 60;
    slots[0] = slots[0] << 4 | static_cast<u64>(digit);
  }
  return true;
}

template <class T>
std::string decimal(T value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, end.ptr);
}

}  // namespace

Result<void> parse_value(std::string_view text, CanonValType type, Slot* slots) {
  u64 bits = 0;
  u32 bits32 = 0;
  switch (type.kind()) {
    case CanonValType::kI32:
      if (text::parse_int(text, 32, bits) != text::Literal::kOk) return bad_value(text, type, "an integer such as -7");
      slots[0] = bits;
      return {};
    case CanonValType::kI64:
      if (text::parse_int(text, 64, bits) != text::Literal::kOk) return bad_value(text, type, "an integer such as -7");
      slots[0] = bits;
      return {};
    case CanonValType::kF32:
      if (text::parse_f32(text, bits32) != text::Literal::kOk) return bad_value(text, type, "a number such as 1.5");
      slots[0] = bits32;
      return {};
    case CanonValType::kF64:
      if (text::parse_f64(text, bits) != text::Literal::kOk) return bad_value(text, type, "a number such as 1.5");
      slots[0] = bits;
      return {};
    case CanonValType::kV128:
      if (!parse_v128(text, slots)) return bad_value(text, type, "0x and up to 32 hexadecimal digits");
      return {};
    default: break;
  }
  if (text == "null" && type.nullable()) {
    slots[0] = runtime::kNullRef;
    return {};
  }
  return bad_value(text, type, type.nullable() ? "null; no other reference can be written" : "what no text can name");
}

std::string value_text(CanonValType type, const Slot* slots) {
  switch (type.kind()) {
    case CanonValType::kI32: return base::dec_signed(static_cast<i32>(slots[0]));
    case CanonValType::kI64: return base::dec_signed(static_cast<i64>(slots[0]));
    case CanonValType::kF32: {
      const auto bits = static_cast<u32>(slots[0]);
      const f32 value = std::bit_cast<f32>(bits);
      if (std::isfinite(value)) return decimal(value);
      std::string out;
      text::append_f32(out, bits);
      return out;
    }
    case CanonValType::kF64: {
      const f64 value = std::bit_cast<f64>(slots[0]);
      if (std::isfinite(value)) return decimal(value);
      std::string out;
      text::append_f64(out, slots[0]);
      return out;
    }
    case CanonValType::kV128: {
      std::string out = "0x";
      base::append_hex(out, slots[1], 16);
      base::append_hex(out, slots[0], 16);
      return out;
    }
    default: break;
  }
  const auto ref = static_cast<runtime::Ref>(slots[0]);
  switch (runtime::ref_kind(ref)) {
    case runtime::RefKind::null: return "null";
    case runtime::RefKind::i31: return "i31 " + base::dec_signed(static_cast<i32>(runtime::i31_s(ref)));
    case runtime::RefKind::object: return "object";
    case runtime::RefKind::func: return "func";
    case runtime::RefKind::host: return "extern";
  }
  DEWAR_UNREACHABLE("reference kind");
}

}  // namespace dewar::api
