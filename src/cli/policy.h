// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A policy file: what a run may do, as the operator wrote it down (docs/policy.md). The format is that of policy-mcp
// (wassette), with our own keys under `dewar:`. Whatever is in the file is either enforced or listed as inert; nothing
// is passed over in silence.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/policy_info.h"
#include "base/error.h"
#include "boundary/grants.h"

namespace dewar::cli {

/// A rule on paths. `guest` is an absolute guest path (exact, tree) or glob; `host` is the same of the host, relative
/// to the working folder or absolute.
struct PolicyPath {
  std::string guest;
  std::string host;
  boundary::PatternKind kind = boundary::PatternKind::tree;
  boundary::Rights rights = 0;
  std::string text;  ///< as written
  u32 line = 0;

  /// `guest` as a glob: "/a/**" for a tree.
  std::string guest_pattern() const;
};

/// A name and a value, and where they stand.
struct PolicyItem {
  std::string name;
  std::string value;
  u32 line = 0;
};

struct Policy {
  std::string file;
  std::string description;
  std::vector<PolicyPath> allow;
  std::vector<PolicyPath> deny;
  std::vector<PolicyItem> env_pass;  ///< variables of ours that are passed on, if we have them
  std::vector<PolicyItem> env_deny;
  std::vector<PolicyItem> env_set;
  std::vector<PolicyItem> net_allow;  ///< name is "host", "cidr" or "defaults"
  std::vector<PolicyItem> net_deny;
  std::optional<PolicyItem> clock, random, seed, clock_start, stdin_;
  std::vector<PolicyItem> limits;     ///< as after -W
  std::vector<PolicyItem> listeners;  ///< name is what --listen takes
  std::optional<std::vector<PolicyItem>> interpreters;
  std::vector<PolicyItem> never;  ///< value: an absolute glob of guest paths, or empty if `name` is a word
  std::vector<api::PolicyInfo::Inert> inert;

  /// What an outcome and its suggestions need to know.
  api::PolicyInfo info() const;
};

inline constexpr std::string_view kNeverWords[] = {"stdin", "network"};

/// Reads a policy. `file` is its name: paths count from the folder it is in. Errors: "policy-...".
Result<Policy> parse_policy(std::string_view text, const std::string& file);

/// The same of a file. Errors also: "file-...".
Result<Policy> load_policy(const std::string& file);

}  // namespace dewar::cli
