// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Labels: jumps in both directions around the limit of short ones, many jumps to one label, jump tables, padding.
#include "exec/baseline/masm/charge.h"
#include "unit/exec/baseline/masm_check.h"

namespace dewar::exec::baseline {

namespace {

struct Labels : testing::Test {
  Assembler m{CpuFeatures::for_level(CpuLevel::v1), kTestBytes};

  /// The instruction at `at`, and where its jump goes.
  std::pair<Decoded, i64> jump_at(u32 at) {
    const std::span<const u8> code = m.code();
    EXPECT_LT(at, code.size());
    // Cut behind the jump, so that data after it is not read.
    for (u32 size = 1; at + size <= code.size() && size <= ZYDIS_MAX_INSTRUCTION_LENGTH; ++size) {
      Decoded one;
      ZydisDecoder decoder;
      ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
      if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, code.data() + at, size, &one.instruction, one.operands)))
        continue;
      EXPECT_TRUE(one.operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && one.operands[0].imm.is_relative != 0);
      return {one, i64{at} + one.instruction.length + one.operands[0].imm.value.s};
    }
    ADD_FAILURE() << "no jump at " << at;
    return {};
  }
};

TEST_F(Labels, BackwardIsShortWhereItFits) {
  for (u32 gap : {0U, 1U, 123U, 124U, 125U, 126U, 127U, 128U, 129U, 5000U}) {
    for (bool conditional : {false, true}) {
      m.reset();
      m.nop(3);
      Label label;
      m.bind(label);
      m.nop(gap);
      const u32 at = m.position();
      if (conditional) {
        m.jcc(Cond::le, label);
      } else {
        m.jmp(label);
      }
      const auto [jump, target] = jump_at(at);
      EXPECT_EQ(jump.mnemonic(), conditional ? "jle" : "jmp");
      EXPECT_EQ(target, 3);
      // A short jump reaches 128 bytes back, its own two included.
      EXPECT_EQ(jump.instruction.length, gap <= 126 ? 2 : conditional ? 6 : 5) << gap;
    }
  }
}

TEST_F(Labels, ForwardFollowsThePromise) {
  for (u32 gap : {0U, 1U, 126U, 127U, 128U, 5000U}) {
    for (Reach reach : {Reach::kNear, Reach::kFar}) {
      m.reset();
      Label label;
      m.jcc(Cond::a, label, reach);
      const u32 second = m.position();
      m.jmp(label, reach);
      EXPECT_TRUE(label.awaited());
      m.nop(gap);
      // The first jump has the second between it and the label.
      const bool fits = second + gap <= 127;
      m.bind(label);
      EXPECT_FALSE(label.awaited());
      if (reach == Reach::kNear && !fits) {
        EXPECT_EQ(m.error(), CodeError::kOutOfReach) << gap;
        EXPECT_TRUE(m.code().empty());
        continue;
      }
      ASSERT_EQ(m.error(), CodeError::kNone);
      const auto [first, first_target] = jump_at(0);
      EXPECT_EQ(first.mnemonic(), "jnbe");
      EXPECT_EQ(first_target, label.offset());
      EXPECT_EQ(first.instruction.length, reach == Reach::kNear ? 2 : 6);
      const auto [other, other_target] = jump_at(second);
      EXPECT_EQ(other_target, label.offset());
      EXPECT_EQ(other.instruction.length, reach == Reach::kNear ? 2 : 5);
    }
  }
}

TEST_F(Labels, NearForwardAtTheLimit) {
  for (u32 gap : {126U, 127U, 128U}) {
    m.reset();
    Label label;
    m.jmp(label, Reach::kNear);
    m.nop(gap);
    m.bind(label);
    EXPECT_EQ(m.error(), gap <= 127 ? CodeError::kNone : CodeError::kOutOfReach);
  }
}

TEST_F(Labels, EveryCondition) {
  constexpr std::string_view kNames[] = {"jo", "jno", "jb", "jnb", "jz", "jnz", "jbe", "jnbe",
                                         "js", "jns", "jp", "jnp", "jl", "jnl", "jle", "jnle"};
  for (u8 i = 0; i < 16; ++i) {
    for (Reach reach : {Reach::kNear, Reach::kFar}) {
      m.reset();
      Label label;
      m.jcc(static_cast<Cond>(i), label, reach);
      m.bind(label);
      EXPECT_EQ(jump_at(0).first.mnemonic(), kNames[i]);
    }
  }
}

TEST_F(Labels, CallsAndBranchesToElsewhere) {
  Label label;
  m.call(label);
  m.nop(300);
  m.bind(label);
  const u32 at = m.position();
  m.call(label);
  EXPECT_EQ(jump_at(0).second, label.offset());
  EXPECT_EQ(jump_at(at).second, label.offset());
  EXPECT_EQ(jump_at(at).first.mnemonic(), "call");
  const u32 call = m.call_elsewhere();
  EXPECT_EQ(jump_at(call - 1).first.mnemonic(), "call");
  const u32 jump = m.jmp_elsewhere();
  EXPECT_EQ(m.position(), jump + 4);
  m.buffer().patch32(jump, -1000);
  EXPECT_EQ(jump_at(jump - 1).first.mnemonic(), "jmp");
  EXPECT_EQ(jump_at(jump - 1).second, i64{jump} + 4 - 1000);
}

TEST_F(Labels, ConditionalJumpsWithoutALabelArePatched) {
  for (u8 i = 0; i < 16; ++i) {
    m.reset();
    m.nop(i);
    const u32 field = m.jcc_elsewhere(static_cast<Cond>(i));
    EXPECT_EQ(m.position(), field + 4);
    m.nop(1000);
    m.patch_distance(field, m.position());
    EXPECT_EQ(jump_at(field - 2).second, m.position());
    Label label;
    const u32 same = m.position();
    m.jcc(static_cast<Cond>(i), label);
    m.bind(label);
    EXPECT_EQ(jump_at(field - 2).first.mnemonic(), jump_at(same).first.mnemonic());
  }
}

TEST_F(Labels, JumpsBackAreAsShortAsTheyCanBe) {
  for (const u32 gap : {0u, 1u, 125u, 126u, 127u, 128u, 1000u}) {
    m.reset();
    m.nop(7);
    const u32 target = m.position();
    m.nop(gap);
    const u32 at = m.position();
    m.jmp_back(target);
    EXPECT_EQ(m.position() - at, gap <= 126 ? 2u : 5u);
    EXPECT_EQ(jump_at(at).first.mnemonic(), "jmp");
    EXPECT_EQ(jump_at(at).second, target);
  }
}

TEST_F(Labels, AJumpOverLandsWhereItIsTold) {
  for (const u32 gap : {0u, 1u, 127u, 128u, 1000u}) {
    m.reset();
    m.nop(3);
    const u32 at = m.position();
    const u32 field = m.jcc_over(Cond::ge);
    m.nop(gap);
    m.land(field);
    EXPECT_EQ(m.error(), gap > 127 ? CodeError::kOutOfReach : CodeError::kNone) << gap;
    if (gap > 127) continue;
    EXPECT_EQ(jump_at(at).first.mnemonic(), "jnl");
    EXPECT_EQ(jump_at(at).second, at + 2 + gap);
  }
}

TEST_F(Labels, AChargeEndsInAnInvalidInstruction) {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  for (const bool wide : {false, true}) {
    for (const i32 amount : {0, 1, 127, 128, 0x12345678, INT32_MAX}) {
      if (!wide && amount > 127) continue;
      m.reset();
      m.nop(5);
      const u32 at = m.position();
      if (wide) {
        m.raw(Charge::kLong, Charge::kLongSub);
        m.raw(Charge::kLongJump, Charge::kLongJumpSize);
        m.buffer().patch32(at + Charge::kAmountAt, amount);
      } else {
        m.raw(Charge::kShort, Charge::kShortSize);
        m.buffer().patch8(at + Charge::kAmountAt, static_cast<i8>(amount));
      }
      const std::vector<Decoded> code = decode(m.code().subspan(at));
      ASSERT_EQ(code.size(), 2u);
      EXPECT_EQ(code[0].mnemonic(), "sub");
      EXPECT_EQ(code[0].operands[0].reg.value, zydis_register(Width::w64, Charge::kFuel));
      EXPECT_EQ(code[0].operands[1].imm.value.s, amount);
      const auto [jump, target] = jump_at(at + code[0].instruction.length);
      EXPECT_EQ(jump.mnemonic(), "jl");
      EXPECT_EQ(target, at + Charge::kFaultAt);
      // Whatever follows: the byte alone says so.
      std::vector<u8> bytes(m.code().begin() + at + Charge::kFaultAt, m.code().end());
      bytes.resize(ZYDIS_MAX_INSTRUCTION_LENGTH, 0);
      ZydisDecodedInstruction none;
      EXPECT_EQ(bytes[0], 0xea);
      EXPECT_TRUE(ZYAN_FAILED(ZydisDecoderDecodeInstruction(&decoder, nullptr, bytes.data(), bytes.size(), &none)));
    }
  }
}

TEST_F(Labels, ManyJumpsToManyLabelsInAnyOrder) {
  // 64 labels, jumps to them interleaved, bound in another order; link cells are used again.
  for (int round = 0; round < 2; ++round) {
    constexpr u32 kCount = 64;
    std::vector<Label> labels(kCount);
    std::vector<std::pair<u32, u32>> jumps;
    for (u32 step = 0; step < 1000; ++step) {
      const u32 index = step * 37 % kCount;
      if (step >= 500 && !labels[(step - 500) % kCount].bound()) m.bind(labels[(step - 500) % kCount]);
      jumps.emplace_back(m.position(), index);
      if (step % 3 == 0) {
        m.jmp(labels[index]);
      } else {
        m.jcc(Cond::ne, labels[index]);
      }
      m.nop(step % 7);
    }
    ASSERT_EQ(m.error(), CodeError::kNone);
    for (const auto& [at, index] : jumps) EXPECT_EQ(jump_at(at).second, labels[index].offset());
  }
}

TEST_F(Labels, MovingALabelMovesItsLinks) {
  Label first;
  m.jmp(first);
  Label second(std::move(first));
  EXPECT_FALSE(first.awaited());  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(second.awaited());
  m.nop(10);
  m.bind(second);
  EXPECT_EQ(jump_at(0).second, second.offset());
  static_assert(!std::is_copy_constructible_v<Label> && !std::is_copy_assignable_v<Label>);
}

TEST_F(Labels, JumpTable) {
  Label table;
  Label targets[3];
  m.bind(targets[0]);
  m.nop(5);
  const u32 at = m.position();
  m.jmp_table(table, Gpr::r9, Gpr::r12);
  const u32 end = m.position();
  m.align(4, Encoder::Fill::kInt3);
  m.bind(table);
  for (Label& target : targets) m.table_entry(target, table);
  for (u32 i = 1; i < 3; ++i) {
    m.nop(200 * i);
    m.bind(targets[i]);
  }
  ASSERT_EQ(m.error(), CodeError::kNone);
  EXPECT_EQ(table.offset() % 4, 0U);
  const std::vector<Decoded> found = decode(m.code().subspan(at, end - at));
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].mnemonic(), "lea");
  EXPECT_EQ(found[0].operands[1].mem.base, ZYDIS_REGISTER_RIP);
  EXPECT_EQ(i64{at} + found[0].instruction.length + found[0].operands[1].mem.disp.value, i64{table.offset()});
  EXPECT_EQ(found[1].mnemonic(), "movsxd");
  EXPECT_EQ(found[1].operands[1].mem.base, ZYDIS_REGISTER_R12);
  EXPECT_EQ(found[1].operands[1].mem.index, ZYDIS_REGISTER_R9);
  EXPECT_EQ(found[1].operands[1].mem.scale, 4);
  EXPECT_EQ(found[2].mnemonic(), "add");
  EXPECT_EQ(found[3].mnemonic(), "jmp");
  EXPECT_EQ(found[3].operands[0].reg.value, ZYDIS_REGISTER_R9);
  EXPECT_NE(found[3].instruction.attributes & ZYDIS_ATTRIB_HAS_NOTRACK, 0U);
  for (u32 i = 0; i < 3; ++i)
    EXPECT_EQ(i64{table.offset()} + m.buffer().read32(table.offset() + 4 * i), i64{targets[i].offset()}) << i;
}

TEST_F(Labels, PaddingIsNopsOrTraps) {
  for (u32 bytes = 0; bytes < 40; ++bytes) {
    m.reset();
    m.nop(bytes);
    EXPECT_EQ(m.position(), bytes);
    const std::vector<Decoded> found = decode(m.code());
    EXPECT_EQ(found.size(), (bytes + 8) / 9);
    for (const Decoded& one : found) EXPECT_EQ(one.mnemonic(), "nop");
  }
  for (u32 start = 0; start < 20; ++start) {
    m.reset();
    m.nop(start);
    m.align(16, Encoder::Fill::kInt3);
    EXPECT_EQ(m.position(), (start + 15) / 16 * 16);
    for (const Decoded& one : decode(m.code().subspan(start))) EXPECT_EQ(one.mnemonic(), "int3");
    m.align(16);
    EXPECT_EQ(m.position() % 16, 0U);
    m.data32(0x04030201);
    m.data64(0x0c0b0a0908070605);
    const std::span<const u8> data = m.code().last(12);
    for (u8 i = 0; i < 12; ++i) EXPECT_EQ(data[i], i + 1);
  }
}

}  // namespace

}  // namespace dewar::exec::baseline
