// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conversions between integers and floats, and between floats; and all cold code that numeric instructions leave at a
// function's end. The hot path converts as if the value fitted; a result that may be wrong goes to the cold code, which
// decides. Spec 4.3.4.
#include "base/seed_bug.h"
#include "exec/baseline/emit.h"

namespace dewar::exec::baseline {

namespace {

using wasm::Op;

constexpr u64 kTopBit = u64{1} << 63;

VecOp<Shape::gm> truncate(Rep from) { return from == Rep::f32 ? op::cvttss2si_64 : op::cvttsd2si_64; }
VecOp<Shape::rm> compare(Rep rep) { return rep == Rep::f32 ? op::ucomiss : op::ucomisd; }

void emit_trunc(EmitContext& c, Rep to, Rep from, bool is_signed, bool saturating) {
  Value a = c.state.pop();
  const Reg x = c.state.in_reg(a);
  const Reg dst = c.state.take(kGprMask);
  // The cold code of unsigned 64 bits changes a copy.
  const bool needs_copy = to == Rep::i64 && !is_signed;
  const Reg copy = needs_copy ? c.state.take(kXmmMask) : x;
  if (needs_copy) c.m.vec(op::movaps, xmm(copy), xmm(x));
  c.m.vec(truncate(from), gpr(dst), xmm(x));
  Cond cold = Cond::ne;
  ColdKind kind = ColdKind::kTruncTrap;
  if (to == Rep::i32 && is_signed) {
    c.m.movsx(Width::w64, Width::w32, kScratch, gpr(dst));
    c.m.cmp(Width::w64, kScratch, gpr(dst));
    if (saturating) kind = ColdKind::kSatS32;
  } else if (to == Rep::i32) {
    c.m.mov(Width::w32, kScratch, gpr(dst));
    c.m.cmp(Width::w64, kScratch, gpr(dst));
    if (saturating) kind = ColdKind::kSatU32;
  } else if (is_signed) {
    // Only the least number, which stands for all failures, overflows here.
    c.m.cmp(Width::w64, gpr(dst), Imm{1});
    cold = Cond::o;
    kind = saturating ? ColdKind::kSatS64 : ColdKind::kTruncS64;
  } else {
    c.m.test(Width::w64, gpr(dst), gpr(dst));
    cold = Cond::s;
    kind = saturating ? ColdKind::kSatU64 : ColdKind::kTruncU64;
  }
  ColdExit& exit = c.cold.add(kind, c.pc, static_cast<u8>(from), dst, copy);
  c.m.jcc(cold, exit.entry);
  c.m.bind(exit.back);
  if (needs_copy) c.state.release(copy);
  c.state.release(a);
  c.state.push_reg(to, dst);
}

void convert_64(EmitContext& c, Rep to, Reg dst, Gpr from) {
  // The conversion keeps the upper bits of its target: clearing it ends the dependence on what it had.
  c.m.vec(op::xorps, xmm(dst), xmm(dst), xmm(dst));
  c.m.vec(to == Rep::f32 ? op::cvtsi2ss_64 : op::cvtsi2sd_64, xmm(dst), xmm(dst), from);
}

void emit_from_int(EmitContext& c, Rep to, Rep from, bool is_signed) {
  Value a = c.state.pop();
  const Reg x = c.state.in_reg(a);
  const Reg dst = c.state.take_for(to);
  if (from == Rep::i32 && is_signed) {
    c.m.vec(op::xorps, xmm(dst), xmm(dst), xmm(dst));
    c.m.vec(to == Rep::f32 ? op::cvtsi2ss_32 : op::cvtsi2sd_32, xmm(dst), xmm(dst), gpr(x));
  } else if (from == Rep::i32) {
    c.m.mov(Width::w32, kScratch, gpr(x));
    convert_64(c, to, dst, kScratch);
  } else {
    if (!is_signed) c.m.test(Width::w64, gpr(x), gpr(x));
    ColdExit* exit = nullptr;
    if (!is_signed) {
      exit = &c.cold.add(ColdKind::kConvertU64, c.pc, static_cast<u8>(to), x, dst);
      c.m.jcc(Cond::s, exit->entry);
    }
    convert_64(c, to, dst, gpr(x));
    if (exit) c.m.bind(exit->back);
  }
  c.state.release(a);
  c.state.push_reg(to, dst);
}

void emit_between_floats(EmitContext& c, VecOp<Shape::rvm> op, Rep to) {
  Value a = c.state.pop();
  const Xmm from = xmm(c.state.in_reg(a));
  const Reg dst = c.state.is_own(a) ? a.reg : c.state.take_for(to);
  c.m.vec(op, xmm(dst), from, from);
  if (a.where == Value::kReg && a.reg != dst) c.state.release(a);
  c.state.push_reg(to, dst, true);
}

/// The same bits as another type.
void emit_reinterpret(EmitContext& c, Rep to) {
  Value a = c.state.pop();
  if (a.is_const()) return c.state.push_const(to, a.constant);
  c.state.settle(a);
  const Reg dst = c.state.take_for(to);
  if (c.state.in_memory(a)) {
    a.rep = to;
    c.state.load_into(dst, a);
  } else {
    const Reg from = c.state.in_reg(a);
    switch (to) {
      case Rep::i32: c.m.vec(op::movd_to, gpr(dst), xmm(from)); break;
      case Rep::i64: c.m.vec(op::movq_to, gpr(dst), xmm(from)); break;
      case Rep::f32: c.m.vec(op::movd_from, xmm(dst), gpr(from)); break;
      default: c.m.vec(op::movq_from, xmm(dst), gpr(from)); break;
    }
    c.state.release(a);
  }
  c.state.push_reg(to, dst);
}

// ---- cold code ----

struct Cold {
  EmitContext& c;
  ColdExit& exit;
  EmitTrap trap_call;
  void* user;

  Assembler& m() const { return c.m; }
  Rep rep() const { return static_cast<Rep>(exit.detail); }
  void trap(TrapKind kind) const { trap_call(user, kind, exit.pc); }
  void go_back() const { c.m.jmp(exit.back); }

  /// NaN, or out of range.
  void conversion_trap() const {
    Label no_number;
    m().vec(compare(rep()), xmm(exit.b), xmm(exit.b));
    m().jcc(Cond::p, no_number);
    trap(TrapKind::integer_overflow);
    m().bind(no_number);
    trap(TrapKind::invalid_conversion);
  }
  void set_scratch(u64 bits) const {
    m().mov_imm(kScratch, bits);
    m().vec(op::movq_from, kScratchXmm, kScratch);
  }
  /// The largest number of xmm b is above zero, the least below, 0 for a NaN.
  void saturate(Width w, u64 least, u64 most) const {
    set_scratch(0);
    m().mov_imm(gpr(exit.a), most);
    m().vec(compare(rep()), xmm(exit.b), kScratchXmm);
    m().jcc(Cond::a, exit.back);
    m().mov_imm(gpr(exit.a), least);
    if (least != 0) {
      m().mov_imm(kScratch, 0);
      m().cmov(Cond::p, w, gpr(exit.a), kScratch);
    }
    go_back();
  }
  /// 2^63 and more, as the distance from there with the top bit put back; jumps to `fail` where there is no such
  /// number.
  void unsigned_64(Label& fail) const {
    const Xmm x = xmm(exit.b);
    // -2^63 is a power of two: its bits are sign, exponent 63, and no more.
    const u64 minus_bits = rep() == Rep::f32 ? u64{0xdf000000} : u64{0xc3e0000000000000};
    set_scratch(minus_bits);
    m().vec(rep() == Rep::f32 ? op::addss : op::addsd, x, x, kScratchXmm);
    m().vec(truncate(rep()), gpr(exit.a), x);
    m().test(Width::w64, gpr(exit.a), gpr(exit.a));
    m().jcc(Cond::s, fail);
    m().mov_imm(kScratch, kTopBit);
    m().or_(Width::w64, gpr(exit.a), kScratch);
    go_back();
  }

  void nan() const {
    if (rep() == Rep::f32) {
      m().mov_imm(kScratch, 0x7fc00000);
      m().vec(op::movd_from, xmm(exit.a), kScratch);
    } else {
      m().mov_imm(kScratch, 0x7ff8000000000000);
      m().vec(op::movq_from, xmm(exit.a), kScratch);
    }
    go_back();
  }
  /// All ones in those lanes; then without the bits below the quiet one; then without the sign.
  void nan_lanes() const {
    const bool is64 = exit.detail != 0;
    const Xmm x = xmm(exit.a), mask = xmm(exit.b);
    constexpr u8 kUnordered = 3;
    m().vec(op::orps, x, x, mask);
    m().vec(is64 ? op::psrlq_i : op::psrld_i, mask, mask, is64 ? 13 : 10);
    m().vec(op::xorps, x, x, mask);
    m().vec(is64 ? op::cmppd : op::cmpps, mask, x, x, kUnordered);
    m().vec(is64 ? op::psllq_i : op::pslld_i, mask, mask, is64 ? 63 : 31);
    m().vec(op::xorps, x, x, mask);
    go_back();
  }
  void divide_by_minus_one() const {
    Label overflow;
    m().unary(Unary::neg, width_of(rep()), Gpr::rax);
    m().jcc(Cond::o, overflow, Reach::kNear);
    go_back();
    m().bind(overflow);
    trap(TrapKind::integer_overflow);
  }
  void trunc_s64() const {
    Label fail;
    set_scratch(rep() == Rep::f32 ? u64{0xdf000000} : u64{0xc3e0000000000000});
    m().vec(compare(rep()), xmm(exit.b), kScratchXmm);
    m().jcc(Cond::p, fail);
    // Bug 20: a conversion that should trap beyond the least number.
    m().jcc(SEED(20, Cond::e, Cond::be), exit.back);
    m().bind(fail);
    conversion_trap();
  }
  void trunc_u64() const {
    Label fail;
    unsigned_64(fail);
    m().bind(fail);
    conversion_trap();
  }
  void saturate_u64() const {
    Label fail;
    unsigned_64(fail);
    m().bind(fail);
    saturate(Width::w64, 0, ~u64{0});
  }
  /// Half of it, made odd if a bit is lost (so that rounding sees it), twice.
  void convert_u64() const {
    Label even;
    m().mov(Width::w64, kScratch, gpr(exit.a));
    m().shift(Shift::shr, Width::w64, kScratch, 1);
    m().jcc(Cond::ae, even, Reach::kNear);
    // Bug 21: rounding does not see the bit that was lost.
    m().or_(Width::w64, kScratch, Imm{SEED(21, 1, 0)});
    m().bind(even);
    convert_64(c, rep(), exit.b, kScratch);
    m().vec(rep() == Rep::f32 ? op::addss : op::addsd, xmm(exit.b), xmm(exit.b), xmm(exit.b));
    go_back();
  }
};

}  // namespace

bool emit_convert(EmitContext& c, Op op) {
#define TRUNC(i, f)                                                                        \
  case Op::i##_trunc_##f##_s: emit_trunc(c, Rep::i, Rep::f, true, false); return true;     \
  case Op::i##_trunc_##f##_u: emit_trunc(c, Rep::i, Rep::f, false, false); return true;    \
  case Op::i##_trunc_sat_##f##_s: emit_trunc(c, Rep::i, Rep::f, true, true); return true;  \
  case Op::i##_trunc_sat_##f##_u: emit_trunc(c, Rep::i, Rep::f, false, true); return true; \
  case Op::f##_convert_##i##_s: emit_from_int(c, Rep::f, Rep::i, true); return true;       \
  case Op::f##_convert_##i##_u: emit_from_int(c, Rep::f, Rep::i, false); return true;
  switch (op) {
    TRUNC(i32, f32)
    TRUNC(i32, f64)
    TRUNC(i64, f32)
    TRUNC(i64, f64)
    case Op::f32_demote_f64: emit_between_floats(c, op::cvtsd2ss, Rep::f32); return true;
    case Op::f64_promote_f32: emit_between_floats(c, op::cvtss2sd, Rep::f64); return true;
    case Op::i32_reinterpret_f32: emit_reinterpret(c, Rep::i32); return true;
    case Op::i64_reinterpret_f64: emit_reinterpret(c, Rep::i64); return true;
    case Op::f32_reinterpret_i32: emit_reinterpret(c, Rep::f32); return true;
    case Op::f64_reinterpret_i64: emit_reinterpret(c, Rep::f64); return true;
    default: return false;
  }
#undef TRUNC
}

void emit_cold(EmitContext& c, ColdExit& exit, EmitTrap trap, void* user) {
  const Cold cold{c, exit, trap, user};
  c.m.bind(exit.entry);
  switch (exit.kind) {
    case ColdKind::kTrap: return cold.trap(static_cast<TrapKind>(exit.detail));
    case ColdKind::kNan: return cold.nan();
    case ColdKind::kNanLanes: return cold.nan_lanes();
    case ColdKind::kDivByMinus: return cold.divide_by_minus_one();
    case ColdKind::kRemByMinus: return c.m.zero(Gpr::rdx), cold.go_back();
    case ColdKind::kTruncTrap: return cold.conversion_trap();
    case ColdKind::kTruncS64: return cold.trunc_s64();
    case ColdKind::kTruncU64: return cold.trunc_u64();
    case ColdKind::kSatS32: return cold.saturate(Width::w32, u32{1} << 31, ~u32{0} >> 1);
    case ColdKind::kSatU32: return cold.saturate(Width::w32, 0, ~u32{0});
    case ColdKind::kSatS64: return cold.saturate(Width::w64, kTopBit, ~kTopBit);
    case ColdKind::kSatU64: return cold.saturate_u64();
    case ColdKind::kConvertU64: return cold.convert_u64();
  }
}

}  // namespace dewar::exec::baseline
