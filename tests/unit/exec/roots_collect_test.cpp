// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Collections while frames are in every state: in callers, callees, tail calls, handlers, host calls, call backs,
// suspended at polls and stopped by observers. What is reachable keeps its value, and the heap holds nothing else.
#include <functional>

#include "exec/frame_image.h"
#include "exec/probe_point.h"
#include "exec_fixture.h"
#include "exec_programs.h"

namespace dewar::test {
namespace {

using runtime::CallContext;
using runtime::HostStatus;
using runtime::Outcome;

runtime::EngineOptions stress() {
  runtime::EngineOptions options;
  options.gc_stress = true;
  return options;
}

u64 objects(TestEngine& engine) {
  u64 n = 0;
  engine.store().heap().for_each_object([&](runtime::Ref) { ++n; });
  return n;
}

/// Collects in a host function and checks how many objects are left each time: "gc" (i32 expected).
void add_gc(TestEngine& engine) {
  engine.host("gc", {kCanonI32}, {}, [&engine](CallContext& ctx, const Slot* args, Slot*) {
    ctx.store.collect();
    EXPECT_EQ(objects(engine), static_cast<u32>(args[0]));
    return HostStatus::ok;
  });
}

#define BOXES                                                                   \
  "(import \"env\" \"gc\" (func $gc (param i32)))"                              \
  "(type $box (struct (field i64))) (tag $e (param (ref $box))) (tag $x)"       \
  "(func $new (param i64) (result (ref $box)) (struct.new $box (local.get 0)))" \
  "(func $get (param (ref null $box)) (result i64) (struct.get $box 0 (local.get 0)))"

struct Case {
  const char* name;
  const char* functions;  ///< with an export "f": -> i64
  u64 result;
};

const Case kCases[] = {
    {"operands_of_callers", R"((func $deep (param i32) (result i64) (local i64)
         (call $new (i64.extend_i32_u (local.get 0)))
         (if (result i64) (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))
           (else (call $gc (i32.const 11)) (i64.const 0)))
         (local.set 1) (call $get) (i64.add (local.get 1)))
        (func (export "f") (result i64) (call $deep (i32.const 10))))",
     55},
    {"arguments_belong_to_the_callee", R"(
        (func $drop_it (param (ref null $box)) (result i64) (local.set 0 (ref.null $box)) (call $gc (i32.const 0)) (i64.const 3))
        (func (export "f") (result i64) (call $drop_it (call $new (i64.const 1)))))",
     3},
    {"tail_calls_leave_nothing", R"(
        (func $end (param i64) (result i64) (call $gc (i32.const 0)) (local.get 0))
        (func $mid (param (ref null $box)) (result i64) (local (ref null $box)) (local.set 1 (call $new (i64.const 5)))
          (return_call $end (struct.get $box 0 (local.get 0))))
        (func (export "f") (result i64) (return_call $mid (call $new (i64.const 9)))))",
     9},
    {"payloads", R"((func $t (throw $e (call $new (i64.const 6))))
        (func (export "f") (result i64) (block $h (result (ref $box)) (try_table (catch $e $h) (call $t)) (unreachable))
          (call $gc (i32.const 1)) (call $get)))",
     6},
    {"exnref_keeps_its_payload", R"((func $t (throw $e (call $new (i64.const 8))))
        (func (export "f") (result i64) (local $x exnref)
          (block $h (result (ref $box) exnref) (try_table (catch_ref $e $h) (call $t)) (unreachable))
          (local.set $x) (drop) (call $gc (i32.const 2))
          (block $h (result (ref $box)) (try_table (catch $e $h) (throw_ref (local.get $x))) (unreachable))
          (call $gc (i32.const 2)) (call $get)))",
     8},
    {"hidden_exception", R"((func $t (throw $e (call $new (i64.const 4))))
        (func (export "f") (result i64)
          (try (result i64) (do
            (call $new (i64.const 10))
            (try (do (call $t)) (catch $e (drop) (call $gc (i32.const 3)) (rethrow 0)))
            (call $get))
            (catch $e (call $gc (i32.const 2)) (call $get)))
          (call $gc (i32.const 0))))",
     4},
    {"loops_and_dead_operands", R"((func (export "f") (result i64) (local $i i32) (local $s i64)
        (call $new (i64.const 1000))
        (loop $l (call $new (i64.const 1)) (call $new (i64.extend_i32_u (local.get $i)))
          (call $gc (i32.const 3))
          (call $get) (local.get $s) (i64.add) (local.set $s) (drop)
          (call $gc (i32.const 1))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 5))))
        (call $get) (i64.add (local.get $s))))",
     1010},
    {"wide_values_between", R"((func (export "f") (result i64) (local v128 anyref v128)
        (local.set 1 (call $new (i64.const 2)))
        (v128.const i64x2 8 16) (call $new (i64.const 3)) (v128.const i64x2 24 32) (call $new (i64.const 4))
        (call $gc (i32.const 3)) (call $get) (i64x2.splat) (i64x2.add) (i64x2.extract_lane 0)
        (local.set 0 (i64x2.splat)) (call $get) (i64x2.splat) (i64x2.add (local.get 0)) (i64x2.add)
        (i64x2.extract_lane 0)))",
     8 + 24 + 4 + 3},
};

TEST(Roots, AreExactInEveryState) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    for (const Mode& mode : matrix_modes()) {
      if (mode.options.gc_stress) continue;  // counts would be the same, but allocations collect as well
      TestEngine engine(mode.options);
      add_gc(engine);
      runtime::Instance* instance = engine.load(std::string("(module ") + BOXES + c.functions + ")");
      ASSERT_NE(instance, nullptr);
      const Did did = call(engine, *instance, "f");
      ASSERT_EQ(did.outcome, Outcome::returned) << mode.name << runtime::trap_message(did.trap);
      EXPECT_EQ(did.results.at(0), c.result) << mode.name;
      engine.store().collect();
      EXPECT_EQ(engine.store().heap().allocated_bytes(), 0u) << mode.name;
    }
  }
}

TEST(Roots, AProgramsResultSurvivesACollectionAtEveryAllocation) {
  for (const Program& program : kPrograms) {
    const Did plain = run({}, program.wat, {program.argument});
    TestEngine engine(stress());
    runtime::Instance* instance = engine.load(program.wat);
    ASSERT_NE(instance, nullptr);
    EXPECT_EQ(call(engine, *instance, "f", {program.argument}), plain) << program.name;
    engine.store().collect();
    EXPECT_EQ(engine.store().heap().allocated_bytes(), 0u) << program.name;
  }
}

TEST(Roots, OfAFrameThatAnObserverStopped) {
  // A probe collects at every single instruction, safe point or not.
  for (const Program& program : kPrograms) {
    SCOPED_TRACE(program.name);
    TestEngine engine;
    runtime::Instance* instance = engine.load(program.wat);
    ASSERT_NE(instance, nullptr);
    const Did plain = call(engine, *instance, "f", {program.argument});
    struct Counter {
      u64 collections = 0;
    } counter;
    const exec::ProbeFn collect = [](void* user, runtime::Stack& stack, const runtime::FrameState&) {
      stack.store.collect();
      ++static_cast<Counter*>(user)->collections;
    };
    for (u32 f = 0; f < instance->module->funcs.size(); ++f)
      for (const Instruction& i : instructions(*instance->module, f))
        ASSERT_TRUE(exec::insert_probe(*instance->store, *instance->codes, f, i.pc, collect, &counter).has_value());
    EXPECT_EQ(call(engine, *instance, "f", {program.argument}), plain);
    EXPECT_EQ(counter.collections, plain.instructions());
    engine.store().collect();
    EXPECT_EQ(engine.store().heap().allocated_bytes(), 0u);
  }
}

TEST(Roots, OfAllActivationsAndAllStacks) {
  TestEngine engine(stress());
  runtime::Instance* instance = nullptr;
  engine.host("over", {kCanonI32}, {kCanonI64}, [&](CallContext& ctx, const Slot* args, Slot* results) {
    // Alternates between the caller's stack and another one.
    runtime::Stack* on = &ctx.stack;
    std::unique_ptr<runtime::Stack> fresh;
    if (static_cast<u32>(args[0]) % 2) {
      auto made = runtime::Stack::create(ctx.store);
      EXPECT_TRUE(made.has_value());
      fresh = std::move(*made);
      on = fresh.get();
    }
    EXPECT_EQ(exec::invoke(*on, engine.func(*instance, "f"), {args, 1}, {results, 1}), Outcome::returned);
    return HostStatus::ok;
  });
  instance = engine.load(R"((module (import "env" "over" (func $over (param i32) (result i64)))
      (type $box (struct (field i64)))
      (func $f (export "f") (param i32) (result i64) (local $mine (ref null $box)) (local i64)
        (local.set $mine (struct.new $box (i64.extend_i32_u (local.get 0))))
        (struct.new $box (i64.const 1000))
        (if (result i64) (local.get 0) (then (call $over (i32.sub (local.get 0) (i32.const 1)))) (else (i64.const 0)))
        (drop (struct.new $box (i64.const 5)))
        (i64.add (struct.get $box 0 (local.get $mine))) (local.set 2)
        (struct.get $box 0) (i64.add (local.get 2)))))");
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(engine.call(*instance, "f", {30}), Outcome::returned);
  EXPECT_EQ(engine.results()[0], 31u * 1000 + 30 * 31 / 2);
  engine.store().collect();
  EXPECT_EQ(engine.store().heap().allocated_bytes(), 0u);
}

TEST(Roots, OfSuspendedStacks) {
  // One stack waits at a host call or a poll with references everywhere while another one collects all the time.
  for (const bool poll : {false, true}) {
    TestEngine engine(stress());
    engine.host("ask", {}, {kCanonI64}, [&](CallContext& ctx, const Slot*, Slot* results) {
      if (!poll) return HostStatus::pending;
      ctx.stack.interrupt(runtime::kInterruptFreeze);
      results[0] = 7;
      return HostStatus::ok;
    });
    runtime::Instance* instance = engine.load(R"((module (import "env" "ask" (func $ask (result i64)))
        (type $box (struct (field i64))) (type $arr (array (mut i64)))
        (func $new (param i64) (result (ref $box)) (struct.new $box (local.get 0)))
        (func $nop) (table 1 funcref) (memory 4)
        (func (export "busy") (local i32)
          (loop (drop (call $new (i64.const 1)))
            (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 50)))))
        (func $inner (param (ref null $box)) (result i64) (local $a (ref null $arr)) (local i64)
          (local.set $a (array.new $arr (i64.const 100) (i32.const 3)))
          (call $new (i64.const 10))
          (call $ask)
          (loop (nop)) (call $nop) (memory.fill (i32.const 0) (i32.const 1) (i32.const 200000))
          (i64.add (struct.get $box 0 (local.get 0))) (i64.add (array.get $arr (local.get $a) (i32.const 2)))
          (local.set 2) (struct.get $box 0) (i64.add (local.get 2)))
        (func (export "f") (result i64) (local i64)
          (call $new (i64.const 1)) (call $inner (call $new (i64.const 2)))
          (local.set 0) (struct.get $box 0) (i64.add (local.get 0)))))");
    ASSERT_NE(instance, nullptr);
    auto other = runtime::Stack::create(engine.store());
    ASSERT_TRUE(other.has_value());
    Slot result = 0;
    Outcome outcome = exec::invoke(engine.stack(), engine.func(*instance, "f"), {}, {&result, 1});
    u32 suspensions = 0;
    while (outcome == Outcome::pending) {
      ++suspensions;
      ASSERT_EQ(exec::invoke(**other, engine.func(*instance, "busy"), {}, {}), Outcome::returned);
      engine.stack().clear_interrupt(runtime::kInterruptFreeze);
      // Twice more before it ends: at the call and inside the bulk operation.
      if (poll && suspensions < 3) engine.stack().interrupt(runtime::kInterruptFreeze);
      const Slot reply[1] = {7};
      outcome = exec::resume(engine.stack(), poll ? std::span<const Slot>{} : reply, {&result, 1});
    }
    ASSERT_EQ(outcome, Outcome::returned);
    EXPECT_EQ(suspensions, poll ? 3u : 1u);
    EXPECT_EQ(result, 1u + 2 + 10 + 100 + 7);
    engine.store().collect();
    EXPECT_EQ(engine.store().heap().allocated_bytes(), 0u);
  }
}

}  // namespace
}  // namespace dewar::test
