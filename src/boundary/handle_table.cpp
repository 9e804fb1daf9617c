// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The handle table: a dense vector, as numbers are small and the limit is low.
#include "boundary/handle_table.h"

#include <errno.h>

#include <algorithm>

namespace dewar::boundary {

Handle* HandleTable::get(u32 number) {
  if (number >= handles_.size() || handles_[number].kind == Handle::Kind::closed) return nullptr;
  return &handles_[number];
}

std::expected<u32, int> HandleTable::insert(Handle handle) {
  if (refuse_if_full()) return std::unexpected(EMFILE);
  u32 number = lowest_free_;
  while (number < handles_.size() && handles_[number].kind != Handle::Kind::closed) ++number;
  if (number == handles_.size()) handles_.emplace_back();
  handles_[number] = std::move(handle);
  lowest_free_ = number + 1;
  ++open_;
  peak_ = std::max(peak_, open_);
  return number;
}

bool HandleTable::close(u32 number) {
  Handle* handle = get(number);
  if (!handle) return false;
  *handle = Handle{};
  --open_;
  lowest_free_ = std::min(lowest_free_, number);
  return true;
}

bool HandleTable::renumber(u32 from, u32 to) {
  if (!get(from) || !get(to)) return false;
  if (from == to) return true;
  handles_[to] = std::move(handles_[from]);
  handles_[from] = Handle{};
  --open_;
  lowest_free_ = std::min(lowest_free_, from);
  return true;
}

void HandleTable::keep_snapshot(Handle& handle, std::unique_ptr<DirSnapshot> snapshot) {
  handle.snapshot = std::move(snapshot);
  usize total = 0;
  for (const Handle& h : handles_) total += h.snapshot ? h.snapshot->entries.size() : 0;
  if (total <= kMaxSnapshotEntries) return;
  for (Handle& h : handles_) {
    if (&h != &handle) h.snapshot.reset();
  }
}

}  // namespace dewar::boundary
