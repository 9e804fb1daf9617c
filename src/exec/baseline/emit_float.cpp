// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// f32 and f64: arithmetic, comparisons, sign operations, rounding (with SSE4.1). Results of arithmetic are `raw`: their
// NaN is made canonical when somebody could see its bits (design D10). Spec 4.3.3.
#include "base/seed_bug.h"
#include "exec/baseline/emit.h"

namespace dewar::exec::baseline {

namespace {

using wasm::Op;

/// The two instructions of an operation.
struct Pair {
  VecOp<Shape::rvm> f32, f64;
  VecOp<Shape::rvm> of(Rep rep) const { return rep == Rep::f32 ? f32 : f64; }
};
constexpr Pair kAdd{op::addss, op::addsd}, kSub{op::subss, op::subsd}, kMul{op::mulss, op::mulsd},
    kDiv{op::divss, op::divsd}, kSqrt{op::sqrtss, op::sqrtsd}, kMin{op::minss, op::minsd}, kMax{op::maxss, op::maxsd};

/// Calls f(operand) with a register, or memory: a slot, or a constant behind the code.
template <class F>
void with_operand(EmitContext& c, Value& value, F&& f) {
  if (c.state.in_memory(value)) return f(c.state.mem_of(value));
  if (value.is_const() && value.constant != 0) return f(c.literals.at(value.constant));
  f(xmm(c.state.in_reg(value)));
}

void emit_arith(EmitContext& c, const Pair& op, Rep rep, bool commutes) {
  Value b = c.state.pop();
  Value a = c.state.pop();
  if (commutes && ((a.is_const() && !b.is_const()) || (!c.state.is_own(a) && c.state.is_own(b)))) std::swap(a, b);
  if (!c.state.is_own(a) && c.options.features.avx()) {
    // Three operands save the copy.
    const Xmm left = xmm(c.state.in_reg(a));
    const Reg dst = c.state.is_own(a) ? a.reg : c.state.take_for(rep);
    with_operand(c, b, [&](const auto& operand) { c.m.vec(op.of(rep), xmm(dst), left, operand); });
    if (a.where == Value::kReg && a.reg != dst) c.state.release(a);
    c.state.release(b);
    return c.state.push_reg(rep, dst, true);
  }
  const Reg dst = c.state.in_own_reg(a);
  with_operand(c, b, [&](const auto& operand) { c.m.vec(op.of(rep), xmm(dst), xmm(dst), operand); });
  c.state.release(b);
  c.state.push_reg(rep, dst, true);
}

/// The processor's minimum is its second operand if they are equal zeros or one is a NaN. Both orders together are
/// right: or joins the zeros to -0 and keeps a NaN. For the maximum, what the orders differ in is subtracted: that
/// turns -0 into +0 and keeps a NaN.
void emit_min_max(EmitContext& c, Rep rep, bool is_max) {
  const Pair& op = is_max ? kMax : kMin;
  Value b = c.state.pop();
  Value a = c.state.pop();
  const Xmm right = xmm(c.state.in_reg(b));
  const Reg dst = c.state.in_own_reg(a);
  const Reg other = c.state.take_for(rep);
  c.m.vec(op.of(rep), xmm(other), right, xmm(dst));
  c.m.vec(op.of(rep), xmm(dst), xmm(dst), right);
  if (is_max) {
    c.m.vec(op::xorps, xmm(other), xmm(other), xmm(dst));
    c.m.vec(op::orps, xmm(dst), xmm(dst), xmm(other));
    // Bug 22: the sign of a zero.
    c.m.vec(SEED(22, kSub, kAdd).of(rep), xmm(dst), xmm(dst), xmm(other));
  } else {
    c.m.vec(op::orps, xmm(dst), xmm(dst), xmm(other));
  }
  c.state.release(other);
  c.state.release(b);
  c.state.push_reg(rep, dst, true);
}

void emit_sqrt(EmitContext& c, Rep rep) {
  Value a = c.state.pop();
  const Xmm from = xmm(c.state.in_reg(a));
  const Reg dst = c.state.is_own(a) ? a.reg : c.state.take_for(rep);
  c.m.vec(kSqrt.of(rep), xmm(dst), from, from);
  if (a.where == Value::kReg && a.reg != dst) c.state.release(a);
  c.state.push_reg(rep, dst, true);
}

/// Immediates of the rounding instructions; bit 3: an inexact result is no exception.
enum Rounding : u8 { kNearest = 8, kFloor = 9, kCeil = 10, kTrunc = 11 };

bool emit_round(EmitContext& c, Rep rep, Rounding mode) {
  if (!c.options.features.sse4()) return false;
  Value a = c.state.pop();
  const Xmm from = xmm(c.state.in_reg(a));
  const Reg dst = c.state.is_own(a) ? a.reg : c.state.take_for(rep);
  c.m.vec(rep == Rep::f32 ? op::roundss : op::roundsd, xmm(dst), from, from, mode);
  if (a.where == Value::kReg && a.reg != dst) c.state.release(a);
  c.state.push_reg(rep, dst, true);
  return true;
}

/// Shifts the whole value, as an integer.
void shift_bits(EmitContext& c, Rep rep, Xmm reg, bool left, u8 count) {
  if (rep == Rep::f32) return c.m.vec(left ? op::pslld_i : op::psrld_i, reg, reg, count);
  c.m.vec(left ? op::psllq_i : op::psrlq_i, reg, reg, count);
}

void emit_abs(EmitContext& c, Rep rep) {
  Value a = c.state.pop();
  c.state.settle(a);
  const Reg dst = c.state.in_own_reg(a);
  shift_bits(c, rep, xmm(dst), true, 1);
  shift_bits(c, rep, xmm(dst), false, 1);
  c.state.push_reg(rep, dst);
}

void emit_neg(EmitContext& c, Rep rep) {
  Value a = c.state.pop();
  c.state.settle(a);
  const Reg dst = c.state.in_own_reg(a);
  // Four bytes of the literal would do for f32; both halves have the sign then.
  const Mem sign = c.literals.at(rep == Rep::f32 ? 0x8000000080000000 : u64{1} << 63);
  c.m.vec(op::movsd_load, kScratchXmm, sign);
  c.m.vec(op::xorps, xmm(dst), xmm(dst), kScratchXmm);
  c.state.push_reg(rep, dst);
}

void emit_copysign(EmitContext& c, Rep rep) {
  const u8 rest = rep == Rep::f32 ? 31 : 63;
  Value b = c.state.pop();
  Value a = c.state.pop();
  // Bug 23: the sign of a NaN that is not settled.
  SEED(23, c.state.settle(b), void());
  c.state.settle(a);
  const Reg dst = c.state.in_own_reg(a);
  const Reg sign = c.state.in_own_reg(b);
  shift_bits(c, rep, xmm(dst), true, 1);
  shift_bits(c, rep, xmm(dst), false, 1);
  shift_bits(c, rep, xmm(sign), false, rest);
  shift_bits(c, rep, xmm(sign), true, rest);
  c.m.vec(op::orps, xmm(dst), xmm(dst), xmm(sign));
  c.state.release(sign);
  c.state.push_reg(rep, dst);
}

/// The comparison sets the carry flag also for NaNs, so "less" is asked as "greater" with the operands exchanged.
void emit_compare(EmitContext& c, Rep rep, FlagsCond flags, bool exchange) {
  Value b = c.state.pop();
  Value a = c.state.pop();
  if (exchange) std::swap(a, b);
  const Xmm left = xmm(c.state.in_reg(a));
  with_operand(c, b, [&](const auto& operand) { c.m.vec(rep == Rep::f32 ? op::ucomiss : op::ucomisd, left, operand); });
  c.state.release(a);
  c.state.release(b);
  c.state.push_flags(flags);
}

}  // namespace

bool emit_float(EmitContext& c, Op op) {
#define BOTH(name, call_)                               \
  case Op::f32_##name: call_(c, Rep::f32); return true; \
  case Op::f64_##name: call_(c, Rep::f64); return true;
#define ARITH(name, op_, commutes)                                          \
  case Op::f32_##name: emit_arith(c, op_, Rep::f32, commutes); return true; \
  case Op::f64_##name: emit_arith(c, op_, Rep::f64, commutes); return true;
#define MIN_MAX(name, is_max)                                          \
  case Op::f32_##name: emit_min_max(c, Rep::f32, is_max); return true; \
  case Op::f64_##name: emit_min_max(c, Rep::f64, is_max); return true;
#define ROUND(name, mode)                                    \
  case Op::f32_##name: return emit_round(c, Rep::f32, mode); \
  case Op::f64_##name: return emit_round(c, Rep::f64, mode);
#define COMPARE(name, cond, parity, exchange)                                            \
  case Op::f32_##name: emit_compare(c, Rep::f32, {cond, parity}, exchange); return true; \
  case Op::f64_##name: emit_compare(c, Rep::f64, {cond, parity}, exchange); return true;
  switch (op) {
    ARITH(add, kAdd, true)
    ARITH(sub, kSub, false)
    ARITH(mul, kMul, true)
    ARITH(div, kDiv, false)
    MIN_MAX(min, false)
    MIN_MAX(max, true)
    BOTH(sqrt, emit_sqrt)
    BOTH(abs, emit_abs)
    BOTH(neg, emit_neg)
    BOTH(copysign, emit_copysign)
    ROUND(nearest, kNearest)
    ROUND(floor, kFloor)
    ROUND(ceil, kCeil)
    ROUND(trunc, kTrunc)
    COMPARE(eq, Cond::e, true, false)
    COMPARE(ne, Cond::ne, true, false)
    COMPARE(gt, Cond::a, false, false)
    COMPARE(ge, Cond::ae, false, false)
    COMPARE(lt, Cond::a, false, true)
    COMPARE(le, Cond::ae, false, true)
    default: return emit_convert(c, op);
  }
#undef COMPARE
#undef ROUND
#undef MIN_MAX
#undef ARITH
#undef BOTH
}

}  // namespace dewar::exec::baseline
