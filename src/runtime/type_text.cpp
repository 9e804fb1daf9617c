// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Extern types (spec 2.3.16) as text for messages, close to the text format. Concrete types appear by canonical number,
// so that two texts are equal only if the types look equal.
#include "base/print.h"
#include "runtime/instantiate.h"

namespace dewar::runtime {
namespace {

/// A message stays one line that a person can read, whatever the type.
constexpr usize kMaxTypes = 32;

void append_types(std::string& out, const char* keyword, std::span<const wasm::CanonValType> types) {
  if (types.empty()) return;
  out += std::string(" (") + keyword;
  for (usize i = 0; i < types.size() && i < kMaxTypes; ++i) out += " " + wasm::to_string(types[i]);
  if (types.size() > kMaxTypes) out += " ... " + base::dec(types.size() - kMaxTypes) + " more";
  out += ")";
}

std::string signature(const char* keyword, const wasm::TypeRegistry& types, wasm::CanonId id) {
  std::string out = std::string("(") + keyword;
  append_types(out, "param", types.type(id).params);
  append_types(out, "result", types.type(id).results);
  return out + ")";
}

void append_limits(std::string& out, const wasm::Limits& limits) {
  if (limits.is64) out += " i64";
  out += " " + base::dec(limits.min);
  if (limits.has_max) out += " " + base::dec(limits.max);
}

std::string text(const wasm::CanonTableType& type) {
  std::string out = "(table";
  append_limits(out, type.limits);
  return out + " " + wasm::to_string(type.elem) + ")";
}

std::string text(const wasm::MemoryType& type) {
  std::string out = "(memory";
  append_limits(out, type.limits);
  if (type.page_log2 != 16) out += " (pagesize " + base::dec(type.page_size()) + ")";
  return out + (type.shared ? " shared)" : ")");
}

std::string text(const wasm::CanonGlobalType& type) {
  return type.mut ? "(global (mut " + wasm::to_string(type.type) + "))" : "(global " + wasm::to_string(type.type) + ")";
}

}  // namespace

std::string import_type_text(const wasm::Module& module, u32 import_index) {
  const wasm::Import& import = module.imports[import_index];
  const wasm::TypeRegistry& types = module.registry();
  switch (import.kind) {
    case wasm::ExternKind::func: return signature("func", types, module.canon[module.funcs[import.index].type.value]);
    case wasm::ExternKind::table: {
      const wasm::TableType& t = module.tables[import.index].type;
      return text(wasm::CanonTableType{module.canonical(t.elem), t.limits});
    }
    case wasm::ExternKind::memory: return text(module.memories[import.index]);
    case wasm::ExternKind::global: {
      const wasm::GlobalType& t = module.globals[import.index].type;
      return text(wasm::CanonGlobalType{module.canonical(t.type), t.mut});
    }
    case wasm::ExternKind::tag: return signature("tag", types, module.canon[module.tags[import.index].value]);
  }
  return "?";
}

std::string extern_type_text(Store& store, const Extern& value) {
  const wasm::TypeRegistry& types = store.engine().types();
  switch (value.kind) {
    case wasm::ExternKind::func: return signature("func", types, value.func->type);
    case wasm::ExternKind::table: return text(value.table->current_type());
    case wasm::ExternKind::memory: return text(value.memory->current_type());
    case wasm::ExternKind::global: return text(value.global->type);
    case wasm::ExternKind::tag: return signature("tag", types, value.tag->type);
  }
  return "?";
}

}  // namespace dewar::runtime
