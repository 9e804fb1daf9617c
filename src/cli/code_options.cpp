// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/code_options.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "cli/units.h"
#include "exec/tier.h"

namespace dewar::cli {

namespace {

std::unexpected<Error> misunderstood(std::string_view item) {
  return fail(
      "usage-code", "-C " + std::string(item) + " is not understood", Error::kNoOffset,
      "expected tier=interp, baseline, auto or random:SEED, tier-heat=N, background=on or off, cpu=x86-64, v2, v3 "
      "or v4, eager, explicit-bounds");
}

/// What follows `key`, if it is a number up to `most`.
std::optional<u64> number_after(std::string_view item, std::string_view key, u64 most) {
  if (!item.starts_with(key)) return std::nullopt;
  u64 value = 0;
  const char* const end = item.data() + item.size();
  const auto [at, error] = std::from_chars(item.data() + key.size(), end, value);
  if (error != std::errc{} || at != end || value > most) return std::nullopt;
  return value;
}

Result<u8> read_level(std::string_view item, std::string_view name) {
  constexpr std::string_view kNames[] = {"none", "x86-64", "v2", "v3", "v4"};
  const u8 level = exec::cpu_level(name), host = exec::host_cpu_level();
  if (host == 0)
    return fail("usage-code", "-C " + std::string(item) + " has no meaning on this machine: nothing is compiled here");
  if (level == 0) return misunderstood(item);
  if (level > host) {
    return fail("usage-code", "-C " + std::string(item) + ": this machine has less", Error::kNoOffset,
                "the highest level here is cpu=" + std::string(kNames[host]));
  }
  return level;
}

}  // namespace

Result<CodeOptions> read_code_options(const std::vector<std::string>& lists) {
  constexpr std::string_view kCpu = "cpu=";
  CodeOptions options;
  for (std::string_view list : lists) {
    while (!list.empty()) {
      const std::string_view item = take_item(list);
      if (item.empty()) continue;
      if (item == "tier=interp") {
        options.tier = runtime::Tier::interp;
      } else if (item == "tier=baseline") {
        options.tier = runtime::Tier::baseline;
      } else if (item == "tier=auto") {
        options.tier = runtime::Tier::automatic;
      } else if (const auto seed = number_after(item, "tier=random:", ~u64{0})) {
        options.tier = runtime::Tier::random;
        options.tiering.seed = *seed;
      } else if (const auto heat = number_after(item, "tier-heat=", runtime::kNeverHot)) {
        options.tiering.heat = static_cast<u32>(*heat);
      } else if (item == "background=on" || item == "background=off") {
        options.tiering.background = item.ends_with("on");
      } else if (item == "eager") {
        options.tiering.eager = true;
      } else if (item == "explicit-bounds") {
        options.explicit_bounds = true;
      } else if (item.starts_with(kCpu)) {
        auto level = read_level(item, item.substr(kCpu.size()));
        if (!level) return std::unexpected(std::move(level.error()));
        options.cpu_level = *level;
      } else {
        return misunderstood(item);
      }
    }
  }
  return options;
}

}  // namespace dewar::cli
