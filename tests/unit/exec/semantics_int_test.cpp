// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Scalar integer operations against references in 128-bit arithmetic and bit-by-bit loops.
#include <gtest/gtest.h>

#include "exec/semantics.h"
#include "unit/exec/semantics_values.h"

namespace dewar::exec::test {
namespace {

using sem::NumTrap;
using Int = __int128;

// The operations of one width under names that do not depend on it.
#define OPERATIONS(p)                                                                                           \
  static constexpr auto eqz = sem::p##_eqz;                                                                     \
  static constexpr auto clz = sem::p##_clz, ctz = sem::p##_ctz, popcnt = sem::p##_popcnt,                       \
                        extend8_s = sem::p##_extend8_s, extend16_s = sem::p##_extend16_s;                       \
  static constexpr auto eq = sem::p##_eq, ne = sem::p##_ne, lt_s = sem::p##_lt_s, lt_u = sem::p##_lt_u,         \
                        gt_s = sem::p##_gt_s, gt_u = sem::p##_gt_u, le_s = sem::p##_le_s, le_u = sem::p##_le_u, \
                        ge_s = sem::p##_ge_s, ge_u = sem::p##_ge_u;                                             \
  static constexpr auto add = sem::p##_add, sub = sem::p##_sub, mul = sem::p##_mul, and_ = sem::p##_and,        \
                        or_ = sem::p##_or, xor_ = sem::p##_xor, shl = sem::p##_shl, shr_s = sem::p##_shr_s,     \
                        shr_u = sem::p##_shr_u, rotl = sem::p##_rotl, rotr = sem::p##_rotr;                     \
  static constexpr auto div_s = sem::p##_div_s, div_u = sem::p##_div_u, rem_s = sem::p##_rem_s, rem_u = sem::p##_rem_u

struct I32Ops {
  using U = u32;
  using S = i32;
  OPERATIONS(i32);
};
struct I64Ops {
  using U = u64;
  using S = i64;
  OPERATIONS(i64);
};

template <class Ops>
class SemanticsInt : public testing::Test {};
using Widths = testing::Types<I32Ops, I64Ops>;
TYPED_TEST_SUITE(SemanticsInt, Widths);

TYPED_TEST(SemanticsInt, Comparisons) {
  using U = typename TypeParam::U;
  using S = typename TypeParam::S;
  Random random(1);
  for (int i = 0; i < kRounds; i++) {
    const U a = operand<U>(random);
    const U b = random.below(4) == 0 ? a : operand<U>(random);
    const Int sa = static_cast<S>(a), sb = static_cast<S>(b), ua = a, ub = b;
    ASSERT_EQ(TypeParam::eqz(a), ua == 0);
    ASSERT_EQ(TypeParam::eq(a, b), ua == ub);
    ASSERT_EQ(TypeParam::ne(a, b), ua != ub);
    ASSERT_EQ(TypeParam::lt_s(a, b), sa < sb);
    ASSERT_EQ(TypeParam::gt_s(a, b), sa > sb);
    ASSERT_EQ(TypeParam::le_s(a, b), sa <= sb);
    ASSERT_EQ(TypeParam::ge_s(a, b), sa >= sb);
    ASSERT_EQ(TypeParam::lt_u(a, b), ua < ub);
    ASSERT_EQ(TypeParam::gt_u(a, b), ua > ub);
    ASSERT_EQ(TypeParam::le_u(a, b), ua <= ub);
    ASSERT_EQ(TypeParam::ge_u(a, b), ua >= ub);
  }
  EXPECT_EQ(TypeParam::eqz(0), 1u);
  EXPECT_EQ(TypeParam::eqz(U{1} << (8 * sizeof(U) - 1)), 0u);
}

TYPED_TEST(SemanticsInt, Arithmetic) {
  using U = typename TypeParam::U;
  using S = typename TypeParam::S;
  Random random(2);
  for (int i = 0; i < kRounds; i++) {
    const U a = operand<U>(random), b = operand<U>(random);
    ASSERT_EQ(TypeParam::add(a, b), static_cast<U>(Int{a} + Int{b}));
    ASSERT_EQ(TypeParam::sub(a, b), static_cast<U>(Int{a} - Int{b}));
    ASSERT_EQ(TypeParam::mul(a, b), static_cast<U>(static_cast<unsigned __int128>(a) * b));
    ASSERT_EQ(TypeParam::and_(a, b), static_cast<U>(~(~a | ~b)));
    ASSERT_EQ(TypeParam::or_(a, b), static_cast<U>(~(~a & ~b)));
    ASSERT_EQ(TypeParam::xor_(a, b), static_cast<U>((a | b) - (a & b)));
    ASSERT_EQ(TypeParam::extend8_s(a), static_cast<U>(static_cast<S>(a & 0x7f) - static_cast<S>(a & 0x80)));
    ASSERT_EQ(TypeParam::extend16_s(a), static_cast<U>(static_cast<S>(a & 0x7fff) - static_cast<S>(a & 0x8000)));
  }
}

TYPED_TEST(SemanticsInt, Division) {
  using U = typename TypeParam::U;
  using S = typename TypeParam::S;
  constexpr Int kMin = std::numeric_limits<S>::min();
  Random random(3);
  int overflows = 0;
  for (int i = 0; i < kRounds * 4; i++) {
    const U a = operand<U>(random), b = random.below(8) == 0 ? static_cast<U>(random.below(3) - 1) : operand<U>(random);
    const Int sa = static_cast<S>(a), sb = static_cast<S>(b), ua = a, ub = b;
    U out = 0x55;
    if (b == 0) {
      ASSERT_EQ(TypeParam::div_s(a, b, out), NumTrap::divide_by_zero);
      ASSERT_EQ(TypeParam::div_u(a, b, out), NumTrap::divide_by_zero);
      ASSERT_EQ(TypeParam::rem_s(a, b, out), NumTrap::divide_by_zero);
      ASSERT_EQ(TypeParam::rem_u(a, b, out), NumTrap::divide_by_zero);
      continue;
    }
    if (sa == kMin && sb == -1) {
      ASSERT_EQ(TypeParam::div_s(a, b, out), NumTrap::integer_overflow);
      overflows++;
    } else {
      ASSERT_EQ(TypeParam::div_s(a, b, out), NumTrap::none);
      ASSERT_EQ(out, static_cast<U>(sa / sb));
    }
    ASSERT_EQ(TypeParam::div_u(a, b, out), NumTrap::none);
    ASSERT_EQ(out, static_cast<U>(ua / ub));
    ASSERT_EQ(TypeParam::rem_s(a, b, out), NumTrap::none);
    ASSERT_EQ(out, static_cast<U>(sa % sb));
    ASSERT_EQ(TypeParam::rem_u(a, b, out), NumTrap::none);
    ASSERT_EQ(out, static_cast<U>(ua % ub));
  }
  EXPECT_GT(overflows, 0);
}

TYPED_TEST(SemanticsInt, ShiftsAndRotations) {
  using U = typename TypeParam::U;
  using S = typename TypeParam::S;
  constexpr U kBits = 8 * sizeof(U);
  Random random(4);
  for (int i = 0; i < kRounds; i++) {
    const U a = operand<U>(random);
    const U count = random.below(2) == 0 ? operand<U>(random) : static_cast<U>(random.below(kBits * 2));
    U shl = a, shr_u = a, rotl = a, rotr = a;
    S shr_s = static_cast<S>(a);
    for (U step = 0; step < count % kBits; step++) {
      shl = static_cast<U>(shl + shl);
      shr_u /= 2;
      shr_s = static_cast<S>((shr_s - (shr_s < 0 && shr_s % 2 != 0 ? 1 : 0)) / 2);
      rotl = static_cast<U>(rotl + rotl + (rotl >> (kBits - 1)));
      rotr = static_cast<U>(rotr / 2 + (rotr & 1) * (U{1} << (kBits - 1)));
    }
    ASSERT_EQ(TypeParam::shl(a, count), shl);
    ASSERT_EQ(TypeParam::shr_u(a, count), shr_u);
    ASSERT_EQ(TypeParam::shr_s(a, count), static_cast<U>(shr_s));
    ASSERT_EQ(TypeParam::rotl(a, count), rotl);
    ASSERT_EQ(TypeParam::rotr(a, count), rotr);
  }
}

TYPED_TEST(SemanticsInt, BitCounts) {
  using U = typename TypeParam::U;
  constexpr U kBits = 8 * sizeof(U);
  Random random(5);
  EXPECT_EQ(TypeParam::clz(0), kBits);
  EXPECT_EQ(TypeParam::ctz(0), kBits);
  EXPECT_EQ(TypeParam::popcnt(0), 0u);
  for (int i = 0; i < kRounds; i++) {
    const U a = operand<U>(random);
    U leading = 0, trailing = 0, ones = 0;
    while (leading < kBits && (a >> (kBits - 1 - leading) & 1) == 0) leading++;
    while (trailing < kBits && (a >> trailing & 1) == 0) trailing++;
    for (U bit = 0; bit < kBits; bit++) ones += a >> bit & 1;
    ASSERT_EQ(TypeParam::clz(a), leading);
    ASSERT_EQ(TypeParam::ctz(a), trailing);
    ASSERT_EQ(TypeParam::popcnt(a), ones);
  }
}

TEST(SemanticsIntConversion, BetweenWidths) {
  Random random(6);
  for (int i = 0; i < kRounds; i++) {
    const u64 a = operand<u64>(random);
    const u32 low = static_cast<u32>(a % (u64{1} << 32));
    const u64 sign_extended = low >= 0x80000000 ? u64{low} + 0xffffffff00000000 : u64{low};
    ASSERT_EQ(sem::i32_wrap_i64(a), low);
    ASSERT_EQ(sem::i64_extend_i32_u(low), u64{low});
    ASSERT_EQ(sem::i64_extend_i32_s(low), sign_extended);
    ASSERT_EQ(sem::i64_extend32_s(a), sign_extended);
  }
}

// References on 32-bit limbs: schoolbook, no 128-bit type.
sem::Wide add_limbs(u64 a_lo, u64 a_hi, u64 b_lo, u64 b_hi) {
  const u64 lo = a_lo + b_lo;
  return {lo, a_hi + b_hi + (lo < a_lo ? 1 : 0)};
}
sem::Wide multiply_limbs(u64 a, u64 b) {
  const u64 a0 = a & 0xffffffff, a1 = a >> 32, b0 = b & 0xffffffff, b1 = b >> 32;
  const u64 low = a0 * b0;
  const u64 middle = a1 * b0 + (low >> 32);
  const u64 middle2 = a0 * b1 + (middle & 0xffffffff);
  return {middle2 << 32 | (low & 0xffffffff), a1 * b1 + (middle >> 32) + (middle2 >> 32)};
}

TEST(SemanticsWide, AgainstLimbs) {
  Random random(7);
  for (int i = 0; i < kRounds; i++) {
    const u64 a = operand<u64>(random), b = operand<u64>(random), c = operand<u64>(random), d = operand<u64>(random);
    const sem::Wide negated = add_limbs(~c, ~d, 1, 0);
    sem::Wide product = multiply_limbs(a, b);
    ASSERT_EQ(sem::i64_add128(a, b, c, d), add_limbs(a, b, c, d));
    ASSERT_EQ(sem::i64_sub128(a, b, c, d), add_limbs(a, b, negated.lo, negated.hi));
    ASSERT_EQ(sem::i64_mul_wide_u(a, b), product);
    // As signed numbers the operands are smaller by 2^64 each where the top bit is set.
    if (a >> 63 != 0) product.hi -= b;
    if (b >> 63 != 0) product.hi -= a;
    ASSERT_EQ(sem::i64_mul_wide_s(a, b), product);
  }
}

}  // namespace
}  // namespace dewar::exec::test
