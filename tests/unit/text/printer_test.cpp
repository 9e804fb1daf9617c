// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Printing: exact text of a small module, fixed point of print and parse, names that are not identifiers, limits.
#include "text/printer.h"

#include "text_bytes.h"

namespace dewar::text {
namespace {

std::string print(const std::vector<u8>& bytes, const PrintOptions& options = {}) {
  auto text = wasm_to_wat(bytes, options);
  EXPECT_TRUE(text.has_value()) << text.error().code << ": " << text.error().message;
  return text ? *text : std::string();
}

/// parse -> print -> parse gives the same bytes; the printed text.
std::string round_trip(std::string_view source) {
  const std::vector<u8> bytes = compile(source, true);
  const std::string text = print(bytes);
  EXPECT_EQ(base::to_hex(compile(text, true)), base::to_hex(bytes)) << text;
  return text;
}

TEST(Printer, ExactText) {
  EXPECT_EQ(round_trip("(module $m (func $f (export \"e\") (param $x i32) (result i32) (local i64)"
                       " (block $l (br_if $l (local.get $x))) (i32.add (local.get $x) (i32.const -1))) (memory 1)"
                       " (data (i32.const 8) \"a\\00\\\"\"))"),
            "(module $m\n"
            "  (type (;0;) (func (param i32) (result i32)))\n"
            "  (func $f (type 0) (param $x i32) (result i32)\n"
            "    (local i64)\n"
            "    block $l\n"
            "      local.get $x\n"
            "      br_if $l\n"
            "    end\n"
            "    local.get $x\n"
            "    i32.const -1\n"
            "    i32.add)\n"
            "  (memory (;0;) 1)\n"
            "  (export \"e\" (func $f))\n"
            "  (data (;0;) (i32.const 8) \"a\\00\\\"\"))\n");
  EXPECT_EQ(round_trip(""), "(module)\n");
}

TEST(Printer, EveryField) {
  round_trip(
      "(module (rec (type $a (sub (struct (field $x (mut i32)) (field i8)))) (type (sub final $a (struct (field $x "
      "(mut i32))"
      " (field i8) (field (ref $a)))))) (type (array (mut i16))) (rec)"
      "(import \"m\" \"f\" (func $i (param $p i32) (param f64))) (import \"m\" \"t\" (table $t i64 1 2 externref))"
      "(import \"m\" \"mem\" (memory 1 2 shared)) (import \"m\" \"g\" (global (mut v128))) (import \"m\" \"e\" (tag "
      "(param i32)))"
      "(table $tt 1 (ref func) (ref.func $i)) (memory $big i64 1 (pagesize 1)) (tag $tag (param i64))"
      "(global $gg i32 (i32.const 1) (i32.const 2) i32.add) (export \"x\" (global $gg)) (export \"y\" (tag $tag)) "
      "(start 1)"
      "(elem $e0 (table $tt) (i32.const 0) func $i) (elem $e1 declare func $i) (elem $e2 externref (ref.null extern))"
      "(elem $e3 (table $tt) (offset i32.const 1 i32.const 1 i32.add) func) (elem func)"
      "(data $d0 (memory $big) (i64.const 1) \"\\ff\") (data \"passive\") (func $s))");
}

TEST(Printer, EveryImmediate) {
  round_trip(
      "(module (type $f (func (param i32) (result i32))) (type $s (struct (field (mut i32)))) (type $arr (array (mut "
      "i8)))"
      "(type $arr2 (array (mut funcref)))"
      "(table $t0 1 funcref) (table $t1 1 funcref) (memory $m0 1) (memory $m1 1) (tag $e) (global $g (mut i32) "
      "(i32.const 0))"
      "(elem $el func 0) (data $da \"x\")"
      "(func $x (type $f) (param $p i32) (result i32) (local $v v128) unreachable nop"
      " block $b (type $f) end loop $l (result f32) end i32.const 0 if $i else end"
      " br 0 br_if 0 br_table 0 0 0 return call $x call_indirect (type $f) call_indirect $t1 (type $f)"
      " return_call $x return_call_indirect $t1 (type $f) call_ref $f return_call_ref $f drop select select (result "
      "i32)"
      " select (result) local.get $p local.tee 0 global.set $g table.get $t1 table.set table.size table.grow $t1 "
      "table.fill"
      " table.copy $t1 $t0 table.copy table.init $el table.init $t1 $el elem.drop $el"
      " i32.load i32.load offset=4 align=1 i64.store $m1 offset=4294967295 memory.size memory.grow $m1 memory.copy $m1 "
      "$m0"
      " memory.copy memory.fill $m1 memory.init $da memory.init $m1 $da data.drop $da"
      " i32.const -2147483648 i64.const -1 f32.const nan:0x1 f64.const -0x1.5p-1000 f64.const inf"
      " ref.null any ref.null $s ref.func $x ref.is_null ref.as_non_null br_on_null 0 br_on_non_null 0"
      " struct.new $s struct.get $s 0 struct.set $s 0 array.new_fixed $arr 3 array.new_data $arr $da array.new_elem "
      "$arr2 $el"
      " array.copy $arr $arr array.init_data $arr $da array.init_elem $arr2 $el"
      " ref.test (ref i31) ref.test i31ref ref.cast (ref $s) ref.cast (ref null $s) br_on_cast 0 anyref (ref i31)"
      " br_on_cast_fail 0 (ref eq) (ref null $s)"
      " v128.const i32x4 1 -1 0 0x80000000 i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 i8x16.extract_lane_s 3"
      " v128.load8_lane 1 v128.store64_lane $m1 offset=1 align=2 1 v128.load32_zero"
      " i32.atomic.rmw.add i64.atomic.store $m1 memory.atomic.wait32 offset=8 atomic.fence i64.add128 i64.mul_wide_u"
      " block $h try_table $t (catch $e $h) (catch_ref $e 0) (catch_all $h) (catch_all_ref 0) throw $e throw_ref end "
      "end"
      " try $tr catch $e rethrow $tr catch_all end try $o try delegate $o end))");
}

TEST(Printer, NamesBecomeUniqueIdentifiers) {
  const std::string text = round_trip(
      "(module (func (@name \"a\")) (func (@name \"a\")) (func $\"a#1\") (func (@name \"a b\")) (func (@name \"\"))"
      " (func (@name \"\\u{202e}x\") (local (@name \"v\") i32) (local (@name \"v\") i32)"
      " (block (@name \"l\") (block (@name \"l\") (br 0) (br 1)))))");
  EXPECT_NE(text.find("(func $a (type"), std::string::npos) << text;
  EXPECT_NE(text.find("(func $\"a b\" (type"), std::string::npos) << text;
  EXPECT_NE(text.find("(@name \"\")"), std::string::npos) << text;
  // Text that reorders what follows does not reach a terminal.
  EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos) << text;
  EXPECT_NE(text.find("$\"\\u{202e}x\""), std::string::npos) << text;
}

TEST(Printer, WithoutNamesTheSectionIsOpaque) {
  const std::vector<u8> bytes = compile("(module (func $f))", true);
  PrintOptions options;
  options.names = false;
  const std::string text = print(bytes, options);
  EXPECT_NE(text.find("(@custom \"name\""), std::string::npos) << text;
  EXPECT_EQ(base::to_hex(compile(text, true)), base::to_hex(bytes));
}

TEST(Printer, CustomSectionsKeepTheirPlaces) {
  round_trip(
      "(module (@custom \"a\" (before first) \"1\") (@custom \"b\" (after type)) (@custom \"c\" (after func))"
      " (@custom \"d\" (after data)) (@custom \"e\") (func $f) (data \"\"))");
  round_trip("(module (@custom \"only\" \"\\00\\ff\"))");
  round_trip("(module (@custom \"metadata.code.branch_hint\" (before code) \"damaged\") (func))");
}

TEST(Printer, BranchHints) {
  const std::string text = round_trip(
      "(func (param i32) (@metadata.code.branch_hint \"\\01\") (if (local.get 0) (then))"
      " (@metadata.code.branch_hint \"\\00\") (br_if 0 (local.get 0)))");
  EXPECT_NE(text.find("(@metadata.code.branch_hint \"\\01\") if"), std::string::npos) << text;
}

TEST(Printer, OutputIsBounded) {
  const std::vector<u8> bytes = compile("(func (local i32 i64) nop nop nop)");
  PrintOptions options;
  options.max_output = 20;
  const auto text = wasm_to_wat(bytes, options);
  ASSERT_FALSE(text.has_value());
  EXPECT_STREQ(text.error().code, "wat-limit");
}

/// One instruction can name a label of 100,000 bytes 65,520 times.
TEST(Printer, RepeatedLongNamesAreBounded) {
  std::string source = "(func block (@name \"" + std::string(90'000, 'x') + "\") br_table";
  for (int i = 0; i < 60'000; ++i) source += " 0";
  PrintOptions options;
  options.max_output = u64{1} << 20;
  const auto text = wasm_to_wat(compile(source + " end)", true), options);
  ASSERT_FALSE(text.has_value());
  EXPECT_STREQ(text.error().code, "wat-limit");
}

TEST(Printer, DeepNestingStaysLinear) {
  constexpr usize kDepth = 20'000;
  std::string source = "(func ";
  for (usize i = 0; i < kDepth; ++i) source += "block ";
  for (usize i = 0; i < kDepth; ++i) source += "end ";
  const std::string text = round_trip(source + ")");
  EXPECT_LT(text.size(), kDepth * 400);
}

TEST(Printer, BadBytesAreErrors) {
  const std::vector<u8> bytes = compile("(func nop)");
  for (usize length = 0; length < bytes.size(); ++length) {
    if (length == 8) continue;  // an empty module
    EXPECT_FALSE(wasm_to_wat(std::span(bytes).first(length)).has_value() && length < 8) << length;
  }
  // Blocks that do not match: `else` outside, code after the end, an unknown opcode.
  for (const char* body : {"00050b", "000b01", "00ff0b", "00021b0b", "0001"}) {
    std::string hex = "0061736d0100000001040160000003020100";
    const usize size = std::string_view(body).size() / 2;
    hex += "0a0" + std::to_string(size + 2) + "010" + std::to_string(size) + body;
    const auto module = base::from_hex(hex);
    ASSERT_TRUE(module.has_value());
    EXPECT_FALSE(wasm_to_wat(*module).has_value()) << body;
  }
}

}  // namespace
}  // namespace dewar::text
