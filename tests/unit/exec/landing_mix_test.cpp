// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exceptions of both kinds in one function, where compiled frames catch: clauses that name the label of a legacy try,
// from its do part and from a catch block, of a try that delegates, of an `if` with and without parameters; delegates
// out of a try_table; catching labels in br_table and behind code that can not be reached.
#include "exec_fixture.h"

namespace dewar::test {
namespace {

using runtime::Outcome;

constexpr std::string_view kWat = R"((module
 (tag $i (param i32)) (tag $d (param f64)) (tag $n)
 (func $throw (param $k i32) (param $v i32)
   (if (i32.eq (local.get $k) (i32.const 0)) (then (throw $n)))
   (if (i32.eq (local.get $k) (i32.const 1)) (then (throw $i (local.get $v))))
   (if (i32.eq (local.get $k) (i32.const 2)) (then (throw $d (f64.convert_i32_s (local.get $v))))))
 ;; a clause names a legacy try's label from the do part
 (func $a (param $k i32) (result i32) (local $x i32) (local $y f64)
   (local.set $x (i32.const 5)) (local.set $y (f64.convert_i32_s (local.get $k)))
   (i32.const 1000)
   (try $t (result i32)
     (do
       (try_table (catch $i $t) (call $throw (local.get $k) (i32.const 77)))
       (local.set $x (i32.add (local.get $x) (i32.const 1)))
       (i32.const 3))
     (catch $n (i32.const 4))
     (catch_all (i32.const 9)))
   (i32.add) (i32.add (local.get $x)) (i32.add (i32.trunc_f64_s (local.get $y))))
 ;; from within a legacy catch block: label of the try, of the loop around
 (func $b (param $k i32) (result i32) (local $s i32) (local $c i32)
   (loop $l
     (local.set $c (i32.add (local.get $c) (i32.const 1)))
     (try $t
       (do (call $throw (i32.const 1) (local.get $c)))
       (catch $i
         (local.set $s (i32.add (local.get $s)))
         (if (i32.lt_u (local.get $c) (i32.const 4))
           (then (try_table (catch_all $l) (call $throw (local.get $k) (i32.const 1)))))
         (try_table (catch_all $t) (call $throw (i32.const 0) (i32.const 1)))
         (local.set $s (i32.add (local.get $s) (i32.const 10000))))))
   (i32.add (i32.mul (local.get $s) (i32.const 100)) (local.get $c)))
 ;; catch block with results below hidden exception, clause to label with single result
 (func $c (param $k i32) (result i32) (local $x f64)
   (i32.const 7)
   (try $t (result f64)
     (do (call $throw (i32.const 1) (i32.const 3)) (f64.const 1))
     (catch $i (drop)
        (f64.const 2.5)
        (drop)
        (block $inner (try_table (catch $d $t) (call $throw (i32.const 2) (i32.const 40))))
        (f64.const 8)))
   (i32.trunc_f64_s) (i32.add))
 ;; delegate: clause names the label of a try that delegates
 (func $d (param $k i32) (result i32) (local $x i32)
   (local.set $x (i32.add (local.get $k) (i32.const 1)))
   (try (result i32)
     (do
       (try $t (result i32)
         (do (try_table (catch $i $t) (local.set $x (i32.mul (local.get $x) (i32.const 3))) (call $throw (local.get $k) (i32.const 8))) (i32.const 1))
         (delegate 0))
       (i32.add (local.get $x)))
     (catch_all (i32.add (local.get $x) (i32.const 500)))))
 ;; delegate out of a try_table; to the function
 (func $e (param $k i32) (result i32) (local $x i32)
   (local.set $x (local.get $k))
   (block $o (result i32)
     (try_table $tt (catch $i $o)
       (try (do (call $throw (local.get $k) (i32.const 31))) (delegate $tt))
       (try_table (catch_all 0) (try (do (call $throw (local.get $k) (i32.const 32))) (delegate $tt)))
       (local.set $x (i32.const 66)))
     (i32.add (local.get $x) (i32.const 1))))
 ;; if without else named, with locals
 (func $f (param $k i32) (result i32) (local $x i32) (local $y i64)
   (local.set $x (i32.add (local.get $k) (i32.const 11)))
   (local.set $y (i64.const 5))
   (if $h (local.get $k)
     (then (local.set $y (i64.add (local.get $y) (i64.extend_i32_u (local.get $x))))
       (try_table (catch_all $h) (local.set $x (i32.const 1)) (call $throw (i32.const 0) (i32.const 0)))
       (local.set $x (i32.const 99)) (unreachable)))
   (i32.add (local.get $x) (i32.wrap_i64 (local.get $y))))
 ;; if with parameters, result
 (func $g (param $k i32) (result i32) (local $x i32)
   (local.set $x (i32.const 3))
   (i32.const 21)
   (if $h (param i32) (result i32) (local.get $k)
     (then (try_table (catch $i $h) (local.set $x (i32.const 6)) (call $throw (i32.const 1) (local.get $k))) (i32.add (i32.const 100))))
   (i32.add (local.get $x)))
 ;; caught label which nobody jumps to and after which code is reached, dead code in between
 (func $h (param $k i32) (result i32) (local $x i32) (local $q v128)
   (local.set $q (i32x4.splat (local.get $k)))
   (block $o
     (block $p
       (try_table (catch_all $p) (call $throw (local.get $k) (i32.const 1)))
       (return (i32.const -1))
       (try_table (catch_all $o) (call $throw (local.get $k) (i32.const 1))) ;; dead
       (br $o))
     (local.set $x (i32.const 5))
     (return (i32.add (local.get $x) (i32x4.extract_lane 1 (local.get $q)))))
   (i32.const -2))
 ;; br_table among labels, one of which is caught; result in register
 (func $j (param $k i32) (result i32) (local $x i32)
   (local.set $x (i32.add (local.get $k) (i32.const 2)))
   (block $a (result i32)
     (block $b (result i32)
       (try_table (catch $i $a) (catch $i $b) (call $throw (local.get $k) (i32.const 9)))
       (i32.const 50)
       (br_table $a $b 2 (local.get $k)))
     (i32.add (i32.const 200)))
   (i32.add (local.get $x)))
 (func (export "f") (result i64) (local $i i32) (local $s i64)
   (loop $l
     (local.set $s (i64.add (i64.mul (local.get $s) (i64.const 31)) (i64.extend_i32_s (call $a (local.get $i)))))
     (local.set $s (i64.add (i64.mul (local.get $s) (i64.const 31)) (i64.extend_i32_s (call $b (local.get $i)))))
     (local.set $s (i64.add (i64.mul (local.get $s) (i64.const 31)) (i64.extend_i32_s (call $c (local.get $i)))))
     (local.set $s (i64.add (i64.mul (local.get $s) (i64.const 31)) (i64.extend_i32_s (call $d (local.get $i)))))
     (if (i32.eq (local.get $i) (i32.const 1)) (then
       (local.set $s (i64.add (i64.mul (local.get $s) (i64.const 31)) (i64.extend_i32_s (call $e (local.get $i)))))))
     (local.set $s (i64.add (i64.mul (local.get $s) (i64.const 31)) (i64.extend_i32_s (call $f (local.get $i)))))
     (local.set $s (i64.add (i64.mul (local.get $s) (i64.const 31)) (i64.extend_i32_s (call $g (local.get $i)))))
     (if (i32.lt_u (local.get $i) (i32.const 3)) (then
     (local.set $s (i64.add (i64.mul (local.get $s) (i64.const 31)) (i64.extend_i32_s (call $h (local.get $i)))))))
     (if (i32.eq (local.get $i) (i32.const 1)) (then
     (local.set $s (i64.add (i64.mul (local.get $s) (i64.const 31)) (i64.extend_i32_s (call $j (local.get $i)))))))
     (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
   (local.get $s))))";

Did run(const runtime::EngineOptions& options, i64 fuel = kPlenty) {
  TestEngine engine(options);
  runtime::Instance* const instance = engine.load(kWat);
  if (instance == nullptr) return {};
  return call(engine, *instance, "f", {}, fuel);
}

TEST(NativeLandingMix, EveryTierAndManyAmountsOfFuel) {
  runtime::EngineOptions compiled, at_random;
  compiled.tier = runtime::Tier::baseline;
  at_random.tier = runtime::Tier::random;
  const Did all = run({});
  ASSERT_EQ(all.outcome, Outcome::returned);
  EXPECT_EQ(run(compiled), all);
  for (i64 fuel = 0; fuel <= all.fuel; fuel += 3) {
    const Did wanted = run({}, fuel);
    ASSERT_EQ(run(compiled, fuel), wanted) << fuel;
    at_random.tiering.seed = static_cast<u64>(fuel) + 1;
    ASSERT_EQ(run(at_random, fuel), wanted) << fuel;
  }
}

}  // namespace
}  // namespace dewar::test
