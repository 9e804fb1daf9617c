// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The record of what a guest tried and was refused (denials), and of what it merely looked for (probes). Entries are
// aggregated and bounded: the first are kept, and the latest, so that a flood of refusals hides neither what came
// before it nor what comes after it. The totals count all. Text from the guest is cut, never trusted.
#pragma once

#include <list>
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

/// Distinct entries by key, each with its count: the first kFirst of them, and of the others the kLast met latest.
template <class Entry>
class FirstAndLatest {
 public:
  static constexpr usize kFirst = 192, kLast = 64;

  /// The entry is met once more; `entry()` makes it if it is not kept.
  template <class Make>
  void meet(std::string key, Make entry) {
    ++total_;
    const auto [known, added] = index_.try_emplace(std::move(key));
    if (!added) {
      ++known->second->entry.count;
      // In the order of the latest time: what is met again is not the next to go.
      if (known->second->late) kept_.splice(kept_.end(), kept_, known->second);
      return;
    }
    known->second = kept_.insert(kept_.end(), Kept{entry(), known, kept_.size() >= kFirst});
    known->second->entry.count = 1;
    if (kept_.size() == kFirst) last_of_first_ = known->second;
    if (kept_.size() <= kFirst + kLast) return;
    const auto oldest = std::next(last_of_first_);
    unlisted_ += oldest->entry.count;
    index_.erase(oldest->key);
    kept_.erase(oldest);
  }

  std::vector<Entry> list() const {
    std::vector<Entry> out;
    out.reserve(kept_.size());
    for (const Kept& kept : kept_) out.push_back(kept.entry);
    return out;
  }
  u64 total() const { return total_; }
  u64 unlisted() const { return unlisted_; }

 private:
  struct Kept;
  using Index = std::map<std::string, typename std::list<Kept>::iterator>;
  struct Kept {
    Entry entry;
    typename Index::iterator key;
    bool late;  ///< not of the first
  };
  std::list<Kept> kept_;
  Index index_;
  typename std::list<Kept>::iterator last_of_first_;
  u64 total_ = 0, unlisted_ = 0;
};

class DenialLog {
 public:
  /// Distinct entries kept of each list, and bytes of a resource or path kept.
  static constexpr usize kMaxEntries = FirstAndLatest<Denial>::kFirst + FirstAndLatest<Denial>::kLast;
  static constexpr usize kMaxText = 1024;

  /// Counts a refusal; entries are equal if operation, resource, rule and missing are.
  void deny(Denial denial);
  /// Counts a look-up; entries are equal if the path is.
  void probe(std::string_view path, std::string_view operation, std::string_view guest_saw);

  /// The first ones in the order of their first occurrence, then the latest in the order of their latest one. The count
  /// of a latest one, which may have come and gone before, is of the time that it is in the list.
  std::vector<Denial> denials() const { return denials_.list(); }
  std::vector<Probe> probes() const { return probes_.list(); }
  /// All refusals and look-ups, whether kept or not.
  u64 total_denials() const { return denials_.total(); }
  u64 total_probes() const { return probes_.total(); }
  /// Those that no kept entry counts.
  u64 unlisted_denials() const { return denials_.unlisted(); }
  u64 unlisted_probes() const { return probes_.unlisted(); }

 private:
  FirstAndLatest<Denial> denials_;
  FirstAndLatest<Probe> probes_;
};

}  // namespace dewar::boundary
