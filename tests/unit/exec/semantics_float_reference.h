// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// IEEE 754 references for the semantics tests, on integers: a float is taken apart into sign, significand and exponent,
// and put together again with one rounding to nearest even. Nothing here uses the machine's float conversions.
#pragma once

#include "unit/exec/semantics_values.h"

namespace dewar::exec::test {

template <class F>
struct Format;
template <>
struct Format<f32> {
  using Bits = u32;
  static constexpr int kFraction = 23;
  static constexpr int kBias = 127;
  static constexpr Bits kNan = kNan32;
};
template <>
struct Format<f64> {
  using Bits = u64;
  static constexpr int kFraction = 52;
  static constexpr int kBias = 1023;
  static constexpr Bits kNan = kNan64;
};

/// (negative ? -1 : 1) * significand * 2^exponent, for finite floats.
struct Parts {
  bool negative;
  unsigned __int128 significand;
  int exponent;
};

template <class F>
bool is_nan(F x) {
  const auto magnitude = bits_of(x) << 1;
  return magnitude > (bits_of(std::numeric_limits<F>::infinity()) << 1);
}
template <class F>
bool is_infinite(F x) {
  return bits_of(x) << 1 == bits_of(std::numeric_limits<F>::infinity()) << 1;
}
template <class F>
bool sign_of(F x) {
  return bits_of(x) >> (8 * sizeof(F) - 1) != 0;
}

template <class F>
Parts take_apart(F x) {
  using T = Format<F>;
  const auto bits = bits_of(x);
  const auto fraction = bits & ((typename T::Bits{1} << T::kFraction) - 1);
  const int exponent = static_cast<int>((bits << 1) >> (T::kFraction + 1));
  const bool normal = exponent != 0;
  return {sign_of(x), normal ? fraction | typename T::Bits{1} << T::kFraction : fraction,
          (normal ? exponent : 1) - T::kBias - T::kFraction};
}

/// The float nearest to `value`, ties to even; infinity past the largest finite one.
template <class F>
F put_together(Parts value) {
  using T = Format<F>;
  using Bits = typename T::Bits;
  const Bits sign = Bits{value.negative} << (8 * sizeof(F) - 1);
  if (value.significand == 0) return std::bit_cast<F>(sign);
  // Bring the significand to kFraction + 1 bits, or fewer where the exponent would fall below the least one.
  const int least = 1 - T::kBias - T::kFraction;
  int width = 0;
  for (auto rest = value.significand; rest != 0; rest >>= 1) width++;
  const int target = std::max(value.exponent + width - (T::kFraction + 1), least);
  unsigned __int128 s = value.significand;
  if (target <= value.exponent) {
    s <<= value.exponent - target;
  } else {
    const int drop = target - value.exponent;
    if (drop > 127) return std::bit_cast<F>(sign);
    const unsigned __int128 rest = s & (((unsigned __int128){1} << drop) - 1);
    const unsigned __int128 half = (unsigned __int128){1} << (drop - 1);
    s >>= drop;
    if (rest > half || (rest == half && (s & 1) != 0)) s++;
  }
  // A significand without its top bit has the exponent field 0; one that rounded up to the next power of two carries
  // into the exponent field by itself.
  const Bits exponent = s >> T::kFraction != 0 ? static_cast<Bits>(target - least + 1) : 0;
  const Bits infinity = bits_of(std::numeric_limits<F>::infinity());
  if (exponent >= infinity >> T::kFraction) return std::bit_cast<F>(static_cast<Bits>(sign | infinity));
  const Bits bits = exponent == 0 ? static_cast<Bits>(s)
                                  : (exponent << T::kFraction) + (static_cast<Bits>(s) - (Bits{1} << T::kFraction));
  return std::bit_cast<F>(static_cast<Bits>(sign | std::min(bits, infinity)));
}

/// The integer part of a finite float, without its sign, saturated at 2^127.
inline unsigned __int128 integer_part(Parts p) {
  constexpr unsigned __int128 kHuge = (unsigned __int128){1} << 127;
  if (p.significand == 0 || p.exponent <= -128) return 0;
  if (p.exponent < 0) return p.significand >> -p.exponent;
  return p.exponent > 127 || p.significand > (kHuge >> p.exponent) ? kHuge : p.significand << p.exponent;
}

}  // namespace dewar::exec::test
