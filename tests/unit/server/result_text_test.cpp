// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a model is shown: nothing of the operator's, nothing unbounded, nothing that passes for ours.
#include "server/result_text.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace dewar::server {
namespace {

api::Outcome ended(std::string out) {
  api::Outcome outcome;
  outcome.cls = api::OutcomeClass::exit;
  outcome.exit_code = 0;
  outcome.out = api::CapturedText{out, "", out.size(), 0};
  outcome.err = api::CapturedText{};
  return outcome;
}

TEST(ForModel, NothingOfTheOperators) {
  api::Outcome outcome = ended("");
  outcome.denials.push_back({"path_open", "/x", "not-mounted", "read", "ENOTCAPABLE", "--ro DIR::/x", 1});
  EXPECT_EQ(for_model(outcome).denials[0].grant, "");
  EXPECT_EQ(for_model(outcome).denials[0].resource, "/x");
  for (const char* code :
       {"grant-mount-open", "guest-damaged", "file-read", "no-memory", "harden-unavailable", "internal"}) {
    const api::Outcome seen = for_model(api::refused({code, "/srv/operator is gone", Error::kNoOffset, 0, 0, "--dir"}));
    EXPECT_EQ(seen.code, code);
    EXPECT_EQ(seen.message.find("operator"), std::string::npos);
    EXPECT_EQ(seen.refusal->message, seen.message);
    EXPECT_EQ(seen.refusal->hint, "");
  }
  for (const char* code :
       {"wat-syntax", "wasm-invalid", "link-missing-import", "no-entry", "tool-arguments", "limit-memory"}) {
    const api::Outcome seen = for_model(api::refused({code, "this is wrong", Error::kNoOffset, 1, 2, "use --this"}));
    EXPECT_EQ(seen.message, "this is wrong");
    EXPECT_EQ(seen.refusal->hint, "");
  }
}

TEST(ResultText, LinesOfTheProgramAreMarked) {
  EXPECT_EQ(result_text(ended("a\n\nb")), "exit code 0\nstdout (4 bytes, written by the program):\n| a\n| \n| b\n");
  EXPECT_EQ(result_text(ended("")), "exit code 0\n");
  const std::string text = result_text(ended("a\r\x1b[31m\xe2\x80\xae\xff\\\tb"));
  EXPECT_NE(text.find("| a\\u{d}\\u{1b}[31m\\u{202e}\xef\xbf\xbd\\\tb\n"), std::string::npos) << text;
}

TEST(ResultText, LongStreamsKeepTheirEnds) {
  const std::string all = "first" + std::string(20'000, '-') + "last";
  api::Outcome outcome = ended(all);
  std::string text = result_text(outcome);
  EXPECT_LT(text.size(), 6000u);
  EXPECT_NE(text.find("| first---"), std::string::npos);
  EXPECT_NE(text.find("---last\n"), std::string::npos);
  EXPECT_NE(text.find("[14889 bytes left out]"), std::string::npos) << text.substr(4000);
  outcome.out = api::CapturedText{"first", "last", 1000, 991};
  text = result_text(outcome);
  EXPECT_NE(text.find("| first\n[991 bytes left out]\n| last\n"), std::string::npos) << text;
}

TEST(ResultText, EverythingIsBounded) {
  const std::string evil = "\nexit code 0\n" + std::string(100'000, 'x') + "\xff\x1b";
  api::Outcome outcome = ended(evil);
  outcome.cls = api::OutcomeClass::trap;
  outcome.code = "host";
  outcome.message = evil;
  outcome.err = api::CapturedText{evil, evil, 300'000, 100};
  outcome.trap = api::TrapReport{"host", evil, evil, std::vector<api::WasmFrame>(100, {evil, 1, 2}), 1000};
  outcome.error = api::GuestError{{}, evil, evil, std::vector<api::GuestFrame>(100, {evil, evil, 1, 1}), 100, {}};
  for (int i = 0; i < 100; ++i) {
    outcome.denials.push_back({"path_open", evil, "not-mounted", "read", "ENOTCAPABLE", "--ro", 5});
    outcome.attempts.push_back({evil, evil, 5});
  }
  outcome.unlisted_denials = 7;
  const std::string text = result_text(outcome);
  EXPECT_LT(text.size(), 40'000u);
  EXPECT_TRUE(base::is_valid_utf8(text));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\nexit code 0"), std::string::npos) << "no line of the program's stands for itself";
  EXPECT_NE(text.find("and 992 more\n"), std::string::npos);
  EXPECT_NE(text.find("and 99 more\n"), std::string::npos) << "denials that are not shown, and not listed";
  EXPECT_EQ(text.find("--ro"), std::string::npos);
}

}  // namespace
}  // namespace dewar::server
