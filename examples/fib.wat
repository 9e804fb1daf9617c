;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A function to call: dewar run --invoke fib examples/fib.wat 20
(module
  (func $fib (export "fib") (param $n i32) (result i64)
    (if (result i64) (i32.lt_s (local.get $n) (i32.const 2))
      (then (i64.extend_i32_s (local.get $n)))
      (else
        (i64.add (call $fib (i32.sub (local.get $n) (i32.const 1)))
                 (call $fib (i32.sub (local.get $n) (i32.const 2))))))))
