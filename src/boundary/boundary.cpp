// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Binding of descriptors to functions of a store, and the choice of the memory that a caller's pointers mean.
#include "boundary/boundary.h"

#include "boundary/host_call.h"
#include "runtime/store.h"
#include "wasm/module.h"

namespace dewar::boundary {
namespace {

wasm::CanonValType value_type(char letter) {
  switch (letter) {
    case 'i': return wasm::CanonValType(wasm::CanonValType::kI32);
    case 'I': return wasm::CanonValType(wasm::CanonValType::kI64);
    case 'f': return wasm::CanonValType(wasm::CanonValType::kF32);
    default: return wasm::CanonValType(wasm::CanonValType::kF64);
  }
}

Result<wasm::CanonId> function_type(wasm::TypeRegistry& types, const ImportDesc& desc) {
  std::vector<wasm::CanonValType> params, results;
  const usize colon = desc.num_params();
  for (usize i = 0; i < colon; ++i) params.push_back(value_type(desc.sig[i]));
  for (usize i = colon + 1; i < desc.sig.size(); ++i) results.push_back(value_type(desc.sig[i]));
  return types.func_type(params, results);
}

}  // namespace

Binding& Boundary::bind(const ImportDesc& desc, void* host) {
  bindings_.push_back({&desc, this, host, 0, desc.num_params(), desc.num_results()});
  return bindings_.back();
}

Result<void> Boundary::define(runtime::Linker& linker, runtime::Store& store, std::span<const ImportDesc> rows,
                              void* host, std::string_view module) {
  for (const ImportDesc& desc : rows) {
    auto type = function_type(store.engine().types(), desc);
    if (!type) return std::unexpected(type.error());
    auto func = store.new_host_func(*type, dispatcher(store), &bind(desc, host));
    if (!func) return std::unexpected(func.error());
    runtime::Extern value;
    value.kind = wasm::ExternKind::func;
    value.func = *func;
    linker.define(module.empty() ? desc.module : module, desc.name, value);
  }
  return {};
}

Result<runtime::Func*> Boundary::bind_dynamic(runtime::Store& store, wasm::CanonId type, const ImportDesc& desc,
                                              void* host) {
  DynamicDesc& copy =
      dynamic_.emplace_back(DynamicDesc{std::string(desc.module), std::string(desc.name), std::string(desc.sig), desc});
  copy.desc.module = copy.module;
  copy.desc.name = copy.name;
  copy.desc.sig = copy.sig;
  return store.new_host_func(type, dispatcher(store), &bind(copy.desc, host));
}

runtime::Memory* Boundary::memory_of(runtime::Instance* caller) {
  if (DEWAR_LIKELY(caller == last_caller_)) return last_memory_;
  runtime::Memory* memory = nullptr;
  if (caller && caller->module) {
    u32 index = 0;
    for (const wasm::Export& e : caller->module->exports) {
      if (e.kind == wasm::ExternKind::memory && e.name == "memory") index = e.index;
    }
    if (index < caller->module->memories.size()) memory = caller->memories[index];
  } else if (caller && caller->memories) {
    memory = caller->memories[0];
  }
  last_caller_ = caller;
  last_memory_ = memory;
  return memory;
}

}  // namespace dewar::boundary
