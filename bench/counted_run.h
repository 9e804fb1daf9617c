// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs a WASI command and counts: in the interpreter, unquickened, how often every instruction of it is executed;
// compiled, how many there are and how many of them compiled code has done out of line. The first
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

struct CompiledRun {
  u64 instructions = 0;  ///< executed, with the surcharge of bulk work
  u64 steps = 0;         ///< out of line
};

/// The same with every function compiled when it is called first.
Result<CompiledRun> run_compiled(std::vector<u8> bytes, const std::vector<std::string>& args);

}  // namespace dewar::bench
