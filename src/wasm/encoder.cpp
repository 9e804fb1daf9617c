// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes a module section by section. Canonical form: sections only if they have entries, shortest LEB128s, the
// shortest segment form that says the same, function bodies instruction by instruction with the local groups as
// written. If a body's instructions move, the branch hints that point into it move along; other custom sections are
// copied as they are, so debug information is only right where the bodies were canonical already.
#include "wasm/encoder.h"

#include <algorithm>
#include <string>

#include "base/leb128.h"
#include "wasm/custom.h"
#include "wasm/instr_writer.h"

namespace dewar::wasm {
namespace {

using Bytes = std::vector<u8>;

/// Section ids in the order they are written.
constexpr u8 kOrder[] = {1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11};

void put_bytes(Bytes& out, std::span<const u8> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

void put_name(Bytes& out, std::string_view name) {
  base::append_u32(out, static_cast<u32>(name.size()));
  out.insert(out.end(), name.begin(), name.end());
}

class Encoder {
 public:
  explicit Encoder(const Module& module) : m_(module), hints_(read_branch_hints(module)) {}

  Result<Bytes> run() {
    // Bodies first: where instructions end up decides about the branch hints, which come before them.
    for (u32 i = m_.num_imported_funcs; i < m_.funcs.size(); ++i) body(i);
    constexpr u8 kHeader[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    put_bytes(out_, kHeader);
    customs_after(0);
    for (u8 id : kOrder) {
      payload_.clear();
      if (write_payload(id)) section(id, payload_);
      customs_after(id);
    }
    if (too_long_) return fail("wasm-limit", "a section would be longer than 4 GiB");
    return std::move(out_);
  }

 private:
  void section(u8 id, const Bytes& payload) {
    too_long_ |= payload.size() > 0xffff'ffff;
    out_.push_back(id);
    base::append_u64(out_, payload.size());
    put_bytes(out_, payload);
  }

  void customs_after(u8 id) {
    for (const CustomSection& custom : m_.customs) {
      if (custom.after_section != id) continue;
      payload_.clear();
      put_name(payload_, custom.name);
      if (hints_moved_ && custom.name == kBranchHintSection) {
        put_hints();
      } else {
        put_bytes(payload_, m_.slice(custom.payload));
      }
      section(0, payload_);
    }
  }

  void put_hints() {
    u32 functions = 0;
    for (usize i = 0; i < hints_.size(); ++i) functions += i == 0 || hints_[i].func != hints_[i - 1].func;
    base::append_u32(payload_, functions);
    for (usize first = 0; first < hints_.size();) {
      usize end = first;
      while (end < hints_.size() && hints_[end].func == hints_[first].func) ++end;
      base::append_u32(payload_, hints_[first].func);
      base::append_u32(payload_, static_cast<u32>(end - first));
      for (; first < end; ++first) {
        base::append_u32(payload_, hints_[first].pc);
        payload_.push_back(1);
        payload_.push_back(hints_[first].likely ? 1 : 0);
      }
    }
  }

  /// False if the section has nothing to say.
  bool write_payload(u8 id) {
    switch (id) {
      case 1: return list(m_.rec_groups.size(), [&](usize i) { rec_group(i); });
      case 2: return list(m_.imports.size(), [&](usize i) { import(m_.imports[i]); });
      case 3: return tail(m_.funcs, m_.num_imported_funcs, [&](const Func& f) { put(f.type.value); });
      case 4: return tail(m_.tables, m_.num_imported_tables, [&](const Table& t) { table(t); });
      case 5: return tail(m_.memories, m_.num_imported_memories, [&](const MemoryType& t) { memory(t); });
      case 6:
        return tail(m_.globals, m_.num_imported_globals, [&](const Global& g) {
          global(g.type);
          expr(g.init);
        });
      case 7:
        return list(m_.exports.size(), [&](usize i) {
          put_name(payload_, m_.exports[i].name);
          payload_.push_back(static_cast<u8>(m_.exports[i].kind));
          put(m_.exports[i].index);
        });
      case 8:
        if (m_.start) put(m_.start->value);
        return m_.start.has_value();
      case 9: return list(m_.elems.size(), [&](usize i) { elem(m_.elems[i]); });
      case 10:
        if (m_.funcs.size() == m_.num_imported_funcs) return false;
        put(static_cast<u32>(m_.funcs.size() - m_.num_imported_funcs));
        put_bytes(payload_, code_);
        return true;
      case 11: return list(m_.datas.size(), [&](usize i) { data(m_.datas[i]); });
      case 12:
        if (m_.data_count) put(*m_.data_count);
        return m_.data_count.has_value();
      case 13: return tail(m_.tags, m_.num_imported_tags, [&](TypeIndex t) { tag(t); });
      default: return false;
    }
  }

  template <class Write>
  bool list(usize size, Write write) {
    put(static_cast<u32>(size));
    for (usize i = 0; i < size; ++i) write(i);
    return size != 0;
  }

  /// The entries that are defined here, after the imported ones.
  template <class T, class Write>
  bool tail(const std::vector<T>& all, u32 imported, Write write) {
    return list(all.size() - imported, [&](usize i) { write(all[imported + i]); });
  }

  void put(u32 value) { base::append_u32(payload_, value); }

  void rec_group(usize i) {
    const u32 first = m_.rec_groups[i];
    const u32 end = i + 1 < m_.rec_groups.size() ? m_.rec_groups[i + 1] : static_cast<u32>(m_.types.size());
    if (end - first != 1) {
      payload_.push_back(0x4e);
      put(end - first);
    }
    for (u32 t = first; t < end; ++t) sub_type(m_.types[t]);
  }

  void sub_type(const SubType& type) {
    if (!type.is_final || type.has_super) {
      payload_.push_back(type.is_final ? 0x4f : 0x50);
      put(type.has_super ? 1 : 0);
      if (type.has_super) put(type.super.value);
    }
    switch (type.kind) {
      case CompositeKind::func:
        payload_.push_back(0x60);
        list(type.params.size(), [&](usize i) { write_val_type(payload_, type.params[i]); });
        list(type.results.size(), [&](usize i) { write_val_type(payload_, type.results[i]); });
        break;
      case CompositeKind::struct_:
        payload_.push_back(0x5f);
        list(type.fields.size(), [&](usize i) { field(type.fields[i]); });
        break;
      case CompositeKind::array:
        payload_.push_back(0x5e);
        field(type.fields[0]);
        break;
    }
  }

  void field(const FieldType& f) {
    write_val_type(payload_, f.type);
    payload_.push_back(f.mut ? 1 : 0);
  }

  void limits(const Limits& l, u8 more_flags) {
    payload_.push_back(static_cast<u8>((l.has_max ? 1 : 0) | (l.is64 ? 4 : 0) | more_flags));
    base::append_u64(payload_, l.min);
    if (l.has_max) base::append_u64(payload_, l.max);
  }

  void table_type(const TableType& type) {
    write_val_type(payload_, type.elem);
    limits(type.limits, 0);
  }

  void table(const Table& t) {
    if (t.init.size != 0) {
      payload_.push_back(0x40);
      payload_.push_back(0x00);
    }
    table_type(t.type);
    if (t.init.size != 0) expr(t.init);
  }

  void memory(const MemoryType& type) {
    const bool custom_page = type.page_log2 != 16;
    limits(type.limits, static_cast<u8>((type.shared ? 2 : 0) | (custom_page ? 8 : 0)));
    if (custom_page) put(type.page_log2);
  }

  void global(const GlobalType& type) {
    write_val_type(payload_, type.type);
    payload_.push_back(type.mut ? 1 : 0);
  }

  void tag(TypeIndex type) {
    payload_.push_back(0x00);
    put(type.value);
  }

  void import(const Import& i) {
    put_name(payload_, i.module);
    put_name(payload_, i.name);
    payload_.push_back(static_cast<u8>(i.kind));
    switch (i.kind) {
      case ExternKind::func: put(m_.funcs[i.index].type.value); break;
      case ExternKind::table: table_type(m_.tables[i.index].type); break;
      case ExternKind::memory: memory(m_.memories[i.index]); break;
      case ExternKind::global: global(m_.globals[i.index].type); break;
      case ExternKind::tag: tag(m_.tags[i.index]); break;
    }
  }

  void elem(const ElemSegment& s) {
    const bool plain = s.type == (s.exprs ? kFuncRef : ValType::ref(Heap::func, false));
    const bool active = s.mode == SegmentMode::active;
    const bool short_form = active && s.table.value == 0 && plain;
    const u32 mode_bits = active ? (short_form ? 0 : 2) : s.mode == SegmentMode::passive ? 1 : 3;
    put(mode_bits | (s.exprs ? 4u : 0u));
    if (active) {
      if (!short_form) put(s.table.value);
      expr(s.offset);
    }
    if (!short_form) {
      if (s.exprs) {
        write_val_type(payload_, s.type);
      } else {
        payload_.push_back(0x00);
      }
    }
    if (s.exprs) {
      list(s.items.size(), [&](usize i) { expr(s.items[i]); });
    } else {
      list(s.funcs.size(), [&](usize i) { put(s.funcs[i]); });
    }
  }

  void data(const DataSegment& s) {
    const bool active = s.mode == SegmentMode::active;
    put(!active ? 1 : s.memory.value == 0 ? 0 : 2);
    if (active) {
      if (s.memory.value != 0) put(s.memory.value);
      expr(s.offset);
    }
    put(s.bytes.size);
    put_bytes(payload_, m_.slice(s.bytes));
  }

  void expr(Range range) {
    base::Cursor c(m_.slice(range));
    Error error;
    while (!c.at_end() && read_instr(c, instr_, error)) write_instr(payload_, instr_);
  }

  /// Appends one body to code_. A body that cannot be read to its end is copied as it is.
  void body(u32 func) {
    const std::span<const u8> bytes = m_.slice(m_.funcs[func].body);
    body_.clear();
    const auto hinted = std::equal_range(hints_.begin(), hints_.end(), BranchHint{func, 0, false},
                                         [](const BranchHint& a, const BranchHint& b) { return a.func < b.func; });
    auto hint = hinted.first;
    new_pcs_.clear();
    const bool readable = body_instructions(bytes, [&](u32 old_pc) {
      for (; hint != hinted.second && hint->pc <= old_pc; ++hint) {
        new_pcs_.push_back(hint->pc == old_pc ? static_cast<u32>(body_.size()) : hint->pc);
      }
    });
    if (!readable) body_.assign(bytes.begin(), bytes.end());
    base::append_u64(code_, body_.size());
    put_bytes(code_, body_);
    if (!readable || body_.size() == bytes.size()) return;
    for (usize i = 0; i < new_pcs_.size(); ++i) {
      hints_moved_ |= (hinted.first + static_cast<std::ptrdiff_t>(i))->pc != new_pcs_[i];
      (hinted.first + static_cast<std::ptrdiff_t>(i))->pc = new_pcs_[i];
    }
  }

  /// Re-encodes locals and instructions into body_; false if the bytes are not well-formed.
  template <class AtInstr>
  bool body_instructions(std::span<const u8> bytes, AtInstr at_instr) {
    base::Cursor c(bytes);
    Error error;
    const u32 groups = c.leb_u32();
    base::append_u32(body_, groups);
    for (u32 i = 0; i < groups && c.ok(); ++i) {
      base::append_u32(body_, c.leb_u32());
      ValType type;
      if (!read_val_type(c, type, error)) return false;
      write_val_type(body_, type);
    }
    while (!c.at_end()) {
      at_instr(static_cast<u32>(c.pos()));
      if (!read_instr(c, instr_, error)) return false;
      write_instr(body_, instr_);
    }
    return c.ok();
  }

  const Module& m_;
  std::vector<BranchHint> hints_;
  Bytes out_, payload_, code_, body_;
  std::vector<u32> new_pcs_;
  Instr instr_;
  bool hints_moved_ = false;
  bool too_long_ = false;
};

}  // namespace

Result<std::vector<u8>> encode(const Module& module) { return Encoder(module).run(); }

}  // namespace dewar::wasm
