// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes an Outcome as one JSON object of the schema dewar-outcome/1 (docs/outcome.schema.json). Every member is
// always there, null where it does not apply, so that a reader never has to guess.
#pragma once

#include <string>

#include "api/outcome.h"

namespace dewar::api {

inline constexpr char kOutcomeSchema[] = "dewar-outcome/1";

/// "2026-01-01T00:00:00Z" for nanoseconds since the Unix epoch, with a fraction where there is one.
std::string utc_text(u64 ns);

/// The object on one line, or indented; without a final newline.
std::string outcome_json(const Outcome& outcome, bool pretty = false);

}  // namespace dewar::api
