// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// --profile: tells perf(1) of Linux what compiled code is at which address. `perfmap` writes /tmp/perf-PID.map, which
// perf finds by itself; `jitdump` writes jit-PID.dump into the current folder for `perf inject --jit`, with the code
// and the Wasm offsets of instructions (tools/perf/Documentation/jitdump-specification.txt of the kernel's sources).
#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "runtime/code_listener.h"

namespace dewar::cli {

/// Opens the file; before the process is hardened. Errors: "usage-option" for another word, "profile-file" if the file
/// cannot be made (it is there already, for example).
Result<std::shared_ptr<runtime::CodeListener>> open_profile(std::string_view kind);

}  // namespace dewar::cli
