// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Scalar floating-point operations, and the templates that the f32x4 and f64x2 operations are made from as well.
// Invariant (design D10): an arithmetic operation whose result is a NaN gives the positive canonical NaN; abs, neg and
// copysign are bit operations and change nothing but the sign bit, also of a signalling NaN.
// Spec: 4.3.3 Floating-Point Operations, in the deterministic profile.
#pragma once

#include "exec/semantics_base.h"

namespace dewar::exec::sem {
namespace detail {

// The integers behind a float type or vector, and two masks of one lane.
template <class T>
struct FloatBits;
template <>
struct FloatBits<f32> {
  using Type = u32;
  static constexpr u32 kNan = 0x7fc00000u;
  static constexpr u32 kSign = 0x80000000u;
};
template <>
struct FloatBits<f64> {
  using Type = u64;
  static constexpr u64 kNan = 0x7ff8000000000000u;
  static constexpr u64 kSign = 0x8000000000000000u;
};
template <>
struct FloatBits<F32x4> : FloatBits<f32> {
  using Type = U32x4;
};
template <>
struct FloatBits<F64x2> : FloatBits<f64> {
  using Type = U64x2;
};
template <class T>
using BitsOf = typename FloatBits<T>::Type;
template <class T>
inline constexpr bool kIsScalar = sizeof(T) < 16;

// Everything below works on a scalar and, lane by lane, on a vector: comparison and ?: are lanewise there.

template <class T>
DEWAR_SEM BitsOf<T> sign_mask() noexcept {
  return BitsOf<T>{} + FloatBits<T>::kSign;
}

/// `r` where `ordered` holds, else the canonical NaN. A branch for scalars, because NaNs are rare and a blend would
/// lengthen every dependency chain.
template <class T, class Cond>
DEWAR_SEM T canonical_unless(Cond ordered, T r) noexcept {
  const T nan = bits<T>(BitsOf<T>{} + FloatBits<T>::kNan);
  if constexpr (kIsScalar<T>) {
    if (DEWAR_LIKELY(ordered)) return r;
    return nan;
  } else {
    return ordered ? r : nan;
  }
}
template <class T>
DEWAR_SEM T canonical(T r) noexcept {
  return canonical_unless(r == r, r);
}

// A product that feeds a sum must stay rounded: machines with and without fused multiply-add have to agree.
template <class T>
DEWAR_SEM T fadd(T a, T b) noexcept {
#pragma clang fp contract(off)
  return canonical(a + b);
}
template <class T>
DEWAR_SEM T fsub(T a, T b) noexcept {
#pragma clang fp contract(off)
  return canonical(a - b);
}
template <class T>
DEWAR_SEM T fmul(T a, T b) noexcept {
#pragma clang fp contract(off)
  return canonical(a * b);
}
template <class T>
DEWAR_SEM T fdiv(T a, T b) noexcept {
  return canonical(a / b);
}
/// `v`, of which the compiler no longer knows how it came about.
template <class T>
DEWAR_SEM T opaque(T v) noexcept {
#if defined(__x86_64__)
  asm("" : "+x"(v));
#elif defined(__aarch64__)
  asm("" : "+w"(v));
#else
  asm("" : "+m"(v));
#endif
  return v;
}
// LLVM (22) takes "x < 0 ? NaN : sqrt(x)" for sqrt(x) whatever the NaN, and x86 gives a negative one.
template <class T>
DEWAR_SEM T fsqrt(T a) noexcept {
  return canonical(opaque(__builtin_elementwise_sqrt(a)));
}
template <class T>
DEWAR_SEM T fceil(T a) noexcept {
  return canonical(__builtin_elementwise_ceil(a));
}
template <class T>
DEWAR_SEM T ffloor(T a) noexcept {
  return canonical(__builtin_elementwise_floor(a));
}
template <class T>
DEWAR_SEM T ftrunc(T a) noexcept {
  return canonical(__builtin_elementwise_trunc(a));
}
template <class T>
DEWAR_SEM T fnearest(T a) noexcept {
  return canonical(__builtin_elementwise_roundeven(a));
}

// The two selections are the same value unless the operands compare equal; then they are the two operands, and joining
// their bits decides between zeros of different sign: or gives -0, and gives +0.
template <class T>
DEWAR_SEM T fmin(T a, T b) noexcept {
  const T left = a < b ? a : b;
  const T right = b < a ? b : a;
  return canonical_unless((a == a) & (b == b), bits<T>(bits<BitsOf<T>>(left) | bits<BitsOf<T>>(right)));
}
template <class T>
DEWAR_SEM T fmax(T a, T b) noexcept {
  const T left = a > b ? a : b;
  const T right = b > a ? b : a;
  return canonical_unless((a == a) & (b == b), bits<T>(bits<BitsOf<T>>(left) & bits<BitsOf<T>>(right)));
}

template <class T>
DEWAR_SEM T fabs(T a) noexcept {
  return bits<T>(bits<BitsOf<T>>(a) & ~sign_mask<T>());
}
template <class T>
DEWAR_SEM T fneg(T a) noexcept {
  return bits<T>(bits<BitsOf<T>>(a) ^ sign_mask<T>());
}
template <class T>
DEWAR_SEM T fcopysign(T a, T b) noexcept {
  return bits<T>((bits<BitsOf<T>>(a) & ~sign_mask<T>()) | (bits<BitsOf<T>>(b) & sign_mask<T>()));
}

}  // namespace detail

#define COMPARE(name, T, op) \
  DEWAR_SEM u32 name(T a, T b) noexcept { return a op b; }
#define UNARY(name, T, fn) \
  DEWAR_SEM T name(T a) noexcept { return detail::fn(a); }
#define BINARY(name, T, fn) \
  DEWAR_SEM T name(T a, T b) noexcept { return detail::fn(a, b); }

#define FLOAT_OPS(p, T)           \
  COMPARE(p##_eq, T, ==)          \
  COMPARE(p##_ne, T, !=)          \
  COMPARE(p##_lt, T, <)           \
  COMPARE(p##_gt, T, >)           \
  COMPARE(p##_le, T, <=)          \
  COMPARE(p##_ge, T, >=)          \
  UNARY(p##_abs, T, fabs)         \
  UNARY(p##_neg, T, fneg)         \
  UNARY(p##_ceil, T, fceil)       \
  UNARY(p##_floor, T, ffloor)     \
  UNARY(p##_trunc, T, ftrunc)     \
  UNARY(p##_nearest, T, fnearest) \
  UNARY(p##_sqrt, T, fsqrt)       \
  BINARY(p##_add, T, fadd)        \
  BINARY(p##_sub, T, fsub)        \
  BINARY(p##_mul, T, fmul)        \
  BINARY(p##_div, T, fdiv)        \
  BINARY(p##_min, T, fmin)        \
  BINARY(p##_max, T, fmax)        \
  BINARY(p##_copysign, T, fcopysign)

FLOAT_OPS(f32, f32)
FLOAT_OPS(f64, f64)

#undef FLOAT_OPS
#undef BINARY
#undef UNARY
#undef COMPARE

}  // namespace dewar::exec::sem
