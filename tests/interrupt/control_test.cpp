// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Interruption of control flow (design D12), measured by work, not time: a host call asks for the interruption and
// notes the fuel; from there the guest may execute at most one trip of its loop, or one call, before it ends.
#include <gtest/gtest.h>

#include <thread>

#include "interrupt/engine_fixture.h"

namespace dewar::test {
namespace {

using runtime::Outcome;
using runtime::TrapKind;

constexpr i64 kFuel = i64{1} << 40;
/// More than any case's loop body or call sequence, far less than two of the long ones (`long_body` has 300).
constexpr i64 kMostInstructions = 40;

struct Case {
  const char* name;
  /// Fields of a module that imports $request and exports "run".
  const char* body;
  i64 most = kMostInstructions;
};

const Case kCases[] = {
    {"empty_loop", R"((func (export "run") (call $request) (loop (br 0))))"},
    {"empty_loop_br_if", R"((func (export "run") (call $request) (loop (br_if 0 (i32.const 1)))))"},
    {"nested_loops", R"((func (export "run") (call $request) (loop $a (loop $b (br_if $a (i32.const 1)) (br $b)))))"},
    {"outer_loop_of_block", R"((func (export "run") (call $request) (loop $a (block (block (br $a))))))"},
    {"br_table_edges", R"((func (export "run") (local i32) (call $request)
        (loop $a (loop $b (local.set 0 (i32.add (local.get 0) (i32.const 1)))
          (br_table $a $b $a $b (i32.and (local.get 0) (i32.const 3)))))))"},
    {"br_table_default", R"((func (export "run") (call $request) (loop $a (br_table $a (i32.const 7)))))"},
    {"if_else_edges", R"((func (export "run") (local i32) (call $request)
        (loop $a (if (i32.and (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1))
          (then (br $a)) (else (br $a))))))"},
    {"br_on_null", R"((func (export "run") (call $request) (loop $a (br_on_null $a (ref.null func)) drop)))"},
    {"br_on_non_null", R"((elem declare func $f) (func $f)
        (func (export "run") (call $request) (ref.func $f) (loop $a (param (ref func)) (br_on_non_null $a))))"},
    {"br_on_cast", R"((func (export "run") (call $request) (ref.i31 (i32.const 1))
        (loop $a (param anyref) (br_on_cast $a anyref i31ref) (drop))))"},
    {"br_on_cast_fail", R"((func (export "run") (call $request) (ref.i31 (i32.const 1))
        (loop $a (param anyref) (br_on_cast_fail $a anyref structref) (drop))))"},
    {"catch_to_loop", R"((tag $e) (func (export "run") (call $request)
        (loop $a (try_table (catch $e $a) (throw $e)))))"},
    {"catch_all_to_loop", R"((tag $e) (func $thrower (throw $e)) (func (export "run") (call $request)
        (loop $a (try_table (catch_all $a) (call $thrower)))))"},
    {"loop_with_value", R"((func (export "run") (call $request) (i32.const 1)
        (loop $a (param i32) (i32.const 1) (i32.add) (br $a)) ))"},
    {"mutual_tail_calls", R"((func $a (return_call $b)) (func $b (return_call $a))
        (func (export "run") (call $request) (return_call $a)))"},
    {"self_tail_call", R"((func $a (return_call $a)) (func (export "run") (call $request) (call $a)))"},
    {"tail_call_indirect",
     R"((type $t (func)) (table funcref (elem $a)) (func $a (return_call_indirect (type $t) (i32.const 0)))
        (func (export "run") (call $request) (call $a)))"},
    {"tail_call_ref", R"((type $t (func)) (elem declare func $a) (func $a (type $t) (return_call_ref $t (ref.func $a)))
        (func (export "run") (call $request) (call $a)))"},
    {"recursion", R"((func $a (call $a)) (func (export "run") (call $request) (call $a)))"},
    {"mutual_recursion", R"((func $a (call $b)) (func $b (call $a)) (func (export "run") (call $request) (call $a)))"},
    {"call_indirect_recursion", R"((type $t (func)) (table funcref (elem $a))
        (func $a (call_indirect (type $t) (i32.const 0))) (func (export "run") (call $request) (call $a)))"},
    {"call_ref_recursion", R"((type $t (func)) (elem declare func $a) (func $a (type $t) (call_ref $t (ref.func $a)))
        (func (export "run") (call $request) (call $a)))"},
};

std::string with_import(const char* body) {
  return std::string("(module (import \"env\" \"request\" (func $request)) ") + body + ")";
}

/// A TestEngine whose import "request" interrupts the running stack and notes the fuel left.
struct Requester {
  explicit Requester(const runtime::EngineOptions& options) : engine(options) {
    engine.host("request", {}, {}, [this](runtime::CallContext& ctx, const Slot*, Slot*) {
      fuel_at_request = ctx.stack.fuel;
      ctx.stack.interrupt(runtime::kInterruptKill);
      return runtime::HostStatus::ok;
    });
    engine.stack().fuel = kFuel;
  }
  i64 used_after_request() { return fuel_at_request - engine.stack().fuel; }

  TestEngine engine;
  i64 fuel_at_request = kFuel;
};

class ControlInterrupt : public testing::TestWithParam<usize> {};

TEST_P(ControlInterrupt, EndsWithinOneTrip) {
  const Mode mode = matrix_modes()[GetParam()];
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    Requester requester(mode.options);
    runtime::Instance* instance = requester.engine.load(with_import(c.body));
    ASSERT_NE(instance, nullptr);
    EXPECT_EQ(requester.engine.call(*instance, "run"), Outcome::trapped);
    EXPECT_EQ(requester.engine.stack().trap.kind, TrapKind::interrupted);
    EXPECT_GE(requester.used_after_request(), 0);
    EXPECT_LE(requester.used_after_request(), c.most);
    EXPECT_LT(requester.fuel_at_request, kFuel) << "the guest did not reach the request";
  }
}

TEST_P(ControlInterrupt, LoopBodyRunsAtMostOnce) {
  const Mode mode = matrix_modes()[GetParam()];
  std::string body = R"((global $n (export "n") (mut i32) (i32.const 0))
      (func (export "run") (call $request) (loop $a (global.set $n (i32.add (global.get $n) (i32.const 1))) )";
  for (int i = 0; i < 300; ++i) body += "nop ";
  body += "(br $a)))";
  Requester requester(mode.options);
  runtime::Instance* instance = requester.engine.load(with_import(body.c_str()));
  ASSERT_NE(instance, nullptr);
  EXPECT_EQ(requester.engine.call(*instance, "run"), Outcome::trapped);
  EXPECT_EQ(requester.engine.stack().trap.kind, TrapKind::interrupted);
  EXPECT_LE(requester.engine.global_u32(*instance, "n"), 1u);
}

TEST_P(ControlInterrupt, EndsAStartFunction) {
  const Mode mode = matrix_modes()[GetParam()];
  Requester requester(mode.options);
  const runtime::Instantiated made =
      requester.engine.start(with_import("(func $main (call $request) (loop (br 0))) (start $main)"));
  EXPECT_EQ(made.outcome, Outcome::trapped);
  EXPECT_EQ(requester.engine.stack().trap.kind, TrapKind::interrupted);
  EXPECT_LE(requester.used_after_request(), kMostInstructions);
}

TEST_P(ControlInterrupt, IsStickyUntilCleared) {
  const Mode mode = matrix_modes()[GetParam()];
  Requester requester(mode.options);
  TestEngine& engine = requester.engine;
  runtime::Instance* instance = engine.load(with_import(
      R"((func (export "run") (call $request) (loop (br 0))) (func (export "seven") (result i32) (i32.const 7)))"));
  ASSERT_NE(instance, nullptr);
  EXPECT_EQ(engine.call(*instance, "run"), Outcome::trapped);
  // A new call on the same stack is refused at its entry while the reason stands ...
  const i64 before = engine.stack().fuel;
  EXPECT_EQ(engine.call(*instance, "seven"), Outcome::trapped);
  EXPECT_EQ(engine.stack().trap.kind, TrapKind::interrupted);
  EXPECT_LE(before - engine.stack().fuel, kMostInstructions);
  // ... and works once it is cleared.
  engine.stack().clear_interrupt(runtime::kInterruptKill);
  ASSERT_EQ(engine.call(*instance, "seven"), Outcome::returned);
  EXPECT_EQ(engine.result_i32(), 7);
}

// Who asks sets the reason, then poisons the limit; the owner may have seen and cleared the reason in between.
TEST_P(ControlInterrupt, APoisonedLimitWithoutAReasonIsMended) {
  TestEngine engine(matrix_modes()[GetParam()].options);
  engine.host("request", {}, {}, [](runtime::CallContext& ctx, const Slot*, Slot*) {
    ctx.stack.limit.store(0);
    return runtime::HostStatus::ok;
  });
  runtime::Instance* instance = engine.load(with_import(R"((func $seven (result i32) (i32.const 7))
      (func $tail (result i32) (call $request) (return_call $seven))
      (func (export "run") (result i32) (call $request) (i32.add (call $seven) (call $tail))))"));
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(engine.call(*instance, "run"), Outcome::returned);
  EXPECT_EQ(engine.result_i32(), 14);
}

TEST_P(ControlInterrupt, RequestedFromAnotherThread) {
  const Mode mode = matrix_modes()[GetParam()];
  for (const Case& c : kCases) {
    // Recursions without tail calls would exhaust the stack before the other thread gets to run.
    if (std::string_view(c.name).find("recursion") != std::string_view::npos) continue;
    SCOPED_TRACE(c.name);
    TestEngine engine(mode.options);
    std::atomic<bool> running = false;
    engine.host("request", {}, {}, [&](runtime::CallContext&, const Slot*, Slot*) {
      running = true;
      return runtime::HostStatus::ok;
    });
    runtime::Instance* instance = engine.load(with_import(c.body));
    ASSERT_NE(instance, nullptr);
    std::thread other([&] {
      while (!running) std::this_thread::yield();
      engine.stack().interrupt(runtime::kInterruptKill);
    });
    EXPECT_EQ(engine.call(*instance, "run"), Outcome::trapped);  // hangs, and so fails by ctest's timeout, if ignored
    EXPECT_EQ(engine.stack().trap.kind, TrapKind::interrupted);
    other.join();
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, ControlInterrupt, testing::Range(usize{0}, matrix_modes().size()),
                         [](const auto& param) { return matrix_modes()[param.param].name; });

}  // namespace
}  // namespace dewar::test
