// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a person is told after a run, on standard error: why it ended early, and what was refused with the option that
// would grant it. The same facts as the JSON outcome.
#pragma once

#include <string>

#include "api/outcome.h"

namespace dewar::cli {

/// Why a run did not end by itself: error line, Wasm frames, what to do. Empty for class exit.
std::string ending_text(const api::Outcome& outcome);

/// Files of the program that were not written where --out said, one line each; empty if all were.
std::string outputs_text(const api::Outcome& outcome);

/// One line for each refusal, look-ups counted in one line. Empty if nothing was refused.
std::string refusals_text(const api::Outcome& outcome);

}  // namespace dewar::cli
