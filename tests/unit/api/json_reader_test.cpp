// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The reader accepts JSON and nothing else, within its bounds.
#include "api/json_reader.h"

#include <gtest/gtest.h>

namespace dewar::api {
namespace {

TEST(JsonReader, Values) {
  auto value = read_json(R"( {"a": [1, -2, 3.5, 18446744073709551615, 18446744073709551616, true, null], "b": "x"} )");
  ASSERT_TRUE(value);
  const auto& items = value->items_of("a");
  ASSERT_EQ(items.size(), 7u);
  EXPECT_EQ(items[0].integer, 1u);
  EXPECT_EQ(items[1].kind, JsonValue::Kind::number);
  EXPECT_EQ(items[2].kind, JsonValue::Kind::number);
  EXPECT_EQ(items[3].integer, UINT64_MAX);
  EXPECT_EQ(items[4].kind, JsonValue::Kind::number);
  EXPECT_TRUE(items[5].flag);
  EXPECT_EQ(items[6].kind, JsonValue::Kind::null);
  EXPECT_EQ(value->text_of("b"), "x");
  EXPECT_EQ(value->text_of("a"), "");
  EXPECT_EQ(value->integer_of("b"), 0u);
  EXPECT_EQ(value->find("c"), nullptr);
  EXPECT_TRUE(value->items_of("b").empty());
}

TEST(JsonReader, Strings) {
  auto value = read_json(R"("\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud800x\udc00\ud800\u0041")");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->text,
            "\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd"
            "A");
}

TEST(JsonReader, RefusesWhatIsNotJson) {
  for (const char* bad : {"",
                          " ",
                          "{",
                          "}",
                          "[",
                          "[1",
                          "[1,",
                          "[1,]",
                          "[,]",
                          "{\"a\"}",
                          "{\"a\":}",
                          "{\"a\":1,}",
                          "{a:1}",
                          "{1:2}",
                          "01",
                          "-",
                          "1.",
                          ".5",
                          "1e",
                          "+1",
                          "nul",
                          "nulll",
                          "True",
                          "\"",
                          "\"\\\"",
                          "\"\\x\"",
                          "\"\\u12\"",
                          "\"\\u12g4\"",
                          "\"\\ud800\\u\"",
                          "\"\n\"",
                          "\"\xff\"",
                          "\"\xc3\"",
                          "1 2",
                          "[1 2]",
                          "'a'",
                          "NaN"}) {
    EXPECT_FALSE(read_json(bad)) << bad;
  }
  EXPECT_FALSE(read_json(std::string_view("\"a\0b\"", 5)));
}

TEST(JsonReader, NumbersKeepTheirSpelling) {
  const auto value = read_json("[0, -7, 1.50, 2e+3, 123456789012345678901234567890, 18446744073709551615]");
  ASSERT_TRUE(value);
  const char* wanted[] = {"0", "-7", "1.50", "2e+3", "123456789012345678901234567890", "18446744073709551615"};
  ASSERT_EQ(value->items.size(), std::size(wanted));
  for (usize i = 0; i < std::size(wanted); ++i) EXPECT_EQ(value->items[i].text, wanted[i]);
  EXPECT_EQ(value->items[4].kind, JsonValue::Kind::number);
  EXPECT_EQ(value->items[5].integer, ~u64{0});
}

TEST(JsonReader, Bounds) {
  EXPECT_FALSE(read_json(std::string(100000, '[')));
  EXPECT_TRUE(read_json("[[[1]]]", {.max_depth = 3, .max_values = 10}));
  EXPECT_FALSE(read_json("[[[1]]]", {.max_depth = 2, .max_values = 10}));
  EXPECT_FALSE(read_json("[1,2,3,4]", {.max_depth = 3, .max_values = 4}));
  EXPECT_TRUE(read_json("[1,2,3]", {.max_depth = 3, .max_values = 4}));
}

}  // namespace
}  // namespace dewar::api
