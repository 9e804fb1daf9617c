// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules whose export "f" (i32 -> i64) walks through every kind of control there is, for tests that observe execution
// from outside: nothing they do may change the result.
#pragma once

#include <string_view>

namespace dewar::test {

struct Program {
  const char* name;
  const char* wat;
  unsigned argument;
};

inline constexpr Program kPrograms[] = {
    {"branches", R"((module (func (export "f") (param i32) (result i64) (local $s i64) (local $v v128)
        (block $out (loop $top
          (local.set $s (i64.add (local.get $s) (block $a (result i64)
            (block $b (result i64) (block $c (result i64)
              (i64.const 7) (i64.const 100) (br_table $a $b $c (i32.rem_u (local.get 0) (i32.const 4)))) (i64.const 3) (i64.mul))
            (i64.const 11) (i64.add))))
          (local.set $v (i64x2.add (local.get $v) (i64x2.splat (local.get $s))))
          (br_if $out (i32.eqz (local.get 0)))
          (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
          (if (i32.and (local.get 0) (i32.const 1)) (then (br $top)) (else (nop)))
          (br $top)))
        (i64.add (local.get $s) (i64x2.extract_lane 1 (local.get $v))))))",
     17},
    {"memory", R"((module (memory 1) (func (export "f") (param i32) (result i64) (local $i i32) (local $s i64)
        (loop $l
          (i32.store (i32.shl (local.get $i) (i32.const 2)) (i32.mul (local.get $i) (local.get 0)))
          (i64.store offset=4096 (i32.shl (local.get $i) (i32.const 3)) (i64.extend_i32_u (local.get $i)))
          (local.set $s (i64.add (local.get $s) (i64.extend_i32_u (i32.load (i32.shl (local.get $i) (i32.const 2))))))
          (local.set $s (i64.add (local.get $s) (i64.load offset=4096 (i32.shl (local.get $i) (i32.const 3)))))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 50))))
        (memory.copy (i32.const 8) (i32.const 0) (i32.const 100000000)) (local.get $s))
      (func (export "unused"))))",
     3},
    {"calls", R"((module (type $t (func (param i32) (result i64))) (table funcref (elem $one $two))
        (func $one (type $t) (i64.extend_i32_u (local.get 0)))
        (func $two (type $t) (return_call $one (i32.mul (local.get 0) (i32.const 2))))
        (func $pair (param i32) (result i64 i64) (call $one (local.get 0)) (call $two (local.get 0)))
        (func $fib (param i32) (result i64)
          (if (result i64) (i32.lt_s (local.get 0) (i32.const 2)) (then (call $one (local.get 0)))
            (else (i64.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                           (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
        (elem declare func $two)
        (func (export "f") (param i32) (result i64)
          (i64.add (call $fib (local.get 0)) (i64.add (call $pair (local.get 0)) (i64.add)
            (call_indirect (type $t) (local.get 0) (i32.and (local.get 0) (i32.const 1)))) 
          (call_ref $t (local.get 0) (ref.func $two)) (i64.add)))))",
     10},
    {"exceptions", R"((module (tag $e (param i64)) (tag $x (param i64 v128))
        (func $t (param i32) (if (i32.and (local.get 0) (i32.const 1)) (then (throw $e (i64.extend_i32_u (local.get 0)))))
          (throw $x (i64.const 5) (v128.const i64x2 6 7)))
        (func $catch (param i32) (result i64)
          (i64.const 1) (block $h (result i64) (block $h2 (result i64 v128 exnref)
            (try_table (catch $e $h) (catch_ref $x $h2) (call $t (local.get 0))) (unreachable))
            (drop) (i64x2.extract_lane 1) (i64.add)) (i64.add))
        (func (export "f") (param i32) (result i64) (local $s i64)
          (loop $l (local.set $s (i64.add (local.get $s) (call $catch (local.get 0))))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (local.get $s))))",
     20},
    {"legacy", R"((module (tag $e (param i64)) (tag $x)
        (func $t (param i32) (if (i32.and (local.get 0) (i32.const 1)) (then (throw $e (i64.extend_i32_u (local.get 0)))))
          (throw $x))
        (func $catch (param i32) (result i64)
          (i64.const 40)
          (try (result i64) (do
            (try (result i64) (do (call $t (local.get 0)) (i64.const 0))
              (catch $e (i64.const 2) (i64.mul) (drop) (rethrow 0))
              (catch_all (try (do (nop) (rethrow 1)) (delegate 1)) (i64.const 9))))
            (catch $e (i64.const 3) (try (result i64) (do (throw $x)) (catch_all (i64.const 4))) (i64.add) (i64.add))
            (catch_all (i64.const 77)))
          (i64.add))
        (func (export "f") (param i32) (result i64) (local $s i64)
          (loop $l (local.set $s (i64.add (local.get $s) (call $catch (local.get 0))))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (local.get $s))))",
     20},
    {"references",
     R"((module (type $s (struct (field (mut i64)) (field (ref null $s)))) (type $a (array (mut (ref null $s))))
        (func $make (param i32) (param $next (ref null $s)) (result (ref $s))
          (struct.new $s (i64.extend_i32_u (local.get 0)) (local.get $next)))
        (func $chain (param i32) (result (ref null $s)) (local $r (ref null $s))
          (loop $l (local.set $r (call $make (local.get 0) (local.get $r)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (local.get $r))
        (func $sum (param $r (ref null $s)) (result i64) (local $t i64)
          (block $end (loop $l
            (br_on_null $end (local.get $r))
            (struct.get $s 0) (local.get $t) (i64.add) (local.set $t)
            (local.set $r (struct.get $s 1 (local.get $r))) (br $l)))
          (local.get $t))
        (func (export "f") (param i32) (result i64) (local $x (ref null $a)) (local $t i64)
          (local.set $x (array.new $a (ref.null $s) (i32.const 8)))
          (array.set $a (local.get $x) (i32.const 3) (call $chain (local.get 0)))
          (call $chain (i32.const 5)) (call $chain (i32.const 6))
          (array.copy $a $a (local.get $x) (i32.const 0) (local.get $x) (i32.const 2) (i32.const 4))
          (local.set $t (call $sum)) (call $sum)
          (i64.add (i64.mul (local.get $t) (call $sum (ref.cast (ref $s) (array.get $a (local.get $x) (i32.const 1)))))))))",
     12},
};

}  // namespace dewar::test
