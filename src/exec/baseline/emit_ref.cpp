// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Globals, references, and the sizes of memories and tables, natively: what is found by a load or two from the
// instance. Emitters that take a Value leave nothing behind; kScratch is theirs.
#include "exec/baseline/compiler.h"

namespace dewar::exec::baseline {

namespace {

using wasm::Op;

constexpr Rep kRef[] = {Rep::i32};

constexpr i8 near_global(u32 index) { return static_cast<i8>(at::kNearGlobals + index * sizeof(void*)); }

}  // namespace

void Compiler::load_member(Gpr to, i32 array, u32 index) {
  m_.load(Width::w64, to, kInst, array);
  m_.mov(Width::w64, to, Mem(to, static_cast<i32>(index * sizeof(void*))));
}

void Compiler::null_check(Value& ref, TrapKind kind) {
  const Gpr reg = gpr(state_.in_reg(ref));
  m_.test(Width::w32, reg, reg);
  cold_.trap_if(m_, Cond::e, kind, emit_.pc);
}

void Compiler::table_get(u32 index, bool is64) {
  Value at = state_.pop();
  const Reg table = state_.take(kGprMask);
  load_member(gpr(table), at::kTables, index);
  if (at.is_const()) {
    m_.mov_imm(kScratch, at.constant);
  } else {
    const Width w = is64 ? Width::w64 : Width::w32;
    if (state_.in_memory(at)) {
      m_.mov(w, kScratch, state_.mem_of(at));
    } else {
      m_.mov(w, kScratch, gpr(state_.in_reg(at)));
    }
  }
  m_.cmp(Width::w64, kScratch, Mem(gpr(table), at::kTableSize));
  cold_.trap_if(m_, Cond::ae, TrapKind::table_out_of_bounds, emit_.pc);
  m_.mov(Width::w64, gpr(table), Mem(gpr(table), at::kTableRefs));
  m_.mov(Width::w32, gpr(table), Mem(gpr(table), kScratch, Scale::x4));
  state_.release(at);
  state_.push_reg(Rep::i32, table);
}

void Compiler::load_global(u32 index) {
  if (index >= runtime::Instance::kNearGlobals) return load_member(kScratch, at::kGlobals, index);
  m_.load(Width::w64, kScratch, kInst, near_global(index));
}

void Compiler::global_get(u32 slots, u32 index, Rep rep) {
  begin_push(slots);
  if (DEWAR_UNLIKELY(index >= runtime::Instance::kNearGlobals || is_float(rep))) return rarer_global_get(rep, index);
  const Reg reg = state_.take(kGprMask);
  m_.load_through(width_of(rep), gpr(reg), kScratch, kInst, near_global(index));
  state_.push_reg(rep, reg);
}

void Compiler::rarer_global_get(Rep rep, u32 index) {
  const Reg reg = state_.take_for(rep);
  load_global(index);
  state_.load(rep, reg, Mem(kScratch, at::kGlobalValue));
  state_.push_reg(rep, reg);
}

void Compiler::global_set(u32 slots, u32 index) {
  const Rep rep = rep_of(module().globals[index].type.type);
  state_.next_op_taking();
  if (!state_.has(1)) know_one(slots, rep);
  Value value = state_.pop();
  state_.settle(value);
  const Reg reg = state_.in_reg(value);
  load_global(index);
  state_.store(rep, Mem(kScratch, at::kGlobalValue), reg);
  state_.release(value);
}

bool Compiler::object_access(const Instr& instr) {
  const u8* p = immediates(instr);
  const auto begin = [&](std::span<const Rep> operands = {}) {
    state_.next_op();
    want(instr, operands);
  };
  switch (instr.op) {
    case Op::global_get: {
      const u32 index = interp::leb_u32(p);
      return global_get(instr.slots, index, rep_of(module().globals[index].type.type)), true;
    }
    case Op::global_set: return global_set(instr.slots, interp::leb_u32(p)), true;
    case Op::ref_null: begin(); return state_.push_const(Rep::i32, 0), true;
    case Op::ref_is_null: begin(kRef); return emit_numeric(emit_, Op::i32_eqz);
    case Op::ref_eq: {
      constexpr Rep kTwo[] = {Rep::i32, Rep::i32};
      begin(kTwo);
      return emit_numeric(emit_, Op::i32_eq);
    }
    case Op::ref_func: {
      begin();
      const Reg reg = state_.take(kGprMask);
      load_member(gpr(reg), at::kFuncs, interp::leb_u32(p));
      m_.mov(Width::w32, gpr(reg), Mem(gpr(reg), at::kFuncIndex));
      static_assert(runtime::func_ref(5) == (5 << 3 | 2));
      m_.shift(Shift::shl, Width::w32, gpr(reg), 3);
      m_.or_(Width::w32, gpr(reg), Imm(2));
      return state_.push_reg(Rep::i32, reg), true;
    }
    case Op::ref_as_non_null: {
      begin(kRef);
      Value ref = state_.pop();
      null_check(ref, TrapKind::null_reference);
      return state_.push_value(ref), true;
    }
    case Op::ref_i31: {
      begin(kRef);
      static_assert(runtime::i31_ref(5) == 11);
      Value value = state_.pop();
      const Gpr from = gpr(state_.in_reg(value));
      const Reg reg = state_.take(kGprMask);
      m_.lea(Width::w32, gpr(reg), Mem(from, from, Scale::x1, 1));
      state_.release(value);
      return state_.push_reg(Rep::i32, reg), true;
    }
    case Op::i31_get_s:
    case Op::i31_get_u: {
      begin(kRef);
      Value ref = state_.pop();
      null_check(ref, TrapKind::null_i31_reference);
      const Reg reg = state_.in_own_reg(ref);
      m_.shift(instr.op == Op::i31_get_s ? Shift::sar : Shift::shr, Width::w32, gpr(reg), 1);
      return state_.push_reg(Rep::i32, reg), true;
    }
    case Op::memory_size: {
      const u32 index = interp::leb_u32(p);
      const wasm::MemoryType& type = module().memories[index];
      begin();
      const Reg reg = state_.take(kGprMask);
      load_member(gpr(reg), at::kMemories, index);
      m_.mov(Width::w64, gpr(reg), Mem(gpr(reg), at::kMemoryBytes));
      if (type.page_log2 != 0) m_.shift(Shift::shr, Width::w64, gpr(reg), static_cast<u8>(type.page_log2));
      return state_.push_reg(type.limits.is64 ? Rep::i64 : Rep::i32, reg), true;
    }
    case Op::table_size: {
      const u32 index = interp::leb_u32(p);
      begin();
      const Reg reg = state_.take(kGprMask);
      load_member(gpr(reg), at::kTables, index);
      m_.mov(Width::w64, gpr(reg), Mem(gpr(reg), at::kTableSize));
      return state_.push_reg(module().tables[index].type.limits.is64 ? Rep::i64 : Rep::i32, reg), true;
    }
    case Op::table_get: {
      const u32 index = interp::leb_u32(p);
      const bool is64 = module().tables[index].type.limits.is64;
      const Rep rep = is64 ? Rep::i64 : Rep::i32;
      begin({&rep, 1});
      return table_get(index, is64), true;
    }
    default: return false;
  }
}

}  // namespace dewar::exec::baseline
