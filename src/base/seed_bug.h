// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bugs on purpose, to prove that the differential test finds their like (docs/testing.md, "Seeded bugs"). SEED(n,
// right, wrong) is `right`, and nothing else is compiled, unless the build was configured with DEWAR_SEED_BUG: a number
// makes that one place wrong; `env` lets $DEWAR_SEED_BUG choose at run time, so that one build has them all.
#pragma once

#ifdef DEWAR_SEED_BUG
#include <cstdlib>

namespace dewar::base {
inline const int seeded_bug = [] {
  const char* chosen = std::getenv("DEWAR_SEED_BUG");
  return chosen ? std::atoi(chosen) : 0;
}();
}  // namespace dewar::base

#define SEED(n, right, wrong) ((DEWAR_SEED_BUG) == (n) ? (wrong) : (right))
#else
#define SEED(n, right, wrong) (right)
#endif
