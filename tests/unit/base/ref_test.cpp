// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reference counting: exactly one deletion, after the last reference, whatever the order and the threads.
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/ref.h"

namespace dewar::base {
namespace {

class Tracked : public RefCounted<Tracked> {
 public:
  explicit Tracked(std::atomic<int>& deleted) : deleted_(deleted) {}
  ~Tracked() { ++deleted_; }

 private:
  std::atomic<int>& deleted_;
};

TEST(RefTest, LastReferenceDeletes) {
  std::atomic<int> deleted = 0;
  {
    auto first = make_ref<Tracked>(deleted);
    EXPECT_EQ(first->ref_count(), 1u);
    Ref<Tracked> second = first;
    EXPECT_EQ(first->ref_count(), 2u);
    EXPECT_TRUE(first == second);
    first = nullptr;
    EXPECT_FALSE(first);
    EXPECT_EQ(deleted, 0);
    // From a raw pointer, back to a counted one.
    Ref<Tracked> third(second.get());
    EXPECT_EQ(second->ref_count(), 2u);
  }
  EXPECT_EQ(deleted, 1);
}

TEST(RefTest, MovesAndSelfAssignmentKeepTheCount) {
  std::atomic<int> deleted = 0;
  auto first = make_ref<Tracked>(deleted);
  Ref<Tracked> second = std::move(first);
  EXPECT_FALSE(first);
  EXPECT_EQ(second->ref_count(), 1u);
  auto& alias = second;
  second = alias;
  EXPECT_EQ(second->ref_count(), 1u);
  second = Ref<Tracked>();
  EXPECT_EQ(deleted, 1);
}

TEST(RefTest, ConvertsToConst) {
  std::atomic<int> deleted = 0;
  Ref<const Tracked> constant = make_ref<Tracked>(deleted);
  EXPECT_EQ(constant->ref_count(), 1u);
  constant = nullptr;
  EXPECT_EQ(deleted, 1);
}

TEST(RefTest, CountsAcrossThreads) {
  std::atomic<int> deleted = 0;
  auto shared = make_ref<Tracked>(deleted);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([copy = shared] {
      for (int i = 0; i < 20000; ++i) Ref<Tracked> another = copy;
    });
  }
  shared = nullptr;
  for (auto& thread : threads) thread.join();
  threads.clear();
  EXPECT_EQ(deleted, 1);
}

}  // namespace
}  // namespace dewar::base
