// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Host functions that call back: host -> guest -> host -> guest with every way to end at each level, in normal and in
// tail position, on the same stack and on others; bounded native recursion; nothing of an inner call shows outside.
#include "exec_fixture.h"

namespace dewar::test {
namespace {

using runtime::CallContext;
using runtime::HostStatus;
using runtime::Outcome;
using runtime::TrapKind;

class Reentry : public testing::TestWithParam<usize> {
 protected:
  runtime::EngineOptions options() const { return matrix_modes()[GetParam()].options; }
};

TEST_P(Reentry, ACallBackToOtherHostFunctionsDoesNotChangeTheCallItself) {
  // "wide" has other numbers of arguments and results than "back", which is what its caller goes on with.
  for (const bool tail : {false, true}) {
    TestEngine engine(options());
    runtime::Instance* instance = nullptr;
    engine.host("wide", {kCanonI64, kCanonI64, kCanonI64}, {},
                [](CallContext&, const Slot*, Slot*) { return HostStatus::ok; });
    engine.host("back", {kCanonI32}, {kCanonI64, kCanonI64}, [&](CallContext& ctx, const Slot* args, Slot* results) {
      const Slot before = args[0];
      EXPECT_EQ(exec::invoke(ctx.stack, engine.func(*instance, "inner"), {}, {}), Outcome::returned);
      EXPECT_EQ(args[0], before) << "arguments survive the call";
      results[0] = static_cast<u32>(args[0]) + 1;
      results[1] = static_cast<u32>(args[0]) + 2;
      return HostStatus::ok;
    });
    instance = engine.load(std::string(R"((module
        (import "env" "wide" (func $wide (param i64 i64 i64)))
        (import "env" "back" (func $back (param i32) (result i64 i64)))
        (func (export "inner") (call $wide (i64.const 1) (i64.const 2) (i64.const 3)))
        (func $g (param i32) (result i64 i64) (i64.const 9) (drop) )") +
                           (tail ? "(return_call $back (local.get 0))" : "(call $back (local.get 0))") +
                           R"() (func (export "f") (param i32) (result i64) (i64.const 1000) (call $g (local.get 0))
        (i64.mul) (i64.add))))");
    ASSERT_NE(instance, nullptr);
    ASSERT_EQ(engine.call(*instance, "f", {10}), Outcome::returned);
    EXPECT_EQ(engine.results()[0], 1000u + 11 * 12);
  }
}

TEST_P(Reentry, HandlersInsideACallBackFromTailPositionCount) {
  TestEngine engine(options());
  runtime::Instance* instance = nullptr;
  engine.host("back", {}, {kCanonI32}, [&](CallContext& ctx, const Slot*, Slot* results) {
    return exec::invoke(ctx.stack, engine.func(*instance, "catches"), {}, {results, 1}) == Outcome::returned
               ? HostStatus::ok
               : HostStatus::trap;
  });
  instance = engine.load(R"((module (import "env" "back" (func $back (result i32))) (tag $e (param i32))
      (func (export "catches") (result i32)
        (block $h (result i32) (try_table (catch $e $h) (throw $e (i32.const 5))) (unreachable)))
      (func $tail (result i32) (return_call $back))
      (func (export "f") (result i32) (i32.add (call $tail) (i32.const 1)))))");
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(engine.call(*instance, "f"), Outcome::returned);
  EXPECT_EQ(engine.result_i32(), 6);
}

TEST_P(Reentry, AnExceptionThrownByAHostInTailPositionSkipsItsCallersHandlers) {
  TestEngine engine(options());
  runtime::Instance* instance = nullptr;
  engine.host("throws", {}, {}, [&](CallContext& ctx, const Slot*, Slot*) {
    EXPECT_EQ(exec::invoke(ctx.stack, engine.func(*instance, "throw"), {}, {}), Outcome::threw);
    return HostStatus::throw_;
  });
  instance = engine.load(R"((module (import "env" "throws" (func $throws)) (tag $e)
      (func (export "throw") (throw $e))
      (func $tail (result i32) (block $h (try_table (catch_all $h) (return_call $mid))) (i32.const 1))
      (func $mid (result i32) (block $h (try_table (catch_all $h) (return_call $void))) (i32.const 2))
      (func $void (result i32) (call $throws) (i32.const 3))
      (func $direct (block $h (try_table (catch_all $h) (return_call $throws))))
      (func (export "f") (result i32)
        (block $h (try_table (catch $e $h) (return (call $tail)))) (i32.const 10))
      (func (export "g") (result i32)
        (block $h (try_table (catch $e $h) (call $direct) (return (i32.const 4)))) (i32.const 20))
      (func (export "h") (result i32)
        (block $h (try_table (catch $e $h) (call $throws) (return (i32.const 5)))) (i32.const 30))))");
  ASSERT_NE(instance, nullptr);
  for (const auto& [name, expected] : {std::pair{"f", 10}, {"g", 20}, {"h", 30}}) {
    ASSERT_EQ(engine.call(*instance, name), Outcome::returned) << name;
    EXPECT_EQ(engine.result_i32(), expected) << name;
    EXPECT_EQ(engine.stack().exception, runtime::kNullRef);
  }
}

/// Level n calls the host with n - 1; at level 0 it ends as the mode says, and each host passes on what it got.
const char kNest[] = R"((module (import "env" "down" (func $down (param i32) (result i32))) (tag $e)
    (global $end (export "end") (mut i32) (i32.const 0))
    (func $level (export "level") (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then
        (if (i32.eq (global.get $end) (i32.const 1)) (then (unreachable)))
        (if (i32.eq (global.get $end) (i32.const 2)) (then (throw $e)))
        (return (i32.const 1))))
      (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
    (func (export "catching") (param i32) (result i32)
      (block $h (try_table (catch $e $h) (return (call $level (local.get 0))))) (i32.const 1000))
    (func (export "set") (param i32) (global.set $end (local.get 0)))))";

TEST_P(Reentry, EveryWayToEndPassesThroughEveryLevel) {
  for (const u32 end : {0u, 1u, 2u, 3u}) {
    TestEngine engine(options());
    runtime::Instance* instance = nullptr;
    engine.host("down", {kCanonI32}, {kCanonI32}, [&](CallContext& ctx, const Slot* args, Slot* results) {
      if (end == 3 && static_cast<u32>(args[0]) == 0) {
        ctx.stack.exit_code = 42;
        return HostStatus::exit;
      }
      switch (exec::invoke(ctx.stack, engine.func(*instance, "level"), {args, 1}, {results, 1})) {
        case Outcome::returned: return HostStatus::ok;
        case Outcome::trapped: return HostStatus::trap;
        case Outcome::threw: return HostStatus::throw_;
        case Outcome::exited: return HostStatus::exit;
        case Outcome::pending: return HostStatus::pending;
      }
      return HostStatus::trap;
    });
    instance = engine.load(kNest);
    ASSERT_NE(instance, nullptr);
    ASSERT_EQ(engine.call(*instance, "set", {end}), Outcome::returned);
    const Outcome outcome = engine.call(*instance, "level", {20});
    const Outcome expected[] = {Outcome::returned, Outcome::trapped, Outcome::threw, Outcome::exited};
    EXPECT_EQ(outcome, expected[end]);
    if (end == 0) EXPECT_EQ(engine.result_i32(), 21);
    if (end == 1) EXPECT_EQ(engine.stack().trap.kind, TrapKind::unreachable);
    if (end == 3) EXPECT_EQ(engine.stack().exit_code, 42u);
    if (end == 2) {
      ASSERT_EQ(engine.call(*instance, "catching", {20}), Outcome::returned);
      EXPECT_EQ(engine.result_i32(), 1000);
    }
    // Nothing is left behind.
    EXPECT_EQ(engine.stack().state.code, nullptr);
    EXPECT_EQ(engine.stack().activation, nullptr);
    EXPECT_EQ(engine.stack().host_depth, 0u);
    ASSERT_EQ(engine.call(*instance, "set", {0}), Outcome::returned);
    if (end != 3) {
      ASSERT_EQ(engine.call(*instance, "level", {3}), Outcome::returned);
      EXPECT_EQ(engine.result_i32(), 4);
    }
  }
}

TEST_P(Reentry, NativeRecursionIsBoundedOnOneStackAndOverMany) {
  for (const bool own_stack : {false, true}) {
    TestEngine engine(options());
    runtime::Instance* instance = nullptr;
    u32 deepest = 0, depth = 0;
    engine.host("down", {kCanonI32}, {kCanonI32}, [&](CallContext& ctx, const Slot* args, Slot* results) {
      deepest = std::max(deepest, ++depth);
      Outcome outcome = Outcome::trapped;
      if (own_stack) {
        auto other = runtime::Stack::create(ctx.store, 4096);
        EXPECT_TRUE(other.has_value());
        outcome = exec::invoke(**other, engine.func(*instance, "level"), {args, 1}, {results, 1});
        if (outcome == Outcome::trapped) ctx.stack.trap.kind = (*other)->trap.kind;
      } else {
        outcome = exec::invoke(ctx.stack, engine.func(*instance, "level"), {args, 1}, {results, 1});
      }
      --depth;
      return outcome == Outcome::returned ? HostStatus::ok : HostStatus::trap;
    });
    instance = engine.load(kNest);
    ASSERT_NE(instance, nullptr);
    ASSERT_EQ(engine.call(*instance, "level", {100'000}), Outcome::trapped);
    EXPECT_EQ(engine.stack().trap.kind, TrapKind::stack_exhausted);
    EXPECT_EQ(deepest, runtime::Stack::kMaxHostDepth);
    ASSERT_EQ(engine.call(*instance, "level", {100}), Outcome::returned);
  }
}

TEST_P(Reentry, WhatAnInnerCallDidIsForgottenWhenItsHostReturns) {
  TestEngine engine(options());
  runtime::Instance* instance = nullptr;
  engine.host("ignores", {}, {}, [&](CallContext& ctx, const Slot*, Slot*) {
    EXPECT_EQ(exec::invoke(ctx.stack, engine.func(*instance, "trap"), {}, {}), Outcome::trapped);
    EXPECT_EQ(exec::invoke(ctx.stack, engine.func(*instance, "throw"), {}, {}), Outcome::threw);
    EXPECT_EQ(exec::invoke(ctx.stack, engine.func(*instance, "trap"), {}, {}), Outcome::trapped);
    return HostStatus::ok;
  });
  engine.host("fails", {}, {}, [](CallContext&, const Slot*, Slot*) { return HostStatus::trap; });
  engine.host("throws", {}, {}, [](CallContext&, const Slot*, Slot*) { return HostStatus::throw_; });
  instance = engine.load(R"((module (import "env" "ignores" (func $ignores)) (import "env" "fails" (func $fails))
      (import "env" "throws" (func $throws)) (tag $e)
      (func (export "trap") (unreachable)) (func (export "throw") (throw $e))
      (func (export "f") (call $ignores) (call $ignores))
      (func (export "g") (call $ignores) (call $fails))
      (func (export "h") (block $h (try_table (catch_all $h) (call $ignores) (call $throws))))))");
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(engine.call(*instance, "f"), Outcome::returned);
  EXPECT_EQ(engine.stack().trap.kind, TrapKind::none);
  EXPECT_EQ(engine.stack().exception, runtime::kNullRef);
  ASSERT_EQ(engine.call(*instance, "g"), Outcome::trapped);
  EXPECT_EQ(engine.stack().trap.kind, TrapKind::host) << "not the inner call's";
  EXPECT_EQ(engine.stack().trap.frames.size(), 1u);
  ASSERT_EQ(engine.call(*instance, "h"), Outcome::trapped);
  EXPECT_EQ(engine.stack().trap.kind, TrapKind::host) << "thrown without an exception";
}

TEST_P(Reentry, ASuspendedStackCanOnlyBeResumed) {
  TestEngine engine(options());
  engine.host("wait", {}, {kCanonI32}, [](CallContext&, const Slot*, Slot*) { return HostStatus::pending; });
  runtime::Instance* instance = engine.load(R"((module (import "env" "wait" (func $wait (result i32)))
      (func (export "f") (result i32) (i32.add (call $wait) (i32.const 1)))
      (func (export "other") (result i32) (i32.const 9))))");
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(engine.call(*instance, "f"), Outcome::pending);
  ASSERT_EQ(engine.call(*instance, "other"), Outcome::trapped);
  EXPECT_EQ(engine.stack().trap.kind, TrapKind::host);
  Slot result = 0;
  const Slot reply[1] = {4};
  ASSERT_EQ(exec::resume(engine.stack(), reply, {&result, 1}), Outcome::returned);
  EXPECT_EQ(static_cast<u32>(result), 5u);
  ASSERT_EQ(engine.call(*instance, "other"), Outcome::returned);
}

TEST_P(Reentry, TailCallsAcrossInstancesTakeMemoryAndTypesAlong) {
  TestEngine engine(options());
  runtime::Instance* inner = engine.load(R"((module (memory 1) (global $g (mut i32) (i32.const 7))
      (func (export "there") (param i32) (result i32)
        (i32.store (i32.const 16) (i32.add (local.get 0) (global.get $g))) (i32.load (i32.const 16)))))");
  ASSERT_NE(inner, nullptr);
  engine.linker().define_instance("inner", *inner);
  runtime::Instance* outer = engine.load(R"((module (import "inner" "there" (func $there (param i32) (result i32)))
      (memory 1) (data (i32.const 16) "\64\00\00\00") (table funcref (elem $there)) (type $t (func (param i32) (result i32)))
      (elem declare func $there)
      (func $a (param i32) (result i32) (return_call $there (local.get 0)))
      (func $b (param i32) (result i32) (return_call_indirect (type $t) (local.get 0) (i32.const 0)))
      (func $c (param i32) (result i32) (return_call_ref $t (local.get 0) (ref.func $there)))
      (func (export "f") (result i32)
        (i32.add (i32.load (i32.const 16)) (i32.add (call $a (i32.const 1)) (i32.add (call $b (i32.const 2))
          (i32.add (call $c (i32.const 3)) (i32.load (i32.const 16)))))))
      (func (export "again") (result i32) (i32.load (i32.const 16)))))");
  ASSERT_NE(outer, nullptr);
  ASSERT_EQ(engine.call(*outer, "f"), Outcome::returned);
  EXPECT_EQ(engine.result_i32(), 100 + 8 + 9 + 10 + 100);
}

TEST_P(Reentry, HiddenMemoryIsShownToCodeThatIsCalledBack) {
  runtime::EngineOptions hiding = options();
  hiding.hide_memory = true;
  TestEngine engine(hiding);
  engine.host("back", {}, {kCanonI32}, [&engine](CallContext& ctx, const Slot*, Slot* results) {
    const runtime::HideMemoriesScope hidden(ctx.store, true);
    const auto inner = runtime::find_export(*ctx.caller, "inner");
    EXPECT_EQ(exec::invoke(engine.stack(), *inner->func, {}, {results, 1}), Outcome::returned);
    EXPECT_TRUE(ctx.store.memories_hidden());
    return HostStatus::ok;
  });
  runtime::Instance* instance = engine.load(R"((module (import "env" "back" (func $back (result i32)))
      (memory 1) (data (i32.const 8) "\05") (func (export "inner") (result i32)
        (i32.store (i32.const 12) (i32.const 20)) (i32.load (i32.const 8)))
      (func (export "f") (result i32)
        (i32.add (call $back) (i32.add (memory.grow (i32.const 1)) (i32.load (i32.const 12)))))))");
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(engine.call(*instance, "f"), Outcome::returned);
  EXPECT_EQ(engine.result_i32(), 5 + 1 + 20);
  EXPECT_FALSE(engine.store().memories_hidden());
}

INSTANTIATE_TEST_SUITE_P(Modes, Reentry, testing::Range(usize{0}, matrix_modes().size()),
                         [](const auto& param) { return matrix_modes()[param.param].name; });

}  // namespace
}  // namespace dewar::test
