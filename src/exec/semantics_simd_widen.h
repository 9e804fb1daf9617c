// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// V128 integer operations between lanes of different width: narrow, extend, extmul, pairwise extadd, dot products, and
// the rounding Q15 product.
// Invariant: products and sums are formed in lanes wide enough, or in unsigned lanes where the spec wraps.
// Spec: 4.6.3 Vector Instructions, 4.3.2 Integer Operations.
#pragma once

#include "exec/semantics_base.h"

namespace dewar::exec::sem {
namespace detail {

using I16x16 = Vec<i16, 16>;
using I32x8 = Vec<i32, 8>;

DEWAR_SEM I16x16 concat(I16x8 a, I16x8 b) noexcept {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
DEWAR_SEM I32x8 concat(I32x4 a, I32x4 b) noexcept { return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7); }

/// Clamps the lanes of both operands (signed vectors From) to [low, high] and puts them, made narrow, side by side.
template <class From, class To, class Lane>
DEWAR_SEM V128 narrow(V128 a, V128 b, Lane low, Lane high) noexcept {
  const auto x = concat(bits<From>(a), bits<From>(b));
  using X = decltype(concat(From{}, From{}));
  const X clamped = __builtin_elementwise_min(__builtin_elementwise_max(x, splat<X>(low)), splat<X>(high));
  return pack(__builtin_convertvector(clamped, To));
}

/// The even or odd lanes, each made as wide as two.
template <class To>
DEWAR_SEM To even_lanes(Vec<i8, 16> a) noexcept {
  return __builtin_convertvector(__builtin_shufflevector(a, a, 0, 2, 4, 6, 8, 10, 12, 14), To);
}
template <class To>
DEWAR_SEM To odd_lanes(Vec<i8, 16> a) noexcept {
  return __builtin_convertvector(__builtin_shufflevector(a, a, 1, 3, 5, 7, 9, 11, 13, 15), To);
}
template <class To>
DEWAR_SEM To even_lanes(Vec<i16, 8> a) noexcept {
  return __builtin_convertvector(__builtin_shufflevector(a, a, 0, 2, 4, 6), To);
}
template <class To>
DEWAR_SEM To odd_lanes(Vec<i16, 8> a) noexcept {
  return __builtin_convertvector(__builtin_shufflevector(a, a, 1, 3, 5, 7), To);
}

}  // namespace detail

DEWAR_SEM V128 i8x16_narrow_i16x8_s(V128 a, V128 b) noexcept {
  return detail::narrow<detail::I16x8, detail::I8x16>(a, b, i16{-128}, i16{127});
}
DEWAR_SEM V128 i8x16_narrow_i16x8_u(V128 a, V128 b) noexcept {
  return detail::narrow<detail::I16x8, detail::U8x16>(a, b, i16{0}, i16{255});
}
DEWAR_SEM V128 i16x8_narrow_i32x4_s(V128 a, V128 b) noexcept {
  return detail::narrow<detail::I32x4, detail::I16x8>(a, b, i32{-32768}, i32{32767});
}
DEWAR_SEM V128 i16x8_narrow_i32x4_u(V128 a, V128 b) noexcept {
  return detail::narrow<detail::I32x4, detail::U16x8>(a, b, i32{0}, i32{65535});
}

// Sign or zero extension of one half, and the product of two extended halves. The conversion keeps the sign of the
// source lane T; the product is formed in the unsigned vector UW, where it cannot overflow.
#define EXTEND(wide, half, narrow, sign, T, W)                                          \
  DEWAR_SEM V128 wide##_extend_##half##_##narrow##_##sign(V128 a) noexcept {            \
    return detail::pack(__builtin_convertvector(detail::half##_half<T>(a), detail::W)); \
  }
#define EXTMUL(wide, half, narrow, sign, T, W, UW)                                   \
  DEWAR_SEM V128 wide##_extmul_##half##_##narrow##_##sign(V128 a, V128 b) noexcept { \
    const auto x = __builtin_convertvector(detail::half##_half<T>(a), detail::W);    \
    const auto y = __builtin_convertvector(detail::half##_half<T>(b), detail::W);    \
    return detail::pack(detail::bits<detail::UW>(x) * detail::bits<detail::UW>(y));  \
  }
#define WIDENING_OPS(wide, narrow, T, UT, W, UW) \
  EXTEND(wide, low, narrow, s, T, W)             \
  EXTEND(wide, high, narrow, s, T, W)            \
  EXTEND(wide, low, narrow, u, UT, UW)           \
  EXTEND(wide, high, narrow, u, UT, UW)          \
  EXTMUL(wide, low, narrow, s, T, W, UW)         \
  EXTMUL(wide, high, narrow, s, T, W, UW)        \
  EXTMUL(wide, low, narrow, u, UT, UW, UW)       \
  EXTMUL(wide, high, narrow, u, UT, UW, UW)

WIDENING_OPS(i16x8, i8x16, i8, u8, I16x8, U16x8)
WIDENING_OPS(i32x4, i16x8, i16, u16, I32x4, U32x4)
WIDENING_OPS(i64x2, i32x4, i32, u32, I64x2, U64x2)

#undef WIDENING_OPS
#undef EXTMUL
#undef EXTEND

// A wide lane holds a pair: its low half shifted up and down again, and its high half shifted down.
#define EXTADD(name, V, n)                           \
  DEWAR_SEM V128 name(V128 a_bits) noexcept {        \
    const auto a = detail::bits<detail::V>(a_bits);  \
    return detail::pack(((a << n) >> n) + (a >> n)); \
  }

EXTADD(i16x8_extadd_pairwise_i8x16_s, I16x8, 8)
EXTADD(i16x8_extadd_pairwise_i8x16_u, U16x8, 8)
EXTADD(i32x4_extadd_pairwise_i16x8_s, I32x4, 16)
EXTADD(i32x4_extadd_pairwise_i16x8_u, U32x4, 16)

#undef EXTADD

/// Both products of a lane can be 2^30; their sum wraps then, as the spec's iadd does.
DEWAR_SEM V128 i32x4_dot_i16x8_s(V128 a_bits, V128 b_bits) noexcept {
  using namespace detail;
  const auto a = bits<I16x8>(a_bits);
  const auto b = bits<I16x8>(b_bits);
  const I32x4 even = even_lanes<I32x4>(a) * even_lanes<I32x4>(b);
  const I32x4 odd = odd_lanes<I32x4>(a) * odd_lanes<I32x4>(b);
  return pack(bits<U32x4>(even) + bits<U32x4>(odd));
}

/// (a * b + 2^14) >> 15; only -1 * -1 leaves the range.
DEWAR_SEM V128 i16x8_q15mulr_sat_s(V128 a, V128 b) noexcept {
  using namespace detail;
  const I32x8 product = __builtin_convertvector(bits<I16x8>(a), I32x8) * __builtin_convertvector(bits<I16x8>(b), I32x8);
  const I32x8 rounded = (product + 0x4000) >> 15;
  return pack(__builtin_convertvector(__builtin_elementwise_min(rounded, splat<I32x8>(0x7fff)), I16x8));
}

}  // namespace dewar::exec::sem
