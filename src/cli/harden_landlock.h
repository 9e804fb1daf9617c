// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Landlock: the kernel itself confines this process to the granted paths with their rights, and forbids TCP and, from
// ABI 6 on, abstract sockets and signals to other processes. Descriptors that are open already keep working. By plain
// system calls, with the kernel's numbers, so that no header of a newer kernel is needed. See landlock(7).
#pragma once

#include <vector>

#include "base/types.h"
#include "boundary/grants.h"

namespace dewar::cli {

/// Below ABI 2 nothing may be renamed or linked from one folder to another, which a guest with the rights may.
inline constexpr u32 kLandlockLeastAbi = 2;
/// The newest whose rights we know.
inline constexpr u32 kLandlockNewestAbi = 6;

/// Version of the kernel's interface, or a negative error number.
int landlock_abi();
/// The accesses that an ABI knows, all of which are refused unless granted.
u64 landlock_handled(u32 abi);
/// The accesses below a folder (or to a file) that rights of a mount come to.
u64 landlock_accesses(u32 abi, boundary::Rights rights, bool folder);
/// Confines the calling thread, which must have no_new_privs. 0, or a negative error number.
int landlock_restrict(u32 abi, const std::vector<boundary::MountGrant>& paths);

}  // namespace dewar::cli
