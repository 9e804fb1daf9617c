// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs a WASI command in the interpreter, unquickened, and counts how often every instruction of it is executed. The
// counts come from a dispatch table in which every single-byte opcode first counts and then goes to its real handler.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "wasm/module.h"
#include "wasm/type_registry.h"

namespace dewar::bench {

struct CountedRun {
  base::Ref<const wasm::Module> module;
  /// By defined function, then by pc: how often the instruction that starts there was executed.
  std::vector<std::vector<u64>> counts;
};

/// Runs the module in `bytes` with the given arguments (program name first) and an empty file system; its output is
/// dropped. `types` must outlive the result. An error also if the program does not end with exit code 0.
Result<CountedRun> run_counted(std::vector<u8> bytes, const std::vector<std::string>& args);

}  // namespace dewar::bench
