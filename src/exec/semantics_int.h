// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Scalar integer operations, i32 as u32 and i64 as u64 (wide arithmetic included).
// Invariant: arithmetic is done on unsigned types, signed views are used only for comparison, division and arithmetic
// shift right, so nothing overflows; shift counts are taken modulo the width.
// Spec: 4.3.2 Integer Operations; wide-arithmetic proposal.
#pragma once

#include "exec/semantics_base.h"

namespace dewar::exec::sem {
namespace detail {

template <class S, class U>
DEWAR_SEM NumTrap div_s(U a, U b, U& out) noexcept {
  if (DEWAR_UNLIKELY(b == 0)) return NumTrap::divide_by_zero;
  // -1: the only divisor that can overflow, and negation never needs the (slow) division.
  if (b == static_cast<U>(-1)) {
    out = U{0} - a;
    return a == U{1} << (8 * sizeof(U) - 1) ? NumTrap::integer_overflow : NumTrap::none;
  }
  out = static_cast<U>(static_cast<S>(a) / static_cast<S>(b));
  return NumTrap::none;
}

template <class S, class U>
DEWAR_SEM NumTrap rem_s(U a, U b, U& out) noexcept {
  if (DEWAR_UNLIKELY(b == 0)) return NumTrap::divide_by_zero;
  // The minimum modulo -1 is 0 by the spec and undefined in C++.
  out = b == static_cast<U>(-1) ? U{0} : static_cast<U>(static_cast<S>(a) % static_cast<S>(b));
  return NumTrap::none;
}

template <class U>
DEWAR_SEM NumTrap div_u(U a, U b, U& out) noexcept {
  if (DEWAR_UNLIKELY(b == 0)) return NumTrap::divide_by_zero;
  out = a / b;
  return NumTrap::none;
}

template <class U>
DEWAR_SEM NumTrap rem_u(U a, U b, U& out) noexcept {
  if (DEWAR_UNLIKELY(b == 0)) return NumTrap::divide_by_zero;
  out = a % b;
  return NumTrap::none;
}

template <class U>
DEWAR_SEM U rotate_left(U a, U count) noexcept {
  constexpr U kMask = 8 * sizeof(U) - 1;
  return a << (count & kMask) | a >> ((U{0} - count) & kMask);
}

}  // namespace detail

#define UNARY(name, T, R, expr) \
  DEWAR_SEM R name(T a) noexcept { return static_cast<R>(expr); }
#define BINARY(name, T, R, expr) \
  DEWAR_SEM R name(T a, T b) noexcept { return static_cast<R>(expr); }
#define TRAPPING(name, T, call) \
  DEWAR_SEM NumTrap name(T a, T b, T& out) noexcept { return detail::call(a, b, out); }

// p = name prefix, U/S = unsigned and signed type, n = width
#define INT_OPS(p, U, S, n)                                        \
  UNARY(p##_eqz, U, u32, a == 0)                                   \
  BINARY(p##_eq, U, u32, a == b)                                   \
  BINARY(p##_ne, U, u32, a != b)                                   \
  BINARY(p##_lt_s, U, u32, static_cast<S>(a) < static_cast<S>(b))  \
  BINARY(p##_lt_u, U, u32, a < b)                                  \
  BINARY(p##_gt_s, U, u32, static_cast<S>(a) > static_cast<S>(b))  \
  BINARY(p##_gt_u, U, u32, a > b)                                  \
  BINARY(p##_le_s, U, u32, static_cast<S>(a) <= static_cast<S>(b)) \
  BINARY(p##_le_u, U, u32, a <= b)                                 \
  BINARY(p##_ge_s, U, u32, static_cast<S>(a) >= static_cast<S>(b)) \
  BINARY(p##_ge_u, U, u32, a >= b)                                 \
  UNARY(p##_clz, U, U, __builtin_clzg(a, n))                       \
  UNARY(p##_ctz, U, U, __builtin_ctzg(a, n))                       \
  UNARY(p##_popcnt, U, U, __builtin_popcountg(a))                  \
  BINARY(p##_add, U, U, a + b)                                     \
  BINARY(p##_sub, U, U, a - b)                                     \
  BINARY(p##_mul, U, U, a* b)                                      \
  TRAPPING(p##_div_s, U, div_s<S>)                                 \
  TRAPPING(p##_div_u, U, div_u)                                    \
  TRAPPING(p##_rem_s, U, rem_s<S>)                                 \
  TRAPPING(p##_rem_u, U, rem_u)                                    \
  BINARY(p##_and, U, U, a& b)                                      \
  BINARY(p##_or, U, U, a | b)                                      \
  BINARY(p##_xor, U, U, a ^ b)                                     \
  BINARY(p##_shl, U, U, a << (b & (n - 1)))                        \
  BINARY(p##_shr_s, U, U, static_cast<S>(a) >> (b & (n - 1)))      \
  BINARY(p##_shr_u, U, U, a >> (b & (n - 1)))                      \
  BINARY(p##_rotl, U, U, detail::rotate_left(a, b))                \
  BINARY(p##_rotr, U, U, detail::rotate_left(a, U{0} - b))         \
  UNARY(p##_extend8_s, U, U, static_cast<S>(static_cast<i8>(a)))   \
  UNARY(p##_extend16_s, U, U, static_cast<S>(static_cast<i16>(a)))

INT_OPS(i32, u32, i32, 32)
INT_OPS(i64, u64, i64, 64)

UNARY(i64_extend32_s, u64, u64, static_cast<i64>(static_cast<i32>(a)))
UNARY(i32_wrap_i64, u64, u32, a)
UNARY(i64_extend_i32_s, u32, u64, static_cast<i64>(static_cast<i32>(a)))
UNARY(i64_extend_i32_u, u32, u64, a)

#undef INT_OPS
#undef TRAPPING
#undef BINARY
#undef UNARY

namespace detail {
using U128 = unsigned __int128;
DEWAR_SEM U128 join(u64 lo, u64 hi) noexcept { return U128{hi} << 64 | lo; }
DEWAR_SEM Wide split(U128 v) noexcept { return {static_cast<u64>(v), static_cast<u64>(v >> 64)}; }
}  // namespace detail

/// Operands: low and high half of the left number, then of the right one.
DEWAR_SEM Wide i64_add128(u64 a_lo, u64 a_hi, u64 b_lo, u64 b_hi) noexcept {
  return detail::split(detail::join(a_lo, a_hi) + detail::join(b_lo, b_hi));
}
DEWAR_SEM Wide i64_sub128(u64 a_lo, u64 a_hi, u64 b_lo, u64 b_hi) noexcept {
  return detail::split(detail::join(a_lo, a_hi) - detail::join(b_lo, b_hi));
}
DEWAR_SEM Wide i64_mul_wide_s(u64 a, u64 b) noexcept {
  const __int128 product = static_cast<__int128>(static_cast<i64>(a)) * static_cast<i64>(b);
  return detail::split(static_cast<detail::U128>(product));
}
DEWAR_SEM Wide i64_mul_wide_u(u64 a, u64 b) noexcept { return detail::split(detail::U128{a} * b); }

}  // namespace dewar::exec::sem
