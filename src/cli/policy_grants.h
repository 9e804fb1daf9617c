// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From a policy and path options to the grants of a run: which folders become mounts, and which rules lie on them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/run.h"
#include "cli/parse.h"
#include "cli/policy.h"

namespace dewar::cli {

/// Adds path rules to grants. A rule whose guest and host path both lie in a mount that is there already becomes a rule
/// of that mount; else its folder (or the folder that a file is in) is mounted, with nothing else of it visible.
/// `source` says where a rule comes from. Errors: "grant-path-name".
struct PathRequest {
  PolicyPath path;
  std::string source;
};
Result<void> plan_paths(std::vector<PathRequest> requests, boundary::Grants& grants);

/// "RIGHTS:HOST[::GUEST]", as the option --allow takes it. Errors: "grant-bad-path".
Result<PathRequest> parse_allow(std::string_view text);

/// What the command line decided for itself, so that a policy knows what it must not override, or must refuse.
struct GivenOptions {
  std::string clock, random;  ///< as given, or empty
  bool seed = false;
  bool clock_start = false;
  std::vector<std::string> wasm;  ///< lists given with -W
};

/// Adds what a policy grants to `config`, whose grants hold what the options gave. Path requests of both are planned
/// together. Errors: "policy-denied" for options that the policy forbids, "grant-...".
Result<void> apply_policy(const Policy& policy, const GivenOptions& given, std::vector<PathRequest> requests,
                          api::RunConfig& config);

/// Applies the options --allow and --policy, after read_grants and the limits. The policy, if there is one, is
/// returned. Errors: those of the functions above and of load_policy.
Result<std::optional<Policy>> apply_rule_options(const ParsedArgs& args, api::RunConfig& config);

/// Errors: "policy-interpreter" if the policy does not allow programs of that language.
Result<void> check_interpreter(const Policy& policy, std::string_view language);

}  // namespace dewar::cli
