// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Integer and bitwise operations on V128: one X-macro per set of shapes that share operations.
// Invariant: lanes wrap (arithmetic is on unsigned lanes) unless the name says sat; a comparison gives all ones or all
// zeros per lane; shift counts are taken modulo the lane width.
// Spec: 4.3.2 Integer Operations, lanewise as in 4.6.3 Vector Instructions.
#pragma once

#include "exec/semantics_base.h"

namespace dewar::exec::sem {
namespace detail {

using U16x16 = Vec<u16, 16>;
using U32x8 = Vec<u32, 8>;

/// (a + b + 1) / 2, computed in the lanes of W, which have room for the carry.
template <class W, class V>
DEWAR_SEM V average(V a, V b) noexcept {
  return __builtin_convertvector((__builtin_convertvector(a, W) + __builtin_convertvector(b, W) + 1) >> 1, V);
}
/// The sign bit of every lane, lane 0 lowest.
template <class Result, class V>
DEWAR_SEM u32 sign_bits(V a) noexcept {
  typedef bool Mask __attribute__((ext_vector_type(8 * sizeof(Result))));
  return bits<Result>(__builtin_convertvector(a < 0, Mask));
}

}  // namespace detail

#define UNARY(name, V, expr)                        \
  DEWAR_SEM V128 name(V128 a_bits) noexcept {       \
    const auto a = detail::bits<detail::V>(a_bits); \
    return detail::pack(expr);                      \
  }
#define BINARY(name, V, expr)                              \
  DEWAR_SEM V128 name(V128 a_bits, V128 b_bits) noexcept { \
    const auto a = detail::bits<detail::V>(a_bits);        \
    const auto b = detail::bits<detail::V>(b_bits);        \
    return detail::pack(expr);                             \
  }
#define SHIFT(name, V, T, expr)                                                           \
  DEWAR_SEM V128 name(V128 a_bits, u32 count) noexcept {                                  \
    const auto a = detail::bits<detail::V>(a_bits);                                       \
    const auto n = detail::splat<detail::V>(static_cast<T>(count & (8 * sizeof(T) - 1))); \
    return detail::pack(expr);                                                            \
  }

// p = name prefix, UV/SV = unsigned and signed vector, U/S = unsigned and signed lane

// In every shape.
#define COMMON_OPS(p, UV, SV, U, S)                \
  BINARY(p##_eq, UV, a == b)                       \
  BINARY(p##_ne, UV, a != b)                       \
  BINARY(p##_lt_s, SV, a < b)                      \
  BINARY(p##_gt_s, SV, a > b)                      \
  BINARY(p##_le_s, SV, a <= b)                     \
  BINARY(p##_ge_s, SV, a >= b)                     \
  UNARY(p##_abs, SV, __builtin_elementwise_abs(a)) \
  UNARY(p##_neg, UV, detail::UV{} - a)             \
  BINARY(p##_add, UV, a + b)                       \
  BINARY(p##_sub, UV, a - b)                       \
  SHIFT(p##_shl, UV, U, a << n)                    \
  SHIFT(p##_shr_s, SV, S, a >> n)                  \
  SHIFT(p##_shr_u, UV, U, a >> n)                  \
  DEWAR_SEM u32 p##_all_true(V128 a) noexcept { return __builtin_reduce_and(detail::bits<detail::UV>(a) != 0) != 0; }

// In all but i64x2.
#define NARROW_OPS(p, UV, SV)                            \
  BINARY(p##_lt_u, UV, a < b)                            \
  BINARY(p##_gt_u, UV, a > b)                            \
  BINARY(p##_le_u, UV, a <= b)                           \
  BINARY(p##_ge_u, UV, a >= b)                           \
  BINARY(p##_min_s, SV, __builtin_elementwise_min(a, b)) \
  BINARY(p##_min_u, UV, __builtin_elementwise_min(a, b)) \
  BINARY(p##_max_s, SV, __builtin_elementwise_max(a, b)) \
  BINARY(p##_max_u, UV, __builtin_elementwise_max(a, b))

// In i8x16 and i16x8.
#define SATURATING_OPS(p, UV, SV, W)                             \
  BINARY(p##_add_sat_s, SV, __builtin_elementwise_add_sat(a, b)) \
  BINARY(p##_add_sat_u, UV, __builtin_elementwise_add_sat(a, b)) \
  BINARY(p##_sub_sat_s, SV, __builtin_elementwise_sub_sat(a, b)) \
  BINARY(p##_sub_sat_u, UV, __builtin_elementwise_sub_sat(a, b)) \
  BINARY(p##_avgr_u, UV, detail::average<detail::W>(a, b))

// In all but i8x16.
#define MULTIPLY(p, UV) BINARY(p##_mul, UV, a* b)

COMMON_OPS(i8x16, U8x16, I8x16, u8, i8)
COMMON_OPS(i16x8, U16x8, I16x8, u16, i16)
COMMON_OPS(i32x4, U32x4, I32x4, u32, i32)
COMMON_OPS(i64x2, U64x2, I64x2, u64, i64)
NARROW_OPS(i8x16, U8x16, I8x16)
NARROW_OPS(i16x8, U16x8, I16x8)
NARROW_OPS(i32x4, U32x4, I32x4)
SATURATING_OPS(i8x16, U8x16, I8x16, U16x16)
SATURATING_OPS(i16x8, U16x8, I16x8, U32x8)
MULTIPLY(i16x8, U16x8)
MULTIPLY(i32x4, U32x4)
MULTIPLY(i64x2, U64x2)
UNARY(i8x16_popcnt, U8x16, __builtin_elementwise_popcount(a))

DEWAR_SEM u32 i8x16_bitmask(V128 a) noexcept { return detail::sign_bits<u16>(detail::bits<detail::I8x16>(a)); }
DEWAR_SEM u32 i16x8_bitmask(V128 a) noexcept { return detail::sign_bits<u8>(detail::bits<detail::I16x8>(a)); }
DEWAR_SEM u32 i32x4_bitmask(V128 a) noexcept {
  return static_cast<u32>((a.lo >> 31 & 1) | (a.lo >> 62 & 2) | (a.hi >> 29 & 4) | (a.hi >> 60 & 8));
}
DEWAR_SEM u32 i64x2_bitmask(V128 a) noexcept { return static_cast<u32>(a.lo >> 63 | (a.hi >> 62 & 2)); }

// Bitwise operations have no shape.
DEWAR_SEM V128 v128_not(V128 a) noexcept { return {~a.lo, ~a.hi}; }
DEWAR_SEM V128 v128_and(V128 a, V128 b) noexcept { return {a.lo & b.lo, a.hi & b.hi}; }
DEWAR_SEM V128 v128_andnot(V128 a, V128 b) noexcept { return {a.lo & ~b.lo, a.hi & ~b.hi}; }
DEWAR_SEM V128 v128_or(V128 a, V128 b) noexcept { return {a.lo | b.lo, a.hi | b.hi}; }
DEWAR_SEM V128 v128_xor(V128 a, V128 b) noexcept { return {a.lo ^ b.lo, a.hi ^ b.hi}; }
DEWAR_SEM V128 v128_bitselect(V128 a, V128 b, V128 mask) noexcept {
  return {(a.lo & mask.lo) | (b.lo & ~mask.lo), (a.hi & mask.hi) | (b.hi & ~mask.hi)};
}
DEWAR_SEM u32 v128_any_true(V128 a) noexcept { return (a.lo | a.hi) != 0; }

#undef MULTIPLY
#undef SATURATING_OPS
#undef NARROW_OPS
#undef COMMON_OPS
#undef SHIFT
#undef BINARY
#undef UNARY

}  // namespace dewar::exec::sem
