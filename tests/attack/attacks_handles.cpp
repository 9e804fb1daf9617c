// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Confusion of handles: renumbering, reuse of numbers, exhaustion, files that are no files, sockets that nobody
// granted.
#include <gtest/gtest.h>

#include "attack/attack.h"

namespace dewar::attack {

std::span<const Attack> handle_attacks() {
  static const Attack attacks[] = {
      {"RenumberOverStdout",
       "renumber: a read-only file becomes standard output",
       R"((func (export "_start")
         (call $want (call $open (i32.const 4) @"file" (i32.const 0) (i64.const 2)) #SUCCESS)
         (call $want (call $fd_renumber (call $fd) (i32.const 1)) #SUCCESS)
         (call $want (call $write (i32.const 1) @"overwritten") #ENOTCAPABLE)
         (call $want (call $write (call $fd) @"x") #EBADF)))",
       "ok",
       {"fd_write mount-lacks-right ENOTCAPABLE"}},
      {"RenumberReadOnlyOverWritable",
       "renumber: rights go with the handle, not with the number",
       R"((func (export "_start")
         (call $want (call $fd_renumber (i32.const 4) (i32.const 3)) #SUCCESS)
         (call $want (call $path_unlink_file (i32.const 3) @"file") #ENOTCAPABLE)
         (call $want (call $open (i32.const 3) @"file" (i32.const 8) (i64.const 64)) #ENOTCAPABLE)
         (call $want (call $path_unlink_file (i32.const 4) @"file") #EBADF)))",
       "ok",
       {"path_unlink_file mount-lacks-right ENOTCAPABLE", "path_open mount-lacks-right ENOTCAPABLE"}},
      {"RenumberNonsense", "renumber: CVE-2025-53901, numbers that are not open",
       R"((func (export "_start")
         (call $want (call $fd_renumber (i32.const 3) (i32.const 99)) #EBADF)
         (call $want (call $fd_renumber (i32.const 99) (i32.const 3)) #EBADF)
         (call $want (call $fd_renumber (i32.const -1) (i32.const 3)) #EBADF)
         (call $want (call $fd_renumber (i32.const 3) (i32.const 0x7fffffff)) #EBADF)
         (call $want (call $fd_renumber (i32.const 3) (i32.const 3)) #SUCCESS)
         (call $want (call $fd_renumber (i32.const 3) (i32.const 3)) #SUCCESS)
         (call $want (call $open (i32.const 3) @"file" (i32.const 0) (i64.const 2)) #SUCCESS)))"},
      {"RenumberLeak", "renumber: GHSA-3p27, what is overwritten must be closed",
       R"((func (export "_start") (local $i i32)
         (loop $again
           (call $want (call $open (i32.const 3) @"file" (i32.const 0) (i64.const 2)) #SUCCESS)
           (call $want (call $fd) (i32.const 6))
           (call $want (call $fd_renumber (call $fd) (i32.const 2)) #SUCCESS)
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const 3000))))))"},
      {"ReusedNumber",
       "reused handle: a closed number means its new owner only",
       R"((func (export "_start")
         (call $want (call $fd_close (i32.const 3)) #SUCCESS)
         (call $want (call $fd_close (i32.const 3)) #EBADF)
         (call $want (call $open (i32.const 4) @"file" (i32.const 0) (i64.const 2)) #SUCCESS)
         (call $want (call $fd) (i32.const 3))
         (call $want (call $open (i32.const 3) @"file" (i32.const 0) (i64.const 2)) #ENOTDIR)
         (call $want (call $path_unlink_file (i32.const 3) @"file") #ENOTDIR)
         (call $want (call $fd_prestat_get (i32.const 3) (i32.const 64)) #EBADF)
         (call $want (call $write (i32.const 3) @"x") #ENOTCAPABLE)))",
       "ok",
       {"fd_write mount-lacks-right ENOTCAPABLE"}},
      {"CloseEverything", "reused handle: nothing is left to come back to",
       R"((func (export "_start") (local $i i32)
         (loop $again
           (drop (call $fd_close (local.get $i)))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const 100))))
         (call $want (call $open (i32.const 3) @"file" (i32.const 0) (i64.const 2)) #EBADF)
         (call $want (call $open (i32.const 5) @"rw/file" (i32.const 0) (i64.const 2)) #EBADF)
         (call $want (call $write (i32.const 1) @"x") #EBADF)
         (call $want (call $path_rename (i32.const 3) @"file" (i32.const 4) @"x") #EBADF)))"},
      {"RemovedFileStaysItself", "reused handle: of a file that was removed and made again",
       R"((func (export "_start")
         (call $want (call $open (i32.const 3) @"file" (i32.const 0) (i64.const 66)) #SUCCESS)
         (call $want (call $path_unlink_file (i32.const 3) @"file") #SUCCESS)
         (call $want (call $path_symlink @"dir/x" (i32.const 3) @"file") #SUCCESS)
         (call $want (call $write (call $fd) @"old") #SUCCESS)
         (call $want (call $path_filestat_get (i32.const 3) (i32.const 1) @"file" (i32.const 64)) #ENOENT)))"},
      {"ExhaustHandles", "handles: CVE-2026-27204, as many as the host has",
       R"((func (export "_start") (local $n i32) (local $e i32)
         (loop $again
           (local.set $e (call $open (i32.const 3) @"file" (i32.const 0) (i64.const 2)))
           (local.set $n (i32.add (local.get $n) (i32.eqz (local.get $e))))
           (br_if $again (i32.eqz (local.get $e))))
         (call $want (local.get $e) #EMFILE)
         (call $want (local.get $n) (i32.const 1018))
         ;; The limit comes before anything is made or cut.
         (call $want (call $open (i32.const 3) @"new" (i32.const 1) (i64.const 64)) #EMFILE)
         (call $want (call $open (i32.const 3) @"file" (i32.const 8) (i64.const 64)) #EMFILE)
         (call $want (call $path_filestat_get (i32.const 3) (i32.const 0) @"new" (i32.const 64)) #ENOENT)
         (call $want (call $path_filestat_get (i32.const 3) (i32.const 0) @"file" (i32.const 64)) #SUCCESS)
         (call $want (i32.load (i32.const 96)) (i32.const 6))
         (call $want (call $fd_close (i32.const 77)) #SUCCESS)
         (call $want (call $open (i32.const 3) @"file" (i32.const 0) (i64.const 2)) #SUCCESS)
         (call $want (call $fd) (i32.const 77))))"},
      {"DirectoryAsFile", "reused handle: a directory is read and written",
       R"((func (export "_start")
         (call $want (call $write (i32.const 3) @"x") #EISDIR)
         (call $want (call $read (i32.const 3) (i32.const 64) (i32.const 10)) #EISDIR)
         (call $want (call $fd_filestat_set_size (i32.const 3) (i64.const 0)) #EISDIR)
         (call $want (call $fd_seek (i32.const 3) (i64.const 0) (i32.const 0) (i32.const 64)) #EISDIR)
         (call $want (call $fd_readdir (i32.const 1) (i32.const 64) (i32.const 100) (i64.const 0) (i32.const 8)) #ENOTCAPABLE)
         (call $want (call $open (i32.const 1) @"x" (i32.const 0) (i64.const 2)) #ENOTDIR)))"},
      {"SocketsOutOfNothing",
       "network: sockets where none were granted",
       R"((func (export "_start")
         (call $want (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 64)) #ENOTSOCK)
         (call $want (call $sock_send (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 0) (i32.const 8)) #ENOTSOCK)
         (call $want (call $sock_recv (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 0) (i32.const 8) (i32.const 12))
           #ENOTSOCK)
         (call $want (call $sock_shutdown (i32.const 5) (i32.const 3)) #EBADF)
         (call $want (call $sock_accept (i32.const 99) (i32.const 0) (i32.const 64)) #EBADF)
         (call $want (call $open (i32.const 3) @"socket" (i32.const 0) (i64.const 0x3fffffff)) #ENOTCAPABLE)))",
       "ok",
       {"sock_accept not-a-socket ENOTSOCK", "sock_send not-a-socket ENOTSOCK", "sock_recv not-a-socket ENOTSOCK",
        "sock_shutdown not-a-socket EBADF", "path_open special-file ENOTCAPABLE"}},
      {"UnknownNames",
       "unknown names: functions that other hosts have",
       R"((module
         (import "wasi_snapshot_preview1" "sock_open" (func $open (param i32 i32 i32) (result i32)))
         (import "wasi_snapshot_preview1" "proc_spawn" (func $spawn (param i32 i32) (result i32)))
         (import "wasi_unstable" "sock_connect" (func $connect (param i32 i32 i32) (result i32)))
         (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
         (memory (export "memory") 1)
         (func $want (param $got i32) (param $e i32)
           (if (i32.ne (local.get $got) (local.get $e)) (then (call $proc_exit (local.get $got)))))
         (func (export "_start")
           (call $want (call $open (i32.const 2) (i32.const 1) (i32.const 0)) #ENOSYS)
           (call $want (call $spawn (i32.const 0) (i32.const 0)) #ENOSYS)
           (call $want (call $connect (i32.const 0) (i32.const 0) (i32.const 0)) #ENOSYS))))",
       "ok",
       {"sock_open not-implemented ENOSYS", "proc_spawn not-implemented ENOSYS",
        "sock_connect not-implemented ENOSYS"}},
      {"UnknownWithoutResult",
       "unknown names: one that cannot say no",
       R"((module
         (import "wasi_snapshot_preview1" "thread_exit" (func $f (param i64)))
         (memory (export "memory") 1)
         (func (export "_start") (call $f (i64.const 1)))))",
       "host",
       {"thread_exit not-implemented ENOSYS"}},
      {"OtherModules", "unknown names: imports that no grant could give",
       R"((module (import "env" "system" (func $system (param i32) (result i32)))
         (memory (export "memory") 1)
         (func (export "_start") (drop (call $system (i32.const 0))))))",
       "link-missing-import"},
      {"OldInterface",
       "old interface: the same doors under their older name",
       R"((module
         (import "wasi_unstable" "path_open"
           (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
         (import "wasi_unstable" "path_symlink" (func $path_symlink (param i32 i32 i32 i32 i32) (result i32)))
         (import "wasi_unstable" "path_rename" (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
         (import "wasi_unstable" "proc_exit" (func $proc_exit (param i32)))
         (memory (export "memory") 1)
         (func $want (param $got i32) (param $e i32)
           (if (i32.ne (local.get $got) (local.get $e)) (then (call $proc_exit (i32.add (i32.const 1000) (local.get $got))))))
         (func $open (param $dir i32) (param $path i32) (param $len i32) (param $oflags i32) (result i32)
           (call $path_open (local.get $dir) (i32.const 1) (local.get $path) (local.get $len) (local.get $oflags)
             (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 0)))
         (func (export "_start")
           (call $want (call $open (i32.const 3) @"../secret" (i32.const 0)) #ENOTCAPABLE)
           (call $want (call $open (i32.const 3) @"out" (i32.const 0)) #ENOTCAPABLE)
           (call $want (call $open (i32.const 4) @"file" (i32.const 8)) #ENOTCAPABLE)
           (call $want (call $path_symlink @"/etc" (i32.const 3) @"etc") #ENOTCAPABLE)
           (call $want (call $path_rename (i32.const 3) @"file" (i32.const 4) @"x") #ENOTCAPABLE))))",
       "ok",
       {"path_open path-escape ENOTCAPABLE", "path_open path-escape ENOTCAPABLE",
        "path_open mount-lacks-right ENOTCAPABLE", "path_symlink absolute-link ENOTCAPABLE",
        "path_rename mount-lacks-right ENOTCAPABLE"}},
  };
  return attacks;
}

}  // namespace dewar::attack
