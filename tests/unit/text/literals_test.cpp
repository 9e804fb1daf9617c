// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Numbers of the text format: grammar, range, and rounding compared with strtod, which rounds exactly.
#include "text/literals.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <random>

namespace dewar::text {
namespace {

std::string int_text(std::string_view text, u32 bits) {
  u64 value = 0;
  switch (parse_int(text, bits, value)) {
    case Literal::kOk: return std::to_string(value);
    case Literal::kMalformed: return "malformed";
    case Literal::kOutOfRange: return "range";
  }
  return "?";
}

std::string f64_text(std::string_view text) {
  u64 bits = 0;
  switch (parse_f64(text, bits)) {
    case Literal::kMalformed: return "malformed";
    case Literal::kOutOfRange: return "range";
    default: break;
  }
  std::string out;
  append_f64(out, bits);
  return out;
}

std::string f32_text(std::string_view text) {
  u32 bits = 0;
  switch (parse_f32(text, bits)) {
    case Literal::kMalformed: return "malformed";
    case Literal::kOutOfRange: return "range";
    default: break;
  }
  std::string out;
  append_f32(out, bits);
  return out;
}

TEST(Literals, Integers) {
  EXPECT_EQ(int_text("0", 32), "0");
  EXPECT_EQ(int_text("4294967295", 32), "4294967295");
  EXPECT_EQ(int_text("4294967296", 32), "range");
  EXPECT_EQ(int_text("-2147483648", 32), "2147483648");
  EXPECT_EQ(int_text("-2147483649", 32), "range");
  EXPECT_EQ(int_text("-1", 8), "255");
  EXPECT_EQ(int_text("-129", 8), "range");
  EXPECT_EQ(int_text("256", 8), "range");
  EXPECT_EQ(int_text("+0x7f_FF", 16), "32767");
  EXPECT_EQ(int_text("0xffff_ffff_ffff_ffff", 64), "18446744073709551615");
  EXPECT_EQ(int_text("18446744073709551616", 64), "range");
  EXPECT_EQ(int_text("-0x8000000000000000", 64), "9223372036854775808");
  EXPECT_EQ(int_text("-0x8000000000000001", 64), "range");
  EXPECT_EQ(int_text("99999999999999999999999999", 64), "range");
  for (const char* bad :
       {"", "+", "-", "0x", "_1", "1_", "1__0", "0x_1", "0_x1", "1a", "0xg", "1.0", "--1", "+-1", "- 1"}) {
    EXPECT_EQ(int_text(bad, 32), "malformed") << bad;
  }
}

TEST(Literals, NaturalsHaveNoSign) {
  u64 value = 0;
  EXPECT_EQ(parse_nat("7", 3, value), Literal::kOk);
  EXPECT_EQ(parse_nat("8", 3, value), Literal::kOutOfRange);
  EXPECT_EQ(parse_nat("+7", 3, value), Literal::kMalformed);
  EXPECT_EQ(parse_nat("-0", 3, value), Literal::kMalformed);
}

TEST(Literals, FloatGrammar) {
  EXPECT_EQ(f64_text("1"), "0x1p+0");
  EXPECT_EQ(f64_text("1."), "0x1p+0");
  EXPECT_EQ(f64_text("1.e1"), "0x1.4p+3");
  EXPECT_EQ(f64_text("0x1.8p1"), "0x1.8p+1");
  EXPECT_EQ(f64_text("0x1.8P-1"), "0x1.8p-1");
  EXPECT_EQ(f64_text("0xA.8"), "0x1.5p+3");
  EXPECT_EQ(f64_text("1_0.5_0e0_1"), "0x1.a4p+6");
  EXPECT_EQ(f64_text("-0"), "-0x0p+0");
  EXPECT_EQ(f64_text("+0.0"), "0x0p+0");
  for (const char* bad : {"",     "+",     ".5",     "0x.8", "1e",    "1e+",    "0x1p",  "1_", "_1",
                          "1._0", "1_.0",  "1.0_",   "1e_1", "1e1_",  "0x1p_1", "0x1pf", "1x", "infinity",
                          "nan:", "nan:1", "nan:0x", "in",   "1e1.0", "0x1.8e", "1p1"}) {
    // 0x1.8e is a hexadecimal fraction, not an exponent.
    if (std::string_view(bad) == "0x1.8e") {
      EXPECT_EQ(f64_text(bad), "0x1.8ep+0");
    } else {
      EXPECT_EQ(f64_text(bad), "malformed") << bad;
    }
  }
}

TEST(Literals, InfinityAndNan) {
  EXPECT_EQ(f32_text("inf"), "inf");
  EXPECT_EQ(f32_text("-inf"), "-inf");
  EXPECT_EQ(f32_text("nan"), "nan");
  EXPECT_EQ(f32_text("-nan"), "-nan");
  EXPECT_EQ(f32_text("nan:0x200000"), "nan:0x200000");
  EXPECT_EQ(f32_text("nan:0x400000"), "nan");
  EXPECT_EQ(f32_text("nan:0x7f_ffff"), "nan:0x7fffff");
  EXPECT_EQ(f32_text("nan:0x800000"), "range");
  EXPECT_EQ(f32_text("nan:0x0"), "range");
  EXPECT_EQ(f64_text("nan:0xf_ffff_ffff_ffff"), "nan:0xfffffffffffff");
  EXPECT_EQ(f64_text("nan:0x10000000000000"), "range");
  EXPECT_EQ(f64_text("nan:canonical"), "malformed");
}

TEST(Literals, RoundingAtTheEdges) {
  // Overflow happens where rounding reaches the next power of two, not where the digits exceed the largest value.
  EXPECT_EQ(f32_text("0x1.fffffep127"), "0x1.fffffep+127");
  EXPECT_EQ(f32_text("0x1.fffffefp127"), "0x1.fffffep+127");
  EXPECT_EQ(f32_text("0x1.ffffffp127"), "range");
  EXPECT_EQ(f32_text("0x1p128"), "range");
  EXPECT_EQ(f32_text("340282356779733623858607532500980858880"), "0x1.fffffep+127");
  EXPECT_EQ(f32_text("340282356779733661637539395458142568448"), "range");
  EXPECT_EQ(f32_text("1e39"), "range");
  EXPECT_EQ(f64_text("1e309"), "range");
  // Half of the smallest subnormal rounds to zero (even), anything more to the smallest.
  EXPECT_EQ(f32_text("0x1p-149"), "0x1p-149");
  EXPECT_EQ(f32_text("0x1p-150"), "0x0p+0");
  EXPECT_EQ(f32_text("0x1.00000000000000000000001p-150"), "0x1p-149");
  EXPECT_EQ(f32_text("-0x1.8p-150"), "-0x1p-149");
  EXPECT_EQ(f32_text("1e-60"), "0x0p+0");
  EXPECT_EQ(f32_text("0x1.fffffcp-127"), "0x1.fffffcp-127");
  EXPECT_EQ(f32_text("0x1.ffffffp-127"), "0x1p-126");
  EXPECT_EQ(f64_text("4.9e-324"), "0x1p-1074");
  EXPECT_EQ(f64_text("2.4e-324"), "0x0p+0");
  EXPECT_EQ(f64_text("1e-400"), "0x0p+0");
  EXPECT_EQ(f64_text("-1e-99999999999999999999"), "-0x0p+0");
  EXPECT_EQ(f64_text("1e99999999999999999999"), "range");
  EXPECT_EQ(f64_text("0e99999999999999999999"), "0x0p+0");
  EXPECT_EQ(f64_text("0x0p99999999999999999999"), "0x0p+0");
  EXPECT_EQ(f64_text("0x1p-99999999999999999999"), "0x0p+0");
  EXPECT_EQ(f64_text("0x1p99999999999999999999"), "range");
  // Ties to even, and the sticky digit far behind.
  EXPECT_EQ(f64_text("0x1.00000000000008p0"), "0x1p+0");
  EXPECT_EQ(f64_text("0x1.00000000000018p0"), "0x1.0000000000002p+0");
  EXPECT_EQ(f64_text("0x1.000000000000080000000000000000000001p0"), "0x1.0000000000001p+0");
  EXPECT_EQ(f64_text("9007199254740993"), "0x1p+53");
  EXPECT_EQ(f64_text("9007199254740993.0000000000000000000000000000001"), "0x1.0000000000001p+53");
}

TEST(Literals, AgreesWithTheCLibrary) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    char text[128];
    const double x = std::bit_cast<double>(random());
    if (!std::isfinite(x)) continue;
    std::snprintf(text, sizeof text, i % 2 ? "%.*a" : "%.*e", static_cast<int>(random() % 18), std::fabs(x));
    const double expected64 = std::strtod(text, nullptr);
    const float expected32 = std::strtof(text, nullptr);
    u64 bits64 = 0;
    u32 bits32 = 0;
    const Literal status64 = parse_f64(text, bits64);
    const Literal status32 = parse_f32(text, bits32);
    EXPECT_EQ(status64 == Literal::kOutOfRange, std::isinf(expected64)) << text;
    EXPECT_EQ(status32 == Literal::kOutOfRange, std::isinf(expected32)) << text;
    if (status64 == Literal::kOk) EXPECT_EQ(bits64, std::bit_cast<u64>(expected64)) << text;
    if (status32 == Literal::kOk) EXPECT_EQ(bits32, std::bit_cast<u32>(expected32)) << text;
  }
}

TEST(Literals, PrintingIsExact) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 50000; ++i) {
    u64 bits = random();
    // Every tenth value is a subnormal, infinity or NaN.
    if (i % 10 == 0) bits &= 0x800f'ffff'ffff'ffff;
    if (i % 10 == 1) bits |= 0x7ff0'0000'0000'0000;
    std::string text;
    append_f64(text, bits);
    u64 back = 0;
    ASSERT_EQ(parse_f64(text, back), Literal::kOk) << text;
    ASSERT_EQ(back, bits) << text;
    u32 narrow = static_cast<u32>(bits >> 32);
    if (i % 10 == 1) narrow |= 0x7f80'0000;
    text.clear();
    append_f32(text, narrow);
    u32 narrow_back = 0;
    ASSERT_EQ(parse_f32(text, narrow_back), Literal::kOk) << text;
    ASSERT_EQ(narrow_back, narrow) << text;
  }
}

}  // namespace
}  // namespace dewar::text
