// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions: every opcode by its mnemonic, folding, labels, immediates, code metadata (spec 6.5).
#include <set>

#include "text_bytes.h"
#include "wasm/op.h"

namespace dewar::text {
namespace {

using wasm::Imm;
using wasm::Op;

/// Operands in text that make any opcode of a kind parse in a module that has one of everything.
std::string operands_for(Op op) {
  switch (wasm::op_info(op).imm) {
    case Imm::label:
    case Imm::func:
    case Imm::type:
    case Imm::tag:
    case Imm::local:
    case Imm::global:
    case Imm::elem:
    case Imm::data:
    case Imm::elem_table:
    case Imm::data_memory:
    case Imm::lane:
    case Imm::memarg_lane:
    case Imm::i32:
    case Imm::i64:
    case Imm::f32:
    case Imm::f64:
    case Imm::br_table: return " 0";
    case Imm::type_field:
    case Imm::type_count:
    case Imm::type_data:
    case Imm::type_elem:
    case Imm::type_type: return " 0 0";
    case Imm::call_indirect: return " (type 0)";
    case Imm::shuffle: return " 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15";
    case Imm::v128: return " i64x2 1 2";
    case Imm::select_types: return " (result i32)";
    case Imm::br_on_cast: return " 0 anyref eqref";
    case Imm::heap_type:
      if (op == Op::ref_null) return " any";
      return op == Op::ref_test || op == Op::ref_cast ? " (ref any)" : " anyref";
    default: return "";
  }
}

TEST(Instructions, EveryOpcodeHasItsEncoding) {
  int tested = 0;
  for (usize i = 0; i < wasm::kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    const wasm::OpInfo& info = wasm::op_info(op);
    const std::set<Op> structured = {Op::else_, Op::end,       Op::block,  Op::loop,      Op::if_,
                                     Op::try_,  Op::try_table, Op::catch_, Op::catch_all, Op::delegate};
    if (structured.contains(op)) continue;
    const std::string code = code_of(info.text.c_str() + operands_for(op));
    std::vector<u8> expected;
    if (info.prefix != 0) expected.push_back(info.prefix);
    u32 value = info.code;
    for (; info.prefix != 0 && value >= 0x80; value >>= 7) expected.push_back(static_cast<u8>(value | 0x80));
    expected.push_back(static_cast<u8>(value));
    EXPECT_TRUE(code.starts_with(base::to_hex(expected))) << info.text << ": " << code;
    ++tested;
  }
  EXPECT_EQ(tested, static_cast<int>(wasm::kOpCount) - 10);
}

TEST(Instructions, FoldedOperandsComeFirst) {
  EXPECT_EQ(code_of("(i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3)))"),
            "41014102"
            "4103"
            "6c6a");
  EXPECT_EQ(code_of("(drop (i32.const 1)) nop"), "41011a01");
  EXPECT_EQ(code_of("(i32.store offset=4 (i32.const 1) (i32.const 2))"), "41014102360204");
}

TEST(Instructions, FoldedControl) {
  EXPECT_EQ(code_of("(block (nop))"), "0240010b");
  EXPECT_EQ(code_of("(loop (result i32) (i32.const 1))"), "037f41010b");
  EXPECT_EQ(code_of("(if (i32.const 1) (then (nop)) (else (drop)))"),
            "41010440"
            "01"
            "05"
            "1a"
            "0b");
  EXPECT_EQ(code_of("(if (i32.const 1) (then))"), "410104400b");
  EXPECT_EQ(code_of("(if $l (result i32) (i32.const 1) (then (br $l (i32.const 2))) (else (i32.const 3)))"),
            "4101047f"
            "41020c00"
            "05"
            "4103"
            "0b");
  EXPECT_EQ(code_of("(if (i32.const 1) (i32.eqz) (then nop nop))"),
            "4101"
            "45"
            "0440"
            "0101"
            "0b");
  EXPECT_EQ(code_of("block (if (br_if 0 (i32.const 1)) (then)) end"),
            "02404101"
            "0d00"
            "0440"
            "0b"
            "0b");
}

TEST(Instructions, FlatControl) {
  EXPECT_EQ(code_of("i32.const 0 if $a nop else $a nop end $a"), "410004400105010b");
  EXPECT_EQ(code_of("block $a loop $b br $a br $b br 1 end end"),
            "02400340"
            "0c01"
            "0c00"
            "0c01"
            "0b0b");
}

TEST(Instructions, LabelsShadow) {
  EXPECT_EQ(code_of("(block $l (block $l (br $l)) (br $l))"),
            "02400240"
            "0c00"
            "0b"
            "0c00"
            "0b");
  EXPECT_EQ(code_of("(block $l (block (br $l)) (block $l) (br $l))"),
            "02400240"
            "0c01"
            "0b"
            "02400b"
            "0c00"
            "0b");
  EXPECT_EQ(compile_error("(func (block $l) (br $l))").message, "unknown label '$l'");
}

TEST(Instructions, MisplacedControlIsRejected) {
  for (const char* bad : {"else",
                          "end",
                          "catch_all",
                          "(else)",
                          "(then)",
                          "(end)",
                          "if else else end",
                          "block else end",
                          "block",
                          "block end end",
                          "(block end)",
                          "(if (then) (then))",
                          "(if nop (then))",
                          "(if (then) nop)",
                          "(if (then) (else) (else))",
                          "(if (i32.const 0))",
                          "(nop nop)",
                          "(i32.add i32.const 0)",
                          "block $a end $b",
                          "if $a else $b end",
                          "block end $a",
                          "(try (catch_all))",
                          "(try (do) nop)",
                          "(try (do) (catch_all) (catch 0))",
                          "(try (do) (catch 0) (delegate 0))",
                          "(try (do) (delegate 0) (delegate 0))",
                          "try catch_all catch 0 end",
                          "delegate 0",
                          "try catch 0 delegate 0",
                          "(delegate 0)",
                          "(catch 0)",
                          "(do)",
                          "(block (if))",
                          "(frobnicate)",
                          "frobnicate",
                          "0",
                          "\"a\"",
                          "nop $x",
                          "nop (local i32)",
                          "nop (param i32)",
                          "br",
                          "br $",
                          "br_table",
                          "i32.const",
                          "i32.const a",
                          "local.get $x",
                          "call $f",
                          "ref.null",
                          "ref.test",
                          "select (result",
                          "(block (result i32) (param i32))",
                          "(block (param $x i32))",
                          "i8x16.shuffle 0 1 2",
                          "v128.const",
                          "v128.const i32x4 1 2 3",
                          "v128.const i7x4 0",
                          "i32.load align=3",
                          "i32.load align=0",
                          "i32.load offset=-1",
                          "i32.load align=4 offset=4",
                          "memory.copy 0",
                          "br_on_cast 0 anyref"}) {
    WatOptions options;
    const Error e = compile_error("(module (memory 1) (func " + std::string(bad) + "))", options);
    EXPECT_STREQ(e.code, "wat-syntax") << bad;
    EXPECT_GE(e.line, 1u) << bad;
    EXPECT_GE(e.column, 1u) << bad;
  }
}

TEST(Instructions, BlockTypes) {
  EXPECT_EQ(code_of("block end"), "02400b");
  EXPECT_EQ(code_of("block (result (ref null func)) end"), "02700b");
  EXPECT_EQ(code_of("block (result (ref func)) end"), "0264700b");
  // Parameters or several results need a type; a named type is always an index.
  EXPECT_EQ(code_of("block (param i32) (result i32) end"), "02010b");
  EXPECT_EQ(code_of("block (result i32 i32) end"), "02010b");
  EXPECT_EQ(code_of("block (type 0) end"), "02000b");
  EXPECT_EQ(section_of("(func (block (param i32)) (block (param i32)) (block (result i32 i64)))", kTypeId),
            "03600000"
            "60017f00"
            "6000027f7e");
}

TEST(Instructions, MemoryArguments) {
  EXPECT_EQ(code_of("i32.load"), "280200");
  EXPECT_EQ(code_of("i32.load offset=0x10 align=1"), "280010");
  EXPECT_EQ(code_of("i32.load 1"), "28420100");
  EXPECT_EQ(code_of("i32.load 1 offset=8 align=2"), "28410108");
  EXPECT_EQ(code_of("i64.load offset=18446744073709551615"), "2903ffffffffffffffffff01");
  EXPECT_EQ(code_of("i32.load align=0x8000000000000000"), "283f00");
  EXPECT_EQ(code_of("v128.load8_lane 3"), "fd54000003");
  EXPECT_EQ(code_of("v128.load8_lane 1 3"), "fd5440010003");
  EXPECT_EQ(code_of("v128.load8_lane offset=2 3"), "fd54000203");
  EXPECT_EQ(code_of("v128.load8_lane 1 offset=2 align=1 3"), "fd5440010203");
  EXPECT_EQ(code_of("memory.copy"), "fc0a0000");
  EXPECT_EQ(code_of("memory.copy 1 2"), "fc0a0102");
  EXPECT_EQ(code_of("memory.init 3"), "fc080300");
  EXPECT_EQ(code_of("memory.init 1 3"), "fc080301");
  EXPECT_EQ(code_of("table.init 3"), "fc0c0300");
  EXPECT_EQ(code_of("table.init 1 3"), "fc0c0301");
  EXPECT_EQ(code_of("table.copy 1 2"), "fc0e0102");
  EXPECT_EQ(code_of("memory.fill 5"), "fc0b05");
  EXPECT_EQ(code_of("memory.size"), "3f00");
  EXPECT_EQ(code_of("call_indirect 4 (type 0)"), "110004");
  EXPECT_EQ(code_of("atomic.fence"), "fe0300");
}

TEST(Instructions, Constants) {
  EXPECT_EQ(code_of("i32.const -1"), "417f");
  EXPECT_EQ(code_of("i32.const 0xffffffff"), "417f");
  EXPECT_EQ(code_of("i32.const 128"), "418001");
  EXPECT_EQ(code_of("i64.const -9223372036854775808"),
            "4280808080808080808"
            "07f");
  EXPECT_EQ(code_of("f32.const -0x1p-149"), "4301000080");
  EXPECT_EQ(code_of("f64.const nan:0x1"), "44010000000000f07f");
  EXPECT_EQ(code_of("v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 -1"), "fd0c000102030405060708090a0b0c0d0eff");
  EXPECT_EQ(code_of("v128.const f32x4 1 2 inf nan"), "fd0c0000803f000000400000807f0000c07f");
}

TEST(Instructions, ReferencesChooseTheirOpcode) {
  EXPECT_EQ(code_of("ref.test (ref eq)"), "fb146d");
  EXPECT_EQ(code_of("ref.test eqref"), "fb156d");
  EXPECT_EQ(code_of("ref.cast (ref null 0)"), "fb1700");
  EXPECT_EQ(code_of("ref.cast (ref 0)"), "fb1600");
  EXPECT_EQ(code_of("br_on_cast 1 anyref (ref i31)"), "fb1801016e6c");
  EXPECT_EQ(code_of("br_on_cast_fail 0 (ref any) i31ref"), "fb1902006e6c");
  EXPECT_EQ(code_of("select"), "1b");
  EXPECT_EQ(code_of("select (result i32)"), "1c017f");
  EXPECT_EQ(code_of("select (result)"), "1c00");
  EXPECT_EQ(code_of("select (result i32) (result i64)"), "1c027f7e");
  EXPECT_EQ(code_of("ref.null 64"), "d0c000");
}

TEST(Instructions, ExceptionHandling) {
  EXPECT_EQ(code_of("(block $h (try_table (catch 0 $h) (catch_ref 1 0) (catch_all $h) (catch_all_ref 0)))"),
            "0240"
            "1f40"
            "04"
            "000000"
            "010100"
            "0200"
            "0300"
            "0b"
            "0b");
  EXPECT_EQ(code_of("(block $h (try_table $t (catch_all $h) (br $t)))"),
            "0240"
            "1f40"
            "01"
            "0200"
            "0c00"
            "0b"
            "0b");
  EXPECT_EQ(compile_error("(func (try_table $t (catch_all $t)))").message, "unknown label '$t'");
  EXPECT_EQ(code_of("(try $l (do (nop)) (catch 0 (rethrow $l)) (catch_all (nop)))"),
            "0640"
            "01"
            "0700"
            "0900"
            "19"
            "01"
            "0b");
  EXPECT_EQ(code_of("try $l nop catch 0 rethrow $l catch_all nop end"),
            "0640"
            "01"
            "0700"
            "0900"
            "19"
            "01"
            "0b");
  EXPECT_EQ(code_of("(try $o (do (try (do) (delegate $o))))"),
            "0640"
            "0640"
            "1800"
            "0b");
  EXPECT_EQ(code_of("try $o try delegate $o end"),
            "0640"
            "0640"
            "1800"
            "0b");
  EXPECT_EQ(code_of("(try (do))"), "06400b");
}

TEST(Instructions, FieldsByName) {
  EXPECT_EQ(section_of("(type $s (struct (field $a i32) (field i8) (field $b (mut i64))))"
                       "(func struct.get $s $b struct.set $s 0)",
                       kCodeId),
            "01"
            "0a00"
            "fb020002"
            "fb050000"
            "0b");
  EXPECT_EQ(compile_error("(type $s (struct (field $a i32))) (func struct.get $s $c)").message, "unknown field '$c'");
  EXPECT_EQ(compile_error("(type $s (func)) (func struct.get $s $c)").message, "unknown field '$c'");
}

TEST(Instructions, BranchHints) {
  const std::vector<u8> module = compile(
      "(func (param i32) (@metadata.code.branch_hint \"\\01\") (if (local.get 0) (then))"
      " local.get 0 (@metadata.code.branch_hint \"\\00\") (@metadata.code.other \"x\") if end)"
      "(func) (func (@metadata.code.branch_hint \"\\01\") (br_if 0 (i32.const 1)))");
  // Offsets count from the local declarations: `if` at 3 and 8; br_if at 3.
  const std::string hint_name = base::to_hex(std::vector<u8>(std::string_view("metadata.code.branch_hint").begin(),
                                                             std::string_view("metadata.code.branch_hint").end()));
  EXPECT_EQ(section(module, kCustomId), "19" + hint_name +
                                            "02"
                                            "0002"
                                            "030101"
                                            "080100"
                                            "0201"
                                            "030101");
  EXPECT_EQ(sections(module)[2].id, kCustomId);
  EXPECT_EQ(sections(module)[3].id, kCustomId);
  EXPECT_EQ(sections(module)[4].id, kCodeId);
  for (const char* bad : {"(func (@metadata.code.x \"a\"))", "(@metadata.code.x \"a\") (func)",
                          "(func (@metadata.code.x \"a\") (@metadata.code.x \"b\") nop)",
                          "(func (nop (@metadata.code.x \"a\")))", "(global i32 (@metadata.code.x \"a\") i32.const 0)",
                          "(func (if (i32.const 0) (@metadata.code.x \"a\") (then)))"}) {
    EXPECT_STREQ(compile_error(bad).code, "wat-syntax") << bad;
  }
}

}  // namespace
}  // namespace dewar::text
