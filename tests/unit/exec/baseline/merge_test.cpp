// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Labels whose two ways there differ in one thing: which register a local is in, dirty or not, constant or not, results
// in registers, slots, constants and locals. After the label everything has the value of the way that was taken.
#include "emit_fixture.h"
#include "gtest/gtest.h"

namespace dewar::exec::baseline::test {

namespace {

class MergeTest : public testing::TestWithParam<CpuLevel> {
 protected:
  void SetUp() override {
    if (!CpuFeatures::host().has(GetParam())) GTEST_SKIP() << "this machine has a lower level";
  }

  /// local += value, so that it is in a register, and dirty.
  void add(u32 local, u64 value) {
    f.state.next_op();
    f.state.push_local(local);
    f.state.push_const(Rep::i32, value);
    ASSERT_TRUE(f.numeric(wasm::Op::i32_add));
    f.state.next_op();
    f.state.set_local(local);
  }
  /// The local in this register, and dirty.
  void place(u32 local, Reg reg) {
    f.state.next_op();
    f.state.take_fixed(reg);
    f.state.push_local(local);
    Value value = f.state.pop();
    f.state.load_into(reg, value);
    f.state.push_reg(Rep::i32, reg);
    f.state.set_local(local);
  }
  /// Jumps to the label if the last parameter is not 0; the state of here is what it wants.
  void first_jump(RegMask reserved = 0) {
    f.state.next_op();
    f.m.cmp(Width::w32, slot_mem(2), Imm{0});
    f.state.prepare_jump();
    wanted = f.state.adopt(reserved);
    f.m.jcc(Cond::ne, label);
  }
  /// Comes to the label from here, and stops behind it.
  void fall_in(const Value* result = nullptr) {
    f.state.prepare_jump();
    f.state.move_to(wanted, result);
    if (result) f.state.release(*result);
    f.m.bind(label);
    f.state.cut(0);
    f.state.enter(wanted);
  }
  void expect(const std::vector<u64>& fallen, const std::vector<u64>& jumped) {
    const auto map = f.locations();
    f.stop();
    f.finish();
    for (const bool jumps : {false, true}) {
      ASSERT_EQ(f.run({{10, 0}, {20, 0}, {jumps ? 1u : 0u, 0}}), kReturned);
      const auto& values = jumps ? jumped : fallen;
      for (u32 i = 0; i < values.size(); ++i)
        EXPECT_EQ(f.value(i == 2 ? f.local_slots() + Function::kHeaderSlots : i, Rep::i32, map).lo, values[i])
            << "value " << i << (jumps ? " jumped" : " fallen");
    }
  }

  Function f{GetParam()};
  Label label;
  Snapshot wanted;
};

INSTANTIATE_TEST_SUITE_P(Levels, MergeTest, testing::Values(CpuLevel::v1, CpuLevel::v3),
                         [](const auto& info) { return "v" + std::to_string(static_cast<int>(info.param) + 1); });

TEST_P(MergeTest, LocalsInEachOthersRegisters) {
  f.begin({wasm::kI32, wasm::kI32, wasm::kI32}, 3);
  place(0, Reg::rsi);
  place(1, Reg::rdi);
  first_jump();
  add(0, 1);
  add(1, 2);
  place(0, Reg::r12);
  place(1, Reg::rsi);
  place(0, Reg::rdi);
  f.state.prepare_jump();
  const Snapshot now = f.state.adopt();
  ASSERT_EQ(now.held, wanted.held);
  ASSERT_EQ(now.dirty, wanted.dirty);
  EXPECT_FALSE(f.state.agrees_with(wanted));
  EXPECT_TRUE(f.state.agrees_with(now));
  fall_in();
  expect({11, 22}, {10, 20});
}

TEST_P(MergeTest, DirtyWhereTheLabelWantsClean) {
  f.begin({wasm::kI32, wasm::kI32, wasm::kI32}, 3);
  add(0, 1);
  f.state.store_locals();
  first_jump();
  EXPECT_EQ(wanted.dirty, 0U);
  add(0, 5);
  EXPECT_FALSE(f.state.agrees_with(wanted));
  fall_in();
  // Read from the slot: the register may be taken without a store.
  f.state.enter(Snapshot{});
  expect({16, 20}, {11, 20});
}

TEST_P(MergeTest, CleanWhereTheLabelWantsDirtyNeedsNothing) {
  f.begin({wasm::kI32, wasm::kI32, wasm::kI32}, 3);
  add(0, 1);
  first_jump();
  f.state.store_locals();
  EXPECT_TRUE(f.state.agrees_with(wanted));
  const u32 before = f.m.position();
  fall_in();
  EXPECT_EQ(f.m.position(), before);
  expect({11, 20}, {11, 20});
}

TEST_P(MergeTest, ConstantsBecomeWhatTheLabelWants) {
  f.begin({wasm::kI32, wasm::kI32, wasm::kI32}, 3);
  add(0, 1);
  f.state.push_const(Rep::i32, 77);
  f.state.set_local(1);
  first_jump();
  // One was in a register, the other was a constant.
  f.state.push_const(Rep::i32, 88);
  f.state.set_local(0);
  add(1, 1);
  fall_in();
  expect({88, 78}, {11, 77});
}

TEST_P(MergeTest, ResultsFromEveryPlace) {
  for (u32 from = 0; from < 5; ++from) {
    SCOPED_TRACE(from);
    label = Label();
    f.begin({wasm::kI32, wasm::kI32, wasm::kI32}, 3);
    add(0, 1);
    place(0, Reg::rax);  // where the result wants to be
    first_jump(bit(Reg::rax));
    EXPECT_EQ(wanted.held & bit(Reg::rax), 0U);
    u64 fallen = 0;
    f.state.next_op();
    switch (from) {
      case 0:  // a register that the label wants for a local
        add(1, 3);
        f.state.push_local(1);
        fallen = 23;
        break;
      case 1: f.state.push_const(Rep::i32, fallen = 99); break;
      case 2:
        f.state.push_local(0);
        fallen = 11;
        break;
      case 3:
        f.state.push_local(1);
        f.state.store_operands(1);
        fallen = 20;
        break;
      default:
        f.state.push_local(0);
        f.state.push_local(1);
        ASSERT_TRUE(f.numeric(wasm::Op::i32_xor));
        fallen = 11 ^ 20;
    }
    f.state.next_op();
    const Value result = f.state.pop();
    fall_in(&result);
    f.state.take_fixed(Reg::rax);
    f.state.push_reg(Rep::i32, Reg::rax);
    const auto map = f.locations();
    f.stop();
    f.finish();
    ASSERT_EQ(f.run({{10, 0}, {20, 0}, {0, 0}}), kReturned);
    EXPECT_EQ(f.value(f.local_slots() + Function::kHeaderSlots, Rep::i32, map).lo, fallen);
    EXPECT_EQ(f.value(0, Rep::i32, map).lo, 11U);
    EXPECT_EQ(f.value(1, Rep::i32, map).lo, from == 0 ? 23U : 20U);
  }
}

TEST_P(MergeTest, SeveralResultsMoveDownWithoutOverwritingEachOther) {
  f.begin({wasm::kI32, wasm::kI32, wasm::kI32}, 3);
  const u32 base = f.local_slots() + Function::kHeaderSlots;
  // Two operands below are to go; of four results some are in the slots that the others move to.
  for (u32 i = 0; i < 2; ++i) f.state.push_const(Rep::i32, 1000 + i);
  f.state.push_local(0);
  f.state.push_local(1);
  f.state.store_operands(4);
  f.state.push_const(Rep::i64, 0x123456789abcdef);
  f.state.push_local(0);
  f.state.copy_results(4, base);
  f.stop();
  f.finish();
  ASSERT_EQ(f.run({{10, 0}, {20, 0}, {0, 0}}), kReturned);
  EXPECT_EQ(f.value(base, Rep::i32, {}).lo, 10U);
  EXPECT_EQ(f.value(base + 1, Rep::i32, {}).lo, 20U);
  EXPECT_EQ(f.value(base + 2, Rep::i64, {}).lo, 0x123456789abcdefU);
  EXPECT_EQ(f.value(base + 3, Rep::i32, {}).lo, 10U);
}

TEST_P(MergeTest, LoopsPutTheirHeaviestLocalsIntoRegisters) {
  std::vector<wasm::ValType> locals(12, wasm::kI32);
  locals.resize(24, wasm::kF64);
  f.begin(locals, 24);
  std::vector<LocalUse> uses;
  for (u16 i = 0; i < 24; ++i) uses.push_back({i, i % 2 == 0, 100u - i});
  add(3, 1);
  const Snapshot loop = f.state.for_loop(uses);
  u32 ints = 0, floats = 0;
  for (RegMask rest = loop.held; rest != 0; rest &= rest - 1) {
    const Reg reg = lowest(rest);
    const u16 local = loop.local[static_cast<u8>(reg)];
    EXPECT_EQ(is_xmm(reg), local >= 12);
    EXPECT_LT(local, is_xmm(reg) ? 12 + 10 : 7) << "not one of the heaviest";
    EXPECT_EQ((loop.dirty & bit(reg)) != 0, local % 2 == 0);
    ++(is_xmm(reg) ? floats : ints);
  }
  EXPECT_EQ(ints, 7U);
  EXPECT_EQ(floats, 10U);
  EXPECT_EQ(loop.held & (bit(Reg::rax) | bit(Reg::rcx) | bit(Reg::xmm0)), 0U);
  // rdx goes last.
  EXPECT_EQ(loop.local[static_cast<u8>(Reg::rdx)], 6);
}

}  // namespace

}  // namespace dewar::exec::baseline::test
