// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pure-Python packages for the Python guest: wheels (PEP 427) kept as they came, in guests/python/wheels/ beside an
// index with their hashes. The host never unpacks one: the guest looks into it in the sandbox before it is stored, and
// imports from it later. What is loaded is what was hashed.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "cli/guest_lock.h"

namespace dewar::cli {

struct Wheel {
  std::string name;     ///< normalized (PEP 503)
  std::string version;  ///< as in its file's name
  std::string file;     ///< name of the file
  std::string sha256;
  u64 size = 0;
};

/// What a run shows its guest of a wheel: a file below /dewar with these bytes.
struct LoadedWheel {
  std::string guest_path;
  std::string contents;
};

/// The wheels of a guest, sorted by name; none if it is no Python. Code: "guest-damaged" for an index of another make.
Result<std::vector<Wheel>> list_wheels(const LockedGuest& guest);
/// Their bytes, checked against the index. Code: "guest-damaged".
Result<std::vector<LoadedWheel>> load_wheels(const LockedGuest& guest);
/// Checks and stores the wheel at "PATH" or "PATH#sha256=HEX"; replaces another version. `requires_` gets the names of
/// the packages that it says it needs. Codes: "wheel-...", "guest-...", "file-...".
Result<Wheel> add_wheel(const LockedGuest& guest, const std::string& source, std::vector<std::string>& requires_);
/// Code: "wheel-unknown".
Result<void> remove_wheel(const LockedGuest& guest, const std::string& name);
/// Deletes all of them, and their folder.
void remove_wheels(const LockedGuest& guest);

}  // namespace dewar::cli
