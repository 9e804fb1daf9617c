// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Module fields in text, in the order of the binary sections (spec 6.6); imports first, as the text format demands.
#include "text/module_printer.h"

#include <algorithm>

#include "base/print.h"
#include "base/utf8.h"
#include "text/lexer.h"
#include "wasm/custom.h"
#include "wasm/decoder.h"
#include "wasm/type_registry.h"

namespace dewar::text {

using wasm::ExternKind;

namespace {

constexpr u32 kFieldIndent = 1;

std::string_view extern_word(ExternKind kind) {
  switch (kind) {
    case ExternKind::func: return "func";
    case ExternKind::table: return "table";
    case ExternKind::memory: return "memory";
    case ExternKind::global: return "global";
    case ExternKind::tag: return "tag";
  }
  return "";
}

/// Word of a section for `@custom` placement, by section id.
const char* section_word(u8 id) {
  constexpr const char* kWords[] = {"",       "type",  "import", "func", "table", "memory",    "global",
                                    "export", "start", "elem",   "code", "data",  "datacount", "tag"};
  return id < std::size(kWords) ? kWords[id] : "";
}

}  // namespace

ModulePrinter::ModulePrinter(const wasm::Module& module, const PrintOptions& options) : m_(module), options_(options) {
  if (options.names) collect_names();
  hints_ = !module.branch_hints.empty() && wasm::check_custom_sections(module).has_value();
}

void ModulePrinter::collect_names() {
  names_ = wasm::read_names(m_);
  auto size = [](const auto& entities) { return static_cast<u32>(entities.size()); };
  types_ = Identifiers(names_.types, size(m_.types));
  funcs_ = Identifiers(names_.funcs, size(m_.funcs));
  tables_ = Identifiers(names_.tables, size(m_.tables));
  memories_ = Identifiers(names_.memories, size(m_.memories));
  globals_ = Identifiers(names_.globals, size(m_.globals));
  elems_ = Identifiers(names_.elems, size(m_.elems));
  datas_ = Identifiers(names_.datas, size(m_.datas));
  tags_ = Identifiers(names_.tags, size(m_.tags));
}

void ModulePrinter::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

bool ModulePrinter::ok() {
  if (!error_ && out_.size() > options_.max_output) {
    fail({"wat-limit", "the text is longer than " + base::dec(options_.max_output) + " bytes", Error::kNoOffset, 0, 0,
          "raise the limit, or look at single functions with dewar objdump"});
  }
  return !error_.has_value();
}

void ModulePrinter::line(u32 indent) {
  out_.push_back('\n');
  out_.append(usize{2} * indent, ' ');
}

Result<std::string> ModulePrinter::print() {
  out_.append("(module");
  if (!names_.module.empty() && base::is_valid_utf8(names_.module)) {
    out_.push_back(' ');
    append_identifier(out_, names_.module);
  }
  types();
  imports();
  funcs();
  tables();
  memories();
  tags();
  globals();
  exports();
  if (m_.start) {
    line(kFieldIndent);
    out_.append("(start");
    reference(funcs_, m_.start->value);
    out_.push_back(')');
  }
  elems();
  datas();
  customs();
  if (m_.data_count && !names_data_) {
    line(kFieldIndent);
    out_.append("(@").append(kDataCountAnnotation).append(")");
  }
  out_.append(")\n");
  if (!ok()) return std::unexpected(std::move(*error_));
  return std::move(out_);
}

void ModulePrinter::types() {
  for (usize g = 0; g < m_.rec_groups.size() && ok(); ++g) {
    const u32 first = m_.rec_groups[g];
    const u32 end = g + 1 < m_.rec_groups.size() ? m_.rec_groups[g + 1] : static_cast<u32>(m_.types.size());
    const bool group = end - first != 1;
    if (group) {
      line(kFieldIndent);
      out_.append("(rec");
    }
    for (u32 i = first; i < end && ok(); ++i) type_definition(i, group ? kFieldIndent + 1 : kFieldIndent);
    if (group) out_.push_back(')');
  }
}

void ModulePrinter::imports() {
  for (const wasm::Import& import : m_.imports) {
    if (!ok()) return;
    line(kFieldIndent);
    out_.append("(import ");
    append_quoted(out_, import.module);
    out_.push_back(' ');
    append_quoted(out_, import.name);
    out_.append(" (").append(extern_word(import.kind));
    const u32 i = import.index;
    switch (import.kind) {
      case ExternKind::func: {
        funcs_.append_definition(out_, i);
        const Identifiers params = local_names(i, static_cast<u32>(m_.types[m_.funcs[i].type.value].params.size()));
        type_use(m_.funcs[i].type.value, &params);
        break;
      }
      case ExternKind::table:
        tables_.append_definition(out_, i);
        out_.push_back(' ');
        table_type(m_.tables[i].type);
        break;
      case ExternKind::memory:
        memories_.append_definition(out_, i);
        out_.push_back(' ');
        memory_type(m_.memories[i]);
        break;
      case ExternKind::global:
        globals_.append_definition(out_, i);
        out_.push_back(' ');
        global_type(m_.globals[i].type);
        break;
      case ExternKind::tag:
        tags_.append_definition(out_, i);
        type_use(m_.tags[i].value, nullptr);
        break;
    }
    out_.append("))");
  }
}

/// Opens the field of entity `index`: `(word $id` with the index as a comment where there is no identifier.
void ModulePrinter::open_field(const char* word, const Identifiers& ids, u32 index) {
  line(kFieldIndent);
  out_.push_back('(');
  out_.append(word);
  ids.append_definition(out_, index);
  if (!ids.has(index)) {
    out_.append(" (;");
    number(index);
    out_.append(";)");
  }
}

/// Identifiers of a function's parameters and locals, of which it has `count`.
Identifiers ModulePrinter::local_names(u32 func, u32 count) const {
  Identifiers ids;
  const u64 first = wasm::Names::key(func, 0);
  auto it = std::lower_bound(names_.locals.begin(), names_.locals.end(), first,
                             [](const auto& entry, u64 key) { return entry.first < key; });
  for (; it != names_.locals.end(); ++it) {
    const u64 inner = it->first - first;
    if (inner >= count) break;
    ids.add(static_cast<u32>(inner), it->second);
  }
  return ids;
}

void ModulePrinter::funcs() {
  for (u32 i = m_.num_imported_funcs; i < m_.funcs.size() && ok(); ++i) {
    open_field("func", funcs_, i);
    func(i);
    out_.push_back(')');
  }
}

void ModulePrinter::tables() {
  for (u32 i = m_.num_imported_tables; i < m_.tables.size() && ok(); ++i) {
    open_field("table", tables_, i);
    out_.push_back(' ');
    table_type(m_.tables[i].type);
    if (m_.tables[i].init.size != 0) const_expr(m_.tables[i].init, "");
    out_.push_back(')');
  }
}

void ModulePrinter::memories() {
  for (u32 i = m_.num_imported_memories; i < m_.memories.size() && ok(); ++i) {
    open_field("memory", memories_, i);
    out_.push_back(' ');
    memory_type(m_.memories[i]);
    out_.push_back(')');
  }
}

void ModulePrinter::tags() {
  for (u32 i = m_.num_imported_tags; i < m_.tags.size() && ok(); ++i) {
    open_field("tag", tags_, i);
    type_use(m_.tags[i].value, nullptr);
    out_.push_back(')');
  }
}

void ModulePrinter::globals() {
  for (u32 i = m_.num_imported_globals; i < m_.globals.size() && ok(); ++i) {
    open_field("global", globals_, i);
    out_.push_back(' ');
    global_type(m_.globals[i].type);
    const_expr(m_.globals[i].init, "");
    out_.push_back(')');
  }
}

void ModulePrinter::exports() {
  for (const wasm::Export& e : m_.exports) {
    if (!ok()) return;
    line(kFieldIndent);
    out_.append("(export ");
    append_quoted(out_, e.name);
    out_.append(" (").append(extern_word(e.kind));
    const Identifiers* spaces[] = {&funcs_, &tables_, &memories_, &globals_, &tags_};
    reference(*spaces[static_cast<usize>(e.kind)], e.index);
    out_.append("))");
  }
}

void ModulePrinter::elems() {
  for (u32 i = 0; i < m_.elems.size() && ok(); ++i) {
    const wasm::ElemSegment& e = m_.elems[i];
    open_field("elem", elems_, i);
    if (e.mode == wasm::SegmentMode::declarative) out_.append(" declare");
    if (e.mode == wasm::SegmentMode::active) {
      if (e.table.value != 0) {
        out_.append(" (table");
        reference(tables_, e.table.value);
        out_.push_back(')');
      }
      const_expr(e.offset, "offset");
    }
    out_.push_back(' ');
    if (e.exprs) {
      ref_type(e.type);
      for (wasm::Range item : e.items) {
        if (!ok()) return;
        const_expr(item, "item");
      }
    } else {
      out_.append("func");
      for (u32 f : e.funcs) reference(funcs_, f);
    }
    out_.push_back(')');
  }
}

void ModulePrinter::datas() {
  for (u32 i = 0; i < m_.datas.size() && ok(); ++i) {
    const wasm::DataSegment& d = m_.datas[i];
    open_field("data", datas_, i);
    if (d.mode == wasm::SegmentMode::active) {
      if (d.memory.value != 0) {
        out_.append(" (memory");
        reference(memories_, d.memory.value);
        out_.push_back(')');
      }
      const_expr(d.offset, "offset");
    }
    out_.push_back(' ');
    const auto bytes = m_.slice(d.bytes);
    append_quoted_data(out_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    out_.push_back(')');
  }
}

/// The name section is written back from identifiers after the data section; sections behind it go to the end.
void ModulePrinter::customs() {
  bool after_names = false;
  for (const wasm::CustomSection& c : m_.customs) {
    if (!ok()) return;
    if (c.name == wasm::kNameSection && options_.names) {
      after_names = true;
      continue;
    }
    if (c.name == wasm::kBranchHintSection && hints_) continue;
    line(kFieldIndent);
    out_.append("(@custom ");
    append_quoted(out_, c.name);
    if (after_names) {
      out_.append(" (after last) ");
    } else if (c.after_section == 0) {
      out_.append(" (before first) ");
    } else {
      out_.append(" (after ").append(section_word(c.after_section)).append(") ");
    }
    const auto bytes = m_.slice(c.payload);
    append_quoted_data(out_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    out_.push_back(')');
  }
}

void ModulePrinter::func(u32 index) {
  const u32 type = m_.funcs[index].type.value;
  const u32 params = static_cast<u32>(m_.types[type].params.size());
  std::vector<wasm::ValType> locals;
  const auto start = wasm::read_locals(m_.slice(m_.funcs[index].body), params, locals);
  if (!start) return fail(start.error());
  const Identifiers ids = local_names(index, params + static_cast<u32>(locals.size()));
  type_use(type, &ids);
  if (!locals.empty()) {
    line(kFieldIndent + 1);
    out_.pop_back();  // the list begins with a space of its own
    typed_list("local", locals, params, &ids);
  }
  body(index, *start, ids);
}

Result<std::string> print_module(const wasm::Module& module, const PrintOptions& options) {
  return ModulePrinter(module, options).print();
}

Result<std::string> wasm_to_wat(std::span<const u8> bytes, const PrintOptions& options) {
  wasm::TypeRegistry registry;
  auto module = wasm::decode(std::vector<u8>(bytes.begin(), bytes.end()), registry);
  if (!module) return std::unexpected(std::move(module.error()));
  return print_module(**module, options);
}

}  // namespace dewar::text
