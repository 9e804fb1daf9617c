// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// TierOptions::eager: all functions of a module have code before any of them runs; they are paid for when they are
// called; and what stops or limits the work stops or limits this, too.
#include "exec/tier.h"

#include "base/print.h"
#include "exec_fixture.h"
#include "exec_programs.h"
#include "runtime/instantiate.h"
#include "text/wat.h"
#include "wasm/validate.h"

#if defined(__x86_64__)
#include "exec/baseline/stubs.h"
#endif

namespace dewar::test {
namespace {

using runtime::FuncCode;
using runtime::Outcome;
using runtime::Tier;

constexpr Tier kTiers[] = {Tier::baseline, Tier::automatic, Tier::random};

runtime::EngineOptions eager(Tier tier) {
  runtime::EngineOptions options;
  options.tier = tier;
  options.tiering.eager = true;
  return options;
}

u32 compiled(runtime::Instance& instance) {
  u32 count = 0;
  for (u32 i = 0; i < instance.codes->count(); ++i) count += instance.codes->at(i).native.load() != nullptr;
  return count;
}

u32 prepared(runtime::Instance& instance) {
  u32 count = 0;
  for (u32 i = 0; i < instance.codes->count(); ++i)
    count += instance.codes->at(i).frame_slots.load() != FuncCode::kUnprepared;
  return count;
}

constexpr std::string_view kChain = R"((module
    (func $unused (param v128) (local i64 v128) (drop (local.get 2)))
    (func $leaf (param i32) (result i32) (local i64) (i32.mul (local.get 0) (i32.const 3)))
    (func $middle (param i32) (result i32)
      (local $i i32)
      (loop $l (result i32)
        (local.set 0 (call $leaf (local.get 0)))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10)))
        (local.get 0)))
    (func (export "f") (param i32) (result i32) (return_call $middle (call $middle (local.get 0))))))";

TEST(Eager, AllFunctionsHaveCodeBeforeTheFirstCall) {
  for (const Tier tier : kTiers) {
    TestEngine engine(eager(tier)), plain;
    runtime::Instance* const instance = engine.load(kChain);
    runtime::Instance* const wanted = plain.load(kChain);
    ASSERT_NE(instance, nullptr);
    EXPECT_EQ(compiled(*instance), kCompiles ? 4u : 0u);
    EXPECT_EQ(prepared(*instance), 0u);
    EXPECT_EQ(engine.store().code_room(), plain.store().code_room()) << "nothing is paid for before it is called";
    for (u32 i = 0; i < 3; ++i) {
      EXPECT_EQ(call(engine, *instance, "f", {i}), call(plain, *wanted, "f", {i}));
      EXPECT_EQ(engine.store().code_room(), plain.store().code_room());
      EXPECT_EQ(engine.store().code_peak(), plain.store().code_peak());
    }
    EXPECT_EQ(prepared(*instance), 3u);
    for (u32 i = 1; kCompiles && tier != Tier::random && i < 4; ++i) {
      const FuncCode& code = instance->codes->at(i);
      EXPECT_EQ(code.entry.load(), code.native.load()->entry) << "compiled callers go there at once";
    }
  }
}

TEST(Eager, ProgramsDoTheSame) {
  for (const Program& program : kPrograms) {
    TestEngine plain;
    const Did wanted = call(plain, *plain.load(program.wat), "f", {program.argument});
    for (const Tier tier : kTiers) {
      TestEngine engine(eager(tier));
      runtime::Instance* const instance = engine.load(program.wat);
      ASSERT_NE(instance, nullptr);
      EXPECT_EQ(compiled(*instance), kCompiles ? instance->codes->count() : 0u) << program.name;
      EXPECT_EQ(call(engine, *instance, "f", {program.argument}), wanted) << program.name;
      EXPECT_EQ(call(engine, *instance, "f", {program.argument}), wanted) << program.name << ", again";
    }
  }
}

TEST(Eager, TheStartFunctionRunsCompiled) {
  TestEngine engine(eager(Tier::automatic));
  std::vector<bool> seen;
  engine.host("look", {}, {}, [&](runtime::CallContext& ctx, const Slot*, Slot*) {
    seen.push_back(ctx.stack.state.side == nullptr);
    return runtime::HostStatus::ok;
  });
  ASSERT_NE(engine.load(R"((module (import "env" "look" (func $look)) (func $s (call $look)) (start $s)))"), nullptr);
  EXPECT_EQ(seen, std::vector<bool>{kCompiles});
}

TEST(Eager, WhoIsStoppedCompilesNothing) {
  TestEngine engine(eager(Tier::baseline));
  engine.stack().interrupt(runtime::kInterruptKill);
  runtime::Instance* const instance = engine.load(kChain);
  ASSERT_NE(instance, nullptr);
  EXPECT_EQ(compiled(*instance), 0u);
  EXPECT_EQ(call(engine, *instance, "f", {1}).trap, runtime::TrapKind::interrupted);
  engine.stack().clear_interrupt(runtime::kInterruptKill);
  EXPECT_EQ(call(engine, *instance, "f", {1}).results, (std::vector<Slot>{3486784401u})) << "compiled when called";
}

TEST(Eager, ShapesStayWithinTheCodeBudget) {
  // As if all functions had been called: what does not fit then is left to the first call, which traps or not as ever.
  std::string wat = "(module (func (export \"f\") (result i32) (i32.const 1))";
  for (int i = 0; i < 100; ++i) wat += "(func (drop (i32.const 1)))";
  wat += ")";
  runtime::StoreLimits limits;
  limits.max_code_bytes = 101 * runtime::kFuncCodeCharge + 5'000;
  TestEngine engine(eager(Tier::baseline), runtime::Stack::kDefaultBytes, limits);
  runtime::Instance* const instance = engine.load(wat);
  ASSERT_NE(instance, nullptr);
  if (kCompiles) {
    EXPECT_GT(compiled(*instance), 10u);
    EXPECT_LT(compiled(*instance), 50u);
  }
  EXPECT_EQ(call(engine, *instance, "f").outcome, Outcome::returned);
}

#if defined(__x86_64__)
TEST(Eager, WhatDoesNotFitTheArenaIsInterpreted) {
  constexpr u32 kFunctions = 2'000;
  std::string wat = "(module";
  for (u32 i = 0; i < kFunctions; ++i)
    wat += "(func (export \"f" + base::dec(i) + "\") (result i32) (i32.const " + base::dec(i) + "))";
  auto bytes = text::wat_to_wasm(wat + ")");
  ASSERT_TRUE(bytes.has_value());
  auto arena = exec::CodeArena::create(u64{64} << 10);
  ASSERT_TRUE(arena.has_value());
  runtime::Engine engine(eager(Tier::baseline), exec::baseline::make_stubs(std::move(*arena)));
  ASSERT_NE(engine.native(), nullptr);
  const auto module = wasm::load_module(std::move(*bytes), engine.types());
  ASSERT_TRUE(module.has_value());
  runtime::Store store(engine);
  exec::attach(store);
  const auto stack = runtime::Stack::create(store, runtime::Stack::kDefaultBytes);
  ASSERT_TRUE(stack.has_value());
  (*stack)->fuel = kPlenty;
  const auto made = runtime::instantiate(store, *module, runtime::Linker(), **stack);
  ASSERT_TRUE(made.has_value());
  EXPECT_GT(compiled(*made->instance), 100u);
  EXPECT_LT(compiled(*made->instance), kFunctions);
  for (u32 i = 0; i < kFunctions; ++i) {
    Slot result = 0;
    const auto found = runtime::find_export(*made->instance, "f" + base::dec(i));
    ASSERT_EQ(exec::invoke(**stack, *found->func, {}, std::span(&result, 1)), Outcome::returned);
    EXPECT_EQ(static_cast<u32>(result), i);
  }
}
#endif

TEST(Eager, ProbesComeAndGo) {
  runtime::EngineOptions probes = eager(Tier::baseline);
  probes.probe_all = true;
  TestEngine engine(probes), plain;
  runtime::Instance* const instance = engine.load(kChain);
  EXPECT_EQ(compiled(*instance), 0u);
  EXPECT_EQ(call(engine, *instance, "f", {2}), call(plain, *plain.load(kChain), "f", {2}));
}

}  // namespace
}  // namespace dewar::test
