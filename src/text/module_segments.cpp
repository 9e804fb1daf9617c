// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tables, memories, element and data segments, with their inline abbreviations (spec 6.6.8, 6.6.9, 6.6.12, 6.6.13).
// Segments take the shortest of the equivalent binary forms (spec 5.5.12, 5.5.14).
#include <bit>

#include "base/leb128.h"
#include "text/module_parser.h"
#include "wasm/op.h"

namespace dewar::text {

using wasm::ExternKind;
using wasm::Op;

namespace {

// Flags of limits (spec 5.3.7; shared: threads; page size: custom-page-sizes).
constexpr u8 kHasMax = 1;
constexpr u8 kShared = 2;
constexpr u8 kIs64 = 4;
constexpr u8 kHasPageSize = 8;
constexpr u64 kDefaultPageSize = 65536;

u8 code_of(Op op) { return static_cast<u8>(wasm::op_info(op).code); }

/// `i32.const 0` or `i64.const 0` as a constant expression.
std::vector<u8> zero_offset(bool is64) { return {code_of(is64 ? Op::i64_const : Op::i32_const), 0, code_of(Op::end)}; }

}  // namespace

bool ModuleParser::address_type() {
  if (cursor_.accept("i64")) return true;
  cursor_.accept("i32");
  return false;
}

void ModuleParser::limits(std::vector<u8>& out, u8 flags, u64 min, std::optional<u64> max) {
  out.push_back(static_cast<u8>(flags | (max ? kHasMax : 0)));
  base::append_u64(out, min);
  if (max) base::append_u64(out, *max);
}

void ModuleParser::table() {
  const u32 index = next_table_++;
  entity_head(NameCollector::kTable, ExternKind::table, index);
  const bool import = inline_import(ExternKind::table);
  const bool is64 = address_type();
  if (import) return table_type(c_.out.entries(Section::kImport), is64);
  if (types_.at_ref_type()) {
    const RefType type = types_.ref_type();
    if (!cursor_.at_list("elem")) return cursor_.unexpected("(elem ...)");
    return inline_elem(index, type, is64);
  }
  std::vector<u8> type;
  table_type(type, is64);
  std::vector<u8>& out = c_.out.entries(Section::kTable);
  const bool init = !cursor_.at(TokenKind::kRightParen);
  constexpr u8 kInitPrefix[] = {0x40, 0x00};
  if (init) out.insert(out.end(), kInitPrefix, kInitPrefix + 2);
  out.insert(out.end(), type.begin(), type.end());
  code_.locals().clear();
  if (init) code_.expression(out);
  c_.out.count(Section::kTable);
}

void ModuleParser::table_type(std::vector<u8>& out, bool is64) {
  const u64 min = c_.number(64, "the table's minimum size");
  std::optional<u64> max;
  if (cursor_.at(TokenKind::kNumber)) max = c_.number(64, "the table's maximum size");
  append_ref_type(out, types_.ref_type());
  limits(out, is64 ? kIs64 : 0, min, max);
}

void ModuleParser::inline_elem(u32 table, RefType type, bool is64) {
  cursor_.accept_list("elem");
  ElemItems items;
  items.type = type;
  if (cursor_.at(TokenKind::kLeftParen)) {
    elem_exprs(items);
  } else {
    // A list of functions has type (ref func); a table of another type needs expressions of that type.
    items.exprs = !type.nullable || type.heap != kFuncHeap;
    elem_funcs(items);
  }
  cursor_.expect_close();
  if (cursor_.failed()) return;
  std::vector<u8>& out = c_.out.entries(Section::kTable);
  append_ref_type(out, type);
  limits(out, is64 ? kIs64 : 0, items.count, items.count);
  c_.out.count(Section::kTable);
  ++next_elem_;
  append_elem(ElemMode::kActive, table, zero_offset(is64), items);
}

void ModuleParser::memory() {
  const u32 index = next_memory_++;
  entity_head(NameCollector::kMemory, ExternKind::memory, index);
  const bool import = inline_import(ExternKind::memory);
  MemoryShape shape;
  shape.is64 = address_type();
  if (import) return memory_type(c_.out.entries(Section::kImport), shape);
  if (cursor_.at_list("pagesize")) shape.page_size = page_size();
  if (cursor_.at_list("data")) return inline_data(index, shape);
  memory_type(c_.out.entries(Section::kMemory), shape);
  c_.out.count(Section::kMemory);
}

u64 ModuleParser::page_size() {
  cursor_.accept_list("pagesize");
  const Token t = cursor_.peek();
  const u64 size = c_.number(64, "a page size");
  if (!cursor_.failed() && !std::has_single_bit(size)) {
    cursor_.fail("invalid custom page size " + std::to_string(size) + ": not a power of two", t);
  }
  cursor_.expect_close();
  // The default needs no flag in the binary format; the type is the same.
  return size == kDefaultPageSize ? 0 : size;
}

void ModuleParser::memory_type(std::vector<u8>& out, MemoryShape shape) {
  const u64 min = c_.number(64, "the memory's minimum size");
  std::optional<u64> max;
  if (cursor_.at(TokenKind::kNumber)) max = c_.number(64, "the memory's maximum size");
  u8 flags = shape.is64 ? kIs64 : 0;
  if (cursor_.accept("shared")) flags |= kShared;
  if (cursor_.at_list("pagesize")) shape.page_size = page_size();
  if (cursor_.failed()) return;
  if (shape.page_size != 0) flags |= kHasPageSize;
  limits(out, flags, min, max);
  if (shape.page_size != 0) base::append_u32(out, static_cast<u32>(std::countr_zero(shape.page_size)));
}

void ModuleParser::inline_data(u32 memory, const MemoryShape& shape) {
  cursor_.accept_list("data");
  const std::string bytes = data_strings();
  cursor_.expect_close();
  if (cursor_.failed()) return;
  const u64 page = shape.page_size != 0 ? shape.page_size : kDefaultPageSize;
  const u64 pages = bytes.size() / page + (bytes.size() % page != 0 ? 1 : 0);
  std::vector<u8>& out = c_.out.entries(Section::kMemory);
  limits(out, static_cast<u8>((shape.is64 ? kIs64 : 0) | (shape.page_size != 0 ? kHasPageSize : 0)), pages, pages);
  if (shape.page_size != 0) base::append_u32(out, static_cast<u32>(std::countr_zero(shape.page_size)));
  c_.out.count(Section::kMemory);
  ++next_data_;
  append_data(true, memory, zero_offset(shape.is64), bytes);
}

std::string ModuleParser::data_strings() {
  std::string bytes;
  while (cursor_.at(TokenKind::kString)) append_string(bytes, cursor_.text(cursor_.take()));
  return bytes;
}

/// `(offset instr*)`, or one folded instruction.
std::vector<u8> ModuleParser::offset_expression() {
  std::vector<u8> out;
  code_.locals().clear();
  if (cursor_.accept_list("offset")) {
    code_.expression(out);
    cursor_.expect_close();
  } else {
    code_.folded_expression(out);
  }
  return out;
}

void ModuleParser::elem() {
  const auto id = cursor_.accept_id();
  c_.record_name(NameCollector::kElem, next_elem_++, id, c_.name_annotation());
  if (cursor_.accept("declare")) return append_elem(ElemMode::kDeclarative, 0, {}, elem_list(false));
  // `(elem 0 (i32.const 1) $f)` is how WebAssembly 1.0 wrote `(elem (table 0) (i32.const 1) func $f)`.
  const bool bare_index = cursor_.at(TokenKind::kNumber);
  const bool has_table = !bare_index && cursor_.accept_list("table");
  u32 table = 0;
  if (bare_index || has_table) table = c_.index(c_.tables);
  if (has_table) cursor_.expect_close();
  if (!bare_index && !has_table && (!cursor_.at(TokenKind::kLeftParen) || types_.at_ref_type())) {
    return append_elem(ElemMode::kPassive, 0, {}, elem_list(false));
  }
  const std::vector<u8> offset = offset_expression();
  append_elem(ElemMode::kActive, table, offset, elem_list(!has_table));
}

ModuleParser::ElemItems ModuleParser::elem_list(bool func_may_be_omitted) {
  ElemItems items;
  items.type = {true, kFuncHeap};
  if (types_.at_ref_type()) {
    items.type = types_.ref_type();
    elem_exprs(items);
  } else if (cursor_.accept("func") || func_may_be_omitted) {
    elem_funcs(items);
  } else {
    cursor_.unexpected("'func' and function indices, or a reference type and expressions");
  }
  return items;
}

void ModuleParser::elem_exprs(ElemItems& items) {
  items.exprs = true;
  code_.locals().clear();
  for (; cursor_.at(TokenKind::kLeftParen) && !cursor_.failed(); ++items.count) {
    if (cursor_.accept_list("item")) {
      code_.expression(items.bytes);
      cursor_.expect_close();
    } else {
      code_.folded_expression(items.bytes);
    }
  }
}

void ModuleParser::elem_funcs(ElemItems& items) {
  for (; c_.at_index(); ++items.count) {
    if (items.exprs) items.bytes.push_back(code_of(Op::ref_func));
    base::append_u32(items.bytes, c_.index(c_.funcs));
    if (items.exprs) items.bytes.push_back(code_of(Op::end));
  }
}

void ModuleParser::append_elem(ElemMode mode, u32 table, const std::vector<u8>& offset, const ElemItems& items) {
  constexpr u8 kNotActive = 1;
  constexpr u8 kExplicitOrDeclarative = 2;
  constexpr u8 kExprs = 4;
  if (cursor_.failed()) return;
  const bool funcref = items.type.nullable && items.type.heap == kFuncHeap;
  u8 flags = items.exprs ? kExprs : 0;
  // The forms without bit 1 imply table 0 and function references.
  if (mode != ElemMode::kActive) flags |= kNotActive;
  if (mode == ElemMode::kDeclarative || (mode == ElemMode::kActive && (table != 0 || !funcref))) {
    flags |= kExplicitOrDeclarative;
  }
  std::vector<u8>& out = c_.out.entries(Section::kElem);
  out.push_back(flags);
  if (mode == ElemMode::kActive) {
    if (flags & kExplicitOrDeclarative) base::append_u32(out, table);
    out.insert(out.end(), offset.begin(), offset.end());
  }
  if (flags & (kNotActive | kExplicitOrDeclarative)) {
    constexpr u8 kFuncKind = 0;
    if (items.exprs) {
      append_ref_type(out, items.type);
    } else {
      out.push_back(kFuncKind);
    }
  }
  base::append_u32(out, items.count);
  out.insert(out.end(), items.bytes.begin(), items.bytes.end());
  c_.out.count(Section::kElem);
}

void ModuleParser::data() {
  const auto id = cursor_.accept_id();
  c_.record_name(NameCollector::kData, next_data_++, id, c_.name_annotation());
  // A bare index is the form of WebAssembly 1.0.
  const bool bare_index = cursor_.at(TokenKind::kNumber);
  u32 memory = bare_index ? c_.index(c_.memories) : 0;
  const bool active = bare_index || cursor_.at(TokenKind::kLeftParen);
  if (cursor_.accept_list("memory")) {
    memory = c_.index(c_.memories);
    cursor_.expect_close();
  }
  std::vector<u8> offset;
  if (active) offset = offset_expression();
  const std::string bytes = data_strings();
  append_data(active, memory, offset, bytes);
}

void ModuleParser::append_data(bool active, u32 memory, const std::vector<u8>& offset, std::string_view bytes) {
  constexpr u8 kPassive = 1;
  constexpr u8 kExplicitMemory = 2;
  std::vector<u8>& out = c_.out.entries(Section::kData);
  out.push_back(active ? (memory != 0 ? kExplicitMemory : u8{0}) : kPassive);
  if (active && memory != 0) base::append_u32(out, memory);
  out.insert(out.end(), offset.begin(), offset.end());
  append_bytes(out, bytes);
  c_.out.count(Section::kData);
}

}  // namespace dewar::text
