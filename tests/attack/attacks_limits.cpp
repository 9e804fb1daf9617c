// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bombs: recursion, growth of memories, tables and the object heap, floods of output, and work done through host calls
// and bulk operations in the hope that nobody counts it. The fuel of an attack is 3,000,000 unless it says otherwise.
#include <gtest/gtest.h>

#include "attack/attack.h"

namespace dewar::attack {

namespace {

void check_memory(const api::Outcome& outcome) { EXPECT_LE(outcome.memory.used, u64{32} << 20); }
void check_fuel(const api::Outcome& outcome) {
  // Out of fuel ends before the block that cannot be paid for, so no more than the limit is ever used.
  EXPECT_LE(outcome.fuel.used, 3'000'000u);
  EXPECT_GT(outcome.fuel.used, 2'000'000u);
}

// Bulk work: a unit of fuel is 4 KiB.
void little_fuel(api::RunConfig& config) { config.limits.fuel = 200'000; }
void check_little(const api::Outcome& outcome) {
  EXPECT_LE(outcome.fuel.used, 200'000u);
  EXPECT_GT(outcome.fuel.used, 190'000u);
}

}  // namespace

std::span<const Attack> limit_attacks() {
  static const Attack attacks[] = {
      {"Recursion", "recursion: a function that calls itself",
       R"((func $f (param i64) (result i64) (i64.add (call $f (i64.add (local.get 0) (i64.const 1))) (i64.const 1)))
          (func (export "_start") (drop (call $f (i64.const 0)))))",
       "stack"},
      {"RecursionThroughTable", "recursion: through indirect calls and large frames",
       R"((type $t (func))
          (table 1 funcref)
          (elem (i32.const 0) $f)
          (func $f (type $t) (local i64 i64 i64 i64 i64 i64 i64 i64 v128 v128) (call_indirect (type $t) (i32.const 0)))
          (func (export "_start") (call $f)))",
       "stack"},
      {"RecursionInStart", "recursion: before the program begins",
       R"((func $f (call $f)) (start $f) (func (export "_start")))", "stack"},
      {"EndlessTailCalls",
       "recursion: tail calls use no stack, but fuel",
       R"((func $f (return_call $f)) (func (export "_start") (call $f)))",
       "fuel",
       {},
       nullptr,
       check_fuel},
      {"EndlessLoop",
       "fuel evasion: a loop with nothing in it",
       R"((func (export "_start") (loop $l (br $l))))",
       "fuel",
       {},
       nullptr,
       check_fuel},
      {"ThrowStorm",
       "fuel evasion: exceptions that are caught at once",
       R"((tag $t)
          (func (export "_start") (loop $l (block $h (try_table (catch $t $h) (throw $t))) (br $l))))",
       "fuel",
       {},
       nullptr,
       check_fuel},
      {"MemoryGrowth",
       "memory growth: as much as there is",
       R"((func (export "_start")
            (loop $l (br_if $l (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0))))
            (call $want (memory.size) (i32.const 512)) ;; 32 MiB
            (call $want (memory.grow (i32.const 65536)) (i32.const -1))
            (call $want (memory.grow (i32.const -1)) (i32.const -1))
            (i32.store (i32.const 33554428) (i32.const 1))))",
       "ok",
       {},
       nullptr,
       check_memory},
      {"MemoryMinimum", "memory growth: declared from the start",
       R"((module (memory (export "memory") 65536) (func (export "_start"))))", "limit-memory"},
      {"ManyMemories", "memory growth: in pieces",
       R"((module (memory 400) (memory 400) (memory 400) (memory 400) (memory 400) (memory 400) (memory 400)
            (memory 400) (memory 400) (memory 400) (memory 400) (memory 400) (memory 400) (memory 400)
            (func (export "_start"))))",
       "limit-memory"},
      {"Memory64Growth",
       "memory growth: with 64 bits",
       R"((module (memory $m i64 1) (func (export "_start")
            (if (i64.ne (memory.grow $m (i64.const 0x1000000000000)) (i64.const -1)) (then unreachable))
            (if (i64.ne (memory.grow $m (i64.const -1)) (i64.const -1)) (then unreachable))
            (if (i64.ne (memory.grow $m (i64.const 512)) (i64.const -1)) (then unreachable))
            (if (i64.ne (memory.grow $m (i64.const 511)) (i64.const 1)) (then unreachable)))))",
       "ok",
       {},
       nullptr,
       check_memory},
      {"TableGrowth",
       "table growth: as much as there is",
       R"((table $t 1 externref)
          (func (export "_start") (local $n i32)
            (loop $l (br_if $l (i32.ge_s (table.grow $t (ref.null extern) (i32.const 500)) (i32.const 0))))
            (call $want (table.size $t) (i32.const 19501))
            (call $want (table.grow $t (ref.null extern) (i32.const -1)) (i32.const -1))))",
       "ok",
       {},
       [](api::RunConfig& c) { c.limits.max_table_elements = 20'000; }},
      {"TableMinimum", "table growth: GHSA-p8xm, declared from the start, in 64 bits",
       R"((module (table i64 0xffffffffffffffff funcref) (func (export "_start"))))", "limit-table"},
      {"ObjectHeap", "memory growth: objects that stay reachable",
       R"((type $list (struct (field (ref null $list)) (field i64 i64)))
          (func (export "_start") (local $l (ref null $list))
            (loop $again
              (local.set $l (struct.new $list (local.get $l) (i64.const 0) (i64.const 0)))
              (br $again))))",
       "gc-heap"},
      {"HugeArray",
       "memory growth: one object of four thousand million elements",
       R"((type $a (array (mut i64)))
          (func (export "_start") (drop (array.new_default $a (i32.const -1)))))",
       "gc-heap",
       {},
       [](api::RunConfig& c) { c.limits.fuel = 100'000'000; }},
      {"BulkFill",
       "fuel evasion: memory.fill",
       R"((func (export "_start")
            (drop (memory.grow (i32.const 500)))
            (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x1f00000)) (br $l))))",
       "fuel",
       {},
       little_fuel,
       check_little},
      {"BulkCopy",
       "fuel evasion: memory.copy and table.copy",
       R"((table $t 10000 funcref)
          (func (export "_start")
            (drop (memory.grow (i32.const 400)))
            (loop $l
              (memory.copy (i32.const 1) (i32.const 0) (i32.const 0x1800000))
              (table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 9999))
              (table.fill $t (i32.const 0) (ref.null func) (i32.const 10000))
              (br $l))))",
       "fuel",
       {},
       little_fuel,
       check_little},
      {"RandomBytes",
       "fuel evasion: bytes moved by host calls",
       R"((func (export "_start")
            (drop (memory.grow (i32.const 300)))
            (loop $l (call $want (call $random_get (i32.const 0) (i32.const 0x1000000)) #SUCCESS) (br $l))))",
       "fuel",
       {},
       [](api::RunConfig& c) { c.limits.fuel = 9'000; },
       [](const api::Outcome& outcome) {
         EXPECT_LE(outcome.fuel.used, 9'000u);
         // 4096 units of fuel for each 16 MiB, so that there was enough for two calls, and the third ends the run.
         EXPECT_LE(outcome.random_bytes, u64{3} << 24);
         EXPECT_GE(outcome.random_bytes, u64{2} << 24);
       }},
      {"PollStorm",
       "fuel evasion: GHSA-j366, poll_oneoff of the old interface too",
       R"((module
            (import "wasi_unstable" "poll_oneoff" (func $old (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "poll_oneoff" (func $new (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 4)
            (func (export "_start")
              (loop $l
                (drop (call $old (i32.const 0) (i32.const 0x20000) (i32.const 1024) (i32.const 0x3fff0)))
                (drop (call $new (i32.const 0) (i32.const 0x20000) (i32.const 1024) (i32.const 0x3fff0)))
                (br $l)))))",
       "fuel",
       {},
       [](api::RunConfig& c) { c.limits.fuel = 20'000; },
       [](const api::Outcome& outcome) {
         // 80 KiB and 88 KiB a call: about 20 units each, and some for the loop.
         EXPECT_LT(outcome.host_calls, 1'200u);
       }},
      {"OpenStorm",
       "fuel evasion: calls that make the kernel work",
       R"((func (export "_start")
            (loop $l
              (call $want (call $open (i32.const 3) @"file" (i32.const 0) (i64.const 2)) #SUCCESS)
              (call $want (call $fd_close (call $fd)) #SUCCESS)
              (br $l))))",
       "fuel",
       {},
       [](api::RunConfig& c) { c.limits.fuel = 100'000; },
       [](const api::Outcome& outcome) { EXPECT_LT(outcome.host_calls, 10'000u); }},
      {"OutputFlood",
       "output flood: many megabytes on standard output",
       R"((func (export "_start") (local $i i32)
            (memory.fill (i32.const 0) (i32.const 65) (i32.const 0x18000))
            (loop $l
              (call $want (call $write (i32.const 1) (i32.const 256) (i32.const 0x10000)) #SUCCESS)
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $l (i32.lt_u (local.get $i) (i32.const 320))))))",
       "ok",
       {},
       nullptr,
       [](const api::Outcome& outcome) {
         ASSERT_TRUE(outcome.out);
         EXPECT_EQ(outcome.out->total, u64{20} << 20);
         EXPECT_EQ(outcome.out->head.size(), 2000u);
         EXPECT_EQ(outcome.out->tail.size(), 2000u);
         EXPECT_EQ(outcome.out->dropped, (u64{20} << 20) - 4000);
       }},
      {"EndlessOutput",
       "output flood: a byte at a time on standard error, for ever",
       R"((func (export "_start")
            (loop $l (call $want (call $write (i32.const 2) @"x") #SUCCESS) (br $l))))",
       "fuel",
       {},
       nullptr,
       [](const api::Outcome& outcome) {
         ASSERT_TRUE(outcome.err);
         EXPECT_LE(outcome.err->head.size() + outcome.err->tail.size(), 4000u);
         EXPECT_EQ(outcome.err->head.size() + outcome.err->tail.size() + outcome.err->dropped, outcome.err->total);
         EXPECT_GT(outcome.err->total, 10'000u);
       }},
      {"ControlSequences",
       "output flood: text that would drive a terminal",
       R"((func (export "_start")
            (call $want (call $write (i32.const 1) @"\1b]0;owned\07\1b[2J\c2\9b31m\ff\00") #SUCCESS)))",
       "ok",
       {},
       nullptr,
       [](const api::Outcome& outcome) {
         ASSERT_TRUE(outcome.out);
         EXPECT_EQ(outcome.out->head, std::string("\x1b]0;owned\x07\x1b[2J\xc2\x9b"
                                                  "31m\xff\0",
                                                  21));
       }},
      {"DenialFlood",
       "host memory: more refusals than are kept",
       R"((func (export "_start") (local $i i32)
            (memory.fill (i32.const 1024) (i32.const 97) (i32.const 4000))
            (loop $l
              (i32.store16 (i32.const 1024) (i32.add (i32.const 0x4141) (i32.rem_u (local.get $i) (i32.const 25))))
              (i32.store8 (i32.const 1026) (i32.add (i32.const 0x41) (i32.div_u (local.get $i) (i32.const 25))))
              (call $want (call $path_filestat_get (i32.const 5) (i32.const 0) (i32.const 1024) (i32.const 3000)
                (i32.const 64)) #ENOENT)
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $l (i32.lt_u (local.get $i) (i32.const 500))))))",
       "ok",
       {},
       nullptr,
       [](const api::Outcome& outcome) {
         EXPECT_EQ(outcome.probes.size(), 256u);
         EXPECT_EQ(outcome.unlisted_probes, 244u);
       }},
      {"RaisedSignals", "handles: the host process is sent signals",
       R"((func (export "_start")
            (call $want (call $proc_raise (i32.const 18)) #ENOTSUP)
            (call $want (call $proc_raise (i32.const -1)) #EINVAL)
            (call $want (call $proc_raise (i32.const 13)) #SUCCESS)
            (drop (call $proc_raise (i32.const 9)))))",
       "host"},
  };
  return attacks;
}

}  // namespace dewar::attack
