// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sizes of linear memories: every edge of minimum, maximum, limit and index type, and growth from several threads.
#include "runtime/memory.h"

#include <algorithm>
#include <thread>

#include "runtime/reservations.h"
#include "unit/runtime/fixture.h"

namespace dewar::runtime {
namespace {

constexpr u64 kPage = 65536;
constexpr u64 kGiB = u64{1} << 30;

wasm::MemoryType type_of(u64 min, std::optional<u64> max = {}, bool is64 = false, u8 page_log2 = 16) {
  wasm::MemoryType t;
  t.limits = {min, max.value_or(0), max.has_value(), is64};
  t.page_log2 = page_log2;
  return t;
}

std::shared_ptr<Memory> make(const wasm::MemoryType& type, u64 limit = 4 * kGiB, bool explicit_bounds = false) {
  return must(Memory::create(type, explicit_bounds, limit));
}

TEST(Memory, StartsZeroedWithItsMinimum) {
  const auto m = make(type_of(3));
  EXPECT_EQ(m->bytes.load(), 3 * kPage);
  EXPECT_EQ(m->pages(), 3u);
  EXPECT_TRUE(std::all_of(m->base, m->base + 3 * kPage, [](u8 b) { return b == 0; }));
  m->base[3 * kPage - 1] = 1;
  EXPECT_EQ(m->current_type().limits.min, 3u);
}

TEST(Memory, GuardedExactlyWhereGuardsSuffice) {
  EXPECT_TRUE(make(type_of(1))->guarded);
  EXPECT_FALSE(make(type_of(1, {}, true))->guarded);
  EXPECT_FALSE(make(type_of(1, {}, false, 0))->guarded);
  EXPECT_FALSE(make(type_of(1), 4 * kGiB, true)->guarded);
}

TEST(Memory, AGuardedSlotHoldsAnyIndexPlusOffset) {
  const auto m = make(type_of(1));
  const u64 last = 0xffff'ffffull + 0xffff'ffffull + 16;
  EXPECT_GE(m->base - m->region.data(), 65536);
  EXPECT_GE(m->region.size() - static_cast<u64>(m->base - m->region.data()), last + kPage - 16);
  EXPECT_EQ(reservation_of(reinterpret_cast<std::uintptr_t>(m->base)), m->region.data());
  EXPECT_EQ(reservation_of(reinterpret_cast<std::uintptr_t>(m->base) + last), m->region.data());
  EXPECT_EQ(reservation_of(reinterpret_cast<std::uintptr_t>(m->region.data())), m->region.data());
}

TEST(Memory, ReservationsGoWithTheirMemories) {
  std::vector<std::shared_ptr<Memory>> memories;
  for (int i = 0; i < 200; ++i) memories.push_back(make(type_of(0)));
  std::vector<const u8*> starts;
  for (const auto& m : memories) {
    starts.push_back(m->region.data());
    const auto address = reinterpret_cast<std::uintptr_t>(m->region.data());
    EXPECT_EQ(reservation_of(address), m->region.data());
    EXPECT_EQ(reservation_of(address + Memory::kSlotBytes - 1), m->region.data());
    EXPECT_NE(reservation_of(address + Memory::kSlotBytes), m->region.data());
    EXPECT_NE(reservation_of(address - 1), m->region.data());
  }
  memories.clear();
  for (const u8* start : starts) EXPECT_EQ(reservation_of(reinterpret_cast<std::uintptr_t>(start)), nullptr);
  EXPECT_EQ(reservation_of(~std::uintptr_t{0}), nullptr);
  EXPECT_EQ(reservation_of(0), nullptr);
}

TEST(Memory, GrowthStopsExactlyAtTheDeclaredMaximum) {
  const auto m = make(type_of(1, 5));
  EXPECT_EQ(m->grow(0), 1u);
  EXPECT_EQ(m->grow(5), std::nullopt);
  EXPECT_TRUE(m->growth_refused);
  EXPECT_EQ(m->grow(3), 1u);
  EXPECT_EQ(m->grow(2), std::nullopt);
  EXPECT_EQ(m->grow(1), 4u);
  EXPECT_EQ(m->grow(1), std::nullopt);
  EXPECT_EQ(m->grow(0), 5u);
  EXPECT_EQ(m->bytes.load(), 5 * kPage);
  m->base[5 * kPage - 1] = 7;
}

TEST(Memory, GrowthStopsExactlyAtTheStoresLimit) {
  for (const i64 slack : {-1, 0, 1}) {
    const auto m = make(type_of(1, 100), 4 * kPage + static_cast<u64>(slack));
    const u64 fits = slack < 0 ? 3 : 4;
    EXPECT_EQ(m->max_bytes, fits * kPage);
    EXPECT_EQ(m->grow(fits), std::nullopt);
    EXPECT_EQ(m->grow(fits - 1), 1u);
    EXPECT_EQ(m->grow(1), std::nullopt);
  }
}

TEST(Memory, HugeDeltasAreRefusedWithoutOverflow) {
  for (const bool is64 : {false, true}) {
    const auto m = make(type_of(2, {}, is64));
    for (const u64 delta : {~u64{0}, ~u64{0} - 1, u64{1} << 63, u64{1} << 48, (u64{1} << 48) - 1, u64{0xffff'ffff}}) {
      EXPECT_EQ(m->grow(delta), std::nullopt) << delta;
    }
    EXPECT_EQ(m->pages(), 2u);
  }
}

TEST(Memory, A32BitMemoryReaches4GiB) {
  const auto m = make(type_of(0));
  EXPECT_EQ(m->max_bytes, 4 * kGiB);
  EXPECT_EQ(m->grow(65537), std::nullopt);
  EXPECT_EQ(m->grow(65536), 0u);
  m->base[4 * kGiB - 1] = 1;
  EXPECT_EQ(m->grow(1), std::nullopt);
}

TEST(Memory, TheMinimumIsRefusedExactlyBeyondTheLimit) {
  EXPECT_TRUE(Memory::create(type_of(4), false, 4 * kPage).has_value());
  EXPECT_TRUE(Memory::create(type_of(4), false, 4 * kPage + 1).has_value());
  const auto refused = Memory::create(type_of(4), false, 4 * kPage - 1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_STREQ(refused.error().code, "limit-memory");
  EXPECT_EQ(refused.error().message, "memory needs at least 4 pages of 65536 bytes; the limit is 262143 bytes");
  EXPECT_FALSE(refused.error().hint.empty());
}

TEST(Memory, HugeMemory64DeclarationsAreLimitedByTheStore) {
  const u64 most_pages = u64{1} << 48;
  const auto m = make(type_of(1, most_pages, true), 8 * kPage);
  EXPECT_EQ(m->max_bytes, 8 * kPage);
  EXPECT_EQ(m->grow(7), 1u);
  EXPECT_EQ(m->grow(1), std::nullopt);
  for (const u64 min : {most_pages, most_pages - 1, u64{1} << 47}) {
    const auto refused = Memory::create(type_of(min, {}, true), false, ~u64{0});
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().code, "limit-memory");
  }
  EXPECT_EQ(make(type_of(1, {}, true), ~u64{0})->max_bytes, Memory::kMaxBytes);
}

TEST(Memory, PagesOfOneByte) {
  const auto m = make(type_of(0, {}, false, 0));
  EXPECT_EQ(m->max_bytes, 0xffff'ffffull);
  EXPECT_EQ(m->grow(1), 0u);
  m->base[0] = 9;
  EXPECT_EQ(m->grow(4095), 1u);
  EXPECT_EQ(m->grow(1), 4096u);
  EXPECT_EQ(m->base[0], 9);
  EXPECT_EQ(m->base[4096], 0);
  EXPECT_EQ(m->pages(), 4097u);
  EXPECT_TRUE(m->in_bounds(4096, 1));
  EXPECT_FALSE(m->in_bounds(4097, 1));
  EXPECT_EQ(m->grow(0xffff'ffff), std::nullopt);
  EXPECT_FALSE(Memory::create(type_of(~u64{0}, {}, true, 0), false, ~u64{0}).has_value());
  const auto odd = make(type_of(3, 11, false, 0), 10);
  EXPECT_EQ(odd->grow(8), std::nullopt);
  EXPECT_EQ(odd->grow(7), 3u);
  EXPECT_EQ(odd->pages(), 10u);
}

TEST(Memory, BoundsDoNotWrap) {
  const auto m = make(type_of(1));
  EXPECT_TRUE(m->in_bounds(0, 0));
  EXPECT_TRUE(m->in_bounds(kPage, 0));
  EXPECT_FALSE(m->in_bounds(kPage + 1, 0));
  EXPECT_TRUE(m->in_bounds(kPage - 4, 4));
  EXPECT_FALSE(m->in_bounds(kPage - 3, 4));
  EXPECT_FALSE(m->in_bounds(~u64{0}, 1));
  EXPECT_FALSE(m->in_bounds(1, ~u64{0}));
  EXPECT_FALSE(m->in_bounds(~u64{0}, ~u64{0}));
}

TEST(Memory, AnEmptyMemoryHasABase) {
  for (const bool explicit_bounds : {false, true}) {
    const auto m = make(type_of(0, 0), 4 * kGiB, explicit_bounds);
    EXPECT_NE(m->base, nullptr);
    EXPECT_EQ(m->grow(1), std::nullopt);
    EXPECT_EQ(m->grow(0), 0u);
  }
}

TEST(Memory, TheBaseNeverMoves) {
  for (const bool explicit_bounds : {false, true}) {
    const auto m = make(type_of(1), 64 << 20, explicit_bounds);
    const u8* base = m->base;
    while (m->grow(37)) {
    }
    EXPECT_EQ(m->base, base);
    m->base[m->bytes.load() - 1] = 1;
  }
}

TEST(Memory, ThreadsThatGrowShareTheMaximum) {
  auto type = type_of(0, 1000);
  type.shared = true;
  const auto m = make(type);
  std::atomic<u64> granted{0};
  std::vector<std::vector<u64>> starts(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : starts) {
      threads.emplace_back([&] {
        while (const auto old = m->grow(3)) {
          mine.push_back(*old);
          m->base[*old * kPage] = 1;
          granted += 3;
        }
      });
    }
  }
  EXPECT_EQ(granted.load(), 999u);
  EXPECT_EQ(m->pages(), 999u);
  std::vector<u64> all;
  for (const auto& mine : starts) all.insert(all.end(), mine.begin(), mine.end());
  std::sort(all.begin(), all.end());
  for (usize i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], 3 * i);
}

TEST(Memory, ABudgetIsSharedAndGivenBack) {
  const auto budget = std::make_shared<GrowthBudget>(10 * kPage);
  auto a = must(Memory::create(type_of(4), false, 4 * kGiB, budget));
  auto b = must(Memory::create(type_of(3), false, 4 * kGiB, budget));
  EXPECT_FALSE(Memory::create(type_of(4), false, 4 * kGiB, budget).has_value());
  EXPECT_EQ(budget->left.load(), 3 * kPage);
  EXPECT_EQ(a->grow(4), std::nullopt);
  EXPECT_EQ(a->grow(3), 4u);
  EXPECT_EQ(b->grow(1), std::nullopt);
  a.reset();
  EXPECT_EQ(b->grow(7), 3u);
  b.reset();
  EXPECT_EQ(budget->left.load(), 10 * kPage);
}

}  // namespace
}  // namespace dewar::runtime
