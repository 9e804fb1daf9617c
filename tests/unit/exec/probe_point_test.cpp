// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Probes (design D2): inserted and removed at any pc while the function runs, from probe callbacks and host calls; what
// they see; that they change nothing; that a body is byte for byte what it was when the last one is gone.
#include <functional>
#include <map>

#include "exec/interp/handler.h"
#include "exec/probe_point.h"
#include "exec_fixture.h"
#include "exec_programs.h"

namespace dewar::test {
namespace {

using runtime::FrameState;
using runtime::HostStatus;
using runtime::Outcome;
using runtime::Stack;

/// A probe as a function object. Kept by the test that inserts it.
using Body = std::function<void(Stack&, const FrameState&)>;
void call_body(void* user, Stack& stack, const FrameState& state) { (*static_cast<Body*>(user))(stack, state); }

/// What a probe costs and shows is the same whether the function was compiled or not.
constexpr runtime::Tier kTiers[] = {runtime::Tier::interp, runtime::Tier::baseline};
runtime::EngineOptions in_tier(runtime::Tier tier) {
  runtime::EngineOptions options;
  options.tier = tier;
  return options;
}
std::vector<u8> body_of(runtime::Instance& instance, u32 func) {
  const runtime::FuncCode& code = instance.codes->at(func - instance.module->num_imported_funcs);
  return {code.body, code.body + code.body_size};
}

TEST(Probes, OneAtEveryInstructionSeesEveryExecution) {
  for (const Program& program : kPrograms) {
    SCOPED_TRACE(program.name);
    TestEngine engine;
    runtime::Instance* instance = engine.load(program.wat);
    ASSERT_NE(instance, nullptr);
    const Did plain = call(engine, *instance, "f", {program.argument});
    ASSERT_NE(plain.fuel, 0);
    u64 fired = 0;
    std::map<std::pair<u32, u32>, u64> counts;
    Body body = [&](Stack&, const FrameState& s) {
      ++fired;
      ++counts[{s.code->func, static_cast<u32>(s.pc - s.code->body)}];
    };
    std::vector<std::vector<u8>> before;
    for (u32 f = 0; f < instance->module->funcs.size(); ++f) {
      if (instance->codes->at(f).frame_slots.load() == runtime::FuncCode::kUnprepared) {
        before.push_back({});  // only known after a probe prepares it
      } else {
        before.push_back(body_of(*instance, f));
      }
      for (const Instruction& i : instructions(*instance->module, f))
        ASSERT_TRUE(exec::insert_probe(*instance->store, *instance->codes, f, i.pc, call_body, &body).has_value());
    }
    EXPECT_EQ(call(engine, *instance, "f", {program.argument}), plain);
    EXPECT_EQ(fired, plain.instructions());
    for (const auto& [place, count] : counts) EXPECT_GT(count, 0u);
    const u64 then = fired;
    for (u32 f = 0; f < instance->module->funcs.size(); ++f) {
      for (const Instruction& i : instructions(*instance->module, f)) {
        EXPECT_TRUE(exec::remove_probe(*instance->codes, f, i.pc, call_body, &body));
        EXPECT_FALSE(exec::remove_probe(*instance->codes, f, i.pc, call_body, &body));
      }
      if (!before[f].empty()) EXPECT_EQ(body_of(*instance, f), before[f]) << "the fused groups are back";
    }
    EXPECT_EQ(call(engine, *instance, "f", {program.argument}), plain);
    EXPECT_EQ(fired, then);
  }
}

TEST(Probes, AreInsertedAndRemovedByAProbeWhileTheFunctionRuns) {
  // Each firing moves the other probe one instruction on, through all of them, loops included.
  for (const runtime::Tier tier : kTiers)
    for (const Program& program : kPrograms) {
      SCOPED_TRACE(program.name);
      TestEngine engine(in_tier(tier));
      runtime::Instance* instance = engine.load(program.wat);
      ASSERT_NE(instance, nullptr);
      const Did plain = call(engine, *instance, "f", {program.argument});
      runtime::CodeSet& set = *instance->codes;
      std::vector<std::pair<u32, u32>> places;
      for (u32 f = 0; f < instance->module->funcs.size(); ++f)
        for (const Instruction& i : instructions(*instance->module, f)) places.push_back({f, i.pc});
      u64 moves = 0;
      usize at = 0;
      Body nothing = [](Stack&, const FrameState&) {};
      Body mover = [&](Stack&, const FrameState&) {
        EXPECT_TRUE(exec::remove_probe(set, places[at].first, places[at].second, call_body, &nothing));
        at = (at + 1) % places.size();
        EXPECT_TRUE(
            exec::insert_probe(*instance->store, set, places[at].first, places[at].second, call_body, &nothing));
        ++moves;
      };
      ASSERT_TRUE(exec::insert_probe(*instance->store, set, places[0].first, places[0].second, call_body, &nothing));
      for (const auto& [f, pc] : places) {
        // One mover at a time: at that instruction.
        ASSERT_TRUE(exec::insert_probe(*instance->store, set, f, pc, call_body, &mover));
        EXPECT_EQ(call(engine, *instance, "f", {program.argument}), plain) << f << ":" << pc;
        ASSERT_TRUE(exec::remove_probe(set, f, pc, call_body, &mover));
      }
      EXPECT_GT(moves, 20u);
    }
}

TEST(Probes, AreInsertedByAHostCallIntoFramesThatRun) {
  const char* wat = R"((module (import "env" "host" (func $host (param i32)))
      (func $g (param i32) (result i64) (local $s i64) (local $i i32)
        (loop $l
          (call $host (local.get $i))
          (local.set $s (i64.add (local.get $s) (i64.extend_i32_u (i32.mul (local.get $i) (local.get 0)))))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
        (local.get $s))
      (func (export "f") (param i32) (result i64) (i64.add (call $g (local.get 0)) (i64.const 1)))))";
  u64 wanted = 0;
  for (const runtime::Tier tier : kTiers) {
    TestEngine engine(in_tier(tier));
    runtime::Instance* instance = nullptr;
    u64 fired = 0;
    Body body = [&](Stack&, const FrameState&) { ++fired; };
    bool act = false;
    engine.host("host", {kCanonI32}, {}, [&](runtime::CallContext&, const Slot* args, Slot*) {
      if (!act) return HostStatus::ok;
      const auto all = instructions(*instance->module, 1);
      const u32 n = static_cast<u32>(args[0]);
      const u32 pc = all[n / 2 % all.size()].pc;
      if (n % 2 == 0) {
        EXPECT_TRUE(exec::insert_probe(*instance->store, *instance->codes, 1, pc, call_body, &body).has_value());
      } else {
        EXPECT_TRUE(exec::remove_probe(*instance->codes, 1, pc, call_body, &body));
      }
      return HostStatus::ok;
    });
    instance = engine.load(wat);
    ASSERT_NE(instance, nullptr);
    const Did plain = call(engine, *instance, "f", {3});
    act = true;
    EXPECT_EQ(call(engine, *instance, "f", {3}), plain);
    EXPECT_GT(fired, 10u) << "the frame that was running noticed";
    if (tier == runtime::Tier::interp) wanted = fired;
    EXPECT_EQ(fired, wanted);
  }
}

TEST(Probes, SeeAndChangeLocalsAndOperands) {
  TestEngine engine;
  runtime::Instance* instance = engine.load(R"((module (func (export "f") (param i32) (result i32) (local i32)
      (local.set 1 (i32.const 5)) (i32.add (local.get 0) (local.get 1)))))");
  ASSERT_NE(instance, nullptr);
  const u32 add = pc_of(*instance->module, 0, wasm::Op::i32_add);
  Body body = [&](Stack&, const FrameState& s) {
    EXPECT_EQ(static_cast<u32>(s.fp[0]), 30u);
    EXPECT_EQ(static_cast<u32>(s.fp[1]), 5u);
    EXPECT_EQ(s.sp - (s.fp + s.code->local_slots + runtime::kHeaderSlots), 2);
    EXPECT_EQ(static_cast<u32>(s.sp[-1]), 5u);
    EXPECT_EQ(static_cast<u32>(s.sp[-2]), 30u);
    s.sp[-1] = 12;
  };
  ASSERT_TRUE(exec::insert_probe(*instance->store, *instance->codes, 0, add, call_body, &body));
  ASSERT_EQ(engine.call(*instance, "f", {30}), Outcome::returned);
  EXPECT_EQ(engine.result_i32(), 42);
}

TEST(Probes, SeveralAtOnePlaceAndOnesThatRemoveThemselves) {
  TestEngine engine;
  runtime::Instance* instance = engine.load(R"((module (func (export "f") (nop))))");
  ASSERT_NE(instance, nullptr);
  runtime::CodeSet& set = *instance->codes;
  const u32 pc = pc_of(*instance->module, 0, wasm::Op::nop);
  std::string log;
  Body a, b, c, late;
  late = [&](Stack&, const FrameState&) { log += 'l'; };
  a = [&](Stack&, const FrameState&) {
    log += 'a';
    EXPECT_TRUE(exec::remove_probe(set, 0, pc, call_body, &a));
    EXPECT_TRUE(exec::insert_probe(*instance->store, set, 0, pc, call_body, &late));
  };
  b = [&](Stack&, const FrameState&) {
    log += 'b';
    EXPECT_TRUE(exec::remove_probe(set, 0, pc, call_body, &c));
  };
  c = [&](Stack&, const FrameState&) { log += 'c'; };
  for (Body* body : {&a, &b, &c}) ASSERT_TRUE(exec::insert_probe(*instance->store, set, 0, pc, call_body, body));
  ASSERT_EQ(engine.call(*instance, "f"), Outcome::returned);
  EXPECT_EQ(log, "ab") << "who removes itself hides nobody; who was removed is not called; who is new waits";
  ASSERT_TRUE(exec::remove_probe(set, 0, pc, call_body, &b));
  ASSERT_EQ(engine.call(*instance, "f"), Outcome::returned);
  EXPECT_EQ(log, "abl");
}

TEST(Probes, FireOncePerExecutionAlsoWhereAnInstructionRunsAgain) {
  // A loop header polled with a signal pending, and a call whose callee is not prepared, run their instruction twice.
  for (const Mode& mode : matrix_modes()) {
    if (!mode.options.probe_all) continue;
    TestEngine engine(mode.options);
    engine.host("signal", {}, {}, [](runtime::CallContext& ctx, const Slot*, Slot*) {
      ctx.stack.interrupt(runtime::kInterruptSignal);
      return HostStatus::ok;
    });
    runtime::Instance* instance = engine.load(R"((module (import "env" "signal" (func $signal)) (memory 4)
        (func $g (nop)) (type $t (func)) (table funcref (elem $g))
        (func (export "f") (local i32)
          (loop $l (call $signal)
            (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 5))))
          (call $signal) (call $g) (call $signal) (call_indirect (type $t) (i32.const 0)) (call $signal)
          (memory.fill (i32.const 0) (i32.const 1) (i32.const 200000)))))");
    ASSERT_NE(instance, nullptr);
    for (int i = 0; i < 2; ++i) {
      const u64 before = engine.stack().probes_fired;
      const Did did = call(engine, *instance, "f");
      EXPECT_EQ(did.outcome, Outcome::returned);
      EXPECT_EQ(engine.stack().probes_fired - before, did.instructions());
    }
  }
}

TEST(Probes, ArePutOnlyWhereAnInstructionStarts) {
  TestEngine engine;
  engine.host("host", {}, {}, [](runtime::CallContext&, const Slot*, Slot*) { return HostStatus::ok; });
  runtime::Instance* instance = engine.load(R"((module (import "env" "host" (func))
      (func (export "f") (drop (i32.const 1000)) (drop (v128.const i64x2 1 2)) (br 0) (i64.const 7) (drop))))");
  ASSERT_NE(instance, nullptr);
  Body body = [](Stack&, const FrameState&) {};
  std::vector<u32> starts;
  for (const Instruction& i : instructions(*instance->module, 1)) starts.push_back(i.pc);
  for (u32 pc = 0; pc < 100; ++pc) {
    const bool start = std::find(starts.begin(), starts.end(), pc) != starts.end();
    EXPECT_EQ(exec::insert_probe(*instance->store, *instance->codes, 1, pc, call_body, &body).has_value(), start) << pc;
  }
  EXPECT_FALSE(exec::insert_probe(*instance->store, *instance->codes, 0, 1, call_body, &body))
      << "an import has no body";
  EXPECT_FALSE(exec::insert_probe(*instance->store, *instance->codes, 9, 1, call_body, &body));
  ASSERT_EQ(engine.call(*instance, "f"), Outcome::returned);
}

}  // namespace
}  // namespace dewar::test
