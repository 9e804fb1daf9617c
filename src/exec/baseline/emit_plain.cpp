// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions that need no code, or nearly none.
#include "exec/baseline/emit_table.h"

namespace dewar::exec::baseline {

namespace {

void emit_nothing(Compiler&, const Instr&) {}

/// A try_table is entered for free, but to step over very many clauses costs fuel (docs/ABI.md).
void emit_try_table(Compiler& c, const Instr& instr) {
  const u8* p = c.immediates(instr);
  interp::skip_block_type(p);
  if (interp::leb_u32(p) >= interp::kRowsPerUnit) c.step(instr);
}

}  // namespace

void add_plain_emitters(EmitTable& table) {
  const auto set = [&table](wasm::Op op, EmitFn fn) { table[static_cast<usize>(op)] = fn; };
  // They change how many operand slots there are, and no slot.
  set(wasm::Op::nop, emit_nothing);
  set(wasm::Op::any_convert_extern, emit_nothing);
  set(wasm::Op::extern_convert_any, emit_nothing);
  set(wasm::Op::try_table, emit_try_table);
}

}  // namespace dewar::exec::baseline
