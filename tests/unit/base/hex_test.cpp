// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bytes as hexadecimal digits and back.
#include <gtest/gtest.h>

#include "base/hex.h"

namespace dewar::base {
namespace {

TEST(HexTest, RoundTrip) {
  std::vector<u8> all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<u8>(i));
  std::string digits = to_hex(all);
  EXPECT_EQ(digits.substr(0, 8), "00010203");
  EXPECT_EQ(digits.substr(508), "feff");
  EXPECT_EQ(from_hex(digits), all);
  EXPECT_EQ(from_hex("FeFf"), (std::vector<u8>{0xfe, 0xff}));
  EXPECT_EQ(from_hex(""), std::vector<u8>{});
}

TEST(HexTest, RefusesWhatIsNotHex) {
  EXPECT_EQ(from_hex("0"), std::nullopt);
  EXPECT_EQ(from_hex("0g"), std::nullopt);
  EXPECT_EQ(from_hex("g0"), std::nullopt);
  EXPECT_EQ(from_hex("0x00"), std::nullopt);
}

}  // namespace
}  // namespace dewar::base
