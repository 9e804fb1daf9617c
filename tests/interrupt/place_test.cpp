// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a killed run says of itself: where it stood, and the fuel that it took, without what it did not come to.
#include <gtest/gtest.h>

#include "exec/interp/calls.h"
#include "interrupt/engine_fixture.h"

namespace dewar::test {
namespace {

using runtime::Outcome;
using runtime::TrapKind;

std::string times(u32 count, const std::string& text) {
  std::string all;
  for (u32 i = 0; i < count; ++i) all += text;
  return all;
}

/// How a program ended that asks for its own end by a host call, and then goes on until it is polled or traps.
struct End {
  TrapKind kind{};
  u32 pc = 0;
  u8 byte = 0;  ///< at pc
  i64 fuel_used = 0;
  bool operator==(const End&) const = default;
};

/// `setup`, a call of $request, which asks for `reasons`, `before` and `after`.
End run(const runtime::EngineOptions& options, const std::string& before, const std::string& after = "",
        u32 reasons = runtime::kInterruptKill, const std::string& setup = "") {
  TestEngine engine(options);
  engine.host("request", {}, {}, [reasons](runtime::CallContext& ctx, const Slot*, Slot*) {
    ctx.stack.interrupt(reasons);
    return runtime::HostStatus::ok;
  });
  constexpr i64 kFuel = 1'000'000;
  engine.stack().fuel = kFuel;
  runtime::Instance* const instance =
      engine.load(R"((module (import "env" "request" (func $request)) (memory 4) (table $t 20 funcref) (data $d ")" +
                  std::string(70, 'x') + R"(")
        (type $a (array (mut i8))) (type $r (array (mut funcref))) (type $s (struct (field i32)))
        (elem $e funcref )" +
                  times(20, "(ref.null func)") + R"()
        (func (export "run") (local $i i32) (local $a (ref null $a)) (local $r (ref null $r)) )" +
                  setup + "(call $request)" + before + after + "))");
  if (instance == nullptr) return {};
  EXPECT_EQ(engine.call(*instance, "run"), Outcome::trapped);
  const runtime::Trap& trap = engine.stack().trap;
  EXPECT_EQ(trap.frames.size(), 1u);
  if (trap.frames.empty()) return {};
  const u32 pc = trap.frames[0].pc;
  return {trap.kind, pc, instance->module->bytes()[instance->module->funcs[1].body.offset + pc],
          kFuel - engine.stack().fuel};
}

/// Where "before" begins: behind the declarations of locals and the call.
constexpr u32 kBegin = 9 + 2;

class KilledAt : public testing::TestWithParam<usize> {};

TEST_P(KilledAt, ALoop) {
  const runtime::EngineOptions options = matrix_modes()[GetParam()].options;
  // Of several, the one that comes next: nop and the loops before, which are left, have 1 and 10 bytes.
  for (u32 before = 0; before < 3; ++before) {
    const std::string others = times(2 - before, "(if (local.get $i) (then (loop (br 0))))");
    const End end = run(options, times(before, "(if (local.get $i) (then (loop (br 0))))") + "(nop) (loop $l ",
                        "(br $l))" + others);
    EXPECT_EQ(end.kind, TrapKind::interrupted);
    EXPECT_EQ(end.pc, kBegin + before * 10 + 1);
    EXPECT_EQ(end.byte, 0x03);
    EXPECT_EQ(end.fuel_used, 1 + 2 * before + 1) << "the loop's block was not begun";
  }
}

// Whatever may be much work is polled before it, and so is straight-line code that is full of it.
TEST_P(KilledAt, WhatMayBeMuchWork) {
  const runtime::EngineOptions options = matrix_modes()[GetParam()].options;
  const std::string fixed = "(drop (array.new_fixed $a 70 " + times(70, "(i32.const 3)") + "))";
  const struct {
    std::string_view text;
    u32 operands;  ///< bytes
    u8 byte;
  } kCases[] = {
      {"(memory.fill (i32.const 0) (i32.const 7) (i32.const 65))", 7, 0xfc},
      {"(memory.fill (i32.const 0) (i32.const 7) (i32.const 0x20000))", 8, 0xfc},
      {"(memory.copy (i32.const 0) (i32.const 7) (i32.const 65))", 7, 0xfc},
      {"(memory.init $d (i32.const 0) (i32.const 0) (i32.const 65))", 7, 0xfc},
      {"(drop (memory.grow (i32.const 0)))", 2, 0x40},
      {"(table.fill $t (i32.const 0) (ref.null func) (i32.const 9))", 6, 0xfc},
      {"(table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 9))", 6, 0xfc},
      {"(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 20))", 6, 0xfc},
      {"(drop (table.grow $t (ref.null func) (i32.const 0)))", 4, 0xfc},
      {"(drop (array.new $a (i32.const 7) (i32.const 65)))", 5, 0xfb},
      {"(drop (array.new $a (i32.const 7) (i32.const 0x20000)))", 6, 0xfb},
      {"(drop (array.new_default $a (i32.const 65)))", 3, 0xfb},
      {fixed, 140, 0xfb},
      {"(drop (array.new_data $a $d (i32.const 0) (i32.const 65)))", 5, 0xfb},
      {"(drop (array.new_elem $r $e (i32.const 0) (i32.const 20)))", 4, 0xfb},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.text);
    const std::string text(c.text);
    const End end = run(options, text, "(nop)"), with_more = run(options, text, times(300, "(nop)"));
    EXPECT_EQ(end.kind, TrapKind::interrupted);
    EXPECT_EQ(end.pc, kBegin + c.operands) << "of the instruction, not of a byte in its middle";
    EXPECT_EQ(end.byte, c.byte);
    EXPECT_EQ(with_more, end) << "what comes behind was not executed";
    EXPECT_LE(end.fuel_used, 1 + c.operands / 2 + 1);
  }
}

// What compiled code may do inline is not polled anywhere: a kill is noticed at the same place in every tier.
TEST_P(KilledAt, WhatIsLittle) {
  const runtime::EngineOptions options = matrix_modes()[GetParam()].options;
  for (const char* text : {"(memory.fill (i32.const 0) (i32.const 7) (i32.const 64))",
                           "(memory.fill (i32.const 0) (i32.const 7) (local.get $i))",
                           "(memory.copy (i32.const 0) (i32.const 7) (i32.const 64))",
                           "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 64))",
                           "(table.fill $t (i32.const 0) (ref.null func) (i32.const 8))",
                           "(drop (array.new_default $a (i32.const 64)))", "(drop (struct.new_default $s))"}) {
    SCOPED_TRACE(text);
    const End end = run(options, text, "(loop $l (br $l))");
    EXPECT_EQ(end.kind, TrapKind::interrupted);
    EXPECT_EQ(end.byte, 0x03) << "the loop";
  }
}

TEST_P(KilledAt, WhatWorksOnArrays) {
  const runtime::EngineOptions options = matrix_modes()[GetParam()].options;
  for (const char* text :
       {"(array.fill $a (local.get $a) (i32.const 0) (i32.const 7) (i32.const 65))",
        "(array.copy $a $a (local.get $a) (i32.const 0) (local.get $a) (i32.const 1) (i32.const 65))",
        "(array.init_data $a $d (local.get $a) (i32.const 0) (i32.const 1) (i32.const 65))",
        "(array.init_elem $r $e (local.get $r) (i32.const 0) (i32.const 1) (i32.const 19))"}) {
    SCOPED_TRACE(text);
    const std::string made =
        "(local.set $a (array.new_default $a (i32.const 70)))"
        "(local.set $r (array.new_default $r (i32.const 20)))";
    const End end = run(options, text, "(nop)", runtime::kInterruptKill, made),
              with_more = run(options, text, times(300, "(nop)"), runtime::kInterruptKill, made);
    EXPECT_EQ(end.kind, TrapKind::interrupted);
    EXPECT_EQ(end.byte, 0xfb);
    EXPECT_GT(end.pc, kBegin + 14);
    EXPECT_EQ(with_more, end);
    EXPECT_LE(end.fuel_used, 6 + 1 + 6);
  }
}

// Beyond what is walked to find out how much of a block is left.
TEST_P(KilledAt, ALargeBody) {
  const std::string much = times(100'000, "(nop)");
  const runtime::EngineOptions options = matrix_modes()[GetParam()].options;
  const End loop = run(options, much + "(loop $l ", "(br $l))");
  EXPECT_EQ(loop.pc, kBegin + 100'000);
  EXPECT_EQ(loop.fuel_used, 100'001);
  const End fill = run(options, much + "(memory.fill (i32.const 0) (i32.const 7) (i32.const 0x20000))");
  EXPECT_EQ(fill.pc, kBegin + 100'008);
  EXPECT_EQ(fill.kind, TrapKind::interrupted);
}

// A trap is a trap, to the unit, also if a kill is waiting to be noticed.
TEST_P(KilledAt, ATrapThatComesFirst) {
  const runtime::EngineOptions options = matrix_modes()[GetParam()].options;
  const std::string trap = "(drop (i32.div_s (i32.const 1) (local.get $i)))", much = times(100'000, "(nop)");
  const End end = run(options, trap + much), undisturbed = run(options, trap + much, "", runtime::kInterruptMeters);
  EXPECT_EQ(end.kind, TrapKind::divide_by_zero);
  EXPECT_EQ(end.fuel_used, 1 + 3);
  EXPECT_EQ(end, undisturbed);
}

INSTANTIATE_TEST_SUITE_P(Matrix, KilledAt, testing::Range<usize>(0, matrix_modes().size()),
                         [](const auto& info) { return std::string(matrix_modes()[info.param].name); });

TEST(PrefixedStart, IsFoundBehindPaddingAndProbes) {
  const auto start = [](std::initializer_list<u8> bytes) {
    const std::vector<u8> body(bytes);
    return exec::interp::prefixed_start(body.data() + body.size() - 1) - body.data();
  };
  EXPECT_EQ(start({0x41, 0x00, 0xfc, 0x0b}), 2);
  EXPECT_EQ(start({0x41, 0x00, 0xff, 0x0b}), 2) << "under a probe";
  EXPECT_EQ(start({0x41, 0x00, 0xfb, 0x8b, 0x80, 0x80, 0x00}), 2);
  EXPECT_EQ(start({0x00, 0xff, 0xdf, 0x00}), 1);
}

}  // namespace
}  // namespace dewar::test
