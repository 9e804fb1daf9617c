// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hexadecimal floats are rounded here with integer arithmetic (round half to even, gradual underflow); decimal ones by
// std::from_chars, which is exact, after the grammar of spec 6.3.2 has been checked (it is stricter than from_chars').
#include "text/literals.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "base/hex.h"
#include "base/print.h"

namespace dewar::text {
namespace {

/// Layout of an IEEE 754 binary format inside a u64.
struct Format {
  u32 mantissa_bits;  ///< without the hidden bit
  u32 exponent_bits;
  i64 bias() const { return (i64{1} << (exponent_bits - 1)) - 1; }
  i64 max_exponent() const { return bias(); }
  i64 min_exponent() const { return 1 - bias(); }
  u64 mantissa_mask() const { return (u64{1} << mantissa_bits) - 1; }
  u64 exponent_mask() const { return ((u64{1} << exponent_bits) - 1) << mantissa_bits; }
  u64 sign_mask() const { return u64{1} << (mantissa_bits + exponent_bits); }
};
constexpr Format kF32Format{23, 8};
constexpr Format kF64Format{52, 11};

/// Exponents are clamped here: far outside every format's range, far inside i64's.
constexpr i64 kExponentCap = i64{1} << 40;

bool is_digit_of(char c, bool hex) { return hex ? base::hex_digit(c) >= 0 : c >= '0' && c <= '9'; }

/// Reads `digit (_? digit)*` from the front of `text` and appends the digits to `digits`. False if there is none.
bool take_digits(std::string_view& text, bool hex, std::string& digits) {
  bool digit_before = false;
  usize i = 0;
  for (; i < text.size(); ++i) {
    if (is_digit_of(text[i], hex)) {
      digits.push_back(text[i]);
      digit_before = true;
    } else if (text[i] == '_' && digit_before && i + 1 < text.size() && is_digit_of(text[i + 1], hex)) {
      digit_before = false;
    } else {
      break;
    }
  }
  text.remove_prefix(i);
  return digit_before;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Takes a sign; true if it was a minus.
bool take_sign(std::string_view& text) {
  if (take_prefix(text, "-")) return true;
  take_prefix(text, "+");
  return false;
}

/// A float's digits as written.
struct Digits {
  bool hex = false;
  std::string whole;
  std::string fraction;
  i64 exponent = 0;  ///< of ten, or of two if hex
};

bool scan_float(std::string_view text, Digits& out) {
  out.hex = take_prefix(text, "0x");
  if (!take_digits(text, out.hex, out.whole)) return false;
  if (take_prefix(text, ".")) {
    if (!text.empty() && is_digit_of(text.front(), out.hex)) take_digits(text, out.hex, out.fraction);
  }
  const bool has_exponent =
      out.hex ? take_prefix(text, "p") || take_prefix(text, "P") : take_prefix(text, "e") || take_prefix(text, "E");
  if (has_exponent) {
    const bool negative = take_sign(text);
    std::string digits;
    if (!take_digits(text, false, digits)) return false;
    for (char c : digits) {
      if (out.exponent < kExponentCap) out.exponent = out.exponent * 10 + (c - '0');
    }
    if (negative) out.exponent = -out.exponent;
  }
  return text.empty();
}

/// mantissa * 2^exponent (plus something less than one unit if `sticky`), rounded to the format.
Literal round_binary(u64 mantissa, i64 exponent, bool sticky, Format format, u64& out) {
  if (mantissa == 0) {
    out = 0;
    return Literal::kOk;
  }
  const u32 shift = static_cast<u32>(std::countl_zero(mantissa));
  mantissa <<= shift;
  exponent -= shift;
  // Now the value is mantissa/2^63 * 2^scale with the top bit set.
  i64 scale = exponent + 63;
  if (scale > format.max_exponent()) return Literal::kOutOfRange;
  const bool subnormal = scale < format.min_exponent();
  i64 drop = 63 - static_cast<i64>(format.mantissa_bits);
  if (subnormal) drop += format.min_exponent() - scale;
  u64 kept = 0;
  bool half = false;
  if (drop < 64) {
    kept = mantissa >> drop;
    half = (mantissa >> (drop - 1)) & 1;
    sticky = sticky || (mantissa & ((u64{1} << (drop - 1)) - 1)) != 0;
  } else if (drop == 64) {
    half = true;
    sticky = sticky || (mantissa << 1) != 0;
  } else {
    sticky = true;
  }
  if (half && (sticky || (kept & 1))) ++kept;
  // A carry out of the mantissa moves into the exponent field by itself; subnormals have exponent field 0.
  const u64 field = subnormal ? 0 : static_cast<u64>(scale + format.bias() - 1);
  out = (field << format.mantissa_bits) + kept;
  return out >= format.exponent_mask() ? Literal::kOutOfRange : Literal::kOk;
}

Literal hex_float(const Digits& d, Format format, u64& out) {
  u64 mantissa = 0;
  i64 exponent = d.exponent;
  bool sticky = false;
  auto add = [&](char c, bool fraction) {
    const u64 digit = static_cast<u64>(base::hex_digit(c));
    if (mantissa >> 60 == 0) {
      mantissa = mantissa * 16 + digit;
      if (fraction) exponent -= 4;
    } else {
      sticky = sticky || digit != 0;
      if (!fraction) exponent += 4;
    }
  };
  for (char c : d.whole) add(c, false);
  for (char c : d.fraction) add(c, true);
  return round_binary(mantissa, exponent, sticky, format, out);
}

/// Sign of the decimal exponent of the value's first significant digit: tells underflow from overflow.
bool is_tiny(const Digits& d) {
  const usize first = d.whole.find_first_not_of('0');
  if (first != std::string::npos) return d.exponent + static_cast<i64>(d.whole.size() - first) < 0;
  const usize zeros = std::min(d.fraction.find_first_not_of('0'), d.fraction.size());
  return d.exponent - static_cast<i64>(zeros) < 0;
}

template <class F>
Literal decimal_float(const Digits& d, u64& out) {
  auto all_zero = [](const std::string& digits) { return digits.find_first_not_of('0') == std::string::npos; };
  if (all_zero(d.whole) && all_zero(d.fraction)) {
    out = 0;
    return Literal::kOk;
  }
  std::string text = d.whole;
  if (!d.fraction.empty()) text.append(".").append(d.fraction);
  text.append("e").append(base::dec_signed(std::clamp<i64>(d.exponent, -kExponentCap, kExponentCap)));
  F value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec == std::errc::result_out_of_range || std::isinf(value)) {
    if (!is_tiny(d)) return Literal::kOutOfRange;
    value = 0;
  }
  if constexpr (sizeof(F) == 4) {
    out = std::bit_cast<u32>(value);
  } else {
    out = std::bit_cast<u64>(value);
  }
  return Literal::kOk;
}

Literal nan_payload(std::string_view text, Format format, u64& out) {
  u64 payload = u64{1} << (format.mantissa_bits - 1);
  if (take_prefix(text, ":")) {
    if (!text.starts_with("0x")) return Literal::kMalformed;
    const Literal status = parse_nat(text, 64, payload);
    if (status != Literal::kOk) return status;
    if (payload == 0 || payload > format.mantissa_mask()) return Literal::kOutOfRange;
  } else if (!text.empty()) {
    return Literal::kMalformed;
  }
  out = format.exponent_mask() | payload;
  return Literal::kOk;
}

template <class F>
Literal parse_float(std::string_view text, Format format, u64& out) {
  const bool negative = take_sign(text);
  Literal status = Literal::kOk;
  if (text == "inf") {
    out = format.exponent_mask();
  } else if (take_prefix(text, "nan")) {
    status = nan_payload(text, format, out);
  } else {
    Digits digits;
    if (!scan_float(text, digits)) return Literal::kMalformed;
    status = digits.hex ? hex_float(digits, format, out) : decimal_float<F>(digits, out);
  }
  if (negative) out |= format.sign_mask();
  return status;
}

void append_float(std::string& out, u64 bits, Format format) {
  if (bits & format.sign_mask()) out.push_back('-');
  u64 mantissa = bits & format.mantissa_mask();
  const u64 field = (bits & format.exponent_mask()) >> format.mantissa_bits;
  if (bits & format.exponent_mask() && field == (u64{1} << format.exponent_bits) - 1) {
    if (mantissa == 0) {
      out.append("inf");
    } else {
      out.append("nan");
      if (mantissa != u64{1} << (format.mantissa_bits - 1)) out.append(":").append(base::hex(mantissa));
    }
    return;
  }
  if (field == 0 && mantissa == 0) {
    out.append("0x0p+0");
    return;
  }
  i64 exponent = static_cast<i64>(field) - format.bias();
  if (field == 0) {
    // Subnormal: normalize, so that the leading digit is always 1.
    exponent = format.min_exponent();
    while (!(mantissa & (u64{1} << format.mantissa_bits))) {
      mantissa <<= 1;
      --exponent;
    }
    mantissa &= format.mantissa_mask();
  }
  out.append("0x1");
  if (mantissa != 0) {
    const u32 digits = (format.mantissa_bits + 3) / 4;
    std::string fraction;
    base::append_hex(fraction, mantissa << (digits * 4 - format.mantissa_bits), digits);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    out.append(".").append(fraction);
  }
  out.append("p");
  if (exponent >= 0) out.push_back('+');
  base::append_dec_signed(out, exponent);
}

}  // namespace

Literal parse_nat(std::string_view text, u32 bits, u64& out) {
  const bool hex = take_prefix(text, "0x");
  const u64 max = bits >= 64 ? ~u64{0} : (u64{1} << bits) - 1;
  const u64 base = hex ? 16 : 10;
  u64 value = 0;
  bool too_large = false;
  bool digit_before = false;
  for (usize i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_digit_of(c, hex)) {
      const u64 digit = static_cast<u64>(base::hex_digit(c));
      too_large = too_large || value > (max - digit) / base || digit > max;
      if (!too_large) value = value * base + digit;
      digit_before = true;
    } else if (c == '_' && digit_before) {
      digit_before = false;
    } else {
      return Literal::kMalformed;
    }
  }
  if (!digit_before) return Literal::kMalformed;
  out = value;
  return too_large ? Literal::kOutOfRange : Literal::kOk;
}

Literal parse_int(std::string_view text, u32 bits, u64& out) {
  const bool negative = take_sign(text);
  u64 value = 0;
  const Literal status = parse_nat(text, bits, value);
  if (status != Literal::kOk) return status;
  const u64 mask = bits >= 64 ? ~u64{0} : (u64{1} << bits) - 1;
  if (negative) {
    if (value > u64{1} << (bits - 1)) return Literal::kOutOfRange;
    value = (~value + 1) & mask;
  }
  out = value;
  return Literal::kOk;
}

Literal parse_f32(std::string_view text, u32& out) {
  u64 bits = 0;
  const Literal status = parse_float<f32>(text, kF32Format, bits);
  out = static_cast<u32>(bits);
  return status;
}

Literal parse_f64(std::string_view text, u64& out) { return parse_float<f64>(text, kF64Format, out); }

void append_f32(std::string& out, u32 bits) { append_float(out, bits, kF32Format); }
void append_f64(std::string& out, u64 bits) { append_float(out, bits, kF64Format); }

}  // namespace dewar::text
