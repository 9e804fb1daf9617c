// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The emitters: each takes the operands of one instruction from the State, emits its code, and leaves its results
// there. They are free functions over an EmitContext, which a compiler owns, so that none of them needs the compiler.
// Before each, the compiler calls State::next_op(), or next_op_keeping_flags() for what takes a comparison.
#pragma once

#include <array>

#include "exec/baseline/options.h"
#include "exec/baseline/state.h"
#include "wasm/op.h"

namespace dewar::exec::baseline {

struct EmitContext {
  Assembler& m;
  State& state;
  const CompileOptions& options;
  ColdList& cold;
  Literals& literals;
  u32 pc = 0;             ///< of the Wasm instruction being compiled
  bool guarded0 = false;  ///< memory 0 relies on its guard pages
};

/// Does this instruction take a comparison that is still in the flags?
constexpr bool takes_flags(wasm::Op op) {
  return op == wasm::Op::br_if || op == wasm::Op::if_ || op == wasm::Op::select || op == wasm::Op::select_t ||
         op == wasm::Op::i32_eqz || op == wasm::Op::drop;
}

/// How an integer instruction is emitted.
struct IntRow {
  void (*emit)(EmitContext& c, const IntRow& row) = nullptr;  ///< null: it is none of these
  /// The same of operands that are on no stack: one as pop() gives it, and a constant.
  void (*emit_const)(EmitContext& c, const IntRow& row, Value a, u64 b) = nullptr;
  u64 (*fold)(Rep rep, u64 a, u64 b) = nullptr;
  Rep rep{};
  u8 code = 0;  ///< Alu, Shift or Cond
  u8 operands = 2;
};
/// Of the opcodes from i32.eqz to i64.rotr: those that are emitted in this way (emit_int.cpp).
inline constexpr auto kFirstInt = wasm::Op::i32_eqz, kLastInt = wasm::Op::i64_rotr;
extern const std::array<IntRow, static_cast<usize>(kLastInt) - static_cast<usize>(kFirstInt) + 1> kIntRows;
constexpr bool has_int_row(wasm::Op op) { return op >= kFirstInt && op <= kLastInt; }
inline const IntRow& int_row(wasm::Op op) { return kIntRows[static_cast<usize>(op) - static_cast<usize>(kFirstInt)]; }

/// Scalar numeric instructions without immediates (0x45 to 0xc4, and what 0xfc has of them). False, with nothing done,
/// where the level has no instruction for it: the compiler then calls numeric_fn(op).
bool emit_numeric(EmitContext& c, wasm::Op op);

/// Vector instructions without memory; `immediates` as in the body. False, with the operands where they were, where the
/// level has no instructions for it.
bool emit_simd(EmitContext& c, wasm::Op op, const u8* immediates);
/// Loads and stores of vectors and of their lanes. The same.
bool emit_simd_access(EmitContext& c, wasm::Op op, const wasm::MemoryType& type, u32 memory, u64 offset, u8 lane);

/// Atomic accesses, but for wait and notify. The same.
bool emit_atomic(EmitContext& c, wasm::Op op, const wasm::MemoryType& type, u32 memory, u64 offset);

/// What a branch depends on.
struct Condition {
  bool known = false;  ///< a constant, then `taken` says which
  bool taken = false;
  FlagsCond flags = {};
};
/// Pops an i32 that is a condition; the flags are set when it returns, and moves leave them so.
Condition pop_condition(EmitContext& c);
/// Jumps to `target` if the flags are so.
void jump_if_parity(Assembler& m, FlagsCond flags, Label& target);
inline void jump_if(Assembler& m, FlagsCond flags, Label& target) {
  if (DEWAR_UNLIKELY(flags.parity)) return jump_if_parity(m, flags, target);
  m.jcc(flags.cond, target);
}

/// select of one-slot values and v128.
void emit_select(EmitContext& c);

/// Emits the code that `exit` stands for, where the hot path jumps to. `trap(user, kind, pc)` emits the end of it that
/// does not come back.
using EmitTrap = void (*)(void* user, TrapKind kind, u32 pc);
void emit_cold(EmitContext& c, ColdExit& exit, EmitTrap trap, void* user);

// ---- parts of emit_numeric, by file ----
bool emit_float(EmitContext& c, wasm::Op op);
bool emit_convert(EmitContext& c, wasm::Op op);

}  // namespace dewar::exec::baseline
