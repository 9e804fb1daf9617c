// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Relaxed SIMD with every choice fixed, so that a run gives the same bits on every machine (docs/determinism.md).
// Invariant: each operation does what the spec's deterministic profile says, which is the non-relaxed counterpart
// wherever there is one.
// Spec: 4.3.5 Relaxed Operations.
#pragma once

#include "exec/semantics_simd_convert.h"
#include "exec/semantics_simd_float.h"
#include "exec/semantics_simd_int.h"
#include "exec/semantics_simd_lane.h"
#include "exec/semantics_simd_widen.h"

namespace dewar::exec::sem {

#define SAME_1(name, as) \
  DEWAR_SEM V128 name(V128 a) noexcept { return as(a); }
#define SAME_2(name, as) \
  DEWAR_SEM V128 name(V128 a, V128 b) noexcept { return as(a, b); }
#define SAME_3(name, as) \
  DEWAR_SEM V128 name(V128 a, V128 b, V128 c) noexcept { return as(a, b, c); }

SAME_2(i8x16_relaxed_swizzle, i8x16_swizzle)
SAME_1(i32x4_relaxed_trunc_f32x4_s, i32x4_trunc_sat_f32x4_s)
SAME_1(i32x4_relaxed_trunc_f32x4_u, i32x4_trunc_sat_f32x4_u)
SAME_1(i32x4_relaxed_trunc_f64x2_s_zero, i32x4_trunc_sat_f64x2_s_zero)
SAME_1(i32x4_relaxed_trunc_f64x2_u_zero, i32x4_trunc_sat_f64x2_u_zero)
SAME_3(i8x16_relaxed_laneselect, v128_bitselect)
SAME_3(i16x8_relaxed_laneselect, v128_bitselect)
SAME_3(i32x4_relaxed_laneselect, v128_bitselect)
SAME_3(i64x2_relaxed_laneselect, v128_bitselect)
SAME_2(f32x4_relaxed_min, f32x4_min)
SAME_2(f32x4_relaxed_max, f32x4_max)
SAME_2(f64x2_relaxed_min, f64x2_min)
SAME_2(f64x2_relaxed_max, f64x2_max)
SAME_2(i16x8_relaxed_q15mulr_s, i16x8_q15mulr_sat_s)

#undef SAME_3
#undef SAME_2
#undef SAME_1

// Product and sum are rounded separately. A fused result would need a software routine on machines without the
// instruction.
DEWAR_SEM V128 f32x4_relaxed_madd(V128 a, V128 b, V128 c) noexcept { return f32x4_add(f32x4_mul(a, b), c); }
DEWAR_SEM V128 f32x4_relaxed_nmadd(V128 a, V128 b, V128 c) noexcept { return f32x4_relaxed_madd(f32x4_neg(a), b, c); }
DEWAR_SEM V128 f64x2_relaxed_madd(V128 a, V128 b, V128 c) noexcept { return f64x2_add(f64x2_mul(a, b), c); }
DEWAR_SEM V128 f64x2_relaxed_nmadd(V128 a, V128 b, V128 c) noexcept { return f64x2_relaxed_madd(f64x2_neg(a), b, c); }

/// Both operands signed; the sum of two products saturates (only -128 * -128 twice reaches 2^15).
DEWAR_SEM V128 i16x8_relaxed_dot_i8x16_i7x16_s(V128 a_bits, V128 b_bits) noexcept {
  using namespace detail;
  const auto a = bits<I8x16>(a_bits);
  const auto b = bits<I8x16>(b_bits);
  const I16x8 even = even_lanes<I16x8>(a) * even_lanes<I16x8>(b);
  const I16x8 odd = odd_lanes<I16x8>(a) * odd_lanes<I16x8>(b);
  return pack(__builtin_elementwise_add_sat(even, odd));
}
/// The same, then added in pairs to `c`.
DEWAR_SEM V128 i32x4_relaxed_dot_i8x16_i7x16_add_s(V128 a, V128 b, V128 c) noexcept {
  return i32x4_add(i32x4_extadd_pairwise_i16x8_s(i16x8_relaxed_dot_i8x16_i7x16_s(a, b)), c);
}

}  // namespace dewar::exec::sem
