// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// guests/guests.lock.json and the drivers, as built into this program: which interpreters there are, from which
// package and with which hashes. What is not in it cannot be installed.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/types.h"

namespace dewar::cli {

struct LockedGuest {
  std::string name;                  ///< "python"
  std::string language;              ///< "python"
  std::string title;                 ///< "CPython 3.12.0"
  std::vector<std::string> endings;  ///< ".py"
  std::string package;               ///< in the npm registry
  std::string version;
  std::string integrity;  ///< of the package
  std::string file;       ///< inside the package
  std::string sha256;     ///< of the file
  u64 size = 0;           ///< of the file
  std::string licence;
  std::string driver;       ///< text of the driver script; empty if the language cannot have one
  std::string driver_path;  ///< guest path that it appears at
  /// Further files of ours that the guest sees: path and text.
  std::vector<std::pair<std::string, std::string>> files;
  std::vector<std::string> library_paths;  ///< guest paths where it looks for its own sources, which are not there
  /// The whole command line, program name first; {driver}, {report}, {script} stand for paths, {args} for the
  /// program's arguments.
  std::vector<std::string> argv;
  bool takes_args = false;  ///< argv holds {args}
  bool sqlite_log = false;  ///< reports by SQLite's error log
};

const std::vector<LockedGuest>& locked_guests();
/// By name or language; null if there is none.
const LockedGuest* find_guest(std::string_view name);
/// The guest that runs files with the ending of `path`, or null.
const LockedGuest* guest_for_file(std::string_view path);

/// Texts that the build embeds (cmake/embed.cmake).
struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};
std::span<const EmbeddedFile> embedded_files();

}  // namespace dewar::cli
