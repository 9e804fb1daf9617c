// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stacks: region and limit, registration, and interrupts from threads and signal handlers.
#include "runtime/stack.h"

#include <cerrno>
#include <thread>

#include <poll.h>
#include <signal.h>

#include "unit/runtime/fixture.h"

namespace dewar::runtime {
namespace {

u64 address(const Slot* p) { return reinterpret_cast<std::uintptr_t>(p); }

bool readable(int fd) {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, 0) == 1;
}

struct StackTest : ::testing::Test {
  Engine engine;
  Store store{engine};
};

TEST_F(StackTest, HasExactlyTheBytesAskedFor) {
  for (const u64 bytes : {u64{8}, u64{4096}, u64{4104}, u64{1} << 20, Stack::kDefaultBytes}) {
    const auto stack = must(Stack::create(store, bytes));
    EXPECT_EQ(address(stack->end) - address(stack->base), bytes);
    EXPECT_EQ(stack->limit.load(), address(stack->end));
    stack->base[0] = 1;
    stack->end[-1] = 2;
  }
  const auto odd = must(Stack::create(store, 4111));
  EXPECT_EQ(odd->end - odd->base, 513);
}

TEST_F(StackTest, RefusesSizesOutOfRange) {
  for (const u64 bytes : {u64{0}, u64{7}, Stack::kMaxBytes + 8, ~u64{0}}) {
    const auto refused = Stack::create(store, bytes);
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().code, "limit-stack");
  }
  EXPECT_TRUE(store.stacks().empty());
}

TEST_F(StackTest, IsRegisteredWhileAlive) {
  auto a = must(Stack::create(store));
  auto b = must(Stack::create(store));
  EXPECT_EQ(store.stacks(), (std::vector<Stack*>{a.get(), b.get()}));
  a.reset();
  EXPECT_EQ(store.stacks(), std::vector<Stack*>{b.get()});
  b.reset();
  EXPECT_TRUE(store.stacks().empty());
}

TEST_F(StackTest, GuardsAreInaccessible) {
  const auto stack = must(Stack::create(store, 4096));
  EXPECT_DEATH(stack->end[0] = 1, "");
  EXPECT_DEATH(stack->base[-1] = 1, "");
}

TEST_F(StackTest, InterruptPoisonsUntilEveryReasonIsCleared) {
  const auto stack = must(Stack::create(store));
  stack->interrupt(0);
  EXPECT_EQ(stack->limit.load(), address(stack->end));
  stack->interrupt(kInterruptKill);
  stack->interrupt(kInterruptProbes);
  EXPECT_EQ(stack->limit.load(), 0u);
  EXPECT_EQ(stack->interrupts(), u32{kInterruptKill} | kInterruptProbes);
  stack->clear_interrupt(kInterruptKill);
  EXPECT_EQ(stack->limit.load(), 0u);
  stack->clear_interrupt(kInterruptProbes);
  EXPECT_EQ(stack->limit.load(), address(stack->end));
  EXPECT_EQ(stack->interrupts(), 0u);
}

TEST_F(StackTest, TheDescriptorFollowsTheWord) {
  const auto stack = must(Stack::create(store));
  const int fd = stack->interrupt_fd();
  ASSERT_GE(fd, 0);
  EXPECT_EQ(stack->interrupt_fd(), fd);
  EXPECT_FALSE(readable(fd));
  stack->interrupt(kInterruptSignal);
  EXPECT_TRUE(readable(fd));
  stack->interrupt(kInterruptSignal);
  stack->clear_interrupt(kInterruptSignal);
  EXPECT_FALSE(readable(fd));
}

TEST_F(StackTest, ADescriptorMadeLateIsReadableAtOnce) {
  const auto stack = must(Stack::create(store));
  stack->interrupt(kInterruptKill);
  EXPECT_TRUE(readable(stack->interrupt_fd()));
}

TEST_F(StackTest, AThreadWakesAPollingOwner) {
  const auto stack = must(Stack::create(store));
  const int fd = stack->interrupt_fd();
  std::jthread killer([&] { stack->interrupt(kInterruptKill); });
  pollfd p{fd, POLLIN, 0};
  EXPECT_EQ(::poll(&p, 1, 60'000), 1);
  EXPECT_EQ(stack->interrupts(), u32{kInterruptKill});
  EXPECT_EQ(stack->limit.load(), 0u);
}

TEST_F(StackTest, ClearingNeverLosesAnotherThreadsReason) {
  const auto stack = must(Stack::create(store));
  const int fd = stack->interrupt_fd();
  for (int round = 0; round < 2000; ++round) {
    stack->interrupt(kInterruptSignal);
    std::atomic<bool> go{false};
    std::jthread other([&] {
      while (!go.load()) {
      }
      stack->interrupt(kInterruptKill);
    });
    go = true;
    stack->clear_interrupt(kInterruptSignal);
    other.join();
    ASSERT_EQ(stack->interrupts(), u32{kInterruptKill});
    ASSERT_EQ(stack->limit.load(), 0u) << round;
    ASSERT_TRUE(readable(fd)) << round;
    stack->clear_interrupt(kInterruptKill);
  }
}

Stack* g_signalled = nullptr;

TEST_F(StackTest, InterruptWorksInASignalHandler) {
  const auto stack = must(Stack::create(store));
  g_signalled = stack.get();
  struct sigaction action{}, old{};
  action.sa_handler = [](int) { g_signalled->interrupt(kInterruptKill); };
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &old), 0);
  errno = 1234;
  ::raise(SIGUSR1);
  EXPECT_EQ(errno, 1234);
  EXPECT_EQ(stack->limit.load(), 0u);
  ::sigaction(SIGUSR1, &old, nullptr);
}

}  // namespace
}  // namespace dewar::runtime
