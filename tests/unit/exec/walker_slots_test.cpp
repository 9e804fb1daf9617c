// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The walker's account of operand slots (hidden ones included), and the frame size made from it, against what the
// interpreter really does: a probe at every instruction compares the height of the operands with the walk's.
#include <map>

#include "exec/probe_point.h"
#include "exec_fixture.h"
#include "exec_programs.h"

namespace dewar::test {
namespace {

using runtime::FrameState;
using runtime::Stack;

struct SlotSink : wasm::NullSink {
  static constexpr bool kWantSlots = true;
  std::map<u32, u32> slots;  ///< before each reachable instruction
  u32 values = 0;            ///< slots of the values alone, hidden ones not included, at the widest point
  template <class W>
  void op(W& w, wasm::Op, u32 pc) {
    if (w.live()) slots[pc] = w.slots();
    values = std::max(values, wasm::slots_of(w.operands()));
  }
};

struct Observed {
  std::map<std::pair<u32, u32>, u32> expected;
  u64 checked = 0, wrong = 0, too_high = 0;
};

void observe(void* user, Stack&, const FrameState& s) {
  auto& seen = *static_cast<Observed*>(user);
  const auto height = static_cast<u32>(s.sp - (s.fp + s.code->local_slots + runtime::kHeaderSlots));
  const u32 pc = static_cast<u32>(s.pc - s.code->body);
  const auto found = seen.expected.find({s.code->func, pc});
  ++seen.checked;
  // The function's `end` may be reached by branches only; its height is then that of the results.
  const u32 expected = found != seen.expected.end() ? found->second : s.code->result_slots;
  seen.wrong += height != expected;
  seen.too_high += height > s.code->max_operands;
}

TEST(WalkerSlots, AreWhatTheInterpreterHas) {
  for (const Program& program : kPrograms) {
    SCOPED_TRACE(program.name);
    TestEngine engine;
    runtime::Instance* instance = engine.load(program.wat);
    ASSERT_NE(instance, nullptr);
    Observed seen;
    for (u32 f = 0; f < instance->module->funcs.size(); ++f) {
      SlotSink sink;
      wasm::WalkScratch scratch;
      ASSERT_TRUE(wasm::walk(*instance->module, wasm::FuncIndex{f}, sink, scratch).has_value());
      for (const auto& [pc, slots] : sink.slots) seen.expected[{f, pc}] = slots;
      for (const Instruction& i : instructions(*instance->module, f))
        ASSERT_TRUE(exec::insert_probe(*instance->store, *instance->codes, f, i.pc, observe, &seen).has_value());
      const runtime::FuncCode& code = instance->codes->at(f);
      EXPECT_GE(code.max_operands, sink.values);
      EXPECT_EQ(code.frame_slots.load(), code.local_slots + runtime::kHeaderSlots + code.max_operands);
      EXPECT_GE(code.local_slots, code.result_slots);
    }
    call(engine, *instance, "f", {program.argument});
    EXPECT_GT(seen.checked, 100u);
    EXPECT_EQ(seen.wrong, 0u);
    EXPECT_EQ(seen.too_high, 0u);
  }
}

TEST(WalkerSlots, CountWidthsAndHiddenExceptions) {
  TestEngine engine;
  runtime::Instance* instance = engine.load(R"((module (tag $e (param v128))
      (func (export "f") (param i32)
        (i64.const 1) (v128.const i64x2 1 2)
        (try (do (nop)) (catch $e (drop) (try (do (nop)) (catch_all (f32.const 1) (drop) (unreachable)))))
        (drop) (drop))))");
  ASSERT_NE(instance, nullptr);
  SlotSink sink;
  wasm::WalkScratch scratch;
  ASSERT_TRUE(wasm::walk(*instance->module, wasm::FuncIndex{0}, sink, scratch).has_value());
  const wasm::Module& m = *instance->module;
  EXPECT_EQ(sink.slots[pc_of(m, 0, wasm::Op::try_)], 3u);
  EXPECT_EQ(sink.slots[pc_of(m, 0, wasm::Op::drop, 0)], 3u + 1 + 2) << "operands, hidden exception, payload";
  EXPECT_EQ(sink.slots[pc_of(m, 0, wasm::Op::nop, 1)], 3u + 1);
  EXPECT_EQ(sink.slots[pc_of(m, 0, wasm::Op::f32_const)], 3u + 1 + 1);
  EXPECT_EQ(sink.slots[pc_of(m, 0, wasm::Op::unreachable)], 3u + 1 + 1);
  EXPECT_EQ(sink.slots[pc_of(m, 0, wasm::Op::drop, 2)], 3u) << "after the outer try";
}

}  // namespace
}  // namespace dewar::test
