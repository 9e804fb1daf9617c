// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// State at labels: what a label wants, and the moves that bring it about. All of them leave the flags alone, since a
// condition may be waiting in them.
#include <algorithm>

#include "base/seed_bug.h"
#include "exec/baseline/parallel_move.h"
#include "exec/baseline/state.h"

namespace dewar::exec::baseline {

Snapshot State::adopt(RegMask reserved) {
  store_constants();
  for (RegMask rest = regs_.locals() & reserved; rest != 0; rest &= rest - 1) {
    const Reg reg = lowest(rest);
    RegMask elsewhere = regs_.free(is_xmm(reg) ? kXmmMask : kGprMask) & ~reserved;
    if (elsewhere == 0) {
      evict_local(reg);
    } else {
      evacuate_to(reg, lowest(elsewhere));
    }
  }
  return regs_.snapshot();
}

State::Edge State::edge_to(const Snapshot& wanted) const {
  DEWAR_ASSERT(dirty_consts_.empty(), "prepare_jump() comes first");
  const Snapshot& now = regs_.snapshot();
  const RegMask stay = agreeing(now, wanted);
  Edge edge;
  for (RegMask rest = now.dirty & ~(stay & wanted.dirty); rest != 0; rest &= rest - 1) {
    const Reg reg = lowest(rest);
    const u16 index = now.local[static_cast<u8>(reg)];
    bool wanted_dirty = false;
    for (RegMask r = wanted.dirty & ~stay; r != 0 && !wanted_dirty; r &= r - 1)
      wanted_dirty = wanted.local[static_cast<u8>(lowest(r))] == index;
    // Bug 31: a register that the label has for another local is taken for stored.
    if (!wanted_dirty && SEED(31, true, (wanted.held & bit(reg)) == 0)) edge.stores |= bit(reg);
  }
  for (RegMask rest = wanted.held & ~stay; rest != 0; rest &= rest - 1) {
    const Local& local = locals_[wanted.local[static_cast<u8>(lowest(rest))]];
    (local.where == Value::kReg ? edge.moves : edge.loads) |= bit(lowest(rest));
  }
  return edge;
}

void State::move_along(const Edge& edge, const Snapshot& wanted, const Value* result) {
  DEWAR_ASSERT(!result || (!result->raw && result->where != Value::kFlags), "a result that is not ready");
  for (RegMask rest = edge.stores; rest != 0; rest &= rest - 1) {
    const Local& local = locals_[regs_.local_in(lowest(rest))];
    store_slot(local.rep, local.slot, lowest(rest));
  }
  // Moves between registers, all at once; then loads into those that are left.
  const bool move_result = result && is_in_reg(*result), load_result = result && !move_result;
  DEWAR_ASSERT(!result || (wanted.held & bit(result_reg(result->rep))) == 0, "the result's register is a local's");
  if (edge.moves == 0) {
    if (move_result) copy(result->rep, result_reg(result->rep), reg_of(*result));
  } else {
    ParallelMove all;
    for (RegMask rest = edge.moves; rest != 0; rest &= rest - 1) {
      const Local& local = locals_[wanted.local[static_cast<u8>(lowest(rest))]];
      all.add(lowest(rest), local.reg, local.rep);
    }
    if (move_result) all.add(result_reg(result->rep), reg_of(*result), result->rep);
    all.emit(m_);
  }
  for (RegMask rest = edge.loads; rest != 0; rest &= rest - 1) {
    const Reg reg = lowest(rest);
    const Local& local = locals_[wanted.local[static_cast<u8>(reg)]];
    if (local.where == Value::kConst) {
      load_const(local.rep, reg, local.constant);
    } else {
      load_slot(local.rep, reg, local.slot);
    }
  }
  if (!load_result) return;
  if (result->is_const()) return load_const(result->rep, result_reg(result->rep), result->constant);
  load(result->rep, result_reg(result->rep), mem_of(*result));
}

void State::copy_results(u32 count, u32 to) {
  for (const Value* value = top_ - count; value != top_; ++value) {
    DEWAR_ASSERT(to <= value->slot && !(value >= stored_ && value->raw), "results that are not ready");
    copy_to_slot(*value, to);
    to += SEED(32, slots_of(value->rep), 1);  // Bug 32: results behind a vector are in the wrong slots.
  }
}

void State::enter(const Snapshot& from) {
  // Locals that are there already stay.
  const RegMask stay = agreeing(regs_.snapshot(), from);
  for (RegMask rest = regs_.locals() & ~stay; rest != 0; rest &= rest - 1)
    locals_[regs_.local_in(lowest(rest))].where = Value::kSlot;
  for (const u16 index : dirty_consts_) {
    Local& local = locals_[index];
    local.listed_dirty = 0;
    if (local.where == Value::kConst) local.where = Value::kSlot;
  }
  for (const u16 index : consts_) {
    Local& local = locals_[index];
    local.listed = 0;
    if (local.where == Value::kConst) local.where = Value::kSlot;
  }
  dirty_consts_.clear();
  consts_.clear();
  regs_.unpin_all();
  has_flags_ = false;
  zero_ = {};
  for (RegMask rest = from.held & ~stay; rest != 0; rest &= rest - 1) {
    const Reg reg = lowest(rest);
    Local& local = locals_[from.local[static_cast<u8>(reg)]];
    local.where = Value::kReg;
    local.reg = reg;
  }
  regs_.become(from, stay);
}

Snapshot State::for_loop(std::span<const LocalUse> uses) const {
  // rax, rcx and the first vector registers are for the code inside.
  constexpr RegMask kForLoops = (kGprMask & ~(bit(Reg::rax) | bit(Reg::rcx))) |
                                (kXmmMask & ~((RegMask{1} << (static_cast<u8>(Reg::xmm0) + 5)) - 1));
  // Divisions want rdx, so it is given last.
  constexpr RegMask kLate = bit(Reg::rdx);
  Snapshot wanted = {};
  std::fill(std::begin(wanted.local), std::end(wanted.local), kNoLocal);
  RegMask free = kForLoops;
  const auto give = [&](Reg reg, const LocalUse& use) {
    wanted.local[static_cast<u8>(reg)] = use.local;
    wanted.held |= bit(reg);
    if (use.written) wanted.dirty |= bit(reg);
    free &= ~bit(reg);
  };
  // Which uses get one: the heaviest of each class. Those that are where they may stay first, then the others.
  u32 left[2] = {static_cast<u32>(std::popcount(kForLoops & kGprMask)),
                 static_cast<u32>(std::popcount(kForLoops & kXmmMask))};
  u64 waiting = 0;
  DEWAR_ASSERT(uses.size() <= 64, "more uses than the loop scan tells of");
  for (usize i = 0; i < uses.size(); ++i) {
    const Local& local = locals_[uses[i].local];
    u32& room = left[is_float(local.rep)];
    if (room == 0) continue;
    --room;
    if (local.where == Value::kReg && (free & bit(local.reg)) != 0) {
      give(local.reg, uses[i]);
    } else {
      waiting |= u64{1} << i;
    }
  }
  for (; waiting != 0; waiting &= waiting - 1) {
    const LocalUse& use = uses[static_cast<usize>(std::countr_zero(waiting))];
    RegMask among = free & class_of(locals_[use.local].rep);
    if ((among & ~kLate) != 0) among &= ~kLate;
    give(lowest(among), use);
  }
  return wanted;
}

}  // namespace dewar::exec::baseline
