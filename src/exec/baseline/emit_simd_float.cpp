// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Float lanes: signs, minimum and maximum, conversions from and to integer lanes. Spec 4.3.3, 4.3.4.
#include "exec/baseline/emit_simd.h"

namespace dewar::exec::baseline::simd {

namespace {

constexpr u8 kEqual = 0, kLessOrEqual = 2;

void with_mask(EmitContext& c, VecOp<Shape::rvm> op, u64 mask) {
  Value a = c.state.pop();
  const Xmm from = in(c, a);
  const Reg dst = result_of(c, a);
  c.m.vec(op, xmm(dst), from, literal(c, mask));
  done(c, a, dst);
  push(c, dst);
}

u64 sign_of(Rep lane) { return lane == Rep::f32 ? twice(u32{1} << 31) : u64{1} << 63; }

}  // namespace

void float_neg(EmitContext& c, Rep lane) { with_mask(c, op::xorps, sign_of(lane)); }
void float_abs(EmitContext& c, Rep lane) { with_mask(c, op::andps, ~sign_of(lane)); }

// As of scalars (emit_float.cpp): both orders together are right.
namespace {

void float_min_max(EmitContext& c, Rep lane, VecOp<Shape::rvm> op, bool is_max) {
  Value b = c.state.pop();
  Value a = c.state.pop();
  const Xmm left = in(c, a), right = in(c, b);
  const Reg other = temp(c), dst = result_of(c, a);
  c.m.vec(op, xmm(other), right, left);
  c.m.vec(op, xmm(dst), left, right);
  if (is_max) {
    c.m.vec(op::xorps, xmm(other), xmm(other), xmm(dst));
    c.m.vec(op::orps, xmm(dst), xmm(dst), xmm(other));
    c.m.vec(lane == Rep::f32 ? op::subps : op::subpd, xmm(dst), xmm(dst), xmm(other));
  } else {
    c.m.vec(op::orps, xmm(dst), xmm(dst), xmm(other));
  }
  c.state.release(other);
  done(c, a, dst);
  c.state.release(b);
  settle_lanes(c, dst, lane == Rep::f64);
  push(c, dst);
}

}  // namespace

void float_min(EmitContext& c, Rep lane) { float_min_max(c, lane, lane == Rep::f32 ? op::minps : op::minpd, false); }
void float_max(EmitContext& c, Rep lane) { float_min_max(c, lane, lane == Rep::f32 ? op::maxps : op::maxpd, true); }

/// Two roundings (semantics_relaxed.h). c - a * b is c + (-a) * b to the bit, but for NaNs.
void multiply_add(EmitContext& c, Rep lane, bool negated) {
  const bool is32 = lane == Rep::f32;
  Value sum = c.state.pop();
  Value b = c.state.pop();
  Value a = c.state.pop();
  const Reg dst = binary_of(c, is32 ? op::mulps : op::mulpd, a, b);
  const Xmm added = in(c, sum);
  if (negated) {
    c.m.vec(is32 ? op::subps : op::subpd, xmm(dst), added, xmm(dst));
  } else {
    c.m.vec(is32 ? op::addps : op::addpd, xmm(dst), xmm(dst), added);
  }
  c.state.release(sum);
  settle_lanes(c, dst, !is32);
  push(c, dst);
}

/// NaNs are made 0 before; the processor's result of all that is out of range is the least number, of which xor makes
/// the greatest where the operand is above.
void trunc_f32_s(EmitContext& c) {
  Value a = c.state.pop();
  const Reg dst = c.state.in_own_reg(a);
  const Reg mask = temp(c);
  c.m.vec(op::cmpps, xmm(mask), xmm(dst), xmm(dst), kEqual);
  c.m.vec(op::andps, xmm(dst), xmm(dst), xmm(mask));
  c.m.vec(op::movups, xmm(mask), literal(c, twice(0x4f000000)));  // 2^31
  c.m.vec(op::cmpps, xmm(mask), xmm(mask), xmm(dst), kLessOrEqual);
  c.m.vec(op::cvttps2dq, xmm(dst), xmm(dst));
  c.m.vec(op::pxor, xmm(dst), xmm(dst), xmm(mask));
  c.state.release(mask);
  push(c, dst);
}

/// What is above 2^31 is converted as the distance from there, and added to the processor's 2^31 of what is out of
/// its range.
void trunc_f32_u(EmitContext& c) {
  Value a = c.state.pop();
  const Reg dst = c.state.in_own_reg(a);
  const Reg above = temp(c), mask = temp(c);
  zero(c, above);
  c.m.vec(op::maxps, xmm(dst), xmm(dst), xmm(above));  // 0 of a NaN
  c.m.vec(op::movups, xmm(mask), literal(c, twice(0x4f000000)));
  c.m.vec(op::subps, xmm(above), xmm(dst), xmm(mask));
  c.m.vec(op::cmpps, xmm(mask), xmm(mask), xmm(above), kLessOrEqual);
  c.m.vec(op::cvttps2dq, xmm(above), xmm(above));
  c.m.vec(op::pxor, xmm(above), xmm(above), xmm(mask));
  zero(c, mask);
  c.m.vec(op::pmaxsd, xmm(above), xmm(above), xmm(mask));
  c.m.vec(op::cvttps2dq, xmm(dst), xmm(dst));
  c.m.vec(op::paddd, xmm(dst), xmm(dst), xmm(above));
  c.state.release(above);
  c.state.release(mask);
  push(c, dst);
}

/// The greatest i32 is an f64: the minimum with it, or with 0 where there is a NaN.
void trunc_f64_s(EmitContext& c) {
  Value a = c.state.pop();
  const Xmm from = in(c, a);
  const Reg most = temp(c), dst = result_of(c, a);
  c.m.vec(op::cmppd, xmm(most), from, from, kEqual);
  c.m.vec(op::andps, xmm(most), xmm(most), literal(c, 0x41dfffffffc00000));
  c.m.vec(op::minpd, xmm(dst), from, xmm(most));
  c.m.vec(op::cvttpd2dq, xmm(dst), xmm(dst));
  c.state.release(most);
  done(c, a, dst);
  push(c, dst);
}

/// Clamped and made whole; with 2^52 added, the integer is in the lowest bits.
void trunc_f64_u(EmitContext& c) {
  Value a = c.state.pop();
  const Xmm from = in(c, a);
  const Reg none = temp(c), dst = result_of(c, a);
  zero(c, none);
  c.m.vec(op::maxpd, xmm(dst), from, xmm(none));
  c.m.vec(op::minpd, xmm(dst), xmm(dst), literal(c, 0x41efffffffe00000));
  c.m.vec(op::roundpd, xmm(dst), xmm(dst), 11);
  c.m.vec(op::addpd, xmm(dst), xmm(dst), literal(c, 0x4330000000000000));
  c.m.vec(op::shufps, xmm(dst), xmm(dst), xmm(none), 0x88);
  c.state.release(none);
  done(c, a, dst);
  push(c, dst);
}

/// Both halves are exact; only their sum is rounded.
void convert_f32_u(EmitContext& c) {
  Value a = c.state.pop();
  const Xmm from = in(c, a);
  const Reg high = temp(c), dst = result_of(c, a);
  c.m.vec(op::psrld_i, xmm(high), from, 16);
  c.m.vec(op::cvtdq2ps, xmm(high), xmm(high));
  c.m.vec(op::mulps, xmm(high), xmm(high), literal(c, twice(0x47800000)));  // 65536
  c.m.vec(op::pslld_i, xmm(dst), from, 16);
  c.m.vec(op::psrld_i, xmm(dst), xmm(dst), 16);
  c.m.vec(op::cvtdq2ps, xmm(dst), xmm(dst));
  c.m.vec(op::addps, xmm(dst), xmm(dst), xmm(high));
  c.state.release(high);
  done(c, a, dst);
  push(c, dst);
}

/// 2^52 + x by putting the bits together, minus 2^52.
void convert_f64_u(EmitContext& c) {
  Value a = c.state.pop();
  const Xmm from = in(c, a);
  const Reg dst = result_of(c, a);
  c.m.vec(op::unpcklps, xmm(dst), from, literal(c, twice(0x43300000)));
  c.m.vec(op::subpd, xmm(dst), xmm(dst), literal(c, 0x4330000000000000));
  done(c, a, dst);
  push(c, dst);
}

}  // namespace dewar::exec::baseline::simd
