// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls and returns (docs/baseline.md, "Calls"): arguments are the caller's operands, results begin at the callee's fp.
// At a call everything is in its slot; behind it, too. At a return the locals do not matter any more.
#include "base/seed_bug.h"
#include "exec/baseline/compiler.h"

namespace dewar::exec::baseline {

/// rax = the function that a call_indirect calls. What is not plain, traps among it, is for the step.
void Compiler::indirect_target(const Instr& instr) {
  const u8* p = immediates(instr);
  const wasm::CanonId type = module().canon[interp::leb_u32(p)];
  const u32 table = interp::leb_u32(p);
  ColdStep& cold = cold_steps_.emplace_back(instr);
  // The index stays in its slot: should the call not be possible now, it runs again in the interpreter.
  m_.mov(module().tables[table].type.limits.is64 ? Width::w64 : Width::w32, Gpr::rcx, operand(instr.slots - 1));
  load_member(Gpr::rdx, at::kTables, table);
  m_.cmp(Width::w64, Gpr::rcx, Mem(Gpr::rdx, at::kTableSize));
  m_.jcc(Cond::ae, cold.entry);
  m_.mov(Width::w64, Gpr::rdx, Mem(Gpr::rdx, at::kTableCache));
  m_.mov(Width::w64, Gpr::rax, Mem(Gpr::rdx, Gpr::rcx, Scale::x8));
  m_.test(Width::w64, Gpr::rax, Gpr::rax);
  m_.jcc(Cond::e, cold.entry);
  m_.cmp(Width::w32, Mem(Gpr::rax, at::kFuncType), Imm(static_cast<i32>(type.value)));
  m_.jcc(SEED(36, Cond::ne, Cond::b), cold.entry);  // Bug 36: functions of some other types are called.
  m_.bind(cold.back);
}

void Compiler::call(const Instr& instr, u32 index, u32 args_at, u32 result_slots, u32 next_pc) {
  const u32 distance = first_operand_ + args_at;
  bool direct = false;
  sync();
  switch (instr.op) {
    case wasm::Op::call:
      if (index < module().num_imported_funcs) {
        load_member(Gpr::rax, at::kFuncs, index);
      } else {
        const u32 defined = index - module().num_imported_funcs;
        m_.load(Width::w64, Gpr::rax, kInst, at::kCodeTable);
        m_.alu_plain(Alu::add, Width::w64, Gpr::rax, Imm(static_cast<i32>(defined * sizeof(runtime::FuncCode))));
        direct = true;
      }
      break;
    case wasm::Op::call_indirect: indirect_target(instr); break;
    case wasm::Op::call_ref:
      step(instr, interp::kStepRef, instr.last);
      m_.mov(Width::w64, Gpr::rax, Mem(kStack, at::kScratchFunc));
      break;
    default: DEWAR_UNREACHABLE("not a call");
  }
  m_.lea_plain(Width::w64, kFp, kFp, static_cast<i32>(distance * sizeof(Slot)));
  if (direct) {
    m_.call_plain(Gpr::rax, at::kEntry);
  } else {
    call_stub(support_->call_func);
  }
  calls_.push_back({m_.position(), instr.pc, distance});
  m_.lea_plain(Width::w64, kFp, kFp, -static_cast<i32>(distance * sizeof(Slot)));
  close_block();
  begin_block(next_pc, args_at + result_slots);
}

void Compiler::tail_call(const Instr& instr) {
  if (instr.op == wasm::Op::return_call) {
    step(instr, interp::kStepTailDirect, instr.last);
  } else {
    step(instr, instr.op == wasm::Op::return_call_ref ? interp::kStepRef : interp::kStepIndirect, instr.last);
    step(instr, interp::kStepTailCall, instr.last);
  }
  m_.ud2();
  close_block();
}

void Compiler::emit_return(const Instr& instr) {
  const std::span<const wasm::ValType> results = module().func_type(wasm::FuncIndex{func_->func}).results;
  state_.next_op();
  if (results.size() == 1) {
    const Rep rep = rep_of(results[0]);
    want(instr, {&rep, 1});
    state_.settle_top(1);
    state_.copy_results(1, 0);
  } else if (!results.empty()) {
    const u32 count = wasm::slots_of(results);
    state_.store_operands(state_.height());
    charge_move(instr, count);
    move_slots(first_operand_ + instr.slots - count, 0, count);
  }
  m_.ret();
}

void Compiler::return_values(const Instr& instr) {
  emit_return(instr);
  close_block();
}

void Compiler::end_function(const Instr& instr, bool reached) {
  if (reached) emit_return(instr);
  close_block();
  open_.pop_back();
}

}  // namespace dewar::exec::baseline
