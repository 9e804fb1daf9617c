// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which instructions have an encoding that needs no abstract state (those that do: emit_scalar.cpp). An instruction
// that has neither is a step: the interpreter's handler runs it.
#pragma once

#include <array>

#include "exec/baseline/compiler.h"

namespace dewar::exec::baseline {

using EmitFn = void (*)(Compiler& c, const Instr& instr);
using EmitTable = std::array<EmitFn, wasm::kOpCount>;

/// The table, made once.
const EmitTable& emit_table();

// One for each emit_*.cpp with encodings.
void add_plain_emitters(EmitTable& table);

}  // namespace dewar::exec::baseline
