// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The rounding of object sizes: every size fits its class, no smaller class would do, and waste is bounded.
#include "gc/size_classes.h"

#include <gtest/gtest.h>

namespace dewar::gc {
namespace {

TEST(SizeClasses, EachIsTheSmallestThatFits) {
  for (u32 size = 8; size <= kMaxSmall; ++size) {
    const u32 c = class_of(size);
    ASSERT_LT(c, kClassCount) << size;
    ASSERT_GE(cell_bytes(c), size);
    if (c > 0) {
      ASSERT_LT(cell_bytes(c - 1), size);
    }
    ASSERT_EQ(rounded_bytes(size), cell_bytes(c));
  }
}

TEST(SizeClasses, CellsAreAlignedAndFillTheirBlock) {
  for (u32 c = 0; c < kClassCount; ++c) {
    EXPECT_EQ(cell_bytes(c) % 8, 0u);
    EXPECT_GE(cells_per_block(c), 2u);
    EXPECT_LT(kBlockBytes - cells_per_block(c) * cell_bytes(c), cell_bytes(c));
    if (c > 0) {
      EXPECT_GT(cell_bytes(c), cell_bytes(c - 1));
      // The smallest object of the class wastes at most an eighth of the small cells, a third of the others.
      const u32 waste = cell_bytes(c) - cell_bytes(c - 1) - 8;
      EXPECT_LE(waste * (cell_bytes(c) <= 1024 ? 8 : 3), cell_bytes(c) + 8) << cell_bytes(c);
    }
  }
}

TEST(SizeClasses, LargeObjectsTakeWholeBlocks) {
  EXPECT_EQ(rounded_bytes(kMaxSmall), kMaxSmall);
  EXPECT_EQ(rounded_bytes(kMaxSmall + 1), kBlockBytes);
  EXPECT_EQ(rounded_bytes(kBlockBytes), kBlockBytes);
  EXPECT_EQ(rounded_bytes(kBlockBytes + 1), 2 * kBlockBytes);
  EXPECT_EQ(rounded_bytes((u64{1} << 36) + 8), (u64{1} << 36) + kBlockBytes);
}

}  // namespace
}  // namespace dewar::gc
