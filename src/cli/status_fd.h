// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// --status-fd N: how a run ended, in one line on a descriptor of the caller's. An exit status has eight bits that the
// program shares; this line is dewar's alone.
#pragma once

#include <optional>
#include <string_view>

#include "api/outcome.h"
#include "base/error.h"

namespace dewar::cli {

/// A descriptor from 3 on that is open. Call it before anything else is opened. Code: "usage-option".
Result<int> parse_status_fd(std::string_view text);

/// Writes "CLASS CODE EXIT-CODE" and a line break. False if it could not be written.
bool write_status(int fd, const api::Outcome& outcome);

}  // namespace dewar::cli
