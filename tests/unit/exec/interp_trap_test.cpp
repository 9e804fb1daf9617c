// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where a trap says it happened: the exact instruction in every frame, in every mode, prefixed opcodes and members of
// fused groups included, and a bounded list of frames.
#include "exec_fixture.h"
#include "text/wat.h"

namespace dewar::test {
namespace {

using runtime::Outcome;
using runtime::TrapKind;
using wasm::Op;

/// The nth `op` of function `func` must be where "f" traps, in every mode.
void expect_at(std::string_view wat, u32 func, Op op, u32 nth, TrapKind trap) {
  for (const Mode& mode : matrix_modes()) {
    TestEngine engine(mode.options);
    runtime::Instance* instance = engine.load(wat);
    ASSERT_NE(instance, nullptr);
    // Twice: the first call prepares.
    for (int i = 0; i < 2; ++i) {
      ASSERT_EQ(engine.call(*instance, "f"), Outcome::trapped);
      const runtime::Trap& t = engine.stack().trap;
      EXPECT_EQ(t.kind, trap) << runtime::trap_message(t.kind);
      ASSERT_FALSE(t.frames.empty());
      EXPECT_EQ(t.frames[0].func, func);
      EXPECT_EQ(t.frames[0].pc, pc_of(*instance->module, func, op, nth)) << mode.name << "\n" << wat;
      EXPECT_EQ(t.frames[0].instance, instance);
    }
  }
}

TEST(TrapPc, NamesTheInstruction) {
  expect_at(R"((module (func (export "f") (nop) (unreachable))))", 0, Op::unreachable, 0, TrapKind::unreachable);
  expect_at(R"((module (memory 1) (func (export "f") (drop (i32.load (i32.const 0)))
      (drop (i32.load (i32.const -1))))))",
            0, Op::i32_load, 1, TrapKind::memory_out_of_bounds);
  expect_at(R"((module (memory 1) (func (export "f") (nop)
      (memory.fill (i32.const -1) (i32.const 0) (i32.const 1)))))",
            0, Op::memory_fill, 0, TrapKind::memory_out_of_bounds);
  expect_at(R"((module (memory 1) (func (export "f") (nop) (drop (v128.load (i32.const 65521))))))", 0, Op::v128_load,
            0, TrapKind::memory_out_of_bounds);
  expect_at(R"((module (memory 1 1 shared) (func (export "f") (nop) (drop (i32.atomic.load (i32.const 2))))))", 0,
            Op::i32_atomic_load, 0, TrapKind::unaligned_atomic);
  expect_at(R"((module (type $s (struct (field i32))) (func (export "f") (nop)
      (drop (struct.get $s 0 (ref.null $s))))))",
            0, Op::struct_get, 0, TrapKind::null_structure_reference);
  expect_at(R"((module (type $t (func)) (func (export "f") (nop) (call_ref $t (ref.null $t)))))", 0, Op::call_ref, 0,
            TrapKind::null_function_reference);
  expect_at(R"((module (type $t (func)) (func (export "f") (nop) (return_call_ref $t (ref.null $t)))))", 0,
            Op::return_call_ref, 0, TrapKind::null_function_reference);
  expect_at(R"((module (func $g (param i32) (result i32) (i32.rem_u (i32.const 1) (local.get 0)))
      (func (export "f") (drop (call $g (i32.const 0))))))",
            0, Op::i32_rem_u, 0, TrapKind::divide_by_zero);
}

TEST(TrapPc, AnUncaughtExceptionHasOneToo) {
  const struct {
    const char* wat;
    Op op;
    u64 frames;
  } cases[] = {
      {R"((module (tag $e) (func $g (nop) (throw $e)) (func (export "f") (nop) (call $g))))", Op::throw_, 2},
      {R"((module (tag $e) (tag $x) (func $g (block $h (try_table (catch $x $h) (throw $e))))
          (func (export "f") (call $g))))",
       Op::throw_, 2},
      {R"((module (tag $e) (func $g (throw_ref (block $h (result exnref)
          (try_table (catch_all_ref $h) (throw $e)) (unreachable)))) (func (export "f") (call $g))))",
       Op::throw_ref, 2},
  };
  for (const auto& c : cases) {
    for (const Mode& mode : matrix_modes()) {
      TestEngine engine(mode.options);
      runtime::Instance* instance = engine.load(c.wat);
      ASSERT_NE(instance, nullptr);
      ASSERT_EQ(engine.call(*instance, "f"), Outcome::threw) << mode.name;
      const runtime::Trap& t = engine.stack().trap;
      EXPECT_EQ(t.kind, TrapKind::none);
      EXPECT_EQ(t.total_frames, c.frames);
      ASSERT_EQ(t.frames.size(), c.frames);
      EXPECT_EQ(t.frames[0].pc, pc_of(*instance->module, 0, c.op, 0)) << mode.name << "\n" << c.wat;
      EXPECT_EQ(t.frames[1].pc, pc_of(*instance->module, 1, Op::call, 0));
    }
  }
}

// Thrown two entries deep and caught outside: the place is that of the throw as long as nobody caught it.
TEST(TrapPc, AnExceptionThroughAHostFunctionKeepsItsPlace) {
  for (const Mode& mode : matrix_modes()) {
    TestEngine engine(mode.options);
    runtime::Instance* instance = nullptr;
    engine.host("again", {}, {}, [&](runtime::CallContext&, const Slot*, Slot*) {
      return engine.call(*instance, "t") == Outcome::threw ? runtime::HostStatus::throw_ : runtime::HostStatus::trap;
    });
    instance = engine.load(R"((module (import "env" "again" (func $again)) (tag $e) (func (export "t") (nop) (throw $e))
        (func (export "f") (call $again))
        (func (export "c") (block $h (try_table (catch $e $h) (call $again))))))");
    ASSERT_NE(instance, nullptr);
    ASSERT_EQ(engine.call(*instance, "f"), Outcome::threw) << mode.name;
    const runtime::Trap& t = engine.stack().trap;
    ASSERT_EQ(t.frames.size(), 2u);
    EXPECT_EQ(t.frames[0].pc, pc_of(*instance->module, 1, Op::throw_, 0));
    ASSERT_EQ(engine.call(*instance, "c"), Outcome::returned) << mode.name;
    EXPECT_TRUE(engine.stack().trap.frames.empty());
  }
}

TEST(TrapPc, NamesTheMemberOfAFusedGroup) {
  // Groups that quickening makes of these would hide the load or store behind the first opcode.
  expect_at(R"((module (memory 1) (func (export "f") (local i32 i32) (local.set 0 (i32.const -1))
      (drop (i32.load (local.get 0))))))",
            0, Op::i32_load, 0, TrapKind::memory_out_of_bounds);
  expect_at(R"((module (memory 1) (func (export "f") (local i32 i32) (local.set 0 (i32.const -4))
      (local.set 1 (i32.load (local.get 0))))))",
            0, Op::i32_load, 0, TrapKind::memory_out_of_bounds);
  expect_at(R"((module (memory 1) (func (export "f") (local i32 i32) (local.set 0 (i32.const -4))
      (local.set 1 (i32.load (i32.add (local.get 0) (local.get 1)))))))",
            0, Op::i32_load, 0, TrapKind::memory_out_of_bounds);
  expect_at(R"((module (memory 1) (func (export "f") (local i32 i32) (local.set 0 (i32.const -4))
      (i32.store (local.get 0) (local.get 1)))))",
            0, Op::i32_store, 0, TrapKind::memory_out_of_bounds);
  expect_at(R"((module (memory 1) (func (export "f") (local i32) (local f64) (local.set 0 (i32.const 65529))
      (drop (f64.load (local.get 0))))))",
            0, Op::f64_load, 0, TrapKind::memory_out_of_bounds);
  expect_at(R"((module (memory 1) (func (export "f") (local i32) (local.set 0 (i32.const 65536))
      (drop (i32.load8_u (local.get 0))))))",
            0, Op::i32_load8_u, 0, TrapKind::memory_out_of_bounds);
  expect_at(R"((module (memory 1) (func (export "f") (local i32) (local i64) (local.set 0 (i32.const 65530))
      (local.set 1 (i64.add (i64.load (local.get 0)) (i64.const 1))))))",
            0, Op::i64_load, 0, TrapKind::memory_out_of_bounds);
}

TEST(TrapPc, EveryFrameNamesItsCall) {
  const char* wat = R"((module (table funcref (elem $c))
      (func $a (nop) (unreachable))
      (func $b (nop) (nop) (call $a) (nop))
      (func $c (call $b))
      (type $t (func))
      (func $d (call_indirect (type $t) (i32.const 0)))
      (elem declare func $d)
      (func $e (call_ref $t (ref.func $d)))
      (func $tail (return_call $e))
      (func (export "f") (call $tail))))";
  for (const Mode& mode : matrix_modes()) {
    TestEngine engine(mode.options);
    runtime::Instance* instance = engine.load(wat);
    ASSERT_NE(instance, nullptr);
    ASSERT_EQ(engine.call(*instance, "f"), Outcome::trapped);
    std::vector<std::pair<u32, u32>> places;
    for (const auto& f : engine.stack().trap.frames) places.push_back({f.func, f.pc});
    const wasm::Module& m = *instance->module;
    const std::vector<std::pair<u32, u32>> expected = {
        {0, pc_of(m, 0, Op::unreachable)},   {1, pc_of(m, 1, Op::call)},     {2, pc_of(m, 2, Op::call)},
        {3, pc_of(m, 3, Op::call_indirect)}, {4, pc_of(m, 4, Op::call_ref)}, {6, pc_of(m, 6, Op::call)}};
    EXPECT_EQ(places, expected) << mode.name << ": the frame of the tail call is gone, all others are there";
    EXPECT_EQ(engine.stack().trap.total_frames, 6u);
  }
}

TEST(TrapPc, OutOfFuelNamesTheBlockThatDidNotRun) {
  const char* wat = R"((module (func (export "f") (param i32) (result i32)
      (block $b (result i32) (i32.const 1) (br_if $b (i32.const 1)) (drop) (i32.const 2) (br 1)))))";
  for (const Mode& mode : matrix_modes()) {
    TestEngine engine(mode.options);
    runtime::Instance* instance = engine.load(wat);
    ASSERT_NE(instance, nullptr);
    // The last block is the function's `end`, which only a branch and the block's end lead to.
    const Did did = call(engine, *instance, "f", {0}, 4);
    EXPECT_EQ(did.trap, TrapKind::out_of_fuel);
    ASSERT_EQ(did.pcs.size(), 1u);
    EXPECT_EQ(did.pcs[0], pc_of(*instance->module, 0, Op::end, 1));
  }
  // A function whose last `end` is reached by branches only.
  for (const Mode& mode : matrix_modes()) {
    TestEngine engine(mode.options);
    runtime::Instance* instance = engine.load(R"((module (func (export "f") (nop) (br 0))))");
    ASSERT_NE(instance, nullptr);
    const Did did = call(engine, *instance, "f", {}, 2);
    EXPECT_EQ(did.trap, TrapKind::out_of_fuel);
    ASSERT_EQ(did.pcs.size(), 1u);
    EXPECT_EQ(did.pcs[0], pc_of(*instance->module, 0, Op::end, 0));
  }
}

TEST(TrapPc, KeepsBothEndsOfALongBacktrace) {
  TestEngine engine;
  runtime::Instance* instance = engine.load(R"((module
      (func $r (param i32) (if (local.get 0) (then (call $r (i32.sub (local.get 0) (i32.const 1)))) (else (unreachable))))
      (func $outer (call $r (i32.const 999))) (func (export "f") (call $outer))))");
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(engine.call(*instance, "f"), Outcome::trapped);
  const runtime::Trap& trap = engine.stack().trap;
  EXPECT_EQ(trap.total_frames, 1002u);
  ASSERT_EQ(trap.frames.size(), runtime::Trap::kMaxFrames);
  EXPECT_EQ(trap.frames[0].pc, pc_of(*instance->module, 0, Op::unreachable));
  EXPECT_EQ(trap.frames[62].func, 1u);
  EXPECT_EQ(trap.frames[63].func, 2u);
  EXPECT_EQ(trap.frames[61].func, 0u);
}

}  // namespace
}  // namespace dewar::test
