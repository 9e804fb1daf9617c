// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The scan for the use of locals in loops: weights, nesting, limits; every instruction of ops.def is passed at its
// length; random bytes do no harm.
#include "exec/baseline/loop_scan.h"

#include <memory>

#include "gtest/gtest.h"
#include "wasm/instr_writer.h"

namespace dewar::exec::baseline {

namespace {

using wasm::Instr;
using wasm::Op;

class Body {
 public:
  Body() { bytes_.push_back(0); }  // no declarations
  Body& op(Op op) {
    Instr instr;
    instr.op = op;
    return add(instr);
  }
  Body& local(Op op, u32 index) {
    Instr instr;
    instr.op = op;
    instr.index = index;
    return add(instr);
  }
  Body& add(const Instr& instr) {
    wasm::write_instr(bytes_, instr);
    return *this;
  }
  u32 pc() const { return static_cast<u32>(bytes_.size()); }
  /// The scan over an allocation of exactly its size, so that a sanitizer sees reads behind it.
  LoopScan& scan(u32 num_locals = 1000) {
    copy_ = std::make_unique<u8[]>(bytes_.size());
    std::copy(bytes_.begin(), bytes_.end(), copy_.get());
    scan_.run({copy_.get(), bytes_.size()}, 1, num_locals);
    return scan_;
  }
  /// The bytes at the end, in which nothing is looked for.
  Body& padding() {
    for (u32 i = 0; i < 16; ++i) op(Op::nop);
    return *this;
  }

 private:
  std::vector<u8> bytes_;
  std::unique_ptr<u8[]> copy_;
  LoopScan scan_;
};

std::string text(std::span<const LocalUse> uses) {
  std::string all;
  for (const LocalUse& use : uses)
    all += std::to_string(use.local) + (use.written ? "w" : "r") + std::to_string(use.weight) + " ";
  return all;
}

TEST(LoopScan, CountsReadsAndWrites) {
  Body b;
  b.local(Op::local_get, 9);
  const u32 loop = b.pc();
  b.op(Op::loop).local(Op::local_get, 1).local(Op::local_set, 2).local(Op::local_get, 2).local(Op::local_get, 300);
  b.local(Op::local_tee, 2).op(Op::end).local(Op::local_set, 7).op(Op::end).padding();
  LoopScan& scan = b.scan();
  EXPECT_EQ(text(scan.uses(loop)), "2w3 1r1 300r1 ");
  EXPECT_TRUE(scan.uses(loop + 1).empty());
}

TEST(LoopScan, InnerLoopsCountEightTimes) {
  Body b;
  const u32 outer = b.pc();
  b.op(Op::loop).local(Op::local_get, 1).op(Op::block);
  const u32 inner = b.pc();
  b.op(Op::loop).local(Op::local_get, 2).local(Op::local_set, 3).op(Op::end).op(Op::end);
  const u32 second = b.pc();
  b.op(Op::loop).local(Op::local_get, 3).op(Op::end).op(Op::end);
  const u32 after = b.pc();
  b.op(Op::loop).local(Op::local_get, 4).op(Op::end).op(Op::end).padding();
  LoopScan& scan = b.scan();
  EXPECT_EQ(text(scan.uses(outer)), "3w16 2r8 1r1 ");
  EXPECT_EQ(text(scan.uses(inner)), "2r1 3w1 ");
  EXPECT_EQ(text(scan.uses(second)), "3r1 ");
  EXPECT_EQ(text(scan.uses(after)), "4r1 ");
}

TEST(LoopScan, IfsAndTriesEndWhereTheyDo) {
  Body b;
  const u32 loop = b.pc();
  b.op(Op::loop).local(Op::local_get, 0).op(Op::if_).local(Op::local_get, 1).op(Op::else_).local(Op::local_get, 2);
  b.op(Op::end).op(Op::try_).op(Op::catch_all).local(Op::local_get, 3).op(Op::end);
  b.op(Op::try_).local(Op::local_get, 4).local(Op::delegate, 0);
  Instr table;
  table.op = Op::try_table;
  table.catches = {{0, 3, 0}, {2, 0, 1}, {3, 0, 0}};
  b.add(table).local(Op::local_get, 5).op(Op::end).op(Op::end).local(Op::local_get, 6).op(Op::end).padding();
  EXPECT_EQ(text(b.scan().uses(loop)), "0r1 1r1 2r1 3r1 4r1 5r1 ");
}

TEST(LoopScan, TellsOfTheFirstLocalsOnly) {
  Body b;
  const u32 loop = b.pc();
  b.op(Op::loop);
  for (u32 i = 0; i < 100; ++i) b.local(Op::local_get, i);
  b.local(Op::local_get, 63).local(Op::local_set, 99).op(Op::end).op(Op::end).padding();
  LoopScan& scan = b.scan(100);
  const auto uses = scan.uses(loop);
  ASSERT_EQ(uses.size(), LoopScan::kMostUses);
  EXPECT_EQ(uses[0].local, 63);
  EXPECT_EQ(uses[0].weight, 2U);
  for (const LocalUse& use : uses) EXPECT_LT(use.local, 64);
}

TEST(LoopScan, LocalsThatDoNotExistAreNotTold) {
  Body b;
  const u32 loop = b.pc();
  b.op(Op::loop).local(Op::local_get, 5).local(Op::local_get, 4).local(Op::local_get, ~u32{0}).op(Op::end).padding();
  EXPECT_EQ(text(b.scan(5).uses(loop)), "4r1 ");
}

TEST(LoopScan, PassesEveryInstruction) {
  u32 passed = 0;
  for (usize i = 0; i < wasm::kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    const wasm::OpInfo& info = wasm::op_info(op);
    SCOPED_TRACE(info.text);
    // Immediates full of bytes that look like loops, small and large.
    for (const bool large : {false, true}) {
      Instr instr;
      instr.op = op;
      instr.index = large ? 0x30303 : 3;
      instr.index2 = large ? 0x0c0c0c : 3;
      instr.memory = large ? 3 : 0;
      instr.align = 0;
      instr.offset = large ? 0x0303030303 : 3;
      instr.lane = 3;
      instr.bits = large ? 0x0303030303030303 : 3;
      if (info.imm == wasm::Imm::i32) instr.bits = large ? 0x03030303 : 3;
      instr.v128 = {0x0303030303030303, 0x0303030303030303};
      instr.heap = instr.heap2 = large ? wasm::ValType::ref(wasm::TypeIndex{0x303}, true) : wasm::kFuncRef;
      instr.labels = {3, 3, large ? 0x303u : 3u};
      if (info.imm == wasm::Imm::br_table) instr.index = 2;
      instr.types = {wasm::kI32};
      if (large) instr.types = {wasm::ValType::ref(wasm::TypeIndex{3}, true)};
      instr.catches = {{0, 3, 3}, {1, large ? 0x303u : 3u, 3}, {2, 0, 3}, {3, 0, 3}};
      if (large) instr.block = {wasm::BlockType::Kind::type, {}, wasm::TypeIndex{0x303}};
      // In a loop, since nothing else is read.
      Body b;
      const u32 around = b.pc();
      b.op(Op::loop).add(instr);
      const bool opens = info.imm == wasm::Imm::block || info.imm == wasm::Imm::try_table;
      const u32 loop = b.pc();
      b.op(Op::loop).local(Op::local_get, 7).op(Op::end);
      if (opens) b.op(Op::end);
      const u32 next = b.pc();
      b.op(Op::loop).local(Op::local_set, 8).op(Op::end).op(Op::end).op(Op::end).padding();
      LoopScan& scan = b.scan();
      scan.uses(around);
      EXPECT_EQ(text(scan.uses(loop)), "7r1 ");
      EXPECT_EQ(text(scan.uses(next)), "8w1 ");
      ++passed;
    }
  }
  EXPECT_EQ(passed, 2 * wasm::kOpCount);
}

TEST(LoopScan, DeepNestsAreBounded) {
  // Loops in one another, then many uses: nothing is read twice, and not more is told than the body is worth.
  constexpr u32 kLoops = 50000;
  Body b;
  for (u32 i = 0; i < kLoops; ++i) b.op(Op::loop);
  for (u32 i = 0; i < 100000; ++i) b.local(Op::local_get, i % 1000);
  for (u32 i = 0; i < kLoops; ++i) b.op(Op::end);
  b.padding();
  LoopScan& scan = b.scan();
  usize told = 0;
  for (u32 i = 0; i + 1 < kLoops; ++i) told += scan.uses(1 + 2 * i).size();
  EXPECT_EQ(scan.uses(1 + 2 * (kLoops - 1)).size(), LoopScan::kMostUses);
  EXPECT_GT(told, LoopScan::kMostUses);
  EXPECT_LT(told, 4096 + b.pc() / 2);
}

TEST(LoopScan, WhatALoopTellsItsParentsIsBounded) {
  // Nests that are read at once: 60 loops, which all have the 64 uses of the innermost one.
  constexpr u32 kNests = 1000, kLoops = 60;
  Body b;
  for (u32 nest = 0; nest < kNests; ++nest) {
    for (u32 i = 0; i < kLoops; ++i) b.op(Op::loop);
    for (u32 i = 0; i < 70; ++i) b.local(Op::local_get, i);
    for (u32 i = 0; i < kLoops; ++i) b.op(Op::end);
  }
  b.padding();
  LoopScan& scan = b.scan();
  usize told = 0;
  for (u32 pc = 0; pc < b.pc(); ++pc) told += scan.uses(pc).size();
  EXPECT_GT(told, 100 * LoopScan::kMostUses);
  EXPECT_LT(told, 4096 + b.pc() / 2 + LoopScan::kMostUses);
}

TEST(LoopScan, ALoopWithACallTellsOfNothing) {
  for (const Op call : {Op::call, Op::call_indirect, Op::call_ref}) {
    Body b;
    Instr instr;
    instr.op = call;
    const u32 outer = b.pc();
    b.op(Op::loop).local(Op::local_get, 1);
    const u32 before = b.pc();
    b.op(Op::loop).local(Op::local_get, 4).op(Op::end).add(instr).local(Op::local_set, 2);
    const u32 inner = b.pc();
    b.op(Op::loop).local(Op::local_get, 3).op(Op::end).op(Op::end).op(Op::end).padding();
    LoopScan& scan = b.scan();
    EXPECT_EQ(text(scan.uses(outer)), "");
    EXPECT_EQ(text(scan.uses(before)), "4r1 ");
    EXPECT_EQ(text(scan.uses(inner)), "3r1 ");
  }
}

TEST(LoopScan, ALargeLoopTellsOfItsBeginning) {
  Body b;
  const u32 outer = b.pc();
  b.op(Op::loop).local(Op::local_get, 1);
  for (u32 i = 0; i < 2000; ++i) b.op(Op::nop);
  b.local(Op::local_set, 2);
  const u32 inner = b.pc();
  b.op(Op::loop).local(Op::local_get, 3).op(Op::end).op(Op::end).op(Op::end).padding();
  LoopScan& scan = b.scan();
  EXPECT_EQ(text(scan.uses(outer)), "1r1 ");
  EXPECT_EQ(text(scan.uses(inner)), "3r1 ");
}

TEST(LoopScan, AnyBytesDoNoHarm) {
  u64 random = 3;
  LoopScan scan;
  for (u32 round = 0; round < 20000; ++round) {
    const usize size = 1 + round % 97;
    const auto bytes = std::make_unique<u8[]>(size);
    for (usize i = 0; i < size; ++i) {
      random = random * 6364136223846793005 + 1442695040888963407;
      const u8 byte = static_cast<u8>(random >> 50);
      // Every other one looks like control.
      bytes[i] =
          (random >> 40) % 2 == 0 ? byte : static_cast<u8>(std::array{0x03, 0x0b, 0x20, 0x0e, 0x1f, 0xfd}[byte % 6]);
    }
    scan.run({bytes.get(), size}, round % 3, 70000 % (round % 50 + 1));
    for (u32 pc = 0; pc < size; ++pc)
      for (const LocalUse& use : scan.uses(pc)) ASSERT_LT(use.local, 70000 % (round % 50 + 1));
  }
}

}  // namespace

}  // namespace dewar::exec::baseline
