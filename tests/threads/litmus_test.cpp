// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Litmus tests of the threads proposal's memory model with real threads: atomics are sequentially consistent, and what
// happens before an atomic store is seen after the load that reads it. Only forbidden outcomes fail; the rest may
// occur.
#include "threads/guest_threads.h"

namespace dewar::test {
namespace {

/// `(call $barrier ...)`: all `n` threads meet; the word at `a` counts arrivals over all rounds.
const char kBarrier[] = R"(
  (func $barrier (param $a i32) (param $round i32) (param $n i32)
    (local $goal i32)
    (local.set $goal (i32.mul (i32.add (local.get $round) (i32.const 1)) (local.get $n)))
    (drop (i32.atomic.rmw.add (local.get $a) (i32.const 1)))
    (block $met (loop $spin
      (br_if $met (i32.ge_u (i32.atomic.load (local.get $a)) (local.get $goal)))
      (drop (memory.atomic.wait32 (i32.const 60000) (i32.const 0) (i64.const 1000)))
      (br $spin))))
)";

std::string module(std::string_view fields) {
  return "(module (import \"env\" \"memory\" (memory 64 64 shared)) " + std::string(fields) + ")";
}

class Litmus : public testing::TestWithParam<usize> {
 protected:
  runtime::EngineOptions options() const { return matrix_modes()[GetParam()].options; }
};

TEST_P(Litmus, MessagePassing) {
  // Thread 0 writes data[i] plainly, then flag[i] atomically; thread 1 sees the flag and must see the data.
  const std::string wat = module(R"(
    (func (export "thread") (param $me i32) (param $n i32) (result i32)
      (local $i i32) (local $bad i32)
      (loop $next
        (if (i32.eqz (local.get $me))
          (then
            (i32.store (i32.shl (local.get $i) (i32.const 3)) (i32.add (local.get $i) (i32.const 1)))
            (i32.atomic.store offset=4 (i32.shl (local.get $i) (i32.const 3)) (i32.const 1)))
          (else
            (loop $spin (br_if $spin (i32.eqz (i32.atomic.load offset=4 (i32.shl (local.get $i) (i32.const 3))))))
            (if (i32.ne (i32.load (i32.shl (local.get $i) (i32.const 3))) (i32.add (local.get $i) (i32.const 1)))
              (then (local.set $bad (i32.add (local.get $bad) (i32.const 1)))))))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (local.get $bad)))");
  SharedMemory memory(64, 64);
  const auto bad = run_threads(memory, wat, 2, 100'000, options());
  EXPECT_EQ(bad, (std::vector<i32>{0, 0}));
}

/// Runs rounds in which each of two threads does `x := 1; r := y` on its own pair and returns the two results' arrays
/// at 0x10000 (thread 0) and 0x20000 (thread 1), one i32 per round.
const char kTwoSided[] = R"(
    (func (export "thread") (param $me i32) (param $n i32) (result i32)
      (local $i i32) (local $mine i32) (local $other i32) (local $out i32)
      (local.set $mine (i32.add (i32.const 0x30000) (i32.shl (local.get $me) (i32.const 16))))
      (local.set $other (i32.sub (i32.const 0x70000) (local.get $mine)))
      (local.set $out (i32.add (i32.const 0x10000) (i32.shl (local.get $me) (i32.const 16))))
      (loop $next
        (call $barrier (i32.const 64) (local.get $i) (i32.const 2))
        %s
        (local.set $mine (i32.add (local.get $mine) (i32.const 64)))
        (local.set $other (i32.add (local.get $other) (i32.const 64)))
        (local.set $out (i32.add (local.get $out) (i32.const 4)))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (i32.const 0)))";

std::string two_sided(const std::string& body) {
  std::string fields = kBarrier;
  fields += kTwoSided;
  return module(fields.replace(fields.find("%s"), 2, body));
}

constexpr u32 kRounds = 1000;

TEST_P(Litmus, StoreBufferingNeverReadsTwoZeros) {
  const std::string wat = two_sided(R"((i32.atomic.store (local.get $mine) (i32.const 1))
                                       (i32.store (local.get $out) (i32.atomic.load (local.get $other))))");
  SharedMemory memory(64, 64);
  run_threads(memory, wat, 2, kRounds, options());
  for (u32 i = 0; i < kRounds; ++i) {
    const u32 a = memory.read<u32>(0x10000 + i * 4), b = memory.read<u32>(0x20000 + i * 4);
    EXPECT_TRUE(a <= 1 && b <= 1 && (a | b) == 1) << "round " << i << ": " << a << ", " << b;
  }
}

TEST_P(Litmus, LoadBufferingNeverReadsTwoOnes) {
  const std::string wat = two_sided(R"((i32.store (local.get $out) (i32.atomic.load (local.get $other)))
                                       (i32.atomic.store (local.get $mine) (i32.const 1)))");
  SharedMemory memory(64, 64);
  run_threads(memory, wat, 2, kRounds, options());
  for (u32 i = 0; i < kRounds; ++i) {
    const u32 a = memory.read<u32>(0x10000 + i * 4), b = memory.read<u32>(0x20000 + i * 4);
    EXPECT_TRUE(a <= 1 && b <= 1 && (a & b) == 0) << "round " << i << ": " << a << ", " << b;
  }
}

TEST_P(Litmus, StoreBufferingWithExchangeAndFence) {
  // A plain store, a fence and an atomic load is enough as well.
  const std::string wat = two_sided(R"((drop (i32.atomic.rmw.xchg (local.get $mine) (i32.const 1)))
                                       (atomic.fence)
                                       (i32.store (local.get $out) (i32.atomic.load (local.get $other))))");
  SharedMemory memory(64, 64);
  run_threads(memory, wat, 2, kRounds, options());
  for (u32 i = 0; i < kRounds; ++i) {
    EXPECT_EQ(memory.read<u32>(0x10000 + i * 4) | memory.read<u32>(0x20000 + i * 4), 1u) << "round " << i;
  }
}

TEST_P(Litmus, IndependentReadsOfIndependentWritesAgree) {
  // Threads 0 and 1 write x and y; threads 2 and 3 read them in opposite orders. One reader seeing x before y and the
  // other y before x is forbidden. Results: 0x10000 and 0x20000 hold (first read) * 2 + (second read).
  const std::string fields = std::string(kBarrier) + R"(
    (func (export "thread") (param $me i32) (param $n i32) (result i32)
      (local $i i32) (local $x i32) (local $y i32) (local $out i32)
      (local.set $x (i32.const 0x30000))
      (local.set $y (i32.const 0x40000))
      (local.set $out (i32.sub (i32.shl (local.get $me) (i32.const 16)) (i32.const 0x10000)))
      (loop $next
        (call $barrier (i32.const 64) (local.get $i) (i32.const 4))
        (block $done (block $r3 (block $r2 (block $w1 (block $w0
          (br_table $w0 $w1 $r2 $r3 (local.get $me)))
          (i32.atomic.store (local.get $x) (i32.const 1)) (br $done))
          (i32.atomic.store (local.get $y) (i32.const 1)) (br $done))
          (i32.store (local.get $out) (i32.add (i32.shl (i32.atomic.load (local.get $x)) (i32.const 1))
                                               (i32.atomic.load (local.get $y)))) (br $done))
          (i32.store (local.get $out) (i32.add (i32.shl (i32.atomic.load (local.get $y)) (i32.const 1))
                                               (i32.atomic.load (local.get $x)))))
        (local.set $x (i32.add (local.get $x) (i32.const 64)))
        (local.set $y (i32.add (local.get $y) (i32.const 64)))
        (local.set $out (i32.add (local.get $out) (i32.const 4)))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (i32.const 0)))";
  constexpr u32 kFewRounds = 200;
  SharedMemory memory(64, 64);
  run_threads(memory, module(fields), 4, kFewRounds, options());
  for (u32 i = 0; i < kFewRounds; ++i) {
    const u32 a = memory.read<u32>(0x10000 + i * 4), b = memory.read<u32>(0x20000 + i * 4);
    EXPECT_FALSE(a == 2 && b == 2) << "round " << i << ": the readers saw the writes in different orders";
  }
}

TEST_P(Litmus, CoherenceOfOneLocation) {
  // Thread 0 counts a location up; the others never see it go down.
  const std::string wat = module(R"(
    (func (export "thread") (param $me i32) (param $n i32) (result i32)
      (local $i i32) (local $last i32) (local $now i32) (local $bad i32)
      (if (i32.eqz (local.get $me))
        (then (loop $next
          (i32.atomic.store (i32.const 128) (local.tee $i (i32.add (local.get $i) (i32.const 1))))
          (br_if $next (i32.lt_u (local.get $i) (local.get $n)))))
        (else (loop $next
          (local.set $now (i32.atomic.load (i32.const 128)))
          (local.set $bad (i32.add (local.get $bad) (i32.lt_u (local.get $now) (local.get $last))))
          (local.set $last (local.get $now))
          (br_if $next (i32.lt_u (local.get $now) (local.get $n))))))
      (local.get $bad)))");
  SharedMemory memory(64, 64);
  EXPECT_EQ(run_threads(memory, wat, 3, 200'000, options()), (std::vector<i32>{0, 0, 0}));
}

TEST_P(Litmus, WideAccessesDoNotTear) {
  // i64 atomics whose halves are always equal.
  const std::string wat = module(R"(
    (func (export "thread") (param $me i32) (param $n i32) (result i32)
      (local $i i32) (local $v i64) (local $bad i32)
      (loop $next
        (if (i32.and (local.get $me) (i32.const 1))
          (then (local.set $v (i64.atomic.load (i32.const 192)))
            (local.set $bad (i32.add (local.get $bad)
              (i64.ne (i64.shr_u (local.get $v) (i64.const 32)) (i64.and (local.get $v) (i64.const 0xffffffff))))))
          (else (i64.atomic.store (i32.const 192)
            (i64.mul (i64.extend_i32_u (local.get $i)) (i64.const 0x100000001)))))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (local.get $bad)))");
  SharedMemory memory(64, 64);
  EXPECT_EQ(run_threads(memory, wat, 4, 100'000, options()), (std::vector<i32>{0, 0, 0, 0}));
}

INSTANTIATE_TEST_SUITE_P(Modes, Litmus, testing::Range(usize{0}, matrix_modes().size()),
                         [](const auto& param) { return matrix_modes()[param.param].name; });

}  // namespace
}  // namespace dewar::test
