// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compiled frames that go on in the interpreter, asked for by a host function at every one of its calls: the innermost
// frame, all, or those of one function; at a call, in tail position, below a host function that called back, unwound by
// an exception or a trap, suspended. Results, fuel, traps and images are those of the interpreter.
#include "exec/deopt.h"

#include "exec/frame_image.h"
#include "exec/frame_walk.h"
#include "exec/probe_point.h"
#include "exec_fixture.h"

namespace dewar::test {
namespace {

using runtime::CallContext;
using runtime::HostStatus;
using runtime::Outcome;
using runtime::Stack;

constexpr std::string_view kWat = R"((module
    (import "env" "host" (func $host (param i32) (result i32 i64)))
    (import "env" "back" (func $back (param i32) (result i64)))
    (tag $e (param i32)) (type $t (func (param i32) (result i32 i64))) (table funcref (elem $down $tail))
    (func $down (param $n i32) (result i32 i64) (local $a i32) (local $b i64) (local $k i64)
      (if (i32.eqz (local.get $n)) (then (return (call $host (i32.const 100)))))
      (local.set $k (i64.extend_i32_u (local.get $n)))
      (i32.const 3) (i64.const 9)
      (if (result i32 i64) (i32.and (local.get $n) (i32.const 1))
        (then (call $tail (i32.sub (local.get $n) (i32.const 1))))
        (else (call_indirect (type $t) (i32.sub (local.get $n) (i32.const 1)) (i32.const 0))))
      (local.set $b) (local.set $a)
      (local.set $b (i64.add (i64.mul (local.get $b) (i64.const 3)) (local.get $k))) (i64.add (local.get $b)) (local.set $b)
      (i32.add (local.get $a)) (local.get $b))
    (func $tail (param $n i32) (result i32 i64)
      (if (i32.eq (local.get $n) (i32.const 4)) (then (return_call $host (local.get $n))))
      (return_call $down (local.get $n)))
    (func $throws (param $n i32) (result i64)
      (drop (drop (call $host (local.get $n))))
      (if (i32.and (local.get $n) (i32.const 1)) (then (throw $e (local.get $n)))) (i64.const 50))
    (func $catch (param $n i32) (result i64)
      (i64.const 1000)
      (block $h (result i32) (try_table (result i64) (catch $e $h) (call $throws (local.get $n))) (i64.add (i64.const 1)) (return))
      (i64.extend_i32_u) (drop (drop (call $host (i32.const 7)))) (i64.add))
    (func (export "g") (param $n i32) (result i64)
      (call $down (local.get $n)) (local.set $n (i32.wrap_i64)) (drop) (i64.extend_i32_u (local.get $n))
      (i64.add (call $catch (local.get $n))))
    (func (export "f") (param $n i32) (result i64) (local $s i64)
      (loop $l
        (call $down (local.get $n)) (local.get $s) (i64.add) (local.set $s) (drop)
        (local.set $s (i64.add (local.get $s) (call $catch (local.get $n))))
        (local.set $s (i64.add (local.get $s) (call $back (local.get $n))))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $s))
    (func (export "trap") (param $n i32) (result i64)
      (drop (call $down (local.get $n))) (i64.extend_i32_u) (drop (call $back (i32.const 2))) (unreachable))))";

/// An engine with the module above, whose host functions do `act` at call number `when`.
struct Subject {
  explicit Subject(runtime::Tier tier, bool mixed = false) : engine(options(tier, mixed)) {
    engine.host("host", {kCanonI32}, {kCanonI32, kCanonI64}, [this](CallContext& ctx, const Slot* args, Slot* results) {
      results[0] = static_cast<u32>(args[0]) + calls;
      results[1] = Slot{static_cast<u32>(args[0])} * 7 + 1;
      if (calls++ == when && act) return act(ctx.stack);
      return HostStatus::ok;
    });
    engine.host("back", {kCanonI32}, {kCanonI64}, [this](CallContext& ctx, const Slot* args, Slot* results) {
      const Slot argument[1] = {args[0]};
      if (exec::invoke(ctx.stack, engine.func(*instance, "g"), argument, {results, 1}) != Outcome::returned)
        return HostStatus::trap;
      if (calls++ == when && act) return act(ctx.stack);
      return HostStatus::ok;
    });
    instance = engine.load(kWat);
  }
  static runtime::EngineOptions options(runtime::Tier tier, bool mixed) {
    runtime::EngineOptions o;
    o.tier = tier;
    o.mix_tiers = mixed;
    return o;
  }
  Did run(std::string_view name) {
    calls = 0;
    Did did = call(engine, *instance, name, {6});
    EXPECT_TRUE(engine.stack().deopted.empty());
    EXPECT_EQ(engine.stack().native.sp, engine.stack().native_top());
    return did;
  }

  TestEngine engine;
  runtime::Instance* instance = nullptr;
  u32 calls = 0;
  u32 when = ~u32{0};
  std::function<HostStatus(Stack&)> act;
};

u32 compiled_frames(const Stack& stack) {
  u32 count = 0;
  exec::for_each_frame(stack, [&](const runtime::FrameState& s, bool) { count += s.side == nullptr; });
  return count;
}

TEST(Deopt, FramesGoOnInTheInterpreterAtEveryCall) {
  for (const char* name : {"f", "trap"}) {
    Subject plain(runtime::Tier::interp);
    const Did wanted = plain.run(name);
    EXPECT_EQ(wanted.outcome == Outcome::trapped, std::string_view(name) == "trap");
    const u32 calls = plain.calls;
    ASSERT_GE(calls, 4u);
    for (const bool mixed : {false, true}) {
      Subject subject(runtime::Tier::baseline, mixed);
      EXPECT_EQ(subject.run(name), wanted);
      u64 moved = 0;
      const u32 functions = subject.instance->codes->count();
      for (u32 how = 0; how < functions + 2; ++how) {
        subject.act = [&](Stack& stack) {
          const u32 before = compiled_frames(stack);
          if (how == 0) {
            exec::tier_down(stack);
            EXPECT_NE(stack.state.side, nullptr);
          } else if (how == 1) {
            exec::tier_down_all(stack);
          } else {
            exec::tier_down_frames_of(stack.store, subject.instance->codes->at(how - 2));
          }
          moved += before - compiled_frames(stack) + stack.deopted.size();
          EXPECT_LE(compiled_frames(stack), before);
          return HostStatus::ok;
        };
        for (subject.when = 0; subject.when < calls; ++subject.when)
          EXPECT_EQ(subject.run(name), wanted) << name << " way " << how << " at call " << subject.when;
        EXPECT_EQ(subject.calls, calls);
      }
      EXPECT_EQ(moved != 0, kCompiles);
    }
  }
}

TEST(Deopt, AProbeSeesFramesThatStoodAtACall) {
  // From each host call on, a probe counts the instructions of one function.
  const auto count = [](void* user, Stack&, const runtime::FrameState&) { ++*static_cast<u64*>(user); };
  for (u32 when = 0; when < 30; when += 3) {
    for (u32 defined = 0; defined < 5; ++defined) {
      u64 fired[2] = {};
      Did did[2];
      for (const int tier : {0, 1}) {
        Subject subject(tier == 0 ? runtime::Tier::interp : runtime::Tier::baseline);
        subject.when = when;
        subject.act = [&](Stack& stack) {
          const wasm::Module& module = *subject.instance->module;
          const u32 func = module.num_imported_funcs + defined;
          for (const Instruction& i : instructions(module, func))
            EXPECT_TRUE(
                exec::insert_probe(stack.store, *subject.instance->codes, func, i.pc, count, &fired[tier]).has_value());
          return HostStatus::ok;
        };
        did[tier] = subject.run("f");
      }
      EXPECT_EQ(did[1], did[0]);
      EXPECT_EQ(fired[1], fired[0]) << "function " << defined << " from call " << when;
      if (defined == 0) EXPECT_GT(fired[0], 10u);
    }
  }
}

TEST(Deopt, ASuspendedStackIsTheSameInBothTiers) {
  Subject plain(runtime::Tier::interp);
  const Did wanted = plain.run("f");
  for (u32 when = 0; when < 30; ++when) {
    exec::FrameImage first;
    for (const int how : {0, 1, 2}) {  // interpreted; compiled; compiled, and all frames tier down while suspended
      Subject subject(how == 0 ? runtime::Tier::interp : runtime::Tier::baseline);
      Stack& stack = subject.engine.stack();
      subject.when = when;
      subject.act = [](Stack& s) { return s.activation->parent ? HostStatus::ok : HostStatus::pending; };
      stack.fuel = kPlenty;
      Outcome outcome = subject.engine.call(*subject.instance, "f", {6});
      if (outcome == Outcome::returned) break;  // below a host function it can not be suspended
      ASSERT_EQ(outcome, Outcome::pending);
      for (int again = 0; again < 2; ++again) {
        const auto image = exec::write_frames(stack);
        ASSERT_TRUE(image.has_value());
        if (how == 0) first = *image;
        ASSERT_EQ(image->frames.size(), first.frames.size());
        for (usize i = 0; i < first.frames.size(); ++i) {
          EXPECT_EQ(image->frames[i].func, first.frames[i].func);
          EXPECT_EQ(image->frames[i].pc, first.frames[i].pc);
          EXPECT_EQ(image->frames[i].operands.size(), first.frames[i].operands.size());
        }
        if (how == 2 && again == 0) exec::tier_down_all(stack);
      }
      const u32 call = subject.calls - 1;
      const auto at = exec::FrameCursor::innermost(stack).state;
      const Slot argument = static_cast<u32>(at.sp[-1]);
      const Slot reply[2] = {argument + call, argument * 7 + 1};
      Slot result = 0;
      if (stack.pending_results == 1) break;  // "back": what it answers is made by a call
      ASSERT_EQ(exec::resume(stack, reply, {&result, 1}), Outcome::returned);
      EXPECT_EQ(result, wanted.results[0]) << how << " at call " << when;
      EXPECT_EQ(kPlenty - stack.fuel, wanted.fuel);
      EXPECT_TRUE(stack.deopted.empty());
    }
  }
}

}  // namespace
}  // namespace dewar::test
