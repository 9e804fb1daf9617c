// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The options for folders in memory: --scratch SIZE|off (/tmp), --out DIR[:MAX] (/out).
#pragma once

#include "api/run.h"
#include "base/error.h"
#include "cli/parse.h"

namespace dewar::cli {

/// Errors: "usage-option".
Result<void> apply_folder_options(const ParsedArgs& args, api::RunConfig& config);

}  // namespace dewar::cli
