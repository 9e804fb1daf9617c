// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Quickening: overwrites the first opcode byte of straight-line groups in a private body with a fused opcode whose
// handler knows the layout of the bytes that follow. Branch targets only follow control opcodes, so a group is never
// jumped into; undone by writing the byte back.
#pragma once

#include "runtime/code.h"
#include "runtime/store.h"

namespace dewar::exec::interp {

void quicken(const wasm::Module& module, runtime::FuncCode& code, const runtime::EngineOptions& options);

}  // namespace dewar::exec::interp
