// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which instructions have an encoding. Each emit_*.cpp enters its own; an instruction that nobody entered is a step:
// the interpreter's handler runs it. Adding an encoding changes one emit_*.cpp and nothing else.
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
