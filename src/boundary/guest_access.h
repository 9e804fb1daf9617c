// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The only ways to guest memory (design D9): GuestRead, GuestWrite, and the vectors of them that iovec arrays become.
// Every range is checked with 64-bit arithmetic that cannot wrap and charged to the call's byte budget before it
// exists. What the guest said (an address, a size, an array of both) is copied once and never read again, so a
// thread that shares the memory cannot change it after the check. The memory's base never moves (runtime/memory.h)
// and its size only grows, so a checked range stays valid for the call.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstring>
#include <expected>
#include <span>
#include <string>
#include <type_traits>

#include "base/types.h"

namespace dewar::boundary {

class HostCall;

/// Why a range of guest memory was not given out.
enum class Fault : u8 {
  bounds,    ///< outside the memory, or the caller has none
  budget,    ///< more bytes than one call may move
  too_many,  ///< more entries than an array may have
};

/// Most entries of an array of iovecs.
inline constexpr u32 kMaxIovecs = 1024;

/// A range [address, address + size) of guest memory.
struct GuestRange {
  u64 address = 0;
  u64 size = 0;
};

/// Guest bytes that may be read.
class GuestRead {
 public:
  u64 address() const { return address_; }
  usize size() const { return size_; }
  /// Copies `out.size()` bytes from `offset`; the range must lie inside (a bug of ours otherwise).
  void copy_to(std::span<u8> out, usize offset = 0) const;
  /// All of it as a string of any bytes.
  std::string to_string() const;

 private:
  friend class HostCall;
  GuestRead(const u8* data, u64 address, usize size) : data_(data), address_(address), size_(size) {}
  const u8* data_;
  u64 address_;
  usize size_;
};

/// Guest bytes that may be written. Only what is committed (or put) is reported to observers.
class GuestWrite {
  /// Only a HostCall can make one.
  class Key {
    friend class HostCall;
    Key() = default;
  };

 public:
  GuestWrite(Key, HostCall& call, u8* data, u64 address, usize size)
      : call_(&call), data_(data), address_(address), size_(size) {}
  GuestWrite(GuestWrite&& other) noexcept;
  GuestWrite& operator=(GuestWrite&&) = delete;
  GuestWrite(const GuestWrite&) = delete;
  ~GuestWrite();

  u64 address() const { return address_; }
  usize size() const { return size_; }
  /// Copies bytes in at `offset` and commits up to their end; the range must lie inside.
  void put(std::span<const u8> bytes, usize offset = 0);
  void put(std::string_view text, usize offset = 0) {
    put(std::span(reinterpret_cast<const u8*>(text.data()), text.size()), offset);
  }
  /// The buffer for a kernel call or a generator to fill; follow with commit().
  std::span<u8> buffer() { return {data_, size_}; }
  /// The first `n` bytes have been written.
  void commit(usize n);

 private:
  friend class HostCall;
  HostCall* call_;
  u8* data_;
  u64 address_;
  usize size_;
  usize committed_ = 0;
};

/// The buffers of an iovec array, checked and copied; shared part of the two directions below.
class GuestVector {
 public:
  GuestVector() = default;
  GuestVector(const GuestVector&) = delete;
  GuestVector& operator=(const GuestVector&) = delete;

  /// Bytes in all buffers, after clamping to the call's budget.
  u64 total() const { return total_; }
  u32 count() const { return count_; }
  /// Leaves only the first `bytes`.
  void clip(u64 bytes);
  /// For readv and writev.
  std::span<const ::iovec> kernel() const { return {iov_.data(), count_}; }
  /// The same for what follows the first `skip` bytes: how many are in `out`.
  usize kernel_after(u64 skip, std::array<::iovec, kMaxIovecs>& out) const;

 protected:
  friend class HostCall;
  u32 count_ = 0;
  u64 total_ = 0;
  std::array<::iovec, kMaxIovecs> iov_;
  std::array<u64, kMaxIovecs> address_;
};

/// Buffers whose bytes the host reads (fd_write).
class GuestGather : public GuestVector {
 public:
  /// Copies up to out.size() bytes from position `offset` of the concatenation; the number copied.
  usize copy_to(std::span<u8> out, u64 offset) const;
};

/// Buffers whose bytes the host writes (fd_read).
class GuestScatter : public GuestVector {
 public:
  /// The first `n` bytes of the concatenation have been written: tells observers.
  void commit(HostCall& call, u64 n);
  /// Copies bytes in at position `offset` of the concatenation (commit() must follow); the number copied.
  usize copy_from(std::span<const u8> bytes, u64 offset);
};

/// Types that may be copied to a guest as they are: no padding that could carry host memory along.
template <class T>
concept GuestStruct = std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>;

}  // namespace dewar::boundary
