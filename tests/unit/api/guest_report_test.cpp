// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reports of drivers, and of scripts that pretend to be one.
#include "api/guest_report.h"

#include <gtest/gtest.h>

namespace dewar::api {
namespace {

TEST(GuestReport, ErrorInTheUsersCoordinates) {
  const GuestReport report = read_guest_report(
      "{\"kind\":\"hello\",\"language\":\"python\"}\n"
      "{\"kind\":\"error\",\"type\":\"ValueError\",\"message\":\"in /dewar/a.py\",\"total_frames\":7,\"frames\":["
      "{\"file\":\"/dewar/a.py\",\"line\":3,\"column\":5,\"function\":\"f\"},"
      "{\"file\":\"/lib/"
      "x.py\",\"line\":9,\"function\":\"g\"}],\"causes\":[{\"type\":\"KeyError\",\"message\":\"k\"}]}\n",
      "/dewar/a.py", "work/a.py");
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->type, "ValueError");
  EXPECT_EQ(report.error->message, "in work/a.py");
  EXPECT_EQ(report.error->total_frames, 7u);
  ASSERT_EQ(report.error->frames.size(), 2u);
  EXPECT_EQ(report.error->frames[0].file, "work/a.py");
  EXPECT_EQ(report.error->frames[0].column, 5u);
  EXPECT_EQ(report.error->frames[1].file, "/lib/x.py");
  EXPECT_EQ(report.error->frames[1].column, 0u);
  ASSERT_EQ(report.error->causes.size(), 1u);
  EXPECT_EQ(report.bad_lines, 0u);
}

TEST(GuestReport, AttemptsAreCounted) {
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "{\"kind\":\"attempt\",\"event\":\"e" + std::to_string(i) + "\"}\n";
  lines += "{\"kind\":\"attempt\",\"event\":\"e0\"}\n";
  const GuestReport report = read_guest_report(lines, "", "");
  ASSERT_EQ(report.attempts.size(), GuestReport::kMaxAttempts);
  EXPECT_EQ(report.attempts[0].count, 2u);
  EXPECT_EQ(report.attempts[1].count, 1u);
  EXPECT_EQ(report.unlisted_attempts, 100 - GuestReport::kMaxAttempts);
}

TEST(GuestReport, WrongLinesAreDroppedAndCounted) {
  const GuestReport report = read_guest_report(
      "nonsense\n[]\n{\"kind\":7}\n{\"kind\":\"error\",\"frames\":7,\"message\":[],\"line\":-1}\n"
      "{\"kind\":\"attempt\"}\n\n{\"kind\":\"attempt\",\"event\":\"cut",
      "", "");
  EXPECT_EQ(report.bad_lines, 6u);
  ASSERT_TRUE(report.error);
  EXPECT_TRUE(report.error->frames.empty());
  EXPECT_TRUE(report.attempts.empty());
}

TEST(GuestReport, TextsAreBounded) {
  std::string text;
  for (int i = 0; i < 10000; ++i) text += "\xc3\xa9";
  std::string frames;
  for (int i = 0; i < 500; ++i) frames += std::string(i ? "," : "") + "{\"file\":\"" + text.substr(0, 4000) + "\"}";
  const GuestReport report = read_guest_report(
      "{\"kind\":\"error\",\"type\":\"" + text + "\",\"message\":\"" + text + "\",\"frames\":[" + frames + "]}\n", "x",
      "");
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->type.size(), 256u + 3u);
  EXPECT_EQ(report.error->message.size(), 4096u + 3u);
  EXPECT_EQ(report.error->frames.size(), GuestReport::kMaxFrames);
  EXPECT_EQ(report.error->frames[0].file.size(), 1024u + 3u);
}

TEST(GuestReport, ReasonsOfErrors) {
  const auto reason = [](const char* name) {
    const GuestReport report =
        read_guest_report(std::string("{\"kind\":\"error\",\"reason\":\"") + name + "\",\"type\":\"T\"}\n", "", "");
    return report.error->reason;
  };
  EXPECT_EQ(reason("syntax"), GuestError::Reason::syntax);
  EXPECT_EQ(reason("memory"), GuestError::Reason::memory);
  EXPECT_EQ(reason(""), GuestError::Reason::exception);
  EXPECT_EQ(reason("nonsense"), GuestError::Reason::exception);
}

TEST(SqliteLog, TheLastErrorCounts) {
  GuestReport report =
      read_sqlite_log("(1) no such table: t\n(2067) abort at 9 in [insert\ninto t]: UNIQUE constraint failed\n");
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->type, "SQLITE_CONSTRAINT");
  EXPECT_EQ(report.error->message, "abort at 9 in [insert");
  EXPECT_EQ(report.error->reason, GuestError::Reason::exception);
  EXPECT_EQ(report.bad_lines, 1u);
  report = read_sqlite_log("(7) failed to allocate 9 bytes of memory");
  EXPECT_EQ(report.error->type, "SQLITE_NOMEM");
  EXPECT_EQ(report.error->reason, GuestError::Reason::memory);
  report = read_sqlite_log("(1) near \"x\": syntax error in \"x\"\n(28) automatic index on t(a)\n(283) recovered\n");
  EXPECT_EQ(report.error->type, "SQLITE_ERROR");
  EXPECT_EQ(report.error->reason, GuestError::Reason::syntax);
}

TEST(SqliteLog, HostileText) {
  for (const char* text : {"", "\n\n", "(", "()", "(1)", "(x) y", "(99999999999) y", "(-1) y", "1) y"}) {
    EXPECT_FALSE(read_sqlite_log(text).error) << text;
  }
  EXPECT_EQ(read_sqlite_log("(200) y").error->type, "SQLITE_ERROR");
  EXPECT_LE(read_sqlite_log("(1) " + std::string(100000, 'x')).error->message.size(), GuestReport::kMaxText + 3);
}

}  // namespace
}  // namespace dewar::api
