// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// wait and notify between host threads: no lost wakeups, exact counts, first come first served, and what the operations
// answer at the edges. A lost wakeup blocks for ever and fails by the test's timeout.
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "threads/guest_threads.h"

namespace dewar::test {
namespace {

using runtime::Outcome;
using runtime::TrapKind;

TEST(WaitNotify, PingPongLosesNoWakeup) {
  // The word at 0 says whose turn it is; every turn ends with a notify and a wait without a timeout.
  const std::string wat = R"((module (import "env" "memory" (memory 1 1 shared))
    (func (export "thread") (param $me i32) (param $n i32) (result i32)
      (local $i i32) (local $woken i32)
      (loop $next
        (loop $wait
          (if (i32.ne (i32.atomic.load (i32.const 0)) (local.get $me))
            (then
              (drop (memory.atomic.wait32 (i32.const 0) (i32.xor (local.get $me) (i32.const 1)) (i64.const -1)))
              (br $wait))))
        (i32.atomic.store (i32.const 0) (i32.xor (local.get $me) (i32.const 1)))
        (local.set $woken (i32.add (local.get $woken) (memory.atomic.notify (i32.const 0) (i32.const 1))))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (local.get $woken))))";
  for (const Mode& mode : matrix_modes()) {
    SCOPED_TRACE(mode.name);
    SharedMemory memory(1, 1);
    const auto woken = run_threads(memory, wat, 2, 5000, mode.options);
    EXPECT_LE(woken[0], 5000);
    EXPECT_LE(woken[1], 5000);
  }
}

TEST(WaitNotify, EveryWaiterIsCountedOnce) {
  // Thread 0 wakes in portions until the others have all gone; what notify says it woke equals how many woke.
  const std::string wat = R"((module (import "env" "memory" (memory 1 1 shared))
    (func (export "thread") (param $me i32) (param $n i32) (result i32)
      (local $woken i32)
      (if (local.get $me)
        (then
          (local.set $woken (i32.eqz (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const -1))))
          (drop (i32.atomic.rmw.add (i32.const 128) (i32.const 1))))
        (else
          (loop $again
            (local.set $woken (i32.add (local.get $woken) (memory.atomic.notify (i32.const 64) (i32.const 2))))
            (br_if $again (i32.lt_u (i32.atomic.load (i32.const 128)) (local.get $n))))))
      (local.get $woken))))";
  for (int round = 0; round < 30; ++round) {
    SharedMemory memory(1, 1);
    const auto woken = run_threads(memory, wat, 6, 5);
    EXPECT_EQ(woken, (std::vector<i32>{5, 1, 1, 1, 1, 1}));
  }
}

/// Waits until the kernel says that a thread of this process sleeps, twice in a row.
void wait_until_asleep(pid_t thread) {
  for (int seen = 0; seen < 2;) {
    std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
    const std::string line{std::istreambuf_iterator<char>(stat), {}};
    const usize name_end = line.rfind(')');
    seen = name_end != std::string::npos && line.substr(name_end, 3) == ") S" ? seen + 1 : 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST(WaitNotify, WakesInTheOrderOfWaiting) {
  // Each waiter starts when the one before it is asleep, in the only place where its thread sleeps: the wait.
  SharedMemory memory(1, 1);
  const std::string wat = R"((module (import "env" "memory" (memory 1 1 shared))
    (func (export "thread") (param $me i32) (param $n i32) (result i32)
      (drop (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const -1)))
      (i32.atomic.rmw.add (i32.const 128) (i32.const 1)))
    (func (export "wake") (result i32) (memory.atomic.notify (i32.const 64) (i32.const 1)))))";
  constexpr u32 kWaiters = 4;
  std::vector<std::unique_ptr<TestEngine>> engines;
  std::vector<std::thread> threads;
  std::vector<i32> order(kWaiters, -1);
  for (u32 i = 0; i <= kWaiters; ++i) {
    engines.push_back(std::make_unique<TestEngine>());
    engines.back()->share_memory("memory", memory.get());
  }
  runtime::Instance* waker = engines[kWaiters]->load(wat);
  ASSERT_NE(waker, nullptr);
  for (u32 i = 0; i < kWaiters; ++i) {
    runtime::Instance* instance = engines[i]->load(wat);
    ASSERT_NE(instance, nullptr);
    std::atomic<pid_t> thread = 0;
    threads.emplace_back([&engines, &order, &thread, i, instance] {
      thread = ::gettid();
      if (engines[i]->call(*instance, "thread", {i, 0}) == Outcome::returned) order[i] = engines[i]->result_i32();
    });
    while (thread == 0) std::this_thread::yield();
    wait_until_asleep(thread);
  }
  for (u32 i = 0; i < kWaiters; ++i) {
    ASSERT_EQ(engines[kWaiters]->call(*waker, "wake"), Outcome::returned);
    EXPECT_EQ(engines[kWaiters]->result_i32(), 1);
    while (memory.read<u32>(128) != i + 1) std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(order, (std::vector<i32>{0, 1, 2, 3}));
}

/// Single-threaded answers.
class Edges : public testing::Test {
 protected:
  void SetUp() override {
    instance_ = engine_.load(R"((module
      (memory (export "shared") 1 2 shared) (memory $plain (export "plain") 1)
      (func (export "wait32") (param i32 i32 i64) (result i32)
        (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
      (func (export "wait64") (param i32 i64 i64) (result i32)
        (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
      (func (export "wait32_far") (param i32 i32 i64) (result i32)
        (memory.atomic.wait32 offset=65536 (local.get 0) (local.get 1) (local.get 2)))
      (func (export "notify") (param i32 i32) (result i32) (memory.atomic.notify (local.get 0) (local.get 1)))
      (func (export "wait_plain") (param i32) (result i32)
        (memory.atomic.wait32 $plain (local.get 0) (i32.const 0) (i64.const 0)))
      (func (export "notify_plain") (param i32) (result i32)
        (memory.atomic.notify $plain (local.get 0) (i32.const 1)))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))))");
    ASSERT_NE(instance_, nullptr);
  }
  i32 value(const char* name, std::initializer_list<Slot> args) {
    EXPECT_EQ(engine_.call(*instance_, name, args), Outcome::returned) << name;
    return engine_.result_i32();
  }
  TrapKind trap(const char* name, std::initializer_list<Slot> args) {
    EXPECT_EQ(engine_.call(*instance_, name, args), Outcome::trapped) << name;
    return engine_.stack().trap.kind;
  }
  TestEngine engine_;
  runtime::Instance* instance_ = nullptr;
};

TEST_F(Edges, Answers) {
  EXPECT_EQ(value("wait32", {0, 1, ~Slot{0}}), 1) << "not equal";
  EXPECT_EQ(value("wait64", {8, 1, ~Slot{0}}), 1) << "not equal";
  EXPECT_EQ(value("wait32", {0, 0, 0}), 2) << "timed out";
  EXPECT_EQ(value("wait32", {0, 0, 1000}), 2) << "timed out";
  EXPECT_EQ(value("wait64", {8, 0, 1'000'000}), 2) << "timed out";
  EXPECT_EQ(value("notify", {0, 1}), 0);
  EXPECT_EQ(value("notify", {0, 0}), 0);
  EXPECT_EQ(value("notify", {65532, 0xffffffff}), 0);
  EXPECT_EQ(value("notify_plain", {0}), 0) << "nobody can wait on an unshared memory";
}

TEST_F(Edges, Traps) {
  EXPECT_EQ(trap("wait_plain", {0}), TrapKind::expected_shared_memory);
  EXPECT_EQ(trap("wait32", {2, 0, 0}), TrapKind::unaligned_atomic);
  EXPECT_EQ(trap("wait64", {4, 0, 0}), TrapKind::unaligned_atomic);
  EXPECT_EQ(trap("notify", {1, 0}), TrapKind::unaligned_atomic);
  EXPECT_EQ(trap("wait32", {65536, 0, 0}), TrapKind::memory_out_of_bounds);
  EXPECT_EQ(trap("wait32_far", {0, 0, 0}), TrapKind::memory_out_of_bounds);
  EXPECT_EQ(trap("wait32", {0xfffffffc, 0, 0}), TrapKind::memory_out_of_bounds);
  EXPECT_EQ(trap("wait32_far", {0xfffffffc, 0, 0}), TrapKind::memory_out_of_bounds);
  EXPECT_EQ(trap("notify", {65536, 0}), TrapKind::memory_out_of_bounds);
  EXPECT_EQ(trap("notify_plain", {65536}), TrapKind::memory_out_of_bounds);
  ASSERT_EQ(value("grow", {1}), 1);
  EXPECT_EQ(value("wait32_far", {0, 0, 0}), 2);
}

TEST(SharedGrowth, EveryGrowthHasItsOwnOldSize) {
  // Four threads grow by one page each until refused; each also writes its number to the page it got.
  const std::string wat = R"((module (import "env" "memory" (memory 1 201 shared))
    (func (export "thread") (param $me i32) (param $n i32) (result i32)
      (local $got i32) (local $old i32)
      (block $full (loop $next
        (br_if $full (i32.eq (local.tee $old (memory.grow (i32.const 1))) (i32.const -1)))
        (drop (i32.atomic.rmw.add (i32.shl (local.get $old) (i32.const 16)) (i32.const 1)))
        (local.set $got (i32.add (local.get $got) (i32.const 1)))
        (br $next)))
      (local.get $got))))";
  for (const Mode& mode : matrix_modes()) {
    SCOPED_TRACE(mode.name);
    SharedMemory memory(1, 201);
    const auto got = run_threads(memory, wat, 4, 0, mode.options);
    EXPECT_EQ(got[0] + got[1] + got[2] + got[3], 200);
    EXPECT_EQ(memory.get()->pages(), 201u);
    for (u64 page = 1; page <= 200; ++page) EXPECT_EQ(memory.read<u32>(page << 16), 1u) << "page " << page;
  }
}

TEST(SharedGrowth, IsSeenByTheOthers) {
  // Thread 0 grows and then publishes the size; thread 1 may use the new page at once, without a fault.
  const std::string wat = R"((module (import "env" "memory" (memory 1 200 shared))
    (func (export "thread") (param $me i32) (param $n i32) (result i32)
      (local $size i32) (local $bad i32)
      (local.set $size (i32.const 1))
      (loop $next
        (if (i32.eqz (local.get $me))
          (then
            (local.set $bad (i32.add (local.get $bad) (i32.ne (memory.grow (i32.const 1)) (local.get $size))))
            (i32.store (i32.shl (local.get $size) (i32.const 16)) (local.get $size))
            (i32.atomic.store (i32.const 0) (i32.add (local.get $size) (i32.const 1))))
          (else
            (loop $spin (br_if $spin (i32.le_u (i32.atomic.load (i32.const 0)) (local.get $size))))
            (local.set $bad (i32.add (local.get $bad)
              (i32.ne (i32.load (i32.shl (local.get $size) (i32.const 16))) (local.get $size))))
            (local.set $bad (i32.add (local.get $bad) (i32.le_u (memory.size) (local.get $size))))))
        (br_if $next (i32.lt_u (local.tee $size (i32.add (local.get $size) (i32.const 1))) (local.get $n))))
      (local.get $bad))))";
  for (const Mode& mode : matrix_modes()) {
    SCOPED_TRACE(mode.name);
    SharedMemory memory(1, 200);
    EXPECT_EQ(run_threads(memory, wat, 2, 200, mode.options), (std::vector<i32>{0, 0}));
  }
}

}  // namespace
}  // namespace dewar::test
