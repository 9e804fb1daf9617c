// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Limits as people write them, on the command line and in policy files: names and units come from api/limits.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/limits.h"
#include "base/error.h"

namespace dewar::cli {

/// Sets the limit `name` (the name of its flag and policy key) to what `text` says: "20M", "64MiB", "30s", "none".
/// Code: "usage-limit", with a hint that says what was expected; nothing is changed then.
Result<void> set_limit(api::RunLimits& limits, std::string_view name, std::string_view text);

/// The names that set_limit knows, in the order of the table.
std::vector<std::string_view> limit_names();

}  // namespace dewar::cli
