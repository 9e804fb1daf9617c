// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a killed run says of itself: where it stood, and the fuel that it took, without what it did not come to.
#include <gtest/gtest.h>

#include "exec/interp/calls.h"
#include "interrupt/engine_fixture.h"

namespace dewar::test {
namespace {

using runtime::Outcome;
using runtime::TrapKind;

/// How a program ended that asks for its own end by a host call, and then goes on until it is polled.
struct End {
  u32 pc = 0;
  i64 fuel_used = 0;
};

End run(const runtime::EngineOptions& options, const std::string& before, const std::string& after) {
  TestEngine engine(options);
  engine.host("request", {}, {}, [](runtime::CallContext& ctx, const Slot*, Slot*) {
    ctx.stack.interrupt(runtime::kInterruptKill);
    return runtime::HostStatus::ok;
  });
  constexpr i64 kFuel = 1'000'000;
  engine.stack().fuel = kFuel;
  runtime::Instance* const instance = engine.load(
      "(module (import \"env\" \"request\" (func $request)) (memory 4) (type $a (array (mut i8)))"
      " (func (export \"run\") (call $request) " +
      before + after + "))");
  if (instance == nullptr) return {};
  EXPECT_EQ(engine.call(*instance, "run"), Outcome::trapped);
  const runtime::Trap& trap = engine.stack().trap;
  EXPECT_EQ(trap.kind, TrapKind::interrupted);
  EXPECT_EQ(trap.frames.size(), 1u);
  return {trap.frames.empty() ? 0 : trap.frames[0].pc, kFuel - engine.stack().fuel};
}

class KilledAt : public testing::TestWithParam<usize> {};

TEST_P(KilledAt, ALoop) {
  // No locals, call (2 bytes), nop: the loop has pc 4.
  const End end = run(matrix_modes()[GetParam()].options, "(nop) (loop $l ", "(br $l))");
  EXPECT_EQ(end.pc, 4u);
  EXPECT_EQ(end.fuel_used, 2) << "the call and the nop: the loop's block was not begun";
}

TEST_P(KilledAt, ABulkOperation) {
  const runtime::EngineOptions options = matrix_modes()[GetParam()].options;
  const struct {
    const char* text;
    u32 pc;
  } kCases[] = {
      // Behind the call, constants: 2, 2, 4 bytes; 2, 4 bytes.
      {"(memory.fill (i32.const 0) (i32.const 7) (i32.const 0x20000))", 3 + 8},
      {"(drop (array.new $a (i32.const 7) (i32.const 0x20000)))", 3 + 6},
  };
  std::string much = "(nop)";
  for (int i = 0; i < 300; ++i) much += "(nop)";
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.text);
    const End end = run(options, c.text, "(nop)"), with_more = run(options, c.text, much);
    EXPECT_EQ(end.pc, c.pc) << "of the instruction, not of a byte in its middle";
    EXPECT_EQ(with_more.pc, end.pc);
    EXPECT_GT(end.fuel_used, 3);
    EXPECT_EQ(with_more.fuel_used, end.fuel_used) << "what comes behind was not executed";
  }
}

// Beyond what is walked to find out how much of a block is left.
TEST_P(KilledAt, ALargeBody) {
  std::string much;
  for (int i = 0; i < 100'000; ++i) much += "(nop)";
  const runtime::EngineOptions options = matrix_modes()[GetParam()].options;
  const End loop = run(options, much + "(loop $l ", "(br $l))");
  EXPECT_EQ(loop.pc, 100'003u);
  EXPECT_EQ(loop.fuel_used, 100'001);
  const End fill = run(options, much + "(memory.fill (i32.const 0) (i32.const 7) (i32.const 0x20000))", "");
  EXPECT_EQ(fill.pc, 100'011u);
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
