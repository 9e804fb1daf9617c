// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ownership of a range of address space. A Mapping is reserved without access and committed piece by piece; it is
// returned to the kernel when the object goes. All offsets are checked against the mapping's own size.
#pragma once

#include <span>

#include "base/error.h"
#include "base/types.h"

namespace dewar::base {

/// Size of a page of the operating system, in bytes.
usize os_page_size();

/// `size` rounded up to whole pages; 0 when that would overflow.
usize round_up_to_page(usize size);

/// Access rights of a part of a mapping. There is none that is writable and executable.
enum class Protection : u8 { kNone, kRead, kReadWrite, kReadExec };

/// Move-only owner of a private anonymous mapping.
class Mapping {
 public:
  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  /// Address space without access rights and without swap accounting. `size` is rounded up to pages and must not be 0;
  /// `alignment` is a power of two (0 = one page).
  static Result<Mapping> reserve(usize size, usize alignment = 0);
  /// Zeroed readable and writable memory.
  static Result<Mapping> anonymous(usize size);

  u8* data() const { return data_; }
  usize size() const { return size_; }
  bool valid() const { return data_ != nullptr; }
  std::span<u8> bytes() const { return {data_, size_}; }
  /// True if the address lies inside.
  bool contains(const void* address) const {
    return reinterpret_cast<usize>(address) - reinterpret_cast<usize>(data_) < size_;
  }

  /// Changes the rights of a part; offset and length are in bytes and multiples of the page size.
  /// Fails with "no-memory" when the kernel refuses.
  Result<void> protect(usize offset, usize length, Protection protection);
  /// Makes a part readable and writable: protect() with kReadWrite.
  Result<void> commit(usize offset, usize length) { return protect(offset, length, Protection::kReadWrite); }
  /// Puts the first `length` bytes of a file into a part, shared with its other mappings and without access rights.
  Result<void> map_file(usize offset, usize length, int fd);
  /// Drops the contents of a part, which reads as zero afterwards (or faults, where it has no access rights).
  Result<void> discard(usize offset, usize length);
  /// Unmaps now.
  void reset();
  /// Gives up ownership; the caller unmaps.
  std::span<u8> release();

 private:
  Mapping(u8* data, usize size) : data_(data), size_(size) {}
  bool is_page_range(usize offset, usize length) const;

  u8* data_ = nullptr;
  usize size_ = 0;
};

}  // namespace dewar::base
