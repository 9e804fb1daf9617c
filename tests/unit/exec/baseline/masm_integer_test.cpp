// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every form of every integer instruction, over all registers, memory shapes and edge constants, against the decoder.
#include "unit/exec/baseline/masm_check.h"

namespace dewar::exec::baseline {

namespace {

constexpr std::string_view kAlu[] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"};
constexpr std::string_view kUnary[] = {"", "", "not", "neg", "mul", "imul", "div", "idiv"};
constexpr std::string_view kShift[] = {"rol", "ror", "", "", "shl", "shr", "", "sar"};
constexpr std::string_view kScan[] = {"bsf", "bsr", "tzcnt", "lzcnt", "popcnt"};
constexpr std::string_view kShiftx[] = {"shlx", "sarx", "shrx"};
// As the decoder names them.
constexpr std::string_view kCond[] = {"o", "no", "b", "nb", "z", "nz", "be", "nbe",
                                      "s", "ns", "p", "np", "l", "nl", "le", "nle"};

/// Calls with every register (as an operand of the assembler, and as it must be read) and with some memory places.
template <class Use>
void for_each_rm(Width width, Use&& use) {
  for (Gpr r : kGprs) use(r, reg(width, r));
  for (const Place& place : some_places()) use(place.mem(), mem(width, place));
}

struct Integer : testing::Test {
  Checker v1{CpuLevel::v1};
  Checker v3{CpuLevel::v3};
};

TEST_F(Integer, AluForms) {
  for (unsigned i = 0; i < 8; ++i) {
    const Alu op = static_cast<Alu>(i);
    for (Width w : kWidths) {
      for (Gpr a : kGprs) {
        for (Gpr b : kGprs) v1.expect([&](Assembler& m) { m.alu(op, w, a, b); }, {kAlu[i], {reg(w, a), reg(w, b)}});
        for (const Place& place : some_places()) {
          v1.expect([&](Assembler& m) { m.alu(op, w, a, place.mem()); }, {kAlu[i], {reg(w, a), mem(w, place)}});
          v1.expect([&](Assembler& m) { m.alu(op, w, place.mem(), a); }, {kAlu[i], {mem(w, place), reg(w, a)}});
        }
      }
      for (i32 value : edge_immediates(w)) {
        for_each_rm(w, [&](const auto& rm, const Arg& arg) {
          v1.expect([&](Assembler& m) { m.alu(op, w, rm, Imm{value}); }, {kAlu[i], {arg, imm(w, value)}});
        });
      }
    }
  }
  EXPECT_EQ(v1.mnemonics(), (std::set<std::string_view>(std::begin(kAlu), std::end(kAlu))));
}

TEST_F(Integer, PlainForms) {
  for (Width w : kWide) {
    for (Gpr a : kGprs) {
      for (Gpr b : kGprs) {
        v1.expect([&](Assembler& m) { m.mov_plain(w, a, b); }, {"mov", {reg(w, a), reg(w, b)}});
        v1.expect([&](Assembler& m) { m.test_plain(w, a, b); }, {"test", {reg(w, a), reg(w, b)}});
        v1.expect([&](Assembler& m) { m.cmov_plain(Cond::a, w, a, b); }, {"cmovnbe", {reg(w, a), reg(w, b)}});
        for (unsigned i = 0; i < 8; ++i) {
          v1.expect([&](Assembler& m) { m.alu_plain(static_cast<Alu>(i), w, a, b); },
                    {kAlu[i], {reg(w, a), reg(w, b)}});
        }
      }
      for (unsigned i = 0; i < 8; ++i) {
        for (i32 value : {0, 1, -1, 127, -128}) {
          v1.expect([&](Assembler& m) { m.alu_byte(static_cast<Alu>(i), w, a, static_cast<i8>(value)); },
                    {kAlu[i], {reg(w, a), imm(w, value)}});
        }
      }
    }
  }
}

TEST_F(Integer, PlainFormsOfConstants) {
  for (Width w : kWide) {
    for (Gpr a : kGprs) {
      for (unsigned i = 0; i < 8; ++i) {
        for (i32 value : edge_immediates(w)) {
          v1.expect([&](Assembler& m) { m.alu_plain(static_cast<Alu>(i), w, a, Imm{value}); },
                    {kAlu[i], {reg(w, a), imm(w, value)}});
        }
      }
      for (u8 count : {0, 1, 2, 31, 63}) {
        if (w == Width::w32 && count > 31) continue;
        v1.expect([&](Assembler& m) { m.shift_plain(Shift::sar, w, a, count); },
                  {"sar", {reg(w, a), imm(Width::w8, count)}});
      }
    }
  }
}

TEST_F(Integer, PlainFormsOfMemory) {
  for (Gpr a : kGprs)
    for (u32 value : {0u, 1u, ~0u})
      v1.expect([&](Assembler& m) { m.mov_plain(a, value); }, {"mov", {reg(Width::w32, a), imm(Width::w32, value)}});
  for (Width w : kWide) {
    for (Gpr base : kGprs) {
      if (base == Gpr::rsp) continue;
      for (i32 disp : {1, -128, 127, 128, INT32_MAX, INT32_MIN}) {
        const Place place{.base = base, .disp = disp};
        for (Gpr r : kGprs)
          v1.expect([&](Assembler& m) { m.lea_any(w, r, base, disp); }, {"lea", {reg(w, r), mem(0, place)}});
      }
    }
    for (Gpr base : {Gpr::rax, Gpr::rbp, Gpr::r11, Gpr::r13}) {
      for (i32 disp : {1, -128, 127, 128, INT32_MAX, INT32_MIN}) {
        const Place place{.base = base, .disp = disp};
        v1.expect([&](Assembler& m) { m.call_plain(base, disp); }, {"call", {mem(Width::w64, place)}});
        for (i32 value : edge_immediates(w))
          v1.expect([&](Assembler& m) { m.mov_plain(w, base, disp, Imm{value}); },
                    {"mov", {mem(w, place), imm(w, value)}});
        for (Gpr r : kGprs) {
          v1.expect([&](Assembler& m) { m.lea_plain(w, r, place.mem()); }, {"lea", {reg(w, r), mem(0, place)}});
          v1.expect([&](Assembler& m) { m.lea_plain(w, r, base, disp); }, {"lea", {reg(w, r), mem(0, place)}});
          for (unsigned i = 0; i < 8; ++i) {
            v1.expect([&](Assembler& m) { m.alu_plain(static_cast<Alu>(i), w, r, base, disp); },
                      {kAlu[i], {reg(w, r), mem(w, place)}});
          }
        }
        for (unsigned i = 0; i < 8; ++i) {
          for (i32 value : edge_immediates(w)) {
            v1.expect([&](Assembler& m) { m.alu_plain(static_cast<Alu>(i), w, base, disp, Imm{value}); },
                      {kAlu[i], {mem(w, place), imm(w, value)}});
          }
        }
      }
    }
  }
}

TEST_F(Integer, IndexedForms) {
  for (Gpr r : kGprs) {
    for (Gpr base : kGprs) {
      for (i32 disp : {0, 1, -128, 127, 128, INT32_MAX, INT32_MIN}) {
        const Place place{base, number(Gpr::r11), Scale::x1, disp};
        v1.expect([&](Assembler& m) { m.indexed({0x8b40, 2, 0}, r, place.mem()); },
                  {"mov", {reg(Width::w32, r), mem(Width::w32, place)}});
        v1.expect([&](Assembler& m) { m.indexed({0xbe0f48, 3, 0}, r, place.mem()); },
                  {"movsx", {reg(Width::w64, r), mem(Width::w8, place)}});
        v1.expect([&](Assembler& m) { m.indexed({0x894066, 3, 8}, r, place.mem()); },
                  {"mov", {mem(Width::w16, place), reg(Width::w16, r)}});
        if (r != Gpr::rax) continue;
        v1.expect([&](Assembler& m) { m.indexed({0xc640, 2, 0}, place.mem(), Imm{-2}, 1); },
                  {"mov", {mem(Width::w8, place), imm(Width::w8, -2)}});
        v1.expect([&](Assembler& m) { m.indexed({0xc74066, 3, 8}, place.mem(), Imm{-2}, 2); },
                  {"mov", {mem(Width::w16, place), imm(Width::w16, -2)}});
        v1.expect([&](Assembler& m) { m.indexed({0xc748, 2, 0}, place.mem(), Imm{INT32_MIN}, 4); },
                  {"mov", {mem(Width::w64, place), imm(Width::w64, INT32_MIN)}});
      }
    }
  }
}

TEST_F(Integer, LoadsThroughAPointer) {
  for (Width w : kWide) {
    for (Gpr dst : kGprs) {
      for (Gpr base : {Gpr::rax, Gpr::rbp, Gpr::r13, Gpr::r14}) {
        for (i8 disp : {i8{8}, i8{72}, i8{-128}}) {
          const Want wants[] = {{"mov", {reg(Width::w64, Gpr::r11), mem(Width::w64, {.base = base, .disp = disp})}},
                                {"mov", {reg(w, dst), mem(w, {.base = Gpr::r11})}}};
          v1.expect([&](Assembler& m) { m.load_through(w, dst, Gpr::r11, base, disp); }, wants);
        }
      }
    }
  }
}

TEST_F(Integer, AluByName) {
  const Arg a = reg(Width::w32, Gpr::rcx);
  const Arg b = reg(Width::w32, Gpr::r9);
  v1.expect([](Assembler& m) { m.add(Width::w32, Gpr::rcx, Gpr::r9); }, {"add", {a, b}});
  v1.expect([](Assembler& m) { m.or_(Width::w32, Gpr::rcx, Gpr::r9); }, {"or", {a, b}});
  v1.expect([](Assembler& m) { m.and_(Width::w32, Gpr::rcx, Gpr::r9); }, {"and", {a, b}});
  v1.expect([](Assembler& m) { m.sub(Width::w32, Gpr::rcx, Gpr::r9); }, {"sub", {a, b}});
  v1.expect([](Assembler& m) { m.xor_(Width::w32, Gpr::rcx, Gpr::r9); }, {"xor", {a, b}});
  v1.expect([](Assembler& m) { m.cmp(Width::w32, Gpr::rcx, Gpr::r9); }, {"cmp", {a, b}});
  v1.expect([](Assembler& m) { m.add(Width::w32, Gpr::rcx, Imm{5}); }, {"add", {a, imm(Width::w32, 5)}});
  for (Gpr r : kGprs) v1.expect([&](Assembler& m) { m.zero(r); }, {"xor", {reg(Width::w32, r), reg(Width::w32, r)}});
}

TEST_F(Integer, Test) {
  for (Width w : kWidths) {
    for_each_rm(w, [&](const auto& rm, const Arg& arg) {
      for (Gpr b : kGprs) v1.expect([&](Assembler& m) { m.test(w, rm, b); }, {"test", {arg, reg(w, b)}});
      for (i32 value : edge_immediates(w))
        v1.expect([&](Assembler& m) { m.test(w, rm, Imm{value}); }, {"test", {arg, imm(w, value)}});
    });
  }
}

TEST_F(Integer, Moves) {
  for (Width w : kWidths) {
    for_each_rm(w, [&](const auto& rm, const Arg& arg) {
      for (Gpr r : kGprs) v1.expect([&](Assembler& m) { m.mov(w, r, rm); }, {"mov", {reg(w, r), arg}});
    });
    for (const Place& place : some_places()) {
      for (Gpr r : kGprs) {
        v1.expect([&](Assembler& m) { m.mov(w, place.mem(), r); }, {"mov", {mem(w, place), reg(w, r)}});
        v1.expect([&](Assembler& m) { m.xchg(w, place.mem(), r); }, {"xchg", {mem(w, place), reg(w, r)}});
      }
      for (i32 value : edge_immediates(w))
        v1.expect([&](Assembler& m) { m.mov(w, place.mem(), Imm{value}); }, {"mov", {mem(w, place), imm(w, value)}});
    }
  }
}

TEST_F(Integer, ExchangeOfRegisters) {
  for (Width w : kWidths) {
    for (Gpr a : kGprs) {
      for (Gpr b : kGprs) {
        // Not through `expect`, which would want the two-byte form of rax: for eax that is nop, which clears nothing.
        Assembler m(CpuFeatures::for_level(CpuLevel::v1), kTestBytes);
        m.xchg(w, a, b);
        const std::vector<Decoded> found = decode(m.code());
        ASSERT_EQ(found.size(), 1U);
        EXPECT_EQ(found[0].mnemonic(), "xchg");
        const std::set<ZydisRegister> read = {found[0].operands[0].reg.value, found[0].operands[1].reg.value};
        EXPECT_EQ(read, (std::set<ZydisRegister>{zydis_register(w, a), zydis_register(w, b)}));
      }
    }
  }
}

TEST_F(Integer, MoveOfConstants) {
  struct Case {
    u64 value;
    Width width;     ///< of the instruction that is enough
    unsigned bytes;  ///< for a low register
  };
  const Case cases[] = {{0, Width::w32, 5},
                        {1, Width::w32, 5},
                        {0x7fffffff, Width::w32, 5},
                        {0x80000000, Width::w32, 5},
                        {0xffffffff, Width::w32, 5},
                        {0x100000000, Width::w64, 10},
                        {~u64{0}, Width::w64, 7},
                        {0xffffffff80000000, Width::w64, 7},
                        {0xffffffff7fffffff, Width::w64, 10},
                        {0x7fffffffffffffff, Width::w64, 10},
                        {0x8000000000000000, Width::w64, 10},
                        {0x0123456789abcdef, Width::w64, 10}};
  for (Gpr r : kGprs) {
    for (const Case& c : cases) {
      v1.expect([&](Assembler& m) { m.mov_imm(r, c.value); },
                {"mov", {reg(c.width, r), imm(c.width, static_cast<i64>(c.value))}});
      EXPECT_EQ(v1.last().instruction.length, c.bytes + (c.width == Width::w32 && r >= Gpr::r8 ? 1 : 0)) << c.value;
    }
  }
}

TEST_F(Integer, MoveOfConstantsIntoParts) {
  for (Width w : {Width::w8, Width::w16, Width::w32})
    for (Gpr r : kGprs)
      for (i32 value : edge_immediates(w))
        v1.expect([&](Assembler& m) { m.mov(w, r, Imm{value}); }, {"mov", {reg(w, r), imm(w, value)}});
  for (i32 value : edge_immediates(Width::w64)) {
    // What is not negative takes the form of 32 bits, which clears the rest.
    const Width width = value < 0 ? Width::w64 : Width::w32;
    v1.expect([&](Assembler& m) { m.mov(Width::w64, Gpr::r9, Imm{value}); },
              {"mov", {reg(width, Gpr::r9), imm(width, value)}});
  }
}

TEST_F(Integer, Extensions) {
  for (Gpr r : kGprs) {
    for (Width from : {Width::w8, Width::w16}) {
      for_each_rm(from, [&](const auto& rm, const Arg& arg) {
        v1.expect([&](Assembler& m) { m.movzx(from, r, rm); }, {"movzx", {reg(Width::w32, r), arg}});
        for (Width to : kWidths)
          if (from < to) v1.expect([&](Assembler& m) { m.movsx(to, from, r, rm); }, {"movsx", {reg(to, r), arg}});
      });
    }
    for_each_rm(Width::w32, [&](const auto& rm, const Arg& arg) {
      v1.expect([&](Assembler& m) { m.movsx(Width::w64, Width::w32, r, rm); }, {"movsxd", {reg(Width::w64, r), arg}});
    });
  }
  EXPECT_EQ(v1.mnemonics(), (std::set<std::string_view>{"movzx", "movsx", "movsxd"}));
}

TEST_F(Integer, Multiplication) {
  for (Width w : {Width::w16, Width::w32, Width::w64}) {
    for_each_rm(w, [&](const auto& rm, const Arg& arg) {
      for (Gpr r : kGprs) v1.expect([&](Assembler& m) { m.imul(w, r, rm); }, {"imul", {reg(w, r), arg}});
      for (Gpr r : {Gpr::rax, Gpr::rsp, Gpr::r13})
        for (i32 value : edge_immediates(w))
          v1.expect([&](Assembler& m) { m.imul(w, r, rm, Imm{value}); }, {"imul", {reg(w, r), arg, imm(w, value)}});
    });
  }
}

TEST_F(Integer, OneOperand) {
  for (Width w : kWidths) {
    for_each_rm(w, [&](const auto& rm, const Arg& arg) {
      for (u8 op = 2; op < 8; ++op)
        v1.expect([&](Assembler& m) { m.unary(static_cast<Unary>(op), w, rm); }, {kUnary[op], {arg}});
    });
  }
  EXPECT_EQ(v1.mnemonics(), (std::set<std::string_view>(std::begin(kUnary) + 2, std::end(kUnary))));
  v1.expect([](Assembler& m) { m.cdq(); }, {"cdq", {}});
  v1.expect([](Assembler& m) { m.cqo(); }, {"cqo", {}});
}

TEST_F(Integer, Shifts) {
  for (Width w : kWidths) {
    for_each_rm(w, [&](const auto& rm, const Arg& arg) {
      for (Shift op : {Shift::rol, Shift::ror, Shift::shl, Shift::shr, Shift::sar}) {
        const std::string_view name = kShift[static_cast<u8>(op)];
        v1.expect([&](Assembler& m) { m.shift(op, w, rm); }, {name, {arg, reg(Width::w8, Gpr::rcx)}});
        for (u8 count : {0, 1, 2, 7, 31, 63})
          v1.expect([&](Assembler& m) { m.shift(op, w, rm, count); }, {name, {arg, imm(Width::w8, count)}});
      }
    });
  }
  EXPECT_EQ(v1.mnemonics(), (std::set<std::string_view>{"rol", "ror", "shl", "shr", "sar"}));
}

TEST_F(Integer, ShiftsWithoutFlags) {
  for (Width w : kWide) {
    for_each_rm(w, [&](const auto& rm, const Arg& arg) {
      for (Gpr r : kGprs) {
        for (u8 op = 0; op < 3; ++op) {
          for (Gpr count : {Gpr::rax, Gpr::rcx, Gpr::rdi, Gpr::r8, Gpr::r15, r})
            v3.expect([&](Assembler& m) { m.shiftx(static_cast<Shiftx>(op), w, r, rm, count); },
                      {kShiftx[op], {reg(w, r), arg, reg(w, count)}, true});
        }
        for (u8 count : {0, 1, 31, 63})
          v3.expect([&](Assembler& m) { m.rorx(w, r, rm, count); },
                    {"rorx", {reg(w, r), arg, imm(Width::w8, count)}, true});
      }
    });
  }
  EXPECT_EQ(v3.mnemonics(), (std::set<std::string_view>{"shlx", "sarx", "shrx", "rorx"}));
}

TEST_F(Integer, Bits) {
  for (Width w : kWide) {
    for_each_rm(w, [&](const auto& rm, const Arg& arg) {
      for (Gpr r : kGprs)
        for (u8 op = 0; op < 5; ++op)
          v3.expect([&](Assembler& m) { m.bit_scan(static_cast<BitScan>(op), w, r, rm); },
                    {kScan[op], {reg(w, r), arg}});
      for (u8 index : {0, 1, 31, 63})
        v3.expect([&](Assembler& m) { m.bt(w, rm, index); }, {"bt", {arg, imm(Width::w8, index)}});
    });
    for (Gpr a : kGprs)
      for (Gpr b : kGprs) v3.expect([&](Assembler& m) { m.bt(w, a, b); }, {"bt", {reg(w, a), reg(w, b)}});
  }
  EXPECT_EQ(v3.mnemonics(), (std::set<std::string_view>{"bsf", "bsr", "tzcnt", "lzcnt", "popcnt", "bt"}));
}

TEST_F(Integer, Conditions) {
  std::set<std::string> wanted;
  for (u8 i = 0; i < 16; ++i) {
    const Cond cond = static_cast<Cond>(i);
    const std::string set = "set" + std::string(kCond[i]);
    const std::string move = "cmov" + std::string(kCond[i]);
    wanted.insert({set, move});
    for_each_rm(Width::w8, [&](const auto& rm, const Arg& arg) {
      v1.expect([&](Assembler& m) { m.setcc(cond, rm); }, {set, {arg}});
    });
    for (Width w : kWide) {
      for_each_rm(w, [&](const auto& rm, const Arg& arg) {
        for (Gpr r : kGprs) v1.expect([&](Assembler& m) { m.cmov(cond, w, r, rm); }, {move, {reg(w, r), arg}});
      });
    }
    EXPECT_EQ(static_cast<u8>(negate(cond)), i ^ 1);
  }
  EXPECT_EQ(v1.mnemonics(), (std::set<std::string_view>(wanted.begin(), wanted.end())));
}

TEST_F(Integer, StackAndControl) {
  for_each_rm(Width::w64, [&](const auto& rm, const Arg& arg) {
    v1.expect([&](Assembler& m) { m.push(rm); }, {"push", {arg}});
    v1.expect([&](Assembler& m) { m.pop(rm); }, {"pop", {arg}});
    v1.expect([&](Assembler& m) { m.jmp(rm); }, {"jmp", {arg}});
    v1.expect([&](Assembler& m) { m.call(rm); }, {"call", {arg}});
  });
  for (i32 value : edge_immediates(Width::w64))
    v1.expect([&](Assembler& m) { m.push(Imm{value}); }, {"push", {imm(Width::w64, value)}});
  v1.expect([](Assembler& m) { m.ret(); }, {"ret", {}});
  v1.expect([](Assembler& m) { m.ud2(); }, {"ud2", {}});
  v1.expect([](Assembler& m) { m.int3(); }, {"int3", {}});
  v1.expect([](Assembler& m) { m.endbr64(); }, {"endbr64", {}});
  v1.expect([](Assembler& m) { m.mfence(); }, {"mfence", {}});
}

TEST_F(Integer, Atomics) {
  for (Width w : kWidths) {
    for (const Place& place : some_places()) {
      const Mem where = place.mem();
      for (Gpr r : kGprs) {
        for (unsigned i = 0; i < 7; ++i)
          v1.expect([&](Assembler& m) { m.lock_alu(static_cast<Alu>(i), w, where, r); },
                    {.mnemonic = kAlu[i], .args = {mem(w, place), reg(w, r)}, .lock = true});
        v1.expect([&](Assembler& m) { m.lock_xadd(w, where, r); },
                  {.mnemonic = "xadd", .args = {mem(w, place), reg(w, r)}, .lock = true});
        v1.expect([&](Assembler& m) { m.lock_cmpxchg(w, where, r); },
                  {.mnemonic = "cmpxchg", .args = {mem(w, place), reg(w, r)}, .lock = true});
      }
      for (i32 value : edge_immediates(w))
        v1.expect([&](Assembler& m) { m.lock_alu(Alu::add, w, where, Imm{value}); },
                  {.mnemonic = "add", .args = {mem(w, place), imm(w, value)}, .lock = true});
    }
  }
}

#if DEWAR_ASSERTS
TEST(IntegerDeathTest, Limits) {
  Assembler m(CpuFeatures::for_level(CpuLevel::v1), kTestBytes);
  EXPECT_DEATH(m.bit_scan(BitScan::popcnt, Width::w32, Gpr::rax, Gpr::rax), "above the chosen CPU level");
  EXPECT_DEATH(m.shiftx(Shiftx::shlx, Width::w32, Gpr::rax, Gpr::rax, Gpr::rcx), "above the chosen CPU level");
  EXPECT_DEATH(m.add(Width::w8, Gpr::rax, Imm{256}), "more than 8 bits");
  EXPECT_DEATH(m.add(Width::w16, Gpr::rax, Imm{65536}), "more than 16 bits");
  EXPECT_DEATH(Mem(Gpr::rax, Gpr::rsp, Scale::x1), "rsp can not be an index");
}
#endif

}  // namespace

}  // namespace dewar::exec::baseline
