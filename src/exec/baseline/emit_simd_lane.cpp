// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lanes of vectors: constants, splats, extract, replace, shuffles, and what becomes of all lanes one i32. Lane numbers
// are validated before. Spec 4.6.3.
#include <cstring>
#include <optional>

#include "base/seed_bug.h"
#include "exec/baseline/emit_simd.h"

namespace dewar::exec::baseline::simd {

namespace {

void push_constant(EmitContext& c, u64 lo, u64 hi) {
  if (lo == 0 && hi == 0) return c.state.push_const(Rep::v128, 0);
  const Reg dst = temp(c);
  if ((lo & hi) == ~u64{0}) {
    all_ones(c, xmm(dst));
  } else {
    c.m.vec(op::movups, xmm(dst), literal(c, lo, hi));
  }
  push(c, dst);
}

constexpr u32 bits_of(Lane lane) {
  switch (lane) {
    case kI8:
    case kI8S: return 8;
    case kI16:
    case kI16S: return 16;
    case kI32:
    case kF32: return 32;
    default: return 64;
  }
}

}  // namespace

void constant(EmitContext& c, const u8* bytes) {
  u64 halves[2];
  std::memcpy(halves, bytes, sizeof halves);
  push_constant(c, halves[0], halves[1]);
}

void spread(EmitContext& c, Lane lane, Xmm reg) {
  const u32 bits = bits_of(lane);
  if (c.options.features.avx()) {
    const auto row = bits == 8    ? op::pbroadcastb
                     : bits == 16 ? op::pbroadcastw
                     : bits == 32 ? op::pbroadcastd
                                  : op::pbroadcastq;
    return c.m.vec(row, reg, reg);
  }
  if (bits == 8) c.m.vec(op::punpcklbw, reg, reg, reg);
  if (bits <= 16) c.m.vec(op::pshuflw, reg, reg, 0);
  c.m.vec(op::pshufd, reg, reg, bits == 64 ? 0x44 : 0);
}

void splat(EmitContext& c, Lane lane) {
  Value a = c.state.pop();
  const u32 bits = bits_of(lane);
  if (a.is_const()) {
    const u64 mask = ~u64{0} >> (64 - bits);
    const u64 all = (a.constant & mask) * (~u64{0} / mask);
    return push_constant(c, all, all);
  }
  c.state.settle(a);
  Reg dst;
  if (is_float(a.rep)) {
    const Xmm from = in(c, a);
    dst = result_of(c, a);
    c.m.vec(op::pshufd, xmm(dst), from, bits == 64 ? 0x44 : 0);
    done(c, a, dst);
  } else {
    const Gpr from = gpr(c.state.in_reg(a));
    dst = temp(c);
    c.m.vec(bits == 64 ? op::movq_from : op::movd_from, xmm(dst), from);
    spread(c, lane, xmm(dst));
    c.state.release(a);
  }
  push(c, dst);
}

namespace {

void extract_float(EmitContext& c, Lane lane, u8 index) {
  const Rep rep = lane == kF32 ? Rep::f32 : Rep::f64;
  Value a = c.state.pop();
  const Xmm from = in(c, a);
  const Reg dst = result_of(c, a);
  if (index != 0) {
    c.m.vec(op::pshufd, xmm(dst), from, rep == Rep::f32 ? index : 0xee);
  } else if (xmm(dst) != from) {
    c.m.vec(op::movaps, xmm(dst), from);
  }
  done(c, a, dst);
  c.state.push_reg(rep, dst);
}

void extract_byte(EmitContext& c, Gpr dst, Xmm from, u8 index, bool with_sign) {
  if (has(c, CpuLevel::v2)) {
    c.m.vec(op::pextrb, dst, from, index);
    if (!with_sign) return;
  } else {
    c.m.vec(op::pextrw, dst, from, index / 2);
    if (index % 2 != 0) c.m.shift(Shift::shr, Width::w32, dst, 8);
  }
  if (with_sign) return c.m.movsx(Width::w32, Width::w8, dst, dst);
  c.m.movzx(Width::w8, dst, dst);
}

}  // namespace

void extract_lane(EmitContext& c, Lane lane, const u8* immediates) {
  const u8 index = *immediates;
  if (lane >= kF32) return extract_float(c, lane, index);
  Value a = c.state.pop();
  Xmm from = in(c, a);
  const Reg dst = c.state.take(kGprMask);
  if (lane <= kI8S) {
    extract_byte(c, gpr(dst), from, index, lane == kI8S);
  } else if (lane <= kI16S) {
    c.m.vec(op::pextrw, gpr(dst), from, index);
    if (lane == kI16S) c.m.movsx(Width::w32, Width::w16, gpr(dst), gpr(dst));
  } else {
    const bool wide = lane == kI64;
    if (index != 0 && has(c, CpuLevel::v2)) {
      c.m.vec(wide ? op::pextrq : op::pextrd, gpr(dst), from, index);
    } else {
      if (index != 0) {
        c.m.vec(op::pshufd, kScratchXmm, from, wide ? 0xee : index);
        from = kScratchXmm;
      }
      c.m.vec(wide ? op::movq_to : op::movd_to, gpr(dst), from);
    }
  }
  c.state.release(a);
  c.state.push_reg(lane == kI64 ? Rep::i64 : Rep::i32, dst);
}

void replace_lane(EmitContext& c, Lane lane, const u8* immediates) {
  const u8 index = *immediates;
  Value value = c.state.pop();
  Value a = c.state.pop();
  c.state.settle(value);
  const Xmm left = in(c, a);
  if (lane >= kF32) {
    const Xmm from = in(c, value);
    const Reg dst = result_of(c, a);
    if (lane == kF32) {
      c.m.vec(op::insertps, xmm(dst), left, from, static_cast<u8>(index << 4));
    } else {
      c.m.vec(index == 0 ? op::movsd_merge : op::movlhps, xmm(dst), left, from);
    }
    done(c, a, dst);
    c.state.release(value);
    return push(c, dst);
  }
  const auto row = lane == kI8 ? op::pinsrb : lane == kI16 ? op::pinsrw : lane == kI32 ? op::pinsrd : op::pinsrq;
  const Reg dst = result_of(c, a);
  with_place(c, value, [&](const auto& place) { c.m.vec(row, xmm(dst), left, place, index); });
  done(c, a, dst);
  c.state.release(value);
  push(c, dst);
}

// ---- shuffles ----

namespace {

/// Lane numbers of bytes, 0 to 31.
struct Lanes {
  u8 at[16];

  /// Does byte i of the result come from f(i)?
  template <class F>
  bool are(F&& f) const {
    for (u32 i = 0; i < 16; ++i)
      if (at[i] != f(i)) return false;
    return true;
  }
  /// An immediate of two bits for each lane of 32 bits, if all bytes of each come from one; modulo `of` bytes.
  std::optional<u8> doublewords() const {
    u8 imm = 0;
    for (u32 i = 0; i < 4; ++i) {
      const u8* const four = at + i * 4;
      if (four[0] % 4 != 0) return std::nullopt;
      for (u8 k = 1; k < 4; ++k)
        if (four[k] != four[0] + k) return std::nullopt;
      imm |= static_cast<u8>((four[0] / 4 & 3) << (i * 2));
    }
    return imm;
  }
  /// A mask for pshufb: the bytes of the operand that begins at `first`, 0 for others.
  Mem picks(EmitContext& c, u8 first) const {
    u8 mask[16];
    for (u32 i = 0; i < 16; ++i) mask[i] = (at[i] & 16) == first ? at[i] & 15 : 0x80;
    u64 halves[2];
    std::memcpy(halves, mask, sizeof halves);
    return literal(c, halves[0], halves[1]);
  }
  void exchange() {
    for (u8& lane : at) lane ^= 16;
  }
};

/// Of one operand, which lanes below 16 mean.
bool shuffle_one(EmitContext& c, const Lanes& lanes) {
  const u8 first = lanes.at[0];
  const auto doublewords = lanes.doublewords();
  const bool rotates = lanes.are([&](u32 i) { return (first + i) & 15; });
  if (!doublewords && !has(c, CpuLevel::v2)) return false;
  Value a = c.state.pop();
  if (rotates && first == 0) return c.state.push_value(a), true;
  c.state.push_value(a);
  with_regs<1, 0>(c, [&](Xmm dst, Xmm from) {
    if (doublewords) return c.m.vec(op::pshufd, dst, from, *doublewords);
    if (rotates) return c.m.vec(op::palignr, dst, from, from, first);
    c.m.vec(op::pshufb, dst, from, lanes.picks(c, 0));
  });
  return true;
}

struct Unpack {
  VecOp<Shape::rvm> low, high;
  u8 bytes;
};
constexpr Unpack kUnpacks[] = {{op::punpcklbw, op::punpckhbw, 1},
                               {op::punpcklwd, op::punpckhwd, 2},
                               {op::punpckldq, op::punpckhdq, 4},
                               {op::punpcklqdq, op::punpckhqdq, 8}};

/// With one instruction of two operands, the lower numbers being those of the first.
bool shuffle_once(EmitContext& c, const Lanes& lanes, Value& a, Value& b, Reg& dst) {
  for (const Unpack& unpack : kUnpacks) {
    for (const u32 half : {0, 8}) {
      const u32 n = unpack.bytes;
      if (!lanes.are([&](u32 i) { return i / n % 2 * 16 + i / n / 2 * n + i % n + half; })) continue;
      dst = binary_of(c, half == 0 ? unpack.low : unpack.high, a, b);
      return true;
    }
  }
  const auto with_imm = [&](VecOp<Shape::rvm_i> op, u8 imm) {
    dst = binary_of(c, a, b, 0, [&](Xmm to, Xmm left, const auto& right) { c.m.vec(op, to, left, right, imm); });
    return true;
  };
  const auto doublewords = lanes.doublewords();
  if (doublewords && ((lanes.at[0] | lanes.at[4]) & 16) == 0 && (lanes.at[8] & lanes.at[12] & 16) != 0)
    return with_imm(op::shufps, *doublewords);
  if (!has(c, CpuLevel::v2)) return false;
  u8 blend = 0;
  for (u32 i = 0; i < 8; ++i) blend |= static_cast<u8>((lanes.at[i * 2] >> 4) << i);
  if (lanes.are([&](u32 i) { return (blend >> i / 2 & 1) * 16u + i; })) return with_imm(op::pblendw, blend);
  // The instruction has the lower bytes second: here they are those of the first.
  const u32 first = lanes.at[0];
  if (first >= 16 && lanes.are([&](u32 i) { return (first + i) & 31; }))
    return with_imm(op::palignr,
                    static_cast<u8>(SEED(25, first - 16, 32 - first)));  // Bug 25: a rotation the other way.
  return false;
}

/// Are these two operands one?
bool same(const Value& a, const Value& b) {
  if (a.where == Value::kLocal && b.where == Value::kLocal) return a.local == b.local;
  return a.where == Value::kReg && b.where == Value::kReg && a.reg == b.reg;
}

}  // namespace

bool shuffle(EmitContext& c, const u8* immediates) {
  Lanes lanes;
  std::memcpy(lanes.at, immediates, sizeof lanes.at);
  u8 any = 0, all = 16;
  for (const u8 lane : lanes.at) any |= lane, all &= lane;
  if ((any & 16) == 0 || (all & 16) != 0 || same(c.state.peek(0), c.state.peek(1))) {
    // One operand is not needed; the other is then popped as the only one.
    const bool second = (all & 16) != 0;
    for (u8& lane : lanes.at) lane &= 15;
    if (!has(c, CpuLevel::v2) && !lanes.doublewords()) return false;
    Value b = c.state.pop();
    if (second) {
      c.state.drop();
      c.state.push_value(b);
    } else {
      c.state.release(b);
    }
    return shuffle_one(c, lanes);
  }
  Lanes exchanged = lanes;
  exchanged.exchange();
  Value b = c.state.pop();
  Value a = c.state.pop();
  Reg dst;
  if (!shuffle_once(c, lanes, a, b, dst) && !shuffle_once(c, exchanged, b, a, dst)) {
    c.state.push_value(a);
    c.state.push_value(b);
    if (!has(c, CpuLevel::v2)) return false;
    with_regs<2, 1>(c, [&](Xmm to, Xmm left, Xmm right, Xmm t) {
      c.m.vec(op::pshufb, t, right, lanes.picks(c, 16));
      c.m.vec(op::pshufb, to, left, lanes.picks(c, 0));
      c.m.vec(op::por, to, to, t);
    });
    return true;
  }
  push(c, dst);
  return true;
}

/// Indexes of 16 and more get their top bit, which pshufb gives 0 for.
void swizzle(EmitContext& c) {
  with_regs<2, 1>(c, [&](Xmm dst, Xmm a, Xmm b, Xmm t) {
    c.m.vec(op::paddusb, t, b, literal(c, 0x7070707070707070));
    c.m.vec(op::pshufb, dst, a, t);
  });
}

// ---- tests ----

void any_true(EmitContext& c) {
  Value a = c.state.pop();
  const Xmm from = in(c, a);
  if (has(c, CpuLevel::v2)) {
    c.m.vec(op::ptest, from, from);
  } else {
    const Reg mask = temp(c);
    zero(c, xmm(mask));
    c.m.vec(op::pcmpeqb, xmm(mask), xmm(mask), from);
    c.m.vec(op::pmovmskb, kScratch, xmm(mask));
    c.m.cmp(Width::w32, kScratch, Imm{0xffff});
    c.state.release(mask);
  }
  c.state.release(a);
  c.state.push_flags({Cond::ne, false});
}

void all_true(EmitContext& c, VecOp<Shape::rvm> equal) {
  Value a = c.state.pop();
  const Reg mask = temp(c);
  zero(c, xmm(mask));
  c.m.vec(equal, xmm(mask), xmm(mask), in(c, a));
  c.m.vec(op::pmovmskb, kScratch, xmm(mask));
  c.m.test(Width::w32, kScratch, kScratch);
  c.state.release(mask);
  c.state.release(a);
  c.state.push_flags({Cond::e, false});
}

void bitmask(EmitContext& c, Lane lane) {
  Value a = c.state.pop();
  const Xmm from = in(c, a);
  const Reg dst = c.state.take(kGprMask);
  if (lane == kI16) {
    const Reg bytes = temp(c);
    c.m.vec(op::packsswb, xmm(bytes), from, from);
    c.m.vec(op::pmovmskb, gpr(dst), xmm(bytes));
    c.m.movzx(Width::w8, gpr(dst), gpr(dst));
    c.state.release(bytes);
  } else {
    const auto row = lane == kI8 ? op::pmovmskb : lane == kI32 ? op::movmskps : op::movmskpd;
    c.m.vec(row, gpr(dst), from);
  }
  c.state.release(a);
  c.state.push_reg(Rep::i32, dst);
}

}  // namespace dewar::exec::baseline::simd
