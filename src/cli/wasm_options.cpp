// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One key after the other; a key that is no limit is the name of a proposal.
#include "cli/wasm_options.h"

#include <algorithm>

#include "cli/spec.h"
#include "cli/suggest.h"
#include "cli/units.h"
#include "wasm/limits.h"

namespace dewar::cli {

namespace {

std::unexpected<Error> bad(std::string_view item, std::string_view expected) {
  return fail("usage-wasm", "-W " + std::string(item) + " is not understood", Error::kNoOffset,
              "expected " + std::string(expected));
}

std::optional<bool> parse_switch(std::string_view value) {
  if (value.empty() || value == "y" || value == "yes" || value == "true") return true;
  if (value == "n" || value == "no" || value == "false") return false;
  return std::nullopt;
}

std::string known_keys_hint(std::string_view key) {
  std::vector<std::string_view> known;
  for (const WasmKeySpec& spec : wasm_keys()) {
    if (spec.name != "FEATURE") known.push_back(spec.name);
  }
#define X(id, name, on) known.push_back(wasm::feature_name(wasm::Feature::id));
  DEWAR_FEATURES(X)
#undef X
  std::string hint = did_you_mean(key, known);
  return hint.empty() ? "`dewar help run` lists the limits, `dewar version` the features" : hint;
}

Result<bool> apply_limit(std::string_view item, std::string_view key, std::string_view value, api::RunLimits& limits) {
  const auto size = [&](u64& out) -> Result<bool> {
    const auto bytes = parse_size(value);
    if (!bytes || *bytes == 0) return bad(item, "a size such as 64MiB");
    out = *bytes;
    return true;
  };
  if (key == "fuel") {
    limits.fuel = parse_count(value);
    if (!limits.fuel && value != "none") return bad(item, "a number such as 1000000 or 20M, or none");
    return true;
  }
  if (key == "timeout") {
    limits.wall_time_ms = parse_duration_ms(value);
    if (!limits.wall_time_ms && value != "none") return bad(item, "a time such as 500ms, 30s or 5m, or none");
    // Longer than a year is as good as for ever, and keeps clock arithmetic far from its ends.
    if (limits.wall_time_ms) limits.wall_time_ms = std::min<u64>(*limits.wall_time_ms, u64{366} * 86'400'000);
    return true;
  }
  if (key == "max-memory-size") return size(limits.max_memory_bytes);
  if (key == "max-wasm-stack") return size(limits.stack_bytes);
  if (key == "max-gc-heap") return size(limits.max_gc_bytes);
  if (key == "max-table-elements") {
    const auto count = parse_count(value);
    if (!count) return bad(item, "a number such as 10000");
    limits.max_table_elements = *count;
    return true;
  }
  return false;
}

Result<void> apply_item(std::string_view item, api::RunLimits* limits, wasm::Features& features) {
  const usize equals = item.find('=');
  const std::string_view key = item.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1);
  if (limits) {
    auto done = apply_limit(item, key, value, *limits);
    if (!done) return std::unexpected(std::move(done.error()));
    if (*done) return {};
  }
  const auto feature = wasm::feature_by_name(key);
  if (!feature) {
    return fail("usage-wasm", "-W has no key \"" + std::string(key) + "\"", Error::kNoOffset, known_keys_hint(key));
  }
  const auto on = parse_switch(value);
  if (!on) return bad(item, std::string(key) + "=y or " + std::string(key) + "=n");
  features.set(*feature, *on);
  return {};
}

}  // namespace

Result<void> apply_wasm_options(const std::vector<std::string>& lists, api::RunLimits* limits,
                                wasm::Features& features) {
  for (std::string_view list : lists) {
    while (!list.empty()) {
      const usize comma = list.find(',');
      const std::string_view item = list.substr(0, comma);
      list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
      if (item.empty()) continue;
      if (Result<void> ok = apply_item(item, limits, features); !ok) return ok;
    }
  }
  return {};
}

}  // namespace dewar::cli
