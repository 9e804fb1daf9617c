// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Scalar conversions against integer references: truncation with traps and with saturation, rounding of converted
// integers, demotion, promotion, reinterpretation.
#include <gtest/gtest.h>

#include "exec/semantics.h"
#include "unit/exec/semantics_float_reference.h"

namespace dewar::exec::test {
namespace {

using sem::NumTrap;

// I is the target with its sign; trapping and saturating operation must agree with it and with each other.
template <class I, class U, class F>
void check_truncation(NumTrap (*trapping)(F, U&) noexcept, U (*saturating)(F) noexcept, F x) {
  SCOPED_TRACE(testing::Message() << std::hex << bits_of(x));
  U out = 0x5a;
  if (is_nan(x)) {
    EXPECT_EQ(trapping(x, out), NumTrap::invalid_conversion);
    EXPECT_EQ(saturating(x), 0u);
    return;
  }
  const auto whole = is_infinite(x) ? (unsigned __int128){1} << 100 : integer_part(take_apart(x));
  const bool negative = sign_of(x);
  const auto limit = negative ? (unsigned __int128)0 - (unsigned __int128)std::numeric_limits<I>::min()
                              : (unsigned __int128)std::numeric_limits<I>::max();
  const bool fits = whole <= limit;
  const U magnitude = static_cast<U>(fits ? whole : limit);
  const U expected = negative ? U{0} - magnitude : magnitude;
  EXPECT_EQ(saturating(x), expected);
  EXPECT_EQ(trapping(x, out), fits ? NumTrap::none : NumTrap::integer_overflow);
  if (fits) EXPECT_EQ(out, expected);
}

template <class F>
void check_all_truncations(F x);
template <>
void check_all_truncations(f32 x) {
  check_truncation<i32>(sem::i32_trunc_f32_s, sem::i32_trunc_sat_f32_s, x);
  check_truncation<u32>(sem::i32_trunc_f32_u, sem::i32_trunc_sat_f32_u, x);
  check_truncation<i64>(sem::i64_trunc_f32_s, sem::i64_trunc_sat_f32_s, x);
  check_truncation<u64>(sem::i64_trunc_f32_u, sem::i64_trunc_sat_f32_u, x);
}
template <>
void check_all_truncations(f64 x) {
  check_truncation<i32>(sem::i32_trunc_f64_s, sem::i32_trunc_sat_f64_s, x);
  check_truncation<u32>(sem::i32_trunc_f64_u, sem::i32_trunc_sat_f64_u, x);
  check_truncation<i64>(sem::i64_trunc_f64_s, sem::i64_trunc_sat_f64_s, x);
  check_truncation<u64>(sem::i64_trunc_f64_u, sem::i64_trunc_sat_f64_u, x);
}

TEST(SemanticsConvert, TruncationEdges) {
  for (u32 bits : kEdges32) {
    check_all_truncations(std::bit_cast<f32>(bits));
    check_all_truncations(std::bit_cast<f32>(bits | 0x80000000));
  }
  for (u64 bits : kEdges64) {
    check_all_truncations(std::bit_cast<f64>(bits));
    check_all_truncations(std::bit_cast<f64>(bits | 0x8000000000000000));
  }
}

TEST(SemanticsConvert, TruncationRandom) {
  Random random(1);
  for (int i = 0; i < kRounds; i++) {
    check_all_truncations(operand<f32>(random));
    check_all_truncations(operand<f64>(random));
    // Around the integer range: exponents 0..70.
    const u64 fraction = random.next(), sign = random.below(2), exponent = random.below(71);
    check_all_truncations(
        std::bit_cast<f32>(static_cast<u32>(sign << 31 | (127 + exponent) << 23 | (fraction & 0x7fffff))));
    check_all_truncations(std::bit_cast<f64>(sign << 63 | (1023 + exponent) << 52 | (fraction & 0xfffffffffffff)));
  }
}

TEST(SemanticsConvert, TruncationExamples) {
  u32 out = 0;
  EXPECT_EQ(sem::i32_trunc_f64_s(-2147483648.9999997, out), NumTrap::none);
  EXPECT_EQ(out, 0x80000000u);
  EXPECT_EQ(sem::i32_trunc_f64_s(-2147483649.0, out), NumTrap::integer_overflow);
  EXPECT_EQ(sem::i32_trunc_f64_u(-0.9999999999999999, out), NumTrap::none);
  EXPECT_EQ(out, 0u);
  EXPECT_EQ(sem::i32_trunc_f64_u(-1.0, out), NumTrap::integer_overflow);
  EXPECT_EQ(sem::i32_trunc_f64_u(4294967295.9999995, out), NumTrap::none);
  EXPECT_EQ(out, 0xffffffffu);
}

TEST(SemanticsConvert, IntegersToFloats) {
  Random random(2);
  const auto parts = [](__int128 v) { return Parts{v < 0, static_cast<unsigned __int128>(v < 0 ? -v : v), 0}; };
  for (int i = 0; i < kRounds * 2; i++) {
    const u64 l = operand<u64>(random);
    const u32 w = operand<u32>(random);
    const Parts sl = parts(static_cast<i64>(l)), ul = parts(l), sw = parts(static_cast<i32>(w)), uw = parts(w);
    ASSERT_EQ(bits_of(sem::f32_convert_i32_s(w)), bits_of(put_together<f32>(sw))) << w;
    ASSERT_EQ(bits_of(sem::f32_convert_i32_u(w)), bits_of(put_together<f32>(uw))) << w;
    ASSERT_EQ(bits_of(sem::f32_convert_i64_s(l)), bits_of(put_together<f32>(sl))) << l;
    ASSERT_EQ(bits_of(sem::f32_convert_i64_u(l)), bits_of(put_together<f32>(ul))) << l;
    ASSERT_EQ(bits_of(sem::f64_convert_i32_s(w)), bits_of(put_together<f64>(sw))) << w;
    ASSERT_EQ(bits_of(sem::f64_convert_i32_u(w)), bits_of(put_together<f64>(uw))) << w;
    ASSERT_EQ(bits_of(sem::f64_convert_i64_s(l)), bits_of(put_together<f64>(sl))) << l;
    ASSERT_EQ(bits_of(sem::f64_convert_i64_u(l)), bits_of(put_together<f64>(ul))) << l;
  }
}

template <class To, class From>
u64 expected_conversion(From x) {
  if (is_nan(x)) return Format<To>::kNan;
  if (is_infinite(x))
    return bits_of(sign_of(x) ? -std::numeric_limits<To>::infinity() : std::numeric_limits<To>::infinity());
  return bits_of(put_together<To>(take_apart(x)));
}

TEST(SemanticsConvert, DemoteAndPromote) {
  for (u64 sign : {0, 1}) {
    for (u64 bits : kEdges64) {
      const f64 x = std::bit_cast<f64>(bits | sign << 63);
      EXPECT_EQ(bits_of(sem::f32_demote_f64(x)), expected_conversion<f32>(x)) << std::hex << bits;
    }
    for (u32 bits : kEdges32) {
      const f32 x = std::bit_cast<f32>(bits | static_cast<u32>(sign) << 31);
      EXPECT_EQ(bits_of(sem::f64_promote_f32(x)), expected_conversion<f64>(x)) << std::hex << bits;
    }
  }
  Random random(3);
  for (int i = 0; i < kRounds; i++) {
    // Half of them in the exponent range of f32 and its subnormals, where rounding happens.
    u64 bits = random.next();
    if (i % 2 == 0) bits = (bits & 0x800fffffffffffff) | (860 + random.below(300)) << 52;
    const f64 x = std::bit_cast<f64>(bits);
    ASSERT_EQ(bits_of(sem::f32_demote_f64(x)), expected_conversion<f32>(x)) << std::hex << bits;
    const f32 y = operand<f32>(random);
    ASSERT_EQ(bits_of(sem::f64_promote_f32(y)), expected_conversion<f64>(y)) << std::hex << bits_of(y);
  }
}

TEST(SemanticsConvert, ReinterpretKeepsEveryBit) {
  Random random(4);
  for (int i = 0; i < kRounds; i++) {
    const u32 w = bits_of(operand<f32>(random));
    const u64 l = bits_of(operand<f64>(random));
    ASSERT_EQ(sem::i32_reinterpret_f32(sem::f32_reinterpret_i32(w)), w);
    ASSERT_EQ(sem::i64_reinterpret_f64(sem::f64_reinterpret_i64(l)), l);
    ASSERT_EQ(bits_of(sem::f32_reinterpret_i32(w)), w);
    ASSERT_EQ(bits_of(sem::f64_reinterpret_i64(l)), l);
  }
}

}  // namespace
}  // namespace dewar::exec::test
