// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Relaxed SIMD: every operation makes the choice that docs/determinism.md promises, on operands where the allowed
// choices differ, and agrees with its definition on random ones.
#include "exec/semantics.h"
#include "unit/exec/semantics_float_reference.h"

namespace dewar::exec::test {
namespace {

TEST(SemanticsRelaxed, SwizzleGivesZeroForEveryLargeIndex) {
  const V128 a = sem::i8x16_splat(0x77);
  for (u32 index = 0; index < 256; index++) {
    EXPECT_EQ(sem::i8x16_relaxed_swizzle(a, sem::i8x16_splat(index)), index < 16 ? a : V128{});
  }
}

TEST(SemanticsRelaxed, TruncationSaturates) {
  const V128 big = sem::f32x4_splat(0x1p40f), small = sem::f32x4_splat(-0x1p40f), nan = sem::i32x4_splat(0x7fc00000);
  EXPECT_EQ(sem::i32x4_relaxed_trunc_f32x4_s(big), sem::i32x4_splat(0x7fffffff));
  EXPECT_EQ(sem::i32x4_relaxed_trunc_f32x4_s(small), sem::i32x4_splat(0x80000000));
  EXPECT_EQ(sem::i32x4_relaxed_trunc_f32x4_s(nan), V128{});
  EXPECT_EQ(sem::i32x4_relaxed_trunc_f32x4_u(big), sem::i32x4_splat(0xffffffff));
  EXPECT_EQ(sem::i32x4_relaxed_trunc_f32x4_u(small), V128{});
  EXPECT_EQ(sem::i32x4_relaxed_trunc_f32x4_u(nan), V128{});
  const V128 big64 = sem::f64x2_splat(0x1p40), nan64 = sem::i64x2_splat(kNan64);
  EXPECT_EQ(sem::i32x4_relaxed_trunc_f64x2_s_zero(big64), (V128{0x7fffffff7fffffff, 0}));
  EXPECT_EQ(sem::i32x4_relaxed_trunc_f64x2_u_zero(big64), (V128{0xffffffffffffffff, 0}));
  EXPECT_EQ(sem::i32x4_relaxed_trunc_f64x2_s_zero(nan64), V128{});
  EXPECT_EQ(sem::i32x4_relaxed_trunc_f64x2_u_zero(nan64), V128{});
}

TEST(SemanticsRelaxed, MultiplyAddRoundsTwice) {
  // The product is 1 + 2^-15 + 2^-22 + 2^-37; the last term survives only a fused operation.
  const V128 x = sem::f32x4_splat(0x1.000004p+0f), y = sem::f32x4_splat(0x1.0002p+0f);
  const V128 z = sem::f32x4_splat(-0x1.000204p+0f);
  EXPECT_EQ(sem::f32x4_relaxed_madd(x, y, z), V128{});
  EXPECT_EQ(sem::f32x4_relaxed_nmadd(sem::f32x4_neg(x), y, z), V128{});
  const V128 x64 = sem::f64x2_splat(0x1.00000004p+0), y64 = sem::f64x2_splat(0x1.000002p+0);
  const V128 z64 = sem::f64x2_splat(-0x1.00000204p+0);
  EXPECT_EQ(sem::f64x2_relaxed_madd(x64, y64, z64), V128{});
  EXPECT_EQ(sem::f64x2_relaxed_nmadd(sem::f64x2_neg(x64), y64, z64), V128{});
  // The product overflows before the sum could bring it back.
  const V128 max = sem::f32x4_splat(0x1.fffffep+127f);
  EXPECT_EQ(sem::f32x4_relaxed_madd(max, sem::f32x4_splat(2), sem::f32x4_neg(max)),
            sem::f32x4_splat(std::numeric_limits<f32>::infinity()));
}

template <class F, class Madd>
void check_madd(Madd madd, Madd nmadd, F (*mul)(F, F) noexcept, F (*add)(F, F) noexcept) {
  Random random(1);
  for (int i = 0; i < kRounds / 5; i++) {
    Lanes<F> a, b, c, want, want_negated;
    for (usize k = 0; k < a.size(); k++) {
      a[k] = operand<F>(random);
      b[k] = operand<F>(random);
      c[k] = operand<F>(random);
      want[k] = add(mul(a[k], b[k]), c[k]);
      want_negated[k] = add(mul(-a[k], b[k]), c[k]);
    }
    ASSERT_EQ(madd(vector_of<F>(a), vector_of<F>(b), vector_of<F>(c)), vector_of<F>(want));
    ASSERT_EQ(nmadd(vector_of<F>(a), vector_of<F>(b), vector_of<F>(c)), vector_of<F>(want_negated));
  }
}
TEST(SemanticsRelaxed, MultiplyAddIsMultiplyThenAdd) {
  check_madd<f32>(sem::f32x4_relaxed_madd, sem::f32x4_relaxed_nmadd, sem::f32_mul, sem::f32_add);
  check_madd<f64>(sem::f64x2_relaxed_madd, sem::f64x2_relaxed_nmadd, sem::f64_mul, sem::f64_add);
}

TEST(SemanticsRelaxed, LaneSelectIsBitwise) {
  Random random(2);
  for (int i = 0; i < kRounds / 10; i++) {
    const V128 a = operand<V128>(random), b = operand<V128>(random), m = operand<V128>(random);
    const V128 want = {(a.lo & m.lo) + (b.lo & ~m.lo), (a.hi & m.hi) + (b.hi & ~m.hi)};
    ASSERT_EQ(sem::i8x16_relaxed_laneselect(a, b, m), want);
    ASSERT_EQ(sem::i16x8_relaxed_laneselect(a, b, m), want);
    ASSERT_EQ(sem::i32x4_relaxed_laneselect(a, b, m), want);
    ASSERT_EQ(sem::i64x2_relaxed_laneselect(a, b, m), want);
  }
}

TEST(SemanticsRelaxed, MinMaxAreTheExactOnes) {
  check_binary<f32>(sem::f32x4_relaxed_min, sem::f32_min);
  check_binary<f32>(sem::f32x4_relaxed_max, sem::f32_max);
  check_binary<f64>(sem::f64x2_relaxed_min, sem::f64_min);
  check_binary<f64>(sem::f64x2_relaxed_max, sem::f64_max);
}

TEST(SemanticsRelaxed, Q15ProductSaturates) {
  const V128 least = sem::i16x8_splat(0x8000);
  EXPECT_EQ(sem::i16x8_relaxed_q15mulr_s(least, least), sem::i16x8_splat(0x7fff));
}

// Signed by signed, pairs added with saturation at 16 bits, pairs of those added to the third operand.
TEST(SemanticsRelaxed, DotProducts) {
  Random random(3);
  for (int i = 0; i < kRounds; i++) {
    V128 a = operand<V128>(random), b = operand<V128>(random);
    const V128 c = operand<V128>(random);
    if (i % 16 == 0) a = b = sem::i8x16_splat(0x80);
    const Lanes<i8> x = lanes_of<i8>(a), y = lanes_of<i8>(b);
    Lanes<i16> sums;
    for (usize k = 0; k < 8; k++) {
      const int sum = x[2 * k] * y[2 * k] + x[2 * k + 1] * y[2 * k + 1];
      sums[k] = static_cast<i16>(std::min(sum, 32767));
    }
    Lanes<u32> totals = lanes_of<u32>(c);
    for (usize k = 0; k < 4; k++) totals[k] += static_cast<u32>(sums[2 * k] + sums[2 * k + 1]);
    ASSERT_EQ(sem::i16x8_relaxed_dot_i8x16_i7x16_s(a, b), vector_of<i16>(sums));
    ASSERT_EQ(sem::i32x4_relaxed_dot_i8x16_i7x16_add_s(a, b, c), vector_of<u32>(totals));
  }
}

}  // namespace
}  // namespace dewar::exec::test
