// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conditions of branches, and select.
#include "base/seed_bug.h"
#include "exec/baseline/emit.h"
#include "exec/baseline/emit_operand.h"

namespace dewar::exec::baseline {

Condition pop_condition(EmitContext& c) {
  Value value = c.state.pop();
  if (value.is_const()) return {.known = true, .taken = value.constant != 0, .flags = {}};
  if (value.where == Value::kFlags) return {.flags = value.flags};
  compare_with_zero(c, value, true);
  c.state.release(value);
  return {.flags = {Cond::ne, false}};
}

void jump_if_parity(Assembler& m, FlagsCond flags, Label& target, Reach reach) {
  if (flags.cond == Cond::ne) {
    m.jcc(Cond::p, target, reach);
    return m.jcc(Cond::ne, target, reach);
  }
  Label unordered;
  m.jcc(Cond::p, unordered, Reach::kNear);
  m.jcc(Cond::e, target, reach);
  m.bind(unordered);
}

void emit_select(EmitContext& c) {
  // One bit says of the result whether its NaN is to be settled, so both values have to agree.
  if (c.state.peek(1).raw != c.state.peek(2).raw) c.state.settle_top(3);
  const Condition condition = pop_condition(c);
  Value no = c.state.pop();
  Value yes = c.state.pop();
  if (condition.known) {
    c.state.release(condition.taken ? no : yes);
    return c.state.push_value(condition.taken ? yes : no);
  }
  FlagsCond flags = condition.flags;
  if (flags.parity && flags.cond == Cond::ne) {
    std::swap(yes, no);
    flags = flags.negated();
  }
  const Rep rep = yes.rep;
  const u8 raw = yes.raw;
  if (!is_float(rep)) {
    if (!flags.parity && !c.state.is_own(yes) && c.state.is_own(no)) {
      std::swap(yes, no);
      flags = flags.negated();
    }
    const Reg dst = c.state.in_own_reg(yes);
    with_place(c, no, [&](const auto& place) {
      c.m.cmov(negate(flags.cond), width_of(rep), gpr(dst), place);
      // Bug 19: a NaN is taken for equal.
      if (flags.parity && SEED(19, true, false)) c.m.cmov(Cond::p, width_of(rep), gpr(dst), place);
    });
    c.state.release(no);
    return c.state.push_reg(rep, dst);
  }
  const Reg dst = c.state.in_own_reg(yes);
  Label keep;
  Label replace;
  if (flags.parity) c.m.jcc(Cond::p, replace, Reach::kNear);
  c.m.jcc(flags.cond, keep, Reach::kNear);
  c.m.bind(replace);
  c.state.load_into(dst, no);
  c.m.bind(keep);
  c.state.push_reg(rep, dst, raw);
}

}  // namespace dewar::exec::baseline
