// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A broken invariant ends the process with its place and reason, and costs nothing where assertions are off.
#include <gtest/gtest.h>

#include "base/types.h"

namespace dewar {
namespace {

TEST(AssertDeathTest, ReportsPlaceAndReason) {
  EXPECT_DEATH(base::assertion_failed("some_file.cpp", 1234, "the reason"), "some_file.cpp:1234: bug: the reason");
}

TEST(AssertDeathTest, UnreachableAlwaysAborts) { EXPECT_DEATH(DEWAR_UNREACHABLE("not here"), "bug: not here"); }

TEST(AssertDeathTest, FollowsTheBuildOption) {
#if DEWAR_ASSERTS
  EXPECT_DEATH(DEWAR_ASSERT(1 + 1 == 3, "arithmetic"), "bug: arithmetic");
#else
  DEWAR_ASSERT(1 + 1 == 3, "arithmetic");
#endif
  DEWAR_ASSERT(1 + 1 == 2, "arithmetic");
}

}  // namespace
}  // namespace dewar
