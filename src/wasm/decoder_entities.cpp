// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Imports, functions, tables, memories, tags, globals and the start function (spec 5.5.5 - 5.5.12): their types, the
// validity of limits (spec 3.2.12 - 3.2.16) and the implementation limits on their numbers.
#include <string>

#include "wasm/decoder_impl.h"
#include "wasm/diag.h"
#include "wasm/limits.h"

namespace dewar::wasm {
namespace {

// Bits of the limits flag byte.
constexpr u8 kHasMax = 1, kShared = 2, kIndex64 = 4, kPageSize = 8;

u64 max_pages(const MemoryType& memory) {
  const u32 index_bits = memory.limits.is64 ? 64 : 32;
  if (memory.page_log2 == 0) return index_bits == 64 ? ~u64{0} : u64{0xffff'ffff};
  return memory.limits.is64 ? kMaxPages64 : kMaxPages32;
}

}  // namespace

bool Decoder::limits(u8 flags, Limits& out, u64 at) {
  out.has_max = flags & kHasMax;
  out.is64 = flags & kIndex64;
  if (out.is64 && !require(Feature::memory64, "a 64-bit index type", at)) return false;
  // Before memory64 the format had 32-bit limits; with it a value too large for its index type is merely invalid.
  const bool wide = m_.features.has(Feature::memory64);
  out.min = wide ? c_.leb_u64() : c_.leb_u32();
  if (out.has_max) out.max = wide ? c_.leb_u64() : c_.leb_u32();
  if (!c_.ok()) return fail_cursor();
  return true;
}

bool Decoder::table_type(TableType& out) {
  if (!reference_type(out.elem)) return false;
  const u64 at = c_.offset();
  const u8 flags = c_.byte();
  if (!c_.ok()) return fail_cursor();
  if (flags & ~(kHasMax | kIndex64)) return fail(malformed("malformed limits flags", at));
  if (!limits(flags, out.limits, at)) return false;
  const Limits& l = out.limits;
  if (!l.is64 && (l.min > 0xffff'ffff || (l.has_max && l.max > 0xffff'ffff))) {
    return fail(invalid("table size must be at most 4294967295 elements", at));
  }
  if (l.has_max && l.min > l.max) return fail(invalid("size minimum must not be greater than maximum", at));
  return true;
}

bool Decoder::memory_type(MemoryType& out) {
  const u64 at = c_.offset();
  const u8 flags = c_.byte();
  if (!c_.ok()) return fail_cursor();
  if (flags & ~(kHasMax | kShared | kIndex64 | kPageSize)) return fail(malformed("malformed limits flags", at));
  out.shared = flags & kShared;
  if (out.shared && !require(Feature::threads, "a shared memory", at)) return false;
  if ((flags & kPageSize) && !require(Feature::custom_page_sizes, "a custom page size", at)) return false;
  if (!limits(flags, out.limits, at)) return false;
  if (flags & kPageSize) {
    const u64 page_at = c_.offset();
    const u32 log2 = c_.leb_u32();
    if (!c_.ok()) return fail_cursor();
    if (log2 >= 64) return fail(malformed("invalid custom page size: no power of two below 2^64", page_at));
    if (log2 != 0 && log2 != 16) return fail(invalid("invalid custom page size: it must be 1 or 65536", page_at));
    out.page_log2 = static_cast<u8>(log2);
  }
  const Limits& l = out.limits;
  const u64 most = max_pages(out);
  if (l.min > most || (l.has_max && l.max > most)) {
    return fail(invalid("memory size must be at most " + std::to_string(most) + " pages", at));
  }
  if (l.has_max && l.min > l.max) return fail(invalid("size minimum must not be greater than maximum", at));
  if (out.shared && !l.has_max) return fail(invalid("shared memory must have maximum", at));
  return true;
}

bool Decoder::global_type(GlobalType& out) {
  if (!value_type(out.type)) return false;
  const u64 at = c_.offset();
  const u8 mut = c_.byte();
  if (!c_.ok()) return fail_cursor();
  if (mut > 1) return fail(malformed("malformed mutability", at));
  out.mut = mut == 1;
  return true;
}

bool Decoder::tag_type(TypeIndex& out) {
  const u64 at = c_.offset();
  if (!m_.features.has(Feature::legacy_exceptions) && !require(Feature::exceptions, "a tag", at)) return false;
  const u8 attribute = c_.byte();
  if (!c_.ok()) return fail_cursor();
  if (attribute != 0) return fail(malformed("malformed tag attribute", at));
  if (!func_type_index(out.value)) return false;
  if (!m_.types[out.value].results.empty()) return fail(invalid("non-empty tag result type", at));
  return true;
}

bool Decoder::add_limited(std::string_view things, usize present, u32 limit, u64 at) {
  return present < limit || fail(over_limit(things, present + 1, limit, at));
}

bool Decoder::add_table(const Table& table, u64 at) {
  if (!m_.tables.empty() && !m_.features.has(Feature::reference_types)) {
    Error e = invalid("multiple tables", at);
    e.hint = feature_hint(Feature::reference_types);
    return fail(std::move(e));
  }
  if (!add_limited("tables", m_.tables.size(), kMaxTables, at)) return false;
  m_.tables.push_back(table);
  return true;
}

bool Decoder::add_memory(const MemoryType& memory, u64 at) {
  if (!m_.memories.empty() && !m_.features.has(Feature::multi_memory)) {
    Error e = invalid("multiple memories", at);
    e.hint = feature_hint(Feature::multi_memory);
    return fail(std::move(e));
  }
  if (!add_limited("memories", m_.memories.size(), kMaxMemories, at)) return false;
  m_.memories.push_back(memory);
  return true;
}

bool Decoder::import_entry() {
  Import import;
  if (!name(c_, import.module) || !name(c_, import.name)) return false;
  const u64 at = c_.offset();
  const u8 kind = c_.byte();
  if (!c_.ok()) return fail_cursor();
  if (kind > 4) return fail(malformed("malformed import kind", at));
  import.kind = static_cast<ExternKind>(kind);
  switch (import.kind) {
    case ExternKind::func: {
      Func func;
      if (!func_type_index(func.type.value)) return false;
      import.index = m_.num_imported_funcs++;
      m_.funcs.push_back(func);
      break;
    }
    case ExternKind::table: {
      Table table;
      if (!table_type(table.type) || !add_table(table, at)) return false;
      import.index = m_.num_imported_tables++;
      break;
    }
    case ExternKind::memory: {
      MemoryType memory;
      if (!memory_type(memory) || !add_memory(memory, at)) return false;
      import.index = m_.num_imported_memories++;
      break;
    }
    case ExternKind::global: {
      Global global;
      if (!global_type(global.type)) return false;
      if (global.type.mut && !require(Feature::mutable_globals, "the import of a mutable global", at)) return false;
      import.index = m_.num_imported_globals++;
      m_.globals.push_back(global);
      break;
    }
    case ExternKind::tag: {
      TypeIndex type;
      if (!tag_type(type)) return false;
      import.index = m_.num_imported_tags++;
      m_.tags.push_back(type);
      break;
    }
  }
  m_.imports.push_back(import);
  return true;
}

bool Decoder::import_section() {
  u32 n = 0;
  if (!count("imports", 0, kMaxImports, 4, n)) return false;
  m_.imports.reserve(n);
  for (u32 i = 0; i < n; ++i) {
    if (!go_on() || !import_entry()) return false;
  }
  return true;
}

bool Decoder::function_section() {
  u32 n = 0;
  if (!count("functions", m_.num_imported_funcs, kMaxFunctions, 1, n)) return false;
  m_.funcs.reserve(m_.funcs.size() + n);
  for (u32 i = 0; i < n; ++i) {
    Func func;
    if (!go_on() || !func_type_index(func.type.value)) return false;
    m_.funcs.push_back(func);
  }
  return true;
}

bool Decoder::table_section() {
  u32 n = 0;
  if (!count("tables", m_.num_imported_tables, kMaxTables, 3, n)) return false;
  m_.tables.reserve(m_.tables.size() + n);
  for (u32 i = 0; i < n; ++i) {
    Table table;
    const u64 at = c_.offset();
    const bool with_init = c_.peek() == 0x40;
    if (with_init) {
      c_.skip(1);
      if (!require(Feature::function_references, "a table with an initializer", at)) return false;
      const u64 reserved_at = c_.offset();
      if (c_.byte() != 0) return fail(malformed("zero byte expected", reserved_at));
    }
    if (!table_type(table.type)) return false;
    if (with_init) {
      if (!exprs_.check(c_, table.type.elem, table.init, error)) return false;
    } else if (!table.type.elem.defaultable()) {
      return fail(invalid("type mismatch: a table of non-nullable references needs an initializer", at));
    }
    if (!add_table(table, at)) return false;
  }
  return true;
}

bool Decoder::memory_section() {
  u32 n = 0;
  if (!count("memories", m_.num_imported_memories, kMaxMemories, 2, n)) return false;
  for (u32 i = 0; i < n; ++i) {
    const u64 at = c_.offset();
    MemoryType memory;
    if (!memory_type(memory) || !add_memory(memory, at)) return false;
  }
  return true;
}

bool Decoder::tag_section() {
  u32 n = 0;
  if (!count("tags", m_.num_imported_tags, kMaxTags, 2, n)) return false;
  m_.tags.reserve(m_.tags.size() + n);
  for (u32 i = 0; i < n; ++i) {
    TypeIndex type;
    if (!tag_type(type)) return false;
    m_.tags.push_back(type);
  }
  return true;
}

bool Decoder::global_section() {
  u32 n = 0;
  if (!count("globals", m_.num_imported_globals, kMaxGlobals, 3, n)) return false;
  m_.globals.reserve(m_.globals.size() + n);
  for (u32 i = 0; i < n; ++i) {
    Global global;
    if (!global_type(global.type) || !exprs_.check(c_, global.type.type, global.init, error)) return false;
    m_.globals.push_back(global);
  }
  return true;
}

bool Decoder::start_section() {
  const u64 at = c_.offset();
  FuncIndex start;
  if (!index("function", m_.funcs.size(), start.value)) return false;
  const SubType& type = m_.func_type(start);
  if (!type.params.empty() || !type.results.empty()) {
    return fail(invalid("start function must have no parameters and no results", at));
  }
  m_.start = start;
  return true;
}

}  // namespace dewar::wasm
