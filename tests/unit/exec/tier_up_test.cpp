// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tier::automatic: what is used enough is compiled, in the foreground or by the engine's thread; a frame goes up at its
// loop; and nothing of it shows in results or fuel.
#include "exec/compile_thread.h"
#include "exec_fixture.h"
#include "exec_programs.h"

namespace dewar::test {
namespace {

using runtime::HostStatus;
using runtime::Outcome;

runtime::EngineOptions automatic(u32 heat, bool background = false) {
  runtime::EngineOptions options;
  options.tier = runtime::Tier::automatic;
  options.tiering.heat = heat;
  options.tiering.background = background;
  return options;
}

bool is_compiled(runtime::Instance& instance, u32 defined) {
  return instance.codes->at(defined).native.load() != nullptr;
}

TEST(TierUp, AFrameGoesUpAtItsLoop) {
  constexpr std::string_view kWat = R"((module (import "env" "look" (func $look (param i32)))
      (func (export "f") (param $n i32) (result i64) (local $s i64) (local $x f64) (local $i i32)
        (local.set $x (f64.const 1.5))
        (i64.const 1000)
        (loop $l (param i64) (result i64)
          (call $look (local.get $i))
          (local.set $x (f64.mul (local.get $x) (f64.const 1.01)))
          (local.set $s (i64.add (local.get $s) (i64.trunc_f64_s (local.get $x))))
          (i64.add (i64.extend_i32_u (local.get $i)))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
        (i64.add (local.get $s)))))";
  Did wanted;
  for (const bool interpreted : {true, false}) {
    TestEngine engine(interpreted ? runtime::EngineOptions{} : automatic(50));
    std::vector<bool> compiled;
    engine.host("look", {kCanonI32}, {}, [&](runtime::CallContext& ctx, const Slot* args, Slot*) {
      EXPECT_EQ(static_cast<u32>(args[0]), compiled.size());
      compiled.push_back(ctx.stack.state.side == nullptr);
      return HostStatus::ok;
    });
    runtime::Instance* instance = engine.load(kWat);
    ASSERT_NE(instance, nullptr);
    const Did did = call(engine, *instance, "f", {200});
    ASSERT_EQ(did.outcome, Outcome::returned);
    if (interpreted) wanted = did;
    EXPECT_EQ(did, wanted);
    ASSERT_EQ(compiled.size(), 200u);
    const auto first = std::find(compiled.begin(), compiled.end(), true);
    if (interpreted || !kCompiles) {
      EXPECT_EQ(first, compiled.end());
    } else {
      // The entry counts 16, each round 1; the round that finds nothing left runs compiled.
      EXPECT_EQ(first - compiled.begin(), 50 - static_cast<i64>(runtime::kCallHeat));
      EXPECT_EQ(std::find(first, compiled.end(), false), compiled.end());
    }
  }
}

TEST(TierUp, EveryKindOfCallCounts) {
  constexpr std::string_view kWat = R"((module (type $t (func (result i32))) (table funcref (elem $indirect))
      (elem declare func $ref)
      (func $direct (result i32) (i32.const 1))
      (func $indirect (type $t) (i32.const 2))
      (func $ref (type $t) (i32.const 3))
      (func $tail (result i32) (i32.const 4))
      (func $tails (result i32) (return_call $tail))
      (func (export "f") (result i32)
        (i32.add (i32.add (call $direct) (call_indirect (type $t) (i32.const 0)))
                 (i32.add (call_ref $t (ref.func $ref)) (call $tails))))))";
  TestEngine engine(automatic(10 * runtime::kCallHeat));
  runtime::Instance* instance = engine.load(kWat);
  ASSERT_NE(instance, nullptr);
  for (u32 calls = 1; calls <= 20; ++calls) {
    ASSERT_EQ(engine.call(*instance, "f"), Outcome::returned);
    EXPECT_EQ(engine.result_i32(), 10);
    // A call that finds its callee unprepared runs again, and is not counted.
    if (calls == 11) continue;
    for (u32 f = 0; f < 6; ++f) EXPECT_EQ(is_compiled(*instance, f), kCompiles && calls > 10) << f << " at " << calls;
  }
}

TEST(TierUp, ProgramsDoTheSameWhateverIsHot) {
  for (const Program& program : kPrograms) {
    TestEngine plain;
    const Did wanted = call(plain, *plain.load(program.wat), "f", {program.argument});
    for (u32 heat = 0; heat < 120; heat += 7) {
      TestEngine engine(automatic(heat));
      runtime::Instance* instance = engine.load(program.wat);
      ASSERT_NE(instance, nullptr);
      EXPECT_EQ(call(engine, *instance, "f", {program.argument}), wanted) << program.name << " with " << heat;
      for (i64 fuel = 1; fuel < wanted.fuel; fuel += 1 + wanted.fuel / 13)
        EXPECT_EQ(call(engine, *instance, "f", {program.argument}, fuel),
                  call(plain, *plain.store().instances().begin(), "f", {program.argument}, fuel))
            << program.name << " with " << heat << " and fuel " << fuel;
    }
  }
}

/// Too large for the foreground.
std::string large_function() {
  std::string wat = "(module (func (export \"f\") (param i32) (result i32) (local i32) (loop $l ";
  for (int i = 0; i < 1000; ++i) wat += "(local.set 1 (i32.add (local.get 1) (local.get 0)))";
  return wat + "(br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))";
}

TEST(TierUp, AnotherThreadCompilesWhatIsLarge) {
  const std::string wat = large_function();
  TestEngine plain;
  const Did wanted = call(plain, *plain.load(wat), "f", {40});
  TestEngine engine(automatic(20, true));
  runtime::Instance* instance = engine.load(wat);
  ASSERT_NE(instance, nullptr);
  EXPECT_EQ(call(engine, *instance, "f", {40}), wanted);
  exec::wait_for_compiler(engine.engine());
  EXPECT_EQ(is_compiled(*instance, 0), kCompiles);
  EXPECT_EQ(engine.engine().compiler_thread() != nullptr, kCompiles);
  EXPECT_EQ(call(engine, *instance, "f", {40}), wanted);
}

TEST(TierUp, AnEngineEndsWhileItsThreadCompiles) {
  const std::string wat = large_function();
  for (int i = 0; i < 20; ++i) {
    TestEngine engine(automatic(5, true));
    for (int k = 0; k < 3; ++k) {
      runtime::Instance* instance = engine.load(wat);
      ASSERT_NE(instance, nullptr);
      ASSERT_EQ(engine.call(*instance, "f", {10}), Outcome::returned);
    }
  }
}

}  // namespace
}  // namespace dewar::test
