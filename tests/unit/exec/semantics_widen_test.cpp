// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// V128 integer operations between lanes of different width, against loops in 64-bit arithmetic.
#include "exec/semantics.h"
#include "unit/exec/semantics_values.h"

namespace dewar::exec::test {
namespace {

// Runs `expected(x, y)` on the lanes T of random vectors, giving lanes R, and compares with `actual`.
template <class T, class R, class Actual, class Expected>
void check(Actual actual, Expected expected) {
  Random random(1);
  for (int i = 0; i < kRounds / 5; i++) {
    const V128 a = operand<V128>(random), b = random.below(8) == 0 ? a : operand<V128>(random);
    V128 result;
    if constexpr (std::is_invocable_v<Actual, V128>) {
      result = actual(a);
    } else {
      result = actual(a, b);
    }
    Lanes<R> want{};
    expected(lanes_of<T>(a), lanes_of<T>(b), want);
    ASSERT_EQ(lanes_of<R>(result), want) << print(a) << " and " << print(b);
  }
}

template <class From, class To, class Actual>
void check_narrow(Actual actual) {
  check<From, To>(actual, [](const Lanes<From>& a, const Lanes<From>& b, Lanes<To>& want) {
    for (usize k = 0; k < want.size(); k++) {
      const i64 lane = k < a.size() ? a[k] : b[k - a.size()];
      const i64 low = std::numeric_limits<To>::min(), high = std::numeric_limits<To>::max();
      want[k] = static_cast<To>(lane < low ? low : lane > high ? high : lane);
    }
  });
}
TEST(SemanticsWiden, Narrow) {
  check_narrow<i16, i8>(sem::i8x16_narrow_i16x8_s);
  check_narrow<i16, u8>(sem::i8x16_narrow_i16x8_u);
  check_narrow<i32, i16>(sem::i16x8_narrow_i32x4_s);
  check_narrow<i32, u16>(sem::i16x8_narrow_i32x4_u);
}

// Extension and product of extensions, of the half that starts at lane `first`.
template <class From, class To, class Extend, class Multiply>
void check_half(Extend extend, Multiply multiply, usize first) {
  check<From, To>(extend, [=](const Lanes<From>& a, const Lanes<From>&, Lanes<To>& want) {
    for (usize k = 0; k < want.size(); k++) want[k] = a[first + k];
  });
  check<From, To>(multiply, [=](const Lanes<From>& a, const Lanes<From>& b, Lanes<To>& want) {
    for (usize k = 0; k < want.size(); k++) {
      want[k] = static_cast<To>(static_cast<__int128>(a[first + k]) * static_cast<__int128>(b[first + k]));
    }
  });
}
#define EXTENSIONS(wide, narrow, count, S, U, WS, WU)                                                         \
  TEST(SemanticsWiden, wide) {                                                                                \
    check_half<S, WS>(sem::wide##_extend_low_##narrow##_s, sem::wide##_extmul_low_##narrow##_s, 0);           \
    check_half<S, WS>(sem::wide##_extend_high_##narrow##_s, sem::wide##_extmul_high_##narrow##_s, count / 2); \
    check_half<U, WU>(sem::wide##_extend_low_##narrow##_u, sem::wide##_extmul_low_##narrow##_u, 0);           \
    check_half<U, WU>(sem::wide##_extend_high_##narrow##_u, sem::wide##_extmul_high_##narrow##_u, count / 2); \
  }
EXTENSIONS(i16x8, i8x16, 16, i8, u8, i16, u16)
EXTENSIONS(i32x4, i16x8, 8, i16, u16, i32, u32)
EXTENSIONS(i64x2, i32x4, 4, i32, u32, i64, u64)

template <class From, class To, class Actual>
void check_pairs(Actual actual) {
  check<From, To>(actual, [](const Lanes<From>& a, const Lanes<From>&, Lanes<To>& want) {
    for (usize k = 0; k < want.size(); k++) want[k] = static_cast<To>(i64{a[2 * k]} + i64{a[2 * k + 1]});
  });
}
TEST(SemanticsWiden, PairwiseAddition) {
  check_pairs<i8, i16>(sem::i16x8_extadd_pairwise_i8x16_s);
  check_pairs<u8, u16>(sem::i16x8_extadd_pairwise_i8x16_u);
  check_pairs<i16, i32>(sem::i32x4_extadd_pairwise_i16x8_s);
  check_pairs<u16, u32>(sem::i32x4_extadd_pairwise_i16x8_u);
}

TEST(SemanticsWiden, DotProduct) {
  check<i16, i32>(sem::i32x4_dot_i16x8_s, [](const Lanes<i16>& a, const Lanes<i16>& b, Lanes<i32>& want) {
    for (usize k = 0; k < 4; k++) {
      want[k] = static_cast<i32>(i64{a[2 * k]} * b[2 * k] + i64{a[2 * k + 1]} * b[2 * k + 1]);
    }
  });
  const V128 least = sem::i16x8_splat(0x8000);
  EXPECT_EQ(sem::i32x4_dot_i16x8_s(least, least), sem::i32x4_splat(0x80000000));
}

TEST(SemanticsWiden, Q15Product) {
  check<i16, i16>(sem::i16x8_q15mulr_sat_s, [](const Lanes<i16>& a, const Lanes<i16>& b, Lanes<i16>& want) {
    for (usize k = 0; k < 8; k++) {
      // Rounded to nearest, ties up: floor(product / 2^15 + 1/2).
      const i64 doubled = i64{a[k]} * b[k] * 2 + 32768;
      const i64 rounded = doubled >= 0 ? doubled / 65536 : -((-doubled + 65535) / 65536);
      want[k] = static_cast<i16>(std::min<i64>(rounded, 32767));
    }
  });
  const V128 least = sem::i16x8_splat(0x8000);
  EXPECT_EQ(sem::i16x8_q15mulr_sat_s(least, least), sem::i16x8_splat(0x7fff));
}

}  // namespace
}  // namespace dewar::exec::test
