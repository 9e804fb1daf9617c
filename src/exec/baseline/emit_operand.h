// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How emitters read integer operands: as the instruction takes them, immediate, memory (a slot, never guest memory) or
// register.
#pragma once

#include "exec/baseline/emit.h"

namespace dewar::exec::baseline {

constexpr u64 mask_of(Rep rep) { return rep == Rep::i64 ? ~u64{0} : ~u32{0}; }
constexpr u32 bits_of(Rep rep) { return rep == Rep::i64 ? 64 : 32; }

/// Is it a constant that fits the immediate of an instruction of its width?
inline bool is_small(const Value& value) {
  if (!value.is_const()) return false;
  return value.rep == Rep::i32 || static_cast<i64>(value.constant) == static_cast<i32>(value.constant);
}
inline Imm imm_of(u64 bits) { return Imm{static_cast<i32>(bits)}; }

/// Calls f(operand) with an Imm, Mem or Gpr.
template <class F>
void with_operand(EmitContext& c, Value& value, F&& f) {
  if (is_small(value)) return f(imm_of(value.constant));
  if (c.state.in_memory(value)) return f(c.state.mem_of(value));
  f(gpr(c.state.in_reg(value)));
}
/// The same without immediates.
template <class F>
void with_place(EmitContext& c, Value& value, F&& f) {
  if (c.state.in_memory(value)) return f(c.state.mem_of(value));
  f(gpr(c.state.in_reg(value)));
}

/// Sets the flags as a comparison with 0 does. `only_zero`: nothing but the zero flag matters.
inline void compare_with_zero(EmitContext& c, Value& a, bool only_zero) {
  if (only_zero && c.state.has_zero_flag(a)) return;
  if (c.state.in_memory(a)) return c.m.cmp(width_of(a.rep), c.state.mem_of(a), Imm{0});
  const Gpr reg = gpr(c.state.in_reg(a));
  c.m.test(width_of(a.rep), reg, reg);
}

}  // namespace dewar::exec::baseline
