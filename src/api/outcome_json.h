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

/// Who reads it. A model is not told which grants would lift a refusal: it would simply add them.
enum class Audience : u8 { operator_, model };

/// The object on one line, or indented; without a final newline. For a model, the member `operator` is left out.
std::string outcome_json(const Outcome& outcome, bool pretty = false, Audience audience = Audience::operator_);

}  // namespace dewar::api
