// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// --profile: tells perf(1) of Linux what compiled code is at which address. `perfmap` writes /tmp/perf-PID.map, which
// perf finds by itself; `jitdump` writes jit-PID.dump into the current folder for `perf inject --jit`, with the code
// and the Wasm offsets of instructions (tools/perf/Documentation/jitdump-specification.txt of the kernel's sources).
#pragma once

#include <memory>
#include <string_view>

#include "api/run.h"
#include "base/error.h"
#include "runtime/code_listener.h"

namespace dewar::cli {

/// Opens the file for a run; before the process is hardened. Errors: "usage-option" for another word, or if the run
/// compiles nothing; "profile-file" if the file cannot be made (it is there already, for example) or if the guest could
/// reach it.
Result<std::shared_ptr<runtime::CodeListener>> open_profile(std::string_view kind, const api::RunConfig& config);

}  // namespace dewar::cli
