// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Listings: right offsets and texts on a good module, and bounded, terminal-safe lines on every bad one.
#include "wasm/disasm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "module_bytes.h"
#include "wasm/instr_writer.h"

namespace dewar::wasm {
namespace {

using namespace test;

std::string listing(const Bytes& bytes, bool headers, u32 func = 0) {
  TypeRegistry registry;
  auto m = decode(bytes, registry);
  EXPECT_TRUE(m.has_value());
  std::string out;
  if (!m) return out;
  if (headers) {
    dump_headers(**m, out);
  } else {
    disassemble(**m, FuncIndex{func}, out);
  }
  return out;
}

void expect_safe(const std::string& text) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    EXPECT_LE(line.size(), 400u) << line;
    for (char c : line) EXPECT_TRUE(static_cast<u8>(c) >= 0x20 && c != 0x7f) << line;
  }
}

bool has_line(const std::string& text, const std::string& line) { return text.find(line + "\n") != std::string::npos; }

TEST(Disassembler, ListsABody) {
  const std::string text = listing(full_module(), false, 1);
  expect_safe(text);
  EXPECT_TRUE(text.starts_with("func[1] <first> (func (param i32 i64) (result i32)) at 0x")) << text;
  EXPECT_NE(text.find("local[2..3] i32"), std::string::npos) << text;
  EXPECT_TRUE(has_line(text, " 20 00                            |   local.get 0")) << text;
  EXPECT_NE(text.find("|   if (result i32)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("|     i32.const 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("|   else\n"), std::string::npos) << text;
  EXPECT_NE(text.find("|     i32.const -1\n"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 9);
  EXPECT_EQ(listing(full_module(), false, 0), "func[0] (func) (import)\n");
  EXPECT_EQ(listing(full_module(), false, 3), "");
  EXPECT_NE(listing(full_module(), false, 2).find("v128.const i64x2 0x0706050403020100 0x0f0e0d0c0b0a0908"),
            std::string::npos);
}

TEST(Disassembler, GivesALongListingInPieces) {
  Bytes code(60'000, 0x01);
  code.front() = 0;
  code.back() = 0x0b;
  TypeRegistry registry;
  auto m = decode(module({section(1, vec({kVoidType})), section(3, {1, 0}), section(10, vec({body(code)}))}), registry);
  ASSERT_TRUE(m.has_value());
  const Disassembler d(**m);
  std::string whole, rest, taken;
  d.function(FuncIndex{0}, whole);
  int pieces = 0;
  d.function(FuncIndex{0}, rest, [&](std::string& out) {
    EXPECT_LT(out.size(), (usize{1} << 20) + 400);
    EXPECT_EQ(out.back(), '\n');
    taken += out;
    out.clear();
    ++pieces;
  });
  EXPECT_GT(pieces, 1);
  EXPECT_EQ(taken + rest, whole);
}

TEST(Disassembler, ListsHeaders) {
  const std::string text = listing(full_module(), true);
  expect_safe(text);
  for (const char* part : {"type        at 0x", "5 groups", "import \"env\" \"m\" = memory[0] 1 2 shared",
                           "(sub final 2 (struct (mut i32) (ref null 4)))", "in group 3+2", "func[1] <first> (type 1)",
                           "table[2] 1 (ref i31) = i32.const 7; ref.i31", "memory[2] 0 1 (pagesize 1)",
                           "global[1] <counter> (mut i32) = i32.const 1; i32.const 2; i32.add",
                           "global[4] f32 = f32.const nan:0x", "export \"run\" = func[1]", "start func[2] <second>",
                           "elem[0] active (ref func), 2 entries, table 0 at i32.const 0", "data[1] passive, 1 bytes",
                           "custom \"first\" at 0x", "tag[1] (type 5)"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(Disassembler, EscapesAndCutsNames) {
  const std::string evil = "\x1b[31m" + std::string(5000, 'A') + "\n";
  const Bytes bytes =
      module({section(1, vec({kVoidType})), section(3, {1, 0}), section(7, vec({name(evil) + Bytes{0, 0}})),
              section(10, vec({body({0, 0x10, 0, 0x0b})})), custom(evil, {})});
  expect_safe(listing(bytes, true));
  expect_safe(listing(bytes, false));
}

TEST(Disassembler, BoundsEveryInstruction) {
  // Deep nesting, a wide br_table, a wide try_table, many locals, a huge type.
  Bytes code = {1, 0xd0, 0x86, 3, 0x7f};
  for (int i = 0; i < 1000; ++i) code = std::move(code) + Bytes{0x02, 0x40};
  code = std::move(code) + Bytes{0x0e} + repeat(5000, {0x80, 1}) + Bytes{0};
  code = std::move(code) + Bytes{0x1f, 0x40} + repeat(5000, {0, 0x80, 1, 0});
  code = std::move(code) + Bytes{0x1c} + repeat(1000, {0x6f});
  const Bytes bytes = module({section(1, vec({Bytes{0x60} + repeat(1000, {0x63, 0}) + repeat(1000, {0x7f})})),
                              section(3, {1, 0}), section(10, vec({body(code)}))});
  const std::string text = listing(bytes, false);
  expect_safe(text);
  EXPECT_GT(std::count(text.begin(), text.end(), '\n'), 1000);
}

TEST(Disassembler, StopsAtDamage) {
  const Bytes bytes =
      module({section(1, vec({kVoidType})), section(3, {1, 0}), section(10, vec({body({0, 0x01, 0xff, 0x01, 0x0b})}))});
  const std::string text = listing(bytes, false);
  EXPECT_NE(text.find("<damaged: illegal opcode 0xff>"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  const Bytes locals = module({section(1, vec({kVoidType})), section(3, {1, 0}), section(10, vec({body({9, 1})}))});
  EXPECT_NE(listing(locals, false).find("<damaged: "), std::string::npos);
}

TEST(Disassembler, NamesEveryOpcode) {
  Bytes code = {0};
  for (usize i = 0; i < kOpCount; ++i) {
    Instr instr;
    instr.op = static_cast<Op>(i);
    instr.heap = instr.heap2 = ValType::ref(Heap::any, true);
    instr.labels = {0};
    write_instr(code, instr);
  }
  const std::string text =
      listing(module({section(1, vec({kVoidType})), section(3, {1, 0}), section(10, vec({body(code)}))}), false);
  expect_safe(text);
  EXPECT_EQ(text.find("damaged"), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), static_cast<std::ptrdiff_t>(kOpCount) + 1);
  for (usize i = 0; i < kOpCount; ++i) EXPECT_NE(text.find(op_info(static_cast<Op>(i)).text), std::string::npos);
}

TEST(Disassembler, SurvivesEveryByteOfABodyChanged) {
  const Bytes whole = full_module();
  usize listed = 0;
  for (usize at = 8; at < whole.size(); ++at) {
    for (u32 flip : {0x01u, 0x80u, 0xffu}) {
      Bytes changed = whole;
      changed[at] = static_cast<u8>(changed[at] ^ flip);
      TypeRegistry registry;
      auto m = decode(std::move(changed), registry);
      if (!m) continue;
      std::string out;
      const Disassembler d(**m);
      d.headers(out);
      for (u32 f = 0; f < (*m)->funcs.size(); ++f) d.function(FuncIndex{f}, out);
      expect_safe(out);
      ++listed;
    }
  }
  EXPECT_GT(listed, 50u);
}

}  // namespace
}  // namespace dewar::wasm
