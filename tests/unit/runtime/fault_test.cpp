// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Faults of guest accesses (design D7), made by the same means as the interpreter's: accesses in inline assembly with a
// landing in the table of fault sites. A memory's whole reach faults while a neighbour lives beside it; whatever is not
// the guest's fault is not swallowed.
#include <algorithm>
#include <csetjmp>
#include <thread>

#include <signal.h>
#include <sys/mman.h>

#include "runtime/signals.h"
#include "unit/runtime/fixture.h"

namespace dewar::runtime {
namespace {

#define FAULT_SITE                           \
  ".pushsection dewar_fault_sites, \"aw\"\n" \
  ".balign 8\n"                              \
  ".quad 1b, %l[landing]\n"                  \
  ".popsection\n"

/// Stores one byte; false if that faulted.
[[gnu::noinline]] bool store8(u8* to, u8 value) {
#if defined(__x86_64__)
  asm goto("1: movb %b1, (%0)\n" FAULT_SITE : : "r"(to), "q"(value) : "memory" : landing);
#else
  asm goto("1: strb %w1, [%0]\n" FAULT_SITE : : "r"(to), "r"(value) : "memory" : landing);
#endif
  return true;
landing:
  return false;
}

/// Stores 16 bytes of 0xff.
[[gnu::noinline]] bool store16(u8* to) {
#if defined(__x86_64__)
  asm goto("pcmpeqd %%xmm0, %%xmm0\n1: movups %%xmm0, (%0)\n" FAULT_SITE : : "r"(to) : "memory", "xmm0" : landing);
#else
  asm goto("1: stp %1, %1, [%0]\n" FAULT_SITE : : "r"(to), "r"(~u64{0}) : "memory" : landing);
#endif
  return true;
landing:
  return false;
}

wasm::MemoryType one_page() {
  wasm::MemoryType type;
  type.limits.min = 1;
  return type;
}

struct FaultTest : ::testing::Test {
  FaultTest() {
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    install_fault_handler();
    ensure_alt_stack();
  }
  World world;
};

TEST_F(FaultTest, AccessesInBoundsGoThrough) {
  const auto m = must(world.store.new_memory(one_page()));
  const ActiveStackScope scope(*world.stack);
  EXPECT_TRUE(store8(m->base, 1));
  EXPECT_TRUE(store8(m->base + 65535, 2));
  EXPECT_TRUE(store16(m->base + 65520));
  EXPECT_EQ(m->base[0], 1);
  EXPECT_EQ(m->base[65535], 0xff);
}

TEST_F(FaultTest, TheWholeReachFaultsBesideALiveNeighbour) {
  // The system lays mappings side by side; look for a pair without a gap.
  std::vector<std::shared_ptr<Memory>> memories;
  for (int i = 0; i < 8; ++i) memories.push_back(must(world.store.new_memory(one_page())));
  std::ranges::sort(memories, {}, [](const auto& m) { return m->base; });
  int pairs = 0;
  const ActiveStackScope scope(*world.stack);
  for (usize i = 0; i + 1 < memories.size(); ++i) {
    Memory& m = *memories[i];
    Memory& neighbour = *memories[i + 1];
    if (m.region.data() + m.region.size() == neighbour.region.data()) ++pairs;
    std::fill_n(neighbour.base, 65536, u8{0x55});
    std::fill_n(m.base, 65536, u8{0x33});
    constexpr u64 kMax = 0xffff'ffff;
    for (const u64 index : {u64{65536}, u64{65536 - 15}, u64{0x7fff'ffff}, u64{0x8000'0000}, kMax - 1, kMax}) {
      for (const u64 offset : {u64{0}, u64{1}, u64{0x8000'0000}, kMax - 1, kMax}) {
        EXPECT_FALSE(store16(m.base + index + offset)) << index << "+" << offset;
        // A single byte lies outside too, but for the index that only a wide access carries over the end.
        if (index + offset >= 65536) {
          EXPECT_FALSE(store8(m.base + index + offset, 1));
        }
        if (index + offset + 15 >= 65536) {
          EXPECT_FALSE(store8(m.base + index + offset + 15, 1));
        }
      }
    }
    EXPECT_FALSE(store8(m.base - 1, 1));
    EXPECT_FALSE(store16(m.base - 16));
    EXPECT_TRUE(std::all_of(neighbour.base, neighbour.base + 65536, [](u8 b) { return b == 0x55; }));
  }
  EXPECT_GT(pairs, 0);
}

TEST_F(FaultTest, GrownPagesStopFaulting) {
  const auto m = must(world.store.new_memory(one_page()));
  const ActiveStackScope scope(*world.stack);
  EXPECT_FALSE(store8(m->base + 65536, 1));
  EXPECT_EQ(m->grow(1), 1u);
  EXPECT_TRUE(store8(m->base + 65536, 1));
  EXPECT_TRUE(store8(m->base + 2 * 65536 - 1, 1));
  EXPECT_FALSE(store8(m->base + 2 * 65536, 1));
}

TEST_F(FaultTest, ManyFaultsInARow) {
  const auto m = must(world.store.new_memory(one_page()));
  const ActiveStackScope scope(*world.stack);
  int faults = 0;
  for (int i = 0; i < 10'000; ++i) faults += !store8(m->base + 65536 + i, 1);
  EXPECT_EQ(faults, 10'000);
}

TEST_F(FaultTest, EveryThreadHasItsOwnActiveStack) {
  std::vector<std::jthread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      ensure_alt_stack();
      World mine;
      const auto m = must(mine.store.new_memory(one_page()));
      EXPECT_EQ(active_stack(), nullptr);
      const ActiveStackScope scope(*mine.stack);
      for (int i = 0; i < 1000; ++i) good += !store8(m->base + 65536 + i, 1) && store8(m->base + i, 1);
    });
  }
  threads.clear();
  EXPECT_EQ(good.load(), 4000);
}

TEST_F(FaultTest, AMemoryOfAnotherStoreCanBeAdopted) {
  World other;
  auto type = one_page();
  type.limits.has_max = true;
  type.limits.max = 2;
  type.shared = true;
  const auto m = must(other.store.new_memory(type));
  world.store.adopt_memory(m);
  world.store.adopt_memory(m);
  const ActiveStackScope scope(*world.stack);
  EXPECT_FALSE(store8(m->base + 65536, 1));
}

TEST_F(FaultTest, ScopesNest) {
  World other;
  {
    const ActiveStackScope outer(*world.stack);
    {
      const ActiveStackScope inner(*other.stack);
      EXPECT_EQ(active_stack(), other.stack.get());
    }
    EXPECT_EQ(active_stack(), world.stack.get());
  }
  EXPECT_EQ(active_stack(), nullptr);
}

using FaultDeathTest = FaultTest;

TEST_F(FaultDeathTest, HittingAnotherStoresMemoryIsABug) {
  World other;
  const auto m = must(other.store.new_memory(one_page()));
  const ActiveStackScope scope(*world.stack);
  EXPECT_DEATH(store8(m->base + 65536, 1), "guest code reached a memory of another store");
}

TEST_F(FaultDeathTest, GuestCodeWithoutAStackIsABug) {
  const auto m = must(world.store.new_memory(one_page()));
  EXPECT_DEATH(store8(m->base + 65536, 1), "guest code ran without a stack");
}

TEST_F(FaultDeathTest, AFaultOutsideAllMemoriesIsNotSwallowed) {
  const ActiveStackScope scope(*world.stack);
  EXPECT_DEATH(store8(reinterpret_cast<u8*>(0x10), 1), "");
}

TEST_F(FaultDeathTest, AFaultOfHostCodeIsNotSwallowed) {
  const auto m = must(world.store.new_memory(one_page()));
  const ActiveStackScope scope(*world.stack);
  EXPECT_DEATH(*const_cast<volatile u8*>(m->base + 65536) = 1, "");
}

TEST_F(FaultDeathTest, ASentSignalStillKills) { EXPECT_DEATH(::raise(SIGSEGV), ""); }

sigjmp_buf g_jump;

/// Runs in a fresh process: the handler that was there first must get what is not ours.
TEST(FaultChainTest, TheEarlierHandlerGetsForeignFaults) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        struct sigaction action{};
        action.sa_sigaction = [](int, siginfo_t* info, void*) {
          if (info->si_addr == reinterpret_cast<void*>(0x10)) ::siglongjmp(g_jump, 1);
          ::_exit(3);
        };
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        ::sigaction(SIGSEGV, &action, nullptr);
        install_fault_handler();
        World world;
        const auto m = must(world.store.new_memory(one_page()));
        const ActiveStackScope scope(*world.stack);
        if (store8(m->base + 65536, 1)) ::_exit(4);
        if (sigsetjmp(g_jump, 1) == 0) {
          store8(reinterpret_cast<u8*>(0x10), 1);
          ::_exit(5);
        }
        if (store8(m->base + 65536, 1)) ::_exit(6);
        ::_exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(AltStackTest, IsPerThreadAndGoesAway) {
  std::jthread([] {
    stack_t before{};
    ::sigaltstack(nullptr, &before);
    ensure_alt_stack();
    ensure_alt_stack();
    stack_t now{};
    ASSERT_EQ(::sigaltstack(nullptr, &now), 0);
    EXPECT_EQ(now.ss_flags & SS_DISABLE, 0);
    EXPECT_GE(now.ss_size, usize{16} << 10);
  }).join();
}

}  // namespace
}  // namespace dewar::runtime
