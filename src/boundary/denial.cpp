// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Aggregation of denials and probes. A hostile guest can ask for any number of different paths: memory stays bounded
// by kMaxEntries entries of kMaxText bytes, and counting goes on.
#include "boundary/denial.h"

namespace dewar::boundary {
namespace {

// Cuts text of the guest's choosing; the mark cannot be mistaken for a path because paths hold no NUL byte.
void cut(std::string& text) {
  if (text.size() <= DenialLog::kMaxText) return;
  text.resize(DenialLog::kMaxText);
  text += "...";
}

}  // namespace

void DenialLog::deny(Denial denial) {
  ++total_denials_;
  cut(denial.resource);
  std::string key;
  key.reserve(denial.operation.size() + denial.resource.size() + denial.rule.size() + denial.missing.size() + 4);
  for (const std::string* part : {&denial.operation, &denial.rule, &denial.missing, &denial.resource}) {
    key += *part;
    key += '\0';
  }
  if (auto it = denial_index_.find(key); it != denial_index_.end()) {
    ++denials_[it->second].count;
    return;
  }
  if (denials_.size() >= kMaxEntries) {
    ++unlisted_denials_;
    return;
  }
  denial_index_.emplace(std::move(key), denials_.size());
  denial.count = 1;
  denials_.push_back(std::move(denial));
}

void DenialLog::probe(std::string_view path, std::string_view operation, std::string_view guest_saw) {
  ++total_probes_;
  std::string key(path.substr(0, kMaxText + 1));
  cut(key);
  if (auto it = probe_index_.find(key); it != probe_index_.end()) {
    ++probes_[it->second].count;
    return;
  }
  if (probes_.size() >= kMaxEntries) {
    ++unlisted_probes_;
    return;
  }
  probe_index_.emplace(key, probes_.size());
  probes_.push_back({std::move(key), std::string(operation), std::string(guest_saw), 1});
}

}  // namespace dewar::boundary
