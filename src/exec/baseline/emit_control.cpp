// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Blocks and branches. Fuel as the side table has it: a block is paid for where all paths to it have come together,
// except that a jump to the function's own label pays for the final `end` alone.
#include "exec/baseline/compiler.h"

namespace dewar::exec::baseline {

namespace {

bool is_catch(const wasm::Label& label) { return label.kind == wasm::Op::catch_ || label.kind == wasm::Op::catch_all; }

}  // namespace

void Compiler::open_block(const wasm::Label& label, const Instr& instr, u32 next_pc) {
  open_.emplace_back();
  if (label.kind == wasm::Op::loop) {
    forget();
    m_.bind(open_.back().target);
    poll(label.pc, instr.slots);
    begin_block(label.pc, instr.slots);
  } else if (label.kind == wasm::Op::if_) {
    const Condition condition = pop_flags(instr);
    if (!condition.known) {
      jump_if(m_, condition.flags.negated(), open_.back().otherwise);
    } else if (!condition.taken) {
      m_.jmp(open_.back().otherwise);
    }
    close_block();
    begin_block(next_pc, instr.slots - 1);
  }
}

void Compiler::else_part(const wasm::Label& label, bool reached, u32 next_pc) {
  Open& open = open_.back();
  forget();
  if (reached) m_.jmp(open.target);
  close_block();
  m_.bind(open.otherwise);
  begin_block(next_pc, label.slots + wasm::slots_of(label.params()));
}

void Compiler::drop_hidden(const wasm::Label& label, const Instr& instr) {
  const u32 keep = wasm::slots_of(label.results());
  charge_move(instr, keep);
  const u32 from = first_operand_ + label.slots + 1;
  move_slots(from, from - 1, keep);
}

void Compiler::end_block(const wasm::Label& label, const Instr& instr, bool reached, u32 next_pc) {
  forget();
  if (reached && is_catch(label)) drop_hidden(label, instr);
  close_block();
  Open open = std::move(open_.back());
  open_.pop_back();
  if (label.kind != wasm::Op::loop) m_.bind(open.target);
  if (label.kind == wasm::Op::if_) m_.bind(open.otherwise);
  begin_block(next_pc, label.slots + wasm::slots_of(label.results()));
}

void Compiler::catch_part(const wasm::Label& label, const Instr& instr, bool reached, u32 payload_slots, u32 next_pc) {
  forget();
  if (reached) {
    if (is_catch(label)) drop_hidden(label, instr);
    m_.jmp(open_.back().target);
  }
  close_block();
  // So far only the interpreter gets here: who catches in a compiled frame goes on there.
  begin_block(next_pc, label.slots + 1 + payload_slots);
}

Compiler::Target Compiler::target_of(const wasm::Label& label, u32 depth) {
  Open& open = open_at(depth);
  if (open.keep == ~u32{0}) open.keep = wasm::slots_of(label.branch_types());
  return {depth, label.slots, open.keep};
}

void Compiler::take(const Instr& instr, const Target& target, u32 slots, const FlagsCond* cond) {
  Label& label = open_at(target.depth).target;
  const u32 from = slots - target.keep;
  if (from == target.slots || target.keep == 0) return cond ? jump_if(m_, *cond, label) : m_.jmp(label);
  Label next;
  if (cond) jump_if(m_, cond->negated(), next);
  charge_move(instr, target.keep);
  move_slots(first_operand_ + from, first_operand_ + target.slots, target.keep);
  m_.jmp(label);
  if (cond) m_.bind(next);
}

void Compiler::branch(const wasm::Label& label, const Instr& instr, u32 depth, u32 slots, u32 next_pc) {
  const Target target = target_of(label, depth);
  const auto take_if = [&](const Mem& tested, Cond cond, u32 slots_after) {
    const FlagsCond flags{cond};
    sync();
    m_.cmp(Width::w32, tested, Imm(0));
    take(instr, target, slots, &flags);
    close_block();
    begin_block(next_pc, slots_after);
  };
  switch (instr.op) {
    case wasm::Op::br:
      sync();
      take(instr, target, slots);
      close_block();
      return;
    case wasm::Op::br_if: {
      const Condition condition = pop_flags(instr);
      // Code behind a jump that is always taken is emitted all the same.
      if (!condition.known || condition.taken) take(instr, target, slots, condition.known ? nullptr : &condition.flags);
      close_block();
      return begin_block(next_pc, slots);
    }
    case wasm::Op::br_on_null: return take_if(operand(slots), Cond::e, slots + 1);
    case wasm::Op::br_on_non_null: return take_if(operand(slots - 1), Cond::ne, slots - 1);
    default: break;
  }
  step(instr, interp::kStepCast, instr.last);
  take_if(Mem(kStack, at::kStepResult), instr.op == wasm::Op::br_on_cast ? Cond::ne : Cond::e, slots);
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
  const auto edge = [this](usize i) -> Label& { return table_targets_[table_[i]].edge; };
  sync();
  m_.mov(Width::w32, Gpr::rax, operand(instr.slots - 1));
  if (count <= kCompared) {
    for (usize i = 0; i < count; ++i) {
      m_.cmp(Width::w32, Gpr::rax, Imm(static_cast<i32>(i)));
      m_.jcc(Cond::e, edge(i));
    }
    m_.jmp(edge(count));
  } else {
    m_.cmp(Width::w32, Gpr::rax, Imm(static_cast<i32>(count)));
    m_.jcc(Cond::ae, edge(count));
    Label table;
    m_.jmp_table(table, Gpr::rax, Gpr::rcx);
    m_.align(4, Encoder::Fill::kInt3);
    m_.bind(table);
    for (usize i = 0; i < count; ++i) m_.table_entry(edge(i), table);
  }
  for (TableTarget& t : table_targets_) {
    m_.bind(t.edge);
    take(instr, t.target, instr.slots - 1);
    target_of_depth_[t.target.depth] = ~u32{0};
  }
  table_targets_.clear();
  table_.clear();
  close_block();
}

void Compiler::nothing_follows(const Instr& instr) {
  step(instr);
  m_.ud2();
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
