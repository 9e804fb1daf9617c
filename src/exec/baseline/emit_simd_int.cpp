// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Vector instructions on bits and integer lanes that take more than one instruction of the processor. Spec 4.3.2.
#include "exec/baseline/emit_simd.h"

namespace dewar::exec::baseline::simd {

namespace {

constexpr u64 kEveryByte = 0x0101010101010101, kEveryWord = 0x0001000100010001;

void extend_half(EmitContext& c, VecOp<Shape::rm> extend, bool high, Xmm dst, Xmm from) {
  if (high) c.m.vec(op::pshufd, dst, from, 0xee);
  c.m.vec(extend, dst, high ? dst : from);
}

}  // namespace

void complement(EmitContext& c) {
  Value a = c.state.pop();
  const Xmm from = in(c, a);
  const Reg dst = temp(c);
  all_ones(c, dst);
  c.m.vec(op::pxor, xmm(dst), xmm(dst), from);
  c.state.release(a);
  push(c, dst);
}

void bitselect(EmitContext& c) {
  Value mask = c.state.pop();
  Value b = c.state.pop();
  Value a = c.state.pop();
  const Xmm left = in(c, a), right = in(c, b), which = in(c, mask);
  const Reg dst = result_of(c, a);
  c.m.vec(op::pxor, xmm(dst), left, right);
  c.m.vec(op::pand, xmm(dst), xmm(dst), which);
  c.m.vec(op::pxor, xmm(dst), xmm(dst), right);
  done(c, a, dst);
  c.state.release(b);
  c.state.release(mask);
  push(c, dst);
}

void negate(EmitContext& c, VecOp<Shape::rvm> subtract) {
  Value a = c.state.pop();
  const Xmm from = in(c, a);
  const Reg dst = temp(c);
  zero(c, dst);
  c.m.vec(subtract, xmm(dst), xmm(dst), from);
  c.state.release(a);
  push(c, dst);
}

void shift_count(EmitContext& c, Value& count, u32 bits, u32 more) {
  with_place(c, count, [&](const auto& place) { c.m.mov(Width::w32, kScratch, place); });
  c.m.and_(Width::w32, kScratch, Imm{static_cast<i32>(bits - 1)});
  if (more != 0) c.m.add(Width::w32, kScratch, Imm{static_cast<i32>(more)});
  c.m.vec(op::movd_from, kScratchXmm, kScratch);
  c.state.release(count);
}

namespace {

/// Bytes as the upper halves of words, shifted there, and back.
void shift_bytes_signed(EmitContext& c, Value& count, Value& a) {
  const Xmm from = in(c, a);
  const Reg high = temp(c);
  const Reg dst = result_of(c, a);
  c.m.vec(op::punpckhbw, xmm(high), from, from);
  c.m.vec(op::punpcklbw, xmm(dst), from, from);
  if (!count.is_const()) shift_count(c, count, 8, 8);
  for (const Xmm reg : {xmm(high), xmm(dst)}) {
    if (count.is_const()) {
      c.m.vec(op::psraw_i, reg, reg, static_cast<u8>((count.constant & 7) + 8));
    } else {
      c.m.vec(op::psraw, reg, reg, kScratchXmm);
    }
  }
  c.m.vec(op::packsswb, xmm(dst), xmm(dst), xmm(high));
  c.state.release(high);
  done(c, a, dst);
  push(c, dst);
}

}  // namespace

void shift_bytes(EmitContext& c, ByteShift kind) {
  Value count = c.state.pop();
  Value a = c.state.pop();
  if (kind == kShrS) return shift_bytes_signed(c, count, a);
  const Xmm from = in(c, a);
  const Reg dst = result_of(c, a);
  if (count.is_const()) {
    const u32 n = count.constant & 7;
    c.m.vec(kind == kShl ? op::psllw_i : op::psrlw_i, xmm(dst), from, static_cast<u8>(n));
    // What came over from the neighbour goes.
    const u64 stays = kind == kShl ? (0xff << n) & 0xff : 0xff >> n;
    c.m.vec(op::pand, xmm(dst), xmm(dst), literal(c, stays * kEveryByte));
  } else {
    shift_count(c, count, 8);
    const Reg mask = temp(c);
    all_ones(c, mask);
    c.m.vec(op::psrlw_i, xmm(mask), xmm(mask), 8);
    c.m.vec(op::psrlw, xmm(mask), xmm(mask), kScratchXmm);
    c.m.vec(op::packuswb, xmm(mask), xmm(mask), xmm(mask));
    if (kind == kShl) {
      c.m.vec(op::pand, xmm(dst), from, xmm(mask));
      c.m.vec(op::psllw, xmm(dst), xmm(dst), kScratchXmm);
    } else {
      c.m.vec(op::psrlw, xmm(dst), from, kScratchXmm);
      c.m.vec(op::pand, xmm(dst), xmm(dst), xmm(mask));
    }
    c.state.release(mask);
  }
  done(c, a, dst);
  push(c, dst);
}

/// As without sign; then the sign, which has come down, is spread by xor and subtraction.
void shift_i64_s(EmitContext& c) {
  constexpr u64 kSign = u64{1} << 63;
  Value count = c.state.pop();
  Value a = c.state.pop();
  const Xmm from = in(c, a);
  const Reg dst = result_of(c, a);
  if (count.is_const()) {
    const u8 n = count.constant & 63;
    c.m.vec(op::psrlq_i, xmm(dst), from, n);
    c.m.vec(op::pxor, xmm(dst), xmm(dst), literal(c, kSign >> n));
    c.m.vec(op::psubq, xmm(dst), xmm(dst), literal(c, kSign >> n));
  } else {
    shift_count(c, count, 64);
    const Reg sign = temp(c);
    all_ones(c, sign);
    c.m.vec(op::psllq_i, xmm(sign), xmm(sign), 63);
    c.m.vec(op::psrlq, xmm(sign), xmm(sign), kScratchXmm);
    c.m.vec(op::psrlq, xmm(dst), from, kScratchXmm);
    c.m.vec(op::pxor, xmm(dst), xmm(dst), xmm(sign));
    c.m.vec(op::psubq, xmm(dst), xmm(dst), xmm(sign));
    c.state.release(sign);
  }
  done(c, a, dst);
  push(c, dst);
}

void abs_i64(EmitContext& c) {
  Value a = c.state.pop();
  const Xmm from = in(c, a);
  const Reg sign = temp(c);
  const Reg dst = result_of(c, a);
  c.m.vec(op::pshufd, xmm(sign), from, 0xf5);
  c.m.vec(op::psrad_i, xmm(sign), xmm(sign), 31);
  c.m.vec(op::pxor, xmm(dst), from, xmm(sign));
  c.m.vec(op::psubq, xmm(dst), xmm(dst), xmm(sign));
  c.state.release(sign);
  done(c, a, dst);
  push(c, dst);
}

void mul_i64(EmitContext& c) {
  Value b = c.state.pop();
  Value a = c.state.pop();
  const Xmm left = in(c, a), right = in(c, b);
  const Reg cross = temp(c), other = temp(c), dst = result_of(c, a);
  c.m.vec(op::psrlq_i, xmm(cross), left, 32);
  c.m.vec(op::pmuludq, xmm(cross), xmm(cross), right);
  c.m.vec(op::psrlq_i, xmm(other), right, 32);
  c.m.vec(op::pmuludq, xmm(other), xmm(other), left);
  c.m.vec(op::paddq, xmm(cross), xmm(cross), xmm(other));
  c.m.vec(op::psllq_i, xmm(cross), xmm(cross), 32);
  c.m.vec(op::pmuludq, xmm(dst), left, right);
  c.m.vec(op::paddq, xmm(dst), xmm(dst), xmm(cross));
  c.state.release(cross);
  c.state.release(other);
  done(c, a, dst);
  c.state.release(b);
  push(c, dst);
}

/// Of each half of a byte by looking it up.
void popcnt(EmitContext& c) {
  Value a = c.state.pop();
  const Reg low = c.state.in_own_reg(a);
  const Reg high = temp(c), sum = temp(c);
  const u64 table_lo = 0x0302020102010100, table_hi = 0x0403030203020201;
  c.m.vec(op::psrlw_i, xmm(high), xmm(low), 4);
  c.m.vec(op::pand, xmm(high), xmm(high), literal(c, 15 * kEveryByte));
  c.m.vec(op::pand, xmm(low), xmm(low), literal(c, 15 * kEveryByte));
  c.m.vec(op::movups, xmm(sum), literal(c, table_lo, table_hi));
  c.m.vec(op::pshufb, xmm(sum), xmm(sum), xmm(low));
  c.m.vec(op::movups, xmm(low), literal(c, table_lo, table_hi));
  c.m.vec(op::pshufb, xmm(low), xmm(low), xmm(high));
  c.m.vec(op::paddb, xmm(sum), xmm(sum), xmm(low));
  c.state.release(low);
  c.state.release(high);
  push(c, sum);
}

/// The processor's instruction, but for -1 * -1, of which it makes -1.
void q15mulr(EmitContext& c) {
  Value b = c.state.pop();
  Value a = c.state.pop();
  const Reg dst = binary_of(c, op::pmulhrsw, a, b);
  const Reg wrong = temp(c);
  c.m.vec(op::pcmpeqw, xmm(wrong), xmm(dst), literal(c, 0x8000 * kEveryWord));
  c.m.vec(op::pxor, xmm(dst), xmm(dst), xmm(wrong));
  c.state.release(wrong);
  push(c, dst);
}

void extmul_i8(EmitContext& c, VecOp<Shape::rm> extend, bool high) {
  Value b = c.state.pop();
  Value a = c.state.pop();
  const Reg other = temp(c);
  extend_half(c, extend, high, xmm(other), in(c, b));
  const Xmm left = in(c, a);
  const Reg dst = result_of(c, a);
  extend_half(c, extend, high, xmm(dst), left);
  c.m.vec(op::pmullw, xmm(dst), xmm(dst), xmm(other));
  c.state.release(other);
  done(c, a, dst);
  c.state.release(b);
  push(c, dst);
}

void extmul_i16(EmitContext& c, VecOp<Shape::rvm> high_part, bool high) {
  Value b = c.state.pop();
  Value a = c.state.pop();
  const Xmm left = in(c, a), right = in(c, b);
  const Reg upper = temp(c), dst = result_of(c, a);
  c.m.vec(high_part, xmm(upper), left, right);
  c.m.vec(op::pmullw, xmm(dst), left, right);
  c.m.vec(high ? op::punpckhwd : op::punpcklwd, xmm(dst), xmm(dst), xmm(upper));
  c.state.release(upper);
  done(c, a, dst);
  c.state.release(b);
  push(c, dst);
}

void extmul_i32(EmitContext& c, VecOp<Shape::rvm> multiply, bool high) {
  // Lanes 0, 0, 1, 1 or 2, 2, 3, 3: the product is of lanes 0 and 2.
  const u8 lanes = high ? 0xfa : 0x50;
  Value b = c.state.pop();
  Value a = c.state.pop();
  const Xmm left = in(c, a), right = in(c, b);
  const Reg other = temp(c), dst = result_of(c, a);
  c.m.vec(op::pshufd, xmm(other), right, lanes);
  c.m.vec(op::pshufd, xmm(dst), left, lanes);
  c.m.vec(multiply, xmm(dst), xmm(dst), xmm(other));
  c.state.release(other);
  done(c, a, dst);
  c.state.release(b);
  push(c, dst);
}

/// Products with ones, added in pairs. The instruction's first operand has no sign, the second has.
void extadd_i8(EmitContext& c, bool is_signed) {
  Value a = c.state.pop();
  const Xmm from = in(c, a);
  const Reg dst = is_signed ? temp(c) : result_of(c, a);
  if (is_signed) {
    c.m.vec(op::movups, xmm(dst), literal(c, kEveryByte));
    c.m.vec(op::pmaddubsw, xmm(dst), xmm(dst), from);
  } else {
    c.m.vec(op::pmaddubsw, xmm(dst), from, literal(c, kEveryByte));
  }
  done(c, a, dst);
  push(c, dst);
}

void extadd_i16(EmitContext& c, bool is_signed) {
  Value a = c.state.pop();
  const Xmm from = in(c, a);
  if (is_signed) {
    const Reg dst = result_of(c, a);
    c.m.vec(op::pmaddwd, xmm(dst), from, literal(c, kEveryWord));
    done(c, a, dst);
    return push(c, dst);
  }
  const Reg odd = temp(c), dst = result_of(c, a);
  c.m.vec(op::psrld_i, xmm(odd), from, 16);
  c.m.vec(op::pslld_i, xmm(dst), from, 16);
  c.m.vec(op::psrld_i, xmm(dst), xmm(dst), 16);
  c.m.vec(op::paddd, xmm(dst), xmm(dst), xmm(odd));
  c.state.release(odd);
  done(c, a, dst);
  push(c, dst);
}

/// Both operands with sign (semantics_relaxed.h), which pmaddubsw can not do.
void dot_i8(EmitContext& c, bool add) {
  Value sum{};
  if (add) sum = c.state.pop();
  Value b = c.state.pop();
  Value a = c.state.pop();
  const Xmm left = in(c, a), right = in(c, b);
  const Reg even = temp(c), other = temp(c), dst = result_of(c, a);
  c.m.vec(op::psllw_i, xmm(even), left, 8);
  c.m.vec(op::psraw_i, xmm(even), xmm(even), 8);
  c.m.vec(op::psllw_i, xmm(other), right, 8);
  c.m.vec(op::psraw_i, xmm(other), xmm(other), 8);
  c.m.vec(op::pmullw, xmm(even), xmm(even), xmm(other));
  c.m.vec(op::psraw_i, xmm(other), right, 8);
  c.m.vec(op::psraw_i, xmm(dst), left, 8);
  c.m.vec(op::pmullw, xmm(dst), xmm(dst), xmm(other));
  c.m.vec(op::paddsw, xmm(dst), xmm(dst), xmm(even));
  c.state.release(even);
  c.state.release(other);
  done(c, a, dst);
  c.state.release(b);
  if (add) {
    c.m.vec(op::pmaddwd, xmm(dst), xmm(dst), literal(c, kEveryWord));
    c.m.vec(op::paddd, xmm(dst), xmm(dst), in(c, sum));
    c.state.release(sum);
  }
  push(c, dst);
}

}  // namespace dewar::exec::baseline::simd
