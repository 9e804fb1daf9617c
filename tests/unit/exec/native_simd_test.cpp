// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Programs that work on vectors: the same in every mode, and in compiled code hardly an operation out of line. Each
// stands for a kind of real code: audio, text, images, hashes, physics, threads. V8 gives the same results.
#include "exec_fixture.h"

namespace dewar::test {
namespace {

#if defined(__x86_64__)
constexpr bool kCompiles = true;
#else
constexpr bool kCompiles = false;
#endif

struct Program {
  const char* name;
  const char* wat;
  u64 result;
};

constexpr Program kPrograms[] = {
    {"audio", R"((module (memory 1) (func (export "f") (result i32)
      (local $i i32) (local $gain v128) (local $peak v128) (local $x v128)
      (local.set $gain (f32x4.splat (f32.const 0.5)))
      (loop $fill
        (v128.store offset=1024 (local.get $i)
          (f32x4.convert_i32x4_s (i32x4.mul (i32x4.splat (local.get $i)) (v128.const i32x4 7 -5 3 -1))))
        (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (i32.const 16384))))
      (local.set $i (i32.const 0))
      (loop $mix
        (local.set $x (f32x4.add (f32x4.mul (v128.load offset=1024 (local.get $i)) (local.get $gain))
                                 (v128.load32_splat offset=1028 (local.get $i))))
        (local.set $peak (f32x4.pmax (local.get $peak) (f32x4.abs (local.get $x))))
        (v128.store offset=1024 (local.get $i)
          (f32x4.min (f32x4.max (local.get $x) (f32x4.splat (f32.const -20000))) (f32x4.splat (f32.const 20000))))
        (br_if $mix (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (i32.const 16384))))
      (i32.add (i32.trunc_f32_s (f32x4.extract_lane 0 (local.get $peak)))
               (i32x4.extract_lane 2 (i32x4.trunc_sat_f32x4_s (v128.load offset=9000 (i32.const 0)))))))
    )",
     12576},
    {"text", R"((module (memory 1) (func (export "f") (result i32)
      (local $i i32) (local $lines i32) (local $first i32) (local $x v128) (local $mask v128)
      (loop $fill
        (i32.store8 offset=64 (local.get $i) (i32.rem_u (i32.mul (local.get $i) (i32.const 31)) (i32.const 127)))
        (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096))))
      (local.set $i (i32.const 0))
      (loop $scan
        (local.set $mask (i8x16.eq (local.tee $x (v128.load offset=64 (local.get $i))) (i8x16.splat (i32.const 10))))
        (if (v128.any_true (local.get $mask))
          (then
            (local.set $first (i32.add (local.get $first) (i32.ctz (i8x16.bitmask (local.get $mask)))))
            (local.set $lines (i32.add (local.get $lines) (i32.popcnt (i8x16.bitmask (local.get $mask)))))))
        (v128.store offset=64 (local.get $i)
          (i8x16.sub (local.get $x)
            (v128.and (v128.and (i8x16.ge_u (local.get $x) (i8x16.splat (i32.const 97)))
                                (i8x16.le_u (local.get $x) (i8x16.splat (i32.const 122))))
                      (i8x16.splat (i32.const 32)))))
        (br_if $scan (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (i32.const 4096))))
      (i32.add (i32.mul (local.get $lines) (i32.const 1000))
        (i32.add (local.get $first) (i8x16.extract_lane_u 3 (v128.load offset=80 (i32.const 0)))))))
    )",
     33334},
    {"image", R"((module (memory 1) (func (export "f") (result i32)
      (local $i i32) (local $low v128) (local $high v128) (local $sum v128)
      (loop $fill
        (i32.store offset=64 (local.get $i) (i32.mul (local.get $i) (i32.const 0x9e3779b1)))
        (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 4096))))
      (local.set $i (i32.const 0))
      (loop $blend
        (local.set $low (i16x8.mul (v128.load8x8_u offset=64 (local.get $i)) (i16x8.splat (i32.const 77))))
        (local.set $high (i16x8.extmul_high_i8x16_u (v128.load offset=64 (local.get $i)) (i8x16.splat (i32.const 150))))
        (v128.store offset=64 (local.get $i)
          (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
            (i8x16.narrow_i16x8_u (i16x8.shr_u (local.get $low) (i32.const 8)) (i16x8.shr_u (local.get $high) (i32.const 8)))
            (i8x16.swizzle (v128.load offset=64 (local.get $i)) (v128.const i8x16 3 2 1 0 7 6 5 4 11 10 9 8 15 14 13 12))))
        (v128.store64_lane offset=64 1 (local.get $i) (i8x16.avgr_u (local.get $low) (local.get $high)))
        (local.set $sum (i32x4.add (local.get $sum)
          (i32x4.extadd_pairwise_i16x8_u (i16x8.extadd_pairwise_i8x16_u (v128.load offset=64 (local.get $i))))))
        (br_if $blend (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (i32.const 4096))))
      (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum)))))
    )",
     176662},
    {"hash", R"((module (memory 1) (global $state (mut v128) (v128.const i32x4 1 2 3 4))
      (func $round (param $acc v128) (param $in v128) (result v128)
        (local $x v128)
        (local.set $x (i32x4.add (local.get $acc) (i32x4.mul (local.get $in) (v128.const i32x4 0x85ebca77 0x9e3779b1 0x85ebca77 3))))
        (i32x4.mul (v128.or (i32x4.shl (local.get $x) (i32.const 13)) (i32x4.shr_u (local.get $x) (i32.const 19)))
                   (i32x4.splat (i32.const 0x9e3779b1))))
      (func (export "f") (result i64)
        (local $i i32) (local $acc v128) (local $wide v128)
        (loop $next
          (local.set $acc (call $round (local.get $acc) (i32x4.replace_lane 1 (v128.load (local.get $i)) (local.get $i))))
          (local.set $wide (i64x2.add (local.get $wide)
            (i64x2.mul (i64x2.extmul_low_i32x4_u (local.get $acc) (local.get $acc)) (i64x2.extend_high_i32x4_s (local.get $acc)))))
          (local.set $wide (select (local.get $wide) (v128.not (local.get $wide)) (i64x2.all_true (local.get $wide))))
          (v128.store (local.get $i) (v128.xor (local.get $wide) (i64x2.shr_s (local.get $wide) (local.get $i))))
          (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (i32.const 8192))))
        (global.set $state (v128.bitselect (local.get $acc) (local.get $wide) (global.get $state)))
        (i64.add (i64x2.extract_lane 0 (global.get $state)) (i64x2.extract_lane 1 (global.get $state)))))
    )",
     18446744047939747834u},
    {"physics", R"((module (memory 1) (func (export "f") (result i64)
      (local $i i32) (local $p v128) (local $v v128) (local $d v128) (local $r v128)
      (local.set $p (v128.const f64x2 1.5 -2.25))
      (local.set $v (v128.const f64x2 0.125 0.5))
      (loop $step
        (local.set $d (f64x2.sub (v128.const f64x2 0.0 0.0) (local.get $p)))
        (local.set $r (f64x2.sqrt (f64x2.add (f64x2.mul (local.get $d) (local.get $d)) (f64x2.splat (f64.const 1e-3)))))
        (local.set $v (f64x2.add (local.get $v)
          (f64x2.div (f64x2.mul (local.get $d) (f64x2.splat (f64.const 0.01))) (f64x2.mul (local.get $r) (local.get $r)))))
        (local.set $p (f64x2.add (local.get $p) (f64x2.mul (local.get $v) (f64x2.splat (f64.const 0.01)))))
        (v128.store (local.get $i) (f32x4.demote_f64x2_zero (local.get $p)))
        (local.set $v (v128.bitselect (local.get $v) (f64x2.neg (local.get $v)) (f64x2.lt (f64x2.abs (local.get $p)) (f64x2.splat (f64.const 3)))))
        (br_if $step (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 16))) (i32.const 16000))))
      (i64x2.extract_lane 0 (i64x2.add (local.get $p) (f64x2.promote_low_f32x4 (v128.load (i32.const 800)))))))
    )",
     18436441646127813359u},
    {"threads", R"((module (memory 1 1 shared) (func (export "f") (result i32)
      (local $i i32)
      (loop $next
        (loop $lock (br_if $lock (i32.atomic.rmw.cmpxchg (i32.const 64) (i32.const 0) (i32.const 1))))
        (i32.store (i32.const 68) (i32.add (i32.load (i32.const 68)) (i32.const 3)))
        (atomic.fence)
        (i32.atomic.store (i32.const 64) (i32.const 0))
        (drop (i64.atomic.rmw.add (i32.const 72) (i64.extend_i32_u (local.get $i))))
        (drop (i32.atomic.rmw8.or_u (i32.const 80) (local.get $i)))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
      (i32.add (i32.atomic.load (i32.const 68)) (i32.add (i32.wrap_i64 (i64.atomic.load (i32.const 72)))
               (i32.atomic.load8_u (i32.const 80))))))
    )",
     3000 + 499500 + 255},
};

TEST(NativeSimd, ProgramsOnVectorsRunInlineAndLikeInterpreted) {
  u64 steps = 0, operations = 0;
  for (const Program& program : kPrograms) {
    SCOPED_TRACE(program.name);
    const Did did = run_all(program.wat);
    ASSERT_EQ(did.outcome, runtime::Outcome::returned);
    ASSERT_EQ(did.results.size(), 1U);
    EXPECT_EQ(did.results[0], program.result);
    runtime::EngineOptions options;
    options.tier = runtime::Tier::baseline;
    TestEngine engine(options);
    runtime::Instance* const instance = engine.load(program.wat);
    ASSERT_NE(instance, nullptr);
    const Did compiled = call(engine, *instance, "f");
    if (!kCompiles) GTEST_SKIP() << "no compiler for this machine yet";
    EXPECT_GT(compiled.instructions(), 8000U);
    EXPECT_LE(engine.stack().native_steps * 100, compiled.instructions());
    steps += engine.stack().native_steps;
    operations += compiled.instructions();
  }
  // What is left is done once in a program.
  EXPECT_LE(steps * 1000, operations);
}

TEST(NativeSimd, StepsAreCounted) {
  runtime::EngineOptions options;
  options.tier = runtime::Tier::baseline;
  TestEngine engine(options);
  runtime::Instance* const instance =
      engine.load(R"((module (memory 1) (func (export "f") (result i32) (memory.grow (i32.const 0)))))");
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(call(engine, *instance, "f").outcome, runtime::Outcome::returned);
  EXPECT_EQ(engine.stack().native_steps, kCompiles ? 1U : 0U);
}

}  // namespace
}  // namespace dewar::test
