// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Emitted functions run: loops, conditions, conversions, vectors, jump tables, atomics, at every level this machine
// has.
#include <bit>
#include <cstring>

#include "base/mmap.h"
#include "exec/baseline/masm/assembler.h"
#include "gtest/gtest.h"

namespace dewar::exec::baseline {

namespace {

constexpr Width kW32 = Width::w32;
constexpr Width kW64 = Width::w64;

/// A page with code, writable first and executable then, never both.
class Executable {
 public:
  explicit Executable(const Assembler& m) {
    const std::span<const u8> code = m.code();
    EXPECT_EQ(m.error(), CodeError::kNone);
    auto mapping = base::Mapping::anonymous(code.size() + 1);
    if (!mapping) {
      ADD_FAILURE() << "no memory";
      return;
    }
    memory_ = std::move(*mapping);
    std::memcpy(memory_.data(), code.data(), code.size());
    EXPECT_TRUE(memory_.protect(0, memory_.size(), base::Protection::kReadExec));
  }

  /// Calls it with integer or pointer arguments in the registers of the System V ABI. The check of function types that
  /// the sanitizer makes reads in front of the function, where there is nothing.
  __attribute__((no_sanitize("function"))) u64 call(u64 a = 0, u64 b = 0, u64 c = 0) const {
    return reinterpret_cast<u64 (*)(u64, u64, u64)>(memory_.data())(a, b, c);
  }

 private:
  base::Mapping memory_;
};

class RunCode : public testing::TestWithParam<CpuLevel> {
 protected:
  void SetUp() override {
    if (!CpuFeatures::host().has(GetParam())) GTEST_SKIP() << "this machine has a lower level";
  }
  Assembler m{CpuFeatures::for_level(GetParam()), 1 << 16};
};

INSTANTIATE_TEST_SUITE_P(Levels, RunCode, testing::Values(CpuLevel::v1, CpuLevel::v2, CpuLevel::v3),
                         [](const auto& info) { return "v" + std::to_string(static_cast<int>(info.param) + 1); });

TEST_P(RunCode, SumLoop) {
  // Sums the integers below rdi.
  Label head;
  Label done;
  m.endbr64();
  m.zero(Gpr::rax);
  m.bind(head);
  m.test(kW64, Gpr::rdi, Gpr::rdi);
  m.jcc(Cond::e, done, Reach::kNear);
  m.sub(kW64, Gpr::rdi, Imm{1});
  m.add(kW64, Gpr::rax, Gpr::rdi);
  m.jmp(head);
  m.bind(done);
  m.ret();
  const Executable code(m);
  EXPECT_EQ(code.call(0), 0U);
  EXPECT_EQ(code.call(1000), 499500U);
}

TEST_P(RunCode, ConditionsAndMoves) {
  // The larger of two signed 32-bit numbers, zero-extended, plus 2^40 if they are equal.
  m.mov(kW32, Gpr::rax, Gpr::rdi);
  m.cmp(kW32, Gpr::rdi, Gpr::rsi);
  m.cmov(Cond::l, kW32, Gpr::rax, Gpr::rsi);
  m.setcc(Cond::e, Gpr::rsi);
  m.movzx(Width::w8, Gpr::rsi, Gpr::rsi);
  m.shift(Shift::shl, kW64, Gpr::rsi, 40);
  m.or_(kW64, Gpr::rax, Gpr::rsi);
  m.ret();
  const Executable code(m);
  EXPECT_EQ(code.call(5, 7), 7U);
  EXPECT_EQ(code.call(static_cast<u32>(-5), 3), 3U);
  EXPECT_EQ(code.call(~u64{0}, ~u64{0}), 0xffffffff | u64{1} << 40);
}

TEST_P(RunCode, EveryRegisterHoldsItsConstant) {
  // All registers but rsp get constants and are summed up; those a callee must keep are pushed.
  const Gpr kept[] = {Gpr::rbx, Gpr::rbp, Gpr::r12, Gpr::r13, Gpr::r14, Gpr::r15};
  for (Gpr r : kept) m.push(r);
  u64 sum = 0;
  for (u8 i = 0; i < 16; ++i) {
    if (static_cast<Gpr>(i) == Gpr::rsp) continue;
    const u64 value = i % 3 == 0 ? 0x1234567890 * (i + 1) : i % 3 == 1 ? ~u64{i} : i;
    sum += value;
    m.mov_imm(static_cast<Gpr>(i), value);
  }
  for (u8 i = 1; i < 16; ++i)
    if (static_cast<Gpr>(i) != Gpr::rsp) m.add(kW64, Gpr::rax, static_cast<Gpr>(i));
  for (usize i = std::size(kept); i-- > 0;) m.pop(kept[i]);
  m.ret();
  EXPECT_EQ(Executable(m).call(), sum);
}

TEST_P(RunCode, DivisionAndBits) {
  // rdi / rsi unsigned, times 1000, plus the remainder, plus the lowest bit set of rdi.
  m.mov(kW64, Gpr::rax, Gpr::rdi);
  m.zero(Gpr::rdx);
  m.unary(Unary::div, kW64, Gpr::rsi);
  m.imul(kW64, Gpr::rax, Gpr::rax, Imm{1000});
  m.add(kW64, Gpr::rax, Gpr::rdx);
  m.bit_scan(m.features().bmi() ? BitScan::tzcnt : BitScan::bsf, kW64, Gpr::rcx, Gpr::rdi);
  m.add(kW64, Gpr::rax, Gpr::rcx);
  m.ret();
  EXPECT_EQ(Executable(m).call(1234 * 8, 100), 98 * 1000 + 72 + 4U);
}

TEST_P(RunCode, ShiftsAlikeWithAndWithoutFlags) {
  m.mov(kW32, Gpr::rcx, Gpr::rsi);
  if (m.features().bmi()) {
    m.shiftx(Shiftx::sarx, kW32, Gpr::rax, Gpr::rdi, Gpr::rcx);
    m.rorx(kW32, Gpr::rdi, Gpr::rdi, 8);
  } else {
    m.mov(kW32, Gpr::rax, Gpr::rdi);
    m.shift(Shift::sar, kW32, Gpr::rax);
    m.shift(Shift::ror, kW32, Gpr::rdi, 8);
  }
  m.xor_(kW32, Gpr::rax, Gpr::rdi);
  m.ret();
  const Executable code(m);
  EXPECT_EQ(code.call(0x80000001, 4), (0xf8000000U ^ 0x01800000U));
  EXPECT_EQ(code.call(0x80000001, 36), (0xf8000000U ^ 0x01800000U));
}

TEST_P(RunCode, Conversions) {
  // (i64)(sqrt((f64)(i32)rdi) * constant), the constant beside the code.
  Label constant;
  m.vec(op::xorps, Xmm::xmm1, Xmm::xmm1, Xmm::xmm1);
  m.vec(op::cvtsi2sd_32, Xmm::xmm1, Xmm::xmm1, Gpr::rdi);
  m.vec(op::sqrtsd, Xmm::xmm9, Xmm::xmm9, Xmm::xmm1);
  m.vec(op::mulsd, Xmm::xmm9, Xmm::xmm9, Mem(constant));
  m.vec(op::cvttsd2si_64, Gpr::rax, Xmm::xmm9);
  m.ret();
  m.align(8, Encoder::Fill::kInt3);
  m.bind(constant);
  m.data64(std::bit_cast<u64>(1e9));
  const Executable code(m);
  EXPECT_EQ(code.call(2), 1414213562U);
  EXPECT_EQ(code.call(static_cast<u32>(-1)), u64{1} << 63);
}

TEST_P(RunCode, VectorAddOfUnalignedMemory) {
  // rdx[0..3] = (rdi[0..3] + rsi[0..3]) with saturation of bytes, all places odd; returns the mask of top bits.
  m.vec(op::movups, Xmm::xmm2, Mem(Gpr::rdi));
  m.vec(op::paddusb, Xmm::xmm3, Xmm::xmm2, Mem(Gpr::rsi));
  m.vec(op::movups_store, Mem(Gpr::rdx), Xmm::xmm3);
  m.vec(op::pmovmskb, Gpr::rax, Xmm::xmm3);
  m.ret();
  const Executable code(m);
  u8 memory[3][17] = {};
  u32 mask = 0;
  for (u32 i = 0; i < 16; ++i) {
    memory[0][i + 1] = static_cast<u8>(i * 17);
    memory[1][i + 1] = static_cast<u8>(i * 5);
    mask |= (i * 17 + i * 5 >= 128 ? 1U : 0U) << i;
  }
  EXPECT_EQ(code.call(reinterpret_cast<u64>(memory[0] + 1), reinterpret_cast<u64>(memory[1] + 1),
                      reinterpret_cast<u64>(memory[2] + 1)),
            mask);
  for (u32 i = 0; i < 16; ++i) EXPECT_EQ(memory[2][i + 1], i * 22 > 255 ? 255 : i * 22) << i;
}

TEST_P(RunCode, DestinationsMayBeAnyOperand) {
  // a - b where the result overwrites a, b, or neither: three encodings, one meaning.
  for (Xmm dst : {Xmm::xmm0, Xmm::xmm1, Xmm::xmm8}) {
    m.reset();
    m.vec(op::movq_from, Xmm::xmm0, Gpr::rdi);
    m.vec(op::movq_from, Xmm::xmm1, Gpr::rsi);
    m.vec(op::psubq, dst, Xmm::xmm0, Xmm::xmm1);
    m.vec(op::movq_to, Gpr::rax, dst);
    m.ret();
    EXPECT_EQ(Executable(m).call(1000, 1), 999U);
  }
}

TEST_P(RunCode, ShiftsAndBlends) {
  // Bytes of rsi where those of rdx are negative, else of rdi; then each 16-bit lane shifted right by 4.
  for (Xmm dst : {Xmm::xmm1, Xmm::xmm2, Xmm::xmm9}) {
    m.reset();
    m.vec(op::movq_from, Xmm::xmm1, Gpr::rdi);
    m.vec(op::movq_from, Xmm::xmm2, Gpr::rsi);
    m.vec(op::movq_from, Xmm::xmm0, Gpr::rdx);
    if (m.features().sse4()) {
      m.vec(op::pblendvb, dst, Xmm::xmm1, Xmm::xmm2, Xmm::xmm0);
    } else {
      m.vec(op::pxor, Xmm::xmm3, Xmm::xmm3, Xmm::xmm3);
      m.vec(op::pcmpgtb, Xmm::xmm0, Xmm::xmm3, Xmm::xmm0);
      m.vec(op::pand, Xmm::xmm4, Xmm::xmm0, Xmm::xmm2);
      m.vec(op::pandn, Xmm::xmm5, Xmm::xmm0, Xmm::xmm1);
      m.vec(op::por, dst, Xmm::xmm4, Xmm::xmm5);
    }
    m.vec(op::psrlw_i, Xmm::xmm10, dst, 4);
    m.vec(op::movq_to, Gpr::rax, Xmm::xmm10);
    m.ret();
    EXPECT_EQ(Executable(m).call(0x1111111111111111, 0x2222222222222222, 0x8000ff007f80), 0x0111022102210112U);
  }
}

TEST_P(RunCode, JumpTable) {
  Label table;
  Label cases[4];
  m.jmp_table(table, Gpr::rdi, Gpr::rcx);
  m.align(4, Encoder::Fill::kInt3);
  m.bind(table);
  for (Label& target : cases) m.table_entry(target, table);
  for (u64 i = 0; i < 4; ++i) {
    m.bind(cases[i]);
    m.mov_imm(Gpr::rax, 100 + i * i);
    m.ret();
  }
  const Executable code(m);
  for (u64 i = 0; i < 4; ++i) EXPECT_EQ(code.call(i), 100 + i * i);
}

TEST_P(RunCode, CallsAndMemory) {
  // A recursive factorial with its argument on the stack.
  Label self;
  Label base;
  m.bind(self);
  m.cmp(kW64, Gpr::rdi, Imm{1});
  m.jcc(Cond::be, base);
  m.push(Gpr::rdi);
  m.sub(kW64, Gpr::rdi, Imm{1});
  m.call(self);
  m.imul(kW64, Gpr::rax, Mem(Gpr::rsp));
  m.pop(Gpr::rdi);
  m.ret();
  m.bind(base);
  m.mov_imm(Gpr::rax, 1);
  m.ret();
  EXPECT_EQ(Executable(m).call(20), 2432902008176640000U);
}

TEST_P(RunCode, Atomics) {
  // 8-bit cell: add, exchange-and-add, compare-exchange; its neighbours stay.
  m.lock_alu(Alu::add, Width::w8, Mem(Gpr::rdi, 1), Imm{200});
  m.mov_imm(Gpr::rsi, 100);
  m.lock_xadd(Width::w8, Mem(Gpr::rdi, 1), Gpr::rsi);
  m.mov(kW32, Gpr::rax, Gpr::rsi);
  m.add(Width::w8, Gpr::rax, Imm{100});
  m.mov_imm(Gpr::rdx, 7);
  m.lock_cmpxchg(Width::w8, Mem(Gpr::rdi, 1), Gpr::rdx);
  m.mfence();
  m.movzx(Width::w8, Gpr::rax, Gpr::rsi);
  m.ret();
  u8 cells[3] = {1, 60, 3};
  EXPECT_EQ(Executable(m).call(reinterpret_cast<u64>(cells)), (60 + 200) % 256U);
  EXPECT_EQ(cells[0], 1);
  EXPECT_EQ(cells[1], 7);
  EXPECT_EQ(cells[2], 3);
}

}  // namespace

}  // namespace dewar::exec::baseline
