;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; The smallest program that says something: one call of WASI's fd_write.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\08\00\00\00\13\00\00\00")  ;; one buffer: 19 bytes at 8
  (data (i32.const 8) "hello from a dewar\n")
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 28)))))
