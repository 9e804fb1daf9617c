// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Integer instructions that need a choice between several forms, or more than one instruction.
#include "exec/baseline/masm/integer.h"

namespace dewar::exec::baseline {

void IntegerAssembler::mov_imm(Gpr dst, u64 value) {
  u8* p = buffer_.reserve();
  const auto as_signed = static_cast<i64>(value);
  const unsigned rex_b = number(dst) >> 3;
  if (value <= ~u32{0}) {
    p = put_head(p, Prefix::kNP, OpcodeMap::kNone, 0xb8 + low(number(dst)), rex_b);
    p = put(p, static_cast<u32>(value));
  } else if (as_signed == static_cast<i32>(as_signed)) {
    p = put_legacy(p, Prefix::kNP, OpcodeMap::kNone, 0xc7, true, Digit{0}, dst);
    p = put(p, static_cast<i32>(as_signed));
  } else {
    p = put_head(p, Prefix::kNP, OpcodeMap::kNone, 0xb8 + low(number(dst)), 8 | rex_b);
    p = put(p, value);
  }
  buffer_.commit(p);
}

void IntegerAssembler::mov(Width w, Gpr dst, Imm imm) {
  if (w == Width::w64) return mov_imm(dst, static_cast<u64>(i64{imm.value}));
  u8* p = buffer_.reserve();
  const unsigned opcode = (w == Width::w8 ? 0xb0 : 0xb8) + low(number(dst));
  p = put_head(p, w == Width::w16 ? Prefix::k66 : Prefix::kNP, OpcodeMap::kNone, opcode, number(dst) >> 3,
               byte_rex(w, dst));
  buffer_.commit(put_imm(p, w, imm));
}

void IntegerAssembler::push(Imm imm) {
  u8* p = buffer_.reserve();
  if (imm.value == static_cast<i8>(imm.value)) {
    p = put8(put8(p, 0x6a), static_cast<u8>(imm.value));
  } else {
    p = put(put8(p, 0x68), imm.value);
  }
  buffer_.commit(p);
}

void IntegerAssembler::move_indexed(Width w, unsigned opcode, Gpr reg, const Mem& mem) { sized(w, opcode, reg, mem); }

u32 IntegerAssembler::branch_elsewhere(u8 opcode) {
  u8* p = put8(buffer_.reserve(), opcode);
  const u32 field = buffer_.offset_of(p);
  buffer_.commit(put(p, u32{0}));
  return field;
}

void IntegerAssembler::jmp_table(Label& table, Gpr index, Gpr scratch) {
  DEWAR_ASSERT(index != scratch, "two registers, please");
  lea(Width::w64, scratch, Mem(table));
  movsx(Width::w64, Width::w32, index, Mem(scratch, index, Scale::x4));
  add(Width::w64, index, scratch);
  bytes<0x3e>();  // notrack
  jmp(index);
}

}  // namespace dewar::exec::baseline
