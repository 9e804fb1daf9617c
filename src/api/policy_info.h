// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What an outcome tells of the policy that a run was given: which entries nothing enforces, and what is never to be
// suggested as a grant.
#pragma once

#include <string>
#include <vector>

#include "boundary/path_rules.h"

namespace dewar::api {

struct PolicyInfo {
  /// An entry that has no effect.
  struct Inert {
    std::string entry;
    std::string reason;
    u32 line = 0;
  };
  /// Paths, or a word ("stdin", "network"), that is never suggested.
  struct Never {
    std::string word;  ///< empty: paths
    std::vector<boundary::PathPattern> paths;
    u32 line = 0;
  };
  std::string file;
  std::string description;
  std::vector<Inert> inert;
  std::vector<Never> never;
};

}  // namespace dewar::api
