// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The compiler's abstract state: where every local and operand is at the place that is being compiled, and the moves
// that change it (docs/baseline.md, "Abstract state"). Knows frames and registers, no opcodes.
//
// Invariants: operands below `stored_` are in their slots (constants as well); not more than kWindow are above it when
// an instruction begins, so that nothing searches further. Flags are on top of the stack only. All but next_op(),
// settle and what stores operands emit moves alone and leave the processor's flags as they are, also where registers
// are taken. No allocation but for growth.
#pragma once

#include <span>
#include <vector>

#include "base/seed_bug.h"
#include "exec/baseline/cold.h"
#include "exec/baseline/loop_scan.h"
#include "exec/baseline/reg_file.h"

namespace dewar::exec::baseline {

/// Where a local or an operand is while it is not in its slot; or, raw, in its slot with a NaN to be settled.
struct Location {
  u32 slot = 0;  ///< its home
  Rep rep = Rep::i32;
  u8 raw = 0;
  enum From : u8 { kConst, kReg, kFlags, kOtherSlot, kHome } from = kHome;
  Reg reg{};
  u64 constant = 0;
  u32 other_slot = 0;
  FlagsCond flags = {};
};

class State {
 public:
  /// Most declared locals that begin as constants. If there are more, all are in their slots from the start.
  static constexpr usize kMaxLazyLocals = 16;

  State(Assembler& m, ColdList& cold) : m_(m), cold_(cold) {}

  /// Begins a function: parameters are in their slots, other locals zero. `first_operand` is the slot of the lowest
  /// operand. True if the slots of all declared locals have to be cleared, by the caller, before anything reads them.
  bool begin(std::span<const wasm::ValType> locals, u32 params, u32 first_operand);

  // ---- between instructions ----
  /// Before each instruction that does not take a comparison from the flags (br_if, if, select, i32.eqz do).
  void next_op() {
    next_op_taking();
    if (DEWAR_UNLIKELY(top_ - stored_ >= kWindow)) narrow_window();
  }
  /// The same before one that leaves no more operands than it finds.
  void next_op_taking() {
    regs_.unpin_all();
    settle_flags();
  }
  void next_op_keeping_flags() { regs_.unpin_all(); }
  /// Would next_op() store operands if there were one more than now?
  bool is_almost_full() const { return top_ - stored_ == kWindow - 1; }
  bool has_flags() const { return has_flags_; }
  void settle_flags() {
    if (DEWAR_UNLIKELY(has_flags_)) flags_to_register();
  }

  // ---- operands ----
  u32 height() const { return static_cast<u32>(top_ - values_.data()); }
  bool has(u32 count) const { return top_ - values_.data() >= std::ptrdiff_t{count}; }
  u32 next_slot() const { return top_->slot; }
  const Value& peek(u32 from_top = 0) const { return *(top_ - 1 - from_top); }
  [[gnu::always_inline]] void push_const(Rep rep, u64 bits) { place(Value::kConst, rep).constant = bits; }
  [[gnu::always_inline]] void push_local(u32 index) {
    Local& local = locals_[index];
    if (local.where == Value::kConst) return push_const(local.rep, local.constant);
    place(Value::kLocal, local.rep).local = index;
    ++local.aliases;
  }
  /// The caller's hold of the register becomes the operand's.
  [[gnu::always_inline]] void push_reg(Rep rep, Reg reg, u8 raw = 0) { place(Value::kReg, rep, reg, raw); }
  void push_flags(FlagsCond flags) {
    place(Value::kFlags, Rep::i32).flags = flags;
    has_flags_ = true;
  }
  /// An operand that is in its slot already.
  void push_slot(Rep rep) { place(Value::kSlot, rep); }
  /// What pop() would give after push_local().
  Value local_value(u32 index) {
    const Local& local = locals_[index];
    if (local.where == Value::kConst) return Value::of_const(local.rep, local.constant);
    if (local.where == Value::kReg) regs_.pin(local.reg);
    Value value;
    value.rep = local.rep;
    value.where = Value::kLocal;
    value.local = index;
    return value;
  }
  /// What pop() gave, perhaps to another place.
  void push_value(Value value);
  /// The operand's register is then held by the caller, or pinned if it is a local's.
  Value pop();
  /// Lets go of what pop() gave.
  void release(const Value& value) {
    if (value.where == Value::kReg) regs_.release(value.reg);
  }
  void drop() { release(pop()); }
  /// Removes operands until there are `height`.
  void cut(u32 height);
  /// Forgets all operands, which are in their slots.
  void forget_stored() {
    DEWAR_ASSERT(stored_ == top_, "an operand that is in no slot");
    top_ = stored_ = values_.data();
  }
  /// Without operands: the next one is at `next_slot`. For who does not tell the State of all operands.
  void rebase(u32 next_slot) {
    DEWAR_ASSERT(height() == 0, "operands that would be elsewhere");
    top_->slot = next_slot;
  }
  /// Operands below all others, bottom first: they were not known so far, and are in their slots.
  void push_below(std::span<const Rep> reps);

  // ---- registers ----
  /// A register of a class, held by the caller. Whoever has it may lose it to the stack or a slot.
  Reg take(RegMask among) {
    const RegMask free = regs_.free(among);
    if (DEWAR_UNLIKELY(free == 0)) return take_busy(among);
    const Reg reg = lowest(free);
    regs_.hold(reg);
    return reg;
  }
  Reg take_for(Rep rep) { return take(class_of(rep)); }
  /// This register, held by the caller. It must not belong to a popped value.
  void take_fixed(Reg reg);
  void release(Reg reg) { regs_.release(reg); }
  bool is_free(Reg reg) const { return regs_.is_free(reg); }
  /// Is this value's register nobody else's, so that it may be changed?
  [[gnu::always_inline]] bool is_own(const Value& value) const {
    return value.where == Value::kReg && regs_.holders(value.reg) == 1;
  }
  u32 num_free(RegMask among) const { return static_cast<u32>(std::popcount(regs_.free(among))); }

  // ---- the zero flag ----
  /// What was emitted last left the zero flag as comparing `reg` with 0 would.
  void note_zero_flag(Rep rep, Reg reg) { zero_ = {m_.position(), rep, reg}; }
  bool has_zero_flag(const Value& value) const {
    if (DEWAR_LIKELY(zero_.position != m_.position()) || zero_.rep != value.rep) return false;
    if (value.where == Value::kReg) return value.reg == zero_.reg;
    // local.tee, br_if: the result has become a local's.
    if (value.where != Value::kLocal) return false;
    const Local& local = locals_[value.local];
    return local.where == Value::kReg && local.reg == zero_.reg;
  }

  // ---- reading popped values ----
  /// Moves between a register and memory.
  void load(Rep rep, Reg to, const Mem& from);
  void store(Rep rep, const Mem& to, Reg from);
  void load_slot(Rep rep, Reg to, u32 slot) {
    if (DEWAR_UNLIKELY(is_float(rep))) return load(rep, to, slot_mem(slot));
    m_.load(width_of(rep), gpr(to), kFp, slot_disp(slot));
  }
  void store_slot(Rep rep, u32 slot, Reg from) {
    if (DEWAR_UNLIKELY(is_float(rep))) return store(rep, slot_mem(slot), from);
    m_.store(width_of(rep), kFp, slot_disp(slot), gpr(from));
  }
  /// The value in a register, not to be changed. A temporary one becomes the value's own.
  [[gnu::always_inline]] Reg in_reg(Value& value) {
    if (DEWAR_LIKELY(is_in_reg(value))) {
      if (value.where == Value::kLocal) pin_read(reg_of(value));
      return reg_of(value);
    }
    value = bring_to_reg(value);
    return reg_of(value);
  }
  bool is_in_reg(const Value& value) const {
    return value.where == Value::kReg || (value.where == Value::kLocal && locals_[value.local].where == Value::kReg);
  }
  /// The register of what is in one.
  Reg reg_of(const Value& value) const {
    DEWAR_ASSERT(is_in_reg(value), "a value that is in no register");
    return value.where == Value::kReg ? value.reg : locals_[value.local].reg;
  }
  /// The value in a register that may be changed, held by the caller; the value is used up.
  [[gnu::always_inline]] Reg in_own_reg(Value& value) { return is_own(value) ? value.reg : own_copy(value); }
  /// Copies a value into a register of its class, which the caller holds; the value is used up.
  void load_into(Reg reg, Value value);
  /// Is it nowhere but in memory, at mem_of()?
  bool in_memory(const Value& value) const {
    return value.where == Value::kSlot || (value.where == Value::kLocal && locals_[value.local].where == Value::kSlot);
  }
  Mem mem_of(const Value& value) const { return Mem(kFp, disp_of(value)); }
  i32 disp_of(const Value& value) const {
    return slot_disp(value.where == Value::kLocal ? locals_[value.local].slot : value.slot);
  }
  /// Gives the canonical NaN to a raw value. Changes flags; a comparison that waits in them becomes a register before.
  void settle(Value& value) {
    if (DEWAR_UNLIKELY(value.raw)) settle_raw(value);
  }
  /// The same of a copy.
  DEWAR_RARE Value settled(Value value);
  /// The same for float lanes. `nans`: a register that is lost. Changes kScratch as well.
  void settle_lanes(Reg reg, bool wide, Xmm nans);
  /// The same for the `count` topmost operands.
  void settle_top(u32 count);

  // ---- locals ----
  Rep local_rep(u32 index) const { return locals_[index].rep; }
  u32 local_slot(u32 index) const { return locals_[index].slot; }
  /// local.set: pops.
  void set_local(u32 index);
  void tee_local(u32 index) {
    set_local(index);
    push_local(index);
  }

  // ---- calls and helpers ----
  /// Everything into its slot; no register is held by a local or operand afterwards. Changes flags.
  void flush();
  /// The operands below `height` only (blocks: those that are not parameters).
  void store_operands(u32 height);
  /// Dirty locals only; they stay in their registers.
  void store_locals();

  // ---- labels (merge.cpp) ----
  /// Before a jump: constant locals into their slots, also for code that does not jump.
  void prepare_jump() { store_constants(); }
  /// What a label wants that is jumped to for the first time: the present state. A local that is in `reserved`
  /// (registers of the label's results) leaves it.
  Snapshot adopt(RegMask reserved = 0);
  /// What has to be done, after prepare_jump(), to bring locals to where a label wants them: sets of registers.
  struct Edge {
    RegMask stores = 0;  ///< whose locals go to their slots
    RegMask moves = 0;   ///< that get a local from another register
    RegMask loads = 0;   ///< that get a local from its slot, or a constant
    bool empty() const { return (stores | moves | loads) == 0; }
    /// Not fewer bytes than it takes, with a result or without: a constant of a float takes two instructions.
    u32 most_bytes() const {
      const auto count = [](RegMask set) { return static_cast<u32>(std::popcount(set)); };
      return count(stores) * 10 + (count(moves | loads) + 1) * 15;
    }
  };
  Edge edge_to(const Snapshot& wanted) const;
  /// Brings locals to where a label wants them, and `result` (settled, not flags) to rax or xmm0. The state stays what
  /// it is for code that does not jump.
  void move_along(const Edge& edge, const Snapshot& wanted, const Value* result = nullptr);
  void move_to(const Snapshot& wanted, const Value* result = nullptr) { move_along(edge_to(wanted), wanted, result); }
  /// Is this result, if there is one, where a label takes it?
  static bool is_result(const Value* result) {
    return result == nullptr || (result->where == Value::kReg && result->reg == result_reg(result->rep));
  }
  /// Would move_to() emit nothing?
  bool agrees_with(const Snapshot& wanted, const Value* result = nullptr) const {
    return is_result(result) && edge_to(wanted).empty();
  }
  /// Copies the `count` topmost operands (settled) to consecutive slots, `to` and up, not above their own. The state
  /// stays what it is, although slots below them are overwritten: for the edge of a jump only. Where there is more than
  /// one and the slots of locals are overwritten, after store_operands() only: an operand may be such a local.
  void copy_results(u32 count, u32 to);
  /// From here on the state is what a label promises; no operand may be in a register.
  void enter(const Snapshot& from);
  /// A loop's header: what its most used locals want, up to 7 integers and 10 floats. Emits nothing.
  Snapshot for_loop(std::span<const LocalUse> uses) const;

  // ---- location map ----
  /// Tells `tell` of everything that is not in its slot, or not settled. Locals first.
  template <class Tell>
  void describe(Tell&& tell) const;
  Location locate(const Value& value) const;

 private:
  static constexpr u32 kWindow = 64;

  /// A new operand. No comparison waits in the flags, but one that it is itself.
  [[gnu::always_inline]] Value& place(Value::Where where, Rep rep, Reg reg = {}, u8 raw = 0) {
    DEWAR_ASSERT(!has_flags_, "flags below an operand");
    if (DEWAR_UNLIKELY(top_ == last_)) grow();
    Value& value = *top_++;
    value.where = where;
    value.rep = rep;
    value.reg = reg;
    value.raw = raw;
    top_->slot = value.slot + slots_of(rep);
    return value;
  }
  /// The operation at hand reads a local's register.
  void pin_read(Reg reg) {
    SEED(30, regs_.pin(reg), void());  // Bug 30: the register is taken away while it is read.
  }
  DEWAR_RARE void grow();
  /// in_reg() of what is in none. Values go and come in registers, so that in_reg() needs no memory for them.
  DEWAR_RARE Value bring_to_reg(Value value);
  DEWAR_RARE Reg own_copy(Value value);
  DEWAR_RARE void flags_to_register();
  void load_flags(Reg reg, FlagsCond flags);
  DEWAR_RARE void narrow_window();
  void settle_raw(Value& value);
  DEWAR_RARE Reg take_busy(RegMask among);
  /// Somewhere else for what is in a register: another one, or its slot.
  void evacuate(Reg reg);
  /// A local moves to a free register.
  void evacuate_to(Reg from, Reg to);
  void store_operand(Value& value);
  void evict_local(Reg reg);
  /// The aliases of a local keep what it has now; its register, if any, becomes theirs.
  void split_aliases(u32 index);
  void forget_place(Local& local) {
    if (local.where == Value::kReg) regs_.take_from_local(local.reg);
    local.where = Value::kSlot;
  }
  void make_const(u32 index, u64 bits);
  void store_constants() {
    if (DEWAR_UNLIKELY(!dirty_consts_.empty())) store_dirty_constants();
  }
  void store_dirty_constants();

  void copy(Rep rep, Reg to, Reg from);
  void load_const(Rep rep, Reg to, u64 bits);
  void store_const(Rep rep, u32 slot, u64 bits);
  /// From any place into a slot, by way of the scratch registers.
  void copy_to_slot(const Value& value, u32 slot);

  struct ZeroFlag {
    u32 position = ~u32{0};  ///< native offset behind the instruction
    Rep rep{};
    Reg reg{};
  };

  Assembler& m_;
  ColdList& cold_;
  ZeroFlag zero_;
  RegFile regs_;
  bool has_flags_ = false;
  std::vector<Value> values_ = std::vector<Value>(256);
  Value* top_ = values_.data();     ///< behind the operands; its slot is the next one's
  Value* stored_ = values_.data();  ///< operands below it are in their slots
  Value* last_ = &values_.back();   ///< how far top_ may go
  std::vector<Local> locals_;
  std::vector<u16> dirty_consts_;  ///< locals that may be constants and dirty
  std::vector<u16> consts_;        ///< other locals that may be constants
};

inline Value State::pop() {
  DEWAR_ASSERT(height() > 0, "an operand from an empty stack");
  const Value value = *--top_;
  if (DEWAR_UNLIKELY(stored_ > top_)) stored_ = top_;
  if (value.where == Value::kLocal) {
    Local& local = locals_[value.local];
    --local.aliases;
    if (local.where == Value::kReg) regs_.pin(local.reg);
  } else if (value.where == Value::kFlags) {
    has_flags_ = false;
  }
  return value;
}

template <class Tell>
void State::describe(Tell&& tell) const {
  for (RegMask rest = regs_.dirty(); rest != 0; rest &= rest - 1) {
    const Reg reg = lowest(rest);
    const Local& local = locals_[regs_.local_in(reg)];
    tell(Location{.slot = local.slot, .rep = local.rep, .from = Location::kReg, .reg = reg});
  }
  for (const u16 index : dirty_consts_) {
    const Local& local = locals_[index];
    if (local.where == Value::kConst && local.dirty)
      tell(Location{.slot = local.slot, .rep = local.rep, .from = Location::kConst, .constant = local.constant});
  }
  for (const Value* value = stored_; value != top_; ++value)
    if (value->where != Value::kSlot || value->raw) tell(locate(*value));
}

}  // namespace dewar::exec::baseline
