// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// f32x4 and f64x2 operations (conversions: semantics_simd_convert.h).
// Invariant: lane by lane the same bits as the scalar operation (design D10); pmin and pmax select an operand and never
// alter its bits.
// Spec: 4.3.3 Floating-Point Operations, lanewise as in 4.6.3 Vector Instructions.
#pragma once

#include "exec/semantics_float.h"

namespace dewar::exec::sem {

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

#define FLOAT_OPS(p, V)                      \
  BINARY(p##_eq, V, a == b)                  \
  BINARY(p##_ne, V, a != b)                  \
  BINARY(p##_lt, V, a < b)                   \
  BINARY(p##_gt, V, a > b)                   \
  BINARY(p##_le, V, a <= b)                  \
  BINARY(p##_ge, V, a >= b)                  \
  UNARY(p##_abs, V, detail::fabs(a))         \
  UNARY(p##_neg, V, detail::fneg(a))         \
  UNARY(p##_ceil, V, detail::fceil(a))       \
  UNARY(p##_floor, V, detail::ffloor(a))     \
  UNARY(p##_trunc, V, detail::ftrunc(a))     \
  UNARY(p##_nearest, V, detail::fnearest(a)) \
  UNARY(p##_sqrt, V, detail::fsqrt(a))       \
  BINARY(p##_add, V, detail::fadd(a, b))     \
  BINARY(p##_sub, V, detail::fsub(a, b))     \
  BINARY(p##_mul, V, detail::fmul(a, b))     \
  BINARY(p##_div, V, detail::fdiv(a, b))     \
  BINARY(p##_min, V, detail::fmin(a, b))     \
  BINARY(p##_max, V, detail::fmax(a, b))     \
  BINARY(p##_pmin, V, b < a ? b : a)         \
  BINARY(p##_pmax, V, a < b ? b : a)

FLOAT_OPS(f32x4, F32x4)
FLOAT_OPS(f64x2, F64x2)

#undef FLOAT_OPS
#undef BINARY
#undef UNARY

}  // namespace dewar::exec::sem
