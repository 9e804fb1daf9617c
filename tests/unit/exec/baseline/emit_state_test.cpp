// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random programs, stopped at every instruction: all locals and operands, found by the location map, must be those of a
// machine that has nothing but slots. At every level, with few and many locals, shallow and deep stacks.
#include <set>

#include "emit_program.h"
#include "gtest/gtest.h"

namespace dewar::exec::baseline::test {

namespace {

using dewar::exec::test::Random;

struct Counts {
  u32 stops = 0;         ///< places compared
  u32 finished = 0;      ///< programs that ran to their end
  u32 traps = 0;         ///< programs that trapped
  u32 in_registers = 0;  ///< values found in registers
  u32 flags = 0, raw = 0, constants = 0, others = 0;
};

/// Are all locals and operands where the State says, with the values that they should have?
void compare(const Function& f, const Program& program, const SlotState& expected, const Compiled& compiled,
             Counts& counts) {
  std::set<u32> slots;
  for (u32 i = 0; i < expected.locals.size(); ++i) {
    const Typed& local = expected.locals[i];
    slots.insert(f.state.local_slot(i));
    ASSERT_EQ(f.value(f.state.local_slot(i), local.rep, compiled.map), local.bits) << "local " << i << '\n'
                                                                                   << to_text(program);
  }
  ASSERT_EQ(compiled.operands.size(), expected.operands.size());
  for (u32 i = 0; i < expected.operands.size(); ++i) {
    const auto [slot, rep] = compiled.operands[i];
    slots.insert(slot);
    ASSERT_EQ(rep, expected.operands[i].rep);
    ASSERT_EQ(f.value(slot, rep, compiled.map), expected.operands[i].bits) << "operand " << i << '\n'
                                                                           << to_text(program);
  }
  for (const auto& [slot, location] : compiled.map) {
    ASSERT_TRUE(slots.contains(slot)) << "a location of nothing: slot " << slot;
    counts.in_registers += location.from == Location::kReg;
    counts.flags += location.from == Location::kFlags;
    counts.constants += location.from == Location::kConst;
    counts.others += location.from == Location::kOtherSlot;
    counts.raw += location.raw;
  }
}

void check(const Program& program, CpuLevel level, const std::vector<Bits>& args, Counts& counts) {
  Function f(level);
  for (usize stop_at = 0; stop_at <= program.code.size(); ++stop_at) {
    SCOPED_TRACE(testing::Message() << "instruction " << stop_at);
    SlotState expected = interpret(program, args, stop_at);
    const Compiled compiled = compile(f, program, stop_at);
    const bool at_end = stop_at == program.code.size() && expected.code == kReturned;
    if (at_end) expected.code = kStopped;
    ASSERT_EQ(f.run(args), expected.code) << to_text(program);
    ASSERT_TRUE(f.frame_intact());
    if (expected.code == kReturned) continue;
    if (expected.code == kStopped) {
      ++counts.stops;
      counts.finished += at_end;
      ASSERT_TRUE(compiled.reached);
      ASSERT_NO_FATAL_FAILURE(compare(f, program, expected, compiled, counts));
      continue;
    }
    // A trap. A second compilation stops at its exit and tells where everything was.
    if (stop_at != program.code.size()) continue;
    ++counts.traps;
    struct Seen {
      Function& f;
      Compiled at_trap;
    } seen{f, {}};
    const auto look_there = [](void* user, u32) {
      auto& found = *static_cast<Seen*>(user);
      found.at_trap = look(found.f);
    };
    f.cold.watch({.exit = f.trap_exit(), .seen = look_there, .user = &seen});
    compile(f, program, stop_at);
    f.cold.watch({});
    ASSERT_TRUE(seen.at_trap.reached);
    ASSERT_NO_FATAL_FAILURE(compare(f, program, expected, seen.at_trap, counts));
  }
}

class StateTest : public testing::TestWithParam<CpuLevel> {
 protected:
  void SetUp() override {
    if (!CpuFeatures::host().has(GetParam())) GTEST_SKIP() << "this machine has a lower level";
  }

  void run(const Shape& shape, u32 programs, u64 seed, Counts& counts) {
    Random random(seed);
    for (u32 i = 0; i < programs; ++i) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << " program " << i);
      const Program program = generate(random, shape);
      std::vector<Bits> args;
      for (u32 k = 0; k < program.params; ++k) args.push_back({random.next() >> random.next() % 64, random.next()});
      check(program, GetParam(), args, counts);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Levels, StateTest, testing::ValuesIn(kLevels),
                         [](const auto& info) { return "v" + std::to_string(static_cast<int>(info.param) + 1); });

TEST_P(StateTest, StraightProgramsAtEveryInstruction) {
  Counts counts;
  ASSERT_NO_FATAL_FAILURE(run({.size = 60, .control = false}, 60, 1, counts));
  EXPECT_GT(counts.stops, 2000U);
  EXPECT_GT(counts.in_registers, 5000U);
  EXPECT_GT(counts.flags, 20U);
  EXPECT_GT(counts.raw, 100U);
  EXPECT_GT(counts.constants, 1000U);
  EXPECT_GT(counts.others, 100U);
}

TEST_P(StateTest, Traps) {
  Counts counts;
  ASSERT_NO_FATAL_FAILURE(run({.size = 40, .depth = 8, .trap_percent = 100}, 300, 6, counts));
  EXPECT_GT(counts.traps, 50U);
}

TEST_P(StateTest, BranchesAndLoops) {
  Counts counts;
  ASSERT_NO_FATAL_FAILURE(run({.size = 70, .depth = 4}, 120, 2, counts));
  EXPECT_GT(counts.stops, 2000U);
  EXPECT_GT(counts.finished, 40U);
}

TEST_P(StateTest, IntegersWithFewLocals) {
  Counts counts;
  ASSERT_NO_FATAL_FAILURE(run({.params = 3, .locals = 2, .size = 60, .depth = 4, .floats = false}, 80, 3, counts));
  EXPECT_GT(counts.finished, 30U);
}

TEST_P(StateTest, ManyLocals) {
  // More than there are registers, and more than begin as constants.
  Counts counts;
  ASSERT_NO_FATAL_FAILURE(run({.params = 8, .locals = 40, .size = 70}, 40, 4, counts));
  EXPECT_GT(counts.in_registers, 2000U);
}

TEST_P(StateTest, DeepStacks) {
  // Operands that do not fit the registers, and then not the window of what may be in them.
  Counts counts;
  ASSERT_NO_FATAL_FAILURE(run({.params = 8, .locals = 8, .size = 220, .depth = 100, .control = false}, 4, 5, counts));
  EXPECT_GT(counts.stops, 100U);
}

}  // namespace

}  // namespace dewar::exec::baseline::test
