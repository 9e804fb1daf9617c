// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Canonical choices: shortest LEB128s, one-byte reference types where they exist, memory index only if it is not 0.
#include "wasm/instr_writer.h"

#include <array>

#include "base/leb128.h"

namespace dewar::wasm {
namespace {

/// Binary codes in the order of Heap; bottom is the validator's and never written.
constexpr std::array<u8, static_cast<usize>(Heap::kCount)> kHeapCodes = {0x70, 0x73, 0x6f, 0x72, 0x6e, 0x6d, 0x6c,
                                                                         0x6b, 0x6a, 0x71, 0x69, 0x74, 0x00};

void write_fixed(std::vector<u8>& out, u64 value, u32 bytes) {
  for (u32 i = 0; i < bytes; ++i) out.push_back(static_cast<u8>(value >> (8 * i)));
}

void write_memarg(std::vector<u8>& out, const Instr& instr) {
  base::append_u32(out, instr.align | (instr.memory != 0 ? 0x40u : 0u));
  if (instr.memory != 0) base::append_u32(out, instr.memory);
  base::append_u64(out, instr.offset);
}

void write_catches(std::vector<u8>& out, const std::vector<CatchClause>& catches) {
  base::append_u32(out, static_cast<u32>(catches.size()));
  for (const CatchClause& clause : catches) {
    out.push_back(clause.kind);
    if (clause.kind < 2) base::append_u32(out, clause.tag);
    base::append_u32(out, clause.label);
  }
}

void write_immediates(std::vector<u8>& out, const Instr& instr) {
  switch (op_info(instr.op).imm) {
    case Imm::none: return;
    case Imm::block: return write_block_type(out, instr.block);
    case Imm::br_table:
      base::append_u32(out, instr.index);
      for (u32 label : instr.labels) base::append_u32(out, label);
      return;
    case Imm::label:
    case Imm::func:
    case Imm::type:
    case Imm::tag:
    case Imm::local:
    case Imm::global:
    case Imm::table:
    case Imm::elem:
    case Imm::data:
    case Imm::memory: return base::append_u32(out, instr.index);
    case Imm::call_indirect:
    case Imm::table_table:
    case Imm::elem_table:
    case Imm::data_memory:
    case Imm::memory_memory:
    case Imm::type_field:
    case Imm::type_count:
    case Imm::type_data:
    case Imm::type_elem:
    case Imm::type_type: base::append_u32(out, instr.index); return base::append_u32(out, instr.index2);
    case Imm::memarg: return write_memarg(out, instr);
    case Imm::memarg_lane: write_memarg(out, instr); return out.push_back(instr.lane);
    case Imm::lane: return out.push_back(instr.lane);
    case Imm::shuffle:
    case Imm::v128: write_fixed(out, instr.v128.lo, 8); return write_fixed(out, instr.v128.hi, 8);
    case Imm::i32: return base::append_s32(out, static_cast<i32>(instr.bits));
    case Imm::i64: return base::append_s64(out, static_cast<i64>(instr.bits));
    case Imm::f32: return write_fixed(out, instr.bits, 4);
    case Imm::f64: return write_fixed(out, instr.bits, 8);
    case Imm::heap_type: return write_heap_type(out, instr.heap);
    case Imm::select_types:
      base::append_u32(out, static_cast<u32>(instr.types.size()));
      for (ValType type : instr.types) write_val_type(out, type);
      return;
    case Imm::try_table: write_block_type(out, instr.block); return write_catches(out, instr.catches);
    case Imm::br_on_cast:
      out.push_back(static_cast<u8>((instr.heap.nullable() ? 1 : 0) | (instr.heap2.nullable() ? 2 : 0)));
      base::append_u32(out, instr.index);
      write_heap_type(out, instr.heap);
      return write_heap_type(out, instr.heap2);
    case Imm::fence: return out.push_back(0);
  }
}

}  // namespace

void write_heap_type(std::vector<u8>& out, ValType ref) {
  if (ref.is_concrete()) return base::append_s33(out, ref.index().value);
  out.push_back(kHeapCodes[static_cast<usize>(ref.heap())]);
}

void write_val_type(std::vector<u8>& out, ValType type) {
  switch (type.kind()) {
    case ValType::kI32: return out.push_back(0x7f);
    case ValType::kI64: return out.push_back(0x7e);
    case ValType::kF32: return out.push_back(0x7d);
    case ValType::kF64: return out.push_back(0x7c);
    case ValType::kV128: return out.push_back(0x7b);
    case ValType::kI8: return out.push_back(0x78);
    case ValType::kI16: return out.push_back(0x77);
    case ValType::kRef: out.push_back(0x64); return write_heap_type(out, type);
    case ValType::kRefNull:
      if (type.is_concrete()) out.push_back(0x63);
      return write_heap_type(out, type);
    case ValType::kBottom: break;
  }
  DEWAR_UNREACHABLE("a bottom type has no binary form");
}

void write_block_type(std::vector<u8>& out, const BlockType& type) {
  switch (type.kind) {
    case BlockType::Kind::empty: return out.push_back(0x40);
    case BlockType::Kind::value: return write_val_type(out, type.value);
    case BlockType::Kind::type: return base::append_s33(out, type.type.value);
  }
}

void write_instr(std::vector<u8>& out, const Instr& instr) {
  const OpInfo& info = op_info(instr.op);
  if (info.prefix != 0) {
    out.push_back(info.prefix);
    base::append_u32(out, info.code);
  } else {
    out.push_back(static_cast<u8>(info.code));
  }
  write_immediates(out, instr);
}

}  // namespace dewar::wasm
