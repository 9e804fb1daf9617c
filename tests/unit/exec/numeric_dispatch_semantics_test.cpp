// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The dispatch table: which opcodes it has, operand order and slot layout, and that neither the upper halves of narrow
// slots nor slots beyond the operands matter.
#include "exec/numeric_dispatch.h"

#include <string_view>

#include "unit/exec/semantics_values.h"

namespace dewar::exec::test {
namespace {

using sem::NumTrap;

TEST(NumericDispatch, HasExactlyTheOpcodesOfFixedSignature) {
  int present = 0;
  for (usize i = 0; i < wasm::kOpCount; i++) {
    const wasm::OpInfo& row = wasm::op_info(static_cast<wasm::Op>(i));
    const std::string_view sig = row.sig;
    const bool expected = row.imm == wasm::Imm::none && sig != "*" && sig != ":";
    EXPECT_EQ(numeric_fn(static_cast<wasm::Op>(i)) != nullptr, expected) << row.text;
    present += expected;
  }
  EXPECT_GT(present, 300);
}

TEST(NumericDispatch, OperandsComeInStackOrder) {
  Slot slots[8] = {7, 2};
  EXPECT_EQ(numeric_fn(wasm::Op::i64_sub)(slots), NumTrap::none);
  EXPECT_EQ(slots[0], 5u);
  Slot wide[4] = {10, 20, 11, 3};
  EXPECT_EQ(numeric_fn(wasm::Op::i64_sub128)(wide), NumTrap::none);
  EXPECT_EQ(wide[0], ~u64{0});
  EXPECT_EQ(wide[1], 16u);
  Slot vectors[6] = {0x1111, 0x2222, 0x4444, 0x8888, 0xff00, 0x00ff};
  EXPECT_EQ(numeric_fn(wasm::Op::v128_bitselect)(vectors), NumTrap::none);
  EXPECT_EQ(vectors[0], 0x1144u);
  EXPECT_EQ(vectors[1], 0x8822u);
  Slot shift[3] = {0x0000000100000001, 0x0000000100000001, 4};
  EXPECT_EQ(numeric_fn(wasm::Op::i32x4_shl)(shift), NumTrap::none);
  EXPECT_EQ(shift[0], 0x0000001000000010u);
}

TEST(NumericDispatch, TrapsLeaveTheOperands) {
  Slot slots[2] = {7, 0};
  EXPECT_EQ(numeric_fn(wasm::Op::i64_rem_u)(slots), NumTrap::divide_by_zero);
  EXPECT_EQ(slots[0], 7u);
  Slot nan[1] = {kNan64};
  EXPECT_EQ(numeric_fn(wasm::Op::i32_trunc_f64_s)(nan), NumTrap::invalid_conversion);
  EXPECT_EQ(nan[0], kNan64);
  Slot large[1] = {bits_of(1e10)};
  EXPECT_EQ(numeric_fn(wasm::Op::i32_trunc_f64_s)(large), NumTrap::integer_overflow);
  EXPECT_EQ(numeric_fn(wasm::Op::i64_trunc_f64_s)(large), NumTrap::none);
  EXPECT_EQ(large[0], 10000000000u);
}

// Slots taken by the operands or results of a signature.
usize slots_of(std::string_view types) {
  usize n = 0;
  for (char c : types) n += c == 'v' ? 2 : 1;
  return n;
}

TEST(NumericDispatch, GarbageInUpperHalvesAndBeyondDoesNotMatter) {
  Random random(1);
  for (usize i = 0; i < wasm::kOpCount; i++) {
    const wasm::OpInfo& row = wasm::op_info(static_cast<wasm::Op>(i));
    const NumericFn fn = numeric_fn(static_cast<wasm::Op>(i));
    if (fn == nullptr) continue;
    const std::string_view sig = row.sig;
    const std::string_view operands = sig.substr(0, sig.find(':')), results = sig.substr(sig.find(':') + 1);
    const usize touched = std::max(slots_of(operands), slots_of(results));
    for (int round = 0; round < 50; round++) {
      std::array<Slot, 8> clean, dirty;
      for (usize k = 0; k < 8; k++) clean[k] = dirty[k] = operand<u64>(random);
      usize at = 0;
      for (char c : operands) {
        if (c == 'i' || c == 'f') {
          clean[at] &= 0xffffffff;
          dirty[at] = clean[at] | random.next() << 32;
        }
        at += c == 'v' ? 2 : 1;
      }
      for (usize k = at; k < 8; k++) dirty[k] = random.next();
      const std::array<Slot, 8> before = dirty;
      const NumTrap trap = fn(dirty.data());
      ASSERT_EQ(fn(clean.data()), trap) << row.text;
      for (usize k = touched; k < 8; k++) ASSERT_EQ(dirty[k], before[k]) << row.text << " wrote slot " << k;
      if (trap == NumTrap::none) {
        for (usize k = 0; k < slots_of(results); k++) ASSERT_EQ(clean[k], dirty[k]) << row.text;
      } else {
        ASSERT_EQ(dirty, before) << row.text;
      }
    }
  }
}

}  // namespace
}  // namespace dewar::exec::test
