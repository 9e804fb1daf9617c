// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Text to a limit's value, by its unit, within what the limit can be.
#include "cli/limit_options.h"

#include <algorithm>

#include "cli/suggest.h"
#include "cli/units.h"

namespace dewar::cli {

namespace {

std::optional<u64> parse(std::string_view text, api::LimitUnit unit) {
  switch (unit) {
    case api::LimitUnit::count: return parse_count(text);
    case api::LimitUnit::bytes: return parse_size(text);
    case api::LimitUnit::milliseconds: return parse_duration_ms(text);
  }
  DEWAR_UNREACHABLE("unit");
}

std::string expected(const api::LimitSpec& spec) {
  std::string out;
  switch (spec.unit) {
    case api::LimitUnit::count: out = "a number such as 1000000 or 20M"; break;
    case api::LimitUnit::bytes: out = "a size such as 64MiB"; break;
    case api::LimitUnit::milliseconds: out = "a time such as 500ms, 30s or 5m"; break;
  }
  if (spec.may_be_none) out += ", or none";
  return out;
}

}  // namespace

std::vector<std::string_view> limit_names() {
  std::vector<std::string_view> out;
  for (const api::LimitSpec& spec : api::limit_table()) out.push_back(spec.name);
  return out;
}

Result<void> set_limit(api::RunLimits& limits, std::string_view name, std::string_view text) {
  const api::LimitSpec* spec = api::find_limit(name);
  if (!spec) {
    std::string hint = did_you_mean(name, limit_names());
    if (hint.empty()) hint = "docs/limits.md and `dewar help run` list the limits";
    return fail("usage-limit", "there is no limit \"" + std::string(name) + "\"", Error::kNoOffset, std::move(hint));
  }
  if (text == "none" && spec->may_be_none) {
    limits.*spec->value = std::nullopt;
    return {};
  }
  std::optional<u64> value = parse(text, spec->unit);
  // More time than can be counted is the most that can.
  if (value && spec->unit == api::LimitUnit::milliseconds) value = std::min(*value, spec->most);
  if (!value || *value < spec->least) {
    return fail("usage-limit", std::string(name) + "=" + std::string(text.substr(0, 64)) + " is not understood",
                Error::kNoOffset, "expected " + expected(*spec));
  }
  if (*value > spec->most) {
    return fail("usage-limit", std::string(name) + "=" + std::string(text.substr(0, 64)) + " is more than there can be",
                Error::kNoOffset, "at most " + api::quantity_text(spec->most, spec->unit));
  }
  limits.*spec->value = value;
  return {};
}

}  // namespace dewar::cli
