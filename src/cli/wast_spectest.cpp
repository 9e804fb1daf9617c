// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Host functions and entities of the module "spectest". What they print is kept for `--verbose`, never interpreted.
#include "cli/wast_spectest.h"

#include <bit>

#include "base/print.h"

namespace dewar::cli {

using wasm::CanonValType;

namespace {

constexpr CanonValType kValI32{CanonValType::kI32}, kValI64{CanonValType::kI64}, kValF32{CanonValType::kF32},
    kValF64{CanonValType::kF64};
constexpr u64 kTableMin = 10, kTableMax = 20;
constexpr u64 kMemoryMin = 1, kMemoryMax = 2;
constexpr usize kMaxOutput = usize{1} << 20;

void append_value(std::string& out, CanonValType type, Slot slot) {
  switch (type.kind()) {
    case CanonValType::kI32:
      base::append_dec_signed(out, static_cast<i32>(static_cast<u32>(slot)));
      out += " : i32";
      return;
    case CanonValType::kI64:
      base::append_dec_signed(out, static_cast<i64>(slot));
      out += " : i64";
      return;
    case CanonValType::kF32: out += base::hex(static_cast<u32>(slot), 8) + " : f32 bits"; return;
    default: out += base::hex(slot, 16) + " : f64 bits"; return;
  }
}

void define_global(runtime::Store& store, runtime::Linker& linker, std::string_view name, CanonValType type,
                   Slot bits) {
  const Slot value[2] = {bits, 0};
  runtime::Extern global;
  global.kind = wasm::ExternKind::global;
  global.global = store.new_global({type, false}, value);
  linker.define("spectest", name, global);
}

Result<void> define_table(runtime::Store& store, runtime::Linker& linker, std::string_view name, bool is64) {
  wasm::CanonTableType type;
  type.elem = CanonValType::ref(wasm::Heap::func, true);
  type.limits = {kTableMin, kTableMax, true, is64};
  auto table = store.new_table(type, runtime::kNullRef);
  if (!table) return std::unexpected(table.error());
  runtime::Extern value;
  value.kind = wasm::ExternKind::table;
  value.table = *table;
  linker.define("spectest", name, value);
  return {};
}

Result<void> define_memory(runtime::Store& store, runtime::Linker& linker, std::string_view name, bool shared) {
  wasm::MemoryType type;
  type.limits = {kMemoryMin, kMemoryMax, true, false};
  type.shared = shared;
  auto memory = store.new_memory(type);
  if (!memory) return std::unexpected(memory.error());
  runtime::Extern value;
  value.kind = wasm::ExternKind::memory;
  value.memory = std::move(*memory);
  linker.define("spectest", name, value);
  return {};
}

}  // namespace

runtime::HostStatus Spectest::print(runtime::CallContext& ctx, const Slot* args, Slot*) {
  const auto* env = static_cast<const PrintEnv*>(ctx.env);
  std::string& out = *env->output;
  if (out.size() > kMaxOutput) return runtime::HostStatus::ok;
  for (usize i = 0; i < env->params.size(); ++i) {
    if (i > 0) out += ", ";
    append_value(out, env->params[i], args[i]);
  }
  out += '\n';
  return runtime::HostStatus::ok;
}

Result<void> Spectest::define_print(runtime::Store& store, runtime::Linker& linker, std::string_view name,
                                    std::vector<CanonValType> params) {
  const auto type = store.engine().types().func_type(params, {});
  if (!type) return std::unexpected(type.error());
  PrintEnv& env = envs_.emplace_back(PrintEnv{&output_, std::move(params)});
  const auto func = store.new_host_func(*type, print, &env);
  if (!func) return std::unexpected(func.error());
  runtime::Extern value;
  value.kind = wasm::ExternKind::func;
  value.func = *func;
  linker.define("spectest", name, value);
  return {};
}

Result<void> Spectest::define(runtime::Store& store, runtime::Linker& linker) {
  struct Row {
    std::string_view name;
    std::vector<CanonValType> params;
  };
  const Row prints[] = {
      {"print", {}},
      {"print_i32", {kValI32}},
      {"print_i64", {kValI64}},
      {"print_f32", {kValF32}},
      {"print_f64", {kValF64}},
      {"print_i32_f32", {kValI32, kValF32}},
      {"print_f64_f64", {kValF64, kValF64}},
  };
  for (const Row& row : prints) {
    if (auto r = define_print(store, linker, row.name, row.params); !r) return r;
  }
  define_global(store, linker, "global_i32", kValI32, 666);
  define_global(store, linker, "global_i64", kValI64, 666);
  define_global(store, linker, "global_f32", kValF32, std::bit_cast<u32>(666.6f));
  define_global(store, linker, "global_f64", kValF64, std::bit_cast<u64>(666.6));
  for (const bool is64 : {false, true}) {
    if (auto r = define_table(store, linker, is64 ? "table64" : "table", is64); !r) return r;
  }
  for (const bool shared : {false, true}) {
    if (auto r = define_memory(store, linker, shared ? "shared_memory" : "memory", shared); !r) return r;
  }
  return {};
}

}  // namespace dewar::cli
