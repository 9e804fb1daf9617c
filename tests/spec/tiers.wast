;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; Calls, returns and loops that the official suite has few of where tiers are changed at random: loops with operands on
;; the stack, three frames deep, behind a caught exception, and in frames that were tail-called.
(module
  (tag $e (param i32))
  (func $leaf (param i32) (result i32) (i32.add (i32.mul (local.get 0) (i32.const 3)) (i32.const 1)))
  (func $work (param $n i32) (result i32) (local $s i32)
    (i32.const 7)
    (loop $l (param i32) (result i32)
      (local.set $s (i32.add (local.get $s) (call $leaf (local.get $n))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (local.get $s)))
  (func $tail (param i32) (result i32) (return_call $work (local.get 0)))
  (func $deep (param i32) (result i32) (i32.const 1) (call $tail (local.get 0)) (i32.add))
  (func $throws (param i32) (if (i32.and (local.get 0) (i32.const 1)) (then (throw $e (local.get 0)))))
  (func $handler (param $n i32) (result i32) (local $s i32)
    (block $h (result i32)
      (try_table (catch $e $h) (call $throws (i32.const 1)))
      (i32.const 1000))
    (loop $l (param i32) (result i32)
      (local.set $s (i32.add (local.get $s) (call $leaf (local.get $n))))
      (i32.add (i32.const 1))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (local.get $s)))
  (func $tail_handler (param i32) (result i32) (return_call $handler (local.get 0)))
  (func $middle (param i32) (result i32) (i32.add (call $deep (local.get 0)) (call $tail_handler (local.get 0))))
  (func (export "run") (param $n i32) (result i32) (local $s i32)
    (loop $l
      (local.set $s (i32.add (local.get $s) (call $middle (i32.const 20))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)))

(assert_return (invoke "run" (i32.const 600)) (i32.const 797400))
