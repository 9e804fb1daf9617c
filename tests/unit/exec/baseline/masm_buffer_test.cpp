// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What happens at the end of the memory: growth keeps the code, exhaustion sets an error that stays, and nothing is
// stored outside of the buffer (the sanitizer run would see it).
#include <algorithm>

#include "unit/exec/baseline/masm_check.h"

namespace dewar::exec::baseline {

namespace {

constexpr CpuFeatures kFeatures = CpuFeatures::for_level(CpuLevel::v2);

/// The longest instructions there are, labels of all kinds, data.
void emit_some_of_everything(Assembler& m) {
  Label forward;
  Label backward;
  m.bind(backward);
  m.mov_imm(Gpr::r15, 0x123456789abcdef0);
  m.lock_alu(Alu::add, Width::w64, Mem(Gpr::r13, Gpr::r14, Scale::x8, 0x12345678), Imm{0x12345678});
  m.vec(op::palignr, Xmm::xmm9, Xmm::xmm10, Mem(Gpr::r13, Gpr::r14, Scale::x8, 0x12345678), 7);
  m.jmp(forward, Reach::kNear);
  m.jcc(Cond::e, forward);
  m.lea(Width::w64, Gpr::rax, Mem(forward));
  m.jmp(backward);
  m.nop(20);
  m.bind(forward);
  Label table;
  m.jmp_table(table, Gpr::rax, Gpr::rcx);
  m.align(16, Encoder::Fill::kInt3);
  m.bind(table);
  m.table_entry(forward, table);
  m.table_entry(backward, table);
}

TEST(CodeBuffer, GrowthKeepsTheCode) {
  Assembler big(kFeatures, 1 << 20);
  emit_some_of_everything(big);
  const std::vector<u8> once(big.code().begin(), big.code().end());
  // Many times the first allocation; every copy starts at a multiple of 16, so that all are alike.
  big.reset();
  constexpr u32 kCopies = 2000;
  std::vector<u32> starts;
  for (u32 i = 0; i < kCopies; ++i) {
    big.align(16);
    starts.push_back(big.position());
    emit_some_of_everything(big);
  }
  ASSERT_EQ(big.error(), CodeError::kNone);
  EXPECT_GT(big.code().size(), once.size() * kCopies - 1);
  for (u32 start : starts) ASSERT_TRUE(std::ranges::equal(big.code().subspan(start, once.size()), once)) << start;
}

TEST(CodeBuffer, ExhaustionStaysAndHarmsNothing) {
  for (u32 max : {0U, 1U, 63U, 64U, 65U, 100U, 200U, 5000U, 20000U, 70000U}) {
    Assembler m(kFeatures, max);
    u32 most = 0;
    for (int i = 0; i < 2000; ++i) {
      emit_some_of_everything(m);
      if (m.error() == CodeError::kNone) most = m.position();
    }
    EXPECT_EQ(m.error(), CodeError::kOutOfSpace) << max;
    EXPECT_TRUE(m.code().empty());
    EXPECT_LE(most, max);
    // What was there before can be used again.
    m.reset();
    EXPECT_EQ(m.error(), CodeError::kNone);
    EXPECT_EQ(m.position(), 0U);
    if (max >= CodeBuffer::kSlack) {
      m.ret();
      EXPECT_EQ(m.code().size(), 1U);
    }
  }
}

TEST(CodeBuffer, IsFullBeforeTheMaximumIsExceeded) {
  for (u32 max : {64U, 100U, 17000U}) {
    Assembler m(kFeatures, max);
    u32 count = 0;
    while (m.error() == CodeError::kNone) {
      m.int3();
      ++count;
    }
    // The last one did not fit.
    EXPECT_EQ(count - 1, max - CodeBuffer::kSlack + 1);
  }
}

TEST(CodeBuffer, PatchesOutsideOfTheCodeAreRefused) {
  Assembler m(kFeatures, 1000);
  m.nop(8);
  m.buffer().patch32(4, 0x11223344);
  EXPECT_EQ(m.buffer().read32(4), 0x11223344);
  EXPECT_EQ(m.buffer().read32(5), 0);
  EXPECT_EQ(m.error(), CodeError::kNone);
  m.buffer().patch32(5, 1);
  EXPECT_EQ(m.error(), CodeError::kBadPatch);
  m.reset();
  m.nop(8);
  m.buffer().patch8(8, 1);
  EXPECT_EQ(m.error(), CodeError::kBadPatch);
  m.reset();
  m.buffer().patch32(~u32{0} - 1, 1);
  EXPECT_EQ(m.error(), CodeError::kBadPatch);
}

TEST(CodeBuffer, TheFirstErrorIsKept) {
  Assembler m(kFeatures, 1 << 16);
  Label label;
  m.jmp(label, Reach::kNear);
  m.nop(200);
  m.bind(label);
  EXPECT_EQ(m.error(), CodeError::kOutOfReach);
  for (int i = 0; i < 5000; ++i) emit_some_of_everything(m);
  EXPECT_EQ(m.error(), CodeError::kOutOfReach);
}

}  // namespace

}  // namespace dewar::exec::baseline
