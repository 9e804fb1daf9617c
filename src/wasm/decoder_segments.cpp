// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exports, element segments, data segments, data count and the framing of function bodies (spec 5.5.10 - 5.5.16).
// Segment flag bits: 0 = not active, 1 = explicit index (active) or declarative, 2 = items are expressions.
#include <algorithm>
#include <string>

#include "wasm/decoder_impl.h"
#include "wasm/diag.h"
#include "wasm/limits.h"

namespace dewar::wasm {
namespace {

constexpr ValType kFuncRefNonNull = ValType::ref(Heap::func, false);

}  // namespace

bool Decoder::export_entry(u64& name_at) {
  Export entry;
  name_at = c_.offset();
  if (!name(c_, entry.name)) return false;
  const u64 at = c_.offset();
  const u8 kind = c_.byte();
  if (!c_.ok()) return fail_cursor();
  if (kind > 4) return fail(malformed("malformed export kind", at));
  entry.kind = static_cast<ExternKind>(kind);
  switch (entry.kind) {
    case ExternKind::func:
      if (!index("function", m_.funcs.size(), entry.index)) return false;
      m_.funcs[entry.index].declared = true;
      break;
    case ExternKind::table:
      if (!index("table", m_.tables.size(), entry.index)) return false;
      break;
    case ExternKind::memory:
      if (!index("memory", m_.memories.size(), entry.index)) return false;
      break;
    case ExternKind::global:
      if (!index("global", m_.globals.size(), entry.index)) return false;
      if (m_.globals[entry.index].type.mut &&
          !require(Feature::mutable_globals, "the export of a mutable global", at)) {
        return false;
      }
      break;
    case ExternKind::tag:
      if (!index("tag", m_.tags.size(), entry.index)) return false;
      break;
  }
  m_.exports.push_back(entry);
  return true;
}

/// Sorting instead of hashing: no input can make it slow.
bool Decoder::check_duplicate_exports(const std::vector<u32>& name_offsets) {
  std::vector<u32> order(m_.exports.size());
  for (u32 i = 0; i < order.size(); ++i) order[i] = i;
  const auto name_of = [&](u32 i) { return m_.exports[i].name; };
  std::sort(order.begin(), order.end(), [&](u32 a, u32 b) {
    const std::string_view x = name_of(a), y = name_of(b);
    if (x.size() != y.size()) return x.size() < y.size();
    const int c = x.compare(y);
    return c != 0 ? c < 0 : a < b;
  });
  u32 duplicate = ~u32{0};
  for (usize i = 1; i < order.size(); ++i) {
    if (name_of(order[i - 1]) == name_of(order[i])) duplicate = std::min(duplicate, order[i]);
  }
  if (duplicate == ~u32{0}) return true;
  return fail(invalid("duplicate export name", name_offsets[duplicate]));
}

bool Decoder::export_section() {
  u32 n = 0;
  if (!count("exports", 0, kMaxExports, 3, n)) return false;
  m_.exports.reserve(n);
  std::vector<u32> name_offsets;
  name_offsets.reserve(n);
  for (u32 i = 0; i < n; ++i) {
    u64 at = 0;
    if (!go_on() || !export_entry(at)) return false;
    name_offsets.push_back(static_cast<u32>(at));
  }
  return check_duplicate_exports(name_offsets);
}

bool Decoder::element_items(ElemSegment& segment) {
  if (!count("entries of an element segment", 0, kMaxElemEntries, 1, segment.count)) return false;
  if (segment.exprs) {
    segment.items.resize(segment.count);
    for (Range& item : segment.items) {
      if (!exprs_.check(c_, segment.type, item, error)) return false;
    }
    return true;
  }
  segment.funcs.resize(segment.count);
  for (u32& func : segment.funcs) {
    if (!index("function", m_.funcs.size(), func)) return false;
    m_.funcs[func].declared = true;
  }
  return true;
}

bool Decoder::element_segment(ElemSegment& segment) {
  const u64 at = c_.offset();
  const u32 flags = c_.leb_u32();
  if (!c_.ok()) return fail_cursor();
  if (flags > 7) return fail(malformed("malformed elements segment kind", at));
  if (flags != 0 && !require(Feature::bulk_memory, "a segment of this form", at)) return false;
  const bool active = !(flags & 1), explicit_index = flags & 2;
  segment.exprs = flags & 4;
  segment.mode = active ? SegmentMode::active : explicit_index ? SegmentMode::declarative : SegmentMode::passive;

  u64 offset_at = 0;
  u32 table = 0;
  if (active) {
    const u64 table_at = c_.offset();
    if (explicit_index) table = c_.leb_u32();
    if (!c_.ok()) return fail_cursor();
    if (table >= m_.tables.size()) return fail(invalid("unknown table " + std::to_string(table), table_at));
    segment.table = TableIndex{table};
    offset_at = c_.offset();
    if (!exprs_.check(c_, m_.tables[table].type.limits.is64 ? kI64 : kI32, segment.offset, error)) return false;
  }
  if ((flags & 3) == 0) {
    segment.type = segment.exprs ? kFuncRef : kFuncRefNonNull;
  } else if (segment.exprs) {
    if (!reference_type(segment.type)) return false;
  } else {
    const u64 kind_at = c_.offset();
    if (c_.byte() != 0) return fail(malformed("malformed element kind", kind_at));
    segment.type = kFuncRefNonNull;
  }
  if (active && !matches(segment.type, m_.tables[table].type.elem)) {
    return fail(invalid("type mismatch: the segment's type does not match its table's", offset_at));
  }
  return element_items(segment);
}

bool Decoder::element_section() {
  u32 n = 0;
  if (!count("element segments", 0, kMaxElemSegments, 3, n)) return false;
  m_.elems.reserve(n);
  for (u32 i = 0; i < n; ++i) {
    if (!go_on() || !element_segment(m_.elems.emplace_back())) return false;
  }
  return true;
}

bool Decoder::data_count_section() {
  const u64 at = c_.offset();
  if (!require(Feature::bulk_memory, "a data count section", at)) return false;
  const u32 n = c_.leb_u32();
  if (!c_.ok()) return fail_cursor();
  if (n > kMaxDataSegments) return fail(over_limit("data segments", n, kMaxDataSegments, at));
  m_.data_count = n;
  return true;
}

bool Decoder::data_segment(DataSegment& segment) {
  const u64 at = c_.offset();
  const u32 flags = c_.leb_u32();
  if (!c_.ok()) return fail_cursor();
  if (flags > 2) return fail(malformed("malformed data segment kind", at));
  if (flags != 0 && !require(Feature::bulk_memory, "a segment of this form", at)) return false;
  segment.mode = flags == 1 ? SegmentMode::passive : SegmentMode::active;
  if (flags != 1) {
    const u64 memory_at = c_.offset();
    u32 memory = 0;
    if (flags == 2) memory = c_.leb_u32();
    if (!c_.ok()) return fail_cursor();
    if (memory >= m_.memories.size()) return fail(invalid("unknown memory " + std::to_string(memory), memory_at));
    segment.memory = MemoryIndex{memory};
    if (!exprs_.check(c_, m_.memories[memory].limits.is64 ? kI64 : kI32, segment.offset, error)) return false;
  }
  const u32 size = c_.leb_u32();
  segment.bytes = {static_cast<u32>(c_.offset()), size};
  c_.skip(size);
  return c_.ok() || fail_cursor();
}

bool Decoder::data_section() {
  u32 n = 0;
  if (!count("data segments", 0, kMaxDataSegments, 2, n)) return false;
  m_.datas.reserve(n);
  for (u32 i = 0; i < n; ++i) {
    if (!go_on() || !data_segment(m_.datas.emplace_back())) return false;
  }
  return true;
}

bool Decoder::code_section() {
  m_.code_size = static_cast<u32>(c_.remaining());
  const u64 count_at = c_.offset();
  const u32 n = c_.leb_u32();
  if (!c_.ok()) return fail_cursor();
  if (n != m_.funcs.size() - m_.num_imported_funcs) {
    return fail(malformed("function and code section have inconsistent lengths", count_at));
  }
  for (u32 i = 0; i < n; ++i) {
    if (!go_on()) return false;
    const u64 at = c_.offset();
    const u32 size = c_.leb_u32();
    if (!c_.ok()) return fail_cursor();
    if (size > c_.remaining() || size == 0) {
      return fail(malformed("unexpected end of section or function: bad size of a function body", at));
    }
    if (size > kMaxFunctionBody) {
      return fail({"wasm-limit",
                   "a function body of " + std::to_string(size) + " bytes is too long (the limit is " +
                       std::to_string(kMaxFunctionBody) + ")",
                   at,
                   0,
                   0,
                   {}});
    }
    m_.funcs[m_.num_imported_funcs + i].body = {static_cast<u32>(c_.offset()), size};
    c_.skip(size);
  }
  num_bodies_ = n;
  return true;
}

}  // namespace dewar::wasm
