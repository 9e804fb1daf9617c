// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Blocks and branches (docs/baseline.md, "Abstract state"). Operands below a block's parameters, and these, are in
// their slots while it is open. The first jump to a forward label decides where locals are there, a loop's header
// decides for the jumps back; exceptions come by landings, which bring about what a label wants. Fuel as the side table
// has it: a block is paid for where all paths to it have come together, except that a jump to the function's own label
// pays for the final `end` alone.
#include <algorithm>
#include <utility>

#include "base/seed_bug.h"
#include "exec/baseline/compiler.h"

namespace dewar::exec::baseline {

namespace {

bool is_catch(const wasm::Label& label) { return label.kind == wasm::Op::catch_ || label.kind == wasm::Op::catch_all; }

constexpr Rep kI32[] = {Rep::i32};

}  // namespace

// ---- jumps ----

Compiler::Target Compiler::target_of(const wasm::Label& label, u32 depth) {
  Open& open = open_at(depth);
  if (DEWAR_LIKELY(label.type == nullptr)) {
    // No parameters, and one result or none.
    Target target{.depth = depth, .slots = label.slots};
    open.in_register = label.kind != wasm::Op::loop && !label.single.is_bottom();
    if (open.in_register) {
      target.reps[0] = rep_of(label.single);
      target.keep = slots_of(target.reps[0]);
      target.count = 1;
    }
    return target;
  }
  const std::span<const wasm::ValType> types = label.branch_types();
  if (open.keep == ~u32{0}) {
    open.keep = wasm::slots_of(types);
    // An `if` with parameters may have no `else`: then they are the results, and are in slots.
    const bool plain = label.kind != wasm::Op::loop && (label.kind != wasm::Op::if_ || label.params().empty());
    open.in_register = plain && types.size() == 1;
  }
  Target target{.depth = depth, .slots = label.slots, .keep = open.keep, .count = static_cast<u32>(types.size())};
  target.synced = target.count > (is_function(target) ? 1 : kFewValues);
  for (u32 i = 0; i < target.count && !target.synced; ++i) target.reps[i] = rep_of(types[i]);
  return target;
}

void Compiler::prepare(const Instr& instr, const Target& target, std::span<const Rep> above) {
  if (target.synced) {
    sync();
    return want(instr, above);
  }
  // A condition is never raw.
  if (DEWAR_LIKELY(target.count == 0 && !above.empty() && state_.has(static_cast<u32>(above.size())))) return;
  Rep reps[kFewValues + 1];
  const auto end = std::copy(above.begin(), above.end(), std::copy_n(target.reps, target.count, reps));
  want(instr, {reps, static_cast<usize>(end - reps)});
  state_.settle_top(static_cast<u32>(end - reps));
}

const Snapshot& Compiler::fix(Open& open, const Target& target) {
  if (!open.fixed) {
    open.wanted = state_.adopt(open.in_register ? bit(result_reg(target.reps[0])) : 0);
    open.fixed = true;
  }
  return open.wanted;
}

bool Compiler::conforms(const Target& target, u32 slots, const State::Edge& edge) {
  const Open& open = open_at(target.depth);
  const bool in_place = target.count == 0 || (target.synced && slots - target.keep == target.slots);
  return (in_place || open.in_register) && edge.empty() &&
         State::is_result(open.in_register ? &state_.peek() : nullptr);
}

void Compiler::conform(const Instr& instr, const Target& target, u32 slots, const State::Edge& edge) {
  Open& open = open_at(target.depth);
  const u32 from = slots - target.keep;
  if (open.in_register) {
    const Value result = state_.pop();
    state_.move_along(edge, open.wanted, &result);
    return state_.push_value(result);
  }
  if (!target.synced) {
    state_.copy_results(target.count, first_operand_ + target.slots);
  } else if (from != target.slots) {
    charge_move(instr, target.keep);
    move_slots(first_operand_ + from, first_operand_ + target.slots, target.keep);
  }
  state_.move_along(edge, open.wanted);
}

void Compiler::jump(const Instr& instr, const Target& target, u32 slots, const FlagsCond* cond) {
  Open& open = open_at(target.depth);
  State::Edge edge;
  if (!is_function(target)) {
    state_.prepare_jump();
    fix(open, target);
    edge = state_.edge_to(open.wanted);
    if (conforms(target, slots, edge)) return cond ? jump_if(m_, *cond, open.target) : m_.jmp(open.target);
  }
  constexpr u32 kNear = INT8_MAX, kJump = 5;
  if (cond && !cond->parity && !is_function(target) && (target.count == 0 || open.in_register) &&
      edge.most_bytes() + kJump <= kNear) {
    const u32 over = m_.jcc_over(negate(cond->cond));
    conform(instr, target, slots, edge);
    m_.jmp(open.target);
    return m_.land(over);
  }
  Label next;
  if (cond) jump_if(m_, cond->negated(), next);
  if (is_function(target)) {
    jump_out(instr, target, slots);
  } else {
    conform(instr, target, slots, edge);
    m_.jmp(open.target);
  }
  if (cond) m_.bind(next);
}

void Compiler::jump_out(const Instr& instr, const Target& target, u32 slots) {
  Instr end = instr;
  end.op = wasm::Op::end;
  end.pc = end.last = static_cast<u32>(body_.size() - 1);
  end.slots = target.keep;
  const u32 from = slots - target.keep;
  if (target.count == 1) leaving_ = &state_.peek();
  if (target.synced && from != 0) {
    charge_move(instr, target.keep);
    move_slots(first_operand_ + from, first_operand_, target.keep);
  }
  patch_charge(charge(end.pc, target.keep), 1);
  leaving_ = nullptr;
  if (target.count == 1) {
    state_.copy_results(1, 0);
  } else if (target.synced) {
    charge_move(end, target.keep);
    move_slots(first_operand_, 0, target.keep);
  }
  m_.ret();
}

void Compiler::arrive(const Open& open, const Target& target) {
  arrive(open.wanted);
  if (!open.in_register) return;
  const Reg reg = result_reg(target.reps[0]);
  state_.rebase(first_operand_ + target.slots);
  state_.take_fixed(reg);
  state_.push_reg(target.reps[0], reg);
}

// ---- blocks ----

void Compiler::open_block(const wasm::Label& label, const Instr& instr, u32 next_pc) {
  Open& open = add_open();
  if (label.kind == wasm::Op::if_) {
    state_.next_op_keeping_flags();
    want(instr, kI32);
    state_.store_operands(state_.height() - 1);
    const Condition condition = pop_condition(emit_);
    state_.cut(0);
    open.at_if = state_.adopt();
    if (!condition.known) {
      jump_if(m_, condition.flags.negated(), open.otherwise);
    } else if (!condition.taken) {
      m_.jmp(open.otherwise);
    }
    close_block();
    return begin_block(next_pc, instr.slots - 1);
  }
  state_.next_op();
  state_.store_operands(state_.height());
  state_.cut(0);
  if (label.kind != wasm::Op::loop) return;
  state_.prepare_jump();
  open.wanted = state_.for_loop(scan_.uses(label.pc));
  open.fixed = true;
  state_.move_to(open.wanted);
  state_.enter(open.wanted);
  m_.bind(open.target);
  if (DEWAR_UNLIKELY(label.pc == watched_loop_)) {
    has_seen_ = true;
    seen_loop_ = {.header = m_.position(), .slots = instr.slots, .registers = open.wanted};
    for (RegMask rest = open.wanted.held; rest != 0; rest &= rest - 1) {
      const auto reg = static_cast<u8>(lowest(rest));
      seen_loop_->reps[reg] = state_.local_rep(open.wanted.local[reg]);
      seen_loop_->homes[reg] = state_.local_slot(open.wanted.local[reg]);
    }
  }
  poll(label.pc, instr.slots);
  begin_block(label.pc, instr.slots);
}

void Compiler::else_part(const wasm::Label& label, const Instr& instr, bool reached, u32 next_pc) {
  if (reached) {
    const Target target = target_of(label, 0);
    state_.next_op();
    prepare(instr, target);
    jump(instr, target, instr.slots);
  }
  close_block();
  Open& open = open_.back();
  m_.bind(open.otherwise);
  arrive(open.at_if);
  begin_block(next_pc, label.slots + wasm::slots_of(label.params()));
}

void Compiler::end_block(const wasm::Label& label, const Instr& instr, bool reached, u32 next_pc) {
  bool goes_on = reached;
  if (label.kind != wasm::Op::loop) {
    const Target target = target_of(label, 0);
    Open& open = open_.back();
    const bool no_else = label.kind == wasm::Op::if_;
    const bool as_if = no_else && !open.fixed;
    if (as_if) {
      open.wanted = open.at_if;
      open.fixed = true;
    }
    // Where nobody jumps to, the state goes on; but what is under the results of a catch block has to go.
    const bool joins = open.fixed || open.caught || is_catch(label);
    if (DEWAR_UNLIKELY(open.caught && !open.fixed && !reached)) {
      // Nobody else comes here.
      open.wanted = kNowhere;
      open.fixed = true;
    }
    if (joins && reached) {
      state_.next_op();
      prepare(instr, target);
      state_.prepare_jump();
      fix(open, target);
      conform(instr, target, instr.slots, state_.edge_to(open.wanted));
    }
    if (as_if) {
      m_.bind(open.otherwise);
    } else if (no_else) {
      // The parameters are the results, and are in place.
      arrive(open.at_if);
      if (state_.agrees_with(open.wanted)) {
        m_.bind(open.otherwise);
      } else {
        Label over;
        if (reached) m_.jmp(over);
        m_.bind(open.otherwise);
        state_.move_to(open.wanted);
        m_.bind(over);
      }
    }
    m_.bind(open.target);
    if (DEWAR_UNLIKELY(open.caught)) add_landing(landing_key(next_pc, false), open, target);
    if (open.fixed) arrive(open, target);
    goes_on |= open.fixed;
  }
  if (!goes_on) state_.cut(0);
  open_.pop_back();
  close_block();
  begin_block(next_pc, label.slots + wasm::slots_of(label.results()));
}

void Compiler::catch_part(const wasm::Label& label, const Instr& instr, bool reached, u32 payload_slots, u32 next_pc) {
  if (reached) {
    const Target target = target_of(label, 0);
    state_.next_op();
    prepare(instr, target);
    jump(instr, target, instr.slots);
  }
  close_block();
  // Who catches has everything in slots.
  arrive(kNowhere);
  landing_rows_.push_back({landing_key(next_pc, false), m_.position()});
  begin_block(next_pc, label.slots + 1 + payload_slots);
}

// ---- exceptions ----

void Compiler::catch_clause(const wasm::Label& label, u32 depth) {
  const Target target = target_of(label, depth);
  Open& open = open_at(depth);
  if (is_function(target) || std::exchange(open.caught, true)) return;
  if (label.kind == wasm::Op::loop) add_landing(landing_key(label.pc, true), open, target);
}

void Compiler::add_landing(u32 key, const Open& open, const Target& target) {
  const u32 at = open.target.offset();
  if (open.wanted.held == 0 && !open.in_register) {
    landing_rows_.push_back({key, at});
  } else {
    landings_.push_back({open.wanted, key, at, open.in_register, target.reps[0], first_operand_ + target.slots});
  }
}

void Compiler::emit_landings() {
  for (const Landing& landing : landings_) {
    mark(CodeMark::Kind::cold, landing.key / 2, "exception");
    landing_rows_.push_back({landing.key, m_.position()});
    // Bug 39: what a loop has in registers is not there after an exception.
    for (RegMask rest = SEED(39, landing.wanted.held, RegMask{0}); rest != 0; rest &= rest - 1) {
      const u32 local = landing.wanted.local[static_cast<u8>(lowest(rest))];
      state_.load_slot(state_.local_rep(local), lowest(rest), state_.local_slot(local));
    }
    if (landing.in_register) state_.load_slot(landing.rep, result_reg(landing.rep), landing.slot);
    m_.jmp_back(landing.target);
  }
}

// ---- branches ----

void Compiler::branch(const wasm::Label& label, const Instr& instr, u32 depth, u32 slots, u32 next_pc) {
  const Target target = target_of(label, depth);
  u32 slots_after = slots;
  switch (instr.op) {
    case wasm::Op::br:
      state_.next_op();
      prepare(instr, target);
      jump(instr, target, slots);
      return close_block();
    case wasm::Op::br_if: {
      state_.next_op_keeping_flags();
      prepare(instr, target, kI32);
      const Condition condition = pop_condition(emit_);
      // Code behind a jump that is always taken is emitted all the same.
      if (!condition.known || condition.taken) jump(instr, target, slots, condition.known ? nullptr : &condition.flags);
      break;
    }
    case wasm::Op::br_on_null: {
      constexpr FlagsCond kIsNull{Cond::e};
      state_.next_op();
      prepare(instr, target, kI32);
      Value ref = state_.pop();
      const Gpr reg = gpr(state_.in_reg(ref));
      m_.test(Width::w32, reg, reg);
      jump(instr, target, slots, &kIsNull);
      state_.push_value(ref);
      ++slots_after;
      break;
    }
    case wasm::Op::br_on_non_null: {
      constexpr FlagsCond kIsNone{Cond::ne};
      state_.next_op();
      prepare(instr, target);
      if (target.synced) want(instr, kI32);
      Value ref = state_.pop();
      const Gpr reg = gpr(state_.in_reg(ref));
      m_.test(Width::w32, reg, reg);
      if (target.synced) {
        state_.release(ref);
      } else {
        state_.push_value(ref);
      }
      jump(instr, target, slots, &kIsNone);
      if (!target.synced) state_.drop();
      --slots_after;
      break;
    }
    default: {  // on casts
      const FlagsCond matches{instr.op == wasm::Op::br_on_cast ? Cond::ne : Cond::e};
      step(instr, interp::kStepCast, instr.last);
      prepare(instr, target);
      m_.cmp(Width::w32, Mem(kStack, at::kStepResult), Imm(0));
      jump(instr, target, slots, &matches);
    }
  }
  close_block();
  begin_block(next_pc, slots_after);
}

void Compiler::table_target(const wasm::Label& label, u32 depth) {
  if (target_of_depth_.size() < open_.size()) target_of_depth_.resize(open_.size(), ~u32{0});
  u32& index = target_of_depth_[depth];
  if (index == ~u32{0}) {
    index = static_cast<u32>(table_targets_.size());
    table_targets_.push_back({target_of(label, depth), {}});
  }
  table_.push_back(index);
}

void Compiler::branch_table(const Instr& instr) {
  constexpr usize kCompared = 4;
  const usize count = table_.size() - 1;
  const u32 slots = instr.slots - 1;
  // All targets take the same number of values; if the function is among them, it decides.
  Target& first = table_targets_.front().target;
  for (TableTarget& t : table_targets_) first.synced |= t.target.synced;
  for (TableTarget& t : table_targets_) t.target.synced = first.synced;
  state_.next_op();
  prepare(instr, first, kI32);
  Value value = state_.pop();
  const Reg index = state_.in_own_reg(value);
  const Reg scratch = state_.take(kGprMask);
  state_.prepare_jump();
  for (TableTarget& t : table_targets_)
    if (!is_function(t.target)) fix(open_at(t.target.depth), t.target);
  for (TableTarget& t : table_targets_)
    t.direct = !is_function(t.target) && conforms(t.target, slots, state_.edge_to(open_at(t.target.depth).wanted));
  const auto edge = [this](usize i) -> Label& {
    TableTarget& t = table_targets_[table_[i]];
    return t.direct ? open_at(t.target.depth).target : t.edge;
  };
  if (count <= kCompared) {
    for (usize i = 0; i < count; ++i) {
      m_.cmp(Width::w32, gpr(index), Imm(static_cast<i32>(i)));
      m_.jcc(Cond::e, edge(i));
    }
    m_.jmp(edge(count));
  } else {
    m_.cmp(Width::w32, gpr(index), Imm(static_cast<i32>(count)));
    m_.jcc(Cond::ae, edge(count));
    Label table;
    // Never left out: the table is indexed with 64 bits, and an i32 may have anything in its upper half (i32.wrap_i64).
    m_.mov(SEED(35, Width::w32, Width::w64), gpr(index), gpr(index));  // Bug 35: an index with its upper half.
    m_.jmp_table(table, gpr(index), gpr(scratch));
    mark(CodeMark::Kind::data);
    m_.align(4, Encoder::Fill::kInt3);
    m_.bind(table);
    for (usize i = 0; i < count; ++i) m_.table_entry(edge(i), table);
    mark(CodeMark::Kind::instruction, instr.pc);
  }
  state_.release(index);
  state_.release(scratch);
  for (TableTarget& t : table_targets_) {
    if (!t.direct) {
      m_.bind(t.edge);
      jump(instr, t.target, slots);
    }
    target_of_depth_[t.target.depth] = ~u32{0};
  }
  table_targets_.clear();
  table_.clear();
  close_block();
}

void Compiler::nothing_follows(const Instr& instr) {
  if (instr.op == wasm::Op::unreachable) {
    state_.next_op();
    want(instr, {});
    cold_.trap(m_, TrapKind::unreachable, instr.pc);
  } else {
    step(instr);
    m_.ud2();
  }
  close_block();
}

void Compiler::rethrow(const Instr& instr, const wasm::Label& caught) {
  sync();
  m_.mov(Width::w32, Gpr::rax, operand(caught.slots));
  m_.mov(Width::w32, Mem(kStack, at::kStepResult), Gpr::rax);
  step(instr, interp::kStepRethrow, instr.last);
  m_.ud2();
  close_block();
}

}  // namespace dewar::exec::baseline
