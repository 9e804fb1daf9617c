// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// V128 integer operations within one shape, lane by lane against arithmetic in __int128.
#include "exec/semantics.h"
#include "unit/exec/semantics_values.h"

namespace dewar::exec::test {
namespace {

using Int = __int128;

template <class T>
T clamp_to(Int v) {
  const Int low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  return static_cast<T>(v < low ? low : v > high ? high : v);
}
// A comparison's lane: all ones or zero.
template <class T>
T mask(bool v) {
  return static_cast<T>(v ? ~u64{0} : 0);
}

template <class T>
void check_shift(V128 (*actual)(V128, u32) noexcept, Int (*expected)(Int, u32)) {
  Random random(3);
  for (int i = 0; i < kRounds / 10; i++) {
    const V128 a = operand<V128>(random);
    const u32 count = i % 2 == 0 ? static_cast<u32>(random.below(16 * sizeof(T))) : operand<u32>(random);
    const Lanes<T> x = lanes_of<T>(a), r = lanes_of<T>(actual(a, count));
    for (usize k = 0; k < x.size(); k++) {
      ASSERT_EQ(r[k], static_cast<T>(expected(x[k], count % (8 * sizeof(T))))) << print(a) << " by " << count;
    }
  }
}

// Vectors with few or no zero lanes, so that all_true is often 1.
template <class U, class S>
void check_tests(u32 (*all_true)(V128) noexcept, u32 (*bitmask)(V128) noexcept) {
  Random random(4);
  int all = 0;
  for (int i = 0; i < kRounds / 10; i++) {
    V128 a = i % 4 == 0 ? operand<V128>(random) : V128{random.next(), random.next()};
    if (i % 4 == 1) a = vector_of<U>({});
    if (i % 4 == 1) {
      Lanes<U> lanes;
      for (U& lane : lanes) lane = static_cast<U>(1u << random.below(8));
      if (random.below(2) == 0) lanes[random.below(lanes.size())] = 0;
      a = vector_of<U>(lanes);
    }
    u32 expected_all = 1, expected_mask = 0, bit = 1;
    for (S lane : lanes_of<S>(a)) {
      if (lane == 0) expected_all = 0;
      if (lane < 0) expected_mask += bit;
      bit *= 2;
    }
    ASSERT_EQ(all_true(a), expected_all) << print(a);
    ASSERT_EQ(bitmask(a), expected_mask) << print(a);
    all += static_cast<int>(expected_all);
  }
  EXPECT_GT(all, 10);
}

// Every function is noexcept and inline; a plain pointer type keeps the helpers above readable.
#define IN_EVERY_SHAPE(shape, U, S)                                                                 \
  TEST(SemanticsSimdInt, shape) {                                                                   \
    check_binary<U>(sem::shape##_eq, [](U a, U b) { return mask<U>(a == b); });                     \
    check_binary<U>(sem::shape##_ne, [](U a, U b) { return mask<U>(a != b); });                     \
    check_binary<S>(sem::shape##_lt_s, [](S a, S b) { return mask<S>(a < b); });                    \
    check_binary<S>(sem::shape##_gt_s, [](S a, S b) { return mask<S>(a > b); });                    \
    check_binary<S>(sem::shape##_le_s, [](S a, S b) { return mask<S>(a <= b); });                   \
    check_binary<S>(sem::shape##_ge_s, [](S a, S b) { return mask<S>(a >= b); });                   \
    check_unary<S>(sem::shape##_abs, [](S a) { return static_cast<S>(a < 0 ? -Int{a} : Int{a}); }); \
    check_unary<S>(sem::shape##_neg, [](S a) { return static_cast<S>(-Int{a}); });                  \
    check_binary<U>(sem::shape##_add, [](U a, U b) { return static_cast<U>(Int{a} + Int{b}); });    \
    check_binary<U>(sem::shape##_sub, [](U a, U b) { return static_cast<U>(Int{a} - Int{b}); });    \
    check_shift<U>(sem::shape##_shl, [](Int a, u32 n) { return a * (Int{1} << n); });               \
    check_shift<U>(sem::shape##_shr_u, [](Int a, u32 n) { return a / (Int{1} << n); });             \
    check_shift<S>(sem::shape##_shr_s, [](Int a, u32 n) { return a >> n; });                        \
    check_tests<U, S>(sem::shape##_all_true, sem::shape##_bitmask);                                 \
  }
IN_EVERY_SHAPE(i8x16, u8, i8)
IN_EVERY_SHAPE(i16x8, u16, i16)
IN_EVERY_SHAPE(i32x4, u32, i32)
IN_EVERY_SHAPE(i64x2, u64, i64)

#define IN_ALL_BUT_I64X2(shape, U, S)                                             \
  TEST(SemanticsSimdIntOrder, shape) {                                            \
    check_binary<U>(sem::shape##_lt_u, [](U a, U b) { return mask<U>(a < b); });  \
    check_binary<U>(sem::shape##_gt_u, [](U a, U b) { return mask<U>(a > b); });  \
    check_binary<U>(sem::shape##_le_u, [](U a, U b) { return mask<U>(a <= b); }); \
    check_binary<U>(sem::shape##_ge_u, [](U a, U b) { return mask<U>(a >= b); }); \
    check_binary<U>(sem::shape##_min_u, [](U a, U b) { return a < b ? a : b; });  \
    check_binary<S>(sem::shape##_min_s, [](S a, S b) { return a < b ? a : b; });  \
    check_binary<U>(sem::shape##_max_u, [](U a, U b) { return a < b ? b : a; });  \
    check_binary<S>(sem::shape##_max_s, [](S a, S b) { return a < b ? b : a; });  \
  }
IN_ALL_BUT_I64X2(i8x16, u8, i8)
IN_ALL_BUT_I64X2(i16x8, u16, i16)
IN_ALL_BUT_I64X2(i32x4, u32, i32)

#define WITH_SATURATION(shape, U, S)                                                                \
  TEST(SemanticsSimdIntSaturation, shape) {                                                         \
    check_binary<S>(sem::shape##_add_sat_s, [](S a, S b) { return clamp_to<S>(Int{a} + Int{b}); }); \
    check_binary<U>(sem::shape##_add_sat_u, [](U a, U b) { return clamp_to<U>(Int{a} + Int{b}); }); \
    check_binary<S>(sem::shape##_sub_sat_s, [](S a, S b) { return clamp_to<S>(Int{a} - Int{b}); }); \
    check_binary<U>(sem::shape##_sub_sat_u, [](U a, U b) { return clamp_to<U>(Int{a} - Int{b}); }); \
    check_binary<U>(sem::shape##_avgr_u, [](U a, U b) { return static_cast<U>((a + b + 1) / 2); }); \
  }
WITH_SATURATION(i8x16, u8, i8)
WITH_SATURATION(i16x8, u16, i16)

TEST(SemanticsSimdInt, Multiplication) {
  const auto product = [](auto a, auto b) { return static_cast<decltype(a)>(static_cast<unsigned __int128>(a) * b); };
  check_binary<u16>(sem::i16x8_mul, product);
  check_binary<u32>(sem::i32x4_mul, product);
  check_binary<u64>(sem::i64x2_mul, product);
}

TEST(SemanticsSimdInt, Popcnt) {
  check_unary<u8>(sem::i8x16_popcnt, [](u8 a) {
    u8 ones = 0;
    for (int bit = 0; bit < 8; bit++) ones = static_cast<u8>(ones + (a >> bit & 1));
    return ones;
  });
}

TEST(SemanticsSimdInt, Bitwise) {
  check_unary<u8>(sem::v128_not, [](u8 a) { return 255 - a; });
  check_binary<u8>(sem::v128_and, [](u8 a, u8 b) { return a & b; });
  check_binary<u8>(sem::v128_or, [](u8 a, u8 b) { return a | b; });
  check_binary<u8>(sem::v128_xor, [](u8 a, u8 b) { return (a | b) - (a & b); });
  check_binary<u8>(sem::v128_andnot, [](u8 a, u8 b) { return a - (a & b); });
  Random random(5);
  for (int i = 0; i < kRounds; i++) {
    const V128 a = operand<V128>(random), b = operand<V128>(random), c = operand<V128>(random);
    const Lanes<u8> x = lanes_of<u8>(a), y = lanes_of<u8>(b), m = lanes_of<u8>(c);
    Lanes<u8> expected{};
    for (usize k = 0; k < 128; k++) {
      const u8 bit = static_cast<u8>(1u << k % 8);
      expected[k / 8] = static_cast<u8>(expected[k / 8] + ((m[k / 8] & bit) != 0 ? x[k / 8] & bit : y[k / 8] & bit));
    }
    ASSERT_EQ(lanes_of<u8>(sem::v128_bitselect(a, b, c)), expected);
  }
}

TEST(SemanticsSimdInt, AnyTrue) {
  EXPECT_EQ(sem::v128_any_true({}), 0u);
  for (u32 bit = 0; bit < 64; bit++) {
    EXPECT_EQ(sem::v128_any_true({u64{1} << bit, 0}), 1u);
    EXPECT_EQ(sem::v128_any_true({0, u64{1} << bit}), 1u);
  }
}

}  // namespace
}  // namespace dewar::exec::test
