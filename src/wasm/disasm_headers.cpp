// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The section listing: a table of the sections as they stand in the bytes, then every entity, one line each.
#include "base/cursor.h"
#include "base/utf8.h"
#include "wasm/disasm.h"
#include "wasm/disasm_text.h"
#include "wasm/type_registry.h"

namespace dewar::wasm {
namespace {

constexpr const char* kSectionNames[] = {"custom", "type",  "import",  "function", "table", "memory",     "global",
                                         "export", "start", "element", "code",     "data",  "data count", "tag"};
constexpr const char* kKinds[] = {"func", "table", "memory", "global", "tag"};

std::string number(u64 value) { return std::to_string(value); }

std::string pad(std::string text, usize width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string limits_text(const Limits& limits) {
  return (limits.is64 ? "i64 " : "") + number(limits.min) + (limits.has_max ? " " + number(limits.max) : "");
}

std::string memory_text(const MemoryType& type) {
  return limits_text(type.limits) + (type.shared ? " shared" : "") +
         (type.page_log2 != 16 ? " (pagesize " + number(type.page_size()) + ")" : "");
}

std::string table_text(const TableType& type) { return limits_text(type.limits) + " " + to_string(type.elem); }

std::string global_text(const GlobalType& type) {
  return type.mut ? "(mut " + to_string(type.type) + ")" : to_string(type.type);
}

const char* mode_text(SegmentMode mode) {
  switch (mode) {
    case SegmentMode::passive: return "passive";
    case SegmentMode::active: return "active";
    case SegmentMode::declarative: return "declarative";
  }
  return "";
}

}  // namespace

/// Writes the listing of one module.
class HeaderLister {
 public:
  HeaderLister(const Disassembler& d, std::string& out) : d_(d), m_(d.module_), out_(out) {}

  void list() {
    sections();
    types();
    imports();
    functions();
    for (u32 i = m_.num_imported_tables; i < m_.tables.size(); ++i) {
      const Table& t = m_.tables[i];
      entry("table", i, d_.names_.tables.get(i), table_text(t.type) + (t.init.size ? " = " + expr(t.init) : ""));
    }
    for (u32 i = m_.num_imported_memories; i < m_.memories.size(); ++i) {
      entry("memory", i, d_.names_.memories.get(i), memory_text(m_.memories[i]));
    }
    for (u32 i = m_.num_imported_tags; i < m_.tags.size(); ++i) {
      entry("tag", i, d_.names_.tags.get(i), "(type " + number(m_.tags[i].value) + ")");
    }
    for (u32 i = m_.num_imported_globals; i < m_.globals.size(); ++i) {
      const Global& g = m_.globals[i];
      entry("global", i, d_.names_.globals.get(i), global_text(g.type) + " = " + expr(g.init));
    }
    for (const Export& e : m_.exports) {
      text_line("export " + quoted(e.name) + " = " + kKinds[static_cast<usize>(e.kind)] + "[" + number(e.index) + "]");
    }
    if (m_.start) text_line("start func[" + number(m_.start->value) + "]" + d_.func_label(m_.start->value));
    segments();
    for (const CustomSection& c : m_.customs) {
      text_line("custom " + quoted(c.name) + " at 0x" + hex(c.payload.offset, 6) + ", " + number(c.payload.size) +
                " bytes");
    }
  }

 private:
  void sections() {
    text_line("sections:");
    base::Cursor c(m_.bytes());
    c.skip(8);
    while (!c.at_end()) {
      const u64 at = c.offset();
      const u8 id = c.byte();
      const u32 size = c.leb_u32();
      base::Cursor payload = c.sub(size);
      if (!c.ok() || id >= std::size(kSectionNames)) return;
      std::string text = "  " + pad(kSectionNames[id], 11) + " at 0x" + hex(at, 6) + ", " + number(size) + " bytes";
      if (id == 0) {
        const auto name = payload.bytes(payload.leb_u32());
        text += " " + quoted({reinterpret_cast<const char*>(name.data()), name.size()});
      } else if (id == 8) {
        text += ", func " + number(payload.leb_u32());
      } else {
        text += ", " + number(payload.leb_u32()) + (id == 1 ? " groups" : " entries");
      }
      text_line(std::move(text));
    }
  }

  void types() {
    for (u32 i = 0; i < m_.types.size(); ++i) {
      const SubType& t = m_.types[i];
      std::string text = type_text(t);
      if (t.group_size > 1) text += " in group " + number(t.group_first) + "+" + number(t.group_size);
      entry("type", i, d_.names_.types.get(i), std::move(text));
    }
  }

  void imports() {
    for (const Import& i : m_.imports) {
      std::string text = "import " + quoted(i.module) + " " + quoted(i.name) + " = " +
                         kKinds[static_cast<usize>(i.kind)] + "[" + number(i.index) + "] ";
      switch (i.kind) {
        case ExternKind::func: text += type_text(m_.func_type(FuncIndex{i.index}), 100); break;
        case ExternKind::table: text += table_text(m_.tables[i.index].type); break;
        case ExternKind::memory: text += memory_text(m_.memories[i.index]); break;
        case ExternKind::global: text += global_text(m_.globals[i.index].type); break;
        case ExternKind::tag: text += "(type " + number(m_.tags[i.index].value) + ")"; break;
      }
      text_line(std::move(text));
    }
  }

  void functions() {
    for (u32 i = m_.num_imported_funcs; i < m_.funcs.size(); ++i) {
      const Func& f = m_.funcs[i];
      text_line("func[" + number(i) + "]" + d_.func_label(i) + " (type " + number(f.type.value) + ") at 0x" +
                hex(f.body.offset, 6) + ", " + number(f.body.size) + " bytes");
    }
  }

  void segments() {
    for (u32 i = 0; i < m_.elems.size(); ++i) {
      const ElemSegment& s = m_.elems[i];
      std::string text = std::string(mode_text(s.mode)) + " " + to_string(s.type) + ", " + number(s.count) + " entries";
      if (s.mode == SegmentMode::active) text += ", table " + number(s.table.value) + " at " + expr(s.offset);
      entry("elem", i, d_.names_.elems.get(i), std::move(text));
    }
    for (u32 i = 0; i < m_.datas.size(); ++i) {
      const DataSegment& s = m_.datas[i];
      std::string text =
          std::string(mode_text(s.mode)) + ", " + number(s.bytes.size) + " bytes at 0x" + hex(s.bytes.offset, 6);
      if (s.mode == SegmentMode::active) text += ", memory " + number(s.memory.value) + " at " + expr(s.offset);
      entry("data", i, d_.names_.datas.get(i), std::move(text));
    }
  }

  std::string expr(Range range) const { return expr_text(m_.slice(range)); }

  static std::string quoted(std::string_view name) {
    return "\"" + clip(base::escape_for_terminal(name.substr(0, 4 * kMaxName)), kMaxName) + "\"";
  }

  void entry(const char* kind, u32 index, std::string_view name, std::string text) {
    text_line(std::string(kind) + "[" + number(index) + "]" + d_.label(name) + " " + std::move(text));
  }

  void text_line(std::string text) {
    out_ += clip(std::move(text), kMaxText + kMaxName + 40);
    out_ += '\n';
  }

  const Disassembler& d_;
  const Module& m_;
  std::string& out_;
};

void Disassembler::headers(std::string& out) const { HeaderLister(*this, out).list(); }

}  // namespace dewar::wasm
