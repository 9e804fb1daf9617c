// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// sse.def as data: one handle per row (`op::paddd`), whose type says which operands the instruction takes, so that a
// wrong operand list does not compile.
#pragma once

#include "exec/baseline/masm/encoder.h"

namespace dewar::exec::baseline {

/// Operands of a vector instruction in Assembler's order, and where they stand: r = ModRM.reg, m = ModRM.rm, v =
/// VEX.vvvv (without VEX the same as the destination). _i: an immediate byte follows.
enum class Shape : u8 {
  rvm,      ///< xmm, xmm, xmm or memory
  rvm_i,    ///< the same
  rv_load,  ///< xmm, xmm, memory
  rm,       ///< xmm, xmm or memory
  rm_i,     ///< the same
  load,     ///< xmm, memory
  mr,       ///< memory, xmm
  mr_i,     ///< the same
  rvg,      ///< xmm, xmm, gpr or memory
  rvg_i,    ///< the same
  rg,       ///< xmm, gpr or memory
  gr,       ///< gpr or memory, xmm
  gr_i,     ///< the same
  gm,       ///< gpr, xmm or memory
  gm_i,     ///< the same
  shift_i,  ///< xmm, xmm, count; the destination is in v, the source in m
  blend,    ///< xmm, xmm, xmm or memory, mask
};

/// Bytes of the memory operand; M16 must be aligned without VEX.
enum class MemSize : u8 { NONE = 0, M1 = 1, M2 = 2, M4 = 4, M8 = 8, M16U = 16, M16 = 0x80 | 16 };

struct VecInfo {
  Shape shape;
  Prefix prefix;
  OpcodeMap map;
  u8 opcode;
  bool wide;
  MemSize mem;
  CpuLevel level;
  u8 extra;

  constexpr unsigned mem_bytes() const { return static_cast<u8>(mem) & 0x7f; }
  constexpr bool must_align() const { return mem == MemSize::M16; }
};
static_assert(sizeof(VecInfo) == 8);

enum class VecRow : u16 {
#define VEC(id, ...) id,
#include "exec/baseline/masm/sse.def"
};

inline constexpr VecInfo kVecTable[] = {
#define VEC(id, shape, prefix, map, opcode, w, mem, level, extra) \
  {Shape::shape, Prefix::k##prefix, OpcodeMap::k##map, opcode, w != 0, MemSize::mem, CpuLevel::level, extra},
#include "exec/baseline/masm/sse.def"
};

/// A row that is known to have these operands.
template <Shape kShape>
struct VecOp {
  VecRow row;
  constexpr const VecInfo& info() const { return kVecTable[static_cast<u16>(row)]; }
};

namespace op {
#define VEC(id, shape, ...) inline constexpr VecOp<Shape::shape> id{VecRow::id};
#include "exec/baseline/masm/sse.def"
}  // namespace op

}  // namespace dewar::exec::baseline
