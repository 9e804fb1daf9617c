// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the operator's command line grants a run: shared by every command that runs programs (`run`, `mcp`). Nothing is
// granted here that an option did not name.
#pragma once

#include "base/error.h"
#include "boundary/grants.h"
#include "cli/parse.h"

namespace dewar::cli {

/// Reads --dir, --ro, --listen, --stream, --env, --clock, --random, --seed and --stdin. Codes: "usage-env",
/// "usage-option", "grant-...".
Result<void> read_grants(const ParsedArgs& args, boundary::Grants& grants);

}  // namespace dewar::cli
