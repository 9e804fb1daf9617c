// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Errors: place, wording, hints; limits; inputs made to exhaust stack or time.
#include <chrono>

#include "text/wast.h"
#include "text_bytes.h"

namespace dewar::text {
namespace {

std::string repeated(std::string_view part, usize count) {
  std::string out;
  out.reserve(part.size() * count);
  for (usize i = 0; i < count; ++i) out.append(part);
  return out;
}

TEST(WatErrors, PlaceIsLineAndColumnFromOne) {
  const Error e = compile_error("(module\n  (func\n    i32.frob))");
  EXPECT_STREQ(e.code, "wat-syntax");
  EXPECT_EQ(e.line, 3u);
  EXPECT_EQ(e.column, 5u);
  EXPECT_EQ(e.message, "unknown operator 'i32.frob'");
  const Error first = compile_error("x");
  EXPECT_EQ(first.line, 1u);
  EXPECT_EQ(first.column, 1u);
}

TEST(WatErrors, ColumnsCountCodePoints) {
  const Error e = compile_error("(func $\"\xc3\xa4\xf0\x9f\x98\x80\" frob)");
  EXPECT_EQ(e.column, 13u);
}

TEST(WatErrors, EncodingIsCheckedFirst) {
  const Error e = compile_error("(module\n ;; \xc3(\n)");
  EXPECT_EQ(e.message, "malformed UTF-8 encoding");
  EXPECT_EQ(e.line, 2u);
  EXPECT_EQ(e.column, 5u);
}

TEST(WatErrors, UnknownNamesSayWhatToDo) {
  const Error e = compile_error("(func call $g)");
  EXPECT_EQ(e.message, "unknown func '$g'");
  EXPECT_FALSE(e.hint.empty());
}

TEST(WatErrors, HostileTextIsEscapedInMessages) {
  const Error e = compile_error("(func call $\"\\1b[2J\")");
  EXPECT_EQ(e.message.find('\x1b'), std::string::npos);
  const Error long_one = compile_error("(func " + repeated("a", 100000) + ")");
  EXPECT_LT(long_one.message.size(), 200u);
}

TEST(WatLimits, SourceSize) {
  WatOptions options;
  options.max_source = 16;
  EXPECT_TRUE(wat_to_wasm("(module (func) )", options).has_value());
  EXPECT_STREQ(compile_error("(module (func)  )", options).code, "wat-limit");
  EXPECT_FALSE(parse_wast("(module (func)  )", options).has_value());
}

TEST(WatLimits, NestingHasItsOwnError) {
  WatOptions options;
  options.max_nesting = 100;
  const auto folded = [](usize n) { return "(func " + repeated("(block ", n) + repeated(")", n) + ")"; };
  const auto flat = [](usize n) { return "(func " + repeated("block ", n) + repeated("end ", n) + ")"; };
  const auto plain = [](usize n) { return "(func " + repeated("(drop ", n) + repeated(")", n) + ")"; };
  EXPECT_TRUE(wat_to_wasm(folded(100), options).has_value());
  EXPECT_STREQ(compile_error(folded(101), options).code, "wat-limit");
  EXPECT_TRUE(wat_to_wasm(flat(100), options).has_value());
  EXPECT_STREQ(compile_error(flat(101), options).code, "wat-limit");
  EXPECT_TRUE(wat_to_wasm(plain(100), options).has_value());
  EXPECT_STREQ(compile_error(plain(101), options).code, "wat-limit");
}

/// Each of these would need gigabytes of stack or hours if any step recursed or were quadratic.
TEST(WatLimits, DeepAndLongInputs) {
  const auto start = std::chrono::steady_clock::now();
  constexpr usize kMany = 200'000;
  compile_error(repeated("(", kMany));
  compile_error("(func " + repeated("(", kMany));
  compile_error(repeated("(;", kMany));
  compile_error("(@x " + repeated("(", kMany));
  compile_error("(@x " + repeated("(@y", kMany));
  compile_error("(module quote " + repeated("(", kMany));
  compile_error("(func " + repeated("(block $a ", kMany));
  compile_error("(func " + repeated("(if ", kMany));
  compile_error("(type (func (param " + repeated("(ref null ", kMany));
  compile("(func " + repeated("(block $a (br $a))", kMany / 4) + ")");
  compile("(func " + repeated("(block $a ", 50'000) + repeated("(br $a)", 50'000) + repeated(")", 50'000) + ")");
  compile("(func (local " + repeated("i32 i64 ", kMany) + "))");
  compile("(type (func (param " + repeated("i32 ", 20'000) + "))) " + repeated("(func (type 0))", 20'000));
  compile(repeated("(func (param i32 i64))", kMany / 4));
  std::string many_types;
  for (usize i = 0; i < 2000; ++i)
    many_types += "(func (param " + repeated("i32 ", i % 200) + repeated("i64 ", i / 200) + "))";
  compile(many_types);
  compile("(func (br_table " + repeated("0 ", kMany) + "))");
  compile(repeated("(@custom \"x\")", kMany / 8));
  compile("(data " + repeated("\"\" ", kMany) + ")");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

TEST(WatLimits, ManyBadModulesInAScript) {
  const auto start = std::chrono::steady_clock::now();
  const auto script = parse_wast(repeated("(module (func $f) (func $f))\n", 20'000));
  ASSERT_TRUE(script.has_value());
  EXPECT_EQ(script->commands.size(), 20'000u);
  EXPECT_EQ(script->commands.back().module->error->line, 20'000u);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

/// Every prefix of a module that uses much of the language fails in good order.
TEST(WatErrors, EveryTruncation) {
  const std::string source =
      "(module $m (type $t (sub (struct (field $a (mut i32))))) (import \"a\" \"b\" (func $i (param $x i32)))"
      "(memory $mem i64 1 2 (pagesize 1)) (table $tab 1 funcref (ref.null func)) (tag $tag (param i32))"
      "(global $g (mut f64) (f64.const 0x1.8p-3)) (elem $e (table $tab) (offset (i32.const 0)) func $i)"
      "(@custom \"c\" (after type) \"x\") (data $d (memory $mem) (i64.const 0) \"\\00\\u{41}\")"
      "(func $f (export \"f\") (param $p i32) (result i32) (local $l v128)"
      " (@metadata.code.branch_hint \"\\01\") (if $b (result i32) (local.get $p) (then (i32.const 1)) (else (i32.const "
      "2)))"
      " (block $h (try_table (catch $tag $h) (throw $tag (i32.const 1)))) (try (do) (catch_all))"
      " (local.set $l (v128.const i32x4 1 2 3 4)) (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"
      " (local.get $l) (local.get $l))) (drop (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3))))"
      "(start $i))";
  ASSERT_TRUE(wat_to_wasm(source).has_value()) << wat_to_wasm(source).error().message;
  for (usize length = 1; length < source.size(); ++length) {
    const auto result = wat_to_wasm(std::string_view(source).substr(0, length));
    ASSERT_FALSE(result.has_value()) << length;
    ASSERT_STREQ(result.error().code, "wat-syntax") << length;
    ASSERT_GE(result.error().line, 1u);
  }
}

/// Deleting or doubling any one token never crashes (the sanitizer builds watch memory).
TEST(WatErrors, EveryTokenMissingOrTwice) {
  const std::string source =
      "( module ( type ( func ( param i32 ) ) ) ( rec ( type $a ( struct ( field $x i8 ) ) ) ) ( import \"\" \"\" ( "
      "memory 1 ) )"
      " ( table $t 1 funcref ) ( elem ( i32.const 0 ) func 0 ) ( memory ( data \"a\" ) ) ( func $f ( param i32 )"
      " ( block $l ( br_if $l ( local.get 0 ) ) ) ( drop ( struct.get_s $a $x ( ref.null $a ) ) )"
      " i32.const 0 if $k else $k end $k call_indirect $t ( type 0 ) memory.init 0 v128.load8_lane 1 offset=1 align=1 "
      "0 )"
      " ( export \"\" ( func $f ) ) ( @custom \"a\" ( after last ) ) ( @name \"b\" ) ( @z ) )";
  std::vector<std::string> tokens;
  for (usize at = 0; at < source.size();) {
    const usize end = std::min(source.find(' ', at), source.size());
    tokens.push_back(source.substr(at, end - at));
    at = end + 1;
  }
  usize accepted = 0;
  for (usize skip = 0; skip < 2 * tokens.size(); ++skip) {
    std::string mutant;
    for (usize i = 0; i < tokens.size(); ++i) {
      const usize times = skip / 2 != i ? 1 : skip % 2 == 0 ? 0 : 2;
      for (usize k = 0; k < times; ++k) mutant += tokens[i] + " ";
    }
    const auto result = wat_to_wasm(mutant);
    if (result) {
      ++accepted;
    } else {
      ASSERT_STREQ(result.error().code, "wat-syntax") << mutant;
      ASSERT_FALSE(result.error().message.empty());
    }
  }
  EXPECT_LT(accepted, 2 * tokens.size());
}

}  // namespace
}  // namespace dewar::text
