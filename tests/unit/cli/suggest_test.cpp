// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// "Did you mean".
#include "cli/suggest.h"

#include <gtest/gtest.h>

#include <array>

namespace dewar::cli {
namespace {

constexpr std::array<std::string_view, 5> kWords = {"run", "validate", "objdump", "print", "fuel"};

TEST(Suggest, FindsNearWords) {
  EXPECT_EQ(closest("rnu", kWords), "run");
  EXPECT_EQ(closest("valdiate", kWords), "validate");
  EXPECT_EQ(closest("objdmp", kWords), "objdump");
  EXPECT_EQ(closest("fule", kWords), "fuel");
  EXPECT_EQ(closest("run", kWords), "run");
  EXPECT_EQ(did_you_mean("pirnt", kWords), "did you mean \"print\"?");
}

TEST(Suggest, GivesNothingForFarWords) {
  EXPECT_EQ(closest("xyz", kWords), "");
  EXPECT_EQ(closest("", kWords), "");
  EXPECT_EQ(closest(std::string(1000, 'r'), kWords), "");
  EXPECT_EQ(did_you_mean("frobnicate", kWords), "");
}

}  // namespace
}  // namespace dewar::cli
