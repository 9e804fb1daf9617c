// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The JSON form: always valid, whatever a guest put into it, and every member always there.
#include "api/outcome_json.h"

#include <gtest/gtest.h>

#include "api/json_reader.h"
#include "base/utf8.h"

namespace dewar::api {
namespace {

TEST(OutcomeJson, HostileTextStaysText) {
  Outcome outcome;
  outcome.cls = OutcomeClass::trap;
  outcome.code = "unreachable";
  const std::string evil = std::string("\"}\x1b[2J\0\xff\xed\xa0\x80\n", 12) + "\\";
  outcome.message = outcome.program = evil;
  outcome.out = CapturedText{evil, evil, 100, 74};
  outcome.err = CapturedText{"a", "b", 2, 0};
  outcome.trap = TrapReport{"unreachable", "m", evil, {{evil, 1, 2}}, 1};
  outcome.error = GuestError{{}, evil, evil, {{evil, evil, 1, 0}}, 1, {{evil, evil}}};
  outcome.attempts.push_back({evil, evil, 3});
  outcome.denials.push_back({"path_open", evil, "not-mounted", "read", "ENOTCAPABLE", "--ro x", 1});
  outcome.probes.push_back({evil, "path_open", "ENOENT", 1});
  outcome.outputs.push_back({evil, 3, std::string(64, '0')});
  outcome.skipped_outputs.push_back({evil, "name"});
  for (bool pretty : {false, true}) {
    const std::string json = outcome_json(outcome, pretty);
    EXPECT_TRUE(base::is_valid_utf8(json));
    EXPECT_EQ(json.find('\x1b'), std::string::npos);
    auto value = read_json(json);
    ASSERT_TRUE(value) << json;
    EXPECT_EQ(value->text_of("schema"), "dewar-outcome/1");
    EXPECT_EQ(value->text_of("class"), "trap");
    EXPECT_EQ(value->find("stdout")->integer_of("omitted_bytes"), 74u);
    EXPECT_FALSE(value->find("stdout")->find("utf8")->flag);
    EXPECT_EQ(value->find("stderr")->text_of("text"), "ab");
    EXPECT_EQ(value->find("stderr")->find("tail")->kind, JsonValue::Kind::null);
    EXPECT_EQ(value->find("operator")->items_of("grants").size(), 1u);
    ASSERT_EQ(value->items_of("outputs").size(), 1u);
    EXPECT_EQ(value->items_of("outputs")[0].integer_of("bytes"), 3u);
    EXPECT_EQ(value->items_of("skipped_outputs")[0].text_of("reason"), "name");
    EXPECT_EQ(value->find("refusal")->kind, JsonValue::Kind::null);
  }
}

TEST(OutcomeJson, MembersAreTheSameForEveryOutcome) {
  const auto full = read_json(outcome_json(refused({"wasm-malformed", "m", 3, 1, 2, "h"})));
  Outcome plain;
  plain.out = CapturedText{};
  const auto other = read_json(outcome_json(plain));
  ASSERT_TRUE(full && other);
  EXPECT_EQ(full->names, other->names);
  EXPECT_EQ(full->integer_of("exit_code"), kExitRefused);
  EXPECT_EQ(full->find("refusal")->integer_of("offset"), 3u);
}

TEST(OutcomeJson, AModelIsNotToldWhatWouldBeGranted) {
  Outcome outcome;
  outcome.denials.push_back({"path_open", "/x", "not-mounted", "read", "ENOTCAPABLE", "--ro DIR::/x", 1});
  const auto whole = read_json(outcome_json(outcome)), seen = read_json(outcome_json(outcome, false, Audience::model));
  ASSERT_TRUE(whole && seen);
  EXPECT_EQ(outcome_json(outcome, false, Audience::model).find("--ro"), std::string::npos);
  auto names = whole->names;
  std::erase(names, "operator");
  EXPECT_EQ(seen->names, names);
}

}  // namespace
}  // namespace dewar::api
