// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Module fields: types and type uses, imports and exports, tables, memories, segments, names, custom sections
// (spec 6.4, 6.6, 7.4). Expected bytes are written out.
#include "text_bytes.h"

namespace dewar::text {
namespace {

TEST(Module, Forms) {
  EXPECT_EQ(base::to_hex(compile("(module)")), "0061736d01000000");
  EXPECT_EQ(base::to_hex(compile("")), "0061736d01000000");
  EXPECT_EQ(base::to_hex(compile("(module $m)")), "0061736d01000000");
  EXPECT_EQ(base::to_hex(compile("(module binary \"\\00asm\" \"\\01\")")), "0061736d01");
  EXPECT_EQ(section_of("(module quote \"(fu\" \"nc)\")", kFuncId), "0100");
  EXPECT_EQ(section_of("(module quote \"(module quote \\\"(func)\\\")\")", kFuncId), "0100");
  EXPECT_EQ(section_of("(func)", kFuncId), "0100");
  for (const char* bad : {"(module) (module)", "(module", "module", ")", "(module))", "(frob)", "(module (frob))",
                          "(module 1)", "(module quote \"(\")", "(module quote 1)", "(module binary nop)", "\"a\""}) {
    EXPECT_STREQ(compile_error(bad).code, "wat-syntax") << bad;
  }
}

TEST(Types, Composite) {
  EXPECT_EQ(section_of("(type (func (param i32 i64) (param f32) (result v128)))", kTypeId), "0160037f7e7d017b");
  EXPECT_EQ(section_of("(type (struct (field i8 (mut i16)) (field $x f64)))", kTypeId),
            "015f037800"
            "7701"
            "7c00");
  EXPECT_EQ(section_of("(type (array (mut externref)))", kTypeId), "015e6f01");
  EXPECT_EQ(section_of("(type $a (sub (struct))) (type (sub final $a (struct)))", kTypeId),
            "0250005f00"
            "4f01005f00");
  EXPECT_EQ(section_of("(type (sub final (func)))", kTypeId), "01600000");
  EXPECT_EQ(section_of("(rec (type $a (struct (field (ref $b)))) (type $b (array (ref null $a))))", kTypeId),
            "014e02"
            "5f01640100"
            "5e630000");
  EXPECT_EQ(section_of("(rec)", kTypeId), "014e00");
}

TEST(Types, References) {
  EXPECT_EQ(section_of("(type (func (param anyref eqref i31ref structref arrayref nullref funcref nullfuncref externref"
                       " nullexternref exnref nullexnref)))",
                       kTypeId),
            "01600c"
            "6e6d6c6b6a71707"
            "36f726974"
            "00");
  EXPECT_EQ(section_of("(type (func (param (ref any) (ref null any) (ref 0) (ref null 0))))", kTypeId),
            "016004"
            "646e"
            "6e"
            "6400"
            "6300"
            "00");
}

TEST(Types, UsesTakeTheFirstEqualType) {
  // Types of groups, open types and types with supertypes do not serve implicit uses.
  const char* source =
      "(rec (type (func (param i32))) (type (func))) (type (sub (func (param i32))))"
      "(type (func (param i32))) (type (func (param i32))) (func (param i32)) (func (result i64)) (func (result i64))";
  EXPECT_EQ(section_of(source, kFuncId), "03030505");
  EXPECT_EQ(section_of("(rec (type (func (param i32)))) (func (param i32))", kFuncId), "0100");
  // New ones are appended in the order of the text, also behind types declared later.
  EXPECT_EQ(
      section_of("(func (param f32)) (type (func)) (func (call_indirect (result f64))) (table 0 funcref)", kTypeId),
      "03600000"
      "60017d00"
      "6000017c");
}

TEST(Types, UsesMustAgree) {
  EXPECT_EQ(section_of("(type $t (func (param i32))) (func (type $t) (param $x i32) local.get $x drop)", kFuncId),
            "0100");
  EXPECT_TRUE(
      compile_error("(type $t (func)) (func (type $t) (param i32))").message.starts_with("inline function type"));
  EXPECT_TRUE(compile_error("(type $t (struct)) (func (type $t) (param i32))").message.starts_with("unknown type"));
  EXPECT_TRUE(compile_error("(func (type 7) (param i32))").message.starts_with("unknown type"));
  EXPECT_EQ(section_of("(func (type 7))", kFuncId), "0107");
  EXPECT_TRUE(
      compile_error("(func (type 0) (local $x i32)) (func (param i32))").message.starts_with("type use names a type"));
  EXPECT_EQ(section_of("(func (type 0)) (func (param i32))", kFuncId), "020000");
  EXPECT_STREQ(compile_error("(func (param i32) (type 0))").code, "wat-syntax");
  EXPECT_STREQ(compile_error("(func (result i32) (param i32))").code, "wat-syntax");
  EXPECT_EQ(compile_error("(type $t (func)) (type $t (func))").message, "duplicate type '$t'");
}

TEST(Functions, Locals) {
  EXPECT_EQ(section_of("(func (param i32) (local i32 i32) (local $x i64) (local i64) local.get $x)", kCodeId),
            "01"
            "08"
            "02027f027e"
            "2003"
            "0b");
  // Locals follow the parameters of a type that is only named.
  EXPECT_EQ(section_of("(type $t (func (param i32 i32))) (func (type $t) (local $x i32) local.get $x)", kCodeId),
            "01"
            "06"
            "01017f"
            "2002"
            "0b");
  EXPECT_EQ(compile_error("(func (param $x i32) (local $x i32))").message, "duplicate local '$x'");
  EXPECT_EQ(compile_error("(func $f) (func $\"f\")").message, "duplicate func '$\"f\"'");
}

TEST(Imports, AllForms) {
  EXPECT_EQ(section_of("(import \"m\" \"f\" (func (param i32)))", kImportId), "01016d01660000");
  EXPECT_EQ(section_of("(func (import \"m\" \"f\") (param i32))", kImportId), "01016d01660000");
  EXPECT_EQ(section_of("(import \"\" \"\" (table i64 1 2 funcref))", kImportId),
            "010000"
            "0170050102");
  EXPECT_EQ(section_of("(table (import \"\" \"\") 1 externref)", kImportId),
            "010000"
            "016f0001");
  EXPECT_EQ(section_of("(import \"\" \"\" (memory 1 2 shared))", kImportId),
            "010000"
            "02030102");
  EXPECT_EQ(section_of("(memory (import \"\" \"\") i64 1 (pagesize 1))", kImportId),
            "010000"
            "020c0100");
  EXPECT_EQ(section_of("(global (import \"\" \"\") (mut i32))", kImportId),
            "010000"
            "037f01");
  EXPECT_EQ(section_of("(import \"\" \"\" (tag (param i32)))", kImportId),
            "010000"
            "040000");
  EXPECT_EQ(
      section_of("(import \"\" \"a\" (func $f)) (func (import \"\" \"b\")) (func $g (export \"x\") call $f call $g)",
                 kCodeId),
      "01"
      "06"
      "00"
      "1000"
      "1002"
      "0b");
  EXPECT_EQ(compile_error("(func) (import \"\" \"\" (global i32))").message, "import after func");
  EXPECT_EQ(compile_error("(memory 0) (func (import \"\" \"\"))").message, "import after memory");
  EXPECT_EQ(compile_error("(import \"\\ff\" \"\" (func))").message, "malformed UTF-8 encoding");
}

TEST(Exports, AllForms) {
  EXPECT_EQ(section_of("(func $f (export \"a\") (export \"b\")) (export \"c\" (func $f)) (memory (export \"m\") 1)",
                       kExportId),
            "04"
            "01610000"
            "01620000"
            "01630000"
            "016d0200");
  EXPECT_EQ(
      section_of("(table (export \"t\") 0 funcref) (global (export \"g\") i32 (i32.const 0)) (tag (export \"e\"))",
                 kExportId),
      "03"
      "01740100"
      "01670300"
      "01650400");
  EXPECT_EQ(section_of("(export \"f\" (func 3))", kExportId), "0101660003");
}

TEST(Tables, Forms) {
  EXPECT_EQ(section_of("(table 1 funcref)", kTableId), "01700001");
  EXPECT_EQ(section_of("(table i64 1 2 (ref null 0))", kTableId), "016300050102");
  EXPECT_EQ(section_of("(table 1 (ref func) (ref.func 0))", kTableId),
            "014000"
            "64700001"
            "d2000b");
  EXPECT_EQ(section_of("(table funcref (elem 0 1 0))", kTableId), "0170010303");
  EXPECT_EQ(section_of("(table funcref (elem 0 1 0))", kElemId),
            "01"
            "0041000b"
            "03000100");
  EXPECT_EQ(section_of("(table i64 funcref (elem 0))", kElemId),
            "01"
            "0042000b"
            "0100");
  EXPECT_EQ(section_of("(table (ref null 0) (elem 0))", kElemId),
            "01"
            "06"
            "00"
            "41000b"
            "6300"
            "01"
            "d2000b");
  EXPECT_EQ(section_of("(table externref (elem (ref.null extern) (item ref.null extern)))", kElemId),
            "01"
            "06"
            "00"
            "41000b"
            "6f"
            "02"
            "d06f0b"
            "d06f0b");
  EXPECT_EQ(section_of("(table 0 funcref) (table funcref (elem))", kElemId),
            "01"
            "02"
            "01"
            "41000b"
            "00"
            "00");
}

TEST(Memories, Forms) {
  EXPECT_EQ(section_of("(memory 1)", kMemoryId), "010001");
  EXPECT_EQ(section_of("(memory 1 2 shared)", kMemoryId), "01030102");
  EXPECT_EQ(section_of("(memory i64 1 0x1_0000)", kMemoryId),
            "01050180"
            "8004");
  EXPECT_EQ(section_of("(memory 0 (pagesize 65536))", kMemoryId), "010000");
  EXPECT_EQ(section_of("(memory 0 (pagesize 0x2_0000))", kMemoryId), "01080011");
  EXPECT_EQ(section_of("(memory (data))", kMemoryId), "01010000");
  EXPECT_EQ(section_of("(memory (data \"a\" \"b\"))", kMemoryId), "01010101");
  EXPECT_EQ(section_of("(memory (data \"a\" \"b\"))", kDataId),
            "01"
            "0041000b"
            "026162");
  EXPECT_EQ(section_of("(memory i64 (pagesize 1) (data \"abc\"))", kMemoryId), "010d030300");
  EXPECT_EQ(section_of("(memory i64 (pagesize 1) (data \"abc\"))", kDataId),
            "01"
            "0042000b"
            "03616263");
  EXPECT_TRUE(compile_error("(memory 0 (pagesize 3))").message.starts_with("invalid custom page size"));
  EXPECT_TRUE(compile_error("(memory 0 (pagesize 0))").message.starts_with("invalid custom page size"));
}

TEST(Elements, TheEightBinaryForms) {
  EXPECT_EQ(section_of("(elem (i32.const 1) 0 1)", kElemId),
            "01"
            "0041010b"
            "020001");
  EXPECT_EQ(section_of("(elem (table 0) (offset i32.const 1) func 0)", kElemId),
            "01"
            "0041010b"
            "0100");
  EXPECT_EQ(section_of("(elem func 0)", kElemId),
            "01"
            "01"
            "00"
            "0100");
  EXPECT_EQ(section_of("(elem (table 1) (i32.const 1) func 0)", kElemId),
            "01"
            "02"
            "01"
            "41010b"
            "00"
            "0100");
  EXPECT_EQ(section_of("(elem declare func 0)", kElemId),
            "01"
            "03"
            "00"
            "0100");
  EXPECT_EQ(section_of("(elem (i32.const 1) funcref (ref.func 0))", kElemId),
            "01"
            "04"
            "41010b"
            "01"
            "d2000b");
  EXPECT_EQ(section_of("(elem funcref (item ref.func 0))", kElemId),
            "01"
            "05"
            "70"
            "01"
            "d2000b");
  EXPECT_EQ(section_of("(elem (table 1) (i32.const 1) funcref)", kElemId),
            "01"
            "06"
            "01"
            "41010b"
            "70"
            "00");
  EXPECT_EQ(section_of("(elem (i32.const 1) (ref func) (ref.func 0))", kElemId),
            "01"
            "06"
            "00"
            "41010b"
            "6470"
            "01"
            "d2000b");
  EXPECT_EQ(section_of("(elem declare funcref)", kElemId),
            "01"
            "07"
            "70"
            "00");
  EXPECT_EQ(section_of("(elem $e (ref null 0) (ref.null 0))", kElemId),
            "01"
            "05"
            "6300"
            "01"
            "d0000b");
  EXPECT_EQ(section_of("(elem 1 (i32.const 0) 0)", kElemId),
            "01"
            "02"
            "01"
            "41000b"
            "00"
            "0100");
  EXPECT_EQ(section_of("(elem $e (offset) func)", kElemId),
            "01"
            "00"
            "0b"
            "00");
  EXPECT_STREQ(compile_error("(elem (table 0) (i32.const 0) 0)").code, "wat-syntax");
  EXPECT_STREQ(compile_error("(elem declare 0)").code, "wat-syntax");
}

TEST(Data, Forms) {
  EXPECT_EQ(section_of("(data \"a\" \"\" \"b\")", kDataId),
            "01"
            "01"
            "026162");
  EXPECT_EQ(section_of("(data (i32.const 5) \"a\")", kDataId),
            "01"
            "0041050b"
            "0161");
  EXPECT_EQ(section_of("(data (memory 0) (offset (i32.const 5)))", kDataId),
            "01"
            "0041050b"
            "00");
  EXPECT_EQ(section_of("(data $d (memory 2) (i32.const 5))", kDataId),
            "01"
            "02"
            "02"
            "41050b"
            "00");
  EXPECT_EQ(section_of("(data 0 (i32.const 5) \"a\")", kDataId),
            "01"
            "0041050b"
            "0161");
  EXPECT_STREQ(compile_error("(data (memory 0) \"a\")").code, "wat-syntax");
}

TEST(Data, CountOnlyWhereNeeded) {
  EXPECT_EQ(section_of("(data \"\") (func nop)", kDataCountId), "none");
  for (const char* op : {"memory.init 0", "data.drop 0", "array.new_data 0 0", "array.init_data 0 0"}) {
    EXPECT_EQ(section_of("(memory 1) (data \"\") (data \"\") (func " + std::string(op) + ")", kDataCountId), "02")
        << op;
  }
  EXPECT_EQ(section_of("(@dewar.data_count) (data \"\")", kDataCountId), "01");
}

TEST(Indices, InlineSegmentsCount) {
  EXPECT_EQ(section_of(
                "(table funcref (elem)) (elem $e func) (memory (data)) (data $d \"\") (func elem.drop $e data.drop $d)",
                kCodeId),
            "01"
            "08"
            "00"
            "fc0d01"
            "fc0901"
            "0b");
}

TEST(Start, Once) {
  EXPECT_EQ(section_of("(start $f) (func $f)", kStartId), "00");
  EXPECT_EQ(compile_error("(start 0) (start 0) (func)").message, "multiple start sections");
}

TEST(Globals, ExpressionsMayBeFlat) {
  EXPECT_EQ(section_of("(global (mut i32) i32.const 1 i32.const 2 i32.add)", kGlobalId),
            "01"
            "7f01"
            "410141026a0b");
  EXPECT_EQ(section_of("(global i32 (i32.add (i32.const 1) (i32.const 2)))", kGlobalId),
            "01"
            "7f00"
            "410141026a0b");
}

TEST(Names, IdentifiersAndAnnotations) {
  const std::vector<u8> module = compile(
      "(module $m (type $t (struct (field $a i32))) (func $f (param $p i32) (local $l i32) (block $b))"
      " (func (@name \"two words\")) (func $x (@name \"y\")) (table $tab 0 funcref) (memory $mem 0)"
      " (global $g i32 (i32.const 0)) (elem $e func) (data $d \"\") (tag $tag))",
      true);
  const auto all = sections(module);
  ASSERT_EQ(all.back().id, kCustomId);
  EXPECT_EQ(all.back().payload,
            "046e616d65"
            "0002016d"  // module
            "0112"
            "03"
            "000166"
            "010974776f20776f726473"
            "020179"  // functions
            "0209"
            "01"
            "00"
            "02"
            "000170"
            "01016c"  // locals
            "0306"
            "01"
            "00"
            "01"
            "000162"  // labels
            "0404"
            "01"
            "000174"  // types
            "0506"
            "01"
            "0003746162"  // tables
            "0606"
            "01"
            "00036d656d"  // memories
            "0704"
            "01"
            "000167"  // globals
            "0804"
            "01"
            "000165"  // element segments
            "0904"
            "01"
            "000164"  // data segments
            "0a06"
            "01"
            "00"
            "01"
            "000161"  // fields
            "0b06"
            "01"
            "0003746167");  // tags
  EXPECT_EQ(section(compile("(module $m (func $f))", false), kCustomId), "none");
  EXPECT_EQ(section(compile("(module (func))", true), kCustomId), "none");
  EXPECT_TRUE(compile_error("(module (func) (@name \"m\"))").message.starts_with("misplaced @name annotation"));
  EXPECT_TRUE(compile_error("(module (@name \"a\") (@name \"b\"))").message.starts_with("@name annotation: multiple"));
  EXPECT_TRUE(compile_error("(start $f (@name \"m\")) (func $f)").message.starts_with("misplaced @name annotation"));
}

TEST(Customs, Placement) {
  const std::vector<u8> module = compile(
      "(@custom \"z\") (@custom \"a\" (before first) \"x\") (@custom \"b\" (before type)) (@custom \"c\" (after type) "
      "\"\\00\" \"1\")"
      "(@custom \"d\" (after last)) (@custom \"e\" (after data)) (@custom \"f\" (before code)) (func $g)",
      true);
  std::string order;
  for (const RawSection& s : sections(module)) {
    order += s.id == kCustomId ? static_cast<char>(std::stoi(s.payload.substr(2, 2), nullptr, 16))
                               : static_cast<char>('0' + s.id);
  }
  // Sections: type 1, function 3, code ':' (10); the name section ('n') stands behind the data section's place.
  EXPECT_EQ(order, "ab1c3f:enzd");
  EXPECT_EQ(section(module, kCustomId), "016178");
  for (const char* bad :
       {"(@custom)", "(@custom 4)", "(@custom \"\\ff\")", "(@custom \"a\" (before last))",
        "(@custom \"a\" (after first))", "(@custom \"a\" (around type))", "(@custom \"a\" (after types))",
        "(@custom \"a\" after type)", "(func (@custom \"a\"))", "(type (@custom \"a\") (func))",
        "(func (nop (@custom \"a\")))", "(@custom \"a\" (after type)"}) {
    EXPECT_STREQ(compile_error(bad).code, "wat-syntax") << bad;
  }
}

TEST(Annotations, UnknownOnesAreSkippedAnywhere) {
  EXPECT_EQ(compile("((@a) module (@b (;c;) ; ] [ \"x\" (@) (@c (d))) ((@a) func (@\"e f\") $f (@0) (nop (@x))))"),
            compile("(module (func $f (nop)))"));
  EXPECT_EQ(compile_error("(@)").message, "empty annotation id");
  EXPECT_EQ(compile_error("(@ x)").message, "empty annotation id");
  EXPECT_EQ(compile_error("(@x (y)").message, "unclosed annotation");
  EXPECT_EQ(compile_error("(func (@x (@y )").message, "unclosed annotation");
}

}  // namespace
}  // namespace dewar::text
