// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compiled frames and their records: what is compiled, that both tiers call one another in every way, that nothing is
// left on the native region however a call ends, and that a probe takes a function back. What the tiers have in common
// (fuel, traps, images, interrupts) is tested in every mode by the tests beside this one.
#include "exec/probe_point.h"
#include "exec_fixture.h"
#include "exec_programs.h"

namespace dewar::test {
namespace {

using runtime::Outcome;
using runtime::TrapKind;

runtime::EngineOptions baseline(bool mixed = false) {
  runtime::EngineOptions options;
  options.tier = runtime::Tier::baseline;
  options.mix_tiers = mixed;
  return options;
}

bool is_empty(const runtime::Stack& stack) { return stack.native.sp == stack.native_top(); }

TEST(Native, FunctionsAreCompiledAtTheirFirstCall) {
  if (!kCompiles) GTEST_SKIP() << "no compiler for this machine yet";
  for (const bool mixed : {false, true}) {
    TestEngine engine(baseline(mixed));
    runtime::Instance* instance =
        engine.load("(module (func $g) (func $h) (func) (func (export \"f\") (call $g) (call $h)))");
    ASSERT_NE(instance, nullptr);
    for (u32 i = 0; i < 4; ++i) EXPECT_EQ(instance->codes->at(i).native.load(), nullptr) << i;
    ASSERT_EQ(engine.call(*instance, "f"), Outcome::returned);
    EXPECT_NE(instance->codes->at(0).native.load(), nullptr);
    EXPECT_EQ(instance->codes->at(1).native.load() != nullptr, !mixed);
    EXPECT_EQ(instance->codes->at(2).native.load(), nullptr) << "it was not called";
    EXPECT_EQ(instance->codes->at(3).native.load() != nullptr, !mixed);
  }
  TestEngine interpreted;
  runtime::Instance* instance = interpreted.load("(module (func (export \"f\")))");
  ASSERT_EQ(interpreted.call(*instance, "f"), Outcome::returned);
  EXPECT_EQ(instance->codes->at(0).native.load(), nullptr);
}

TEST(Native, ProgramsDoTheSameInEveryTier) {
  for (const Program& program : kPrograms) {
    TestEngine plain;
    const Did wanted = call(plain, *plain.load(program.wat), "f", {program.argument});
    for (const bool mixed : {false, true}) {
      TestEngine engine(baseline(mixed));
      runtime::Instance* instance = engine.load(program.wat);
      ASSERT_NE(instance, nullptr);
      EXPECT_EQ(call(engine, *instance, "f", {program.argument}), wanted) << program.name;
      EXPECT_TRUE(is_empty(engine.stack())) << program.name;
      // Each amount of fuel stops somewhere else: at blocks, calls and loops, and in both kinds of frames.
      for (i64 fuel = 0; fuel < wanted.fuel; fuel += 1 + wanted.fuel / 97) {
        const Did less = call(engine, *instance, "f", {program.argument}, fuel);
        EXPECT_EQ(less, call(plain, *plain.store().instances().begin(), "f", {program.argument}, fuel))
            << program.name << " with " << fuel;
        EXPECT_TRUE(is_empty(engine.stack())) << program.name;
      }
    }
  }
}

TEST(Native, BlocksOfMoreThanAByteOfInstructions) {
  for (const int count : {126, 127, 128, 300, 70'000}) {
    std::string wat = "(module (func (export \"f\") (param i32) (result i32) (loop ";
    for (int i = 0; i < count; ++i) wat += "(nop)";
    wat += "(br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 0)))";
    const Did did = run_all(wat, {3});
    EXPECT_EQ(did.fuel, 3 * (count + 6) + 3) << count;
    EXPECT_EQ(run_all(wat, {3}, did.fuel - 1).trap, TrapKind::out_of_fuel);
    EXPECT_EQ(run_all(wat, {3}, count).pcs.size(), 1u);
  }
}

TEST(Native, NothingIsLeftHoweverACallEnds) {
  // $deep calls itself; at the bottom it does what "how" says, in functions of either tier.
  constexpr std::string_view kWat = R"((module (import "env" "host" (func $host (param i32)))
      (tag $e) (type $t (func (param i32))) (table funcref (elem $odd $even))
      (func $even (param i32) (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))
      (func $odd (param i32)
        (if (i32.lt_s (local.get 0) (i32.const 10)) (then (call $host (local.get 0)) (return_call $end (local.get 0))))
        (call $even (i32.sub (local.get 0) (i32.const 1))))
      (func $end (param i32)
        (if (i32.eq (local.get 0) (i32.const 1)) (then (unreachable)))
        (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $e)))
        (if (i32.eq (local.get 0) (i32.const 3)) (then (return_call $end (local.get 0)))))
      (func (export "f") (param i32) (call $odd (local.get 0)))
      (func (export "catch") (param i32) (block (try_table (catch_all 0) (call $odd (local.get 0)))))))";
  for (const bool mixed : {false, true}) {
    TestEngine engine(baseline(mixed));
    u32 calls = 0;
    engine.host("host", {kCanonI32}, {}, [&](runtime::CallContext& ctx, const Slot* args, Slot*) {
      ++calls;
      EXPECT_FALSE(is_empty(ctx.stack));
      if (static_cast<u32>(args[0]) == 4) {
        ctx.stack.trap.kind = TrapKind::host;
        return runtime::HostStatus::trap;
      }
      return static_cast<u32>(args[0]) == 5 ? runtime::HostStatus::exit : runtime::HostStatus::ok;
    });
    runtime::Instance* instance = engine.load(kWat);
    ASSERT_NE(instance, nullptr);
    // Each step down takes 2 off, until there is one digit: what is then left says how it ends.
    const auto ends = [&](u32 how, std::string_view name = "f", i64 fuel = 1'000'000) {
      const Did did = call(engine, *instance, name, {how}, fuel);
      EXPECT_TRUE(is_empty(engine.stack())) << how;
      return did;
    };
    EXPECT_EQ(ends(1001).outcome, Outcome::returned);
    EXPECT_EQ(ends(1).trap, TrapKind::unreachable);
    EXPECT_EQ(ends(2).outcome, Outcome::threw);
    EXPECT_EQ(ends(2, "catch").outcome, Outcome::returned);
    EXPECT_EQ(ends(3).trap, TrapKind::out_of_fuel);
    EXPECT_EQ(ends(4).trap, TrapKind::host);
    EXPECT_EQ(ends(5).outcome, Outcome::exited);
    EXPECT_EQ(ends(100'000'000, "f", kPlenty).trap, TrapKind::stack_exhausted);
    EXPECT_EQ(ends(1001).outcome, Outcome::returned) << "and all of it again";
    EXPECT_EQ(calls, 8u);
  }
}

TEST(Native, ResultsAndInstancesComeBackAcrossInstances) {
  // Each side calls and tail-calls the other; globals tell whose instance is at work.
  for (const bool mixed : {false, true}) {
    TestEngine engine(baseline(mixed));
    runtime::Instance* other = engine.load(R"((module (global $g (mut i32) (i32.const 1000))
        (func (export "add") (param i32) (result i32 i64)
          (global.set $g (i32.add (global.get $g) (local.get 0))) (global.get $g) (i64.const 7))
        (func (export "add2") (param i32) (result i32 i64) (return_call 0 (local.get 0)))))");
    ASSERT_NE(other, nullptr);
    for (const char* name : {"add", "add2"}) {
      runtime::Extern item;
      item.kind = wasm::ExternKind::func;
      item.func = &engine.func(*other, name);
      engine.linker().define("other", name, item);
    }
    runtime::Instance* instance = engine.load(R"((module
        (import "other" "add" (func $add (param i32) (result i32 i64)))
        (import "other" "add2" (func $add2 (param i32) (result i32 i64)))
        (global $g (mut i32) (i32.const 5)) (memory 1) (data (i32.const 0) "\2a")
        (func $tail (param i32) (result i32 i64) (return_call $add (local.get 0)))
        (func $tail2 (param i32) (result i32 i64) (return_call $add2 (local.get 0)))
        (func $use (param i32) (result i32) (local i64)
          (call $tail (local.get 0)) (local.set 1) (global.set $g (i32.add (global.get $g)))
          (call $tail2 (local.get 0)) (local.set 1) (global.set $g (i32.add (global.get $g)))
          (call $add2 (local.get 0)) (drop) (i32.add (global.get $g))
          (i32.add (i32.load8_u (i32.const 0))))
        (func (export "f") (param i32) (result i32) (call $use (local.get 0)))
        (func (export "g") (param i32) (result i32) (return_call $use (local.get 0)))))");
    ASSERT_NE(instance, nullptr);
    ASSERT_EQ(engine.call(*instance, "f", {10}), Outcome::returned);
    EXPECT_EQ(engine.result_i32(), 5 + 1010 + 1020 + 1030 + 42);
    ASSERT_EQ(engine.call(*instance, "g", {1}), Outcome::returned);
    EXPECT_EQ(engine.result_i32(), 5 + 1010 + 1020 + 1031 + 1032 + 1033 + 42);
    EXPECT_TRUE(is_empty(engine.stack()));
  }
}

TEST(Native, AnInstanceThatOnlyCatchesCanGoOn) {
  // Nothing of the middle module was interpreted, nor did it run a step, before it catches.
  TestEngine engine(baseline());
  const auto define = [&](runtime::Instance* from, const char* name) {
    ASSERT_NE(from, nullptr);
    runtime::Extern item;
    item.kind = wasm::ExternKind::func;
    item.func = &engine.func(*from, name);
    engine.linker().define("m", name, item);
  };
  define(engine.load(R"((module (tag $t) (func (export "throws") (throw $t))))"), "throws");
  // In compiled code and, at the function's own label, in the interpreter.
  const auto* const catches = R"((module (import "m" "throws" (func $throws)) (memory 1) (data (i32.const 8) "\07")
      (func (export "catches") (result i32)
        (block (try_table (catch_all 0) (call $throws))) (i32.load (i32.const 8)))
      (func $own (try_table (catch_all 0) (call $throws)) (unreachable))
      (func (export "catches_at_its_end") (result i32) (call $own) (i32.load (i32.const 8)))))";
  define(engine.load(catches), "catches");
  define(engine.load(catches), "catches_at_its_end");
  runtime::Instance* instance = engine.load(R"((module (import "m" "catches" (func $catches (result i32)))
      (import "m" "catches_at_its_end" (func $at_end (result i32)))
      (func (export "f") (result i32) (call $catches)) (func (export "g") (result i32) (call $at_end))))");
  ASSERT_NE(instance, nullptr);
  for (const char* name : {"g", "f"}) {
    ASSERT_EQ(engine.call(*instance, name), Outcome::returned);
    EXPECT_EQ(engine.result_i32(), 7);
  }
  EXPECT_TRUE(is_empty(engine.stack()));
}

TEST(Native, AProbeTakesAFunctionBack) {
  TestEngine engine(baseline());
  runtime::Instance* instance =
      engine.load(R"((module (func $g (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
      (func (export "f") (param i32) (result i32) (i32.add (call $g (local.get 0)) (i32.const 1)))))");
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(engine.call(*instance, "f", {5}), Outcome::returned);
  const u32 pc = pc_of(*instance->module, 0, wasm::Op::i32_mul);
  u32 seen = 0;
  const auto probe = [](void* user, runtime::Stack&, const runtime::FrameState& state) {
    *static_cast<u32*>(user) += 1;
    state.sp[-1] = 4;
  };
  ASSERT_TRUE(exec::insert_probe(*instance->store, *instance->codes, 0, pc, probe, &seen).has_value());
  EXPECT_EQ(instance->codes->at(0).native.load(), nullptr);
  ASSERT_EQ(engine.call(*instance, "f", {5}), Outcome::returned);
  EXPECT_EQ(engine.result_i32(), 21) << "the probe changed an operand";
  EXPECT_EQ(seen, 1u);
  ASSERT_TRUE(exec::remove_probe(*instance->codes, 0, pc, probe, &seen));
  ASSERT_EQ(engine.call(*instance, "f", {5}), Outcome::returned);
  EXPECT_EQ(engine.result_i32(), 16);
  EXPECT_EQ(seen, 1u);
}

TEST(Native, MetersAreToldWithoutLeavingTheCode) {
  TestEngine engine(baseline());
  engine.host("ask", {}, {}, [](runtime::CallContext& ctx, const Slot*, Slot*) {
    ctx.stack.ask_meters();
    return runtime::HostStatus::ok;
  });
  runtime::Instance* instance = engine.load(R"((module (import "env" "ask" (func $ask))
      (func (export "f") (param i32) (call $ask)
        (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))))");
  ASSERT_NE(instance, nullptr);
  EXPECT_EQ(call(engine, *instance, "f", {10}, 1'000).outcome, Outcome::returned);
  // The call and the block before the loop are paid; the loop tells before it pays.
  EXPECT_EQ(engine.stack().fuel_told.load(), 1'000 - 1);
  EXPECT_EQ(engine.stack().interrupt_word.load(), 0u);
}

}  // namespace
}  // namespace dewar::test
