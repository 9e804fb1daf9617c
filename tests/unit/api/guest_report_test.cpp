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

}  // namespace
}  // namespace dewar::api
