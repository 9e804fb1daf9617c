// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Vector instructions that one instruction of the processor stands for, and the choice among all of them: simd.def.
// Spec 4.6.3.
#include "exec/baseline/emit_simd.h"

namespace dewar::exec::baseline {

namespace simd {

namespace {

bool has_row(EmitContext& c, const VecInfo& info) { return has(c, info.level); }

bool finish(EmitContext& c, Reg reg, u32 how) {
  if ((how & N) != 0) {
    const Reg ones = temp(c);
    all_ones(c, xmm(ones));
    c.m.vec(op::pxor, xmm(reg), xmm(reg), xmm(ones));
    c.state.release(ones);
  }
  if ((how & (F | D)) != 0) settle_lanes(c, xmm(reg), (how & D) != 0);
  push(c, reg);
  return true;
}

template <class Emit>
bool binary(EmitContext& c, u32 how, Emit&& emit) {
  Value b = c.state.pop();
  Value a = c.state.pop();
  if ((how & X) != 0 || ((how & C) != 0 && !c.state.is_own(a) && c.state.is_own(b))) std::swap(a, b);
  return finish(c, binary_of(c, a, b, emit), how);
}

bool emit(EmitContext& c, VecOp<Shape::rvm> op, u32 how) {
  if (!has_row(c, op.info())) return false;
  return binary(c, how, [&](Xmm dst, Xmm left, const auto& right) { c.m.vec(op, dst, left, right); });
}
bool emit(EmitContext& c, VecOp<Shape::rvm_i> op, u32 how, u8 imm) {
  return binary(c, how, [&](Xmm dst, Xmm left, const auto& right) { c.m.vec(op, dst, left, right, imm); });
}

void apply(EmitContext& c, VecOp<Shape::rm> op, Xmm dst, const auto& from, u8) { c.m.vec(op, dst, from); }
void apply(EmitContext& c, VecOp<Shape::rm_i> op, Xmm dst, const auto& from, u8 imm) { c.m.vec(op, dst, from, imm); }

template <Shape kShape>
bool emit(EmitContext& c, VecOp<kShape> op, u32 how, u8 imm) {
  if (!has_row(c, op.info())) return false;
  Value a = c.state.pop();
  Reg dst;
  if (c.options.features.avx() && c.state.in_memory(a) && (how & H) == 0) {
    dst = temp(c);
    apply(c, op, xmm(dst), c.state.mem_of(a), imm);
  } else {
    Xmm from = in(c, a);
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

}  // namespace

void settle_lanes(EmitContext& c, Xmm reg, bool is64) {
  const Reg nans = temp(c);
  constexpr u8 kUnordered = 3;
  c.m.vec(is64 ? op::cmppd : op::cmpps, xmm(nans), reg, reg, kUnordered);
  c.m.vec(op::movmskps, kScratch, xmm(nans));
  c.m.test(Width::w32, kScratch, kScratch);
  ColdExit& exit = c.cold.add(ColdKind::kNanLanes, c.pc, is64, static_cast<Reg>(number(reg) + kGprs), nans);
  c.m.jcc(Cond::ne, exit.entry);
  c.m.bind(exit.back);
  c.state.release(nans);
}

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
