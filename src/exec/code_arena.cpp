// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Space is handed out in granules of 16 bytes: a header, then the code. Free ranges are kept by place and by size; the
// smallest that fits is taken, the lowest of these, and neighbours are joined. The file grows by what was asked for and
// something more; fallocate() gets the memory at once, so that a full system is a refusal here and no SIGBUS later.
#include "exec/code_arena.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace dewar::exec {

namespace {

#if defined(__x86_64__)
constexpr u32 kTrap = 0xcccccccc;  // int3, int3, int3, int3
#elif defined(__aarch64__)
constexpr u32 kTrap = 0xd4200000;  // brk #0
#else
#error "which instruction traps on this machine?"
#endif

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

std::unexpected<Error> system_failure(const char* what) {
  return fail("no-memory", std::string(what) + ": " + std::strerror(errno));
}

int make_file() {
  // The bytes are for mapping, the file is no program.
  const int fd = ::memfd_create("dewar-code", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
  if (fd >= 0 || errno != EINVAL) return fd;
  return ::memfd_create("dewar-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);  // before Linux 6.3
}

/// Address space with the file in its middle.
Result<base::Mapping> map_between_guards(int fd, u64 guard, u64 bytes, base::Protection protection) {
  auto mapping = base::Mapping::reserve(guard + bytes + guard);
  if (!mapping) return mapping;
  if (auto mapped = mapping->map_file(guard, bytes, fd); !mapped) return std::unexpected(std::move(mapped.error()));
  if (auto done = mapping->protect(guard, bytes, protection); !done) return std::unexpected(std::move(done.error()));
  if (::madvise(mapping->data() + guard, bytes, MADV_DONTFORK) != 0)
    return system_failure("cannot keep code from children");
  return mapping;
}

}  // namespace

Result<std::unique_ptr<CodeArena>> CodeArena::create(u64 limit_bytes) {
  const u64 limit = base::round_up_to_page(std::min(limit_bytes, kMaxBytes));
  if (limit == 0) return fail("no-memory", "an arena for code needs room");
  std::unique_ptr<CodeArena> arena(new CodeArena(limit));
  arena->fd_ = make_file();
  if (arena->fd_ < 0) return system_failure("cannot make a file for code");
  auto write = map_between_guards(arena->fd_, kGuardBytes, limit, base::Protection::kReadWrite);
  if (!write) return std::unexpected(std::move(write.error()));
  arena->write_ = std::move(*write);
  // From here on nobody gets another writable view, and the executable one, mapped after it, can never become
  // writable: the kernel refuses. Nor can the file be cut under running code.
  if (::fcntl(arena->fd_, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK) != 0)
    return system_failure("cannot seal the file for code");
  auto code = map_between_guards(arena->fd_, kGuardBytes, limit, base::Protection::kReadExec);
  if (!code) return std::unexpected(std::move(code.error()));
  arena->code_ = std::move(*code);
  auto starts = StartMap::create(static_cast<u32>(limit / kAlign));
  if (!starts) return std::unexpected(std::move(starts.error()));
  arena->starts_ = std::move(*starts);
  return arena;
}

CodeArena::~CodeArena() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<CodeArena::Range> CodeArena::allocate(u32 size, void* owner) {
  DEWAR_ASSERT(size > 0 && owner != nullptr, "code has bytes and an owner");
  const u64 granules = 1 + (u64{size} + kAlign - 1) / kAlign;
  if (granules > limit_ / kAlign) return std::nullopt;
  const u32 count = static_cast<u32>(granules);
  std::lock_guard lock(mutex_);
  auto fit = free_by_count_.lower_bound({count, 0});
  if (fit == free_by_count_.end()) {
    if (!grow(count)) return std::nullopt;
    fit = free_by_count_.lower_bound({count, 0});
  }
  const auto [free_count, start] = *fit;
  drop_free(free_.find(start));
  if (free_count > count) add_free(start + count, free_count - count);
  used_ += u64{count} * kAlign;
  const u64 offset = u64{start} * kAlign;
  const Header header{kTrap, size, owner};
  std::memcpy(write_base() + offset, &header, sizeof header);
  return Range{write_base() + offset + kHeaderBytes, code_base() + offset + kHeaderBytes, size};
}

void CodeArena::publish(const Range& range) {
  flush(range.code, range.size);
  std::lock_guard lock(mutex_);
  starts_.insert(granule_of(range.code));
}

void CodeArena::flush(const u8* code, u32 size) {
#if defined(__x86_64__)
  (void)code, (void)size;
  std::atomic_signal_fence(std::memory_order_seq_cst);
#else
  // Caches are told by address, and the executable address is what fetches use. A core that has never fetched from
  // there has nothing stale; release() therefore requires that nobody can be about to run the old code.
  auto* const begin = const_cast<char*>(reinterpret_cast<const char*>(code));
  __builtin___clear_cache(begin, begin + size);
#endif
}

void CodeArena::release(const u8* code) {
  DEWAR_ASSERT(contains(code) && granule_of(code) > 0, "not an address of the arena");
  std::lock_guard lock(mutex_);
  const u32 start = granule_of(code) - 1;
  starts_.erase(start + 1);
  std::atomic_thread_fence(std::memory_order_release);  // who reads what is written from here on sees that, too
  const u32 size = header_of(code)->size;
  const u32 count = 1 + (size + kAlign - 1) / kAlign;
  // A header that was released reads as traps, which no file is long enough for.
  DEWAR_ASSERT(u64{start} + count <= file_bytes_ / kAlign, "released twice, or not the start of code");
  poison(start, count);
  flush(code, size);
  used_ -= u64{count} * kAlign;
  add_free(start, count);
}

std::optional<CodeArena::Owner> CodeArena::find(const void* pc) const {
  if (!contains(pc)) return std::nullopt;
  const auto* at = static_cast<const u8*>(pc);
  const auto start = starts_.last_up_to(granule_of(at));
  if (!start || *start == 0) return std::nullopt;
  const u8* code = code_base() + u64{*start} * kAlign;
  const Owner owner{header_of(code)->owner, code, header_of(code)->size};
  // A header is poisoned after its start was erased: if the start is still there, this was one.
  std::atomic_thread_fence(std::memory_order_acquire);
  if (!starts_.contains(*start) || static_cast<u64>(at - code) >= owner.size) return std::nullopt;
  return owner;
}

u64 CodeArena::used_bytes() const {
  std::lock_guard lock(mutex_);
  return used_;
}

u64 CodeArena::file_bytes() const {
  std::lock_guard lock(mutex_);
  return file_bytes_;
}

void CodeArena::poison(u32 start, u32 count) {
  u8* const at = write_base() + u64{start} * kAlign;
  const u64 bytes = u64{count} * kAlign;
  if constexpr (kTrap == 0x01010101u * (kTrap & 0xff)) {
    std::memset(at, static_cast<int>(kTrap & 0xff), bytes);
  } else {
    for (u64 i = 0; i < bytes; i += sizeof kTrap) std::memcpy(at + i, &kTrap, sizeof kTrap);
  }
}

/// Makes the file longer, so that `granules` more fit at its end.
bool CodeArena::grow(u32 granules) {
  constexpr u64 kLeast = u64{64} << 10, kMost = u64{1} << 20;
  u64 needed = u64{granules} * kAlign;
  if (!free_.empty()) {
    const auto last = std::prev(free_.end());
    if (u64{last->first + last->second} * kAlign == file_bytes_) needed -= u64{last->second} * kAlign;
  }
  const u64 room = limit_ - file_bytes_;
  if (needed > room) return false;
  const u64 more = std::clamp(file_bytes_ / 8, kLeast, kMost);
  const u64 bytes = std::min(base::round_up_to_page(std::max(needed, more)), room);
  int result;
  do {
    result = ::fallocate(fd_, 0, static_cast<off_t>(file_bytes_), static_cast<off_t>(bytes));
  } while (result != 0 && errno == EINTR);
  if (result != 0) return false;
#ifdef MADV_POPULATE_WRITE
  // At once is cheaper than page by page; where the kernel cannot, they come as they are written.
  (void)::madvise(write_base() + file_bytes_, bytes, MADV_POPULATE_WRITE);
#endif
  const u32 start = static_cast<u32>(file_bytes_ / kAlign), count = static_cast<u32>(bytes / kAlign);
  poison(start, count);
  file_bytes_ += bytes;
  add_free(start, count);
  return true;
}

void CodeArena::add_free(u32 start, u32 count) {
  const auto after = free_.lower_bound(start);
  if (after != free_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second == start) {
      start = before->first;
      count += before->second;
      drop_free(before);
    }
  }
  if (after != free_.end() && start + count == after->first) {
    count += after->second;
    drop_free(after);
  }
  free_.emplace(start, count);
  free_by_count_.emplace(count, start);
}

void CodeArena::drop_free(std::map<u32, u32>::iterator range) {
  free_by_count_.erase({range->second, range->first});
  free_.erase(range);
}

}  // namespace dewar::exec
