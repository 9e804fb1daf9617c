// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Mappings: access only where committed, zeroed contents, checked ranges, ownership.
#include <gtest/gtest.h>

#include "base/mmap.h"

namespace dewar::base {
namespace {

TEST(MmapTest, PageSizes) {
  usize page = os_page_size();
  EXPECT_GE(page, 4096u);
  EXPECT_EQ(round_up_to_page(1), page);
  EXPECT_EQ(round_up_to_page(page), page);
  EXPECT_EQ(round_up_to_page(page + 1), 2 * page);
  EXPECT_EQ(round_up_to_page(0), 0u);
  EXPECT_EQ(round_up_to_page(~usize{0}), 0u);
}

TEST(MmapTest, AnonymousIsZeroAndWritable) {
  auto mapping = Mapping::anonymous(100);
  ASSERT_TRUE(mapping);
  EXPECT_EQ(mapping->size(), os_page_size());
  for (u8 byte : mapping->bytes()) ASSERT_EQ(byte, 0);
  mapping->data()[99] = 7;
  ASSERT_TRUE(mapping->discard(0, os_page_size()));
  EXPECT_EQ(mapping->data()[99], 0);
}

TEST(MmapDeathTest, ReservedFaultsUntilCommitted) {
  usize page = os_page_size();
  auto mapping = Mapping::reserve(4 * page);
  ASSERT_TRUE(mapping);
  EXPECT_DEATH(*static_cast<volatile u8*>(mapping->data()) = 1, "");
  ASSERT_TRUE(mapping->commit(page, page));
  mapping->data()[page] = 1;
  mapping->data()[2 * page - 1] = 2;
  EXPECT_DEATH(*static_cast<volatile u8*>(mapping->data() + 2 * page) = 1, "");
  EXPECT_DEATH(*static_cast<volatile u8*>(mapping->data() + page - 1) = 1, "");
  ASSERT_TRUE(mapping->protect(page, page, Protection::kRead));
  EXPECT_EQ(mapping->data()[2 * page - 1], 2);
  EXPECT_DEATH(*static_cast<volatile u8*>(mapping->data() + page) = 1, "");
}

TEST(MmapTest, AlignedReservation) {
  usize alignment = usize{1} << 24;
  for (int i = 0; i < 4; ++i) {
    auto mapping = Mapping::reserve(3 * os_page_size(), alignment);
    ASSERT_TRUE(mapping);
    EXPECT_EQ(reinterpret_cast<usize>(mapping->data()) % alignment, 0u);
    EXPECT_EQ(mapping->size(), 3 * os_page_size());
    EXPECT_TRUE(mapping->commit(0, mapping->size()));
    mapping->data()[mapping->size() - 1] = 1;
  }
}

TEST(MmapTest, ImpossibleSizesAreErrors) {
  EXPECT_FALSE(Mapping::reserve(0));
  EXPECT_FALSE(Mapping::reserve(~usize{0}));
  EXPECT_FALSE(Mapping::reserve(usize{1} << 62));
  EXPECT_FALSE(Mapping::reserve(~usize{0} - (usize{1} << 20), usize{1} << 24));
  auto refused = Mapping::anonymous(usize{1} << 62);
  ASSERT_FALSE(refused);
  EXPECT_STREQ(refused.error().code, "no-memory");
}

TEST(MmapTest, RangesAreChecked) {
  usize page = os_page_size();
  auto mapping = Mapping::reserve(2 * page);
  ASSERT_TRUE(mapping);
  EXPECT_TRUE(mapping->commit(2 * page, 0));
  EXPECT_FALSE(mapping->commit(page, 2 * page));
  EXPECT_FALSE(mapping->commit(3 * page, page));
  EXPECT_FALSE(mapping->commit(page, ~usize{0} - page + 1)) << "offset + length overflows to 0";
  EXPECT_FALSE(mapping->commit(1, page));
  EXPECT_FALSE(mapping->commit(0, page - 1));
  EXPECT_FALSE(mapping->discard(0, 3 * page));
}

TEST(MmapTest, ContainsIsHalfOpen) {
  auto mapping = Mapping::reserve(os_page_size());
  ASSERT_TRUE(mapping);
  EXPECT_TRUE(mapping->contains(mapping->data()));
  EXPECT_TRUE(mapping->contains(mapping->data() + mapping->size() - 1));
  EXPECT_FALSE(mapping->contains(mapping->data() + mapping->size()));
  EXPECT_FALSE(mapping->contains(nullptr));
  EXPECT_FALSE(Mapping().contains(nullptr));
}

TEST(MmapTest, OwnershipMoves) {
  auto made = Mapping::anonymous(1);
  ASSERT_TRUE(made);
  Mapping first = std::move(*made);
  EXPECT_FALSE(made->valid());
  u8* data = first.data();
  Mapping second;
  second = std::move(first);
  EXPECT_EQ(second.data(), data);
  EXPECT_EQ(first.size(), 0u);
  auto raw = second.release();
  EXPECT_EQ(raw.data(), data);
  EXPECT_FALSE(second.valid());
  raw[0] = 1;
  auto again = Mapping::anonymous(1);
  ASSERT_TRUE(again);
  again->reset();
  again->reset();
  EXPECT_FALSE(again->valid());
}

}  // namespace
}  // namespace dewar::base
