// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Quota: how much of something a run may still use up, how much it did, and how often it was refused more. Nothing is
// used before it was allowed, so a limit holds exactly.
#pragma once

#include <algorithm>

#include "base/types.h"

namespace dewar::boundary {

class Quota {
 public:
  explicit Quota(u64 limit) : limit_(limit) {}

  u64 left() const { return limit_ - used_; }
  u64 used() const { return used_; }
  u64 limit() const { return limit_; }
  u64 refused() const { return refused_; }

  /// As much of `wanted` as is left; less than that counts as one refusal.
  u64 allow(u64 wanted) {
    if (DEWAR_LIKELY(wanted <= left())) return wanted;
    ++refused_;
    return left();
  }
  /// So much was used; at most what is left.
  void use(u64 amount) {
    DEWAR_ASSERT(amount <= left(), "more used than was allowed");
    used_ += amount;
  }

 private:
  u64 limit_;
  u64 used_ = 0;
  u64 refused_ = 0;
};

}  // namespace dewar::boundary
