// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/clock_start.h"

#include <charconv>
#include <chrono>

namespace dewar::cli {

namespace {

constexpr u64 kSecond = 1'000'000'000;
constexpr u64 kMostSeconds = u64{9'183'110'400};  // 2261-01-01

// A number of exactly so many digits.
bool digits(std::string_view text, usize at, usize count, unsigned& out) {
  if (text.size() < at + count) return false;
  out = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return false;
    out = out * 10 + static_cast<unsigned>(c - '0');
  }
  return true;
}

}  // namespace

std::optional<u64> parse_instant(std::string_view text) {
  u64 seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) {
    unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    constexpr usize kDate = 10, kWhole = 20;
    if (text.size() != kDate && text.size() != kWhole) return std::nullopt;
    if (!digits(text, 0, 4, year) || text[4] != '-' || !digits(text, 5, 2, month) || text[7] != '-' ||
        !digits(text, 8, 2, day)) {
      return std::nullopt;
    }
    if (text.size() == kWhole &&
        (text[10] != 'T' || !digits(text, 11, 2, hour) || text[13] != ':' || !digits(text, 14, 2, minute) ||
         text[16] != ':' || !digits(text, 17, 2, second) || text[19] != 'Z')) {
      return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                                           std::chrono::day(day)};
    if (!date.ok() || year < 1970 || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    const auto days = std::chrono::sys_days(date).time_since_epoch().count();
    seconds = static_cast<u64>(days) * 86'400 + hour * 3600 + minute * 60 + second;
  }
  if (seconds >= kMostSeconds) return std::nullopt;
  return seconds * kSecond;
}

}  // namespace dewar::cli
