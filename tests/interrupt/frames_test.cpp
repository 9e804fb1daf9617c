// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Frames as data (design D5, D14): at a host call all frames are written out, the Stack is destroyed, another one is
// built from the image, and the program goes on as if nothing had happened; and a host call runs Wasm on another Stack
// and comes back. The same in every mode, with the same results and the same fuel as an undisturbed run.
#include <gtest/gtest.h>

#include "exec/frame_image.h"
#include "interrupt/engine_fixture.h"

namespace dewar::test {
namespace {

using runtime::HostStatus;
using runtime::Outcome;
using runtime::TrapKind;

constexpr i64 kFuel = i64{1} << 40;

struct Program {
  const char* name;
  const char* wat;  ///< exports "run": i32 -> i64, calls ("env" "ask" (i32) -> i32) somewhere deep
  i32 argument;
};

const Program kPrograms[] = {
    {"recursion", R"((module (import "env" "ask" (func $ask (param i32) (result i32)))
        (func $fib (param i32) (result i64)
          (if (result i64) (i32.lt_s (local.get 0) (i32.const 2))
            (then (i64.extend_i32_s (call $ask (local.get 0))))
            (else (i64.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                           (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
        (func (export "run") (param i32) (result i64) (call $fib (local.get 0)))))",
     12},
    {"operands_below", R"((module (import "env" "ask" (func $ask (param i32) (result i32)))
        (func (export "run") (param i32) (result i64) (local $v v128) (local $f f64)
          (local.set $v (i64x2.splat (i64.const 0x123456789abcdef)))
          (local.set $f (f64.const 1.5))
          (i64.const 1000) (f32.const 2.5) (v128.const i32x4 1 2 3 4)
          (call $ask (local.get 0))
          (call $ask) (i32x4.splat) (i32x4.add) (i32x4.extract_lane 2) (f32.convert_i32_s) (f32.add)
          (i64.trunc_sat_f32_s) (i64.add)
          (i64.add (i64x2.extract_lane 1 (local.get $v))) (i64.add (i64.trunc_f64_s (local.get $f))))))",
     5},
    {"loop", R"((module (import "env" "ask" (func $ask (param i32) (result i32)))
        (func (export "run") (param i32) (result i64) (local $sum i64)
          (loop $l
            (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s (call $ask (local.get 0)))))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (local.get $sum))))",
     50},
    {"inside_handlers", R"((module (import "env" "ask" (func $ask (param i32) (result i32)))
        (tag $e (param i64))
        (func $thrower (param i32) (throw $e (i64.extend_i32_s (call $ask (local.get 0)))))
        (func (export "run") (param i32) (result i64) (local $sum i64)
          (loop $l
            (local.set $sum (i64.add (local.get $sum)
              (block $h (result i64) (try_table (catch $e $h) (call $thrower (local.get 0))) (unreachable))))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (local.get $sum))))",
     20},
    {"rethrow_kept_reference", R"((module (import "env" "ask" (func $ask (param i32) (result i32)))
        (tag $e (param i64))
        (func $hold (param i32) (local $x exnref)
          (block $h (result i64 exnref)
            (try_table (catch_ref $e $h) (throw $e (i64.extend_i32_s (local.get 0)))) (unreachable))
          (local.set $x) (drop)
          (drop (call $ask (local.get 0)))
          (throw_ref (local.get $x)))
        (func (export "run") (param i32) (result i64)
          (block $h (result i64) (try_table (catch $e $h) (call $hold (local.get 0))) (unreachable)))))",
     9},
    {"indirect_and_reference_calls", R"((module (import "env" "ask" (func $ask (param i32) (result i32)))
        (type $t (func (param i32) (result i32)))
        (table funcref (elem $a $b $ask)) (elem declare func $a $b)
        (func $a (type $t) (i32.add (i32.const 10) (call_indirect (type $t) (local.get 0) (i32.const 1))))
        (func $b (type $t) (i32.add (i32.const 20) (call_ref $t (local.get 0) (ref.func $c))))
        (func $c (type $t) (i32.add (i32.const 30) (call_indirect (type $t) (local.get 0) (i32.const 2))))
        (elem declare func $c)
        (func (export "run") (param i32) (result i64)
          (i64.extend_i32_s (call_ref $t (local.get 0) (ref.func $a))))))",
     7},
    {"tail_calls", R"((module (import "env" "ask" (func $ask (param i32) (result i32)))
        (func $even (param i32 i64) (result i64)
          (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
          (return_call $odd (i32.sub (local.get 0) (i32.const 1))
            (i64.add (local.get 1) (i64.extend_i32_s (call $ask (local.get 0))))))
        (func $odd (param i32 i64) (result i64)
          (if (i32.eqz (local.get 0)) (then (return (i64.const -1))))
          (return_call $even (i32.sub (local.get 0) (i32.const 1)) (local.get 1)))
        (func (export "run") (param i32) (result i64) (call $even (local.get 0) (i64.const 0)))))",
     40},
    {"tail_call_of_the_host", R"((module (import "env" "ask" (func $ask (param i32) (result i32)))
        (func $f (param i32) (result i32) (return_call $ask (local.get 0)))
        (func (export "run") (param i32) (result i64)
          (i64.add (i64.extend_i32_s (call $f (local.get 0)))
                   (i64.extend_i32_s (call $f (i32.const 3)))))))",
     7},
    {"references_in_locals", R"((module (import "env" "ask" (func $ask (param i32) (result i32)))
        (type $s (struct (field (mut i64)) (field (ref null $s))))
        (func $f (param i32) (param $next (ref null $s)) (result i64) (local $mine (ref null $s))
          (local.set $mine (struct.new $s (i64.extend_i32_s (local.get 0)) (local.get $next)))
          (if (i32.eqz (local.get 0)) (then
            (return (i64.add (i64.extend_i32_s (call $ask (i32.const 0))) (struct.get $s 0 (struct.get $s 1 (local.get $mine)))))))
          (drop (call $ask (local.get 0)))
          (i64.add (struct.get $s 0 (local.get $mine))
                   (call $f (i32.sub (local.get 0) (i32.const 1)) (local.get $mine))))
        (func (export "run") (param i32) (result i64) (call $f (local.get 0) (ref.null $s)))))",
     6},
};

/// What "ask" answers: some function of its argument, so that a lost argument shows.
i32 answer(Slot argument) { return static_cast<i32>(static_cast<u32>(argument)) * 7 + 1; }

struct Ended {
  Outcome outcome = Outcome::returned;
  u64 result = 0;
  i64 fuel = 0;
  u32 suspensions = 0;
  friend bool operator==(const Ended& a, const Ended& b) {
    return a.outcome == b.outcome && a.result == b.result && a.fuel == b.fuel;
  }
};

/// Runs a program without any suspension.
Ended run_through(const Program& program, const runtime::EngineOptions& options) {
  TestEngine engine(options);
  engine.host("ask", {kCanonI32}, {kCanonI32}, [](runtime::CallContext&, const Slot* args, Slot* results) {
    results[0] = static_cast<u32>(answer(args[0]));
    return HostStatus::ok;
  });
  runtime::Instance* instance = engine.load(program.wat);
  if (instance == nullptr) return {};
  engine.stack().fuel = kFuel;
  const Outcome outcome = engine.call(*instance, "run", {static_cast<u32>(program.argument)});
  return {outcome, engine.results().at(0), engine.stack().fuel, 0};
}

/// Replaces the engine's stack by a new one with the same frames.
bool rebuild(TestEngine& engine) {
  const auto image = exec::write_frames(engine.stack());
  if (!image) {
    ADD_FAILURE() << image.error().message;
    return false;
  }
  engine.stack_owner().reset();
  auto fresh = runtime::Stack::create(engine.store());
  if (!fresh) {
    ADD_FAILURE() << fresh.error().message;
    return false;
  }
  const auto put = exec::read_frames(**fresh, *image);
  if (!put) {
    ADD_FAILURE() << put.error().message;
    return false;
  }
  engine.stack_owner() = std::move(*fresh);
  return true;
}

/// Runs a program whose every "ask" suspends; each time all frames move to a new Stack before it goes on.
Ended run_rebuilt(const Program& program, const runtime::EngineOptions& options) {
  TestEngine engine(options);
  Slot asked = 0;
  engine.host("ask", {kCanonI32}, {kCanonI32}, [&](runtime::CallContext&, const Slot* args, Slot*) {
    asked = args[0];
    return HostStatus::pending;
  });
  runtime::Instance* instance = engine.load(program.wat);
  if (instance == nullptr) return {};
  engine.stack().fuel = kFuel;
  Outcome outcome = engine.call(*instance, "run", {static_cast<u32>(program.argument)});
  Slot result = 0;
  u32 suspensions = 0;
  while (outcome == Outcome::pending) {
    ++suspensions;
    EXPECT_TRUE(engine.stack().pending_host_call);
    if (!rebuild(engine)) return {};
    const Slot reply[1] = {static_cast<u32>(answer(asked))};
    outcome = exec::resume(engine.stack(), reply, {&result, 1});
  }
  return {outcome, result, engine.stack().fuel, suspensions};
}

/// Runs a program that is answered directly and asked to freeze at the poll after each answer; each time all frames
/// move to a new Stack.
Ended run_frozen(const Program& program, const runtime::EngineOptions& options) {
  TestEngine engine(options);
  engine.host("ask", {kCanonI32}, {kCanonI32}, [](runtime::CallContext& ctx, const Slot* args, Slot* results) {
    results[0] = static_cast<u32>(answer(args[0]));
    ctx.stack.interrupt(runtime::kInterruptFreeze);
    return HostStatus::ok;
  });
  runtime::Instance* instance = engine.load(program.wat);
  if (instance == nullptr) return {};
  engine.stack().fuel = kFuel;
  Outcome outcome = engine.call(*instance, "run", {static_cast<u32>(program.argument)});
  Slot result = outcome == Outcome::returned ? engine.results().at(0) : 0;
  u32 suspensions = 0;
  while (outcome == Outcome::pending) {
    ++suspensions;
    EXPECT_FALSE(engine.stack().pending_host_call);
    if (!rebuild(engine)) return {};
    outcome = exec::resume(engine.stack(), {}, {&result, 1});
  }
  return {outcome, result, engine.stack().fuel, suspensions};
}

class Frames : public testing::TestWithParam<usize> {
 protected:
  runtime::EngineOptions options() const { return matrix_modes()[GetParam()].options; }
};

TEST_P(Frames, SurviveANewStackAtEveryHostCall) {
  for (const Program& program : kPrograms) {
    SCOPED_TRACE(program.name);
    const Ended expected = run_through(program, options());
    ASSERT_EQ(expected.outcome, Outcome::returned);
    const Ended rebuilt = run_rebuilt(program, options());
    EXPECT_EQ(rebuilt, expected) << rebuilt.result << " " << expected.result << ", fuel " << rebuilt.fuel << " "
                                 << expected.fuel;
    EXPECT_GT(rebuilt.suspensions, 0u);
  }
}

TEST_P(Frames, SurviveANewStackAtAPoll) {
  u32 suspensions = 0;
  for (const Program& program : kPrograms) {
    SCOPED_TRACE(program.name);
    const Ended expected = run_through(program, options());
    const Ended frozen = run_frozen(program, options());
    EXPECT_EQ(frozen, expected) << frozen.result << " " << expected.result << ", fuel " << frozen.fuel << " "
                                << expected.fuel;
    suspensions += frozen.suspensions;
  }
  EXPECT_GT(suspensions, 100u) << "some programs have no poll after the answer, but most have many";
}

TEST_P(Frames, CrossInstances) {
  TestEngine engine(options());
  Slot asked = 0;
  engine.host("ask", {kCanonI32}, {kCanonI32}, [&](runtime::CallContext&, const Slot* args, Slot*) {
    asked = args[0];
    return HostStatus::pending;
  });
  runtime::Instance* inner = engine.load(R"((module (import "env" "ask" (func $ask (param i32) (result i32)))
      (memory 1) (global $g (mut i32) (i32.const 5))
      (func (export "inner") (param i32) (result i32)
        (i32.store (i32.const 0) (i32.const 100))
        (global.set $g (call $ask (local.get 0)))
        (i32.add (global.get $g) (i32.load (i32.const 0))))))");
  ASSERT_NE(inner, nullptr);
  engine.linker().define_instance("inner", *inner);
  runtime::Instance* outer = engine.load(R"((module (import "inner" "inner" (func $inner (param i32) (result i32)))
      (memory 1) (global $g (mut i32) (i32.const 1000))
      (func (export "run") (param i32) (result i32)
        (i32.store (i32.const 0) (i32.const 10000))
        (i32.add (i32.add (call $inner (local.get 0)) (global.get $g)) (i32.load (i32.const 0))))))");
  ASSERT_NE(outer, nullptr);
  ASSERT_EQ(engine.call(*outer, "run", {3}), Outcome::pending);
  EXPECT_EQ(asked, 3u);
  const auto image = exec::write_frames(engine.stack());
  ASSERT_TRUE(image.has_value()) << image.error().message;
  EXPECT_EQ(image->frames.size(), 2u);
  ASSERT_TRUE(rebuild(engine));
  Slot result = 0;
  const Slot reply[1] = {7};
  ASSERT_EQ(exec::resume(engine.stack(), reply, {&result, 1}), Outcome::returned);
  EXPECT_EQ(static_cast<u32>(result), 11107u);
}

TEST_P(Frames, ATrapAfterTheMoveNamesTheSamePlace) {
  const char* wat = R"((module (import "env" "ask" (func $ask (param i32) (result i32)))
      (func $deep (param i32) (result i32) (i32.div_s (i32.const 1) (call $ask (local.get 0))))
      (func $middle (param i32) (result i32) (nop) (call $deep (local.get 0)))
      (func (export "run") (param i32) (result i32) (call $middle (local.get 0)))))";
  std::vector<std::pair<u32, u32>> places[2];
  for (const bool move : {false, true}) {
    TestEngine engine(options());
    engine.host("ask", {kCanonI32}, {kCanonI32}, [&](runtime::CallContext&, const Slot*, Slot* results) {
      results[0] = 0;
      return move ? HostStatus::pending : HostStatus::ok;
    });
    runtime::Instance* instance = engine.load(wat);
    ASSERT_NE(instance, nullptr);
    Outcome outcome = engine.call(*instance, "run", {1});
    if (move) {
      ASSERT_EQ(outcome, Outcome::pending);
      ASSERT_TRUE(rebuild(engine));
      Slot result = 0;
      const Slot reply[1] = {0};
      outcome = exec::resume(engine.stack(), reply, {&result, 1});
    }
    ASSERT_EQ(outcome, Outcome::trapped);
    EXPECT_EQ(engine.stack().trap.kind, TrapKind::divide_by_zero);
    for (const runtime::FrameInfo& frame : engine.stack().trap.frames) places[move].push_back({frame.func, frame.pc});
  }
  EXPECT_EQ(places[0].size(), 3u);
  EXPECT_EQ(places[0], places[1]);
}

const char kReentrant[] = R"((module (import "env" "ask" (func $ask (param i32) (result i32)))
    (func (export "run") (param i32) (result i32) (i32.add (i32.const 1) (call $ask (local.get 0))))
    (func (export "loop") (result i32) (local $i i32)
      (loop $l (br_if $l (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
      (local.get $i))
    (func (export "run_then_loop") (param i32) (result i32)
      (i32.add (call $ask (local.get 0)) (call 2)))))";

TEST_P(Frames, AHostCallCanNotBeSuspendedAcross) {
  // The inner call may not wait below a host frame that can not be kept; it ends with a trap, and the outer one goes
  // on.
  TestEngine engine(options());
  runtime::Instance* instance = nullptr;
  engine.host("ask", {kCanonI32}, {kCanonI32}, [&](runtime::CallContext& ctx, const Slot* args, Slot* results) {
    if (args[0] == 0) return HostStatus::pending;
    const Slot zero[1] = {0};
    Slot inner = 0;
    EXPECT_EQ(exec::invoke(ctx.stack, engine.func(*instance, "run"), zero, {&inner, 1}), Outcome::trapped);
    EXPECT_EQ(ctx.stack.trap.kind, TrapKind::host);
    EXPECT_FALSE(exec::write_frames(ctx.stack).has_value());
    results[0] = 42;
    return HostStatus::ok;
  });
  instance = engine.load(kReentrant);
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(engine.call(*instance, "run", {1}), Outcome::returned);
  EXPECT_EQ(engine.result_i32(), 43);
}

TEST_P(Frames, AFreezeWaitsForTheHostFrameToLeave) {
  // A request that arrives while a host function has called back is not a reason to end the guest: it stands until the
  // host frame is gone.
  TestEngine engine(options());
  runtime::Instance* instance = nullptr;
  engine.host("ask", {kCanonI32}, {kCanonI32}, [&](runtime::CallContext& ctx, const Slot*, Slot* results) {
    ctx.stack.interrupt(runtime::kInterruptFreeze);
    Slot inner = 0;
    EXPECT_EQ(exec::invoke(ctx.stack, engine.func(*instance, "loop"), {}, {&inner, 1}), Outcome::returned);
    results[0] = static_cast<u32>(inner);
    return HostStatus::ok;
  });
  instance = engine.load(kReentrant);
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(engine.call(*instance, "run_then_loop", {1}), Outcome::pending);
  ASSERT_TRUE(rebuild(engine));
  Slot result = 0;
  ASSERT_EQ(exec::resume(engine.stack(), {}, {&result, 1}), Outcome::returned);
  EXPECT_EQ(static_cast<u32>(result), 200u);
}

TEST_P(Frames, ADamagedImageIsRefused) {
  TestEngine engine(options());
  engine.host("ask", {kCanonI32}, {kCanonI32},
              [](runtime::CallContext&, const Slot*, Slot*) { return HostStatus::pending; });
  runtime::Instance* instance = engine.load(kPrograms[0].wat);
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(engine.call(*instance, "run", {6}), Outcome::pending);
  const auto good = exec::write_frames(engine.stack());
  ASSERT_TRUE(good.has_value());
  ASSERT_GT(good->frames.size(), 2u);
  const auto refused = [&](auto damage) {
    exec::FrameImage image = *good;
    damage(image);
    auto stack = runtime::Stack::create(engine.store());
    EXPECT_TRUE(stack.has_value());
    return !exec::read_frames(**stack, image).has_value();
  };
  EXPECT_TRUE(refused([](exec::FrameImage& i) { i.frames[1].instance = 1000; }));
  EXPECT_TRUE(refused([](exec::FrameImage& i) { i.frames[1].func = 1000; }));
  EXPECT_TRUE(refused([](exec::FrameImage& i) { i.frames[1].func = 0; })) << "an import has no frame";
  EXPECT_TRUE(refused([](exec::FrameImage& i) { i.frames[1].pc = 100'000; }));
  EXPECT_TRUE(refused([](exec::FrameImage& i) { ++i.frames[1].pc; }));
  EXPECT_TRUE(refused([](exec::FrameImage& i) { i.frames[1].locals.pop_back(); }));
  EXPECT_TRUE(refused([](exec::FrameImage& i) { i.frames[1].locals.push_back(0); }));
  EXPECT_TRUE(refused([](exec::FrameImage& i) { i.frames[1].operands.resize(100'000); }));
  EXPECT_TRUE(refused([](exec::FrameImage& i) { i.frames.pop_back(); })) << "the caller waits for a callee";
  EXPECT_TRUE(refused([](exec::FrameImage& i) { i.pending_args = 1000; }));
  exec::FrameImage deep = *good;
  for (int n = 0; n < 200'000; ++n) deep.frames.insert(deep.frames.end() - 1, deep.frames[1]);
  auto stack = runtime::Stack::create(engine.store());
  ASSERT_TRUE(stack.has_value());
  const auto put = exec::read_frames(**stack, deep);
  ASSERT_FALSE(put.has_value());
  EXPECT_STREQ(put.error().code, "limit-stack");
}

// (b): other stacks in host calls.

const char kAlternating[] = R"((module (import "env" "over" (func $over (param i32) (result i32)))
    (global $g (mut i32) (i32.const 0)) (memory 1)
    (func (export "run") (param i32) (result i32) (local $before i32)
      (local.set $before (i32.mul (local.get 0) (i32.const 3)))
      (i32.store (i32.shl (local.get 0) (i32.const 2)) (local.get 0))
      (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
      (i32.add (i32.add (i32.load (i32.shl (local.get 0) (i32.const 2))) (local.get $before))
               (call $over (i32.sub (local.get 0) (i32.const 1)))))
    (func (export "trap") (unreachable))
    (tag $e) (func (export "throw") (throw $e))))";

TEST_P(Frames, AHostCallRunsWasmOnAnotherStack) {
  TestEngine engine(options());
  runtime::Instance* instance = nullptr;
  engine.host("over", {kCanonI32}, {kCanonI32}, [&](runtime::CallContext& ctx, const Slot* args, Slot* results) {
    auto other = runtime::Stack::create(ctx.store, 4096);
    EXPECT_TRUE(other.has_value());
    Slot inner = 0;
    EXPECT_EQ(exec::invoke(**other, engine.func(*instance, "run"), {args, 1}, {&inner, 1}), Outcome::returned);
    results[0] = static_cast<u32>(inner);
    return HostStatus::ok;
  });
  instance = engine.load(kAlternating);
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(engine.call(*instance, "run", {20}), Outcome::returned);
  EXPECT_EQ(engine.result_i32(), 4 * (20 * 21 / 2) + 1);
}

TEST_P(Frames, WhatEndsOnTheOtherStackStaysThere) {
  for (const char* name : {"trap", "throw"}) {
    SCOPED_TRACE(name);
    TestEngine engine(options());
    runtime::Instance* instance = nullptr;
    engine.host("over", {kCanonI32}, {kCanonI32}, [&](runtime::CallContext& ctx, const Slot*, Slot* results) {
      auto other = runtime::Stack::create(ctx.store);
      EXPECT_TRUE(other.has_value());
      const Outcome outcome = exec::invoke(**other, engine.func(*instance, name), {}, {});
      EXPECT_EQ(outcome, std::string_view(name) == "trap" ? Outcome::trapped : Outcome::threw);
      results[0] = 50;
      return HostStatus::ok;
    });
    instance = engine.load(kAlternating);
    ASSERT_NE(instance, nullptr);
    ASSERT_EQ(engine.call(*instance, "run", {2}), Outcome::returned);
    EXPECT_EQ(engine.result_i32(), 2 + 6 + 50);
    EXPECT_EQ(engine.stack().trap.kind, TrapKind::none);
  }
}

TEST_P(Frames, TwoSuspendedStacksAreResumedInAnyOrder) {
  TestEngine engine(options());
  engine.host("ask", {kCanonI32}, {kCanonI32},
              [](runtime::CallContext&, const Slot*, Slot*) { return HostStatus::pending; });
  runtime::Instance* instance = engine.load(R"((module (import "env" "ask" (func $ask (param i32) (result i32)))
      (func (export "run") (param i32) (result i32) (i32.mul (local.get 0) (call $ask (local.get 0))))))");
  ASSERT_NE(instance, nullptr);
  auto second = runtime::Stack::create(engine.store());
  ASSERT_TRUE(second.has_value());
  runtime::Func& run = engine.func(*instance, "run");
  Slot results[2] = {0, 0};
  const Slot args[2] = {3, 5}, replies[2] = {100, 1000};
  ASSERT_EQ(exec::invoke(engine.stack(), run, {&args[0], 1}, {&results[0], 1}), Outcome::pending);
  ASSERT_EQ(exec::invoke(**second, run, {&args[1], 1}, {&results[1], 1}), Outcome::pending);
  ASSERT_EQ(exec::resume(engine.stack(), {&replies[0], 1}, {&results[0], 1}), Outcome::returned);
  ASSERT_EQ(exec::resume(**second, {&replies[1], 1}, {&results[1], 1}), Outcome::returned);
  EXPECT_EQ(static_cast<u32>(results[0]), 300u);
  EXPECT_EQ(static_cast<u32>(results[1]), 5000u);
}

INSTANTIATE_TEST_SUITE_P(Modes, Frames, testing::Range(usize{0}, matrix_modes().size()),
                         [](const auto& param) { return matrix_modes()[param.param].name; });

}  // namespace
}  // namespace dewar::test
