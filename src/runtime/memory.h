// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linear memory (spec 4.2.8, design D7). Guarded memories reserve 8 GiB + a PROT_NONE tail (and a guard before), so
// that a zero-extended 32-bit index plus a 32-bit offset plus 16 can not leave the slot; others are checked explicitly.
// The base never moves while the memory lives: guarded or not, the reservation is made at creation.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/mmap.h"
#include "wasm/types.h"

namespace dewar::runtime {

/// What a store's memories and tables may still grow by together, and how often they were refused to grow, by what
/// stood in the way. What a type's own maximum forbids is nobody's refusal.
struct GrowthBudget {
  explicit GrowthBudget(u64 bytes) : left(bytes) {}
  std::atomic<u64> left;
  std::atomic<u64> refused_memory{0};  ///< the limit of one memory
  std::atomic<u64> refused_table{0};   ///< the limit of one table
  std::atomic<u64> refused_total{0};   ///< this budget
  std::atomic<u64> refused_system{0};  ///< the operating system
};
using ByteBudget = std::shared_ptr<GrowthBudget>;
/// Takes `bytes` from a budget (null = unlimited); false, with nothing taken, if less is left.
bool take_budget(const ByteBudget& budget, u64 bytes);
/// Gives them back.
void return_budget(const ByteBudget& budget, u64 bytes);

struct Memory {
  /// Inaccessible bytes on each side of the 8 GiB that an index plus an offset can reach.
  static constexpr u64 kGuardBytes = u64{64} << 10;
  static constexpr u64 kReachBytes = u64{8} << 30;
  /// What every guarded memory reserves: guard, reach, guard.
  static constexpr u64 kSlotBytes = kGuardBytes + kReachBytes + kGuardBytes;

  /// Most bytes of any memory, whatever the store's limit: the whole maximum is reserved at creation.
  static constexpr u64 kMaxBytes = u64{1} << 40;

  u8* base = nullptr;         ///< for guest code and the runtime
  u8* host_base = nullptr;    ///< for the boundary's accessors: the same bytes, by another mapping if `alias` is one
  std::atomic<u64> bytes{0};  ///< current size
  wasm::MemoryType type;      ///< as declared; current_type() has the current size as its minimum
  u64 max_bytes = 0;          ///< growth beyond fails (declared max, index type, store limit)
  bool guarded = false;       ///< accesses may rely on the fault handler
  std::atomic<bool> growth_refused{false};  ///< the last attempt to grow failed
  base::Mapping region;
  base::Mapping alias;  ///< test mode hide_memory

  /// Would accesses to such a memory rely on guard pages? Depends on nothing else, so code can be made before
  /// instances.
  static bool is_guarded(const wasm::MemoryType& type, bool explicit_bounds);

  /// A zeroed memory of the declared minimum. `limit_bytes` caps its size for ever. Errors: "limit-memory".
  /// `aliased`: with a second mapping, so that hide() leaves the accessors their way.
  static Result<std::shared_ptr<Memory>> create(const wasm::MemoryType& type, bool explicit_bounds, u64 limit_bytes,
                                                ByteBudget budget = nullptr, bool aliased = false);
  /// The refusals that create() would give before it asks the system for anything.
  static Result<void> check(const wasm::MemoryType& type, u64 limit_bytes);

  u64 pages() const { return bytes.load(std::memory_order_acquire) >> type.page_log2; }
  /// The type with the current size as minimum (spec 4.2.8: what import matching compares).
  wasm::MemoryType current_type() const {
    wasm::MemoryType t = type;
    t.limits.min = pages();
    return t;
  }
  /// Grows by `delta` pages: the old size in pages, or nullopt if refused. Thread-safe for shared memories.
  std::optional<u64> grow(u64 delta_pages);
  /// Takes the rights to what `base` points at away, or gives them back. For memories with an alias that only one
  /// thread uses.
  void hide(bool hidden);
  /// [offset, offset + size) lies inside, without overflow.
  bool in_bounds(u64 offset, u64 size) const {
    const u64 n = bytes.load(std::memory_order_acquire);
    return size <= n && offset <= n - size;
  }
  Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory();

 private:
  Result<void> make_alias();
  /// Makes bytes [from, to) accessible, in whole pages.
  bool commit(u64 from, u64 to);
  std::optional<u64> grow_locked(u64 delta_pages);

  std::mutex grow_mutex_;
  ByteBudget budget_;
};

}  // namespace dewar::runtime
