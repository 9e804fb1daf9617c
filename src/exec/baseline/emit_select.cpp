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

void jump_if_parity(Assembler& m, FlagsCond flags, Label& target) {
  if (flags.cond == Cond::ne) {
    m.jcc(Cond::p, target);
    return m.jcc(Cond::ne, target);
  }
  Label unordered;
  m.jcc(Cond::p, unordered, Reach::kNear);
  m.jcc(Cond::e, target);
  m.bind(unordered);
}

namespace {

[[gnu::noinline]] void select_float(EmitContext& c, FlagsCond flags, Value yes, Value no) {
  const Reg dst = c.state.in_own_reg(yes);
  Label keep;
  Label replace;
  if (flags.parity) c.m.jcc(Cond::p, replace, Reach::kNear);
  c.m.jcc(flags.cond, keep, Reach::kNear);
  c.m.bind(replace);
  c.state.load_into(dst, no);
  c.m.bind(keep);
  c.state.push_reg(yes.rep, dst, yes.raw);
}

/// Where the condition is one of floats, or `no` in memory.
[[gnu::noinline]] void select_int_rarely(EmitContext& c, FlagsCond flags, Value yes, Value no) {
  const Width w = width_of(yes.rep);
  const Reg dst = c.state.in_own_reg(yes);
  with_place(c, no, [&](const auto& place) {
    c.m.cmov(negate(flags.cond), w, gpr(dst), place);
    // Bug 19: a NaN is taken for equal.
    if (flags.parity && SEED(19, true, false)) c.m.cmov(Cond::p, w, gpr(dst), place);
  });
  c.state.release(no);
  c.state.push_reg(yes.rep, dst);
}

}  // namespace

void emit_select(EmitContext& c) {
  // One bit says of the result whether its NaN is to be settled, so both values have to agree.
  if (DEWAR_UNLIKELY(c.state.peek(1).raw != c.state.peek(2).raw)) c.state.settle_top(3);
  const Condition condition = pop_condition(c);
  Value no = c.state.pop();
  Value yes = c.state.pop();
  if (DEWAR_UNLIKELY(condition.known)) {
    c.state.release(condition.taken ? no : yes);
    return c.state.push_value(condition.taken ? yes : no);
  }
  FlagsCond flags = condition.flags;
  if (flags.parity && flags.cond == Cond::ne) {
    std::swap(yes, no);
    flags = flags.negated();
  }
  if (is_float(yes.rep)) return select_float(c, flags, yes, no);
  if (flags.parity) return select_int_rarely(c, flags, yes, no);
  if (!c.state.is_own(yes) && c.state.is_own(no)) {
    std::swap(yes, no);
    flags = flags.negated();
  }
  if (c.state.in_memory(no)) return select_int_rarely(c, flags, yes, no);
  const Reg dst = c.state.in_own_reg(yes);
  c.m.cmov_plain(negate(flags.cond), width_of(yes.rep), gpr(dst), gpr(c.state.in_reg(no)));
  c.state.release(no);
  c.state.push_reg(yes.rep, dst);
}

}  // namespace dewar::exec::baseline
