// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Receipts as values: there and back, the order of differences, and texts that are none.
#include "api/receipt.h"

#include <gtest/gtest.h>

namespace dewar::api {
namespace {

Receipt sample() {
  return {"dewar 1", {"--seed=1", "x.wasm", "a \"b\"\n"}, {{"a", "1"}, {"b", "2"}, {"c \xc3\xa4", ""}}};
}

TEST(Receipt, ThereAndBack) {
  const Receipt receipt = sample();
  auto read = read_receipt(receipt_json(receipt));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->tool, receipt.tool);
  EXPECT_EQ(read->command, receipt.command);
  EXPECT_EQ(read->facts, receipt.facts);
  EXPECT_EQ(read->value("b"), "2");
  EXPECT_EQ(read->value("z"), "");
  EXPECT_FALSE(first_difference(receipt, *read));
}

TEST(Receipt, TheFirstDifferenceIsNamed) {
  const Receipt expected = sample();
  Receipt found = expected;
  found.facts[1].value = "3";
  found.facts[2].value = "x";
  auto difference = first_difference(expected, found);
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->name, "b");
  EXPECT_EQ(difference->expected, "2");
  EXPECT_EQ(difference->found, "3");

  found = expected;
  found.facts.erase(found.facts.begin());
  difference = first_difference(expected, found);
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->name, "a");
  EXPECT_EQ(difference->found, "");

  found = expected;
  found.facts.push_back({"new", "1"});
  difference = first_difference(expected, found);
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->name, "new");
  EXPECT_EQ(difference->expected, "");

  // The order in which the other one tells does not matter.
  found = expected;
  std::swap(found.facts[0], found.facts[1]);
  EXPECT_FALSE(first_difference(expected, found));

  found = expected;
  found.tool = "another";
  EXPECT_FALSE(first_difference(expected, found));
}

TEST(Receipt, OtherTextsAreNone) {
  const std::string good = receipt_json(sample());
  for (usize size = 0; size < good.size() - 2; size += 7) EXPECT_FALSE(read_receipt(good.substr(0, size))) << size;
  for (const char* text :
       {"", "null", "[]", "{}", R"({"schema":"dewar-receipt/1","command":["x"],"facts":[{"name":"a","value":"1"}]})",
        R"({"schema":"dewar-receipt/2","command":["x"],"facts":[]})",
        R"({"schema":"dewar-receipt/2","command":[],"facts":[{"name":"a","value":"b"}]})",
        R"({"schema":"dewar-receipt/2","command":["x"],"facts":[{"name":"a","value":1}]})",
        R"({"schema":"dewar-receipt/2","command":[7],"facts":[{"name":"a","value":"1"}]})"}) {
    auto read = read_receipt(text);
    ASSERT_FALSE(read) << text;
    EXPECT_STREQ(read.error().code, "receipt-malformed");
  }
  EXPECT_FALSE(read_receipt(std::string(Receipt::kMaxBytes + 1, ' ')));
}

}  // namespace
}  // namespace dewar::api
