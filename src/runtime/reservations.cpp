// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The table behind reservations.h. 48 bits of user address space at 4 GiB per entry; the pages of the table that no
// memory falls into are never touched.
#include "runtime/reservations.h"

#include <atomic>

#include "runtime/memory.h"

namespace dewar::runtime {
namespace {

constexpr u32 kEntryLog2 = 32;
constexpr u64 kEntries = u64{1} << (48 - kEntryLog2);
static_assert(Memory::kSlotBytes > u64{1} << kEntryLog2);

/// Starts of the ranges that touch this part of the address space; 0 = free.
struct Entry {
  std::atomic<std::uintptr_t> starts[2];
};
constinit Entry g_table[kEntries];
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free);

}  // namespace

bool register_reservation(const u8* start, u64 size) {
  DEWAR_ASSERT(size == Memory::kSlotBytes, "a reservation of another size");
  const auto address = reinterpret_cast<std::uintptr_t>(start);
  const u64 first = address >> kEntryLog2;
  const u64 last = (address + size - 1) >> kEntryLog2;
  if (last >= kEntries) return false;
  for (u64 i = first; i <= last; ++i) {
    bool done = false;
    for (auto& slot : g_table[i].starts) {
      std::uintptr_t expected = 0;
      if (slot.compare_exchange_strong(expected, address)) {
        done = true;
        break;
      }
    }
    DEWAR_ASSERT(done, "three reservations in 4 GiB");
  }
  return true;
}

void unregister_reservation(const u8* start, u64 size) {
  const auto address = reinterpret_cast<std::uintptr_t>(start);
  for (u64 i = address >> kEntryLog2; i <= (address + size - 1) >> kEntryLog2 && i < kEntries; ++i) {
    for (auto& slot : g_table[i].starts) {
      std::uintptr_t expected = address;
      if (slot.compare_exchange_strong(expected, 0)) break;
    }
  }
}

const u8* reservation_of(std::uintptr_t address) {
  const u64 i = address >> kEntryLog2;
  if (i >= kEntries) return nullptr;
  for (const auto& slot : g_table[i].starts) {
    const std::uintptr_t start = slot.load(std::memory_order_acquire);
    if (start != 0 && address - start < Memory::kSlotBytes) return reinterpret_cast<const u8*>(start);
  }
  return nullptr;
}

}  // namespace dewar::runtime
