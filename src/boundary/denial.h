// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The record of what a guest tried and was refused (denials), and of what it merely looked for (probes). Entries are
// aggregated and bounded; the totals keep counting past the bound. Text from the guest is cut, never trusted.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace dewar::boundary {

/// One kind of refusal, with the number of times it happened.
struct Denial {
  std::string operation;  ///< the host function, e.g. "path_open"
  std::string resource;   ///< what it was about: a guest path, "fd 7", ... (text chosen by the guest)
  std::string rule;       ///< what decided, a stable code: "not-mounted", "mount-lacks-right", "path-escape", ...
  std::string missing;    ///< the grant that was missing: "read", "write", "create", "delete", "network", or empty
  std::string guest_saw;  ///< the error that the guest got, e.g. "ENOTCAPABLE"
  std::string grant;  ///< for the operator only: the flag that would grant it, where it does not follow from the rest
  u64 count = 0;
  std::string decided_by = "default";  ///< who made the rule: a line of the policy, a grant, or nobody ("default")
  std::string host_path = {};          ///< for the operator only: the host path behind the resource, where it is known
  bool directory = false;              ///< the guest asked for a directory
};

/// A path that was looked for and is not there.
struct Probe {
  std::string path;       ///< guest path (text chosen by the guest)
  std::string operation;  ///< the host function that looked first
  std::string guest_saw;
  u64 count = 0;
};

class DenialLog {
 public:
  /// Distinct entries kept of each list, and bytes of a resource or path kept.
  static constexpr usize kMaxEntries = 256;
  static constexpr usize kMaxText = 1024;

  /// Counts a refusal; entries are equal if operation, resource, rule and missing are.
  void deny(Denial denial);
  /// Counts a look-up; entries are equal if the path is.
  void probe(std::string_view path, std::string_view operation, std::string_view guest_saw);

  /// In the order of first occurrence.
  const std::vector<Denial>& denials() const { return denials_; }
  const std::vector<Probe>& probes() const { return probes_; }
  /// All refusals and look-ups, whether kept or not.
  u64 total_denials() const { return total_denials_; }
  u64 total_probes() const { return total_probes_; }
  /// Those that belong to no kept entry.
  u64 unlisted_denials() const { return unlisted_denials_; }
  u64 unlisted_probes() const { return unlisted_probes_; }

 private:
  std::vector<Denial> denials_;
  std::vector<Probe> probes_;
  std::map<std::string, usize, std::less<>> denial_index_;
  std::map<std::string, usize, std::less<>> probe_index_;
  u64 total_denials_ = 0;
  u64 total_probes_ = 0;
  u64 unlisted_denials_ = 0;
  u64 unlisted_probes_ = 0;
};

}  // namespace dewar::boundary
