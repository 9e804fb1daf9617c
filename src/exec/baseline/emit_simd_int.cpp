// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Vector instructions on bits and integer lanes that take more than one instruction of the processor. Spec 4.3.2.
#include "exec/baseline/emit_simd.h"

namespace dewar::exec::baseline::simd {

namespace {

constexpr u64 kEveryByte = 0x0101010101010101, kEveryWord = 0x0001000100010001;

}  // namespace

void complement(EmitContext& c) {
  with_regs<1, 1>(c, [&](Xmm dst, Xmm a, Xmm t) {
    all_ones(c, t);
    c.m.vec(op::pxor, dst, a, t);
  });
}

void bitselect(EmitContext& c) {
  with_regs<3, 0>(c, [&](Xmm dst, Xmm a, Xmm b, Xmm mask) {
    c.m.vec(op::pxor, dst, a, b);
    c.m.vec(op::pand, dst, dst, mask);
    c.m.vec(op::pxor, dst, dst, b);
  });
}

void negate(EmitContext& c, VecOp<Shape::rvm> subtract) {
  with_regs<1, 1>(c, [&](Xmm dst, Xmm a, Xmm t) {
    zero(c, t);
    c.m.vec(subtract, dst, t, a);
  });
}

void shift_count(EmitContext& c, Value& count, u32 bits, u32 more) {
  with_place(c, count, [&](const auto& place) { c.m.mov(Width::w32, kScratch, place); });
  c.m.and_(Width::w32, kScratch, Imm{static_cast<i32>(bits - 1)});
  if (more != 0) c.m.add(Width::w32, kScratch, Imm{static_cast<i32>(more)});
  c.m.vec(op::movd_from, kScratchXmm, kScratch);
  c.state.release(count);
}

void shift_bytes(EmitContext& c, ByteShift kind) {
  Value count = c.state.pop();
  const bool known = count.is_const();
  const u8 n = count.constant & 7;
  if (!known) shift_count(c, count, 8, kind == kShrS ? 8 : 0);
  with_regs<1, 1>(c, [&](Xmm dst, Xmm a, Xmm t) {
    if (kind == kShrS) {
      // Bytes as the upper halves of words, shifted there, and back.
      c.m.vec(op::punpckhbw, t, a, a);
      c.m.vec(op::punpcklbw, dst, a, a);
      for (const Xmm reg : {t, dst}) {
        if (known) {
          c.m.vec(op::psraw_i, reg, reg, n + 8);
        } else {
          c.m.vec(op::psraw, reg, reg, kScratchXmm);
        }
      }
      return c.m.vec(op::packsswb, dst, dst, t);
    }
    // As words; what comes over from the neighbour is cleared, before or after.
    if (known) {
      const u64 stays = kind == kShl ? (0xff << n) & 0xff : 0xff >> n;
      c.m.vec(kind == kShl ? op::psllw_i : op::psrlw_i, dst, a, n);
      return c.m.vec(op::pand, dst, dst, literal(c, stays * kEveryByte));
    }
    all_ones(c, t);
    c.m.vec(op::psrlw_i, t, t, 8);
    c.m.vec(op::psrlw, t, t, kScratchXmm);
    c.m.vec(op::packuswb, t, t, t);
    if (kind == kShl) {
      c.m.vec(op::pand, dst, a, t);
      c.m.vec(op::psllw, dst, dst, kScratchXmm);
    } else {
      c.m.vec(op::psrlw, dst, a, kScratchXmm);
      c.m.vec(op::pand, dst, dst, t);
    }
  });
}

/// As without sign; then the sign, which has come down, is spread by xor and subtraction.
void shift_i64_s(EmitContext& c) {
  constexpr u64 kSign = u64{1} << 63;
  Value count = c.state.pop();
  const bool known = count.is_const();
  const u8 n = count.constant & 63;
  if (!known) shift_count(c, count, 64);
  with_regs<1, 1>(c, [&](Xmm dst, Xmm a, Xmm t) {
    if (known) {
      c.m.vec(op::movups, t, literal(c, kSign >> n));
      c.m.vec(op::psrlq_i, dst, a, n);
    } else {
      all_ones(c, t);
      c.m.vec(op::psllq_i, t, t, 63);
      c.m.vec(op::psrlq, t, t, kScratchXmm);
      c.m.vec(op::psrlq, dst, a, kScratchXmm);
    }
    c.m.vec(op::pxor, dst, dst, t);
    c.m.vec(op::psubq, dst, dst, t);
  });
}

void abs_i64(EmitContext& c) {
  with_regs<1, 1>(c, [&](Xmm dst, Xmm a, Xmm t) {
    c.m.vec(op::pshufd, t, a, 0xf5);
    c.m.vec(op::psrad_i, t, t, 31);
    c.m.vec(op::pxor, dst, a, t);
    c.m.vec(op::psubq, dst, dst, t);
  });
}

void mul_i64(EmitContext& c) {
  with_regs<2, 2>(c, [&](Xmm dst, Xmm a, Xmm b, Xmm t, Xmm u) {
    c.m.vec(op::psrlq_i, t, a, 32);
    c.m.vec(op::pmuludq, t, t, b);
    c.m.vec(op::psrlq_i, u, b, 32);
    c.m.vec(op::pmuludq, u, u, a);
    c.m.vec(op::paddq, t, t, u);
    c.m.vec(op::psllq_i, t, t, 32);
    c.m.vec(op::pmuludq, dst, a, b);
    c.m.vec(op::paddq, dst, dst, t);
  });
}

/// Of each half of a byte by looking it up.
void popcnt(EmitContext& c) {
  with_regs<1, 2>(c, [&](Xmm dst, Xmm a, Xmm t, Xmm u) {
    const u64 table_lo = 0x0302020102010100, table_hi = 0x0403030203020201;
    c.m.vec(op::psrlw_i, t, a, 4);
    c.m.vec(op::pand, t, t, literal(c, 15 * kEveryByte));
    c.m.vec(op::pand, dst, a, literal(c, 15 * kEveryByte));
    c.m.vec(op::movups, u, literal(c, table_lo, table_hi));
    c.m.vec(op::pshufb, u, u, dst);
    c.m.vec(op::movups, dst, literal(c, table_lo, table_hi));
    c.m.vec(op::pshufb, dst, dst, t);
    c.m.vec(op::paddb, dst, dst, u);
  });
}

/// The processor's instruction, but for -1 * -1, of which it makes -1.
void q15mulr(EmitContext& c) {
  with_regs<2, 1>(c, [&](Xmm dst, Xmm a, Xmm b, Xmm t) {
    c.m.vec(op::pmulhrsw, dst, a, b);
    c.m.vec(op::pcmpeqw, t, dst, literal(c, 0x8000 * kEveryWord));
    c.m.vec(op::pxor, dst, dst, t);
  });
}

void extmul_i8(EmitContext& c, VecOp<Shape::rm> extend, bool high) {
  with_regs<2, 1>(c, [&](Xmm dst, Xmm a, Xmm b, Xmm t) {
    if (high) {
      c.m.vec(op::pshufd, t, b, 0xee);
      c.m.vec(op::pshufd, dst, a, 0xee);
    }
    c.m.vec(extend, t, high ? t : b);
    c.m.vec(extend, dst, high ? dst : a);
    c.m.vec(op::pmullw, dst, dst, t);
  });
}

void extmul_i16(EmitContext& c, VecOp<Shape::rvm> high_part, bool high) {
  with_regs<2, 1>(c, [&](Xmm dst, Xmm a, Xmm b, Xmm t) {
    c.m.vec(high_part, t, a, b);
    c.m.vec(op::pmullw, dst, a, b);
    c.m.vec(high ? op::punpckhwd : op::punpcklwd, dst, dst, t);
  });
}

void extmul_i32(EmitContext& c, VecOp<Shape::rvm> multiply, bool high) {
  with_regs<2, 1>(c, [&](Xmm dst, Xmm a, Xmm b, Xmm t) {
    // Lanes 0, 0, 1, 1 or 2, 2, 3, 3: the product is of lanes 0 and 2.
    const u8 lanes = high ? 0xfa : 0x50;
    c.m.vec(op::pshufd, t, b, lanes);
    c.m.vec(op::pshufd, dst, a, lanes);
    c.m.vec(multiply, dst, dst, t);
  });
}

/// Products with ones, added in pairs. The instruction's first operand has no sign, the second has.
void extadd_i8(EmitContext& c, bool is_signed) {
  with_regs<1, 1>(c, [&](Xmm dst, Xmm a, Xmm t) {
    c.m.vec(op::movups, t, literal(c, kEveryByte));
    c.m.vec(op::pmaddubsw, dst, is_signed ? t : a, is_signed ? a : t);
  });
}

void extadd_i16(EmitContext& c, bool is_signed) {
  with_regs<1, 1>(c, [&](Xmm dst, Xmm a, Xmm t) {
    if (is_signed) return c.m.vec(op::pmaddwd, dst, a, literal(c, kEveryWord));
    c.m.vec(op::psrld_i, t, a, 16);
    c.m.vec(op::pslld_i, dst, a, 16);
    c.m.vec(op::psrld_i, dst, dst, 16);
    c.m.vec(op::paddd, dst, dst, t);
  });
}

/// Both operands with sign (semantics_relaxed.h), which pmaddubsw can not do.
void dot_i8(EmitContext& c, bool add) {
  Value sum{};
  if (add) sum = c.state.pop();
  with_regs<2, 2>(c, [&](Xmm dst, Xmm a, Xmm b, Xmm t, Xmm u) {
    c.m.vec(op::psllw_i, t, a, 8);
    c.m.vec(op::psraw_i, t, t, 8);
    c.m.vec(op::psllw_i, u, b, 8);
    c.m.vec(op::psraw_i, u, u, 8);
    c.m.vec(op::pmullw, t, t, u);
    c.m.vec(op::psraw_i, u, b, 8);
    c.m.vec(op::psraw_i, dst, a, 8);
    c.m.vec(op::pmullw, dst, dst, u);
    c.m.vec(op::paddsw, dst, dst, t);
    if (!add) return;
    c.m.vec(op::pmaddwd, dst, dst, literal(c, kEveryWord));
    c.m.vec(op::paddd, dst, dst, in(c, sum));
    c.state.release(sum);
  });
}

}  // namespace dewar::exec::baseline::simd
