// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/start_map.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace dewar::exec {
namespace {

StartMap make(u32 count) {
  auto map = StartMap::create(count);
  EXPECT_TRUE(map.has_value());
  return std::move(*map);
}

TEST(StartMap, EmptyHasNothing) {
  const StartMap map = make(StartMap::kMaxNumbers);
  for (u32 n : {0u, 1u, 63u, 64u, 4095u, 4096u, StartMap::kMaxNumbers - 1}) EXPECT_EQ(map.last_up_to(n), std::nullopt);
}

TEST(StartMap, FindsAcrossEveryLevel) {
  StartMap map = make(StartMap::kMaxNumbers);
  map.insert(5);
  for (u32 n : {5u, 6u, 63u, 64u, 4096u, 262144u, 16777216u, StartMap::kMaxNumbers - 1}) {
    EXPECT_EQ(map.last_up_to(n), 5u) << n;
  }
  EXPECT_EQ(map.last_up_to(4), std::nullopt);
  map.insert(StartMap::kMaxNumbers - 1);
  EXPECT_EQ(map.last_up_to(StartMap::kMaxNumbers - 1), StartMap::kMaxNumbers - 1);
  EXPECT_EQ(map.last_up_to(StartMap::kMaxNumbers - 2), 5u);
  map.erase(5);
  EXPECT_EQ(map.last_up_to(StartMap::kMaxNumbers - 2), std::nullopt);
  EXPECT_FALSE(map.contains(5));
  EXPECT_TRUE(map.contains(StartMap::kMaxNumbers - 1));
}

TEST(StartMap, AgreesWithASet) {
  constexpr u32 kCount = 300'000;
  std::mt19937 random(7);
  for (u32 spread : {40u, 5'000u, kCount}) {
    StartMap map = make(kCount);
    std::set<u32> want;
    for (int i = 0; i < 20'000; ++i) {
      const u32 n = random() % spread;
      if (random() % 2) {
        map.insert(n);
        want.insert(n);
      } else {
        map.erase(n);
        want.erase(n);
      }
      const u32 asked = random() % kCount;
      const auto above = want.upper_bound(asked);
      const std::optional<u32> last = above == want.begin() ? std::nullopt : std::optional(*std::prev(above));
      ASSERT_EQ(map.last_up_to(asked), last) << "of " << asked << " after " << i;
    }
  }
}

}  // namespace
}  // namespace dewar::exec
