// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What to do about a denial, in two voices. For the operator: the option or the policy entry that lifts exactly this
// denial. For the model that wrote the program: what was refused, that it is no fault of files or network, and a number
// to ask by; never the option, because a model with a shell would simply add it. Both follow from the record alone, so
// that they are the same on every machine.
#pragma once

#include <string>
#include <vector>

#include "api/outcome.h"

namespace dewar::api {

struct Suggestion {
  std::string id;       ///< "req-" and 16 hexadecimal digits, of operation, resource and missing right
  std::string message;  ///< for the model
  // For the operator only; empty where there is none.
  std::string flag;    ///< option of `dewar run`, quoted for a shell; HOST stands for a choice of the operator's
  std::string policy;  ///< "LIST: ENTRY" of a policy file
  std::string never;   ///< what says that it is never suggested: "policy line 4"
  std::string note;    ///< why nothing lifts it
};

/// One for each of outcome.denials, in their order. Ids differ from one another.
std::vector<Suggestion> suggestions(const Outcome& outcome);

/// `text` as one word of a POSIX shell (control characters as in bash's $'...').
std::string shell_word(const std::string& text);

}  // namespace dewar::api
