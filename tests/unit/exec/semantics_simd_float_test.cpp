// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// f32x4 and f64x2 operations and their conversions: lane by lane the bits of the scalar operation, which has its own
// tests; pmin and pmax, which have no scalar counterpart, against their definition.
#include "exec/semantics.h"
#include "unit/exec/semantics_float_reference.h"

namespace dewar::exec::test {
namespace {

// A comparison's lane has all bits set or none, as an integer lane of the same width.
template <class F>
auto compare(u32 (*scalar)(F, F) noexcept) {
  return [=](F a, F b) { return scalar(a, b) != 0 ? ~typename Format<F>::Bits{0} : typename Format<F>::Bits{0}; };
}

// pmin(a, b) = b < a ? b : a, and pmax(a, b) = a < b ? b : a: the operand itself, bit for bit.
template <class F>
void check_selection(V128 (*pmin)(V128, V128) noexcept, V128 (*pmax)(V128, V128) noexcept, u32 (*less)(F, F) noexcept) {
  check_binary<F>(pmin, [=](F a, F b) { return less(b, a) != 0 ? b : a; });
  check_binary<F>(pmax, [=](F a, F b) { return less(a, b) != 0 ? b : a; });
}

#define SAME_AS_SCALAR(shape, scalar, F)                                        \
  TEST(SemanticsSimdFloat, shape) {                                             \
    using Mask = Format<F>::Bits;                                               \
    check_binary<F, Mask>(sem::shape##_eq, compare<F>(sem::scalar##_eq));       \
    check_binary<F, Mask>(sem::shape##_ne, compare<F>(sem::scalar##_ne));       \
    check_binary<F, Mask>(sem::shape##_lt, compare<F>(sem::scalar##_lt));       \
    check_binary<F, Mask>(sem::shape##_gt, compare<F>(sem::scalar##_gt));       \
    check_binary<F, Mask>(sem::shape##_le, compare<F>(sem::scalar##_le));       \
    check_binary<F, Mask>(sem::shape##_ge, compare<F>(sem::scalar##_ge));       \
    check_unary<F>(sem::shape##_abs, sem::scalar##_abs);                        \
    check_unary<F>(sem::shape##_neg, sem::scalar##_neg);                        \
    check_unary<F>(sem::shape##_ceil, sem::scalar##_ceil);                      \
    check_unary<F>(sem::shape##_floor, sem::scalar##_floor);                    \
    check_unary<F>(sem::shape##_trunc, sem::scalar##_trunc);                    \
    check_unary<F>(sem::shape##_nearest, sem::scalar##_nearest);                \
    check_unary<F>(sem::shape##_sqrt, sem::scalar##_sqrt);                      \
    check_binary<F>(sem::shape##_add, sem::scalar##_add);                       \
    check_binary<F>(sem::shape##_sub, sem::scalar##_sub);                       \
    check_binary<F>(sem::shape##_mul, sem::scalar##_mul);                       \
    check_binary<F>(sem::shape##_div, sem::scalar##_div);                       \
    check_binary<F>(sem::shape##_min, sem::scalar##_min);                       \
    check_binary<F>(sem::shape##_max, sem::scalar##_max);                       \
    check_selection<F>(sem::shape##_pmin, sem::shape##_pmax, sem::scalar##_lt); \
  }
SAME_AS_SCALAR(f32x4, f32, f32)
SAME_AS_SCALAR(f64x2, f64, f64)

TEST(SemanticsSimdFloat, SelectionKeepsPayloadsAndSignsOfZero) {
  const V128 nan = sem::i32x4_splat(0xff800001), zero = sem::i32x4_splat(0), minus_zero = sem::i32x4_splat(0x80000000);
  EXPECT_EQ(sem::f32x4_pmin(nan, zero), nan);
  EXPECT_EQ(sem::f32x4_pmax(nan, zero), nan);
  EXPECT_EQ(sem::f32x4_pmin(zero, nan), zero);
  EXPECT_EQ(sem::f32x4_pmin(zero, minus_zero), zero);
  EXPECT_EQ(sem::f32x4_pmax(minus_zero, zero), minus_zero);
}

TEST(SemanticsSimdFloat, FourLaneConversions) {
  check_unary<f32, u32>(sem::i32x4_trunc_sat_f32x4_s, sem::i32_trunc_sat_f32_s);
  check_unary<f32, u32>(sem::i32x4_trunc_sat_f32x4_u, sem::i32_trunc_sat_f32_u);
  check_unary<u32, f32>(sem::f32x4_convert_i32x4_s, sem::f32_convert_i32_s);
  check_unary<u32, f32>(sem::f32x4_convert_i32x4_u, sem::f32_convert_i32_u);
}

// Two lanes T of the operand (the lower ones) give two lanes R; the rest of the result is zero.
template <class T, class R, class Scalar>
void check_two_lanes(V128 (*actual)(V128) noexcept, Scalar scalar) {
  Random random(5);
  for (int i = 0; i < kRounds / 5; i++) {
    V128 a = operand<V128>(random);
    if (i % 2 == 0)
      a = vector_of<T>([&] {
        Lanes<T> lanes;
        for (T& lane : lanes) lane = operand<T>(random);
        return lanes;
      }());
    Lanes<R> want{};
    for (usize k = 0; k < 2; k++) want[k] = scalar(lanes_of<T>(a)[k]);
    ASSERT_EQ(actual(a), vector_of<R>(want)) << print(a);
  }
}

TEST(SemanticsSimdFloat, TwoLaneConversions) {
  check_two_lanes<f64, u32>(sem::i32x4_trunc_sat_f64x2_s_zero, sem::i32_trunc_sat_f64_s);
  check_two_lanes<f64, u32>(sem::i32x4_trunc_sat_f64x2_u_zero, sem::i32_trunc_sat_f64_u);
  check_two_lanes<f64, f32>(sem::f32x4_demote_f64x2_zero, sem::f32_demote_f64);
  check_two_lanes<f32, f64>(sem::f64x2_promote_low_f32x4, sem::f64_promote_f32);
  check_two_lanes<u32, f64>(sem::f64x2_convert_low_i32x4_s, sem::f64_convert_i32_s);
  check_two_lanes<u32, f64>(sem::f64x2_convert_low_i32x4_u, sem::f64_convert_i32_u);
}

TEST(SemanticsSimdFloat, TruncationEdges) {
  for (u32 sign : {0u, 0x80000000u}) {
    for (u32 bits : kEdges32) {
      const f32 x = std::bit_cast<f32>(bits | sign);
      const V128 v = sem::f32x4_splat(x);
      EXPECT_EQ(sem::i32x4_trunc_sat_f32x4_s(v), sem::i32x4_splat(sem::i32_trunc_sat_f32_s(x)));
      EXPECT_EQ(sem::i32x4_trunc_sat_f32x4_u(v), sem::i32x4_splat(sem::i32_trunc_sat_f32_u(x)));
    }
    for (u64 bits : kEdges64) {
      const f64 x = std::bit_cast<f64>(bits | u64{sign} << 32);
      const V128 v = sem::f64x2_splat(x);
      EXPECT_EQ(sem::i32x4_trunc_sat_f64x2_s_zero(v).lo, sem::i32x4_splat(sem::i32_trunc_sat_f64_s(x)).lo);
      EXPECT_EQ(sem::i32x4_trunc_sat_f64x2_u_zero(v).lo, sem::i32x4_splat(sem::i32_trunc_sat_f64_u(x)).lo);
    }
  }
}

}  // namespace
}  // namespace dewar::exec::test
