// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Turns a script into a run of its interpreter: the module of the installed guest, its command line, and the files of
// the runtime's that it sees below /dewar. Grants nothing of the host's.
#pragma once

#include <string>
#include <vector>

#include "api/run.h"
#include "base/error.h"
#include "cli/guest_lock.h"

namespace dewar::cli {

/// Whether the guest sees the packages that were added to it (guest_wheels.h).
enum class Packages : u8 { none, added };

/// Fills module, arguments, files and interpreter of `config`. `path` is what the user calls the script. Codes: those
/// of load_guest and load_wheels, "usage-argument" (a language without arguments).
Result<void> use_interpreter(const LockedGuest& guest, const std::string& path, std::vector<u8> script,
                             std::vector<std::string> program_args, api::RunConfig& config,
                             Packages packages = Packages::added);

}  // namespace dewar::cli
