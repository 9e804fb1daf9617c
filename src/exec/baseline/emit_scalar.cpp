// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Straight-line code: from the walk to the abstract state and its emitters. The State knows the operands that
// were pushed since all were last in their slots, and all locals; what an instruction takes from below is made known to
// it first (want). What has no emitter goes out of line.
#include <cstring>

#include "exec/baseline/address.h"
#include "exec/baseline/compiler.h"

namespace dewar::exec::baseline {

namespace {

using wasm::Op;

/// What an instruction pops, bottom first. An address is an i32 here.
struct Operands {
  u8 count = 0;
  Rep reps[4] = {};
  std::span<const Rep> span() const { return {reps, count}; }
};

constexpr Rep rep_of_letter(char letter) {
  switch (letter) {
    case 'l': return Rep::i64;
    case 'f': return Rep::f32;
    case 'd': return Rep::f64;
    case 'v': return Rep::v128;
    default: return Rep::i32;
  }
}

/// Of all instructions whose operands do not depend on the place.
constexpr auto kOperands = [] {
  std::array<Operands, wasm::kOpCount> table{};
  for (usize i = 0; i < wasm::kOpCount; ++i) {
    for (const char letter : std::string_view(wasm::op_info(static_cast<Op>(i)).sig)) {
      if (letter == ':' || letter == '*') break;
      table[i].reps[table[i].count++] = rep_of_letter(letter);
    }
  }
  return table;
}();

constexpr bool is_numeric(Op op) {
  return (op >= Op::i32_eqz && op <= Op::i64_extend32_s) ||
         (op >= Op::i32_trunc_sat_f32_s && op <= Op::i64_trunc_sat_f64_u) ||
         (op >= Op::i64_add128 && op <= Op::i64_mul_wide_u);
}
bool is_vector(Op op) { return op >= Op::v128_load && op <= Op::i32x4_relaxed_dot_i8x16_i7x16_add_s; }
bool is_atomic(Op op) { return op >= Op::memory_atomic_notify && op <= Op::i64_atomic_rmw32_cmpxchg_u; }
/// A load or store of any kind.
bool is_access(Op op) {
  if (op >= Op::i32_load && op <= Op::i64_store32) return true;
  if (!is_vector(op) && !is_atomic(op)) return false;
  const wasm::Imm imm = wasm::op_info(op).imm;
  return imm == wasm::Imm::memarg || imm == wasm::Imm::memarg_lane;
}

template <class T>
u64 bits_at(const u8* p) {
  T bits;
  std::memcpy(&bits, p, sizeof bits);
  return bits;
}

}  // namespace

void Compiler::sync() {
  state_.flush();
  state_.forget_stored();
}

void Compiler::want(const Instr& instr, std::span<const Rep> operands) { know(instr.slots, operands); }

void Compiler::know_one(u32 slots, Rep rep) { know(slots, {&rep, 1}); }

void Compiler::know(u32 slots, std::span<const Rep> operands) {
  const u32 known = state_.height();
  const u32 next = first_operand_ + slots;
  if (known == 0) state_.rebase(next);
  DEWAR_ASSERT(state_.next_slot() == next, "the state has other operands than the function");
  if (known < operands.size()) state_.push_below(operands.first(operands.size() - known));
}

void Compiler::numeric(u32 slots, Op op, u32 pc) {
  emit_.pc = pc;
  if (op == Op::i32_eqz) {
    state_.next_op_keeping_flags();
  } else {
    state_.next_op_taking();
  }
  if (DEWAR_LIKELY(has_int_row(op))) {
    const IntRow& row = int_row(op);
    if (DEWAR_LIKELY(row.emit != nullptr && state_.has(row.operands))) return row.emit(emit_, row);
  }
  rarer_numeric(slots, op, pc);
}

void Compiler::const_numeric(u32 slots, Rep rep, u64 bits, Op op, u32 pc) {
  if (DEWAR_LIKELY(has_int_row(op))) {
    const IntRow& row = int_row(op);
    if (DEWAR_LIKELY(row.emit_const != nullptr && state_.has(1))) {
      emit_.pc = pc;
      state_.next_op();
      return row.emit_const(emit_, row, state_.pop(), bits);
    }
  }
  constant(slots, rep, bits);
  numeric(slots + 1, op, pc);
}

void Compiler::local_const_numeric(u32 slots, u32 local, Rep rep, u64 bits, Op op, u32 pc) {
  if (DEWAR_LIKELY(has_int_row(op))) {
    const IntRow& row = int_row(op);
    // The constant would have found one operand more.
    if (DEWAR_LIKELY(row.emit_const != nullptr && !state_.is_almost_full())) {
      emit_.pc = pc;
      begin_push(slots);
      return row.emit_const(emit_, row, state_.local_value(local), bits);
    }
  }
  local_get(slots, local);
  constant(slots + 1, rep, bits);
  numeric(slots + 2, op, pc);
}

void Compiler::local_load(u32 slots, u32 local, Op op, u32 pc, u32 offset) {
  begin_push(slots);
  const Value index = state_.local_value(local);
  if (DEWAR_LIKELY(GuestAddress::is_plain(emit_, index, offset))) {
    emit_.pc = pc;
    return emit_plain_load(emit_, op, index, offset);
  }
  state_.push_local(local);
  access(slots + 1, op, pc, offset);
}

void Compiler::rarer_numeric(u32 slots, Op op, u32 pc) {
  const Operands& operands = kOperands[static_cast<usize>(op)];
  if (state_.height() < operands.count) know(slots, operands.span());
  if (emit_numeric(emit_, op)) return;
  step({.op = op, .pc = pc, .last = pc, .slots = slots});
}

void Compiler::access(u32 slots, Op op, u32 pc, u32 offset) {
  emit_.pc = pc;
  const bool stores = op >= Op::i32_store;
  state_.next_op_taking();
  if (DEWAR_LIKELY(state_.has(1u + stores) && GuestAddress::is_plain(emit_, state_.peek(stores), offset)))
    return stores ? emit_plain_store(emit_, op, offset) : emit_plain_load(emit_, op, state_.pop(), offset);
  rarer_access(slots, op, offset);
}

void Compiler::rarer_access(u32 slots, Op op, u32 offset) {
  const bool stores = op >= Op::i32_store;
  if (state_.height() < 1u + stores) know(slots, kOperands[static_cast<usize>(op)].span());
  const wasm::MemoryType& type = module().memories[0];
  static_cast<void>(stores ? emit_store(emit_, op, type, 0, offset) : emit_load(emit_, op, type, 0, offset));
}

void Compiler::select(u32 slots, Rep rep, u32 pc) {
  const Rep reps[] = {rep, rep, Rep::i32};
  emit_.pc = pc;
  state_.next_op_keeping_flags();
  know(slots, reps);
  emit_select(emit_);
}

bool Compiler::memory_access(const Instr& instr) {
  const u8* p = immediates(instr);
  const u32 flags = interp::leb_u32(p);
  const u32 memory = (flags & 0x40) != 0 ? interp::leb_u32(p) : 0;
  const u64 offset = interp::leb_u64(p);
  const wasm::MemoryType& type = module().memories[memory];
  Operands operands = kOperands[static_cast<usize>(instr.op)];
  if (type.limits.is64) operands.reps[0] = Rep::i64;
  state_.next_op_taking();  // as access()
  want(instr, operands.span());
  if (is_atomic(instr.op)) return emit_atomic(emit_, instr.op, type, memory, offset);
  const bool has_lane = wasm::op_info(instr.op).imm == wasm::Imm::memarg_lane;
  if (is_vector(instr.op)) return emit_simd_access(emit_, instr.op, type, memory, offset, has_lane ? *p : 0);
  return instr.op >= Op::i32_store ? emit_store(emit_, instr.op, type, memory, offset)
                                   : emit_load(emit_, instr.op, type, memory, offset);
}

bool Compiler::small_bulk(const Instr& instr) {
  const u8* p = immediates(instr);
  const bool copies = instr.op == Op::memory_copy;
  const auto memory = [&] {
    const u32 index = interp::leb_u32(p);
    return BulkMemory{module().memories[index], index};
  };
  const auto rep = [](bool is64) { return is64 ? Rep::i64 : Rep::i32; };
  const BulkMemory to = memory(), from = copies ? memory() : to;
  const bool to64 = to.type.limits.is64, from64 = from.type.limits.is64;
  const Rep reps[] = {rep(to64), rep(copies && from64), rep(to64 && from64)};
  state_.next_op();
  want(instr, reps);
  static_assert(kMaxInlineBulk <= interp::kUnpolledBytes, "the interpreter would be interrupted there");
  if (!state_.peek().is_const() || state_.peek().constant - 1 >= kMaxInlineBulk) return false;
  if (copies) {
    emit_small_copy(emit_, to, from);
  } else {
    emit_small_fill(emit_, to);
  }
  return true;
}

bool Compiler::scalar(const Instr& instr) {
  emit_.pc = instr.last;
  const u8* p = immediates(instr);
  switch (instr.op) {
    case Op::local_get: local_get(instr.slots, interp::leb_u32(p)); return true;
    case Op::local_set:
    case Op::local_tee: local_set(instr.slots, interp::leb_u32(p), instr.op == Op::local_tee); return true;
    case Op::i32_const: constant(instr.slots, Rep::i32, static_cast<u32>(interp::leb_s32(p))); return true;
    case Op::i64_const: constant(instr.slots, Rep::i64, static_cast<u64>(interp::leb_s64(p))); return true;
    case Op::f32_const: constant(instr.slots, Rep::f32, bits_at<u32>(p)); return true;
    case Op::f64_const: constant(instr.slots, Rep::f64, bits_at<u64>(p)); return true;
    case Op::drop: drop(); return true;
    case Op::select:
    case Op::select_t: select(instr.slots, instr.rep, instr.last); return true;
    case Op::memory_copy:
    case Op::memory_fill: return small_bulk(instr);
    case Op::atomic_fence: emit_.m.mfence(); return true;
    default: break;
  }
  if (is_access(instr.op)) return memory_access(instr);
  if (is_numeric(instr.op)) return numeric(instr.slots, instr.op, instr.last), true;
  if (!is_vector(instr.op)) return object_access(instr);
  state_.next_op();
  want(instr, kOperands[static_cast<usize>(instr.op)].span());
  return emit_simd(emit_, instr.op, p);
}

}  // namespace dewar::exec::baseline
