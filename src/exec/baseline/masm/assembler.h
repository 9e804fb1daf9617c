// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The assembler: integer instructions, and the float and vector instructions of sse.def through `vec`. With a CPU level
// that has AVX they are VEX-encoded; else in the legacy encoding, where vec() adds what that one cannot say: a move
// because it overwrites its first source, and a load because its memory operands must be aligned. The meaning of a call
// is therefore the same at every level.
#pragma once

#include "exec/baseline/masm/integer.h"
#include "exec/baseline/masm/vec_table.h"

namespace dewar::exec::baseline {

template <class T>
concept VecPlace = std::same_as<T, Xmm> || std::same_as<T, Mem>;

class Assembler final : public IntegerAssembler {
 public:
  /// Without AVX, vec() may change `scratch`; no operand of vec() may be it. Not xmm0, where the masks of blends are.
  Assembler(CpuFeatures features, u32 max_bytes, Xmm scratch = Xmm::xmm15)
      : IntegerAssembler(features, max_bytes), scratch_(scratch) {
    DEWAR_ASSERT(scratch != Xmm::xmm0, "xmm0 can not be the scratch register");
  }

  /// dst = a op b. Scalar conversions and roots take their upper bits from `a`; naming dst there costs no move.
  void vec(VecOp<Shape::rvm> op, Xmm dst, Xmm a, const VecPlace auto& b) { three(op.info(), dst, a, b, 0, 0); }
  void vec(VecOp<Shape::rvm_i> op, Xmm dst, Xmm a, const VecPlace auto& b, u8 imm) {
    three(op.info(), dst, a, b, 1, imm);
  }
  void vec(VecOp<Shape::rv_load> op, Xmm dst, Xmm a, const Mem& b) { three(op.info(), dst, a, b, 0, 0); }
  void vec(VecOp<Shape::rvg> op, Xmm dst, Xmm a, const IntPlace auto& b) { three(op.info(), dst, a, b, 0, 0); }
  void vec(VecOp<Shape::rvg_i> op, Xmm dst, Xmm a, const IntPlace auto& b, u8 imm) {
    three(op.info(), dst, a, b, 1, imm);
  }

  /// dst = op src
  void vec(VecOp<Shape::rm> op, Xmm dst, const VecPlace auto& src) { two(op.info(), dst, src, 0, 0); }
  void vec(VecOp<Shape::rm_i> op, Xmm dst, const VecPlace auto& src, u8 imm) { two(op.info(), dst, src, 1, imm); }
  void vec(VecOp<Shape::load> op, Xmm dst, const Mem& src) { two(op.info(), dst, src, 0, 0); }
  void vec(VecOp<Shape::mr> op, const Mem& dst, Xmm src) { two(op.info(), src, dst, 0, 0); }
  void vec(VecOp<Shape::mr_i> op, const Mem& dst, Xmm src, u8 imm) { two(op.info(), src, dst, 1, imm); }
  void vec(VecOp<Shape::rg> op, Xmm dst, const IntPlace auto& src) { two(op.info(), dst, src, 0, 0); }
  void vec(VecOp<Shape::gr> op, const IntPlace auto& dst, Xmm src) { two(op.info(), src, dst, 0, 0); }
  void vec(VecOp<Shape::gr_i> op, const IntPlace auto& dst, Xmm src, u8 imm) { two(op.info(), src, dst, 1, imm); }
  void vec(VecOp<Shape::gm> op, Gpr dst, const VecPlace auto& src) { two(op.info(), dst, src, 0, 0); }
  void vec(VecOp<Shape::gm_i> op, Gpr dst, Xmm src, u8 imm) { two(op.info(), dst, src, 1, imm); }

  /// Every lane of `src` shifted by a constant.
  void vec(VecOp<Shape::shift_i> op, Xmm dst, Xmm src, u8 count);
  /// Lanes of `b` where the top bit of the mask's lane is set, else of `a`. Without AVX the mask is xmm0, and dst not.
  void vec(VecOp<Shape::blend> op, Xmm dst, Xmm a, const VecPlace auto& b, Xmm mask) {
    const VecInfo& info = op.info();
    if (features().avx()) {
      u8* p = buffer_.reserve();
      p = put_vex(p, Prefix::k66, OpcodeMap::k3a, info.extra, false, dst, number(a), b, 1);
      return buffer_.commit(put8(p, number(mask) << 4));
    }
    DEWAR_ASSERT(mask == Xmm::xmm0 && dst != Xmm::xmm0, "without AVX a blend's mask is in xmm0");
    three(info, dst, a, b, 0, 0);
  }

 private:
  static u8* put_move(u8* p, Xmm dst, Xmm src) { return dst == src ? p : put_plain_move(p, dst, src); }
  static u8* put_plain_move(u8* p, Xmm dst, Xmm src);
  /// Loads an operand that may be unaligned into the scratch register.
  u8* put_scratch_load(u8* p, const Mem& mem);

  template <class Rm>
  static void check_place([[maybe_unused]] const VecInfo& info) {
    if constexpr (std::same_as<Rm, Mem>) DEWAR_ASSERT(info.mem != MemSize::NONE, "an instruction without memory form");
  }
  void check_scratch([[maybe_unused]] Xmm reg) const {
    DEWAR_ASSERT(reg != scratch_, "the scratch register as an operand");
  }

  template <class Rm>
  void three(const VecInfo& info, Xmm dst, Xmm a, const Rm& b, unsigned imm_bytes, u8 imm) {
    check_place<Rm>(info);
    u8* p = buffer_.reserve();
    if (features().avx()) {
      p = put_vex(p, info.prefix, info.map, info.opcode, info.wide, dst, number(a), b, imm_bytes);
    } else {
      require(info.level);
      check_scratch(dst);
      check_scratch(a);
      p = put_destructive(p, info, dst, a, b, imm_bytes);
    }
    *p = imm;
    buffer_.commit(p + imm_bytes);
  }
  template <class Rm>
  u8* put_destructive(u8* p, const VecInfo& info, Xmm dst, Xmm a, Rm b, unsigned imm_bytes) {
    if constexpr (std::same_as<Rm, Mem>) {
      if (info.must_align()) return put_destructive(put_scratch_load(p, b), info, dst, a, scratch_, imm_bytes);
    }
    if constexpr (std::same_as<Rm, Xmm>) {
      if (dst == b && dst != a) {
        p = put_move(p, scratch_, b);
        b = scratch_;
      }
    }
    p = put_move(p, dst, a);
    return put_legacy(p, info.prefix, info.map, info.opcode, info.wide, dst, b, false, imm_bytes);
  }
  template <class Reg, class Rm>
  void two(const VecInfo& info, Reg reg, const Rm& rm, unsigned imm_bytes, u8 imm) {
    check_place<Rm>(info);
    u8* p = buffer_.reserve();
    if (features().avx()) {
      p = put_vex(p, info.prefix, info.map, info.opcode, info.wide, reg, 0, rm, imm_bytes);
    } else {
      require(info.level);
      p = put_two_legacy(p, info, reg, rm, imm_bytes);
    }
    *p = imm;
    buffer_.commit(p + imm_bytes);
  }
  template <class Reg, class Rm>
  u8* put_two_legacy(u8* p, const VecInfo& info, Reg reg, const Rm& rm, unsigned imm_bytes) {
    if constexpr (std::same_as<Rm, Mem> && std::same_as<Reg, Xmm>) {
      if (info.must_align()) {
        check_scratch(reg);
        return put_two_legacy(put_scratch_load(p, rm), info, reg, scratch_, imm_bytes);
      }
    }
    return put_legacy(p, info.prefix, info.map, info.opcode, info.wide, reg, rm, false, imm_bytes);
  }

  Xmm scratch_;
};

}  // namespace dewar::exec::baseline
