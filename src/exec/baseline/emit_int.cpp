// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// i32 and i64: arithmetic, comparisons, shifts, bit counts, extensions, wide arithmetic. Constants are folded through
// semantics.h, but never into a trap. Spec 4.3.2.
#include <bit>

#include "base/seed_bug.h"
#include "exec/baseline/emit.h"
#include "exec/baseline/emit_operand.h"
#include "exec/semantics_int.h"

namespace dewar::exec::baseline {

namespace {

using wasm::Op;

void push_result(EmitContext& c, Rep rep, Reg reg) { c.state.push_reg(rep, reg); }
void push_zero_result(EmitContext& c, Rep rep, Reg reg) {
  c.state.push_reg(rep, reg);
  c.state.note_zero_flag(rep, reg);
}

template <auto kFn32, auto kFn64>
u64 fold(Rep rep, u64 a, u64 b) {
  return rep == Rep::i64 ? u64{kFn64(a, b)} : u64{kFn32(static_cast<u32>(a), static_cast<u32>(b))};
}
template <auto kFn32, auto kFn64>
u64 fold(Rep rep, u64 a) {
  return rep == Rep::i64 ? u64{kFn64(a)} : u64{kFn32(static_cast<u32>(a))};
}

// ---- arithmetic ----

// Functions below take popped operands by value and end with a call of the next, so that they stay in registers.

[[gnu::noinline]] void alu_by_value(EmitContext& c, const IntRow& row, Value a, Value b) {
  const Rep rep = row.rep;
  const Alu op = static_cast<Alu>(row.code);
  if (op != Alu::sub && !c.state.is_own(a) && c.state.is_own(b)) std::swap(a, b);
  if (op == Alu::add && !c.state.is_own(a) && !c.state.is_own(b) && !b.is_const() && !c.state.in_memory(b)) {
    const Gpr base = gpr(c.state.in_reg(a)), index = gpr(c.state.reg_of(b));
    const Reg dst = c.state.take_for(rep);
    c.m.lea_plain(width_of(rep), gpr(dst), Mem(base, index, Scale::x1));
    c.state.release(a);
    c.state.release(b);
    return push_result(c, rep, dst);
  }
  const Reg dst = c.state.in_own_reg(a);
  alu_operand(c, op, rep, gpr(dst), b);
  c.state.release(b);
  push_zero_result(c, rep, dst);
}

[[gnu::noinline]] void alu_by_const(EmitContext& c, const IntRow& row, Value a, u64 b) {
  const Rep rep = row.rep;
  Alu op = static_cast<Alu>(row.code);
  if (DEWAR_UNLIKELY(b == (op == Alu::and_ ? mask_of(rep) : 0))) return c.state.push_value(a);
  if (DEWAR_UNLIKELY(!is_small(rep, b))) return alu_by_value(c, row, a, Value::of_const(rep, b));
  if (op == Alu::sub && is_small(rep, 0 - b)) {
    // As an addition it may become a lea. (Less 2^31 is no such number.)
    op = Alu::add;
    b = 0 - b;
  }
  if (op == Alu::add && !c.state.is_own(a)) {
    const Gpr base = gpr(c.state.in_reg(a));
    const Reg dst = c.state.take_for(rep);
    c.m.lea_any(width_of(rep), gpr(dst), base, static_cast<i32>(b));
    c.state.release(a);
    return push_result(c, rep, dst);
  }
  const Reg dst = c.state.in_own_reg(a);
  c.m.alu_plain(op, width_of(rep), gpr(dst), imm_of(b));
  push_zero_result(c, rep, dst);
}

void emit_alu_const(EmitContext& c, const IntRow& row, Value a, u64 b) {
  if (DEWAR_UNLIKELY(a.is_const())) return c.state.push_const(row.rep, row.fold(row.rep, a.constant, b));
  alu_by_const(c, row, a, b);
}

void emit_alu(EmitContext& c, const IntRow& row) {
  const Value b = c.state.pop();
  if (b.is_const()) return emit_alu_const(c, row, c.state.pop(), b.constant);
  const Value a = c.state.pop();
  if (DEWAR_UNLIKELY(a.is_const()) && static_cast<Alu>(row.code) != Alu::sub)
    return alu_by_const(c, row, b, a.constant);
  alu_by_value(c, row, a, b);
}

/// x * 3, 5 or 9 as x + x * scale.
bool scale_of_lea(u64 factor, Scale& scale) {
  if (factor != 3 && factor != 5 && factor != 9) return false;
  scale = factor == 3 ? Scale::x2 : factor == 5 ? Scale::x4 : Scale::x8;
  return true;
}

void emit_mul(EmitContext& c, Rep rep) {
  const Width w = width_of(rep);
  Value b = c.state.pop();
  Value a = c.state.pop();
  if (a.is_const() && b.is_const())
    return c.state.push_const(rep, fold<sem::i32_mul, sem::i64_mul>(rep, a.constant, b.constant));
  if (a.is_const() || (!c.state.is_own(a) && c.state.is_own(b))) std::swap(a, b);
  if (b.is_const()) {
    const u64 factor = b.constant;
    Scale scale;
    if (factor == 0) {
      c.state.release(a);
      return c.state.push_const(rep, 0);
    }
    if (factor == 1) return c.state.push_value(a);
    if (std::has_single_bit(factor)) {
      const Reg dst = c.state.in_own_reg(a);
      c.m.shift(Shift::shl, w, gpr(dst), static_cast<u8>(std::countr_zero(factor)));
      return push_result(c, rep, dst);
    }
    if (scale_of_lea(factor, scale)) {
      const Gpr from = gpr(c.state.in_reg(a));
      const Reg dst = c.state.is_own(a) ? a.reg : c.state.take_for(rep);
      c.m.lea(w, gpr(dst), Mem(from, from, scale));
      if (a.where == Value::kReg && a.reg != dst) c.state.release(a);
      return push_result(c, rep, dst);
    }
    if (is_small(b)) {
      if (c.state.is_own(a)) {
        c.m.imul(w, gpr(a.reg), gpr(a.reg), imm_of(factor));
        return push_result(c, rep, a.reg);
      }
      const Reg dst = c.state.take_for(rep);
      with_place(c, a, [&](const auto& place) { c.m.imul(w, gpr(dst), place, imm_of(factor)); });
      c.state.release(a);
      return push_result(c, rep, dst);
    }
  }
  const Reg dst = c.state.in_own_reg(a);
  with_place(c, b, [&](const auto& place) { c.m.imul(w, gpr(dst), place); });
  c.state.release(b);
  push_result(c, rep, dst);
}

// ---- division ----

/// The quotient or remainder of `x` by a constant that needs no division, or that always traps.
bool div_by_const(EmitContext& c, Rep rep, bool is_signed, bool rem, Value& x, u64 divisor) {
  const Width w = width_of(rep);
  const u64 minus_one = mask_of(rep);
  if (divisor == 0) {
    c.cold.trap(c.m, TrapKind::divide_by_zero, c.pc);
    c.state.release(x);
    c.state.push_const(rep, 0);
    return true;
  }
  if (rem && (divisor == 1 || (is_signed && divisor == minus_one))) {
    c.state.release(x);
    c.state.push_const(rep, 0);
    return true;
  }
  if (divisor == 1) return c.state.push_value(x), true;
  if (is_signed && divisor == minus_one) {
    const Reg dst = c.state.in_own_reg(x);
    c.m.unary(Unary::neg, w, gpr(dst));
    c.cold.trap_if(c.m, Cond::o, TrapKind::integer_overflow, c.pc);
    push_result(c, rep, dst);
    return true;
  }
  if (is_signed || !std::has_single_bit(divisor)) return false;
  if (rem) {
    c.state.push_value(x);
    c.state.push_const(rep, divisor - 1);
    emit_alu(c, int_row(rep == Rep::i64 ? Op::i64_and : Op::i32_and));
    return true;
  }
  const Reg dst = c.state.in_own_reg(x);
  c.m.shift(Shift::shr, w, gpr(dst), static_cast<u8>(std::countr_zero(divisor)));
  push_result(c, rep, dst);
  return true;
}

template <class Fn>
bool fold_div(EmitContext& c, Rep rep, u64 a, u64 b, Fn&& divide) {
  u64 out = 0;
  if (divide(a, b, out) != sem::NumTrap::none) return false;
  c.state.push_const(rep, out);
  return true;
}

sem::NumTrap divide(Rep rep, bool is_signed, bool rem, u64 a, u64 b, u64& out) {
  if (rep == Rep::i64) {
    if (is_signed) return rem ? sem::i64_rem_s(a, b, out) : sem::i64_div_s(a, b, out);
    return rem ? sem::i64_rem_u(a, b, out) : sem::i64_div_u(a, b, out);
  }
  u32 out32 = 0;
  const u32 a32 = static_cast<u32>(a), b32 = static_cast<u32>(b);
  const sem::NumTrap trap = is_signed ? (rem ? sem::i32_rem_s(a32, b32, out32) : sem::i32_div_s(a32, b32, out32))
                                      : (rem ? sem::i32_rem_u(a32, b32, out32) : sem::i32_div_u(a32, b32, out32));
  out = out32;
  return trap;
}

void emit_div(EmitContext& c, Rep rep, bool is_signed, bool rem) {
  const Width w = width_of(rep);
  if (c.state.peek().is_const()) {
    Value b = c.state.pop();
    Value a = c.state.pop();
    if (a.is_const() && fold_div(c, rep, a.constant, b.constant,
                                 [&](u64 x, u64 y, u64& out) { return divide(rep, is_signed, rem, x, y, out); }))
      return;
    if (div_by_const(c, rep, is_signed, rem, a, b.constant)) return;
    c.state.push_value(a);
    c.state.push_const(rep, b.constant);
  }
  // rdx:rax is divided. What the divisor is in must be neither.
  c.state.take_fixed(Reg::rdx);
  const bool in_place =
      c.state.peek(1).where == Value::kReg && c.state.peek(1).reg == Reg::rax && c.state.is_own(c.state.peek(1));
  if (!in_place) c.state.take_fixed(Reg::rax);
  Value b = c.state.pop();
  Value a = c.state.pop();
  const bool by_const = b.is_const();
  const Gpr divisor = gpr(c.state.in_reg(b));
  if (!in_place) c.state.load_into(Reg::rax, a);
  if (!by_const) {
    c.m.test(w, divisor, divisor);
    c.cold.trap_if(c.m, Cond::e, TrapKind::divide_by_zero, c.pc);
  }
  ColdExit* minus = nullptr;
  // Bug 15: the remainder by -1 is left to the processor.
  if (is_signed && !by_const && SEED(15, true, !rem)) {
    c.m.cmp(w, divisor, Imm{-1});
    minus = &c.cold.add(rem ? ColdKind::kRemByMinus : ColdKind::kDivByMinus, c.pc, static_cast<u8>(rep));
    c.m.jcc(Cond::e, minus->entry);
  }
  if (!is_signed) {
    c.m.zero(Gpr::rdx);
  } else if (rep == Rep::i64) {
    c.m.cqo();
  } else {
    c.m.cdq();
  }
  c.m.unary(is_signed ? Unary::idiv : Unary::div, w, divisor);
  if (minus) c.m.bind(minus->back);
  c.state.release(b);
  c.state.release(rem ? Reg::rax : Reg::rdx);
  push_result(c, rep, rem ? Reg::rdx : Reg::rax);
}

// ---- comparisons ----

constexpr Cond swapped(Cond cond) {
  switch (cond) {
    case Cond::l: return Cond::g;
    case Cond::g: return Cond::l;
    case Cond::le: return Cond::ge;
    case Cond::ge: return Cond::le;
    case Cond::b: return Cond::a;
    case Cond::a: return Cond::b;
    case Cond::be: return SEED(16, Cond::ae, Cond::a);  // Bug 16: a wrong condition when operands are exchanged.
    case Cond::ae: return Cond::be;
    default: return cond;
  }
}

[[gnu::noinline]] void compare_values(EmitContext& c, Cond cond, Value a, Value b) {
  if (c.state.in_memory(a) && !b.is_const() && !c.state.in_memory(b)) {
    std::swap(a, b);
    cond = swapped(cond);
  }
  alu_operand(c, Alu::cmp, a.rep, gpr(c.state.in_reg(a)), b);
  c.state.release(a);
  c.state.release(b);
  c.state.push_flags({cond, false});
}

/// `a` is no constant.
[[gnu::noinline]] void compare_with_const(EmitContext& c, Cond cond, Value a, u64 b) {
  if (DEWAR_UNLIKELY(!is_small(a.rep, b))) return compare_values(c, cond, a, Value::of_const(a.rep, b));
  if (b == 0) {
    compare_with_zero(c, a, cond == Cond::e || cond == Cond::ne);
  } else if (c.state.in_memory(a)) {
    c.m.alu_plain(Alu::cmp, width_of(a.rep), kFp, c.state.disp_of(a), imm_of(b));
  } else {
    c.m.alu_plain(Alu::cmp, width_of(a.rep), gpr(c.state.reg_of(a)), imm_of(b));
  }
  c.state.release(a);
  c.state.push_flags({cond, false});
}

void emit_compare_const(EmitContext& c, const IntRow& row, Value a, u64 b) {
  if (DEWAR_UNLIKELY(a.is_const())) return c.state.push_const(Rep::i32, row.fold(row.rep, a.constant, b));
  compare_with_const(c, static_cast<Cond>(row.code), a, b);
}

void emit_compare(EmitContext& c, const IntRow& row) {
  const Cond cond = static_cast<Cond>(row.code);
  const Value b = c.state.pop();
  if (b.is_const()) return emit_compare_const(c, row, c.state.pop(), b.constant);
  const Value a = c.state.pop();
  if (DEWAR_UNLIKELY(a.is_const())) return compare_with_const(c, swapped(cond), b, a.constant);
  compare_values(c, cond, a, b);
}

void emit_eqz(EmitContext& c, const IntRow&) {
  Value a = c.state.pop();
  if (a.is_const()) return c.state.push_const(Rep::i32, a.constant == 0 ? 1 : 0);
  if (a.where == Value::kFlags) return c.state.push_flags(a.flags.negated());
  compare_with_zero(c, a, true);
  c.state.release(a);
  c.state.push_flags({Cond::e, false});
}

// ---- shifts ----

void emit_shift_by_reg(EmitContext& c, Shift op, Rep rep);
void emit_shift_const(EmitContext& c, const IntRow& row, Value a, u64 b);

void emit_shift(EmitContext& c, const IntRow& row) {
  if (!c.state.peek().is_const()) return emit_shift_by_reg(c, static_cast<Shift>(row.code), row.rep);
  const u64 count = c.state.pop().constant;
  emit_shift_const(c, row, c.state.pop(), count);
}

void emit_shift_const(EmitContext& c, const IntRow& row, Value a, u64 b) {
  const Rep rep = row.rep;
  const Width w = width_of(rep);
  const Shift op = static_cast<Shift>(row.code);
  const u64 count = b & (bits_of(rep) - 1);
  if (a.is_const()) return c.state.push_const(rep, row.fold(rep, a.constant, count));
  if (count == 0) return c.state.push_value(a);
  if ((op == Shift::ror || op == Shift::rol) && c.options.features.bmi() && !c.state.is_own(a)) {
    const Reg dst = c.state.take_for(rep);
    const u64 right = op == Shift::ror ? count : bits_of(rep) - count;
    with_place(c, a, [&](const auto& place) { c.m.rorx(w, gpr(dst), place, static_cast<u8>(right)); });
    c.state.release(a);
    return push_result(c, rep, dst);
  }
  const Reg dst = c.state.in_own_reg(a);
  c.m.shift_plain(op, w, gpr(dst), static_cast<u8>(count));
  push_result(c, rep, dst);
}

void emit_shift_by_reg(EmitContext& c, Shift op, Rep rep) {
  const Width w = width_of(rep);
  if (c.options.features.bmi() && op >= Shift::shl) {
    const Shiftx kind = op == Shift::shl ? Shiftx::shlx : op == Shift::shr ? Shiftx::shrx : Shiftx::sarx;
    Value b = c.state.pop();
    Value a = c.state.pop();
    const Gpr count = gpr(c.state.in_reg(b));
    const Reg dst = c.state.is_own(a) ? a.reg : c.state.take_for(rep);
    with_place(c, a, [&](const auto& place) { c.m.shiftx(kind, w, gpr(dst), place, count); });
    if (a.where == Value::kReg && a.reg != dst) c.state.release(a);
    c.state.release(b);
    return push_result(c, rep, dst);
  }
  // The count is in cl.
  const Value& top = c.state.peek();
  const bool in_place = top.where == Value::kReg && top.reg == Reg::rcx && c.state.is_own(top);
  if (!in_place) c.state.take_fixed(Reg::rcx);
  Value b = c.state.pop();
  Value a = c.state.pop();
  if (!in_place) c.state.load_into(Reg::rcx, b);
  const Reg dst = c.state.in_own_reg(a);
  c.m.shift(op, w, gpr(dst));
  c.state.release(Reg::rcx);
  // Bug 17: a flag that a shift by 0 does not set.
  SEED(17, push_result(c, rep, dst), push_zero_result(c, rep, dst));
}

// ---- bit counts, extensions ----

/// The ones in `dst`, without the instruction for it: sums of 2, 4, 8 bits, then all bytes by a multiplication.
void emit_popcnt_sum(EmitContext& c, Rep rep, Gpr dst, Gpr temp) {
  const Width w = width_of(rep);
  const u64 all = mask_of(rep);
  const auto and_mask = [&](Gpr reg, u64 mask) {
    c.m.mov_imm(kScratch, mask & all);
    c.m.and_(w, reg, kScratch);
  };
  c.m.mov(w, temp, dst);
  c.m.shift(Shift::shr, w, temp, 1);
  and_mask(temp, 0x5555555555555555);
  c.m.sub(w, dst, temp);
  c.m.mov(w, temp, dst);
  c.m.shift(Shift::shr, w, temp, 2);
  and_mask(temp, 0x3333333333333333);
  c.m.and_(w, dst, kScratch);
  c.m.add(w, dst, temp);
  c.m.mov(w, temp, dst);
  c.m.shift(Shift::shr, w, temp, 4);
  c.m.add(w, dst, temp);
  and_mask(dst, 0x0f0f0f0f0f0f0f0f);
  c.m.mov_imm(kScratch, 0x0101010101010101 & all);
  c.m.imul(w, dst, kScratch);
  c.m.shift(Shift::shr, w, dst, static_cast<u8>(bits_of(rep) - 8));
}

void emit_count(EmitContext& c, Op op, Rep rep) {
  const Width w = width_of(rep);
  const CpuFeatures& cpu = c.options.features;
  const bool popcnt = op == Op::i32_popcnt || op == Op::i64_popcnt;
  const bool leading = op == Op::i32_clz || op == Op::i64_clz;
  Value a = c.state.pop();
  if (a.is_const()) {
    const u64 result = popcnt    ? fold<sem::i32_popcnt, sem::i64_popcnt>(rep, a.constant)
                       : leading ? fold<sem::i32_clz, sem::i64_clz>(rep, a.constant)
                                 : fold<sem::i32_ctz, sem::i64_ctz>(rep, a.constant);
    return c.state.push_const(rep, result);
  }
  if (popcnt ? cpu.popcnt() : cpu.bmi()) {
    const BitScan scan = popcnt ? BitScan::popcnt : leading ? BitScan::lzcnt : BitScan::tzcnt;
    const Reg dst = c.state.is_own(a) ? a.reg : c.state.take_for(rep);
    with_place(c, a, [&](const auto& place) { c.m.bit_scan(scan, w, gpr(dst), place); });
    if (a.where == Value::kReg && a.reg != dst) c.state.release(a);
    return push_result(c, rep, dst);
  }
  const Reg dst = c.state.in_own_reg(a);
  if (popcnt) {
    const Reg temp = c.state.take(kGprMask);
    emit_popcnt_sum(c, rep, gpr(dst), gpr(temp));
    c.state.release(temp);
  } else {
    // For 0, where the scans give nothing, what makes the result the width: leading zeros are counted from the top.
    c.m.mov_imm(kScratch, leading ? bits_of(rep) * 2 - 1 : bits_of(rep));
    c.m.bit_scan(leading ? BitScan::bsr : BitScan::bsf, w, gpr(dst), gpr(dst));
    c.m.cmov(Cond::e, w, gpr(dst), kScratch);
    if (leading) c.m.xor_(w, gpr(dst), Imm{static_cast<i32>(bits_of(rep)) - 1});
  }
  push_result(c, rep, dst);
}

/// Sign extension of the lowest `from` bits (a width), or zero extension of 32.
void emit_extend(EmitContext& c, Rep to, Width from, bool is_signed) {
  Value a = c.state.pop();
  if (a.is_const()) {
    const u32 shift = 64 - 8 * bytes_of(from);
    const u64 top = a.constant << shift;
    const u64 extended = is_signed ? static_cast<u64>(static_cast<i64>(top) >> shift) : top >> shift;
    return c.state.push_const(to, extended & mask_of(to));
  }
  const Reg dst = c.state.is_own(a) ? a.reg : c.state.take(kGprMask);
  with_place(c, a, [&](const auto& place) {
    if (is_signed) return c.m.movsx(width_of(to), from, gpr(dst), place);
    c.m.mov(Width::w32, gpr(dst), place);
  });
  if (a.where == Value::kReg && a.reg != dst) c.state.release(a);
  push_result(c, to, dst);
}

void emit_wrap(EmitContext& c) {
  Value a = c.state.pop();
  // Bug 18: folding keeps the upper half.
  if (a.is_const()) return c.state.push_const(Rep::i32, a.constant & SEED(18, u64{~u32{0}}, ~u64{0}));
  if (!c.state.is_own(a)) {
    const Reg dst = c.state.take(kGprMask);
    with_place(c, a, [&](const auto& place) { c.m.mov(Width::w32, gpr(dst), place); });
    c.state.release(a);
    return push_result(c, Rep::i32, dst);
  }
  push_result(c, Rep::i32, a.reg);  // its upper half does not count any more
}

// ---- wide arithmetic ----

void emit_wide_add(EmitContext& c, Alu low, Alu high) {
  Value b_high = c.state.pop();
  Value b_low = c.state.pop();
  Value a_high = c.state.pop();
  Value a_low = c.state.pop();
  const Reg hi = c.state.in_own_reg(a_high);
  const Reg lo = c.state.in_own_reg(a_low);
  // All loads come before the carry.
  const Gpr add_high = gpr(c.state.in_reg(b_high));
  with_operand(c, b_low, [&](const auto& operand) { c.m.alu(low, Width::w64, gpr(lo), operand); });
  c.m.alu(high, Width::w64, gpr(hi), add_high);
  c.state.release(b_low);
  c.state.release(b_high);
  c.state.push_reg(Rep::i64, lo);
  c.state.push_reg(Rep::i64, hi);
}

void emit_wide_mul(EmitContext& c, Unary op) {
  c.state.take_fixed(Reg::rdx);
  c.state.take_fixed(Reg::rax);
  Value b = c.state.pop();
  Value a = c.state.pop();
  c.state.load_into(Reg::rax, a);
  with_place(c, b, [&](const auto& place) { c.m.unary(op, Width::w64, place); });
  c.state.release(b);
  c.state.push_reg(Rep::i64, Reg::rax);
  c.state.push_reg(Rep::i64, Reg::rdx);
}

constexpr auto make_int_rows() {
  std::remove_const_t<decltype(kIntRows)> table{};
  const auto set = [&](Op op, const IntRow& row) {
    table[static_cast<usize>(op) - static_cast<usize>(kFirstInt)] = row;
  };
  set(Op::i32_eqz, {.emit = emit_eqz, .operands = 1});
  set(Op::i64_eqz, {.emit = emit_eqz, .operands = 1});
#define BOTH(name, emit, code)                                                                                        \
  set(Op::i32_##name, {emit, emit##_const, fold<sem::i32_##name, sem::i64_##name>, Rep::i32, static_cast<u8>(code)}); \
  set(Op::i64_##name, {emit, emit##_const, fold<sem::i32_##name, sem::i64_##name>, Rep::i64, static_cast<u8>(code)});
  BOTH(add, emit_alu, Alu::add)
  BOTH(sub, emit_alu, Alu::sub)
  BOTH(and, emit_alu, Alu::and_)
  BOTH(or, emit_alu, Alu::or_)
  BOTH(xor, emit_alu, Alu::xor_)
  BOTH(shl, emit_shift, Shift::shl)
  BOTH(shr_s, emit_shift, Shift::sar)
  BOTH(shr_u, emit_shift, Shift::shr)
  BOTH(rotl, emit_shift, Shift::rol)
  BOTH(rotr, emit_shift, Shift::ror)
  BOTH(eq, emit_compare, Cond::e)
  BOTH(ne, emit_compare, Cond::ne)
  BOTH(lt_s, emit_compare, Cond::l)
  BOTH(lt_u, emit_compare, Cond::b)
  BOTH(gt_s, emit_compare, Cond::g)
  BOTH(gt_u, emit_compare, Cond::a)
  BOTH(le_s, emit_compare, Cond::le)
  BOTH(le_u, emit_compare, Cond::be)
  BOTH(ge_s, emit_compare, Cond::ge)
  BOTH(ge_u, emit_compare, Cond::ae)
#undef BOTH
  return table;
}

}  // namespace

constinit const decltype(kIntRows) kIntRows = make_int_rows();

bool emit_numeric(EmitContext& c, Op op) {
  if (has_int_row(op) && int_row(op).emit) return int_row(op).emit(c, int_row(op)), true;
#define DIVISION(name, is_signed, rem)                                     \
  case Op::i32_##name: emit_div(c, Rep::i32, is_signed, rem); return true; \
  case Op::i64_##name: emit_div(c, Rep::i64, is_signed, rem); return true;
#define COUNT(name)                                              \
  case Op::i32_##name: emit_count(c, op, Rep::i32); return true; \
  case Op::i64_##name: emit_count(c, op, Rep::i64); return true;
  switch (op) {
    DIVISION(div_s, true, false)
    DIVISION(div_u, false, false)
    DIVISION(rem_s, true, true)
    DIVISION(rem_u, false, true)
    COUNT(clz)
    COUNT(ctz)
    COUNT(popcnt)
    case Op::i32_mul: emit_mul(c, Rep::i32); return true;
    case Op::i64_mul: emit_mul(c, Rep::i64); return true;
    case Op::i32_extend8_s: emit_extend(c, Rep::i32, Width::w8, true); return true;
    case Op::i32_extend16_s: emit_extend(c, Rep::i32, Width::w16, true); return true;
    case Op::i64_extend8_s: emit_extend(c, Rep::i64, Width::w8, true); return true;
    case Op::i64_extend16_s: emit_extend(c, Rep::i64, Width::w16, true); return true;
    case Op::i64_extend32_s:
    case Op::i64_extend_i32_s: emit_extend(c, Rep::i64, Width::w32, true); return true;
    case Op::i64_extend_i32_u: emit_extend(c, Rep::i64, Width::w32, false); return true;
    case Op::i32_wrap_i64: emit_wrap(c); return true;
    case Op::i64_add128: emit_wide_add(c, Alu::add, Alu::adc); return true;
    case Op::i64_sub128: emit_wide_add(c, Alu::sub, Alu::sbb); return true;
    case Op::i64_mul_wide_s: emit_wide_mul(c, Unary::imul); return true;
    case Op::i64_mul_wide_u: emit_wide_mul(c, Unary::mul); return true;
    default: return emit_float(c, op);
  }
#undef COUNT
#undef DIVISION
}

}  // namespace dewar::exec::baseline
