// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types in text (spec 6.4).
#include <array>

#include "base/print.h"
#include "text/module_printer.h"

namespace dewar::text {

using wasm::Heap;
using wasm::ValType;

namespace {

struct HeapText {
  std::string_view name;
  std::string_view shorthand;
};

/// In the order of wasm::Heap; the last, bottom, does not occur in modules.
constexpr std::array<HeapText, static_cast<usize>(Heap::kCount)> kHeaps = {{
    {"func", "funcref"},
    {"nofunc", "nullfuncref"},
    {"extern", "externref"},
    {"noextern", "nullexternref"},
    {"any", "anyref"},
    {"eq", "eqref"},
    {"i31", "i31ref"},
    {"struct", "structref"},
    {"array", "arrayref"},
    {"none", "nullref"},
    {"exn", "exnref"},
    {"noexn", "nullexnref"},
    {"none", "nullref"},
}};

}  // namespace

void ModulePrinter::value_type(ValType type) {
  switch (type.kind()) {
    case ValType::kI32: out_.append("i32"); return;
    case ValType::kI64: out_.append("i64"); return;
    case ValType::kF32: out_.append("f32"); return;
    case ValType::kF64: out_.append("f64"); return;
    case ValType::kV128: out_.append("v128"); return;
    case ValType::kI8: out_.append("i8"); return;
    case ValType::kI16: out_.append("i16"); return;
    case ValType::kRef:
    case ValType::kRefNull: return ref_type(type);
    case ValType::kBottom: break;
  }
  DEWAR_UNREACHABLE("decoded types are never bottom");
}

void ModulePrinter::heap_type(ValType ref) {
  if (!ok()) return;
  if (ref.is_concrete()) {
    types_.append_reference(out_, ref.index().value);
  } else {
    out_.append(kHeaps[static_cast<usize>(ref.heap())].name);
  }
}

void ModulePrinter::ref_type(ValType type) {
  if (type.nullable() && !type.is_concrete()) {
    out_.append(kHeaps[static_cast<usize>(type.heap())].shorthand);
    return;
  }
  out_.append(type.nullable() ? "(ref null " : "(ref ");
  heap_type(type);
  out_.push_back(')');
}

void ModulePrinter::field_type(const wasm::FieldType& field) {
  if (field.mut) out_.append("(mut ");
  value_type(field.type);
  if (field.mut) out_.push_back(')');
}

void ModulePrinter::type_definition(u32 index, u32 indent) {
  const wasm::SubType& type = m_.types[index];
  line(indent);
  out_.append("(type");
  types_.append_definition(out_, index);
  if (!types_.has(index)) {
    out_.append(" (;");
    number(index);
    out_.append(";)");
  }
  out_.push_back(' ');
  const bool sub = !type.is_final || type.has_super;
  if (sub) {
    out_.append(type.is_final ? "(sub final " : "(sub ");
    if (type.has_super) {
      types_.append_reference(out_, type.super.value);
      out_.push_back(' ');
    }
  }
  composite(type, index);
  out_.append(sub ? "))" : ")");
}

void ModulePrinter::composite(const wasm::SubType& type, u32 index) {
  switch (type.kind) {
    case wasm::CompositeKind::func:
      out_.append("(func");
      typed_list("param", type.params, 0, nullptr);
      typed_list("result", type.results, 0, nullptr);
      break;
    case wasm::CompositeKind::struct_: {
      out_.append("(struct");
      Identifiers fields;
      if (!names_.fields.empty()) {
        for (u32 i = 0; i < type.fields.size(); ++i) {
          const auto it = names_.fields.find(wasm::Names::key(index, i));
          if (it != names_.fields.end()) fields.add(i, it->second);
        }
      }
      for (u32 i = 0; i < type.fields.size(); ++i) {
        out_.append(" (field");
        fields.append_definition(out_, i);
        out_.push_back(' ');
        field_type(type.fields[i]);
        out_.push_back(')');
      }
      break;
    }
    case wasm::CompositeKind::array:
      out_.append("(array ");
      field_type(type.fields[0]);
      break;
  }
  out_.push_back(')');
}

/// `(param i32 i64)` for neighbours without names, `(param $x i32)` for each with one.
void ModulePrinter::typed_list(const char* word, std::span<const ValType> types, u32 first, const Identifiers* ids) {
  bool open = false;
  auto close = [&] {
    if (open) out_.push_back(')');
    open = false;
  };
  for (u32 i = 0; i < types.size(); ++i) {
    const bool named = ids != nullptr && ids->has(first + i);
    if (named || !open) {
      close();
      out_.append(" (").append(word);
      open = true;
    }
    if (named) ids->append_definition(out_, first + i);
    out_.push_back(' ');
    value_type(types[i]);
    if (named) close();
  }
  close();
}

void ModulePrinter::type_use(u32 type, const Identifiers* params) {
  out_.append(" (type ");
  types_.append_reference(out_, type);
  out_.push_back(')');
  if (type >= m_.types.size() || m_.types[type].kind != wasm::CompositeKind::func) return;
  typed_list("param", m_.types[type].params, 0, params);
  typed_list("result", m_.types[type].results, 0, nullptr);
}

void ModulePrinter::limits(const wasm::Limits& limits) {
  if (limits.is64) out_.append("i64 ");
  number(limits.min);
  if (limits.has_max) {
    out_.push_back(' ');
    number(limits.max);
  }
}

void ModulePrinter::table_type(const wasm::TableType& type) {
  limits(type.limits);
  out_.push_back(' ');
  ref_type(type.elem);
}

void ModulePrinter::memory_type(const wasm::MemoryType& type) {
  constexpr u8 kDefaultPageLog2 = 16;
  limits(type.limits);
  if (type.shared) out_.append(" shared");
  if (type.page_log2 != kDefaultPageLog2) {
    out_.append(" (pagesize ");
    number(type.page_size());
    out_.push_back(')');
  }
}

void ModulePrinter::global_type(const wasm::GlobalType& type) {
  if (type.mut) out_.append("(mut ");
  value_type(type.type);
  if (type.mut) out_.push_back(')');
}

}  // namespace dewar::text
