// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linear memory (spec 4.2.8, design D7). Guarded memories reserve 8 GiB + a PROT_NONE tail (and a guard before), so that
// a zero-extended 32-bit index plus a 32-bit offset plus 16 can not leave the slot; others are checked explicitly.
// The base never moves while the memory lives: guarded or not, the reservation is made at creation.
#pragma once

#include <atomic>
#include <memory>

#include "base/error.h"
#include "base/mmap.h"
#include "wasm/types.h"

namespace dewar::runtime {

class Store;

struct Memory {
  u8* base = nullptr;
  std::atomic<u64> bytes{0};   ///< current size
  wasm::MemoryType type;       ///< limits.min is the current minimum for import matching (= current size)
  u64 max_bytes = 0;           ///< growth beyond fails (declared max, store limit, reservation)
  bool guarded = false;        ///< accesses may rely on the fault handler
  base::Mapping region;

  u64 pages() const { return bytes.load(std::memory_order_acquire) >> type.page_log2; }
  /// Grows by `delta` pages: the old size in pages, or nullopt if refused. Thread-safe for shared memories.
  std::optional<u64> grow(u64 delta_pages);
  /// [offset, offset + size) lies inside, without overflow.
  bool in_bounds(u64 offset, u64 size) const {
    const u64 n = bytes.load(std::memory_order_acquire);
    return size <= n && offset <= n - size;
  }
  ~Memory();
};

}  // namespace dewar::runtime
