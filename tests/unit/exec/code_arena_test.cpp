// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The code arena: rights of its two views, running what is written, reuse, limits, who owns a pc.
#include "exec/code_arena.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "code_arena_fixture.h"

namespace dewar::exec {
namespace {

std::unique_ptr<CodeArena> make(u64 bytes = u64{1} << 20) {
  auto arena = CodeArena::create(bytes);
  EXPECT_TRUE(arena.has_value()) << arena.error().message;
  return std::move(*arena);
}

void* owner_number(usize n) { return reinterpret_cast<void*>(n); }

/// Rights of the mapping that holds an address, as /proc/self/maps has them.
std::string rights_at(const void* address) {
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    usize from = 0, to = 0;
    char rights[5] = {};
    if (std::sscanf(line.c_str(), "%zx-%zx %4s", &from, &to, rights) == 3 && reinterpret_cast<usize>(address) >= from &&
        reinterpret_cast<usize>(address) < to)
      return rights;
  }
  return "none";
}

/// How a child process ends that does `act` and then leaves with 0: its exit code, or minus the signal.
template <class F>
int in_child(F act) {
  const pid_t child = fork();
  if (child == 0) {
    for (int s : {SIGSEGV, SIGBUS, SIGTRAP, SIGILL}) signal(s, SIG_DFL);
    act();
    _exit(0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

TEST(CodeArena, NoAddressIsWritableAndExecutable) {
  auto arena = make();
  const auto range = put(*arena, returns(1), owner_number(1));
  EXPECT_EQ(rights_at(range.write), "rw-s");
  EXPECT_EQ(rights_at(range.code), "r-xs");
  EXPECT_NE(range.write, range.code);
  EXPECT_EQ(arena->writable(range.code), range.write);
  std::ifstream maps("/proc/self/maps");
  std::string line;
  usize seen = 0;
  while (std::getline(maps, line)) {
    std::istringstream fields(line);
    std::string place, rights;
    fields >> place >> rights;
    EXPECT_FALSE(rights[1] == 'w' && rights[2] == 'x') << line;
    if (line.find("dewar-code") == std::string::npos) continue;
    ++seen;
  }
  EXPECT_EQ(seen, 2u);
  // Between inaccessible neighbours.
  const usize limit = arena->limit_bytes();
  const u8* first = range.code - CodeArena::kHeaderBytes;
  EXPECT_EQ(rights_at(first - 1), "---p");
  EXPECT_EQ(rights_at(first + limit), "---p");
  EXPECT_EQ(rights_at(range.write - CodeArena::kHeaderBytes - 1), "---p");
  EXPECT_EQ(rights_at(range.write - CodeArena::kHeaderBytes + limit), "---p");
}

TEST(CodeArena, TheExecutableViewCanNeverBeWritten) {
  auto arena = make();
  const auto range = put(*arena, returns(1), owner_number(1));
  const usize page = base::os_page_size();
  void* at = reinterpret_cast<void*>(reinterpret_cast<usize>(range.code) & ~(page - 1));
  for (int protection : {PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE | PROT_EXEC}) {
    EXPECT_EQ(mprotect(at, page, protection), -1);
    EXPECT_EQ(errno, EACCES);
  }
  EXPECT_EQ(run(range.code), 1);
}

TEST(CodeArena, RunsWhatIsWritten) {
  auto arena = make();
  std::vector<CodeArena::Range> ranges;
  for (u16 i = 0; i < 1000; ++i) ranges.push_back(put(*arena, returns(i), owner_number(i + 1u), 8 + i % 70));
  for (u16 i = 0; i < 1000; ++i) {
    EXPECT_EQ(reinterpret_cast<usize>(ranges[i].code) % CodeArena::kAlign, 0u);
    EXPECT_EQ(run(ranges[i].code), i);
  }
}

TEST(CodeArena, ReleasedSpaceIsUsedAgain) {
  auto arena = make();
  // One after the other, each at the place of the one before.
  const u8* place = nullptr;
  for (u16 i = 0; i < 20'000; ++i) {
    const auto range = put(*arena, returns(i), owner_number(1));
    if (place) ASSERT_EQ(range.code, place);
    place = range.code;
    if (kSeesRewrites) ASSERT_EQ(run(range.code), i) << "what was there before still runs";
    arena->release(range.code);
  }
  EXPECT_EQ(arena->used_bytes(), 0u);
  EXPECT_EQ(arena->file_bytes(), u64{64} << 10);
}

TEST(CodeArena, NeighboursAreJoined) {
  auto arena = make(u64{64} << 10);
  const u32 third = (64u << 10) / 4 - CodeArena::kHeaderBytes;
  CodeArena::Range r[4];
  for (auto& range : r) range = put(*arena, returns(7), owner_number(1), third);
  EXPECT_FALSE(arena->allocate(1, owner_number(1)));
  // In an order that needs both kinds of joining.
  for (int i : {0, 2, 1, 3}) arena->release(r[i].code);
  const auto all = arena->allocate((64u << 10) - CodeArena::kHeaderBytes, owner_number(2));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->code, r[0].code);
}

TEST(CodeArena, TheSmallestFitIsTaken) {
  auto arena = make();
  const auto big = put(*arena, returns(1), owner_number(1), 1000), wall1 = put(*arena, returns(1), owner_number(1));
  const auto small = put(*arena, returns(1), owner_number(1), 200), wall2 = put(*arena, returns(1), owner_number(1));
  arena->release(big.code);
  arena->release(small.code);
  EXPECT_EQ(arena->allocate(180, owner_number(1))->code, small.code);
  EXPECT_EQ(arena->allocate(180, owner_number(1))->code, big.code);
  EXPECT_LT(wall1.code, wall2.code);
}

TEST(CodeArena, TheLimitIsExact) {
  const u64 limit = u64{128} << 10;
  auto arena = make(limit);
  EXPECT_EQ(arena->limit_bytes(), limit);
  EXPECT_FALSE(arena->allocate(static_cast<u32>(limit - CodeArena::kHeaderBytes + 1), owner_number(1)));
  EXPECT_FALSE(arena->allocate(~u32{0}, owner_number(1)));
  EXPECT_EQ(arena->file_bytes(), 0u) << "a refusal takes no memory";
  const auto all = arena->allocate(static_cast<u32>(limit - CodeArena::kHeaderBytes), owner_number(1));
  ASSERT_TRUE(all);
  EXPECT_EQ(arena->used_bytes(), limit);
  EXPECT_FALSE(arena->allocate(1, owner_number(1)));
  // A range that was never published goes back as well.
  arena->release(all->code);
  u32 count = 0;
  while (arena->allocate(1, owner_number(1))) ++count;
  EXPECT_EQ(count, limit / (CodeArena::kHeaderBytes + CodeArena::kAlign));
  EXPECT_FALSE(CodeArena::create(0));
  // What is free at the file's end counts when it grows.
  arena = make(limit);
  ASSERT_TRUE(arena->allocate(u32{40} << 10, owner_number(1)));
  ASSERT_LT(arena->file_bytes(), limit);
  EXPECT_TRUE(
      arena->allocate(static_cast<u32>(limit - (u64{40} << 10) - 2 * CodeArena::kHeaderBytes), owner_number(1)));
}

TEST(CodeArena, FindsTheOwnerOfEveryByte) {
  auto arena = make();
  const auto a = put(*arena, returns(1), owner_number(1), 33), b = put(*arena, returns(2), owner_number(2), 5000);
  const auto unpublished = arena->allocate(40, owner_number(3));
  const auto c = put(*arena, returns(4), owner_number(4), 16);
  for (const auto& [range, number] : {std::pair(a, 1u), std::pair(b, 2u), std::pair(c, 4u)}) {
    for (u32 i = 0; i < range.size; ++i) {
      const auto found = arena->find(range.code + i);
      ASSERT_TRUE(found) << i;
      EXPECT_EQ(found->object, owner_number(number));
      EXPECT_EQ(found->code, range.code);
      EXPECT_EQ(found->size, range.size);
    }
    EXPECT_FALSE(arena->find(range.code - 1));
    EXPECT_FALSE(arena->find(range.code + range.size));
  }
  EXPECT_FALSE(arena->find(unpublished->code));
  arena->publish(*unpublished);
  EXPECT_EQ(arena->find(unpublished->code)->object, owner_number(3));
  arena->release(b.code);
  for (u32 i : {0u, 1u, 4999u}) EXPECT_FALSE(arena->find(b.code + i));
  EXPECT_EQ(arena->find(a.code)->object, owner_number(1));
  EXPECT_EQ(arena->find(c.code)->object, owner_number(4));
  // Not of the arena: the other view, data, null, its borders.
  const u8* first = a.code - CodeArena::kHeaderBytes;
  for (const void* pc : {static_cast<const void*>(a.write), static_cast<const void*>(arena.get()),
                         static_cast<const void*>(nullptr), static_cast<const void*>(first - 1),
                         static_cast<const void*>(first), static_cast<const void*>(first + arena->limit_bytes() - 1),
                         static_cast<const void*>(first + arena->limit_bytes())})
    EXPECT_FALSE(arena->find(pc));
}

TEST(CodeArena, WhatIsNoCodeTraps) {
  auto arena = make();
  const auto a = put(*arena, returns(1), owner_number(1), 64), b = put(*arena, returns(2), owner_number(2), 64);
  arena->release(b.code);
#if defined(__x86_64__)
  const u8 trap[4] = {0xcc, 0xcc, 0xcc, 0xcc};
#else
  const u8 trap[4] = {0, 0, 0x20, 0xd4};
#endif
  const u32 written = static_cast<u32>(returns(1).size());
  // The rest of a range, what lies between two, what was released, and what was never used, up to the file's end.
  const u8* end = a.code - CodeArena::kHeaderBytes + arena->file_bytes();
  for (const u8* p = a.code + (written + 3) / 4 * 4; p < end; p += 4)
    ASSERT_EQ(std::memcmp(p, trap, 4), 0) << p - a.code;
  // Running on out of a range ends at the next header, whatever it says.
  const auto c = put(*arena, returns(2), owner_number(2), 64);
  EXPECT_EQ(std::memcmp(c.code - CodeArena::kHeaderBytes, trap, 4), 0);
}

TEST(CodeArena, AChildHasNoneOfIt) {
#if !defined(__x86_64__)
  GTEST_SKIP() << "emulators do not know MADV_DONTFORK";
#endif
  auto arena = make();
  const auto range = put(*arena, returns(3), owner_number(1));
  EXPECT_EQ(in_child([&] { run(range.code); }), -SIGSEGV);
  EXPECT_EQ(in_child([&] { *static_cast<volatile u8*>(range.write) = 0; }), -SIGSEGV);
  EXPECT_EQ(run(range.code), 3);
}

TEST(CodeArena, LookupsGoOnWhileOthersAllocate) {
  auto arena = make(u64{4} << 20);
  // Code that stays, between code that comes and goes.
  std::vector<CodeArena::Range> stays;
  for (u16 i = 0; i < 400; ++i) stays.push_back(put(*arena, returns(i), owner_number(i + 1u), 16 + i * 37 % 3000));
  for (u16 i = 1; i < 400; i += 2) arena->release(stays[i].code);
  std::atomic<bool> stop{false};
  std::atomic<u64> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<u32>(t));
      std::vector<const u8*> mine;
      while (!stop.load(std::memory_order_relaxed)) {
        if (mine.size() > 40 || (!mine.empty() && random() % 2)) {
          std::swap(mine[random() % mine.size()], mine.back());
          arena->release(mine.back());
          mine.pop_back();
        } else {
          const u16 value = static_cast<u16>(random());
          const auto range = put(*arena, returns(value), owner_number(100'000), 8 + random() % 4000);
          if ((kSeesRewrites && run(range.code) != value) ||
              arena->find(range.code + range.size / 2)->code != range.code)
            ++wrong;
          mine.push_back(range.code);
        }
      }
    });
  }
  const u8* first = stays[0].code - CodeArena::kHeaderBytes;
  std::mt19937 random(99);
  u64 others = 0;
  for (int i = 0; i < 200'000; ++i) {
    const usize n = random() % 200 * 2;
    const auto found = arena->find(stays[n].code + random() % stays[n].size);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->object, owner_number(n + 1));
    ASSERT_EQ(found->code, stays[n].code);
    // Anywhere: nothing, code that stays, or code of the other threads.
    const auto any = arena->find(first + random() % arena->limit_bytes());
    if (any) ++others;
    if (any && any->object != owner_number(100'000)) ASSERT_LE(reinterpret_cast<usize>(any->object), 400u);
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(others, 1000u);
}

TEST(CodeArena, RandomUseKeepsItsBooks) {
  auto arena = make(u64{256} << 10);
  std::mt19937 random(5);
  std::vector<std::pair<CodeArena::Range, u16>> live;
  u64 used = 0, refused = 0;
  const auto cost = [](u32 size) { return CodeArena::kHeaderBytes + u64{(size + 15) / 16} * 16; };
  for (int i = 0; i < 20'000; ++i) {
    if (random() % 5 < 2 && !live.empty()) {
      std::swap(live[random() % live.size()], live.back());
      arena->release(live.back().first.code);
      used -= cost(live.back().first.size);
      live.pop_back();
    } else {
      const u32 size = 8 + random() % 900;
      const auto range = arena->allocate(size, owner_number(1));
      if (!range) {
        ++refused;
        continue;
      }
      const u16 value = static_cast<u16>(i);
      const auto code = returns(value);
      std::memcpy(range->write, code.data(), code.size());
      arena->publish(*range);
      live.push_back({*range, value});
      used += cost(size);
    }
    ASSERT_EQ(arena->used_bytes(), used);
  }
  EXPECT_GT(refused, 100u);
  std::sort(live.begin(), live.end(), [](const auto& a, const auto& b) { return a.first.code < b.first.code; });
  for (usize i = 0; i < live.size(); ++i) {
    EXPECT_EQ(run(live[i].first.code), live[i].second);
    if (i > 0) EXPECT_LE(live[i - 1].first.code + live[i - 1].first.size + CodeArena::kHeaderBytes, live[i].first.code);
  }
}

}  // namespace
}  // namespace dewar::exec
