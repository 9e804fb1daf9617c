// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions that the compiler does not take (docs/baseline.md, "Limits"): they stay in the interpreter, nothing else
// differs, and nobody tries again. And what is asked of a compiled frame that was killed: nothing but where it was.
#include "exec/baseline/code_object.h"
#include "exec/code_listing.h"
#include "exec_fixture.h"
#include "wasm/module.h"

namespace dewar::test {
namespace {

#if defined(__x86_64__)

using runtime::FuncCode;
using runtime::Outcome;
using runtime::TrapKind;

runtime::EngineOptions baseline() {
  runtime::EngineOptions options;
  options.tier = runtime::Tier::baseline;
  return options;
}

std::string times(u32 count, std::string_view text) {
  std::string all;
  for (u32 i = 0; i < count; ++i) all += text;
  return all;
}

/// Function 0 is big, "f" calls it. Is it compiled? What it does must be what the interpreter does.
bool is_compiled(const std::string& body, const runtime::EngineOptions& options = baseline()) {
  const std::string wat = "(module (func $big (param i32) (result i32) " + body +
                          " (i32.add (local.get 0) (i32.const 1)))\n"
                          "(func (export \"f\") (param i32) (result i32) (call $big (local.get 0))))";
  TestEngine plain, engine(options);
  runtime::Instance* const wanted = plain.load(wat);
  runtime::Instance* const instance = engine.load(wat);
  if (!wanted || !instance) return false;
  for (const Slot argument : {Slot{0}, Slot{5}}) {
    const Did did = call(engine, *instance, "f", {argument});
    EXPECT_EQ(did, call(plain, *wanted, "f", {argument}));
    EXPECT_EQ(did.outcome, Outcome::returned);
  }
  const FuncCode& big = instance->codes->at(0);
  EXPECT_NE(instance->codes->at(1).native.load(), nullptr) << "the others are compiled";
  EXPECT_EQ(big.compiling.load(), big.native.load() ? FuncCode::kUnclaimed : FuncCode::kInterpreted);
  return big.native.load() != nullptr;
}

TEST(NativeLimits, Bodies) {
  EXPECT_TRUE(is_compiled(times(100'000, "(nop)")));
  EXPECT_TRUE(is_compiled(times((1 << 20) - 10, "(nop)")));
  EXPECT_FALSE(is_compiled(times((1 << 20) + 1, "(nop)")));
}

TEST(NativeLimits, Loops) {
  EXPECT_TRUE(is_compiled(times(128 << 10, "(loop)")));
  EXPECT_FALSE(is_compiled(times((128 << 10) + 1, "(loop)")));
}

TEST(NativeLimits, BlocksOfFuelAreBoundedByTheBodyAlone) {
  EXPECT_TRUE(is_compiled(times(150'000, "(if (local.get 0) (then))")));
}

TEST(NativeLimits, OpenLabels) {
  const auto nested = [](u32 count) { return times(count, "block ") + times(count, "end "); };
  EXPECT_TRUE(is_compiled(nested((16 << 10) - 1)));
  EXPECT_FALSE(is_compiled(nested((16 << 10) + 1)));
  // Also where nothing can be reached: behind a branch that is always taken.
  EXPECT_FALSE(is_compiled("block br 0 " + nested((16 << 10) + 1) + " end"));
}

TEST(NativeLimits, CodeBytes) {
  // Without an instruction for it, a byte of the body becomes about forty of code.
  runtime::EngineOptions least = baseline();
  least.cpu_level = 1;
  EXPECT_TRUE(is_compiled("local.get 0 " + times(50'000, "i32.popcnt ") + "drop", least));
  EXPECT_FALSE(is_compiled("local.get 0 " + times(400'000, "i32.popcnt ") + "drop", least));
}

TEST(NativeLimits, TablesAreAsLargeAsTheyHaveToBe) {
  TestEngine engine(baseline());
  runtime::Instance* const instance =
      engine.load("(module (func $g) (func (export \"f\") (param i32)" +
                  times(1000, "(call $g) (drop (i32.div_u (local.get 0) (local.get 0)))") + "))");
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(engine.call(*instance, "f", {1}), Outcome::returned);
  const auto& object = *static_cast<const exec::baseline::CodeObject*>(instance->codes->at(1).native.load());
  EXPECT_EQ(object.calls.size(), 1000u);
  EXPECT_EQ(object.calls.capacity(), 1000u);
  EXPECT_GE(object.traps.size(), 1000u);
  EXPECT_EQ(object.traps.capacity(), object.traps.size());
}

/// Is the code that runs of function `index`, which was compiled, what is listed? Its listing goes another way through
/// the walker, which tells of one instruction at a time.
void expect_listed(TestEngine& engine, const runtime::Instance& instance, u32 index) {
  const auto* const object = static_cast<const exec::baseline::CodeObject*>(instance.codes->at(index).native.load());
  ASSERT_NE(object, nullptr);
  const auto listing = exec::list_code(engine.engine(), instance.module, index);
  ASSERT_TRUE(listing.has_value());
  std::vector<u8> runs(object->range.code, object->range.code + object->range.size);
  ASSERT_EQ(runs.size(), listing->code.size());
  // But for distances of stubs, and the word at the end.
  for (const exec::CodeReference& reference : listing->references)
    std::copy_n(listing->code.begin() + reference.offset, 4, runs.begin() + reference.offset);
  std::copy(listing->code.end() - 8, listing->code.end(), runs.end() - 8);
  EXPECT_EQ(runs, listing->code);
}

TEST(NativeLimits, AListingIsTheCodeThatRuns) {
  // With many operands, blocks, branches, calls, accesses, exceptions.
  TestEngine engine(baseline());
  runtime::Instance* const instance = engine.load(
      "(module (memory 1) (tag $e (param i32)) (func $g (param i32) (result i32) (local.get 0)) (func (export \"f\") "
      "(param i32) (local i64) " +
      times(70, "(i32.add (local.get 0) (i32.const 1)) ") + "(i32.load (local.get 0)) " + times(71, "drop ") +
      times(64, "(i32.add (local.get 0) (i32.const 1)) ") + "(i32.load) " + times(64, "drop ") +
      R"((block (result i32) (br_if 0 (i32.const 7) (local.get 0)) (drop) (loop (br_if 1 (i32.const 8) (local.get 0))
            (drop) (local.set 1 (i64.const -5000000000)) (if (local.get 0) (then (br 1 ))))
          (if (result i32) (i32.eqz (local.get 0)) (then (call $g (local.get 0))) (else (i32.const 100000))))
        (i32.store offset=70000 (local.get 0)) (i64.store (local.get 0) (local.get 1))
        (drop (block $h (result i32) (loop $l (try_table (catch $e $h) (catch_all $l)
          (local.set 1 (i64.extend_i32_s (call $g (local.get 0)))))) (i32.wrap_i64 (local.get 1)))))))");
  ASSERT_NE(instance, nullptr);
  static_cast<void>(call(engine, *instance, "f", {0}));
  expect_listed(engine, *instance, 1);
}

TEST(NativeLimits, WhatIsToldOfAtOnceIsTheSameCode) {
  // Operands that are locals are stored where there are 64 of them, also where two instructions are told of as one.
  for (const std::string_view last :
       {"local.get 0 i32.const 5 i32.add", "i32.const 5 i32.add", "local.get 0 i32.load", "local.get 0 i32.const 5",
        "local.get 0 i32.const 5 i32.lt_s", "i32.const 5 i32.shl", "local.get 0 i32.const 0 i32.div_u"}) {
    std::string wat = "(module (memory 1)";
    for (u32 operands = 60; operands < 68; ++operands) {
      const bool takes = last.starts_with("i32.const"), two = last.ends_with("const 5");
      wat += "(func (export \"f" + std::to_string(operands) + "\") (param i32) (result i32) " +
             times(operands, "local.get 0 ") + std::string(last) + times(operands + !takes + two, " drop") +
             " i32.const 1) ";
    }
    TestEngine engine(baseline());
    runtime::Instance* const instance = engine.load(wat + ")");
    ASSERT_NE(instance, nullptr) << last;
    for (u32 i = 0; i < 8; ++i) {
      static_cast<void>(call(engine, *instance, "f" + std::to_string(60 + i), {3}));
      SCOPED_TRACE(testing::Message() << last << " on " << 60 + i);
      expect_listed(engine, *instance, i);
    }
  }
}

TEST(NativeLimits, AKilledFrameIsWhereItIsInEveryTier) {
  // Killed by a host function: at the next loop, call or tail call; with operands and locals, and frames below.
  constexpr std::string_view kWat = R"((module (import "env" "kill" (func $kill))
      (func $g) (func $late (param i32) (result i32) (local.get 0))
      (func (export "loop") (param i32) (result i32) (local i64)
        (local.set 1 (i64.const 9)) (local.get 0) (call $kill) (nop)
        (loop (param i32) (result i32) (local.set 1 (i64.add (local.get 1) (i64.const 1)))))
      (func (export "call") (param i32) (result i32) (local.get 0) (call $kill) (nop) (nop) (call $late (local.get 0))
        (i32.add))
      (func (export "tail") (param i32) (result i32) (call $kill) (nop) (return_call $late (local.get 0)))
      (func $deep (param i32) (result i32) (if (result i32) (local.get 0)
        (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
        (else (call $kill) (call $late (i32.const 1)))))
      (func (export "deep") (param i32) (result i32) (call $deep (local.get 0)))))";
  const auto run = [&](const runtime::EngineOptions& options, const char* name, u32 calls_before) {
    TestEngine engine(options);
    bool armed = false;
    engine.host("kill", {}, {}, [&](runtime::CallContext& ctx, const Slot*, Slot*) {
      if (armed) ctx.stack.interrupt(runtime::kInterruptKill);
      return runtime::HostStatus::ok;
    });
    runtime::Instance* const instance = engine.load(kWat);
    if (!instance) return Did{};
    // What is called is prepared before, or not.
    for (u32 i = 0; i < calls_before; ++i) EXPECT_EQ(engine.call(*instance, name, {3}), Outcome::returned);
    armed = true;
    const Did did = call(engine, *instance, name, {3});
    EXPECT_EQ(engine.stack().native.sp, engine.stack().native_top());
    return did;
  };
  for (const char* name : {"loop", "call", "tail", "deep"}) {
    for (const u32 before : {0u, 1u}) {
      const Did did = run(baseline(), name, before);
      EXPECT_EQ(did.trap, TrapKind::interrupted) << name;
      EXPECT_EQ(did, run({}, name, before)) << name << " after " << before;
    }
  }
}

#endif

}  // namespace
}  // namespace dewar::test
