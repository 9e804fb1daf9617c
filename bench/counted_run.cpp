// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "counted_run.h"

#include <array>
#include <cstring>
#include <memory>

#include "exec/exec.h"
#include "exec/interp/handler.h"
#include "host/wasi_p1/session.h"
#include "runtime/instantiate.h"
#include "wasm/validate.h"

namespace dewar::bench {

namespace {

using exec::interp::FuncCode;
using exec::interp::Handler;
using exec::interp::Instance;
using exec::interp::SideEntry;
using exec::interp::Stack;

// The program is single-threaded and runs one module at a time: the counting handler finds its counters here.
struct Counting {
  const Handler* real = nullptr;
  const FuncCode* first_code = nullptr;
  std::vector<std::vector<u64>> counts;
};
Counting counting;

[[gnu::noinline]] void count(const FuncCode* code, const u8* pc) {
  ++counting.counts[static_cast<usize>(code - counting.first_code)][static_cast<usize>(pc - code->body)];
}

DEWAR_HANDLER(count_and_run) {
  count(code, pc);
  [[clang::musttail]] return counting.real[*pc](DEWAR_INTERP_ARGS);
}

}  // namespace

Result<CountedRun> run_counted(std::vector<u8> bytes, const std::vector<std::string>& args) {
  // Canonical types live as long as the process, as the module that is returned refers to them.
  static runtime::Engine engine([] {
    runtime::EngineOptions options;
    options.quicken = false;
    return options;
  }());
  auto module = wasm::load_module(std::move(bytes), engine.types(), engine.options().features);
  if (!module) return std::unexpected(std::move(module.error()));

  wasi_p1::Config config;
  config.grants.args = args;
  auto session = wasi_p1::Session::create(std::move(config));
  if (!session) return std::unexpected(std::move(session.error()));
  runtime::Store store(engine);
  exec::attach(store);
  auto stack = runtime::Stack::create(store, runtime::Stack::kDefaultBytes);
  if (!stack) return std::unexpected(std::move(stack.error()));
  (*stack)->fuel = INT64_MAX;
  runtime::Linker linker;
  if (auto ok = wasi_p1::define_wasi(linker, store, **session, module->get()); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  auto made = runtime::instantiate(store, *module, linker, **stack);
  if (!made) return std::unexpected(std::move(made.error()));
  const auto start = runtime::find_export(*made->instance, "_start");
  if (made->outcome != runtime::Outcome::returned || !start || start->kind != wasm::ExternKind::func) {
    return fail("bench-program", "not a WASI command");
  }

  runtime::CodeSet& codes = *made->instance->codes;
  const bool guarded = (*module)->memories.empty() || runtime::Memory::is_guarded((*module)->memories[0], false);
  const auto* real = static_cast<const Handler*>(exec::interp::dispatch_table(engine.options(), guarded));
  static std::array<Handler, exec::interp::kTableSize> table;
  std::memcpy(table.data(), real, sizeof table);
  for (u32 byte = 0; byte < 256; ++byte) table[byte] = count_and_run;
  counting = {real, codes.data(), {}};
  for (u32 i = 0; i < codes.count(); ++i) {
    counting.counts.emplace_back((*module)->funcs[(*module)->num_imported_funcs + i].body.size);
  }
  codes.dispatch.store(table.data(), std::memory_order_release);

  const runtime::Outcome ended = exec::invoke(**stack, *start->func, {}, {});
  if (ended != runtime::Outcome::returned && !(ended == runtime::Outcome::exited && (*stack)->exit_code == 0)) {
    return fail("bench-program", "the program failed");
  }
  return CountedRun{*module, std::move(counting.counts)};
}

}  // namespace dewar::bench
