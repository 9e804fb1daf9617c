// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From what validation says of bytes back to line and column. The marker @ in a source is where the error must be put.
#include "text/locate.h"

#include <gtest/gtest.h>

#include "wasm/type_registry.h"
#include "wasm/validate.h"

namespace dewar::text {
namespace {

/// "line:column" of the error of a source, and of its marker, which is taken out.
struct Case {
  explicit Case(std::string marked) {
    const usize at = marked.find('@');
    EXPECT_NE(at, std::string::npos);
    source = marked.erase(at, 1);
    expected = position_of(source, static_cast<u32>(at));
  }
  std::string source;
  Position expected;
};

void check(std::string marked) {
  SCOPED_TRACE(marked);
  const Case c(std::move(marked));
  auto bytes = wat_to_wasm(c.source);
  ASSERT_TRUE(bytes) << bytes.error().message;
  wasm::TypeRegistry registry;
  auto module = wasm::load_module(std::move(*bytes), registry);
  ASSERT_FALSE(module);
  const Error error = with_position(module.error(), c.source);
  EXPECT_EQ(error.offset, module.error().offset);
  EXPECT_EQ(error.line, c.expected.line) << error.message;
  EXPECT_EQ(error.column, c.expected.column) << error.message;
}

TEST(Locate, Instructions) {
  check("(module (func)\n (func nop\n  @drop\n nop) (func))");
  check("(module\n (func (drop (@i32.add (i32.const 1) (f32.const 2)))))");
  check("(module (func (result i32)\n i32.const 1\n i64.const 2\n @i32.add))");
  check("(module (func (result i32) (local $x f32)\n  (i32.eqz (@local.get 7))))");
  check("(module (func\n (block (result i32)\n @) drop))");
  check("(module (func\n block (result i32)\n nop @end drop))");
  check("(module (func (param i32)\n (if (local.get 0) (then (@drop)))))");
  check("(module (func (param i64)\n (@if (local.get 0) (then (nop)))))");
  // The end of an arm is where the other one starts.
  check("(module (func (param i32)\n (if (result i32) (local.get 0) (then (nop)) (@else (i32.const 1))) drop))");
  check("(module (func (result i32)\n nop\n@))");
  check("(module (tag) (func (@throw 3)))");
  check("(module (import \"m\" \"f\" (func)) (func) (func\n (call 1) (@call 9)))");
}

TEST(Locate, Fields) {
  check("(module (func)\n  (@global i32 (i64.const 1)))");
  check("(module (memory 1)\n (data (i32.const 0) \"x\")\n  (@data (i64.const 0) \"y\"))");
  check("(module (table 1 funcref)\n (func $f)\n (elem (i32.const 0) $f)\n (@elem (i64.const 0) $f))");
  check("(module (func $f)\n (export \"a\" (func $f))\n (@export \"a\" (func $f)))");
  check("(module (func (export \"a\"))\n (@func (export \"a\")))");
  check("(module (func $f (param i32))\n (@start $f))");
  check("(module (type (func))\n @(type (sub 0 (func))))");
  check("(module (@memory 1 0))");
}

TEST(Locate, FieldsWithoutTheirModule) { check("(func)\n(func @drop)"); }

TEST(Locate, WhatHasNoPlace) {
  EXPECT_FALSE(locate_in_wat("(module (func))", 1'000'000));
  EXPECT_FALSE(locate_in_wat("(module (func))", 0)) << "the header";
  EXPECT_FALSE(locate_in_wat("(module binary \"\\00asm\\01\\00\\00\\00\")", 4));
  EXPECT_FALSE(locate_in_wat("(module quote \"(func drop)\")", 20));
  EXPECT_FALSE(locate_in_wat("(module (func", 20));
  const Error without = with_position(Error{"x", "y", Error::kNoOffset, 0, 0, ""}, "(module)");
  EXPECT_EQ(without.line, 0u);
}

TEST(Locate, EveryByteOfABodyHasAPlaceInItsFunction) {
  const std::string source =
      "(module\n (func $a (param i32) (result i32)\n"
      "  (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (local.get 0))) (else (i32.const 2))))\n"
      " (func $b (loop (br 0))))";
  const auto bytes = wat_to_wasm(source, {.names = false});
  ASSERT_TRUE(bytes);
  u32 last = 0;
  u32 found = 0;
  for (u64 at = 0; at < bytes->size(); ++at) {
    const auto position = locate_in_wat(source, at, {.names = false});
    if (!position) continue;
    ++found;
    if (at + 14 < bytes->size()) continue;
    EXPECT_GE(position->line, last);
    last = position->line;
  }
  EXPECT_EQ(last, 4u);
  EXPECT_GT(found, bytes->size() / 2);
}

}  // namespace
}  // namespace dewar::text
