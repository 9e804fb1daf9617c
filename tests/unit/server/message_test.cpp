// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Messages from text, answers to text, and schemas in another shape.
#include "server/message.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "server/json_value.h"

namespace dewar::server {
namespace {

Message one(std::string_view text) {
  Messages messages = read_messages(text);
  EXPECT_FALSE(messages.batch);
  EXPECT_EQ(messages.items.size(), 1u);
  return std::move(messages.items.at(0));
}

TEST(Message, Kinds) {
  Message m = one(R"({"jsonrpc":"2.0","id":7,"method":"a/b","params":{"x":[1]}})");
  EXPECT_EQ(m.kind, Message::Kind::request);
  EXPECT_EQ(m.id, "7");
  EXPECT_EQ(m.method, "a/b");
  EXPECT_EQ(m.params.items_of("x").size(), 1u);
  m = one(R"( {"method":"n","jsonrpc":"2.0"} )");
  EXPECT_EQ(m.kind, Message::Kind::notification);
  EXPECT_EQ(m.params.kind, api::JsonValue::Kind::null);
  EXPECT_EQ(one(R"({"jsonrpc":"2.0","id":1,"result":{}})").kind, Message::Kind::response);
  EXPECT_EQ(one(R"({"jsonrpc":"2.0","id":1,"error":{}})").kind, Message::Kind::response);
}

TEST(Message, FaultsCarryTheIdThatCouldBeRead) {
  struct Case {
    const char *text, *id;
    i32 code;
  };
  for (const Case& c : {Case{"", "null", kParseError},
                        {"{", "null", kParseError},
                        {"{} {}", "null", kParseError},
                        {"7", "null", kInvalidRequest},
                        {R"({"id":3})", "3", kInvalidRequest},
                        {R"({"jsonrpc":2.0,"id":"a","method":"m"})", "\"a\"", kInvalidRequest},
                        {R"({"jsonrpc":"2.0","id":null,"method":"m"})", "null", kInvalidRequest},
                        {R"({"jsonrpc":"2.0","id":1.0,"method":"m"})", "null", kInvalidRequest},
                        {R"({"jsonrpc":"2.0","id":4})", "4", kInvalidRequest},
                        {R"({"jsonrpc":"2.0","id":4,"method":[]})", "4", kInvalidRequest},
                        {R"({"jsonrpc":"2.0","id":5,"method":"m","params":[1]})", "5", kInvalidParams}}) {
    const Message m = one(c.text);
    EXPECT_EQ(m.kind, Message::Kind::fault) << c.text;
    EXPECT_EQ(m.id, c.id) << c.text;
    EXPECT_EQ(m.code, c.code) << c.text;
    EXPECT_FALSE(m.error.empty()) << c.text;
  }
}

TEST(Message, NotificationsAreNeverAnswered) {
  const Message m = one(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":[1]})");
  EXPECT_EQ(m.kind, Message::Kind::notification);
  EXPECT_EQ(m.params.kind, api::JsonValue::Kind::null);
}

TEST(Message, Bounds) {
  const auto nested = [](usize depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  const auto with = [](const std::string& x) { return R"({"jsonrpc":"2.0","method":"m","params":{"x":)" + x + "}}"; };
  EXPECT_EQ(one(with(nested(30))).kind, Message::Kind::notification);
  EXPECT_EQ(one(with(nested(32))).code, kParseError);
  EXPECT_EQ(one(R"({"jsonrpc":"2.0","method":"m","id":")" + std::string(256, 'x') + "\"}").kind,
            Message::Kind::request);
  EXPECT_EQ(one(R"({"jsonrpc":"2.0","method":"m","id":")" + std::string(257, 'x') + "\"}").kind, Message::Kind::fault);
  std::string batch = "[1";
  for (int i = 1; i < 64; ++i) batch += ",1";
  EXPECT_EQ(read_messages(batch + "]").items.size(), 64u);
  EXPECT_EQ(one(batch + ",1]").code, kInvalidRequest);
  EXPECT_EQ(one("[]").code, kInvalidRequest);
}

TEST(Message, BatchesKeepTheirOrder) {
  const Messages messages =
      read_messages(R"([{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","method":"b"},{}])");
  ASSERT_TRUE(messages.batch);
  ASSERT_EQ(messages.items.size(), 3u);
  EXPECT_EQ(messages.items[0].method, "a");
  EXPECT_EQ(messages.items[1].kind, Message::Kind::notification);
  EXPECT_EQ(messages.items[2].kind, Message::Kind::fault);
}

TEST(Message, Answers) {
  EXPECT_EQ(result_message("\"a\"", R"({"x":1})"), R"({"jsonrpc":"2.0","id":"a","result":{"x":1}})");
  EXPECT_EQ(error_message("null", -32600, "a \"b\"\n"),
            R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"a \"b\"\n"}})");
  EXPECT_EQ(error_message("1", -32022, "v", "[]"),
            R"({"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"v","data":[]}})");
}

TEST(JsonValue, IsWrittenAsItWasRead) {
  for (const std::string text :
       {R"({"a":[1,-2.50e3,true,false,null,"\u0001é\"\\"],"":{}})", "12345678901234567890123", "[]"}) {
    base::JsonWriter json;
    write_value(json, *api::read_json(text));
    EXPECT_EQ(json.take(), text);
  }
}

TEST(JsonValue, SchemasLoseAMemberWhereItIsDescribedAndRequired) {
  EXPECT_EQ(schema_without(
                R"({"type":"object","required":["a","b"],"properties":{"a":{"const":"b"},"b":{}},"x":["b"]})", "b"),
            R"({"type":"object","required":["a"],"properties":{"a":{"const":"b"}},"x":["b"]})");
  const auto bytes = base::read_file("docs/outcome.schema.json", 1 << 20);
  ASSERT_TRUE(bytes);
  const std::string text(bytes->begin(), bytes->end());
  const auto whole = api::read_json(text), without = api::read_json(schema_without(text, "operator"));
  ASSERT_TRUE(whole && without);
  EXPECT_TRUE(whole->find("properties")->find("operator"));
  EXPECT_FALSE(without->find("properties")->find("operator"));
  EXPECT_EQ(without->find("properties")->items.size() + 1, whole->find("properties")->items.size());
  EXPECT_EQ(without->items_of("required").size() + 1, whole->items_of("required").size());
}

}  // namespace
}  // namespace dewar::server
