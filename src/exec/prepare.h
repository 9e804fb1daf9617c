// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From a validated body to FuncCode: private copy, side table, handler rows, fuel per block (design D2, D11). Done at
// the first call of a function. Also answers where a pc lies in its block, by the same walk.
#pragma once

#include "runtime/code.h"
#include "runtime/store.h"

namespace dewar::exec {

/// Makes `code` ready. Safe from several threads; returns at once if it is prepared already. With a payer, its store's
/// code budget pays for what is kept, and bounds what is needed on the way; false, with nothing changed and
/// payer->trap.kind set, if that does not suffice or the payer is killed. Without one it always succeeds.
[[nodiscard]] bool prepare(runtime::CodeSet& set, runtime::FuncCode& code, const runtime::EngineOptions& options,
                           runtime::Stack* payer);

/// An instruction found by a pc that may point into its opcode.
struct BlockPosition {
  u32 pc = 0;    ///< first byte of the instruction that contains the given pc
  u32 rest = 0;  ///< instructions after it in its fuel block: what a trap refunds
  u32 side = 0;  ///< side-table index when it is about to run
};
/// If `stop` is set and the body is much work, only pc is found: rest and side are 0.
BlockPosition locate(const wasm::Module& module, u32 func, u32 pc, base::StopBits stop = {});

}  // namespace dewar::exec
