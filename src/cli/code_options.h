// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The values of -C: how code is made. They change how fast a program runs, and nothing that it can see.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/tier.h"

namespace dewar::cli {

/// Applies "KEY=VALUE,..." lists in order. Code: "usage-code".
Result<void> apply_code_options(const std::vector<std::string>& lists, runtime::Tier& tier);

}  // namespace dewar::cli
