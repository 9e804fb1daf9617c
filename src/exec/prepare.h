// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From a validated body to FuncCode: private copy, side table, handler rows, fuel per block (design D2, D11). Done at
// the first call of a function. It has two halves: the shape, which every tier needs, and the private body with its
// side table, which only the interpreter reads. Both are paid for with the shape, so that the tier does not show in the
// limit. Also answers where a pc lies in its block, by the same walk.
#pragma once

#include "exec/function_shape.h"
#include "runtime/code.h"
#include "runtime/store.h"

namespace dewar::exec {

/// Makes `code` ready for the interpreter: shape and body in one walk. Safe from several threads; returns at once if it
/// is prepared already. With a payer, its store's code budget pays for what is kept, and bounds what is needed on the
/// way; false, with nothing changed and payer->trap.kind set, if that does not suffice or the payer is killed. Without
/// one it always succeeds.
[[nodiscard]] bool prepare(runtime::CodeSet& set, runtime::FuncCode& code, const runtime::EngineOptions& options,
                           runtime::Stack* payer);

/// The shape only: slots, entry, handlers. Whoever calls this sees to it that the interpreter does not enter the
/// function before prepare_body(). Else as prepare().
[[nodiscard]] bool prepare_shape(runtime::CodeSet& set, runtime::FuncCode& code, const runtime::EngineOptions& options,
                                 runtime::Stack* payer);
/// Bytes that a function's first call pays for: the private body and the tables. A map of the locals counts, and four
/// blocks, whether there are so many or not; so do body and side table of a function that is never interpreted: it is
/// the same in every mode.
u64 kept_bytes(u64 body_size, const FunctionShape& shape);
/// What a walk of its own counts.
FunctionShape shape_of(const wasm::Module& module, u32 func);
/// The other half, which is paid for already; returns at once if it is there. Frames of the function must not exist.
void prepare_body(runtime::CodeSet& set, runtime::FuncCode& code, const runtime::EngineOptions& options);

/// An instruction found by a pc that may point into its opcode.
struct BlockPosition {
  u32 pc = 0;    ///< first byte of the instruction that contains the given pc
  u32 rest = 0;  ///< instructions after it in its fuel block: what a trap refunds
  u32 side = 0;  ///< side-table index when it is about to run
};
BlockPosition locate(const wasm::Module& module, u32 func, u32 pc);
/// The `rest` alone; 0 if `stop` is set and the body is much work.
u32 rest_of_block(const wasm::Module& module, u32 func, u32 pc, base::StopBits stop);

}  // namespace dewar::exec
