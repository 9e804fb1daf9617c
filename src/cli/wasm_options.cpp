// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One key after the other; a key that is no limit is the name of a proposal.
#include "cli/wasm_options.h"

#include "cli/limit_options.h"
#include "cli/spec.h"
#include "cli/suggest.h"
#include "cli/units.h"

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

Result<void> apply_item(std::string_view item, api::RunLimits* limits, wasm::Features& features) {
  const usize equals = item.find('=');
  const std::string_view key = item.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1);
  if (limits && api::find_limit(key)) {
    auto done = set_limit(*limits, key, value);
    if (!done) done.error().code = "usage-wasm";
    if (!done) done.error().message = "-W " + done.error().message;
    return done;
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
      const std::string_view item = take_item(list);
      if (item.empty()) continue;
      if (Result<void> ok = apply_item(item, limits, features); !ok) return ok;
    }
  }
  return {};
}

}  // namespace dewar::cli
