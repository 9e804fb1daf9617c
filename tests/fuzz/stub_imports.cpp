// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Makes import values. Everything is created with the minimum sizes that the import asks for.
#include "fuzz/stub_imports.h"

namespace dewar::fuzz {

using runtime::Extern;
using wasm::CanonValType;
using wasm::ExternKind;

namespace {

/// Results are slots the caller zeroed only by chance, so they are written here.
runtime::HostStatus stub(runtime::CallContext& ctx, const Slot*, Slot* results) {
  const auto& type = *static_cast<const wasm::CanonSubType*>(ctx.env);
  const auto values = default_slots(type.results);
  if (!values) {
    ctx.stack.trap = {};
    ctx.stack.trap.kind = runtime::TrapKind::host;
    return runtime::HostStatus::trap;
  }
  for (usize i = 0; i < values->size(); ++i) results[i] = (*values)[i];
  return runtime::HostStatus::ok;
}

std::optional<Extern> make_func(runtime::Store& store, wasm::CanonId type) {
  const wasm::CanonSubType& sub = store.engine().types().type(type);
  auto func = store.new_host_func(type, stub, const_cast<wasm::CanonSubType*>(&sub));
  if (!func) return std::nullopt;
  Extern value;
  value.func = *func;
  return value;
}

std::optional<Extern> make_table(runtime::Store& store, const wasm::Module& module, const wasm::TableType& type) {
  const wasm::CanonTableType canon{module.canonical(type.elem), type.limits};
  if (!canon.elem.defaultable() && type.limits.min > 0) return std::nullopt;
  auto table = store.new_table(canon, runtime::kNullRef);
  if (!table) return std::nullopt;
  Extern value;
  value.kind = ExternKind::table;
  value.table = *table;
  return value;
}

std::optional<Extern> make_memory(runtime::Store& store, const wasm::MemoryType& type) {
  auto memory = store.new_memory(type);
  if (!memory) return std::nullopt;
  Extern value;
  value.kind = ExternKind::memory;
  value.memory = std::move(*memory);
  return value;
}

std::optional<Extern> make_global(runtime::Store& store, const wasm::Module& module, const wasm::GlobalType& type) {
  const CanonValType canon = module.canonical(type.type);
  if (!canon.defaultable()) return std::nullopt;
  const Slot zero[2] = {0, 0};
  Extern value;
  value.kind = ExternKind::global;
  value.global = store.new_global({canon, type.mut}, zero);
  return value;
}

std::optional<Extern> make_tag(runtime::Store& store, wasm::CanonId type) {
  Extern value;
  value.kind = ExternKind::tag;
  value.tag = store.new_tag(type);
  return value;
}

}  // namespace

std::optional<std::vector<Slot>> default_slots(std::span<const CanonValType> types) {
  std::vector<Slot> slots;
  for (const CanonValType type : types) {
    if (!type.defaultable()) return std::nullopt;
    slots.insert(slots.end(), type.slots(), 0);
  }
  return slots;
}

std::optional<std::vector<Extern>> stub_imports(runtime::Store& store, const wasm::Module& module) {
  std::vector<Extern> values;
  for (const wasm::Import& import : module.imports) {
    std::optional<Extern> value;
    switch (import.kind) {
      case ExternKind::func: value = make_func(store, module.canon[module.funcs[import.index].type.value]); break;
      case ExternKind::table: value = make_table(store, module, module.tables[import.index].type); break;
      case ExternKind::memory: value = make_memory(store, module.memories[import.index]); break;
      case ExternKind::global: value = make_global(store, module, module.globals[import.index].type); break;
      case ExternKind::tag: value = make_tag(store, module.canon[module.tags[import.index].value]); break;
    }
    if (!value) return std::nullopt;
    values.push_back(std::move(*value));
  }
  return values;
}

}  // namespace dewar::fuzz
