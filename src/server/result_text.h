// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An outcome for a model: without what is the operator's (which grant would help, how the host is set up), and as a
// short text. Lines that a program wrote begin with "| ", so that it cannot pass its words off as ours.
#pragma once

#include <string>

#include "api/outcome.h"

namespace dewar::server {

/// The outcome as a model may see it: no grants, no hints with options, no names of the host.
api::Outcome for_model(api::Outcome outcome);

/// How it ended, the beginning (and end) of what the program wrote, its error, what it was refused. A few KiB at most.
std::string result_text(const api::Outcome& outcome);

}  // namespace dewar::server
