// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Float lanes: signs, minimum and maximum, conversions from and to integer lanes. Spec 4.3.3, 4.3.4.
#include "exec/baseline/emit_simd.h"

namespace dewar::exec::baseline::simd {

namespace {

constexpr u8 kEqual = 0, kLessOrEqual = 2;

void with_mask(EmitContext& c, VecOp<Shape::rvm> op, u64 mask) {
  with_regs<1, 0>(c, [&](Xmm dst, Xmm a) { c.m.vec(op, dst, a, literal(c, mask)); });
}
u64 sign_of(Rep lane) { return lane == Rep::f32 ? twice(u32{1} << 31) : u64{1} << 63; }

}  // namespace

void float_neg(EmitContext& c, Rep lane) { with_mask(c, op::xorps, sign_of(lane)); }
void float_abs(EmitContext& c, Rep lane) { with_mask(c, op::andps, ~sign_of(lane)); }

// As of scalars (emit_float.cpp): both orders together are right.
void float_min(EmitContext& c, Rep lane) {
  const auto least = lane == Rep::f32 ? op::minps : op::minpd;
  with_regs<2, 1>(c, [&](Xmm dst, Xmm a, Xmm b, Xmm t) {
    c.m.vec(least, t, b, a);
    c.m.vec(least, dst, a, b);
    c.m.vec(op::orps, dst, dst, t);
    settle_lanes(c, dst, lane == Rep::f64);
  });
}
void float_max(EmitContext& c, Rep lane) {
  const auto most = lane == Rep::f32 ? op::maxps : op::maxpd;
  with_regs<2, 1>(c, [&](Xmm dst, Xmm a, Xmm b, Xmm t) {
    c.m.vec(most, t, b, a);
    c.m.vec(most, dst, a, b);
    c.m.vec(op::xorps, t, t, dst);
    c.m.vec(op::orps, dst, dst, t);
    c.m.vec(lane == Rep::f32 ? op::subps : op::subpd, dst, dst, t);
    settle_lanes(c, dst, lane == Rep::f64);
  });
}

/// Two roundings (semantics_relaxed.h). c - a * b is c + (-a) * b to the bit, but for NaNs.
void multiply_add(EmitContext& c, Rep lane, bool negated) {
  const bool is32 = lane == Rep::f32;
  with_regs<3, 0>(c, [&](Xmm dst, Xmm a, Xmm b, Xmm sum) {
    c.m.vec(is32 ? op::mulps : op::mulpd, dst, a, b);
    if (negated) {
      c.m.vec(is32 ? op::subps : op::subpd, dst, sum, dst);
    } else {
      c.m.vec(is32 ? op::addps : op::addpd, dst, dst, sum);
    }
    settle_lanes(c, dst, !is32);
  });
}

/// NaNs are made 0 before; the processor's result of all that is out of range is the least number, of which xor makes
/// the greatest where the operand is above.
void trunc_f32_s(EmitContext& c) {
  with_regs<1, 1>(c, [&](Xmm dst, Xmm a, Xmm t) {
    c.m.vec(op::cmpps, t, a, a, kEqual);
    c.m.vec(op::andps, dst, a, t);
    c.m.vec(op::movups, t, literal(c, twice(0x4f000000)));  // 2^31
    c.m.vec(op::cmpps, t, t, dst, kLessOrEqual);
    c.m.vec(op::cvttps2dq, dst, dst);
    c.m.vec(op::pxor, dst, dst, t);
  });
}

/// What is above 2^31 is converted as the distance from there, and added to the processor's 2^31 of what is out of
/// its range.
void trunc_f32_u(EmitContext& c) {
  with_regs<1, 2>(c, [&](Xmm dst, Xmm a, Xmm t, Xmm u) {
    zero(c, t);
    c.m.vec(op::maxps, dst, a, t);  // 0 of a NaN
    c.m.vec(op::movups, u, literal(c, twice(0x4f000000)));
    c.m.vec(op::subps, t, dst, u);
    c.m.vec(op::cmpps, u, u, t, kLessOrEqual);
    c.m.vec(op::cvttps2dq, t, t);
    c.m.vec(op::pxor, t, t, u);
    zero(c, u);
    c.m.vec(op::pmaxsd, t, t, u);
    c.m.vec(op::cvttps2dq, dst, dst);
    c.m.vec(op::paddd, dst, dst, t);
  });
}

/// The greatest i32 is an f64: the minimum with it, or with 0 where there is a NaN.
void trunc_f64_s(EmitContext& c) {
  with_regs<1, 1>(c, [&](Xmm dst, Xmm a, Xmm t) {
    c.m.vec(op::cmppd, t, a, a, kEqual);
    c.m.vec(op::andps, t, t, literal(c, 0x41dfffffffc00000));
    c.m.vec(op::minpd, dst, a, t);
    c.m.vec(op::cvttpd2dq, dst, dst);
  });
}

/// Clamped and made whole; with 2^52 added, the integer is in the lowest bits.
void trunc_f64_u(EmitContext& c) {
  with_regs<1, 1>(c, [&](Xmm dst, Xmm a, Xmm t) {
    zero(c, t);
    c.m.vec(op::maxpd, dst, a, t);
    c.m.vec(op::minpd, dst, dst, literal(c, 0x41efffffffe00000));
    c.m.vec(op::roundpd, dst, dst, 11);
    c.m.vec(op::addpd, dst, dst, literal(c, 0x4330000000000000));
    c.m.vec(op::shufps, dst, dst, t, 0x88);
  });
}

/// Both halves are exact; only their sum is rounded.
void convert_f32_u(EmitContext& c) {
  with_regs<1, 1>(c, [&](Xmm dst, Xmm a, Xmm t) {
    c.m.vec(op::psrld_i, t, a, 16);
    c.m.vec(op::cvtdq2ps, t, t);
    c.m.vec(op::mulps, t, t, literal(c, twice(0x47800000)));  // 65536
    c.m.vec(op::pslld_i, dst, a, 16);
    c.m.vec(op::psrld_i, dst, dst, 16);
    c.m.vec(op::cvtdq2ps, dst, dst);
    c.m.vec(op::addps, dst, dst, t);
  });
}

/// 2^52 + x by putting the bits together, minus 2^52.
void convert_f64_u(EmitContext& c) {
  with_regs<1, 0>(c, [&](Xmm dst, Xmm a) {
    c.m.vec(op::unpcklps, dst, a, literal(c, twice(0x43300000)));
    c.m.vec(op::subpd, dst, dst, literal(c, 0x4330000000000000));
  });
}

}  // namespace dewar::exec::baseline::simd
