// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// State: locals and operands between their slots and registers.
#include "exec/baseline/state.h"

#include <algorithm>
#include <utility>

#include "base/seed_bug.h"

namespace dewar::exec::baseline {

bool State::begin(std::span<const wasm::ValType> locals, u32 params, u32 first_operand) {
  regs_.reset();
  top_ = stored_ = values_.data();
  has_flags_ = false;
  zero_ = {};
  top_->slot = first_operand;
  dirty_consts_.clear();
  consts_.clear();
  const bool lazy = locals.size() - params <= kMaxLazyLocals;
  locals_.resize(std::max(locals_.size(), locals.size()));
  u32 slot = 0;
  for (u32 i = 0; i < locals.size(); ++i) {
    const Rep rep = rep_of(locals[i]);
    locals_[i] = {.rep = rep, .slot = slot};
    slot += slots_of(rep);
    if (lazy && i >= params) make_const(i, 0);
  }
  return !lazy && params < locals.size();
}

// ---- operands ----

void State::push_value(Value value) {
  if (value.where == Value::kSlot && value.slot != top_->slot) in_reg(value);
  place(value.where, value.rep, value.reg, value.raw).constant = value.constant;
  if (value.where == Value::kLocal) ++locals_[value.local].aliases;
  if (value.where == Value::kFlags) has_flags_ = true;
}

void State::push_below(std::span<const Rep> reps) {
  const u32 count = static_cast<u32>(reps.size());
  while (last_ - top_ < std::ptrdiff_t{count}) grow();
  u32 slot = values_[0].slot;
  std::copy_backward(values_.data(), top_ + 1, top_ + 1 + count);
  for (u32 i = count; i-- > 0;) {
    slot -= slots_of(reps[i]);
    values_[i] = Value();
    values_[i].rep = reps[i];
    values_[i].slot = slot;
  }
  top_ += count;
  stored_ += count;
}

void State::grow() {
  const auto height = top_ - values_.data(), stored = stored_ - values_.data();
  values_.resize(values_.size() * 2);
  top_ = values_.data() + height;
  stored_ = values_.data() + stored;
  last_ = &values_.back();
}

void State::cut(u32 height) {
  DEWAR_ASSERT(height <= this->height(), "operands can not be cut to more of them");
  const Value* const end = values_.data() + height;
  while (top_ > end) drop();
}

void State::flags_to_register() {
  Value& value = top_[-1];
  DEWAR_ASSERT(value.where == Value::kFlags, "flags below an operand");
  const Reg reg = take(kGprMask);
  load_flags(reg, value.flags);
  value.where = Value::kReg;
  value.reg = reg;
  has_flags_ = false;
}

void State::load_flags(Reg reg, FlagsCond flags) {
  m_.setcc(flags.cond, gpr(reg));
  if (DEWAR_UNLIKELY(flags.parity)) {
    // Equal and ordered, or neither.
    const bool equal = flags.cond == Cond::e;
    m_.setcc(equal ? Cond::np : Cond::p, kScratch);
    m_.alu(equal ? Alu::and_ : Alu::or_, Width::w32, gpr(reg), kScratch);
  }
  m_.movzx(Width::w8, gpr(reg), gpr(reg));
}

void State::narrow_window() { store_operands(height() - kWindow / 2); }

Value State::settled(Value value) {
  settle(value);
  return value;
}

void State::settle_top(u32 count) {
  for (Value* value = std::max(stored_, top_ - std::min(count, height())); value != top_; ++value) {
    if (!value->raw) continue;
    settle_flags();
    settle_raw(*value);
  }
}

void State::settle_raw(Value& value) {
  settle_flags();
  const Reg reg = in_reg(value);
  const u8 lane = std::exchange(value.raw, u8{0});
  if (value.rep == Rep::v128) return settle_lanes(reg, lane == sizeof(f64), kScratchXmm);
  if (value.rep == Rep::f32) {
    m_.vec(op::ucomiss, xmm(reg), xmm(reg));
  } else {
    m_.vec(op::ucomisd, xmm(reg), xmm(reg));
  }
  ColdExit& exit = cold_.add(ColdKind::kNan, 0, static_cast<u8>(value.rep), reg);
  m_.jcc(Cond::p, exit.entry);
  m_.bind(exit.back);
}

void State::settle_lanes(Reg reg, bool wide, Xmm nans) {
  constexpr u8 kUnordered = 3;
  m_.vec(wide ? op::cmppd : op::cmpps, nans, xmm(reg), xmm(reg), kUnordered);
  m_.vec(op::movmskps, kScratch, nans);
  m_.test(Width::w32, kScratch, kScratch);
  ColdExit& exit = cold_.add(ColdKind::kNanLanes, 0, wide, reg, static_cast<Reg>(number(nans) + kGprs));
  m_.jcc(Cond::ne, exit.entry);
  m_.bind(exit.back);
}

void State::store_operand(Value& value) {
  settle(value);
  switch (value.where) {
    case Value::kSlot: return;
    case Value::kConst: return store_const(value.rep, value.slot, value.constant);
    case Value::kReg:
      store_slot(value.rep, value.slot, value.reg);
      regs_.release(value.reg);
      break;
    case Value::kLocal:
      --locals_[value.local].aliases;
      copy_to_slot(value, value.slot);
      break;
    case Value::kFlags:
      has_flags_ = false;
      copy_to_slot(value, value.slot);
      break;
  }
  value.where = Value::kSlot;
}

void State::store_operands(u32 height) {
  Value* const end = values_.data() + height;
  for (; stored_ < end; ++stored_) store_operand(*stored_);
}

void State::store_locals() {
  store_constants();
  for (RegMask rest = regs_.dirty(); rest != 0; rest &= rest - 1) {
    const Reg reg = lowest(rest);
    const Local& local = locals_[regs_.local_in(reg)];
    store_slot(local.rep, local.slot, reg);
  }
  regs_.clean_locals();
}

void State::flush() {
  store_operands(height());
  store_locals();
  for (RegMask rest = regs_.locals(); rest != 0; rest &= rest - 1)
    locals_[regs_.local_in(lowest(rest))].where = Value::kSlot;
  regs_.forget_locals();
  regs_.unpin_all();
}

// ---- registers ----

Reg State::take_busy(RegMask among) {
  Reg reg;
  if (regs_.choose_victim(among, reg)) {
    evict_local(reg);
    regs_.hold(reg);
    return reg;
  }
  for (Value* at = stored_; at != top_; ++at) {
    Value& value = *at;
    if (value.where != Value::kReg || (bit(value.reg) & among) == 0) continue;
    reg = value.reg;
    store_slot(value.rep, value.slot, reg);
    value.where = Value::kSlot;
    regs_.release(reg);
    if (!regs_.is_free(reg)) continue;
    regs_.hold(reg);
    return reg;
  }
  DEWAR_UNREACHABLE("one operation holds all registers");
}

void State::evict_local(Reg reg) {
  Local& local = locals_[regs_.local_in(reg)];
  // Bug 29: a lost spill.
  if ((regs_.dirty() & bit(reg)) != 0 && SEED(29, true, false)) store_slot(local.rep, local.slot, reg);
  forget_place(local);
}

void State::take_fixed(Reg reg) {
  if (!regs_.is_free(reg)) evacuate(reg);
  regs_.hold(reg);
}

void State::evacuate(Reg reg) {
  const RegMask among = is_xmm(reg) ? kXmmMask : kGprMask;
  const RegMask free = regs_.free(among);
  if (regs_.has_local(reg)) {
    return free == 0 ? evict_local(reg) : evacuate_to(reg, lowest(free));
  }
  bool copied = false;
  for (Value* at = stored_; at != top_; ++at) {
    Value& value = *at;
    if (value.where != Value::kReg || value.reg != reg) continue;
    if (free == 0) {
      store_slot(value.rep, value.slot, reg);
      value.where = Value::kSlot;
    } else {
      if (!copied) copy(value.rep, lowest(free), reg);
      copied = true;
      value.reg = lowest(free);
      regs_.hold(value.reg);
    }
    regs_.release(reg);
  }
  DEWAR_ASSERT(regs_.is_free(reg), "a register wanted that a popped value has");
}

void State::evacuate_to(Reg from, Reg to) {
  const u16 index = regs_.local_in(from);
  const bool dirty = (regs_.dirty() & bit(from)) != 0;
  Local& local = locals_[index];
  copy(local.rep, to, from);
  regs_.take_from_local(from);
  regs_.give(to, index, dirty);
  local.reg = to;
}

Value State::bring_to_reg(Value value) {
  if (value.where == Value::kLocal) {
    Local& local = locals_[value.local];
    DEWAR_ASSERT(local.where == Value::kSlot, "an alias of a constant is one");
    local.reg = take_for(local.rep);
    load_slot(local.rep, local.reg, local.slot);
    local.where = Value::kReg;
    regs_.give(local.reg, static_cast<u16>(value.local), false);
    pin_read(local.reg);
    return value;
  }
  const Reg reg = take_for(value.rep);
  load_into(reg, value);
  value.where = Value::kReg;
  value.reg = reg;
  return value;
}

Reg State::own_copy(Value value) {
  constexpr u32 kPlenty = 3;  // free registers: then a local read from its slot is worth keeping
  if (value.where == Value::kLocal && in_memory(value) && num_free(class_of(value.rep)) > kPlenty) in_reg(value);
  const Reg reg = take_for(value.rep);
  load_into(reg, value);
  return reg;
}

void State::load_into(Reg reg, Value value) {
  switch (value.where) {
    case Value::kConst: return load_const(value.rep, reg, value.constant);
    case Value::kReg: copy(value.rep, reg, value.reg); return regs_.release(value.reg);
    case Value::kLocal: {
      const Local& local = locals_[value.local];
      if (local.where == Value::kReg) return copy(value.rep, reg, local.reg);
      return load_slot(value.rep, reg, local.slot);
    }
    case Value::kFlags: return load_flags(reg, value.flags);
    case Value::kSlot: return load_slot(value.rep, reg, value.slot);
  }
}

// ---- locals ----

void State::make_const(u32 index, u64 bits) {
  Local& local = locals_[index];
  local.where = Value::kConst;
  local.constant = bits;
  local.dirty = 1;
  if (local.listed_dirty) return;
  local.listed_dirty = 1;
  dirty_consts_.push_back(static_cast<u16>(index));
}

void State::store_dirty_constants() {
  for (const u16 index : dirty_consts_) {
    Local& local = locals_[index];
    local.listed_dirty = 0;
    if (local.where != Value::kConst) continue;
    store_const(local.rep, local.slot, local.constant);
    local.dirty = 0;
    if (local.listed) continue;
    local.listed = 1;
    consts_.push_back(index);
  }
  dirty_consts_.clear();
}

void State::split_aliases(u32 index) {
  Local& local = locals_[index];
  Reg reg{};
  if (local.where == Value::kReg) {
    reg = local.reg;
    forget_place(local);
  } else {
    reg = take_for(local.rep);
    load_slot(local.rep, reg, local.slot);
    regs_.release(reg);
  }
  regs_.hold(reg, local.aliases);
  for (Value* at = top_; local.aliases > 0; --at) {
    DEWAR_ASSERT(at > stored_, "an alias that is stored");
    Value& value = at[-1];
    if (value.where != Value::kLocal || value.local != index) continue;
    value.where = Value::kReg;
    value.reg = reg;
    --local.aliases;
  }
}

void State::set_local(u32 index) {
  Value value = pop();
  Local& local = locals_[index];
  if (value.where == Value::kLocal && value.local == index) return;
  if (DEWAR_UNLIKELY(value.raw)) value = settled(value);
  // Bug 28: what was read before sees what is written.
  if (local.aliases != 0 && SEED(28, true, local.where == Value::kReg)) split_aliases(index);
  if (value.where == Value::kConst) {
    forget_place(local);
    return make_const(index, value.constant);
  }
  if (is_own(value)) {
    forget_place(local);
    local.reg = value.reg;
  } else if (local.where == Value::kReg) {
    load_into(local.reg, value);
    regs_.set_dirty(local.reg, true);
    return;
  } else {
    local.reg = take_for(local.rep);
    load_into(local.reg, value);
  }
  local.where = Value::kReg;
  regs_.give(local.reg, static_cast<u16>(index), true);
}

// ---- moves ----

void State::load(Rep rep, Reg to, const Mem& from) {
  switch (rep) {
    case Rep::i32: return m_.mov(Width::w32, gpr(to), from);
    case Rep::i64: return m_.mov(Width::w64, gpr(to), from);
    case Rep::f32: return m_.vec(op::movss_load, xmm(to), from);
    case Rep::f64: return m_.vec(op::movsd_load, xmm(to), from);
    case Rep::v128: return m_.vec(op::movups, xmm(to), from);
  }
}

void State::store(Rep rep, const Mem& to, Reg from) {
  switch (rep) {
    case Rep::i32: return m_.mov(Width::w32, to, gpr(from));
    case Rep::i64: return m_.mov(Width::w64, to, gpr(from));
    case Rep::f32: return m_.vec(op::movss_store, to, xmm(from));
    case Rep::f64: return m_.vec(op::movsd_store, to, xmm(from));
    case Rep::v128: return m_.vec(op::movups_store, to, xmm(from));
  }
}

void State::copy(Rep rep, Reg to, Reg from) {
  if (to == from) return;
  if (is_float(rep)) return m_.vec(op::movaps, xmm(to), xmm(from));
  m_.mov_plain(width_of(rep), gpr(to), gpr(from));
}

void State::load_const(Rep rep, Reg to, u64 bits) {
  if (DEWAR_LIKELY(!is_float(rep) && bits <= ~u32{0})) return m_.mov_plain(gpr(to), static_cast<u32>(bits));
  if (!is_float(rep)) return m_.mov_imm(gpr(to), bits);
  if (bits == 0) return m_.vec(op::xorps, xmm(to), xmm(to), xmm(to));
  m_.mov_imm(kScratch, bits);
  if (rep == Rep::f32) return m_.vec(op::movd_from, xmm(to), kScratch);
  m_.vec(op::movq_from, xmm(to), kScratch);
}

void State::store_const(Rep rep, u32 slot, u64 bits) {
  if (slots_of(rep) == 2) store_const(Rep::i64, slot + 1, bits);
  const bool narrow = rep == Rep::i32 || rep == Rep::f32;
  if (DEWAR_LIKELY(narrow || static_cast<i64>(bits) == static_cast<i32>(bits))) {
    return m_.mov_plain(narrow ? Width::w32 : Width::w64, kFp, slot_disp(slot), Imm{static_cast<i32>(bits)});
  }
  m_.mov_imm(kScratch, bits);
  m_.mov(Width::w64, slot_mem(slot), kScratch);
}

void State::copy_to_slot(const Value& value, u32 slot) {
  if (value.where == Value::kConst) return store_const(value.rep, slot, value.constant);
  if (value.where == Value::kReg) return store_slot(value.rep, slot, value.reg);
  if (value.where == Value::kLocal && locals_[value.local].where == Value::kReg)
    return store_slot(value.rep, slot, locals_[value.local].reg);
  if (value.where == Value::kFlags) {
    const Reg reg = take(kGprMask);
    load_flags(reg, value.flags);
    store_slot(Rep::i32, slot, reg);
    return regs_.release(reg);
  }
  if (value.where == Value::kSlot && value.slot == slot) return;
  if (value.rep == Rep::v128) {
    m_.vec(op::movups, kScratchXmm, mem_of(value));
    return m_.vec(op::movups_store, slot_mem(slot), kScratchXmm);
  }
  const Width w = value.rep == Rep::i32 || value.rep == Rep::f32 ? Width::w32 : Width::w64;
  m_.load(w, kScratch, kFp, disp_of(value));
  m_.store(w, kFp, slot_disp(slot), kScratch);
}

Location State::locate(const Value& value) const {
  Location where{.slot = value.slot, .rep = value.rep, .raw = value.raw};
  switch (value.where) {
    case Value::kConst: where.from = Location::kConst, where.constant = value.constant; break;
    case Value::kReg: where.from = Location::kReg, where.reg = value.reg; break;
    case Value::kFlags: where.from = Location::kFlags, where.flags = value.flags; break;
    case Value::kSlot: where.from = Location::kHome; break;
    case Value::kLocal: {
      const Local& local = locals_[value.local];
      where.from = local.where == Value::kReg ? Location::kReg : Location::kOtherSlot;
      where.reg = local.reg;
      where.other_slot = local.slot;
    }
  }
  return where;
}

}  // namespace dewar::exec::baseline
