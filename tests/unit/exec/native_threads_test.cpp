// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Several threads, each with a store and a stack, on one set of code: functions are compiled once, whoever comes first;
// nobody waits for that, and all get the interpreter's results, also while probes come and go.
#include <atomic>
#include <thread>

#include "exec/probe_point.h"
#include "exec/tier.h"
#include "exec_fixture.h"
#include "runtime/instantiate.h"
#include "text/wat.h"
#include "wasm/validate.h"

namespace dewar::test {
namespace {

using runtime::Outcome;

constexpr u32 kFunctions = 60, kThreads = 4;

/// Function i is called by i+1 and adds i; the last, "f", calls them all.
std::string chain() {
  std::string wat = "(module (memory 1) (func $f0 (param i32) (result i32) (local.get 0))\n";
  for (u32 i = 1; i <= kFunctions; ++i) {
    const std::string n = std::to_string(i);
    wat += "(func $f" + n + (i == kFunctions ? " (export \"f\")" : "") + " (param i32) (result i32) (local i32)" +
           "(local.set 1 (i32.add (call $f" + std::to_string(i - 1) + " (local.get 0)) (i32.const " + n + ")))" +
           "(loop (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))" +
           " (br_if 0 (i32.and (i32.load (i32.const 8)) (i32.const 3)))) (local.get 1))\n";
  }
  return wat + ")";
}
constexpr u32 kSum = kFunctions * (kFunctions + 1) / 2;

/// An engine and a set that its threads share.
struct Shared {
  explicit Shared(const runtime::EngineOptions& options) : engine(options) {
    auto bytes = text::wat_to_wasm(chain());
    EXPECT_TRUE(bytes.has_value());
    auto loaded = wasm::load_module(std::move(*bytes), engine.types(), options.features);
    EXPECT_TRUE(loaded.has_value());
    module = std::move(*loaded);
    codes = base::Ref<runtime::CodeSet>(new runtime::CodeSet(module));
  }
  /// Calls "f" so often in a store of its own; how often the result was right.
  u32 call_it(u32 times) {
    runtime::Store store(engine);
    exec::attach(store);
    auto stack = runtime::Stack::create(store);
    if (!stack) return 0;
    auto made = store.new_instance(module, codes);
    if (!made) return 0;
    runtime::Instance& instance = **made;
    auto memory = store.new_memory(module->memories[0]);
    if (!memory) return 0;
    instance.memories = std::make_unique<runtime::Memory*[]>(1);
    instance.memories[0] = memory->get();
    instance.memory_owners = {*memory};
    instance.memory0 = (*memory)->base;
    instance.funcs = std::make_unique<runtime::Func*[]>(module->funcs.size());
    for (u32 i = 0; i < module->funcs.size(); ++i)
      instance.funcs[i] = store.new_wasm_func(codes->at(i).type, &codes->at(i), &instance);
    u32 right = 0;
    for (u32 i = 0; i < times; ++i) {
      (*stack)->fuel = kPlenty;
      const Slot arg = i;
      Slot result = 0;
      const auto outcome = exec::invoke(**stack, *instance.funcs[kFunctions], {&arg, 1}, {&result, 1});
      right += outcome == Outcome::returned && static_cast<u32>(result) == i + kSum;
    }
    return right;
  }
  runtime::Engine engine;
  base::Ref<const wasm::Module> module;
  base::Ref<runtime::CodeSet> codes;
};

TEST(NativeThreads, OneSetIsCompiledByAllWhoCallIt) {
  for (int round = 0; round < 5; ++round) {
    for (const bool mixed : {false, true}) {
      runtime::EngineOptions options;
      options.tier = runtime::Tier::baseline;
      options.mix_tiers = mixed;
      Shared shared(options);
      std::atomic<u32> right{0};
      std::vector<std::jthread> threads;
      for (u32 t = 0; t < kThreads; ++t) threads.emplace_back([&] { right += shared.call_it(20); });
      threads.clear();
      EXPECT_EQ(right.load(), kThreads * 20);
#if defined(__x86_64__)
      u32 compiled = 0;
      for (u32 i = 0; i <= kFunctions; ++i) {
        compiled += shared.codes->at(i).native.load() != nullptr;
        EXPECT_EQ(shared.codes->at(i).compiling.load(), runtime::FuncCode::kUnclaimed) << i;
      }
      EXPECT_EQ(compiled, mixed ? kFunctions / 2 + 1 : kFunctions + 1);
#endif
    }
  }
}

#if defined(__x86_64__)
TEST(NativeThreads, WhatIsCompiledMeanwhileIsInterpreted) {
  // A thread that compiles has claimed the function; calls of it do not wait.
  runtime::EngineOptions options;
  options.tier = runtime::Tier::baseline;
  Shared shared(options);
  runtime::FuncCode& code = shared.codes->at(5);
  code.compiling = runtime::FuncCode::kClaimed;
  EXPECT_EQ(shared.call_it(3), 3u);
  EXPECT_EQ(code.native.load(), nullptr);
  EXPECT_NE(shared.codes->at(6).native.load(), nullptr);
  EXPECT_FALSE(exec::compile_now(shared.engine, code, {}));
  code.compiling = runtime::FuncCode::kUnclaimed;
  EXPECT_TRUE(exec::compile_now(shared.engine, code, {}));
  EXPECT_NE(code.native.load(), nullptr);
  EXPECT_FALSE(exec::compile_now(shared.engine, code, {})) << "there is code already";
  EXPECT_EQ(shared.call_it(3), 3u);
}

TEST(NativeThreads, WhoIsStoppedCanTryAgain) {
  runtime::EngineOptions options;
  options.tier = runtime::Tier::baseline;
  options.mix_tiers = true;
  Shared shared(options);
  EXPECT_EQ(shared.call_it(1), 1u);
  runtime::FuncCode& code = shared.codes->at(7);
  const std::atomic<u32> word{1};
  EXPECT_FALSE(exec::compile_now(shared.engine, code, {&word, 1}));
  EXPECT_EQ(code.compiling.load(), runtime::FuncCode::kUnclaimed);
  EXPECT_TRUE(exec::compile_now(shared.engine, code, {}));
  EXPECT_EQ(shared.call_it(1), 1u);
}

TEST(NativeThreads, FunctionsAreCompiledWhileOthersRun) {
  // As a background thread would.
  runtime::EngineOptions options;
  options.tier = runtime::Tier::baseline;
  options.mix_tiers = true;
  Shared shared(options);
  EXPECT_EQ(shared.call_it(1), 1u);
  std::atomic<u32> compiled{0}, right{0};
  {
    std::vector<std::jthread> threads;
    for (u32 t = 0; t < 2; ++t) threads.emplace_back([&] { right += shared.call_it(200); });
    for (u32 t = 0; t < 2; ++t)
      threads.emplace_back([&] {
        for (u32 i = 0; i <= kFunctions; ++i) compiled += exec::compile_now(shared.engine, shared.codes->at(i), {});
      });
  }
  EXPECT_EQ(right.load(), 400u);
  EXPECT_EQ(compiled.load(), kFunctions / 2) << "each function once";
}

TEST(NativeThreads, AFunctionWithAProbeIsNotCompiled) {
  runtime::EngineOptions options;
  options.tier = runtime::Tier::baseline;
  Shared shared(options);
  EXPECT_EQ(shared.call_it(1), 1u);
  runtime::FuncCode& code = shared.codes->at(3);
  const u32 pc = pc_of(*shared.module, 3, wasm::Op::i32_add);
  u32 seen = 0;
  const auto probe = [](void* user, runtime::Stack&, const runtime::FrameState&) { ++*static_cast<u32*>(user); };
  runtime::Store store(shared.engine);
  ASSERT_TRUE(exec::insert_probe(store, *shared.codes, 3, pc, probe, &seen).has_value());
  EXPECT_FALSE(exec::compile_now(shared.engine, code, {}));
  EXPECT_EQ(code.compiling.load(), runtime::FuncCode::kUnclaimed);
  EXPECT_EQ(shared.call_it(2), 2u);
  EXPECT_EQ(seen, 2u);
}
#endif

}  // namespace
}  // namespace dewar::test
