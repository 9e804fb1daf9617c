// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Vector instructions with an encoding of their own, and the moves that the legacy encoding needs.
#include "exec/baseline/masm/assembler.h"

namespace dewar::exec::baseline {

u8* Assembler::put_plain_move(u8* p, Xmm dst, Xmm src) {
  return put_rm(put_head(p, Prefix::kNP, OpcodeMap::k0f, 0x28, (number(dst) >> 3) << 2 | number(src) >> 3), number(dst),
                src);
}

u8* Assembler::put_scratch_load(u8* p, const Mem& mem) {
  return put_legacy(p, Prefix::kNP, OpcodeMap::k0f, 0x10, false, scratch_, mem);
}

void Assembler::vec(VecOp<Shape::shift_i> op, Xmm dst, Xmm src, u8 count) {
  const VecInfo& info = op.info();
  const Digit digit{info.extra};
  u8* p = buffer_.reserve();
  if (features().avx()) {
    p = put_vex(p, info.prefix, info.map, info.opcode, false, digit, number(dst), src, 1);
  } else {
    p = put_move(p, dst, src);
    p = put_legacy(p, info.prefix, info.map, info.opcode, false, digit, dst, false, 1);
  }
  buffer_.commit(put8(p, count));
}

}  // namespace dewar::exec::baseline
