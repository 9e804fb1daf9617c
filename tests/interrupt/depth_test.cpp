// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// "call stack exhausted" is a matter of canonical frame bytes only (design D5): at the same depth in every mode, at
// every repetition, and exactly one frame later when the stack is one frame larger.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "interrupt/engine_fixture.h"

namespace dewar::test {
namespace {

using runtime::Outcome;
using runtime::TrapKind;

struct Case {
  const char* name;
  const char* fields;  ///< exports "run" and the global "depth", counted at each entry
};

#define COUNT "(global.set $depth (i32.add (global.get $depth) (i32.const 1)))"

const Case kCases[] = {
    {"plain", "(func $f (export \"run\") " COUNT "(call $f))"},
    {"arguments_and_results", "(func $f (param i32 i64 f32) (result i32) " COUNT
                              "(i32.add (i32.const 1) (call $f (local.get 0) (local.get 1) (local.get 2))))"
                              "(func (export \"run\") (drop (call $f (i32.const 1) (i64.const 2) (f32.const 3))))"},
    {"many_locals", "(func $f (export \"run\") (local i32 i64 f32 f64 i32 i32 i32 i32 i64 i64) " COUNT "(call $f))"},
    {"v128_locals", "(func $f (param v128) (local v128 i32 v128) " COUNT "(call $f (local.get 1)))"
                    "(func (export \"run\") (call $f (v128.const i64x2 1 2)))"},
    {"mutual", "(func $f " COUNT "(call $g (i32.const 1))) (func $g (param i32) (local i64) " COUNT "(call $f))"
               "(func (export \"run\") (call $f))"},
    {"indirect", "(type $t (func)) (table funcref (elem $f)) (func $f (type $t) " COUNT
                 "(call_indirect (type $t) (i32.const 0))) (func (export \"run\") (call $f))"},
    {"reference", "(type $t (func)) (elem declare func $f) (func $f (type $t) " COUNT
                  "(call_ref $t (ref.func $f))) (func (export \"run\") (call $f))"},
    {"inside_handlers", "(tag $e) (func $f (export \"run\") " COUNT "(block $h (try_table (catch_all $h) (call $f))))"},
    {"host_in_between",
     "(import \"env\" \"nothing\" (func $nothing)) (func $f (export \"run\") " COUNT "(call $nothing) (call $f))"},
    {"deep_operands", "(func $f (export \"run\") " COUNT
                      "(i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (call $f) (drop) (drop) (drop) (drop))"},
};

/// Depth at which a case's recursion ends, on a stack of `bytes`. 0 after a reported failure.
u32 depth_of(const Case& c, const runtime::EngineOptions& options, u64 bytes) {
  TestEngine engine(options, bytes);
  engine.host("nothing", {}, {}, [](runtime::CallContext&, const Slot*, Slot*) { return runtime::HostStatus::ok; });
  // Imports must come first in the text, so the global follows the case's fields.
  runtime::Instance* instance =
      engine.load(std::string("(module ") + c.fields + " (global $depth (export \"depth\") (mut i32) (i32.const 0)))");
  if (instance == nullptr) return 0;
  EXPECT_EQ(engine.call(*instance, "run"), Outcome::trapped);
  EXPECT_EQ(engine.stack().trap.kind, TrapKind::stack_exhausted);
  const u32 depth = engine.global_u32(*instance, "depth");
  // Exhaustion leaves the store usable, and the second time is like the first.
  EXPECT_EQ(engine.call(*instance, "run"), Outcome::trapped);
  EXPECT_EQ(engine.global_u32(*instance, "depth"), 2 * depth);
  return depth;
}

TEST(StackDepth, IsTheSameInEveryMode) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    for (const u64 bytes : {u64{4096}, u64{65536}, u64{1} << 20}) {
      std::map<std::string, u32> depths;
      for (const Mode& mode : matrix_modes()) depths[mode.name] = depth_of(c, mode.options, bytes);
      for (const auto& [name, depth] : depths) EXPECT_EQ(depth, depths.at("plain")) << name << " with " << bytes;
      EXPECT_GT(depths.at("plain"), 3u);
    }
  }
}

TEST(StackDepth, GrowsByOneFrameAtATime) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    const u64 start = 8192;
    u32 last = depth_of(c, {}, start);
    u32 steps = 0;
    for (u64 bytes = start + 8; bytes <= start + 512; bytes += 8) {
      const u32 depth = depth_of(c, {}, bytes);
      EXPECT_TRUE(depth == last || depth == last + 1) << bytes << " bytes: " << last << " -> " << depth;
      steps += depth - last;
      last = depth;
    }
    EXPECT_GT(steps, 0u) << "more stack never allowed more frames";
  }
}

TEST(StackDepth, ExhaustionIsNotCaughtAsAnException) {
  // Traps pass handlers by; only the count of entries shows that catch_all did not run the tail.
  TestEngine engine;
  runtime::Instance* instance =
      engine.load(R"((module (tag $e) (global $caught (export "caught") (mut i32) (i32.const 0))
      (func $f (export "run") (block $h (try_table (catch_all $h) (call $f)) (return))
        (global.set $caught (i32.const 1)))))");
  ASSERT_NE(instance, nullptr);
  EXPECT_EQ(engine.call(*instance, "run"), Outcome::trapped);
  EXPECT_EQ(engine.stack().trap.kind, TrapKind::stack_exhausted);
  EXPECT_EQ(engine.global_u32(*instance, "caught"), 0u);
}

}  // namespace
}  // namespace dewar::test
