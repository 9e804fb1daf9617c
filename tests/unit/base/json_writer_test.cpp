// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// JSON output: separators and nesting in both styles, and strings of hostile bytes.
#include <limits>

#include <gtest/gtest.h>

#include "base/json_writer.h"

namespace dewar::base {
namespace {

std::string string_of(std::string_view text) {
  JsonWriter json;
  json.value(text);
  return json.take();
}

TEST(JsonWriterTest, Compact) {
  JsonWriter json;
  json.begin_object().member("a", 1).key("b").begin_array().value(true).null().value("x").end_array();
  json.key("c").begin_object().end_object().key("d").begin_array().end_array().end_object();
  EXPECT_TRUE(json.complete());
  EXPECT_EQ(json.take(), R"({"a":1,"b":[true,null,"x"],"c":{},"d":[]})");
}

TEST(JsonWriterTest, Pretty) {
  JsonWriter json(JsonWriter::Style::kPretty);
  json.begin_object().member("a", 1).key("b").begin_array().value(1).value(2).end_array();
  json.key("c").begin_object().end_object().end_object();
  EXPECT_EQ(json.text(), "{\n  \"a\": 1,\n  \"b\": [\n    1,\n    2\n  ],\n  \"c\": {}\n}");
}

TEST(JsonWriterTest, Numbers) {
  JsonWriter json;
  json.begin_array();
  json.value(std::numeric_limits<u64>::max()).value(std::numeric_limits<i64>::min());
  json.value(u32{7}).value(-7).value(0.1).value(1e300);
  json.value(std::numeric_limits<double>::infinity()).value(std::numeric_limits<double>::quiet_NaN());
  json.end_array();
  EXPECT_EQ(json.text(), "[18446744073709551615,-9223372036854775808,7,-7,0.1,1e+300,null,null]");
}

TEST(JsonWriterTest, StringsOfAnyBytes) {
  EXPECT_EQ(string_of("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(string_of("\n\r\t\b\f"), R"("\n\r\t\b\f")");
  EXPECT_EQ(string_of(std::string_view("\0\x1b\x7f", 3)), R"("\u0000\u001b\u007f")");
  EXPECT_EQ(string_of("\xc2\x9b\xe2\x80\xa8"), R"("\u009b\u2028")");
  EXPECT_EQ(string_of("\xe2\x80\xae\xf3\xa0\x81\x81"), R"("\u202e\udb40\udc41")") << "what reorders and hides";
  EXPECT_EQ(string_of("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\"");
  EXPECT_EQ(string_of("a\xff\xe2\x82z"), "\"a\xef\xbf\xbd\xef\xbf\xbdz\"");
}

TEST(JsonWriterTest, KeysAreEscapedToo) {
  JsonWriter json;
  json.begin_object().key("a\"\xff").value("v").end_object();
  EXPECT_EQ(json.text(), "{\"a\\\"\xef\xbf\xbd\":\"v\"}");
}

TEST(JsonWriterTest, RawIsOneValue) {
  JsonWriter json;
  json.begin_array().raw("{\"x\":1}").raw("2").end_array();
  EXPECT_EQ(json.text(), "[{\"x\":1},2]");
}

TEST(JsonWriterTest, CanBeUsedAgainAfterTake) {
  JsonWriter json;
  json.value(1);
  EXPECT_EQ(json.take(), "1");
  EXPECT_FALSE(json.complete());
  json.value(2);
  EXPECT_EQ(json.take(), "2");
}

#if DEWAR_ASSERTS
TEST(JsonWriterDeathTest, WrongOrderIsABug) {
  EXPECT_DEATH(JsonWriter().value(1).value(2), "second value");
  EXPECT_DEATH(JsonWriter().begin_object().value(1), "needs a key");
  EXPECT_DEATH(JsonWriter().begin_array().key("a"), "only in an object");
  EXPECT_DEATH(JsonWriter().begin_array().end_object(), "do not match");
  EXPECT_DEATH(JsonWriter().begin_object().key("a").end_object(), "do not match");
  EXPECT_DEATH(JsonWriter().begin_array().take(), "not complete");
}
#endif

}  // namespace
}  // namespace dewar::base
