// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diff/draft.h"

#include "base/leb128.h"
#include "wasm/instr_writer.h"

namespace dewar::diff {
namespace {

using base::append_u32;
using base::append_u64;
using Bytes = std::vector<u8>;
using wasm::CompositeKind;
using wasm::SegmentMode;

void put(Bytes& out, std::span<const u8> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

void name(Bytes& out, std::string_view text) {
  append_u32(out, static_cast<u32>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

void val_types(Bytes& out, std::span<const ValType> types) {
  append_u32(out, static_cast<u32>(types.size()));
  for (const ValType t : types) wasm::write_val_type(out, t);
}

void sub_type(Bytes& out, const wasm::SubType& type) {
  if (!type.is_final || type.has_super) {
    out.push_back(type.is_final ? 0x4f : 0x50);
    append_u32(out, type.has_super ? 1 : 0);
    if (type.has_super) append_u32(out, type.super.value);
  }
  switch (type.kind) {
    case CompositeKind::func:
      out.push_back(0x60);
      val_types(out, type.params);
      val_types(out, type.results);
      return;
    case CompositeKind::struct_:
      out.push_back(0x5f);
      append_u32(out, static_cast<u32>(type.fields.size()));
      break;
    case CompositeKind::array: out.push_back(0x5e); break;
  }
  for (const wasm::FieldType& field : type.fields) {
    wasm::write_val_type(out, field.type);
    out.push_back(field.mut ? 1 : 0);
  }
}

void limits(Bytes& out, const wasm::Limits& l, u8 flags) {
  flags |= static_cast<u8>((l.has_max ? 1 : 0) | (l.is64 ? 4 : 0));
  out.push_back(flags);
  append_u64(out, l.min);
  if (l.has_max) append_u64(out, l.max);
}

void memory_type(Bytes& out, const wasm::MemoryType& type) {
  const bool custom = type.page_log2 != 16;
  limits(out, type.limits, static_cast<u8>((type.shared ? 2 : 0) | (custom ? 8 : 0)));
  if (custom) append_u32(out, type.page_log2);
}

void table_type(Bytes& out, const wasm::TableType& type) {
  wasm::write_val_type(out, type.elem);
  limits(out, type.limits, 0);
}

void global_type(Bytes& out, const wasm::GlobalType& type) {
  wasm::write_val_type(out, type.type);
  out.push_back(type.mut ? 1 : 0);
}

void elem(Bytes& out, const DraftElem& e) {
  // Items are always written as expressions: flags 4 (table 0 of funcref) to 7.
  const bool active = e.mode == SegmentMode::active;
  out.push_back(active ? 6 : e.mode == SegmentMode::passive ? 5 : 7);
  if (active) {
    append_u32(out, e.table);
    put(out, e.offset);
  }
  wasm::write_val_type(out, e.type);
  append_u32(out, static_cast<u32>(e.items.size()));
  for (const Code& item : e.items) put(out, item);
}

void data(Bytes& out, const DraftData& d) {
  if (d.mode == SegmentMode::passive) {
    out.push_back(1);
  } else {
    out.push_back(2);
    append_u32(out, d.memory);
    put(out, d.offset);
  }
  append_u32(out, static_cast<u32>(d.bytes.size()));
  put(out, d.bytes);
}

void import(Bytes& out, const DraftImport& i) {
  name(out, i.module);
  name(out, i.name);
  out.push_back(static_cast<u8>(i.kind));
  switch (i.kind) {
    case ExternKind::func: append_u32(out, i.type); break;
    case ExternKind::table: table_type(out, i.table); break;
    case ExternKind::memory: memory_type(out, i.memory); break;
    case ExternKind::global: global_type(out, i.global); break;
    case ExternKind::tag:
      out.push_back(0);
      append_u32(out, i.type);
      break;
  }
}

void body(Bytes& out, const DraftFunc& func) {
  Bytes decls;
  u32 runs = 0;
  for (usize i = 0; i < func.locals.size(); ++runs) {
    usize end = i;
    while (end < func.locals.size() && func.locals[end] == func.locals[i]) ++end;
    append_u32(decls, static_cast<u32>(end - i));
    wasm::write_val_type(decls, func.locals[i]);
    i = end;
  }
  Bytes head;
  append_u32(head, runs);
  append_u32(out, static_cast<u32>(head.size() + decls.size() + func.code.size()));
  put(out, head);
  put(out, decls);
  put(out, func.code);
}

class Writer {
 public:
  template <class C, class F>
  void section(u8 id, const C& items, F write) {
    if (items.empty()) return;
    payload_.clear();
    append_u32(payload_, static_cast<u32>(items.size()));
    for (const auto& item : items) write(payload_, item);
    finish(id);
  }
  void types(const std::vector<wasm::SubType>& types) {
    if (types.empty()) return;
    payload_.clear();
    u32 groups = 0;
    for (usize i = 0; i < types.size(); i += types[i].group_size) ++groups;
    append_u32(payload_, groups);
    for (usize i = 0; i < types.size(); i += types[i].group_size) {
      if (types[i].group_size > 1) {
        payload_.push_back(0x4e);
        append_u32(payload_, types[i].group_size);
      }
      for (u32 k = 0; k < types[i].group_size; ++k) sub_type(payload_, types[i + k]);
    }
    finish(1);
  }
  void number(u8 id, u32 value) {
    payload_.clear();
    append_u32(payload_, value);
    finish(id);
  }
  Bytes take() { return std::move(out_); }

 private:
  void finish(u8 id) {
    out_.push_back(id);
    append_u32(out_, static_cast<u32>(payload_.size()));
    put(out_, payload_);
  }
  Bytes out_ = {0, 'a', 's', 'm', 1, 0, 0, 0};
  Bytes payload_;
};

}  // namespace

std::vector<u8> encode(const Draft& draft) {
  Writer w;
  w.types(draft.types);
  w.section(2, draft.imports, import);
  w.section(3, draft.funcs, [](Bytes& out, const DraftFunc& f) { append_u32(out, f.type); });
  w.section(4, draft.tables, [](Bytes& out, const DraftTable& t) {
    if (!t.init.empty()) out.insert(out.end(), {0x40, 0x00});
    table_type(out, t.type);
    put(out, t.init);
  });
  w.section(5, draft.memories, memory_type);
  w.section(13, draft.tags, [](Bytes& out, u32 type) {
    out.push_back(0);
    append_u32(out, type);
  });
  w.section(6, draft.globals, [](Bytes& out, const DraftGlobal& g) {
    global_type(out, g.type);
    put(out, g.init);
  });
  w.section(7, draft.exports, [](Bytes& out, const DraftExport& e) {
    name(out, e.name);
    out.push_back(static_cast<u8>(e.kind));
    append_u32(out, e.index);
  });
  if (draft.start) w.number(8, *draft.start);
  w.section(9, draft.elems, elem);
  if (!draft.datas.empty()) w.number(12, static_cast<u32>(draft.datas.size()));
  w.section(10, draft.funcs, body);
  w.section(11, draft.datas, data);
  return w.take();
}

}  // namespace dewar::diff
