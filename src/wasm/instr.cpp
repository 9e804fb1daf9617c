// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Decodes value types (spec 5.3) and single instructions (spec 5.4), driven by wasm::Imm and nothing else. Checks the
// binary format only: indices, alignment and types are the business of those who know the module.
#include "wasm/instr.h"

#include <string>

#include "wasm/diag.h"
#include "wasm/limits.h"

namespace dewar::wasm {
namespace {

std::string hex_byte(u32 value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), kDigits[value & 15]);
    value >>= 4;
  } while (value != 0 || text.size() < 2);
  return "0x" + text;
}

bool set(Error& error, Error value) {
  error = std::move(value);
  return false;
}

/// Heap type of a one-byte code, or kCount.
Heap heap_of_code(u8 code) {
  switch (code) {
    case 0x69: return Heap::exn;
    case 0x6a: return Heap::array;
    case 0x6b: return Heap::struct_;
    case 0x6c: return Heap::i31;
    case 0x6d: return Heap::eq;
    case 0x6e: return Heap::any;
    case 0x6f: return Heap::extern_;
    case 0x70: return Heap::func;
    case 0x71: return Heap::none;
    case 0x72: return Heap::noextern;
    case 0x73: return Heap::nofunc;
    case 0x74: return Heap::noexn;
    default: return Heap::kCount;
  }
}

/// A one-byte negative number in signed LEB128: how all type constructors are written.
bool is_type_code(u8 byte) { return (byte & 0xc0) == 0x40; }

/// Type index of a block or heap type: a non-negative s33.
bool read_s33_index(base::Cursor& c, u32& out, Error& error) {
  const u64 at = c.offset();
  const i64 index = c.leb_s33();
  if (!c.ok()) return set(error, malformed(c));
  if (index < 0) return set(error, malformed("malformed type: a negative index", at));
  if (index >= kMaxTypes) return set(error, invalid("unknown type " + std::to_string(index), at));
  out = static_cast<u32>(index);
  return true;
}

bool read_block_type(base::Cursor& c, BlockType& out, Error& error) {
  out = {};
  if (c.peek() == 0x40) {
    c.skip(1);
    return true;
  }
  if (is_type_code(c.peek())) {
    out.kind = BlockType::Kind::value;
    return read_val_type(c, out.value, error);
  }
  out.kind = BlockType::Kind::type;
  return read_s33_index(c, out.type.value, error);
}

/// A vector's length; every element takes at least one byte.
bool read_length(base::Cursor& c, const char* what, u32 limit, u32& out, Error& error) {
  const u64 at = c.offset();
  out = c.leb_u32();
  if (!c.ok()) return set(error, malformed(c));
  if (out > c.remaining()) return set(error, malformed("unexpected end: fewer bytes than the length says", at));
  if (out > limit) return set(error, over_limit(what, out, limit, at));
  return true;
}

bool read_memarg(base::Cursor& c, Instr& out, Error& error) {
  const u64 at = c.offset();
  const u32 flags = c.leb_u32();
  if (c.ok() && flags >= 0x80) return set(error, malformed("malformed memop flags", at));
  out.align = flags & 0x3f;
  if (flags & 0x40) out.memory = c.leb_u32();
  out.offset = c.leb_u64();
  return true;
}

bool read_catches(base::Cursor& c, Instr& out, Error& error) {
  u32 count = 0;
  if (!read_length(c, "catch clauses", kMaxTryTableCatches, count, error)) return false;
  out.catches.reserve(count);
  for (u32 i = 0; i < count; ++i) {
    CatchClause clause;
    const u64 at = c.offset();
    clause.kind = c.byte();
    if (clause.kind > 3) return set(error, malformed("malformed catch clause " + hex_byte(clause.kind), at));
    if (clause.kind < 2) clause.tag = c.leb_u32();
    clause.label = c.leb_u32();
    if (!c.ok()) return set(error, malformed(c));
    out.catches.push_back(clause);
  }
  return true;
}

bool read_types(base::Cursor& c, Instr& out, Error& error) {
  u32 count = 0;
  if (!read_length(c, "types of a select", kMaxResults, count, error)) return false;
  out.types.reserve(count);
  for (u32 i = 0; i < count; ++i) {
    ValType type;
    if (!read_val_type(c, type, error)) return false;
    out.types.push_back(type);
  }
  return true;
}

bool read_br_table(base::Cursor& c, Instr& out, Error& error) {
  if (!read_length(c, "br_table targets", kMaxBrTable, out.index, error)) return false;
  out.labels.reserve(out.index + 1);
  for (u32 i = 0; i <= out.index; ++i) out.labels.push_back(c.leb_u32());
  return true;
}

V128 read_v128(base::Cursor& c) {
  V128 value;
  value.lo = c.fixed_u64();
  value.hi = c.fixed_u64();
  return value;
}

/// All immediates of `out.op`. May leave the cursor failed, which the caller turns into an error.
bool read_immediates(base::Cursor& c, Instr& out, Error& error) {
  switch (op_info(out.op).imm) {
    case Imm::none: return true;
    case Imm::block: return read_block_type(c, out.block, error);
    case Imm::br_table: return read_br_table(c, out, error);
    case Imm::label:
    case Imm::func:
    case Imm::type:
    case Imm::tag:
    case Imm::local:
    case Imm::global:
    case Imm::table:
    case Imm::elem:
    case Imm::data:
    case Imm::memory: out.index = c.leb_u32(); return true;
    case Imm::call_indirect:
    case Imm::table_table:
    case Imm::elem_table:
    case Imm::data_memory:
    case Imm::memory_memory:
    case Imm::type_field:
    case Imm::type_count:
    case Imm::type_data:
    case Imm::type_elem:
    case Imm::type_type:
      out.index = c.leb_u32();
      out.index2 = c.leb_u32();
      return true;
    case Imm::memarg: return read_memarg(c, out, error);
    case Imm::memarg_lane:
      if (!read_memarg(c, out, error)) return false;
      out.lane = c.byte();
      return true;
    case Imm::lane: out.lane = c.byte(); return true;
    case Imm::shuffle:
    case Imm::v128: out.v128 = read_v128(c); return true;
    case Imm::i32: out.bits = static_cast<u64>(static_cast<i64>(c.leb_s32())); return true;
    case Imm::i64: out.bits = static_cast<u64>(c.leb_s64()); return true;
    case Imm::f32: out.bits = c.fixed_u32(); return true;
    case Imm::f64: out.bits = c.fixed_u64(); return true;
    case Imm::heap_type: return read_heap_type(c, out.heap, error);
    case Imm::select_types: return read_types(c, out, error);
    case Imm::try_table: return read_block_type(c, out.block, error) && read_catches(c, out, error);
    case Imm::br_on_cast: {
      const u64 at = c.offset();
      out.flags = c.byte();
      if (out.flags > 3) return set(error, malformed("malformed br_on_cast flags", at));
      out.index = c.leb_u32();
      if (!read_heap_type(c, out.heap, error) || !read_heap_type(c, out.heap2, error)) return false;
      out.heap = out.heap.with_null(out.flags & 1);
      out.heap2 = out.heap2.with_null(out.flags & 2);
      return true;
    }
    case Imm::fence: {
      const u64 at = c.offset();
      if (c.byte() != 0) return set(error, malformed("zero byte expected", at));
      return true;
    }
  }
  return set(error, malformed("illegal opcode", c.offset()));
}

/// Empties an Instr without giving up the vectors' memory.
void reset(Instr& out) {
  out.labels.clear();
  out.types.clear();
  out.catches.clear();
  out.block = {};
  out.index = out.index2 = out.align = out.memory = 0;
  out.offset = out.bits = 0;
  out.lane = out.flags = 0;
  out.heap = out.heap2 = {};
  out.v128 = {};
}

}  // namespace

bool read_heap_type(base::Cursor& c, ValType& out, Error& error) {
  if (is_type_code(c.peek())) {
    const u64 at = c.offset();
    const u8 code = c.byte();
    const Heap heap = heap_of_code(code);
    if (heap == Heap::kCount) return set(error, malformed("malformed heap type " + hex_byte(code), at));
    out = ValType::ref(heap, true);
    return true;
  }
  u32 index = 0;
  if (!read_s33_index(c, index, error)) return false;
  out = ValType::ref(TypeIndex{index}, true);
  return true;
}

bool read_val_type(base::Cursor& c, ValType& out, Error& error) {
  const u64 at = c.offset();
  const u8 code = c.byte();
  switch (code) {
    case 0x7f: out = kI32; return true;
    case 0x7e: out = kI64; return true;
    case 0x7d: out = kF32; return true;
    case 0x7c: out = kF64; return true;
    case 0x7b: out = kV128; return true;
    case 0x63:
    case 0x64:
      if (!read_heap_type(c, out, error)) return false;
      out = out.with_null(code == 0x63);
      return true;
    default: break;
  }
  if (!c.ok()) return set(error, malformed(c));
  const Heap heap = heap_of_code(code);
  if (heap == Heap::kCount) return set(error, malformed("malformed value type " + hex_byte(code), at));
  out = ValType::ref(heap, true);
  return true;
}

bool read_instr(base::Cursor& c, Instr& out, Error& error) {
  reset(out);
  const usize start = c.pos();
  const u64 at = c.offset();
  u8 prefix = 0;
  u32 code = c.byte();
  if (code >= 0xfb && code <= 0xfe) {
    prefix = static_cast<u8>(code);
    code = c.leb_u32();
  }
  if (!c.ok()) return set(error, malformed(c));
  out.pc = static_cast<u32>(start);
  out.op = op_from_code(prefix, code);
  if (out.op == Op::kCount) {
    return set(
        error,
        malformed("illegal opcode " + (prefix != 0 ? hex_byte(prefix) + " " : std::string()) + hex_byte(code), at));
  }
  if (!read_immediates(c, out, error)) return false;
  if (!c.ok()) return set(error, malformed(c));
  out.size = static_cast<u32>(c.pos() - start);
  return true;
}

Result<u32> read_local_runs(std::span<const u8> body, u32 num_params, std::vector<LocalRun>& runs,
                            const Module* module) {
  base::Cursor c(body);
  const u32 groups = c.leb_u32();
  if (!c.ok()) return std::unexpected(malformed(c));
  u64 total = num_params;
  for (u32 i = 0; i < groups; ++i) {
    const u64 at = c.offset();
    const u32 count = c.leb_u32();
    ValType type;
    Error error;
    if (!c.ok()) return std::unexpected(malformed(c));
    if (!read_val_type(c, type, error)) return std::unexpected(std::move(error));
    if (module != nullptr && !type.is_num()) {
      if (auto problem = type_problem(*module, type, at)) return std::unexpected(std::move(*problem));
    }
    total += count;
    // The format's own bound is 2^32 - 1 locals; ours is lower, but must not hide that an input is malformed.
    if (total > 0xffff'ffff) return std::unexpected(malformed("too many locals", at));
    if (count != 0) runs.push_back({static_cast<u32>(total), type});
  }
  if (total > kMaxLocals) return std::unexpected(over_limit("locals", total, kMaxLocals, 0));
  return static_cast<u32>(c.pos());
}

Result<u32> read_locals(std::span<const u8> body, u32 num_params, std::vector<ValType>& locals, const Module* module) {
  std::vector<LocalRun> runs;
  auto size = read_local_runs(body, num_params, runs, module);
  if (!size) return size;
  u32 next = num_params;
  for (const LocalRun& run : runs) {
    locals.insert(locals.end(), run.end - next, run.type);
    next = run.end;
  }
  return size;
}

}  // namespace dewar::wasm
