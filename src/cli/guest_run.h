// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Running programs as the commands do: a script inside its interpreter, in a process that is hardened before the guest
// begins.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/run.h"
#include "base/error.h"
#include "cli/guest_lock.h"
#include "cli/harden.h"

namespace dewar::cli {

/// Whether the guest sees the packages that were added to it (guest_wheels.h).
enum class Packages : u8 { none, added };

/// Makes `config` run a script: its interpreter becomes the module, the script a file of the guest's. `path` is what
/// the script is called, "-" for standard input. Codes: those of load_guest and load_wheels, "usage-argument" (a
/// language without arguments).
Result<void> use_interpreter(const LockedGuest& guest, const std::string& path, std::vector<u8> script,
                             std::vector<std::string> program_args, api::RunConfig& config,
                             Packages packages = Packages::added);

/// Runs it. Unless `mode` is off, this process is hardened when everything is loaded and opened, for good; it may then
/// still write to `folders`, for what it has to keep of the run.
api::Outcome run_program(api::RunConfig config, HardenMode mode, std::span<const std::string> folders = {});

}  // namespace dewar::cli
