// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory operands: every base, index, scale and displacement at the edges of its encodings, in instructions of every
// kind of prefix and with every kind of tail; and operands relative to rip.
#include "unit/exec/baseline/masm_check.h"

namespace dewar::exec::baseline {

namespace {

TEST(MemoryOperand, EveryShapeInIntegerInstructions) {
  Checker check(CpuLevel::v3);
  unsigned turn = 0;
  for (const Place& place : all_places()) {
    const Gpr r = kGprs[turn++ % 16];
    const Mem where = place.mem();
    check.expect([&](Assembler& m) { m.mov(Width::w64, r, where); },
                 {"mov", {reg(Width::w64, r), mem(Width::w64, place)}});
    check.expect([&](Assembler& m) { m.mov(Width::w8, where, r); },
                 {"mov", {mem(Width::w8, place), reg(Width::w8, r)}});
    check.expect([&](Assembler& m) { m.mov(Width::w32, where, r); },
                 {"mov", {mem(Width::w32, place), reg(Width::w32, r)}});
    check.expect([&](Assembler& m) { m.lea(Width::w64, r, where); }, {"lea", {reg(Width::w64, r), mem(0, place)}});
    check.expect([&](Assembler& m) { m.lea(Width::w32, r, where); }, {"lea", {reg(Width::w32, r), mem(0, place)}});
    check.expect([&](Assembler& m) { m.add(Width::w16, where, Imm{0x1234}); },
                 {"add", {mem(Width::w16, place), imm(Width::w16, 0x1234)}});
    check.expect([&](Assembler& m) { m.movzx(Width::w16, r, where); },
                 {"movzx", {reg(Width::w32, r), mem(Width::w16, place)}});
    check.expect([&](Assembler& m) { m.shiftx(Shiftx::sarx, Width::w64, r, where, Gpr::rdx); },
                 {"sarx", {reg(Width::w64, r), mem(Width::w64, place), reg(Width::w64, Gpr::rdx)}, true});
    check.expect([&](Assembler& m) { m.call(where); }, {"call", {mem(Width::w64, place)}});
  }
  EXPECT_EQ(check.checked(), 9 * all_places().size());
  EXPECT_EQ(all_places().size(), 16U * 61 * 11);
}

TEST(MemoryOperand, PlainLoadsAndStoresOfKnownBases) {
  Checker check(CpuLevel::v1);
  unsigned tried = 0;
  for (const Place& place : all_places()) {
    if (place.index >= 0 || place.base == Gpr::rsp || place.base == Gpr::r12) continue;
    for (const Gpr r : kGprs) {
      for (const Width w : {Width::w32, Width::w64}) {
        check.expect([&](Assembler& m) { m.load(w, r, place.base, place.disp); }, {"mov", {reg(w, r), mem(w, place)}});
        check.expect([&](Assembler& m) { m.store(w, place.base, place.disp, r); }, {"mov", {mem(w, place), reg(w, r)}});
        ++tried;
      }
    }
  }
  EXPECT_GE(tried, 14U * 11 * 32);
}

TEST(MemoryOperand, EveryShapeInVectorInstructions) {
  Checker legacy(CpuLevel::v2);
  Checker vex(CpuLevel::v3);
  unsigned turn = 0;
  for (const Place& place : all_places()) {
    const Xmm r = kXmms[turn++ % 15];
    const Mem where = place.mem();
    const auto load = [&](Assembler& m) { m.vec(op::movsd_load, r, where); };
    const auto store = [&](Assembler& m) { m.vec(op::movups_store, where, r); };
    const auto extend = [&](Assembler& m) { m.vec(op::pmovsxbw, r, where); };
    const auto insert = [&](Assembler& m) { m.vec(op::pinsrq, r, r, where, 1); };
    const auto scalar = [&](Assembler& m) { m.vec(op::addss, r, r, where); };
    for (bool v : {false, true}) {
      Checker& check = v ? vex : legacy;
      check.expect(load, {"movsd", {reg(r), mem(8, place)}, v});
      check.expect(store, {"movups", {mem(16, place), reg(r)}, v});
      check.expect(extend, {"pmovsxbw", {reg(r), mem(8, place)}, v});
    }
    legacy.expect(insert, {"pinsrq", {reg(r), mem(8, place), imm(Width::w8, 1)}});
    vex.expect(insert, {"pinsrq", {reg(r), reg(r), mem(8, place), imm(Width::w8, 1)}, true});
    legacy.expect(scalar, {"addss", {reg(r), mem(4, place)}});
    vex.expect(scalar, {"addss", {reg(r), reg(r), mem(4, place)}, true});
  }
}

/// Where in the code the memory operand of the only instruction in it points to.
template <class Emit>
i64 rip_target(Emit&& emit, CpuLevel level, u32 gap, bool backward, i32 disp) {
  Assembler m(CpuFeatures::for_level(level), kTestBytes);
  Label label;
  if (backward) {
    m.bind(label);
    m.nop(gap);
  }
  const u32 at = m.position();
  emit(m, Mem(label, disp));
  const u32 end = m.position();
  if (!backward) {
    m.nop(gap);
    m.bind(label);
  }
  EXPECT_EQ(m.error(), CodeError::kNone);
  const std::vector<Decoded> found = decode(m.code().subspan(at, end - at));
  if (found.size() != 1) return -1;
  for (const ZydisDecodedOperand& operand : found[0].operands)
    if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.base == ZYDIS_REGISTER_RIP)
      return i64{end} + operand.mem.disp.value - disp - label.offset();
  return -1;
}

TEST(MemoryOperand, RelativeToRip) {
  // One instruction per length of what follows the displacement, in each encoding.
  using Emit = void (*)(Assembler&, const Mem&);
  const Emit emits[] = {
      [](Assembler& m, const Mem& mem) { m.mov(Width::w64, Gpr::r9, mem); },
      [](Assembler& m, const Mem& mem) { m.lea(Width::w64, Gpr::rax, mem); },
      [](Assembler& m, const Mem& mem) { m.cmp(Width::w8, mem, Imm{-3}); },
      [](Assembler& m, const Mem& mem) { m.cmp(Width::w32, mem, Imm{-3}); },
      [](Assembler& m, const Mem& mem) { m.cmp(Width::w16, mem, Imm{1000}); },
      [](Assembler& m, const Mem& mem) { m.cmp(Width::w64, mem, Imm{100000}); },
      [](Assembler& m, const Mem& mem) { m.mov(Width::w8, mem, Imm{7}); },
      [](Assembler& m, const Mem& mem) { m.mov(Width::w64, mem, Imm{7}); },
      [](Assembler& m, const Mem& mem) { m.test(Width::w16, mem, Imm{7}); },
      [](Assembler& m, const Mem& mem) { m.imul(Width::w32, Gpr::rax, mem, Imm{7}); },
      [](Assembler& m, const Mem& mem) { m.imul(Width::w16, Gpr::rax, mem, Imm{777}); },
      [](Assembler& m, const Mem& mem) { m.shift(Shift::shl, Width::w32, mem, 3); },
      [](Assembler& m, const Mem& mem) { m.bt(Width::w32, mem, 3); },
      [](Assembler& m, const Mem& mem) { m.lock_alu(Alu::add, Width::w16, mem, Imm{1000}); },
      [](Assembler& m, const Mem& mem) { m.jmp(mem); },
      [](Assembler& m, const Mem& mem) { m.setcc(Cond::e, mem); },
      [](Assembler& m, const Mem& mem) { m.vec(op::addsd, Xmm::xmm9, Xmm::xmm9, mem); },
      [](Assembler& m, const Mem& mem) { m.vec(op::roundsd, Xmm::xmm9, Xmm::xmm9, mem, 3); },
      [](Assembler& m, const Mem& mem) { m.vec(op::pinsrw, Xmm::xmm1, Xmm::xmm1, mem, 3); },
      [](Assembler& m, const Mem& mem) { m.vec(op::pextrb, mem, Xmm::xmm1, 3); },
      [](Assembler& m, const Mem& mem) { m.vec(op::movups_store, mem, Xmm::xmm8); },
  };
  for (Emit emit : emits) {
    for (CpuLevel level : {CpuLevel::v2, CpuLevel::v3}) {
      for (u32 gap : {0U, 1U, 100U, 127U, 128U, 70000U}) {
        for (i32 disp : {0, 8, -16}) {
          EXPECT_EQ(rip_target(emit, level, gap, true, disp), 0);
          EXPECT_EQ(rip_target(emit, level, gap, false, disp), 0);
        }
      }
    }
  }
  EXPECT_EQ(rip_target([](Assembler& m, const Mem& mem) { m.rorx(Width::w32, Gpr::rax, mem, 5); }, CpuLevel::v3, 50,
                       false, 0),
            0);
  EXPECT_EQ(rip_target([](Assembler& m, const Mem& mem) { m.vec(op::pblendvb, Xmm::xmm1, Xmm::xmm1, mem, Xmm::xmm0); },
                       CpuLevel::v3, 50, false, 0),
            0);
}

}  // namespace

}  // namespace dewar::exec::baseline
