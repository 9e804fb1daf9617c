// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the emitters of vector instructions share. Vectors are in registers or slots; of constants the state knows only
// zero. With AVX a result of float lanes is raw, and `in` settles it but for who takes it as it is; else it is settled
// where it comes about. Without AVX kScratchXmm is no destination of arithmetic, and is lost where a memory operand or
// a destination that is the second operand needs it: values that must live are in registers of their own.
#pragma once

#include <array>
#include <tuple>

#include "exec/baseline/emit.h"
#include "exec/baseline/emit_operand.h"

namespace dewar::exec::baseline::simd {

/// How an instruction stands for an operation.
enum How : u8 {
  C = 1,   ///< the operands commute
  X = 2,   ///< the operands are exchanged
  N = 4,   ///< all bits of the result are inverted
  F = 8,   ///< the result may have f32 NaNs
  D = 16,  ///< the result may have f64 NaNs
  H = 32,  ///< the upper half of the operand is meant
};

/// Lanes; the S ones are read with their sign.
enum Lane : u8 { kI8, kI8S, kI16, kI16S, kI32, kI64, kF32, kF64 };

inline bool has(EmitContext& c, CpuLevel level) { return c.options.features.has(level); }
/// The vector in a register. `takes_raw`: bytes of the float lanes whose NaNs do not matter.
inline Xmm in(EmitContext& c, Value& value, u8 takes_raw = 0) {
  if (value.raw != takes_raw) c.state.settle(value);
  return xmm(c.state.in_reg(value));
}
inline Reg temp(EmitContext& c) { return c.state.take(kXmmMask); }
/// A register for the result of an instruction that reads `a`, which is in one: its own if it has one.
inline Reg result_of(EmitContext& c, const Value& a) { return c.state.is_own(a) ? a.reg : temp(c); }
/// `a` was read, and `dst` has the result.
inline void done(EmitContext& c, const Value& a, Reg dst) {
  if (a.where == Value::kReg && a.reg != dst) c.state.release(a.reg);
}
/// Calls f with a register or memory. Without AVX, memory would only be loaded into the scratch register.
template <class F>
void with_vector(EmitContext& c, Value& value, u8 takes_raw, F&& f) {
  const bool settled = value.raw == 0 || value.raw == takes_raw;
  if (c.options.features.avx() && settled && c.state.in_memory(value)) return f(c.state.mem_of(value));
  f(in(c, value, takes_raw));
}

/// emit(dst, left, right): right is a register or memory, and left is dst where there is no AVX.
template <class Emit>
Reg binary_of(EmitContext& c, Value& a, Value& b, u8 takes_raw, Emit&& emit) {
  if (!c.options.features.avx()) {
    const Xmm right = in(c, b, takes_raw);
    const Reg dst = c.state.in_own_reg(a);
    emit(xmm(dst), xmm(dst), right);
    done(c, b, dst);
    return dst;
  }
  const Xmm left = in(c, a, takes_raw);
  const Reg dst = c.state.is_own(a) ? a.reg : c.state.is_own(b) ? b.reg : temp(c);
  with_vector(c, b, takes_raw, [&](const auto& right) { emit(xmm(dst), left, right); });
  done(c, a, dst);
  done(c, b, dst);
  return dst;
}
inline Reg binary_of(EmitContext& c, VecOp<Shape::rvm> op, Value& a, Value& b) {
  return binary_of(c, a, b, 0, [&](Xmm dst, Xmm left, const auto& right) { c.m.vec(op, dst, left, right); });
}

/// `raw`: bytes of the float lanes that may have NaNs.
inline void push(EmitContext& c, Reg reg, u8 raw = 0) {
  if (raw == 0 || c.options.features.avx()) return c.state.push_reg(Rep::v128, reg, raw);
  const Reg nans = temp(c);
  c.state.settle_lanes(reg, raw == sizeof(f64), xmm(nans));
  c.state.release(nans);
  c.state.push_reg(Rep::v128, reg);
}
/// Pops vectors, calls emit(dst, operands.., temporaries..) with registers, and pushes dst, which may be the first
/// operand's register, but no other. `raw`: bytes of float lanes, in operands and result.
template <u32 kOperands, u32 kTemps, class Emit>
void with_regs(EmitContext& c, Emit&& emit, u8 raw = 0) {
  std::array<Value, kOperands> values;
  std::array<Reg, kTemps> temps;
  std::array<Xmm, 1 + kOperands + kTemps> regs;
  for (u32 i = kOperands; i-- > 0;) values[i] = c.state.pop();
  for (u32 i = 0; i < kOperands; ++i) regs[1 + i] = in(c, values[i], raw);
  for (u32 i = 0; i < kTemps; ++i) regs[1 + kOperands + i] = xmm(temps[i] = temp(c));
  const Reg dst = result_of(c, values[0]);
  regs[0] = xmm(dst);
  std::apply(emit, regs);
  for (const Reg reg : temps) c.state.release(reg);
  for (const Value& value : values) done(c, value, dst);
  push(c, dst, raw);
}
/// 16 bytes behind the code.
inline Mem literal(EmitContext& c, u64 lo, u64 hi) { return c.literals.at(lo, hi); }
inline Mem literal(EmitContext& c, u64 both) { return c.literals.at(both, both); }
constexpr u64 twice(u32 bits) { return u64{bits} << 32 | bits; }
inline void all_ones(EmitContext& c, Xmm reg) { c.m.vec(op::pcmpeqd, reg, reg, reg); }
inline void zero(EmitContext& c, Xmm reg) { c.m.vec(op::xorps, reg, reg, reg); }
// ---- emit_simd_lane.cpp ----
void constant(EmitContext& c, const u8* bytes);
void splat(EmitContext& c, Lane lane);
/// The lowest lane of `reg` in all of them; of a byte or word the rest does not matter.
void spread(EmitContext& c, Lane lane, Xmm reg);
void extract_lane(EmitContext& c, Lane lane, const u8* index);
void replace_lane(EmitContext& c, Lane lane, const u8* index);
bool shuffle(EmitContext& c, const u8* lanes);
void swizzle(EmitContext& c);
void any_true(EmitContext& c);
void all_true(EmitContext& c, VecOp<Shape::rvm> equal);
void bitmask(EmitContext& c, Lane lane);

}  // namespace dewar::exec::baseline::simd
