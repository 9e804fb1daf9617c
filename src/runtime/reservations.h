// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which address ranges of this process are reserved for guarded memories. Written when a memory comes or goes, read by
// the fault handler, so reading takes no lock and never waits: a flat table with one entry per 4 GiB of address space.
// Invariant: ranges are disjoint and longer than 4 GiB, hence at most two of them touch one entry.
#pragma once

#include "base/types.h"

namespace dewar::runtime {

/// Enters [start, start + size). `size` must be Memory::kSlotBytes. False if the address is beyond the table.
bool register_reservation(const u8* start, u64 size);
void unregister_reservation(const u8* start, u64 size);

/// Start of the registered range that holds `address`, or null. Async-signal-safe.
const u8* reservation_of(std::uintptr_t address);

}  // namespace dewar::runtime
