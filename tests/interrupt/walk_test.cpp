// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What walks a body again while a program runs (preparing a function, finding a trap's place, root maps) ends when the
// stack is killed. No clock: the kill is there before the work begins.
#include <gtest/gtest.h>

#include "exec/prepare.h"
#include "exec/root_map.h"
#include "interrupt/engine_fixture.h"

namespace dewar::test {
namespace {

using runtime::FuncCode;
using runtime::Outcome;
using runtime::TrapKind;

TEST(WalkStop, AKilledStackPreparesNothing) {
  for (const Mode& mode : matrix_modes()) {
    TestEngine engine(mode.options);
    engine.host("kill", {}, {}, [](runtime::CallContext& ctx, const Slot*, Slot*) {
      ctx.stack.interrupt(runtime::kInterruptKill);
      return runtime::HostStatus::ok;
    });
    std::string nops;
    for (int i = 0; i < 5000; ++i) nops += "(nop)";
    runtime::Instance* instance = engine.load(R"((module (import "env" "kill" (func $kill))
        (func $g (block) (block)) (func $h )" +
                                              nops + R"() (func $small (nop))
        (func (export "f") (call $kill) (call $g)) (func (export "t") (call $kill) (return_call $g))
        (func (export "h") (call $kill) (call $h)) (func (export "s") (call $kill) (call $small))))");
    ASSERT_NE(instance, nullptr);
    for (const char* name : {"f", "t", "h", "s"}) {
      engine.stack().clear_interrupt(runtime::kInterruptKill);
      EXPECT_EQ(engine.call(*instance, name), Outcome::trapped);
      EXPECT_EQ(engine.stack().trap.kind, TrapKind::interrupted);
      EXPECT_EQ(instance->codes->at(0).frame_slots.load(), FuncCode::kUnprepared) << mode.name;
      EXPECT_EQ(instance->codes->at(1).frame_slots.load(), FuncCode::kUnprepared) << mode.name;
      // Too small for the walk to look, but what is quickened is not kept then.
      if (mode.options.quicken && !mode.options.probe_all && !mode.options.garbage_upper) {
        EXPECT_EQ(instance->codes->at(2).frame_slots.load(), FuncCode::kUnprepared) << mode.name;
      }
    }
  }
}

TEST(WalkStop, AKilledStackGrowsNoTable) {
  for (const Mode& mode : matrix_modes()) {
    TestEngine engine(mode.options);
    engine.host("kill", {}, {}, [](runtime::CallContext& ctx, const Slot*, Slot*) {
      ctx.stack.interrupt(runtime::kInterruptKill);
      return runtime::HostStatus::ok;
    });
    runtime::Instance* instance = engine.load(R"((module (import "env" "kill" (func $kill))
        (table $t (export "t") 1 funcref) (func $g) (elem declare func $g)
        (func (export "f") (call $kill) (drop (table.grow $t (ref.func $g) (i32.const 100000))))))");
    ASSERT_NE(instance, nullptr);
    EXPECT_EQ(engine.call(*instance, "f"), Outcome::trapped);
    EXPECT_EQ(engine.stack().trap.kind, TrapKind::interrupted) << mode.name;
    EXPECT_EQ(runtime::find_export(*instance, "t")->table->size, 1u);
  }
}

/// A body whose types are ten million: many branches that carry a thousand values each.
std::string much_work() {
  std::string wat = "(module (func (export \"f\") (result";
  for (int i = 0; i < 1000; ++i) wat += " i32";
  wat += ")";
  for (int i = 0; i < 1000; ++i) wat += "(i32.const 1)";
  for (int i = 0; i < 10'000; ++i) wat += "(br_if 0 (i32.const 0))";
  return wat + "(drop (v128.const i64x2 0 0)) (drop (i32x4.extract_lane 1 (v128.const i64x2 0 0)))))";
}

TEST(WalkStop, APlaceIsFoundInTheMiddleOfAStop) {
  TestEngine engine;
  runtime::Instance* instance = engine.load(much_work());
  ASSERT_NE(instance, nullptr);
  const wasm::Module& module = *instance->module;
  // The last instructions: i32x4.extract_lane (3 bytes), drop, end.
  const u32 lane = module.funcs[0].body.size - 5;
  const std::atomic<u32> set{1};
  const exec::BlockPosition exact = exec::locate(module, 0, lane + 1);
  EXPECT_EQ(exact.pc, lane) << "of the instruction, not of the byte in its middle";
  EXPECT_EQ(exact.rest, 2u);
  EXPECT_EQ(exec::rest_of_block(module, 0, lane, {&set, 1}), 0u) << "the walk did not get there";
  EXPECT_EQ(exec::rest_of_block(module, 0, lane, {&set, 2}), 2u) << "no bit that counts is set";
}

TEST(WalkStop, LittleWorkIsDoneAllTheSame) {
  TestEngine engine;
  runtime::Instance* instance = engine.load(R"((module (func (block (block)) (nop) (nop) (nop))))");
  ASSERT_NE(instance, nullptr);
  const std::atomic<u32> set{1};
  const u32 nop = instance->module->funcs[0].body.size - 4;
  EXPECT_EQ(exec::rest_of_block(*instance->module, 0, nop, {&set, 1}), 3u) << "two nop and the end";
}

TEST(WalkStop, RootMaps) {
  TestEngine engine;
  bool ready = true, later = false;
  u64 roots = 0;
  engine.host("look", {}, {}, [&](runtime::CallContext& ctx, const Slot*, Slot*) {
    runtime::Stack& stack = ctx.stack;
    stack.interrupt(runtime::kInterruptKill);
    ready = ctx.store.hooks.prepare_roots(stack, stack);
    EXPECT_EQ(stack.trap.kind, TrapKind::interrupted);
    stack.clear_interrupt(runtime::kInterruptKill);
    stack.trap = {};
    later = ctx.store.hooks.prepare_roots(stack, stack);
    ctx.store.hooks.visit_roots(stack, [](void* user, runtime::Ref) { ++*static_cast<u64*>(user); }, &roots);
    return runtime::HostStatus::ok;
  });
  runtime::Instance* instance = engine.load(R"((module (import "env" "look" (func $look))
      (func (export "f") (local i31ref anyref) (block (call $look)))))");
  ASSERT_NE(instance, nullptr);
  EXPECT_EQ(engine.call(*instance, "f"), Outcome::returned);
  EXPECT_FALSE(ready);
  EXPECT_TRUE(later);
  EXPECT_EQ(roots, 2u);
}

}  // namespace
}  // namespace dewar::test
