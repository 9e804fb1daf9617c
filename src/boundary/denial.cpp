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
  cut(denial.resource);
  cut(denial.operation);  // the name of a function that does not exist is a guest's choice, too
  std::string key;
  key.reserve(denial.operation.size() + denial.resource.size() + denial.rule.size() + denial.missing.size() + 4);
  for (const std::string* part : {&denial.operation, &denial.rule, &denial.missing, &denial.resource}) {
    key += *part;
    key += '\0';
  }
  denials_.meet(std::move(key), [&] { return std::move(denial); });
}

void DenialLog::probe(std::string_view path, std::string_view operation, std::string_view guest_saw) {
  std::string key(path.substr(0, kMaxText + 1));
  cut(key);
  probes_.meet(key, [&] { return Probe{key, std::string(operation), std::string(guest_saw), 0}; });
}

}  // namespace dewar::boundary
