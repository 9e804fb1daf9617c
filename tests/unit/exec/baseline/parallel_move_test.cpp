// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Parallel moves: all maps of four registers to four (permutations, cycles, one source for many), and random ones of
// all registers. Each register gets what its source had before; the flags stay.
#include "exec/baseline/parallel_move.h"
#include "emit_fixture.h"
#include "gtest/gtest.h"

namespace dewar::exec::baseline::test {

namespace {

u64 initial(Reg reg) { return 0x1111'2222'0000'0000 + static_cast<u64>(reg) * 0x0101; }

class ParallelMoveTest : public testing::TestWithParam<CpuLevel> {
 protected:
  void SetUp() override {
    if (!CpuFeatures::host().has(GetParam())) GTEST_SKIP() << "this machine has a lower level";
  }

  /// `from[i]` is the source of register i, or itself.
  void check(const std::array<Reg, kRegs>& from, Rep int_rep) {
    f_.begin({}, 0);
    for (u8 i = 0; i < kRegs; ++i) {
      const Reg reg = static_cast<Reg>(i);
      if (!is_xmm(reg)) {
        f_.m.mov_imm(gpr(reg), initial(reg));
      } else {
        f_.m.mov_imm(kScratch, initial(reg));
        f_.m.vec(op::movq_from, xmm(reg), kScratch);
      }
    }
    f_.m.cmp(Width::w64, kStack, kFp);  // sets some flags
    f_.m.setcc(Cond::b, Mem(kFp));
    ParallelMove moves;
    for (u8 i = 0; i < kRegs; ++i)
      moves.add(static_cast<Reg>(i), from[i], is_xmm(static_cast<Reg>(i)) ? Rep::v128 : int_rep);
    moves.emit(f_.m);
    f_.m.setcc(Cond::b, Mem(kFp, 1));
    f_.stop();
    f_.finish();
    ASSERT_EQ(f_.run({}), kReturned);
    const u64 below = f_.frame[Function::kMargin];
    ASSERT_EQ(below & 0xff, below >> 8 & 0xff);
    for (u8 i = 0; i < kRegs; ++i) {
      const Reg reg = static_cast<Reg>(i);
      const u64 found = is_xmm(reg) ? f_.machine.xmms[i - kGprs].lo : f_.machine.gprs[i];
      const u64 mask = is_xmm(reg) || int_rep == Rep::i64 || from[i] == reg ? ~u64{0} : ~u32{0};
      ASSERT_EQ(found & mask, initial(from[i]) & mask) << "register " << int{i};
    }
  }

  Function f_{GetParam()};
};

std::array<Reg, kRegs> nothing_moves() {
  std::array<Reg, kRegs> from;
  for (u8 i = 0; i < kRegs; ++i) from[i] = static_cast<Reg>(i);
  return from;
}

INSTANTIATE_TEST_SUITE_P(Levels, ParallelMoveTest, testing::Values(CpuLevel::v1, CpuLevel::v3),
                         [](const auto& info) { return "v" + std::to_string(static_cast<int>(info.param) + 1); });

TEST_P(ParallelMoveTest, AllMapsOfFourRegisters) {
  for (const Reg first : {Reg::rcx, Reg::r8, Reg::xmm0}) {
    for (u32 map = 0; map < 256; ++map) {
      SCOPED_TRACE(testing::Message() << "map " << map << " from " << static_cast<int>(first));
      auto from = nothing_moves();
      const u8 base = static_cast<u8>(first);
      for (u32 i = 0; i < 4; ++i) from[base + i] = static_cast<Reg>(base + (map >> (2 * i) & 3));
      ASSERT_NO_FATAL_FAILURE(check(from, Rep::i64));
      ASSERT_NO_FATAL_FAILURE(check(from, Rep::i32));
    }
  }
}

TEST_P(ParallelMoveTest, AllRegistersAtOnce) {
  u64 random = 7;
  const auto next = [&](u64 n) {
    random = random * 6364136223846793005 + 1442695040888963407;
    return random >> 33 & 0xffff'ffff ? (random >> 33) % n : 0;
  };
  for (u32 round = 0; round < 500; ++round) {
    auto from = nothing_moves();
    // Permutations, as shuffles inside of each class; some rounds with sources that have several targets.
    for (u32 i = kGprs - 1; i > 0; --i) std::swap(from[i], from[next(i + 1)]);
    for (u32 i = kRegs - 1; i > kGprs; --i) std::swap(from[i], from[kGprs + next(i - kGprs + 1)]);
    if (round % 2 == 1)
      for (u32 i = 0; i < kRegs; ++i)
        if (next(3) == 0) from[i] = from[i < kGprs ? next(kGprs) : kGprs + next(kRegs - kGprs)];
    ASSERT_NO_FATAL_FAILURE(check(from, Rep::i64)) << "round " << round;
  }
}

}  // namespace

}  // namespace dewar::exec::baseline::test
