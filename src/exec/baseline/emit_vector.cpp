// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Vector instructions: from the walk to the emitters, as emit_scalar.cpp does for scalars. What an instruction takes is
// read off its signature.
#include "exec/baseline/compiler.h"

namespace dewar::exec::baseline {

namespace {

using wasm::Op;

constexpr Op kFirst = Op::v128_load, kLast = Op::i32x4_relaxed_dot_i8x16_i7x16_add_s;

struct Operands {
  u8 count = 0;
  bool address = false;  ///< the first is one
  Rep reps[3] = {};
};

constexpr Rep rep_of_letter(char letter) {
  switch (letter) {
    case 'l': return Rep::i64;
    case 'f': return Rep::f32;
    case 'd': return Rep::f64;
    case 'v': return Rep::v128;
    default: return Rep::i32;
  }
}

constexpr auto kVector = [] {
  std::array<Operands, static_cast<usize>(kLast) - static_cast<usize>(kFirst) + 1> table{};
  for (usize i = 0; i < table.size(); ++i) {
    for (const char letter : std::string_view(wasm::op_info(static_cast<Op>(static_cast<usize>(kFirst) + i)).sig)) {
      if (letter == ':') break;
      table[i].address |= letter == 'a';
      table[i].reps[table[i].count++] = rep_of_letter(letter);
    }
  }
  return table;
}();

}  // namespace

bool Compiler::is_vector(Op op) { return op >= kFirst && op <= kLast; }

bool Compiler::vector(const Instr& instr) {
  Operands operands = kVector[static_cast<usize>(instr.op) - static_cast<usize>(kFirst)];
  const u8* p = immediates(instr);
  state_.next_op();
  if (!operands.address) {
    want(instr, std::span(operands.reps, operands.count));
    return emit_simd(emit_, instr.op, p);
  }
  const u32 flags = interp::leb_u32(p);
  const u32 memory = (flags & 0x40) != 0 ? interp::leb_u32(p) : 0;
  const u64 offset = interp::leb_u64(p);
  const wasm::MemoryType& type = module().memories[memory];
  if (type.limits.is64) operands.reps[0] = Rep::i64;
  want(instr, std::span(operands.reps, operands.count));
  const bool has_lane = wasm::op_info(instr.op).imm == wasm::Imm::memarg_lane;
  return emit_simd_access(emit_, instr.op, type, memory, offset, has_lane ? *p : 0);
}

}  // namespace dewar::exec::baseline
