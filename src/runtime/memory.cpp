// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Creation and growth of linear memories; see memory.h. All sizes are computed in pages first and turned into bytes
// only after a check that they fit.
#include "runtime/memory.h"

#include <algorithm>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "base/print.h"
#include "runtime/reservations.h"

namespace dewar::runtime {
namespace {

/// Most bytes of any memory of this type: what its index type, its page count and its declared maximum allow. A 32-bit
/// memory with pages of one byte ends one byte short of 4 GiB, because memory.size must be able to tell its size.
u64 type_max_bytes(const wasm::MemoryType& type) {
  const u32 index_bits = type.limits.is64 ? 64 : 32;
  u64 max_pages = type.page_log2 == 0 ? (~u64{0} >> (64 - index_bits)) : u64{1} << (index_bits - type.page_log2);
  if (type.limits.has_max) max_pages = std::min(max_pages, type.limits.max);
  const u64 most = ~u64{0} >> type.page_log2;
  return std::min(max_pages, most) << type.page_log2;
}

}  // namespace

bool take_budget(const ByteBudget& budget, u64 bytes) {
  if (!budget) return true;
  u64 left = budget->left.load(std::memory_order_relaxed);
  do {
    if (bytes > left) {
      budget->refused_total.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
  } while (!budget->left.compare_exchange_weak(left, left - bytes, std::memory_order_relaxed));
  return true;
}

void return_budget(const ByteBudget& budget, u64 bytes) {
  if (budget) budget->left.fetch_add(bytes, std::memory_order_relaxed);
}

bool Memory::is_guarded(const wasm::MemoryType& type, bool explicit_bounds) {
  return !explicit_bounds && !type.limits.is64 && type.page_size() % base::os_page_size() == 0;
}

Result<void> Memory::check(const wasm::MemoryType& type, u64 limit_bytes) {
  const u64 min_pages = type.limits.min;
  limit_bytes = std::min(limit_bytes, kMaxBytes);
  if (min_pages > std::min(limit_bytes, type_max_bytes(type)) >> type.page_log2) {
    return fail("limit-memory",
                "memory needs at least " + base::dec(min_pages) + " pages of " + base::dec(type.page_size()) +
                    " bytes; the limit is " + base::dec(limit_bytes) + " bytes",
                Error::kNoOffset, "raise the memory limit (-W max-memory-size=BYTES) or lower the module's minimum");
  }
  return {};
}

Result<std::shared_ptr<Memory>> Memory::create(const wasm::MemoryType& type, bool explicit_bounds, u64 limit_bytes,
                                               ByteBudget budget, bool aliased) {
  if (auto checked = check(type, limit_bytes); !checked) return std::unexpected(std::move(checked.error()));
  const u64 min_bytes = type.limits.min << type.page_log2;
  auto memory = std::make_shared<Memory>();
  memory->type = type;
  memory->guarded = is_guarded(type, explicit_bounds);
  // Whole pages only, so that max_bytes is itself a size that can be reached.
  memory->max_bytes = std::min({type_max_bytes(type), limit_bytes, kMaxBytes}) >> type.page_log2 << type.page_log2;

  // One address byte at least: an empty memory has a valid base too.
  const u64 reserve = memory->guarded ? kSlotBytes : std::max<u64>(memory->max_bytes, 1);
  const u64 before = memory->guarded ? kGuardBytes : 0;
  auto region = base::Mapping::reserve(reserve);
  if (!region || (memory->guarded && !register_reservation(region->data(), reserve))) {
    return fail("limit-memory",
                "cannot reserve " + base::human_size(reserve) + " of address space for a memory" +
                    (region ? std::string() : ": " + region.error().message),
                Error::kNoOffset, "allow more address space (ulimit -v), or use explicit bounds checks");
  }
  memory->region = std::move(*region);
  memory->base = memory->host_base = memory->region.data() + before;
  // From here on the destructor undoes the registration.
  if (aliased) {
    if (auto made = memory->make_alias(); !made) return std::unexpected(std::move(made.error()));
  }
  if (!memory->commit(0, min_bytes)) {
    return fail("limit-memory", "the system refuses " + base::human_size(min_bytes) + " for a memory's minimum",
                Error::kNoOffset, "free memory on the host, or lower the module's minimum");
  }
  if (!take_budget(budget, min_bytes)) {
    return fail("limit-memory", "the memories and tables of this program together pass their limit", Error::kNoOffset,
                "raise the total memory limit");
  }
  memory->budget_ = std::move(budget);
  memory->bytes.store(min_bytes, std::memory_order_release);
  return memory;
}

Result<void> Memory::make_alias() {
  const usize size = base::round_up_to_page(std::max<u64>(max_bytes, 1));
  auto made = base::Mapping::reserve(size);
  if (!made) return std::unexpected(std::move(made.error()));
  alias = std::move(*made);
  const int fd = ::memfd_create("dewar-memory", MFD_CLOEXEC);
  const bool mapped = fd >= 0 && ::ftruncate(fd, static_cast<off_t>(size)) == 0 &&
                      region.map_file(static_cast<usize>(base - region.data()), size, fd) &&
                      alias.map_file(0, size, fd);
  if (fd >= 0) ::close(fd);
  if (!mapped) return fail("limit-memory", "the system refuses a second mapping of a memory");
  host_base = alias.data();
  return {};
}

bool Memory::commit(u64 from, u64 to) {
  const u64 start = base::round_up_to_page(from), size = base::round_up_to_page(to) - start;
  return (!alias.valid() || alias.commit(start, size).has_value()) &&
         region.commit(static_cast<u64>(base - region.data()) + start, size).has_value();
}

void Memory::hide(bool hidden) {
  DEWAR_ASSERT(alias.valid(), "a memory without an alias can not be hidden");
  const u64 size = base::round_up_to_page(bytes.load(std::memory_order_relaxed));
  [[maybe_unused]] const auto done = region.protect(static_cast<u64>(base - region.data()), size,
                                                    hidden ? base::Protection::kNone : base::Protection::kReadWrite);
  DEWAR_ASSERT(done.has_value(), "the rights to a memory can not be changed");
}

std::optional<u64> Memory::grow(u64 delta_pages) {
  const std::lock_guard lock(grow_mutex_);
  const std::optional<u64> old_pages = grow_locked(delta_pages);
  growth_refused.store(!old_pages, std::memory_order_relaxed);
  return old_pages;
}

std::optional<u64> Memory::grow_locked(u64 delta_pages) {
  const u64 old_bytes = bytes.load(std::memory_order_relaxed);
  const u64 old_pages = old_bytes >> type.page_log2;
  if (delta_pages > (max_bytes - old_bytes) >> type.page_log2) {
    const bool of_type = delta_pages > (type_max_bytes(type) - old_bytes) >> type.page_log2;
    if (budget_ && !of_type) budget_->refused_memory.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  if (delta_pages == 0) return old_pages;
  const u64 delta_bytes = delta_pages << type.page_log2;
  if (!take_budget(budget_, delta_bytes)) return std::nullopt;
  const u64 new_bytes = old_bytes + delta_bytes;
  if (!commit(old_bytes, new_bytes)) {
    return_budget(budget_, delta_bytes);
    if (budget_) budget_->refused_system.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  bytes.store(new_bytes, std::memory_order_release);
  return old_pages;
}

Memory::~Memory() {
  // Out of the registry before the address range can be given to somebody else.
  if (guarded && region.valid()) unregister_reservation(region.data(), kSlotBytes);
  return_budget(budget_, bytes.load(std::memory_order_relaxed));
}

}  // namespace dewar::runtime
