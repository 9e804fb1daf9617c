// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where installed guests live: ${DEWAR_HOME:-${XDG_DATA_HOME:-~/.local/share}/dewar}/guests/NAME/VERSION/FILE.
// A file there has passed the hash of the lock file; it appears in one step, and is never changed.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "cli/guest_lock.h"

namespace dewar::cli {

/// The guest could be installed: the store is, or can be made, a directory that we may write. Makes nothing. Code:
/// "guest-store", "guest-no-home".
Result<void> check_store(const LockedGuest& guest);

/// The directory above all guests. Code: "guest-no-home" if no variable says where.
Result<std::string> guests_directory();
/// Where the module of a guest is, or would be.
Result<std::string> guest_path(const LockedGuest& guest);
/// Is it there, with the right size? (The hash was checked when it was installed.)
bool is_installed(const LockedGuest& guest);
/// The bytes of an installed guest. Codes: "guest-missing" (says how to install it), "guest-damaged".
Result<std::vector<u8>> load_guest(const LockedGuest& guest);
/// Is the installed file the pinned one, by its hash? Not for every run: hashing takes 90 ms.
/// Codes: as load_guest.
Result<void> check_guest(const LockedGuest& guest);
/// Checks the hash and puts the file in its place; the path. Codes: "guest-hash", "guest-store".
Result<std::string> install_guest(const LockedGuest& guest, std::span<const u8> module);
/// Deletes it. Code: "guest-missing".
Result<void> remove_guest(const LockedGuest& guest);

}  // namespace dewar::cli
