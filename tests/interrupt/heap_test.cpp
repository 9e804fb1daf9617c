// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Interruption of what the heap does for a guest: collections, and arrays that are made at once.
#include <gtest/gtest.h>

#include "gc/heap.h"
#include "interrupt/engine_fixture.h"

namespace dewar::test {
namespace {

using runtime::Outcome;
using runtime::TrapKind;

constexpr i64 kFuel = i64{1} << 40;

/// The work is a handler's, or a step's of compiled code.
constexpr runtime::Tier kTiers[] = {runtime::Tier::interp, runtime::Tier::baseline};

class HeapInterrupt : public testing::TestWithParam<runtime::Tier> {
 protected:
  HeapInterrupt() : engine(in(GetParam())) {
    engine.stack().fuel = kFuel;
    engine.host("request", {kCanonI32}, {}, [](runtime::CallContext& ctx, const Slot* args, Slot*) {
      ctx.stack.interrupt(static_cast<u32>(args[0]));
      return runtime::HostStatus::ok;
    });
  }
  static runtime::EngineOptions in(runtime::Tier tier) {
    runtime::EngineOptions options;
    options.tier = tier;
    return options;
  }
  gc::Heap& heap() { return engine.store().heap(); }

  TestEngine engine;
};

/// A list of 20,000 objects in a global. `churn` keeps an object of its own and allocates so much more that a
/// collection is due.
constexpr const char* kList = R"((module
  (type $n (struct (field i32) (field (ref null $n))))
  (global $list (mut (ref null $n)) (ref.null $n))
  (func $fill (local $i i32) (loop $l
    (global.set $list (struct.new $n (local.get $i) (global.get $list)))
    (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20000)))))
  (start $fill)
  (func (export "churn") (result i32) (local $i i32) (local $own (ref null $n))
    (local.set $own (struct.new $n (i32.const 7) (ref.null $n)))
    (loop $l
      (drop (struct.new $n (i32.const -1) (ref.null $n)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 300000))))
    (struct.get $n 0 (local.get $own)))
  (func (export "sum") (result i32) (local $at (ref null $n)) (local $sum i32)
    (local.set $at (global.get $list))
    (block $end (loop $l
      (br_if $end (ref.is_null (local.get $at)))
      (local.set $sum (i32.add (local.get $sum) (struct.get $n 0 (local.get $at))))
      (local.set $at (struct.get $n 1 (local.get $at)))
      (br $l)))
    (local.get $sum))))";
constexpr i32 kSum = 20'000 * 19'999 / 2;

runtime::ExecHooks g_hooks;

// The kill comes after the collection was begun: before anything is marked, or when `churn`'s own object is not.
TEST_P(HeapInterrupt, ACollectionThatIsStoppedFreesNothing) {
  runtime::Instance* const instance = engine.load(kList);
  ASSERT_NE(instance, nullptr);
  runtime::ExecHooks& hooks = engine.store().hooks;
  g_hooks = hooks;
  for (const bool late : {false, true}) {
    SCOPED_TRACE(late ? "in the middle" : "before marking");
    if (late) {
      hooks.visit_roots = [](runtime::Stack& stack, void (*visit)(void*, runtime::Ref), void* user) {
        stack.interrupt(runtime::kInterruptKill);
        g_hooks.visit_roots(stack, visit, user);
      };
    } else {
      hooks.prepare_roots = [](runtime::Stack& stack, runtime::Stack& payer) {
        const bool ready = g_hooks.prepare_roots(stack, payer);
        payer.interrupt(runtime::kInterruptKill);
        return ready;
      };
    }
    const u64 collections = heap().collections();
    EXPECT_EQ(engine.call(*instance, "churn"), Outcome::trapped);
    EXPECT_EQ(engine.stack().trap.kind, TrapKind::interrupted);
    EXPECT_EQ(heap().collections(), collections);
    hooks = g_hooks;
    engine.stack().clear_interrupt(runtime::kInterruptKill);
    ASSERT_EQ(engine.call(*instance, "sum"), Outcome::returned);
    EXPECT_EQ(engine.result_i32(), kSum);
    // The next one does it all.
    ASSERT_EQ(engine.call(*instance, "churn"), Outcome::returned);
    EXPECT_EQ(engine.result_i32(), 7);
    EXPECT_GT(heap().collections(), collections);
    ASSERT_EQ(engine.call(*instance, "sum"), Outcome::returned);
    EXPECT_EQ(engine.result_i32(), kSum);
  }
}

// Arrays of more than a chunk, in one instruction that ends no block.
TEST_P(HeapInterrupt, AnArrayThatIsBeingMadeHasNeverBeen) {
  const std::string segment(200'000, 'x');
  std::string elements;
  for (int i = 0; i < 40'000; ++i) elements += "(ref.i31 (i32.const 7))";
  const struct {
    const char* make;
    const char* last;
    u32 value;
  } kCases[] = {
      {"(array.new $b (i32.const 9) (i32.const 200000))", "(array.get_u $b (local.get $b) (i32.const 199999))", 9},
      {"(array.new_data $b $d (i32.const 0) (i32.const 200000))", "(array.get_u $b (local.get $b) (i32.const 199999))",
       'x'},
      {"(array.new_elem $r $e (i32.const 0) (i32.const 40000))",
       "(i31.get_u (array.get $r (local.get $r) (i32.const 39999)))", 7},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.make);
    const bool refs = c.value == 7;
    runtime::Instance* const instance = engine.load(
        R"((module (import "env" "request" (func $request (param i32)))
          (type $b (array (mut i8))) (type $r (array (mut (ref i31))))
          (data $d ")" +
        segment + R"(") (elem $e (ref i31) )" + elements + R"()
          (global $done (export "done") (mut i32) (i32.const 0))
          (func (export "f") (param $reasons i32) (result i32) (local $b (ref null $b)) (local $r (ref null $r))
            (call $request (local.get $reasons))
            (local.set )" +
        (refs ? "$r " : "$b ") + c.make + R"()
            (global.set $done (i32.const 1)) )" +
        c.last + "))");
    ASSERT_NE(instance, nullptr);
    const auto fuel_of = [&](auto call) {
      const i64 before = engine.stack().fuel;
      call();
      return before - engine.stack().fuel;
    };
    const i64 whole = fuel_of([&] {
      ASSERT_EQ(engine.call(*instance, "f", {0}), Outcome::returned);
      EXPECT_EQ(engine.result_i32(), static_cast<i32>(c.value));
    });
    engine.store().collect();
    const u64 bytes = heap().counted_bytes();

    EXPECT_EQ(engine.call(*instance, "f", {runtime::kInterruptKill}), Outcome::trapped);
    EXPECT_EQ(engine.stack().trap.kind, TrapKind::interrupted);
    EXPECT_EQ(heap().counted_bytes(), bytes);
    engine.stack().clear_interrupt(runtime::kInterruptKill);

    const i64 resumed = fuel_of([&] {
      ASSERT_EQ(engine.call(*instance, "f", {runtime::kInterruptFreeze}), Outcome::pending);
      EXPECT_EQ(heap().counted_bytes(), bytes);
      engine.stack().clear_interrupt(runtime::kInterruptFreeze);
      Slot result = 0;
      ASSERT_EQ(exec::resume(engine.stack(), {}, {&result, 1}), Outcome::returned);
      EXPECT_EQ(static_cast<u32>(result), c.value);
    });
    EXPECT_EQ(resumed, whole);
  }
}

INSTANTIATE_TEST_SUITE_P(Tiers, HeapInterrupt, testing::ValuesIn(kTiers), [](const auto& info) {
  return std::string(info.param == runtime::Tier::baseline ? "baseline" : "interp");
});

}  // namespace
}  // namespace dewar::test
