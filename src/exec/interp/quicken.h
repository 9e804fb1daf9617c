// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Quickening: overwrites the first opcode byte of straight-line groups in a private body with a fused opcode whose
// handler knows the layout of the bytes that follow. Branch targets only follow control opcodes, so a group is never
// jumped into; undone by writing the byte back.
#pragma once

#include <span>
#include <vector>

#include "runtime/code.h"
#include "runtime/store.h"

namespace dewar::exec::interp {

/// One row of fused.def.
struct FusedGroup {
  std::vector<wasm::Op> ops;
  u8 code;  ///< opcode byte that stands for the group
};
std::span<const FusedGroup> fused_groups();

/// An instruction of a body that can be reached.
struct InstrAt {
  u32 pc;
  wasm::Op op;
};

/// Fuses what can be fused. `instrs` in pc order; `body` is the private one with its mandatory rewrites. False if that
/// was stopped.
bool quicken(const wasm::Module& module, u8* body, std::span<const InstrAt> instrs,
             const runtime::EngineOptions& options, base::StopBits stop = {});

}  // namespace dewar::exec::interp
