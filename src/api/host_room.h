// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whether this process can keep limits exactly: a limit of open handles above what the kernel lets a process open would
// be reached at another place on every machine, and runs side by side would take descriptors from each other.
#pragma once

#include "api/limits.h"
#include "base/error.h"
#include "boundary/grants.h"

namespace dewar::api {

/// Raises the soft limit of open descriptors to the hard one. For programs; a library leaves it to its embedder.
void raise_descriptor_limit();

/// Is there room for all that `runs` runs at once may have open, with these grants each? Error: "limit-descriptors".
Result<void> check_descriptor_room(const RunLimits& limits, const boundary::Grants& grants, u64 runs = 1);

}  // namespace dewar::api
