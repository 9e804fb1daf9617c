// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a policy says about one path, variable or host, with the line that decides; and how two policies differ. By the
// rules alone: nothing of the host is looked at.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/policy.h"

namespace dewar::cli {

/// Who decides about one right.
struct Decision {
  enum class Verdict : u8 { allowed, denied, not_granted } verdict = Verdict::not_granted;
  const PolicyPath* rule = nullptr;  ///< the first that decides, or null
};
/// `right` is one of the rights, `guest_path` absolute.
Decision decide_path(const Policy& policy, std::string_view guest_path, boundary::Right right);

/// Lines for a person. Errors of the first: "grant-bad-path".
Result<std::string> explain_path(const Policy& policy, std::string_view guest_path);
std::string explain_env(const Policy& policy, std::string_view name);
std::string explain_host(const Policy& policy, std::string_view host);

/// What B grants more and less than A, one line each.
struct PolicyDiff {
  std::vector<std::string> more, less;
};
PolicyDiff diff_policies(const Policy& a, const Policy& b);

}  // namespace dewar::cli
