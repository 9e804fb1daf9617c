// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Vector instructions by simd.def: those that one instruction of the processor stands for, then on bits, integer and
// float lanes. Lanes that move: emit_simd_lane.cpp. Spec 4.6.3, 4.3.
#include "exec/baseline/emit_simd.h"
#include "base/seed_bug.h"

namespace dewar::exec::baseline {

namespace simd {

namespace {

constexpr u8 lane_of(u32 how) { return (how & F) != 0 ? sizeof(f32) : (how & D) != 0 ? sizeof(f64) : 0; }
constexpr u8 lane_of(Rep rep) { return rep == Rep::f32 ? sizeof(f32) : sizeof(f64); }

bool has_row(EmitContext& c, const VecInfo& info) { return has(c, info.level); }

bool finish(EmitContext& c, Reg reg, u32 how) {
  if ((how & N) != 0) {
    const Reg ones = temp(c);
    all_ones(c, xmm(ones));
    c.m.vec(op::pxor, xmm(reg), xmm(reg), xmm(ones));
    c.state.release(ones);
  }
  push(c, reg, lane_of(how));
  return true;
}

template <class Emit>
bool binary(EmitContext& c, u32 how, u8 takes_raw, Emit&& emit) {
  Value b = c.state.pop();
  Value a = c.state.pop();
  if ((how & X) != 0 || ((how & C) != 0 && !c.state.is_own(a) && c.state.is_own(b))) std::swap(a, b);
  return finish(c, binary_of(c, a, b, takes_raw, emit), how);
}

bool emit(EmitContext& c, VecOp<Shape::rvm> op, u32 how) {
  if (!has_row(c, op.info())) return false;
  return binary(c, how, lane_of(how), [&](Xmm dst, Xmm left, const auto& right) { c.m.vec(op, dst, left, right); });
}
bool emit(EmitContext& c, VecOp<Shape::rvm_i> op, u32 how, u8 imm) {
  const u8 lane = op.row == VecRow::cmpps ? sizeof(f32) : sizeof(f64);
  return binary(c, how, lane, [&](Xmm dst, Xmm left, const auto& right) { c.m.vec(op, dst, left, right, imm); });
}

void apply(EmitContext& c, VecOp<Shape::rm> op, Xmm dst, const auto& from, u8) { c.m.vec(op, dst, from); }
void apply(EmitContext& c, VecOp<Shape::rm_i> op, Xmm dst, const auto& from, u8 imm) { c.m.vec(op, dst, from, imm); }

template <Shape kShape>
bool emit(EmitContext& c, VecOp<kShape> op, u32 how, u8 imm) {
  if (!has_row(c, op.info())) return false;
  Value a = c.state.pop();
  Reg dst;
  // Other lanes than those of the result, or a half.
  const bool converts = op.row == VecRow::cvtpd2ps || op.row == VecRow::cvtps2pd || (how & H) != 0;
  if (c.options.features.avx() && c.state.in_memory(a) && a.raw == 0 && (how & H) == 0) {
    dst = temp(c);
    apply(c, op, xmm(dst), c.state.mem_of(a), imm);
  } else {
    Xmm from = in(c, a, converts ? 0 : lane_of(how));
    dst = result_of(c, a);
    if ((how & H) != 0) {
      c.m.vec(op::pshufd, xmm(dst), from, 0xee);
      from = xmm(dst);
    }
    apply(c, op, xmm(dst), from, imm);
    done(c, a, dst);
  }
  return finish(c, dst, how);
}

bool emit_order(EmitContext& c, VecOp<Shape::rvm> most, VecOp<Shape::rvm> equal, u32 how) {
  if (!has_row(c, most.info())) return false;
  with_regs<2, 1>(c, [&](Xmm dst, Xmm a, Xmm b, Xmm t) {
    c.m.vec(most, t, b, a);
    c.m.vec(equal, dst, a, t);
    if ((how & N) == 0) return;
    all_ones(c, t);
    c.m.vec(op::pxor, dst, dst, t);
  });
  return true;
}

/// The count, modulo `bits`, plus `more`, in kScratchXmm.
void shift_count(EmitContext& c, Value& count, u32 bits, u32 more = 0) {
  with_place(c, count, [&](const auto& place) { c.m.mov(Width::w32, kScratch, place); });
  // Bug 26: a count that is not taken modulo the width.
  c.m.and_(Width::w32, kScratch, Imm{SEED(26, static_cast<i32>(bits - 1), 127)});
  if (more != 0) c.m.add(Width::w32, kScratch, Imm{static_cast<i32>(more)});
  c.m.vec(op::movd_from, kScratchXmm, kScratch);
  c.state.release(count);
}

bool emit_shift(EmitContext& c, VecOp<Shape::rvm> by_register, VecOp<Shape::shift_i> by_constant, u32 bits) {
  Value count = c.state.pop();
  Value a = c.state.pop();
  const Xmm from = in(c, a);
  const Reg dst = result_of(c, a);
  if (count.is_const()) {
    c.m.vec(by_constant, xmm(dst), from, static_cast<u8>(count.constant & (bits - 1)));
  } else {
    shift_count(c, count, bits);
    c.m.vec(by_register, xmm(dst), from, kScratchXmm);
  }
  done(c, a, dst);
  push(c, dst);
  return true;
}

// ---- bits and integer lanes ----

constexpr u64 kEveryByte = 0x0101010101010101, kEveryWord = 0x0001000100010001;

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

enum ByteShift : u8 { kShl, kShrS, kShrU };
void shift_bytes(EmitContext& c, ByteShift kind) {
  Value count = c.state.pop();
  c.state.settle_top(1);  // which changes the scratch registers
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
  c.state.settle_top(1);  // which changes the scratch registers
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

// ---- float lanes ----

constexpr u8 kEqual = 0, kLessOrEqual = 2;

void with_mask(EmitContext& c, VecOp<Shape::rvm> op, u64 mask) {
  with_regs<1, 0>(c, [&](Xmm dst, Xmm a) { c.m.vec(op, dst, a, literal(c, mask)); });
}
u64 sign_of(Rep lane) { return lane == Rep::f32 ? twice(u32{1} << 31) : u64{1} << 63; }

void float_neg(EmitContext& c, Rep lane) { with_mask(c, op::xorps, sign_of(lane)); }
void float_abs(EmitContext& c, Rep lane) { with_mask(c, op::andps, ~sign_of(lane)); }

// As of scalars (emit_float.cpp): both orders together are right.
void float_min(EmitContext& c, Rep lane) {
  const auto least = lane == Rep::f32 ? op::minps : op::minpd;
  with_regs<2, 1>(
      c,
      [&](Xmm dst, Xmm a, Xmm b, Xmm t) {
        c.m.vec(least, t, b, a);
        c.m.vec(least, dst, a, b);
        c.m.vec(op::orps, dst, dst, t);
      },
      lane_of(lane));
}
void float_max(EmitContext& c, Rep lane) {
  const auto most = lane == Rep::f32 ? op::maxps : op::maxpd;
  with_regs<2, 1>(
      c,
      [&](Xmm dst, Xmm a, Xmm b, Xmm t) {
        c.m.vec(most, t, b, a);
        c.m.vec(most, dst, a, b);
        c.m.vec(op::xorps, t, t, dst);
        c.m.vec(op::orps, dst, dst, t);
        c.m.vec(lane == Rep::f32 ? op::subps : op::subpd, dst, dst, t);
      },
      lane_of(lane));
}

/// Two roundings (semantics_relaxed.h). c - a * b is c + (-a) * b to the bit, but for NaNs.
void multiply_add(EmitContext& c, Rep lane, bool negated) {
  const bool is32 = lane == Rep::f32;
  with_regs<3, 0>(
      c,
      [&](Xmm dst, Xmm a, Xmm b, Xmm sum) {
        c.m.vec(is32 ? op::mulps : op::mulpd, dst, a, b);
        if (negated) {
          c.m.vec(is32 ? op::subps : op::subpd, dst, sum, dst);
        } else {
          c.m.vec(is32 ? op::addps : op::addpd, dst, dst, sum);
        }
      },
      lane_of(lane));
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

}  // namespace

}  // namespace simd

bool emit_simd(EmitContext& c, wasm::Op op, const u8* immediates) {
  using namespace simd;
  switch (op) {
#define BIN(id, row, how) \
  case wasm::Op::id: return emit(c, op::row, how);
#define CMP(id, row, how, imm) \
  case wasm::Op::id: return emit(c, op::row, how, imm);
#define UN(id, row, how, imm) \
  case wasm::Op::id: return emit(c, op::row, how, imm);
#define ORD(id, row, equal, how) \
  case wasm::Op::id: return emit_order(c, op::row, op::equal, how);
#define SHIFT(id, row, row_i, bits) \
  case wasm::Op::id: return emit_shift(c, op::row, op::row_i, bits);
#define SPECIAL(id, level, call)                \
  case wasm::Op::id:                            \
    if (!has(c, CpuLevel::level)) return false; \
    call;                                       \
    return true;
#include "exec/baseline/simd.def"
    case wasm::Op::i8x16_shuffle: return shuffle(c, immediates);
    default: return false;
  }
}

}  // namespace dewar::exec::baseline
