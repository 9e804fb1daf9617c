// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instants as people write them.
#pragma once

#include <optional>
#include <string_view>

#include "base/types.h"

namespace dewar::cli {

/// Nanoseconds since the Unix epoch of "2026-07-01T12:00:00Z" (RFC 3339, UTC, no fraction), of "2026-07-01" (its first
/// second), or of a number of seconds since the epoch. From 1970 to 2261, so that a run's time has room after it.
std::optional<u64> parse_instant(std::string_view text);

}  // namespace dewar::cli
