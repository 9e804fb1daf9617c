// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The values of -C: how code is made. They change how fast a program runs, and nothing that it can see.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/tier.h"

namespace dewar::cli {

/// What -C says; members as in runtime::EngineOptions.
struct CodeOptions {
  runtime::Tier tier = runtime::kDefaultTier;
  runtime::TierOptions tiering;
  u8 cpu_level = 0;
  bool explicit_bounds = false;

  /// To a RunConfig or EngineOptions.
  template <class To>
  void apply_to(To& to) const {
    to.tier = tier;
    to.tiering = tiering;
    if (cpu_level != 0) to.cpu_level = cpu_level;
    to.explicit_bounds |= explicit_bounds;
  }
};

/// Reads "KEY=VALUE,..." lists in order. Code: "usage-code".
Result<CodeOptions> read_code_options(const std::vector<std::string>& lists);

}  // namespace dewar::cli
