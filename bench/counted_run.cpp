// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "counted_run.h"

#include <array>
#include <cstring>
#include <memory>

#include "exec/exec.h"
#include "exec/interp/handler.h"
#include "exec/tier.h"
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

/// A command that is ready to run. Members are in the order in which they need each other.
struct Command {
  std::unique_ptr<wasi_p1::Session> session;
  std::unique_ptr<runtime::Store> store;
  std::unique_ptr<Stack> stack;
  base::Ref<wasm::Module> module;
  Instance* instance = nullptr;
  runtime::Func* start = nullptr;
};

Result<Command> load_command(runtime::Engine& engine, std::vector<u8> bytes, const std::vector<std::string>& args) {
  Command command;
  auto module = wasm::load_module(std::move(bytes), engine.types(), engine.options().features);
  if (!module) return std::unexpected(std::move(module.error()));
  command.module = *module;
  wasi_p1::Config config;
  config.grants.args = args;
  auto session = wasi_p1::Session::create(std::move(config));
  if (!session) return std::unexpected(std::move(session.error()));
  command.session = std::move(*session);
  command.store = std::make_unique<runtime::Store>(engine);
  exec::attach(*command.store);
  auto stack = Stack::create(*command.store, Stack::kDefaultBytes);
  if (!stack) return std::unexpected(std::move(stack.error()));
  command.stack = std::move(*stack);
  command.stack->fuel = INT64_MAX;
  runtime::Linker linker;
  if (auto ok = wasi_p1::define_wasi(linker, *command.store, *command.session, command.module.get()); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  auto made = runtime::instantiate(*command.store, command.module, linker, *command.stack);
  if (!made) return std::unexpected(std::move(made.error()));
  const auto start = runtime::find_export(*made->instance, "_start");
  if (made->outcome != runtime::Outcome::returned || !start || start->kind != wasm::ExternKind::func) {
    return fail("bench-program", "not a WASI command");
  }
  command.instance = made->instance;
  command.start = start->func;
  return command;
}

bool ends_well(Command& command) {
  const runtime::Outcome ended = exec::invoke(*command.stack, *command.start, {}, {});
  return ended == runtime::Outcome::returned || (ended == runtime::Outcome::exited && command.stack->exit_code == 0);
}

}  // namespace

Result<CountedRun> run_counted(std::vector<u8> bytes, const std::vector<std::string>& args) {
  // Canonical types live as long as the process, as the module that is returned refers to them.
  static runtime::Engine engine([] {
    runtime::EngineOptions options;
    options.quicken = false;
    return options;
  }());
  auto command = load_command(engine, std::move(bytes), args);
  if (!command) return std::unexpected(std::move(command.error()));
  const wasm::Module& module = *command->module;
  runtime::CodeSet& codes = *command->instance->codes;
  const bool guarded = module.memories.empty() || runtime::Memory::is_guarded(module.memories[0], false);
  const auto* real = static_cast<const Handler*>(exec::interp::dispatch_table(engine.options(), guarded));
  static std::array<Handler, exec::interp::kTableSize> table;
  std::memcpy(table.data(), real, sizeof table);
  for (u32 byte = 0; byte < 256; ++byte) table[byte] = count_and_run;
  counting = {real, codes.data(), {}};
  for (u32 i = 0; i < codes.count(); ++i) {
    counting.counts.emplace_back(module.funcs[module.num_imported_funcs + i].body.size);
  }
  codes.dispatch.store(table.data(), std::memory_order_release);
  if (!ends_well(*command)) return fail("bench-program", "the program failed");
  return CountedRun{command->module, std::move(counting.counts)};
}

Result<CompiledRun> run_compiled(std::vector<u8> bytes, const std::vector<std::string>& args) {
  runtime::EngineOptions options;
  options.tier = runtime::Tier::baseline;
  static runtime::Engine engine(options);
  exec::attach_native(engine);
  if (!engine.native()) return fail("bench-program", "no compiler for this machine");
  auto command = load_command(engine, std::move(bytes), args);
  if (!command) return std::unexpected(std::move(command.error()));
  if (!ends_well(*command)) return fail("bench-program", "the program failed");
  return CompiledRun{static_cast<u64>(INT64_MAX - command->stack->fuel), command->stack->native_steps};
}

}  // namespace dewar::bench
