// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The rule on grants whose folders lie inside each other on the host. A granted folder can be walked from its top to
// everything in it (by links that the guest makes, by handles, by renames), whatever is mounted over parts of it. So an
// inner grant cannot take away what an outer one gives; grants that look as if they did are refused.
#pragma once

#include "base/error.h"
#include "boundary/mounts.h"

namespace dewar::boundary {

/// Errors: "grant-overlap" if a mount lies, on the host, inside the folder of another and lacks a right of that one.
/// Guest paths do not matter. Two mounts of the very same folder are allowed: neither looks protected from the other.
/// "grant-mount-open" if it cannot be found out where a mount lies and another has a right that it lacks.
Result<void> check_overlaps(const MountTable& table);

}  // namespace dewar::boundary
