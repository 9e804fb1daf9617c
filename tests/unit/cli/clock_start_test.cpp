// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instants, and that the outcome writes them as they are read.
#include "cli/clock_start.h"

#include <gtest/gtest.h>

#include "api/outcome_json.h"
#include "boundary/clock.h"

namespace dewar::cli {
namespace {

TEST(ClockStart, Instants) {
  constexpr u64 kSecond = 1'000'000'000;
  EXPECT_EQ(parse_instant("2026-01-01T00:00:00Z"), boundary::Clock::kDefaultStart);
  EXPECT_EQ(parse_instant("2026-01-01"), boundary::Clock::kDefaultStart);
  EXPECT_EQ(parse_instant("1970-01-01"), 0u);
  EXPECT_EQ(parse_instant("1970-01-01T00:01:05Z"), 65 * kSecond);
  EXPECT_EQ(parse_instant("2024-02-29T23:59:59Z"), u64{1'709'251'199} * kSecond);
  EXPECT_EQ(parse_instant("2024-02-29T12:30:01Z"), u64{1'709'209'801} * kSecond);
  EXPECT_EQ(parse_instant("1767225600"), boundary::Clock::kDefaultStart);
  EXPECT_EQ(parse_instant("0"), 0u);
  EXPECT_EQ(parse_instant("2260-12-31"), u64{9'183'024'000} * kSecond);
  for (const char* bad : {"",
                          "x",
                          "-1",
                          "2025-02-29",
                          "2026-13-01",
                          "2026-00-10",
                          "2026-01-32",
                          "1969-12-31",
                          "2261-01-01",
                          "9183110400",
                          "99999999999999999999",
                          "2026-01-01T24:00:00Z",
                          "2026-01-01T00:60:00Z",
                          "2026-01-01T00:00:60Z",
                          "2026-01-01T00:00:00",
                          "2026-01-01 00:00:00Z",
                          "2026-01-01T00:00:00+",
                          "2026/01/01",
                          "2026-01-01t00:00:00Z",
                          "-026-01-01T00:00:00Z",
                          "+026-01-01",
                          "2026-01-01T 0:00:00Z"}) {
    EXPECT_EQ(parse_instant(bad), std::nullopt) << bad;
  }
}

TEST(ClockStart, ThereAndBack) {
  for (const char* text : {"1970-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2024-02-29T23:59:59Z",
                           "2100-03-01T01:02:03Z", "2260-12-31T23:59:59Z"}) {
    const auto ns = parse_instant(text);
    ASSERT_TRUE(ns) << text;
    EXPECT_EQ(api::utc_text(*ns), text);
  }
  EXPECT_EQ(api::utc_text(1), "1970-01-01T00:00:00.000000001Z");
}

}  // namespace
}  // namespace dewar::cli
