// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pointers, counts and lengths: huge, wrapping, unaligned, overlapping; and what the host leaves behind in what it
// writes.
#include "attack/attack.h"

namespace dewar::attack {

std::span<const Attack> memory_attacks() {
  static const Attack attacks[] = {
      {"HugeVectorCounts", "counts: arrays of buffers",
       R"((func (export "_start")
         (call $want (call $fd_write (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 8)) #EINVAL)
         (call $want (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1025) (i32.const 8)) #EINVAL)
         (call $want (call $fd_write (i32.const 1) (i32.const 0x1fffc) (i32.const 1024) (i32.const 8)) #EFAULT)
         (call $want (call $fd_read (i32.const 0) (i32.const 0) (i32.const 0x20000001) (i32.const 8)) #EINVAL)
         (call $want (call $fd_write (i32.const 1) (i32.const 64) (i32.const 1024) (i32.const 8)) #SUCCESS)))"},
      {"HugeBuffers", "counts: lengths of buffers",
       R"((func (export "_start") (local $i i32)
         (loop $fill
           (i32.store (i32.add (i32.const 1024) (i32.mul (local.get $i) (i32.const 8))) (i32.const 0))
           (i32.store (i32.add (i32.const 1028) (i32.mul (local.get $i) (i32.const 8))) (i32.const -1))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $fill (i32.lt_u (local.get $i) (i32.const 1024))))
         (call $want (call $fd_write (i32.const 1) (i32.const 1024) (i32.const 1024) (i32.const 8)) #EFAULT)
         (call $want (call $fd_read (i32.const 0) (i32.const 1024) (i32.const 1024) (i32.const 8)) #EFAULT)
         (call $want (call $random_get (i32.const 0) (i32.const -1)) #EFAULT)
         (call $want (call $fd_readdir (i32.const 3) (i32.const 64) (i32.const -1) (i64.const 0) (i32.const 8)) #EFAULT)
         (call $want (call $path_readlink (i32.const 3) @"out" (i32.const 64) (i32.const -1) (i32.const 8)) #EFAULT)
         (call $want (call $poll_oneoff (i32.const 64) (i32.const 64) (i32.const -1) (i32.const 8)) #EINVAL)
         (call $want (call $poll_oneoff (i32.const 64) (i32.const 64) (i32.const 0) (i32.const 8)) #EINVAL)
         (call $want (call $poll_oneoff (i32.const 0x1fff0) (i32.const 64) (i32.const 1) (i32.const 8)) #EFAULT)
         (call $want (call $fd_prestat_dir_name (i32.const 3) (i32.const -4) (i32.const -1)) #EFAULT)))"},
      {"ByteBudget", "host memory: CVE-2026-27204, more bytes than one call may move",
       R"((func (export "_start") (local $i i32)
         (drop (memory.grow (i32.const 400)))
         ;; Ten buffers of 25 MiB, the same each time: a short count, not an allocation of 250 MiB.
         (loop $fill
           (i32.store (i32.add (i32.const 1024) (i32.mul (local.get $i) (i32.const 8))) (i32.const 0))
           (i32.store (i32.add (i32.const 1028) (i32.mul (local.get $i) (i32.const 8))) (i32.const 26214400))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $fill (i32.lt_u (local.get $i) (i32.const 10))))
         (call $want (call $fd_write (i32.const 1) (i32.const 1024) (i32.const 10) (i32.const 8)) #SUCCESS)
         ;; 64 MiB, less the array of ten buffers that was read and what is kept back to tell this number.
         (call $want (i32.load (i32.const 8)) (i32.const 67108776))))"},
      {"WrappingPointers", "pointers: ranges that wrap around",
       R"((func (export "_start")
         (i32.store (i32.const 16) (i32.const -8)) (i32.store (i32.const 20) (i32.const 16))
         (call $want (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)) #EFAULT)
         (call $want (call $fd_write (i32.const 1) (i32.const -8) (i32.const 2) (i32.const 8)) #EFAULT)
         (call $want (call $fd_fdstat_get (i32.const 3) (i32.const -1)) #EFAULT)
         (call $want (call $fd_fdstat_get (i32.const 3) (i32.const 0x1ffe9)) #EFAULT)
         (call $want (call $fd_fdstat_get (i32.const 3) (i32.const 0x1ffe8)) #SUCCESS)
         (call $want (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const -7)) #EFAULT)
         (call $want (call $random_get (i32.const -16) (i32.const 32)) #EFAULT)
         (call $want (call $args_sizes_get (i32.const 0x1fffd) (i32.const 0)) #EFAULT)
         (call $want (call $args_get (i32.const 0) (i32.const 0x1fffe)) #EFAULT)
         (call $want (call $path_unlink_file (i32.const 3) (i32.const -2) (i32.const 8)) #EFAULT)
         (call $want (call $open (i32.const 3) (i32.const 0x1fffe) (i32.const 8) (i32.const 0) (i64.const 2)) #EFAULT)))"},
      {"ResultPointers", "pointers: a bad place for the result of a change",
       R"((func (export "_start")
         (call $want (call $open (i32.const 3) @"file" (i32.const 0) (i64.const 70)) #SUCCESS)
         (i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const 3))
         ;; Nothing is written, read or moved if the number cannot be told.
         (call $want (call $fd_write (call $fd) (i32.const 16) (i32.const 1) (i32.const 0x1fffd)) #EFAULT)
         (call $want (call $fd_read (call $fd) (i32.const 16) (i32.const 1) (i32.const -1)) #EFAULT)
         (call $want (call $fd_seek (call $fd) (i64.const 2) (i32.const 0) (i32.const 0x1fffa)) #EFAULT)
         (call $want (call $fd_read (call $fd) (i32.const 16) (i32.const 1) (i32.const 8)) #SUCCESS)
         (call $want (i32.and (i32.load (i32.const 64)) (i32.const 0xffffff)) (i32.const 0x736e69)) ;; "ins"
         (call $want (call $path_open (i32.const 3) (i32.const 1) @"made" (i32.const 1) (i64.const 2) (i64.const 2)
           (i32.const 0) (i32.const -3)) #EFAULT)
         (call $want (call $open (i32.const 3) @"file" (i32.const 0) (i64.const 2)) #SUCCESS)
         (call $want (call $fd) (i32.const 7))))"},
      {"UnalignedPointers", "pointers: every struct at odd addresses",
       R"((func (export "_start")
         (call $want (call $fd_fdstat_get (i32.const 3) (i32.const 1001)) #SUCCESS)
         (call $want (i32.load8_u (i32.const 1001)) (i32.const 3))
         (call $want (call $path_filestat_get (i32.const 3) (i32.const 0) @"file" (i32.const 1003)) #SUCCESS)
         (call $want (i32.load (i32.const 1035)) (i32.const 6))
         (call $want (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 1007)) #SUCCESS)
         (i32.store (i32.const 1013) (i32.const 0x8000)) (i32.store (i32.const 1017) (i32.const 2))
         (call $want (call $fd_write (i32.const 1) (i32.const 1013) (i32.const 1) (i32.const 1023)) #SUCCESS)
         (call $want (i32.load (i32.const 1023)) (i32.const 2))
         (call $want (call $args_get (i32.const 1031) (i32.const 1051)) #SUCCESS)
         (call $want (i32.load (i32.const 1031)) (i32.const 1051))))"},
      {"OverlappingBuffers", "overlap: buffers over the array that lists them",
       R"((func (export "_start")
         (call $want (call $open (i32.const 4) @"file" (i32.const 0) (i64.const 6)) #SUCCESS)
         ;; The first buffer covers the entry of the second one, which was copied before.
         (i32.store (i32.const 1000) (i32.const 1004)) (i32.store (i32.const 1004) (i32.const 4))
         (i32.store (i32.const 1008) (i32.const 2000)) (i32.store (i32.const 1012) (i32.const 5))
         (call $want (call $fd_read (call $fd) (i32.const 1000) (i32.const 2) (i32.const 8)) #SUCCESS)
         (call $want (i32.load (i32.const 8)) (i32.const 9))
         (call $want (i32.load (i32.const 1004)) (i32.const 0x64616572))    ;; "read"
         (call $want (i32.load (i32.const 2001)) (i32.const 0x796c6e6f))    ;; "only"
         ;; The number of bytes is stored last, over the buffer.
         (call $want (call $fd_seek (call $fd) (i64.const 0) (i32.const 0) (i32.const 64)) #SUCCESS)
         (i32.store (i32.const 16) (i32.const 8)) (i32.store (i32.const 20) (i32.const 9))
         (call $want (call $fd_read (call $fd) (i32.const 16) (i32.const 1) (i32.const 8)) #SUCCESS)
         (call $want (i32.load (i32.const 8)) (i32.const 9))))"},
      {"OverlappingPoll", "overlap: events over their own subscriptions",
       R"((func (export "_start")
         (i64.store (i32.const 1000) (i64.const 11)) (i32.store8 (i32.const 1008) (i32.const 2)) (i32.store (i32.const 1016) (i32.const 1))
         (i64.store (i32.const 1048) (i64.const 22)) (i32.store8 (i32.const 1056) (i32.const 2)) (i32.store (i32.const 1064) (i32.const 2))
         (call $want (call $poll_oneoff (i32.const 1000) (i32.const 1000) (i32.const 2) (i32.const 8)) #SUCCESS)
         (call $want (i32.load (i32.const 8)) (i32.const 2))
         (call $want (i32.load (i32.const 1000)) (i32.const 11))
         (call $want (i32.load (i32.const 1032)) (i32.const 22))))"},
      {"OverlappingPaths", "overlap: the result over the path",
       R"((func (export "_start")
         (i32.store (i32.const 1000) (i32.const 0x6b636162)) ;; "back"
         (call $want (call $open (i32.const 3) @"dir" (i32.const 2) (i64.const 0x8000)) #SUCCESS)
         (call $want (call $path_readlink (call $fd) (i32.const 1000) (i32.const 4) (i32.const 1000) (i32.const 100)
           (i32.const 1000)) #SUCCESS)
         (call $want (i32.load (i32.const 1000)) (i32.const 7))
         (call $want (i32.load8_u (i32.const 1004)) (i32.const 105)) ;; "../file" shows behind the number
         (i32.store (i32.const 1000) (i32.const 0x656c6966)) ;; "file"
         (call $want (call $path_filestat_get (i32.const 3) (i32.const 0) (i32.const 1000) (i32.const 4) (i32.const 1000))
           #SUCCESS)
         (call $want (i32.load (i32.const 1032)) (i32.const 6))))"},
      {"PaddingLeak", "padding: GHSA-96f6, host memory in the gaps of structs",
       R"((func $zero (param $from i32) (param $to i32)
           (loop $again
             (call $want (i32.load8_u (local.get $from)) (i32.const 0))
             (local.set $from (i32.add (local.get $from) (i32.const 1)))
             (br_if $again (i32.lt_u (local.get $from) (local.get $to)))))
         (func (export "_start")
           (memory.fill (i32.const 1000) (i32.const 0xff) (i32.const 4000))
           (call $want (call $fd_fdstat_get (i32.const 3) (i32.const 1000)) #SUCCESS)
           (call $zero (i32.const 1001) (i32.const 1008))
           (call $want (call $fd_prestat_get (i32.const 3) (i32.const 1100)) #SUCCESS)
           (call $zero (i32.const 1100) (i32.const 1104))
           (call $want (call $path_filestat_get (i32.const 3) (i32.const 0) @"file" (i32.const 1200)) #SUCCESS)
           (call $zero (i32.const 1217) (i32.const 1224))
           (call $want (call $fd_filestat_get (i32.const 1) (i32.const 1300)) #SUCCESS)
           (call $zero (i32.const 1317) (i32.const 1324))
           (call $want (call $fd_readdir (i32.const 3) (i32.const 1400) (i32.const 24) (i64.const 0) (i32.const 8)) #SUCCESS)
           (call $zero (i32.const 1421) (i32.const 1424))
           (i64.store (i32.const 1500) (i64.const 1)) (i32.store8 (i32.const 1508) (i32.const 2)) (i32.store (i32.const 1516) (i32.const 1))
           (call $want (call $poll_oneoff (i32.const 1500) (i32.const 1600) (i32.const 1) (i32.const 8)) #SUCCESS)
           (call $zero (i32.const 1611) (i32.const 1616))
           (call $zero (i32.const 1624) (i32.const 1632))
           (call $want (i32.load8_u (i32.const 1632)) (i32.const 0xff))))"},
      {"NoMemory", "pointers: a caller without memory",
       R"((module
         (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
         (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
         (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
         (func (export "_start")
           (if (i32.ne (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0)) #EFAULT)
             (then (call $proc_exit (i32.const 1))))
           (if (i32.ne (call $random_get (i32.const 0) (i32.const 0)) #EFAULT) (then (call $proc_exit (i32.const 2)))))))"},
      {"ExtremeOffsets", "counts: positions and sizes at the ends of 64 bits",
       R"((func (export "_start")
         (call $want (call $open (i32.const 3) @"new" (i32.const 1) (i64.const 0x4001c6)) #SUCCESS)
         (i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const 3))
         (call $want (call $fd_pread (call $fd) (i32.const 16) (i32.const 1) (i64.const -1) (i32.const 8)) #EINVAL)
         (call $want (call $fd_pwrite (call $fd) (i32.const 16) (i32.const 1) (i64.const -1) (i32.const 8)) #EFBIG)
         (call $want (call $fd_filestat_set_size (call $fd) (i64.const -1)) #EINVAL)
         (call $want (call $fd_allocate (call $fd) (i64.const 0x7fffffffffffffff) (i64.const 1)) #EFBIG)
         (call $want (call $fd_allocate (call $fd) (i64.const -1) (i64.const -1)) #EFBIG)
         (call $want (call $fd_advise (call $fd) (i64.const -1) (i64.const -1) (i32.const 0)) #EINVAL)
         (call $want (call $fd_advise (call $fd) (i64.const 0) (i64.const 0) (i32.const 6)) #EINVAL)
         (call $want (call $fd_seek (call $fd) (i64.const 0x7fffffffffffffff) (i32.const 0) (i32.const 64)) #SUCCESS)
         (call $want (call $fd_seek (call $fd) (i64.const 1) (i32.const 1) (i32.const 64)) #EOVERFLOW)
         (call $want (call $fd_seek (call $fd) (i64.const 0x8000000000000000) (i32.const 0) (i32.const 64)) #EINVAL)
         (call $want (call $fd_seek (call $fd) (i64.const 0) (i32.const 3) (i32.const 64)) #EINVAL)
         (call $want (call $fd_readdir (i32.const 3) (i32.const 64) (i32.const 100) (i64.const -1) (i32.const 8)) #SUCCESS)
         (call $want (i32.load (i32.const 8)) (i32.const 0))))"},
  };
  return attacks;
}

}  // namespace dewar::attack
