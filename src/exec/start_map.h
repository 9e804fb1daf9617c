// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A set of small numbers that answers "which is the last one not above n?" in a few steps, without a lock and in a
// signal handler: bits in words, with a bit in the level above for every word that has one. The code arena keeps in it
// where code starts. One thread changes it at a time; readers see a number that stays in the set, with none added or
// taken between it and n, for certain.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <optional>

#include "base/mmap.h"

namespace dewar::exec {

class StartMap {
 public:
  static constexpr u32 kMaxNumbers = u32{1} << 26;

  /// For numbers below `count`. Memory is taken from the system as it is touched, an eighth of a byte a number.
  static Result<StartMap> create(u32 count) {
    DEWAR_ASSERT(count > 0 && count <= kMaxNumbers, "too many numbers for a start map");
    StartMap map;
    std::array<usize, kLevels> at{};
    usize words = 0;
    for (usize level = 0; level < kLevels; ++level) {
      at[level] = words;
      count = (count + 63) / 64;
      words += count;
    }
    auto memory = base::Mapping::anonymous(words * sizeof(u64));
    if (!memory) return std::unexpected(std::move(memory.error()));
    map.memory_ = std::move(*memory);
    for (usize level = 0; level < kLevels; ++level)
      map.levels_[level] = reinterpret_cast<u64*>(map.memory_.data()) + at[level];
    return map;
  }

  void insert(u32 n) {
    // From below: who sees a bit finds what it stands for.
    for (usize level = 0; level < kLevels; ++level, n /= 64)
      word(level, n / 64).fetch_or(u64{1} << n % 64, std::memory_order_release);
  }
  void erase(u32 n) {
    for (usize level = 0; level < kLevels; ++level, n /= 64) {
      const u64 bit = u64{1} << n % 64;
      if ((word(level, n / 64).fetch_and(~bit, std::memory_order_release) & ~bit) != 0) return;
    }
  }
  bool contains(u32 n) const { return load(0, n / 64) >> n % 64 & 1; }

  /// The greatest number in the set that is at most `n`.
  std::optional<u32> last_up_to(u32 n) const {
    for (usize level = 0; level < kLevels; ++level) {
      u64 found = load(level, n / 64) & ~u64{0} >> (63 - n % 64);
      if (found) {
        n = n / 64 * 64 + top_bit(found);
        while (level-- > 0) {
          found = load(level, n);
          if (!found) return std::nullopt;  // erased meanwhile
          n = n * 64 + top_bit(found);
        }
        return n;
      }
      // On in the words before this one, which are bits of the level above.
      if (n < 64) return std::nullopt;
      n = n / 64 - 1;
    }
    return std::nullopt;
  }

 private:
  static constexpr usize kLevels = 5;
  static_assert(kMaxNumbers <= u64{1} << 6 * kLevels);

  static u32 top_bit(u64 bits) { return 63 - static_cast<u32>(std::countl_zero(bits)); }
  std::atomic_ref<u64> word(usize level, u32 i) const { return std::atomic_ref<u64>(levels_[level][i]); }
  u64 load(usize level, u32 i) const { return word(level, i).load(std::memory_order_acquire); }

  base::Mapping memory_;
  std::array<u64*, kLevels> levels_{};
};

}  // namespace dewar::exec
