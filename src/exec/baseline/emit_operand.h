// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How emitters read integer operands: as the instruction takes them, immediate, memory (a slot, never guest memory) or
// register.
#pragma once

#include "exec/baseline/emit.h"

namespace dewar::exec::baseline {

constexpr u64 mask_of(Rep rep) { return rep == Rep::i64 ? ~u64{0} : ~u32{0}; }
constexpr u32 bits_of(Rep rep) { return rep == Rep::i64 ? 64 : 32; }

/// Is it a constant that fits the immediate of an instruction of its width?
constexpr bool is_small(Rep rep, u64 bits) {
  return rep == Rep::i32 || static_cast<i64>(bits) == static_cast<i32>(bits);
}
inline bool is_small(const Value& value) { return value.is_const() && is_small(value.rep, value.constant); }
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

/// dst = dst op value, or a comparison of the two; 32 or 64 bits.
[[gnu::always_inline]] inline void alu_operand(EmitContext& c, Alu op, Rep rep, Gpr dst, Value& value) {
  if (DEWAR_LIKELY(is_small(value))) return c.m.alu_plain(op, width_of(rep), dst, imm_of(value.constant));
  if (c.state.in_memory(value)) return c.m.alu_plain(op, width_of(rep), dst, kFp, c.state.disp_of(value));
  c.m.alu_plain(op, width_of(rep), dst, gpr(c.state.in_reg(value)));
}

/// Sets the flags as a comparison with 0 does; of an integer that is no constant. `only_zero`: nothing but the zero
/// flag matters.
[[gnu::always_inline]] inline void compare_with_zero(EmitContext& c, const Value& a, bool only_zero) {
  if (only_zero && c.state.has_zero_flag(a)) return;
  const Width w = width_of(a.rep);
  if (c.state.in_memory(a)) return c.m.alu_plain(Alu::cmp, w, kFp, c.state.disp_of(a), Imm{0});
  const Gpr reg = gpr(c.state.reg_of(a));
  c.m.test_plain(w, reg, reg);
}

}  // namespace dewar::exec::baseline
