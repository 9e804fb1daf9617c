// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Implementation of TestEngine over the public contracts of runtime/ and exec/.
#include "interrupt/engine_fixture.h"

#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

#include "text/wat.h"
#include "wasm/validate.h"

namespace dewar::test {

using runtime::Outcome;

namespace {

runtime::HostStatus call_body(runtime::CallContext& ctx, const Slot* args, Slot* results) {
  return (*static_cast<TestEngine::Body*>(ctx.env))(ctx, args, results);
}

/// An emulator of user programs (tools/test_aarch64.sh) keeps memory for each page of a reservation, for good:
/// thousands of stores that have room for gigabytes each are more than a machine has.
bool is_emulated() { return std::getenv("DEWAR_EMULATOR") != nullptr; }
runtime::EngineOptions for_this_machine(runtime::EngineOptions options) {
  options.explicit_bounds |= is_emulated();
  return options;
}
runtime::StoreLimits for_this_machine(runtime::StoreLimits limits) {
  if (!is_emulated()) return limits;
  limits.max_memory_bytes = std::min(limits.max_memory_bytes, u64{64} << 20);
  limits.max_gc_bytes = std::min(limits.max_gc_bytes, u64{128} << 20);
  return limits;
}

}  // namespace

TestEngine::TestEngine(const runtime::EngineOptions& options, u64 stack_bytes, const runtime::StoreLimits& limits)
    : engine_(for_this_machine(options)), store_(engine_, for_this_machine(limits)) {
  exec::attach(store_);
  auto stack = runtime::Stack::create(store_, stack_bytes);
  if (!stack) {
    ADD_FAILURE() << stack.error().message;
    return;
  }
  stack_ = std::move(*stack);
}

void TestEngine::host(std::string_view name, std::vector<wasm::CanonValType> params,
                      std::vector<wasm::CanonValType> results, Body body) {
  const auto type = engine_.types().func_type(params, results);
  ASSERT_TRUE(type.has_value());
  Body* kept = bodies_.emplace_back(std::make_unique<Body>(std::move(body))).get();
  const auto func = store_.new_host_func(*type, call_body, kept);
  ASSERT_TRUE(func.has_value()) << func.error().message;
  runtime::Extern value;
  value.kind = wasm::ExternKind::func;
  value.func = *func;
  linker_.define("env", name, value);
}

void TestEngine::share_memory(std::string_view name, std::shared_ptr<runtime::Memory> memory) {
  runtime::Extern value;
  value.kind = wasm::ExternKind::memory;
  value.memory = std::move(memory);
  linker_.define("env", name, value);
}

runtime::Instantiated TestEngine::start(std::string_view wat) {
  auto bytes = text::wat_to_wasm(wat);
  if (!bytes) {
    ADD_FAILURE() << "line " << bytes.error().line << ": " << bytes.error().message;
    return {};
  }
  auto module = wasm::load_module(std::move(*bytes), engine_.types(), engine_.options().features);
  if (!module) {
    ADD_FAILURE() << module.error().message;
    return {};
  }
  auto made = runtime::instantiate(store_, *module, linker_, *stack_);
  if (!made) {
    ADD_FAILURE() << made.error().message;
    return {};
  }
  return *made;
}

runtime::Instance* TestEngine::load(std::string_view wat) {
  const runtime::Instantiated made = start(wat);
  EXPECT_EQ(made.outcome, Outcome::returned);
  return made.outcome == Outcome::returned ? made.instance : nullptr;
}

runtime::Func& TestEngine::func(runtime::Instance& instance, std::string_view name) {
  const auto found = runtime::find_export(instance, name);
  if (!found || found->func == nullptr) {
    ADD_FAILURE() << "no function " << name;
    std::abort();
  }
  return *found->func;
}

std::shared_ptr<runtime::Memory> TestEngine::memory(runtime::Instance& instance, std::string_view name) {
  const auto found = runtime::find_export(instance, name);
  return found ? found->memory : nullptr;
}

u32 TestEngine::global_u32(runtime::Instance& instance, std::string_view name) {
  const auto found = runtime::find_export(instance, name);
  if (!found || found->global == nullptr) {
    ADD_FAILURE() << "no global " << name;
    return 0;
  }
  return static_cast<u32>(found->global->value[0]);
}

Outcome TestEngine::call(runtime::Instance& instance, std::string_view name, std::initializer_list<Slot> args) {
  runtime::Func& callee = func(instance, name);
  usize slots = 0;
  for (const wasm::CanonValType type : engine_.types().type(callee.type).results) slots += type.slots();
  results_.assign(slots, 0);
  const std::vector<Slot> copy(args);
  return exec::invoke(*stack_, callee, copy, results_);
}

std::vector<Mode> matrix_modes() {
  std::vector<Mode> modes;
  runtime::EngineOptions plain;
  plain.quicken = false;
  modes.push_back({"plain", plain});
  modes.push_back({"quickened", {}});
  runtime::EngineOptions probes;
  probes.probe_all = true;
  modes.push_back({"probes", probes});
  runtime::EngineOptions garbage;
  garbage.garbage_upper = true;
  modes.push_back({"garbage", garbage});
  runtime::EngineOptions gc;
  gc.gc_stress = true;
  modes.push_back({"gc_stress", gc});
  runtime::EngineOptions bounds;
  bounds.explicit_bounds = true;
  modes.push_back({"bounds", bounds});
  runtime::EngineOptions baseline;
  baseline.tier = runtime::Tier::baseline;
  modes.push_back({"baseline", baseline});
  baseline.cpu_level = 1;
  baseline.explicit_bounds = true;
  modes.push_back({"baseline_least", baseline});
  baseline.cpu_level = 0;
  baseline.explicit_bounds = false;
  baseline.mix_tiers = true;
  modes.push_back({"mixed", baseline});
  runtime::EngineOptions automatic;
  automatic.tier = runtime::Tier::automatic;
  automatic.tiering.heat = 20;
  automatic.tiering.background = false;
  modes.push_back({"auto", automatic});
  automatic.tiering.eager = true;
  modes.push_back({"eager", automatic});
  for (const u64 seed : {1, 2}) {
    runtime::EngineOptions random;
    random.tier = runtime::Tier::random;
    random.tiering.seed = seed;
    random.gc_stress = seed == 2;
    modes.push_back({seed == 1 ? "random" : "random2", random});
  }
  return modes;
}

}  // namespace dewar::test
