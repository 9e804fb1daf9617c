// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Numbers as text.
#include <gtest/gtest.h>

#include "base/print.h"

namespace dewar::base {
namespace {

TEST(PrintTest, Decimal) {
  EXPECT_EQ(dec(0), "0");
  EXPECT_EQ(dec(UINT64_MAX), "18446744073709551615");
  EXPECT_EQ(dec_signed(INT64_MIN), "-9223372036854775808");
  std::string out = "x=";
  append_dec(out, 42);
  append_dec_signed(out, -1);
  EXPECT_EQ(out, "x=42-1");
}

TEST(PrintTest, Hexadecimal) {
  EXPECT_EQ(hex(0), "0x0");
  EXPECT_EQ(hex(0xabc, 2), "0xabc");
  EXPECT_EQ(hex(0xabc, 8), "0x00000abc");
  EXPECT_EQ(hex(UINT64_MAX, 99), "0xffffffffffffffff");
  EXPECT_EQ(hex(1, 99), "0x0000000000000001");
}

TEST(PrintTest, HumanSize) {
  EXPECT_EQ(human_size(0), "0 B");
  EXPECT_EQ(human_size(1023), "1023 B");
  EXPECT_EQ(human_size(1024), "1.0 KiB");
  EXPECT_EQ(human_size(1536), "1.5 KiB");
  EXPECT_EQ(human_size(u64{3} << 20), "3.0 MiB");
  EXPECT_EQ(human_size((u64{1} << 30) - 1), "1023.9 MiB");
  EXPECT_EQ(human_size(UINT64_MAX), "16777215.9 TiB");
}

}  // namespace
}  // namespace dewar::base
