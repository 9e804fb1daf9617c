// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Looking around: what time it is, which machine, which user, what files there are, what random numbers come. The
// answers are the same everywhere; that is checked here against fixed values, and by every attack's second run.
#include <gtest/gtest.h>

#include "attack/attack.h"

namespace dewar::attack {

std::span<const Attack> probing_attacks() {
  static const Attack attacks[] = {
      {"ClockValues", "clock: what the time is",
       R"((func $now (param $id i32) (result i64)
            (call $want (call $clock_time_get (local.get $id) (i64.const 0) (i32.const 64)) #SUCCESS)
            (i64.load (i32.const 64)))
          (func $is (param i32) (call $want (local.get 0) (i32.const 1)))
          (func (export "_start") (local $a i64) (local $b i64)
            ;; 2026-01-01T00:00:00Z and less than a second.
            (local.set $a (call $now (i32.const 0)))
            (call $is (i64.ge_u (local.get $a) (i64.const 1767225600000000000)))
            (call $is (i64.lt_u (local.get $a) (i64.const 1767225601000000000)))
            (local.set $b (call $now (i32.const 0)))
            (call $is (i64.gt_u (local.get $b) (local.get $a)))
            (call $is (i64.lt_u (call $now (i32.const 1)) (i64.const 1000000000)))
            (call $is (i64.lt_u (call $now (i32.const 2)) (i64.const 1000000000)))
            (call $is (i64.lt_u (call $now (i32.const 3)) (i64.const 1000000000)))))"},
      {"ClockIds", "clock: clocks that there are not",
       R"((func (export "_start")
            (call $want (call $clock_time_get (i32.const 4) (i64.const 0) (i32.const 64)) #EINVAL)
            (call $want (call $clock_time_get (i32.const -1) (i64.const 0) (i32.const 64)) #EINVAL)
            (call $want (call $clock_res_get (i32.const 4) (i32.const 64)) #EINVAL)
            (call $want (call $clock_res_get (i32.const 0) (i32.const -1)) #EFAULT)))"},
      {"ClockAsStopwatch", "clock: timing one's own work",
       R"((func $now (result i64)
            (call $want (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 64)) #SUCCESS)
            (i64.load (i32.const 64)))
          (func $work (local $i i32)
            (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const 1000)))))
          (func (export "_start") (local $t i64) (local $first i64) (local $second i64)
            (local.set $t (call $now)) (call $work) (local.set $first (i64.sub (call $now) (local.get $t)))
            (local.set $t (call $now)) (call $work) (local.set $second (i64.sub (call $now) (local.get $t)))
            ;; The same work takes the same time, to the nanosecond.
            (call $want (i64.eq (local.get $first) (local.get $second)) (i32.const 1))))"},
      {"LongSleep", "clock: sleeping for ever",
       R"((func (export "_start")
            (i32.store8 (i32.const 1008) (i32.const 0)) (i32.store (i32.const 1016) (i32.const 1))
            (i64.store (i32.const 1024) (i64.const 0x7000000000000000))
            (call $want (call $poll_oneoff (i32.const 1000) (i32.const 2000) (i32.const 1) (i32.const 8)) #SUCCESS)
            (call $want (i32.load (i32.const 8)) (i32.const 1))
            (call $want (call $poll_oneoff (i32.const 1000) (i32.const 2000) (i32.const 1) (i32.const 8)) #SUCCESS)
            (call $want (call $poll_oneoff (i32.const 1000) (i32.const 2000) (i32.const 1) (i32.const 8)) #SUCCESS)
            (call $want (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 64)) #SUCCESS)))"},
      {"LongWait", "clock: waiting for what never comes, with an end",
       R"((module (import "wasi_snapshot_preview1" "clock_time_get" (func $now (param i32 i64 i32) (result i32)))
            (memory (export "memory") 1 1 shared)
            (func $wait (param i64)
              (if (i32.ne (memory.atomic.wait32 (i32.const 64) (i32.const 0) (local.get 0)) (i32.const 2))
                (then unreachable)))
            (func (export "_start")
              (call $wait (i64.const 3600000000000))
              (if (i32.ne (memory.atomic.wait64 (i32.const 64) (i64.const 0) (i64.const 0)) (i32.const 2))
                (then unreachable))
              (drop (call $now (i32.const 1) (i64.const 0) (i32.const 0)))
              (if (i64.lt_u (i64.load (i32.const 0)) (i64.const 3600000000000)) (then unreachable))
              (if (i64.gt_u (i64.load (i32.const 0)) (i64.const 3600001000000)) (then unreachable))
              (call $wait (i64.const 0x7fffffffffffffff))
              (call $wait (i64.const 0x7fffffffffffffff))
              (call $wait (i64.const 0x7fffffffffffffff)))))"},
      {"EndlessWait", "clock: waiting for what never comes, without an end",
       R"((module (memory 1 1 shared)
            (func (export "_start") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))))",
       "deadlock"},
      {"EndlessWaitInStart", "clock: before the program begins",
       R"((module (memory 1 1 shared)
            (func $f (drop (memory.atomic.wait64 (i32.const 0) (i64.const 0) (i64.const -1))))
            (start $f) (func (export "_start"))))",
       "deadlock"},
      {"RandomStream",
       "random: guessing and repeating",
       R"((func (export "_start")
            (call $want (call $random_get (i32.const 64) (i32.const 16)) #SUCCESS)
            (call $want (call $random_get (i32.const 80) (i32.const 0)) #SUCCESS)
            (call $want (call $random_get (i32.const 0x20000) (i32.const 0)) #SUCCESS)
            (call $want (call $random_get (i32.const 0x20001) (i32.const 0)) #EFAULT)
            (call $want (call $write (i32.const 1) (i32.const 64) (i32.const 8)) #SUCCESS)))",
       "ok",
       {},
       nullptr,
       [](const api::Outcome& outcome) {
         EXPECT_EQ(outcome.random_bytes, 16u);
         ASSERT_TRUE(outcome.out);
         // RFC 8439's block function with an all-zero key, counter and nonce begins so.
         EXPECT_EQ(outcome.out->head, "\x76\xb8\xe0\xad\xa0\xf1\x3d\x90");
       }},
      {"Environment", "environment: variables and arguments of the host",
       R"((func (export "_start")
            (call $want (call $environ_sizes_get (i32.const 64) (i32.const 68)) #SUCCESS)
            (call $want (i32.load (i32.const 64)) (i32.const 0))
            (call $want (i32.load (i32.const 68)) (i32.const 0))
            (call $want (call $environ_get (i32.const 0x20000) (i32.const 0x20000)) #SUCCESS)
            (call $want (call $args_sizes_get (i32.const 64) (i32.const 68)) #SUCCESS)
            (call $want (i32.load (i32.const 64)) (i32.const 1))
            (call $want (i32.load (i32.const 68)) (i32.const 12)))) ;; "attack.wasm" and its NUL)"},
      {"HostFiles",
       "environment: files that tell about the host",
       R"((func (export "_start")
            (call $want (call $open (i32.const 5) @"etc/passwd" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
            (call $want (call $open (i32.const 5) @"proc/self/environ" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
            (call $want (call $open (i32.const 5) @"dev/urandom" (i32.const 0) (i64.const 2)) #ENOTCAPABLE)
            (call $want (call $path_filestat_get (i32.const 5) (i32.const 1) @"etc/shadow" (i32.const 64)) #ENOENT)
            (call $want (call $path_readlink (i32.const 5) @"proc/self/exe" (i32.const 64) (i32.const 100) (i32.const 8)) #ENOENT)))",
       "ok",
       {"path_open not-mounted ENOTCAPABLE", "path_open not-mounted ENOTCAPABLE", "path_open not-mounted ENOTCAPABLE"},
       nullptr,
       [](const api::Outcome& outcome) {
         ASSERT_EQ(outcome.probes.size(), 2u);
         EXPECT_EQ(outcome.probes[0].path, "/etc/shadow");
         EXPECT_EQ(outcome.probes[1].path, "/proc/self/exe");
       }},
      {"FileMetadata", "environment: inode numbers, devices, times and sizes of folders",
       R"((func $is (param i64 i64) (call $want (i64.eq (local.get 0) (local.get 1)) (i32.const 1)))
          (func (export "_start")
            (call $want (call $path_filestat_get (i32.const 4) (i32.const 0) @"file" (i32.const 64)) #SUCCESS)
            (call $is (i64.load (i32.const 64)) (i64.const 3))        ;; device: the second mount
            (call $is (i64.load (i32.const 72)) (i64.const 3))        ;; the third file met: /rw, /ro, this
            (call $is (i64.load (i32.const 96)) (i64.const 9))        ;; size
            (call $is (i64.load (i32.const 112)) (i64.const 1767225600000000000))
            (call $want (call $path_filestat_get (i32.const 4) (i32.const 0) @"dir" (i32.const 64)) #SUCCESS)
            (call $is (i64.load (i32.const 72)) (i64.const 4))
            (call $is (i64.load (i32.const 88)) (i64.const 1))        ;; links
            (call $is (i64.load (i32.const 96)) (i64.const 0))
            (call $want (call $fd_filestat_get (i32.const 1) (i32.const 64)) #SUCCESS)
            (call $is (i64.load (i32.const 96)) (i64.const 0))))"},
      {"AboveAMount",
       "environment: what is above a granted folder",
       R"((func (export "_start")
            (call $want (call $fd_readdir (i32.const 4) (i32.const 64) (i32.const 1000) (i64.const 0) (i32.const 8)) #SUCCESS)
            ;; "." and "..": the same number, as there is nothing above.
            (call $want (i64.eq (i64.load (i32.const 72)) (i64.load (i32.const 97))) (i32.const 1))
            (call $want (call $path_filestat_get (i32.const 4) (i32.const 1) @".." (i32.const 64)) #ENOTCAPABLE)
            (call $want (call $open (i32.const 4) @"dir/../.." (i32.const 2) (i64.const 0x4000)) #ENOTCAPABLE)))",
       "ok",
       {"path_filestat_get path-escape ENOTCAPABLE", "path_open path-escape ENOTCAPABLE"}},
      {"Terminals",
       "environment: is anybody watching",
       R"((func (export "_start")
            (call $want (call $fd_fdstat_get (i32.const 0) (i32.const 64)) #SUCCESS)
            (call $want (i32.load8_u (i32.const 64)) (i32.const 0))
            (call $want (call $fd_fdstat_get (i32.const 1) (i32.const 64)) #SUCCESS)
            (call $want (i32.load8_u (i32.const 64)) (i32.const 0))
            (call $want (call $read (i32.const 0) (i32.const 64) (i32.const 100)) #SUCCESS)
            (call $want (i32.load (i32.const 8)) (i32.const 0))))",
       "ok",
       {"fd_read stdin-not-granted end of file"}},
  };
  return attacks;
}

}  // namespace dewar::attack
