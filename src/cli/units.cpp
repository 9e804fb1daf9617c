// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Digits, then a unit. In times "m" is a minute, so that there the case is as it is written; elsewhere either will do.
#include "cli/units.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace dewar::cli {

namespace {

struct Unit {
  std::string_view name;
  u64 factor;
};

bool same(std::string_view a, std::string_view b, bool any_case) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [any_case](char x, char y) {
    const bool letter = (x | 32) >= 'a' && (x | 32) <= 'z';
    return x == y || (any_case && letter && (x | 32) == (y | 32));
  });
}

std::optional<u64> parse_scaled(std::string_view text, bool any_case, std::initializer_list<Unit> units) {
  u64 number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view rest(end, static_cast<usize>(text.data() + text.size() - end));
  for (const Unit& unit : units) {
    if (!same(rest, unit.name, any_case)) continue;
    u64 scaled = 0;
    if (__builtin_mul_overflow(number, unit.factor, &scaled)) return std::nullopt;
    return scaled;
  }
  return std::nullopt;
}

constexpr u64 kKi = 1024, kMi = kKi * kKi, kGi = kMi * kKi;

}  // namespace

std::optional<u64> parse_count(std::string_view text) {
  return parse_scaled(text, true, {{"", 1}, {"k", 1000}, {"M", 1'000'000}, {"G", 1'000'000'000}});
}

std::optional<u64> parse_size(std::string_view text) {
  return parse_scaled(text, true,
                      {{"", 1},
                       {"K", kKi},
                       {"KB", kKi},
                       {"KiB", kKi},
                       {"M", kMi},
                       {"MB", kMi},
                       {"MiB", kMi},
                       {"G", kGi},
                       {"GB", kGi},
                       {"GiB", kGi}});
}

std::optional<u64> parse_duration_ms(std::string_view text) {
  return parse_scaled(text, false,
                      {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"min", 60'000}, {"h", 3'600'000}});
}

}  // namespace dewar::cli
