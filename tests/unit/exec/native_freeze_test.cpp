// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Freezing while compiled frames are on the stack, without an image: a run that is stopped at every place where it can
// be, and goes on there, has the results and the fuel of one that is not. What was compiled goes on in the interpreter;
// its callers are compiled still.
#include <cstring>

#include "exec_fixture.h"

namespace dewar::test {
namespace {

using runtime::Outcome;

// Locals of all types that loops keep in registers, operands below loops and calls, recursion, calls of another
// instance, an indirect and a tail call; "tick" is where a freeze may be asked for.
constexpr std::string_view kOther = R"((module (import "env" "tick" (func $tick))
    (func (export "twice") (param i64) (result i64) (local i32)
      (local.set 1 (i32.const 3))
      (loop (call $tick) (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
      (i64.mul (local.get 0) (i64.const 2)))))";
constexpr std::string_view kMain = R"((module (import "env" "tick" (func $tick))
    (import "other" "twice" (func $twice (param i64) (result i64)))
    (memory 1) (type $t (func (param i32 i64) (result i64))) (table funcref (elem $leaf $node))
    (func $leaf (param i32 i64) (result i64) (local f64 f32 v128)
      (local.set 2 (f64.convert_i32_s (local.get 0)))
      (local.set 4 (i64x2.splat (local.get 1)))
      (loop (call $tick)
        (local.set 2 (f64.add (local.get 2) (f64.const 0.5)))
        (local.set 3 (f32.sub (local.get 3) (f32.const 1.25)))
        (local.set 4 (i64x2.add (local.get 4) (i64x2.splat (i64.const 7))))
        (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))
        (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (br_if 0 (i32.lt_u (local.get 0) (i32.const 4))))
      (i64.add (i64x2.extract_lane 1 (local.get 4))
        (i64.add (i64.trunc_f64_s (f64.mul (local.get 2) (f64.const 8)))
          (i64.add (i64.trunc_f32_s (local.get 3)) (i64.load32_u (i32.const 16))))))
    (func $node (param i32 i64) (result i64)
      (if (result i64) (i32.eqz (local.get 0))
        (then (return_call $leaf (i32.const 1) (local.get 1)))
        (else
          (i64.const 1000)
          (call $twice (i64.add (local.get 1) (i64.const 1)))
          (loop (param i64) (result i64) (call $tick) (i64.const 3) (i64.xor)
            (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (br_if 0 (i32.gt_u (local.get 0) (i32.const 1))))
          (call_indirect (type $t) (local.get 0) (local.get 1) (i32.eqz (i32.eqz (local.get 0))))
          (i64.sub) (i64.add))))
    (func (export "f") (param i32) (result i64)
      (i64.add (call $node (local.get 0) (i64.const 5)) (call $leaf (i32.const 0) (i64.const 1))))))";

struct World {
  explicit World(const runtime::EngineOptions& options) : engine(options) {
    engine.host("tick", {}, {}, [this](runtime::CallContext& ctx, const Slot*, Slot*) {
      if (ticks++ == freeze_at) ctx.stack.interrupt(runtime::kInterruptFreeze);
      return runtime::HostStatus::ok;
    });
    runtime::Instance* const other = engine.load(kOther);
    if (other == nullptr) return;
    runtime::Extern item;
    item.kind = wasm::ExternKind::func;
    item.func = &engine.func(*other, "twice");
    engine.linker().define("other", "twice", item);
    instance = engine.load(kMain);
  }
  /// Runs "f", frozen at the tick with that number and every `step` ticks after it.
  Did run(u32 first, u32 step) {
    runtime::Stack& stack = engine.stack();
    ticks = suspended = 0;
    freeze_at = first;
    stack.fuel = kPlenty;
    stack.bulk_surcharge = 0;
    std::memset(instance->memories[0]->base, 0, 64);
    Did did;
    did.outcome = engine.call(*instance, "f", {9});
    Slot result = did.outcome == Outcome::returned ? engine.results()[0] : 0;
    while (did.outcome == Outcome::pending) {
      ++suspended;
      EXPECT_FALSE(stack.pending_host_call);
      EXPECT_NE(stack.state.code, nullptr);
      stack.clear_interrupt(runtime::kInterruptFreeze);
      freeze_at = ticks + step - 1;
      did.outcome = exec::resume(stack, {}, {&result, 1});
    }
    did.results = {result};
    did.trap = stack.trap.kind;
    did.fuel = kPlenty - stack.fuel;
    did.surcharge = stack.bulk_surcharge;
    EXPECT_EQ(stack.native.sp, stack.native_top());
    return did;
  }

  TestEngine engine;
  runtime::Instance* instance = nullptr;
  u32 ticks = 0, freeze_at = ~u32{0}, suspended = 0;
};

TEST(NativeFreeze, ARunGoesOnWhereverItWasStopped) {
  World plain({});
  ASSERT_NE(plain.instance, nullptr);
  const Did wanted = plain.run(~u32{0} - 1, 1);
  ASSERT_EQ(wanted.outcome, Outcome::returned);
  const u32 ticks = plain.ticks;
  ASSERT_GT(ticks, 20u);
  for (const Mode& mode : matrix_modes()) {
    World world(mode.options);
    ASSERT_NE(world.instance, nullptr);
    EXPECT_EQ(world.run(~u32{0} - 1, 1), wanted) << mode.name;
    u32 suspended = 0;
    for (u32 first = 0; first < ticks; ++first) {
      for (const u32 step : {1u, 2u, 1'000u}) {
        EXPECT_EQ(world.run(first, step), wanted) << mode.name << ", frozen at " << first << " and each " << step;
        EXPECT_EQ(world.ticks, ticks);
        suspended += world.suspended;
      }
    }
    EXPECT_GT(suspended, ticks * 3) << mode.name;
  }
}

}  // namespace
}  // namespace dewar::test
