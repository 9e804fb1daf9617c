// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Scalar conversions between integers and floats: trapping and saturating truncation, conversion, demotion, promotion,
// reinterpretation.
// Invariant: a float is converted to an integer only after its range is known, since C++ leaves the rest undefined;
// reinterpretation moves bits untouched, demotion and promotion are arithmetic and canonicalise NaNs.
// Spec: 4.3.4 Conversions.
#pragma once

#include "exec/semantics_float.h"

namespace dewar::exec::sem {
namespace detail {

template <class I>
inline constexpr bool kIsSigned = static_cast<I>(-1) < I{0};
template <class I>
inline constexpr I kMax = static_cast<I>(~u64{0} >> (64 - 8 * sizeof(I) + (kIsSigned<I> ? 1 : 0)));
template <class I>
inline constexpr I kMin = static_cast<I>(~kMax<I>);

/// 2^31, 2^32, 2^63 or 2^64: the least value that is too large for I. Exact in both float types.
template <class I, class F>
inline constexpr F kUpper = static_cast<F>(kMax<I> / 2 + 1) * F{2};

/// Whether trunc(x) is a value of I. Below, that is x > min - 1 where this bound is representable, else x >= min, which
/// is the same then because no float lies between. False for NaN.
template <class I, class F>
DEWAR_SEM bool fits(F x) noexcept {
  constexpr F kLower = static_cast<F>(kMin<I>);
  if constexpr (kLower - F{1} != kLower) {
    return x > kLower - F{1} && x < kUpper<I, F>;
  } else {
    return x >= kLower && x < kUpper<I, F>;
  }
}

/// I is the signed or unsigned target; the bits are stored as the unsigned type U.
template <class I, class F, class U>
DEWAR_SEM NumTrap trunc(F x, U& out) noexcept {
  if (DEWAR_LIKELY(fits<I>(x))) {
    out = static_cast<U>(static_cast<I>(x));
    return NumTrap::none;
  }
  return x == x ? NumTrap::integer_overflow : NumTrap::invalid_conversion;
}

template <class I, class F>
DEWAR_SEM I trunc_sat(F x) noexcept {
  if (DEWAR_LIKELY(fits<I>(x))) return static_cast<I>(x);
  if (x != x) return 0;
  return x < 0 ? kMin<I> : kMax<I>;
}

}  // namespace detail

// i = integer prefix, f = float prefix, U/S = unsigned and signed integer type, F = float type
#define CONVERSIONS(i, f, U, S, F)                                                                    \
  DEWAR_SEM NumTrap i##_trunc_##f##_s(F a, U& out) noexcept { return detail::trunc<S>(a, out); }      \
  DEWAR_SEM NumTrap i##_trunc_##f##_u(F a, U& out) noexcept { return detail::trunc<U>(a, out); }      \
  DEWAR_SEM U i##_trunc_sat_##f##_s(F a) noexcept { return static_cast<U>(detail::trunc_sat<S>(a)); } \
  DEWAR_SEM U i##_trunc_sat_##f##_u(F a) noexcept { return detail::trunc_sat<U>(a); }                 \
  DEWAR_SEM F f##_convert_##i##_s(U a) noexcept { return static_cast<F>(static_cast<S>(a)); }         \
  DEWAR_SEM F f##_convert_##i##_u(U a) noexcept { return static_cast<F>(a); }

CONVERSIONS(i32, f32, u32, i32, f32)
CONVERSIONS(i32, f64, u32, i32, f64)
CONVERSIONS(i64, f32, u64, i64, f32)
CONVERSIONS(i64, f64, u64, i64, f64)

#undef CONVERSIONS

DEWAR_SEM f32 f32_demote_f64(f64 a) noexcept { return detail::canonical(static_cast<f32>(a)); }
DEWAR_SEM f64 f64_promote_f32(f32 a) noexcept { return detail::canonical(static_cast<f64>(a)); }

DEWAR_SEM u32 i32_reinterpret_f32(f32 a) noexcept { return detail::bits<u32>(a); }
DEWAR_SEM u64 i64_reinterpret_f64(f64 a) noexcept { return detail::bits<u64>(a); }
DEWAR_SEM f32 f32_reinterpret_i32(u32 a) noexcept { return detail::bits<f32>(a); }
DEWAR_SEM f64 f64_reinterpret_i64(u64 a) noexcept { return detail::bits<f64>(a); }

}  // namespace dewar::exec::sem
