// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Wait and notify between host threads: the results of a single thread, and litmus tests with several.
#include "runtime/wait_queue.h"

#include <atomic>
#include <chrono>
#include <thread>

#include <pthread.h>
#include <signal.h>

#include "unit/runtime/fixture.h"

namespace dewar::runtime {
namespace {

using Clock = std::chrono::steady_clock;
constexpr i64 kForever = -1;
constexpr i64 kMilli = 1'000'000;

wasm::MemoryType shared_type() {
  wasm::MemoryType type;
  type.limits = {1, 1, true, false};
  type.shared = true;
  return type;
}

struct WaitTest : ::testing::Test {
  World w;
  std::shared_ptr<Memory> memory = must(w.store.new_memory(shared_type()));

  std::atomic_ref<u32> word(u64 at) { return std::atomic_ref<u32>(*reinterpret_cast<u32*>(memory->base + at)); }
  /// Notifies until `count` waiters were woken in all.
  void wake_all(u64 at, u32 count) {
    for (u32 woken = 0; woken < count;) woken += notify(*memory, at, count - woken);
  }
};

TEST_F(WaitTest, NotEqual) {
  word(8) = 5;
  EXPECT_EQ(wait(*w.stack, *memory, 8, 6, 4, kForever), WaitResult::not_equal);
  EXPECT_EQ(wait(*w.stack, *memory, 8, u64{1} << 32 | 5, 8, kForever), WaitResult::not_equal);
  // Only the low 32 bits of the expected value count for a 32-bit wait.
  EXPECT_EQ(wait(*w.stack, *memory, 8, u64{0xabcd} << 32 | 5, 4, 0), WaitResult::timed_out);
  EXPECT_EQ(wait(*w.stack, *memory, 8, 5, 8, 0), WaitResult::timed_out);
}

TEST_F(WaitTest, TimesOut) {
  const auto start = Clock::now();
  EXPECT_EQ(wait(*w.stack, *memory, 0, 0, 4, 20 * kMilli), WaitResult::timed_out);
  EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(20));
  EXPECT_EQ(notify(*memory, 0, ~0u), 0u);
}

TEST_F(WaitTest, NotifyWithoutWaiters) {
  EXPECT_EQ(notify(*memory, 0, 0), 0u);
  EXPECT_EQ(notify(*memory, 0, ~0u), 0u);
  wasm::MemoryType plain;
  plain.limits.min = 1;
  EXPECT_EQ(notify(*must(w.store.new_memory(plain)), 0, 1), 0u);
}

TEST_F(WaitTest, TheLongestTimeoutDoesNotOverflow) {
  std::jthread waker([&] { wake_all(0, 1); });
  EXPECT_EQ(wait(*w.stack, *memory, 0, 0, 4, INT64_MAX), WaitResult::ok);
}

TEST_F(WaitTest, ThreadsOfSeveralStoresMeet) {
  constexpr u32 kThreads = 6;
  std::atomic<u32> ok{0};
  std::vector<std::jthread> threads;
  for (u32 i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      World mine;
      mine.store.adopt_memory(memory);
      ok += wait(*mine.stack, *memory, 16, 0, i64{8}, kForever) == WaitResult::ok;
    });
  }
  wake_all(16, kThreads);
  threads.clear();
  EXPECT_EQ(ok.load(), kThreads);
}

TEST_F(WaitTest, AddressesAreApart) {
  std::atomic<bool> done{false};
  std::jthread waiter([&] {
    World mine;
    EXPECT_EQ(wait(*mine.stack, *memory, 64, 0, 4, kForever), WaitResult::ok);
    done = true;
  });
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(notify(*memory, 60, ~0u), 0u);
    EXPECT_EQ(notify(*memory, 68, ~0u), 0u);
  }
  EXPECT_FALSE(done.load());
  wake_all(64, 1);
}

TEST_F(WaitTest, TheLongestSleeperWakesFirst) {
  std::vector<int> order;
  std::mutex order_mutex;
  std::vector<std::jthread> threads;
  std::atomic<int> entered{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      World mine;
      // Enter the queue one after the other: the next starts once this one can no longer be woken by a foreign address
      // and has had time to sleep.
      while (entered.load() != i) std::this_thread::yield();
      std::jthread next([&, i] {
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        entered = i + 1;
      });
      EXPECT_EQ(wait(*mine.stack, *memory, 0, 0, 4, kForever), WaitResult::ok);
      const std::lock_guard lock(order_mutex);
      order.push_back(i);
    });
  }
  while (entered.load() != 4) std::this_thread::yield();
  for (usize n = 1; n <= 4; ++n) {
    EXPECT_EQ(notify(*memory, 0, 1), 1u);
    for (;;) {
      const std::lock_guard lock(order_mutex);
      if (order.size() == n) break;
    }
  }
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

TEST_F(WaitTest, InterruptEndsAWaitOfAnyLength) {
  for (int round = 0; round < 200; ++round) {
    std::jthread killer([&] { w.stack->interrupt(kInterruptKill); });
    EXPECT_EQ(wait(*w.stack, *memory, 0, 0, 4, kForever), WaitResult::interrupted);
    killer.join();
    EXPECT_EQ(notify(*memory, 0, ~0u), 0u);
    w.stack->clear_interrupt(kInterruptKill);
  }
}

TEST_F(WaitTest, AnEarlierInterruptIsSeen) {
  w.stack->interrupt(kInterruptFreeze);
  i64 left = 0;
  EXPECT_EQ(wait(*w.stack, *memory, 0, 0, 4, kForever, &left), WaitResult::interrupted);
  EXPECT_EQ(left, kForever);
  EXPECT_EQ(wait(*w.stack, *memory, 0, 0, 4, 500, &left), WaitResult::interrupted);
  EXPECT_EQ(left, 500);
  EXPECT_EQ(wait(*w.stack, *memory, 0, 1, 4, kForever), WaitResult::not_equal);
  w.stack->clear_interrupt(kInterruptFreeze);
  EXPECT_EQ(wait(*w.stack, *memory, 0, 0, 4, 1), WaitResult::timed_out);
}

TEST_F(WaitTest, TheTimeLeftIsReported) {
  std::jthread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    w.stack->interrupt(kInterruptSignal);
  });
  i64 left = 0;
  const i64 timeout = 3'600'000 * kMilli;
  EXPECT_EQ(wait(*w.stack, *memory, 0, 0, 4, timeout, &left), WaitResult::interrupted);
  EXPECT_LT(left, timeout);
  EXPECT_GT(left, timeout - 600'000 * kMilli);
}

Stack* g_signalled = nullptr;

TEST_F(WaitTest, ASignalHandlerMayInterrupt) {
  g_signalled = w.stack.get();
  struct sigaction action{}, old{};
  action.sa_handler = [](int) { g_signalled->interrupt(kInterruptKill); };
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &old), 0);
  const pthread_t self = ::pthread_self();
  std::jthread sender([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ::pthread_kill(self, SIGUSR1);
  });
  EXPECT_EQ(wait(*w.stack, *memory, 0, 0, 4, kForever), WaitResult::interrupted);
  sender.join();
  ::sigaction(SIGUSR1, &old, nullptr);
}

/// A mutex as compilers make it from these instructions: 0 free, 1 taken, 2 taken and somebody sleeps.
void lock(Stack& stack, Memory& memory, std::atomic_ref<u32> state) {
  u32 seen = 0;
  if (state.compare_exchange_strong(seen, 1)) return;
  if (seen != 2) seen = state.exchange(2);
  while (seen != 0) {
    wait(stack, memory, 0, 2, 4, kForever);
    seen = state.exchange(2);
  }
}

void unlock(Memory& memory, std::atomic_ref<u32> state) {
  if (state.exchange(0) == 2) notify(memory, 0, 1);
}

TEST_F(WaitTest, LitmusMutexLosesNoWakeUp) {
  constexpr u32 kThreads = 4, kRounds = 3000;
  u64 counter = 0;
  {
    std::vector<std::jthread> threads;
    for (u32 t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        World mine;
        for (u32 i = 0; i < kRounds; ++i) {
          lock(*mine.stack, *memory, word(0));
          const u64 seen = counter;
          if (i % 64 == 0) std::this_thread::yield();
          counter = seen + 1;
          unlock(*memory, word(0));
        }
      });
    }
  }
  EXPECT_EQ(counter, u64{kThreads} * kRounds);
}

TEST_F(WaitTest, LitmusPingPong) {
  constexpr u32 kRounds = 5000;
  const auto play = [&](Stack& stack, u32 mine) {
    for (u32 i = 0; i < kRounds; ++i) {
      while (word(0).load() % 2 != mine) {
        const u32 seen = word(0).load();
        if (seen % 2 != mine) wait(stack, *memory, 0, seen, 4, kForever);
      }
      word(0).fetch_add(1);
      notify(*memory, 0, 1);
    }
  };
  std::jthread other([&] {
    World theirs;
    play(*theirs.stack, 1);
  });
  play(*w.stack, 0);
  other.join();
  EXPECT_EQ(word(0).load(), 2 * kRounds);
}

TEST_F(WaitTest, LitmusEveryNotifyCountsExactlyOneWaiter) {
  constexpr u32 kThreads = 4, kRounds = 800;
  std::atomic<u32> notified{0}, timed_out{0}, woken{0}, running{kThreads};
  std::vector<std::jthread> threads;
  for (u32 t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      World mine;
      for (u32 i = 0; i < kRounds; ++i) {
        const WaitResult r = wait(*mine.stack, *memory, 0, 0, 4, (i % 7) * 20'000);
        notified += r == WaitResult::ok;
        timed_out += r == WaitResult::timed_out;
      }
      --running;
    });
  }
  while (running.load() > 0) woken += notify(*memory, 0, 2);
  threads.clear();
  EXPECT_EQ(notified.load(), woken.load());
  EXPECT_EQ(notified.load() + timed_out.load(), kThreads * kRounds);
  EXPECT_GT(notified.load(), 0u);
}

TEST_F(WaitTest, APolicyReplacesRealTime) {
  struct Virtual {
    i64 now = 0;
  } clock;
  w.store.wait_policy.user = &clock;
  w.store.wait_policy.decide = [](void* user, Store&, Memory&, i64 timeout) {
    if (timeout < 0) return WaitDecision::deadlock;
    static_cast<Virtual*>(user)->now += timeout;
    return WaitDecision::time_out;
  };
  const auto start = Clock::now();
  EXPECT_EQ(wait(*w.stack, *memory, 0, 0, 4, 3'600'000 * kMilli), WaitResult::timed_out);
  EXPECT_EQ(clock.now, 3'600'000 * kMilli);
  EXPECT_EQ(wait(*w.stack, *memory, 0, 0, 4, kForever), WaitResult::deadlock);
  EXPECT_EQ(wait(*w.stack, *memory, 0, 1, 4, kForever), WaitResult::not_equal);
  EXPECT_LT(Clock::now() - start, std::chrono::minutes(10));
  EXPECT_EQ(notify(*memory, 0, ~0u), 0u);
}

}  // namespace
}  // namespace dewar::runtime
