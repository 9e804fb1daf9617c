// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all semantics_*.h share: the calling shape of an operation, numeric traps, and the views of a V128 as lanes.
// Invariant: every function here and in the other semantics headers is pure, total (no undefined behaviour for any
// operand bits) and gives the same bits on every machine and at every optimisation level.
// Relies on: IEEE 754 binary32/binary64, the default floating-point environment (round to nearest even, no flush to
// zero), little endian, and clang's vector extensions. Spec: 4.3 Numerics.
#pragma once

#include "base/types.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "lane 0 of a V128 must be in its lowest bytes");
static_assert(__FLT_EVAL_METHOD__ == 0, "excess precision would change results");
#if defined(__FAST_MATH__) || __FINITE_MATH_ONLY__
#error "the semantics headers need strict IEEE arithmetic"
#endif

/// Starts the definition of an operation. Inlined even without optimisation: an interpreter handler must not turn into
/// a call. Every operation is also `noexcept`, which is part of the function type that users deduce.
#define DEWAR_SEM [[gnu::always_inline]] inline constexpr

namespace dewar::exec::sem {

/// Why a numeric operation trapped; the caller maps it to its own trap kind.
enum class NumTrap : u8 { none, divide_by_zero, integer_overflow, invalid_conversion };

/// Result pair of the wide arithmetic operations: `lo` is pushed first.
struct Wide {
  u64 lo;
  u64 hi;
  friend constexpr bool operator==(const Wide&, const Wide&) = default;
};

namespace detail {

template <class T, u32 kLanes>
struct VecOf {
  typedef T type __attribute__((vector_size(sizeof(T) * kLanes)));
};
template <class T, u32 kLanes>
using Vec = typename VecOf<T, kLanes>::type;

using U8x16 = Vec<u8, 16>;
using I8x16 = Vec<i8, 16>;
using U16x8 = Vec<u16, 8>;
using I16x8 = Vec<i16, 8>;
using U32x4 = Vec<u32, 4>;
using I32x4 = Vec<i32, 4>;
using U64x2 = Vec<u64, 2>;
using I64x2 = Vec<i64, 2>;
using F32x4 = Vec<f32, 4>;
using F64x2 = Vec<f64, 2>;

/// Views the bits of one value as another type of the same size.
template <class To, class From>
DEWAR_SEM To bits(From v) noexcept {
  return __builtin_bit_cast(To, v);
}

/// A vector of any shape as a V128.
template <class V>
DEWAR_SEM V128 pack(V v) noexcept {
  return __builtin_bit_cast(V128, v);
}

/// All lanes of the integer vector V set to `x`.
template <class V, class T>
DEWAR_SEM V splat(T x) noexcept {
  return V{} + x;
}

/// The 8-byte halves of a V128 as vectors of half the lanes.
template <class T>
DEWAR_SEM Vec<T, 8 / sizeof(T)> low_half(V128 v) noexcept {
  return bits<Vec<T, 8 / sizeof(T)>>(v.lo);
}
template <class T>
DEWAR_SEM Vec<T, 8 / sizeof(T)> high_half(V128 v) noexcept {
  return bits<Vec<T, 8 / sizeof(T)>>(v.hi);
}

}  // namespace detail
}  // namespace dewar::exec::sem
