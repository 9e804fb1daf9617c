// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Address space from the kernel; see mmap.h.
#include "base/mmap.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace dewar::base {

namespace {

std::unexpected<Error> system_failure(const char* what) {
  return fail("no-memory", std::string(what) + ": " + std::strerror(errno));
}

int to_native(Protection protection) {
  switch (protection) {
    case Protection::kNone: return PROT_NONE;
    case Protection::kRead: return PROT_READ;
    case Protection::kReadWrite: return PROT_READ | PROT_WRITE;
    case Protection::kReadExec: return PROT_READ | PROT_EXEC;
  }
  return PROT_NONE;
}

Result<u8*> map(usize size, int protection, int extra_flags) {
  void* address = ::mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | extra_flags, -1, 0);
  if (address == MAP_FAILED) return system_failure("cannot map memory");
  return static_cast<u8*>(address);
}

}  // namespace

usize os_page_size() {
  static const usize size = static_cast<usize>(::sysconf(_SC_PAGESIZE));
  return size;
}

usize round_up_to_page(usize size) {
  usize mask = os_page_size() - 1;
  usize rounded = (size + mask) & ~mask;
  return rounded < size ? 0 : rounded;
}

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  if (this != &other) {
    reset();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Mapping::~Mapping() { reset(); }

Result<Mapping> Mapping::reserve(usize size, usize alignment) {
  usize rounded = round_up_to_page(size);
  if (rounded == 0) return fail("no-memory", "cannot reserve an address range of this size");
  usize page = os_page_size();
  if (alignment <= page) {
    auto address = map(rounded, PROT_NONE, MAP_NORESERVE);
    if (!address) return std::unexpected(std::move(address.error()));
    return Mapping(*address, rounded);
  }
  DEWAR_ASSERT((alignment & (alignment - 1)) == 0, "alignment must be a power of two");
  usize total;
  if (__builtin_add_overflow(rounded, alignment - page, &total)) {
    return fail("no-memory", "cannot reserve an address range of this size");
  }
  auto address = map(total, PROT_NONE, MAP_NORESERVE);
  if (!address) return std::unexpected(std::move(address.error()));
  // Cut the range to the aligned part; what is before and after goes back.
  usize start = reinterpret_cast<usize>(*address);
  usize aligned = (start + alignment - 1) & ~(alignment - 1);
  usize before = aligned - start;
  usize after = total - before - rounded;
  if (before > 0) ::munmap(*address, before);
  if (after > 0) ::munmap(*address + before + rounded, after);
  return Mapping(*address + before, rounded);
}

Result<Mapping> Mapping::anonymous(usize size) {
  usize rounded = round_up_to_page(size);
  if (rounded == 0) return fail("no-memory", "cannot map memory of this size");
  auto address = map(rounded, PROT_READ | PROT_WRITE, 0);
  if (!address) return std::unexpected(std::move(address.error()));
  return Mapping(*address, rounded);
}

bool Mapping::is_page_range(usize offset, usize length) const {
  usize mask = os_page_size() - 1;
  return ((offset | length) & mask) == 0 && offset <= size_ && length <= size_ - offset;
}

Result<void> Mapping::protect(usize offset, usize length, Protection protection) {
  if (!is_page_range(offset, length)) return fail("no-memory", "range lies outside its mapping");
  if (length == 0) return {};
  if (::mprotect(data_ + offset, length, to_native(protection)) != 0) {
    return system_failure("cannot change memory protection");
  }
  return {};
}

Result<void> Mapping::map_file(usize offset, usize length, int fd) {
  if (!is_page_range(offset, length)) return fail("no-memory", "range lies outside its mapping");
  if (::mmap(data_ + offset, length, PROT_NONE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd, 0) == MAP_FAILED) {
    return system_failure("cannot map a file");
  }
  return {};
}

Result<void> Mapping::discard(usize offset, usize length) {
  if (!is_page_range(offset, length)) return fail("no-memory", "range lies outside its mapping");
  if (length == 0) return {};
  if (::madvise(data_ + offset, length, MADV_DONTNEED) != 0) return system_failure("cannot discard memory");
  return {};
}

void Mapping::reset() {
  if (data_) ::munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

std::span<u8> Mapping::release() { return {std::exchange(data_, nullptr), std::exchange(size_, 0)}; }

}  // namespace dewar::base
