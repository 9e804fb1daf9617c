// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copies between host and guest. The checks were made when the accessor was created (HostCall::claim); what can still
// go wrong here is a bug of ours and asserts.
#include "boundary/guest_access.h"

#include <algorithm>

#include "boundary/host_call.h"

namespace dewar::boundary {

void GuestRead::copy_to(std::span<u8> out, usize offset) const {
  DEWAR_ASSERT(offset <= size_ && out.size() <= size_ - offset, "copy beyond a GuestRead");
  if (!out.empty()) std::memcpy(out.data(), data_ + offset, out.size());
}

std::string GuestRead::to_string() const { return std::string(reinterpret_cast<const char*>(data_), size_); }

GuestWrite::GuestWrite(GuestWrite&& other) noexcept
    : call_(std::exchange(other.call_, nullptr)),
      data_(other.data_),
      address_(other.address_),
      size_(other.size_),
      committed_(other.committed_) {}

GuestWrite::~GuestWrite() {
  if (call_ && committed_ > 0) call_->note_written(address_, committed_);
}

void GuestWrite::put(std::span<const u8> bytes, usize offset) {
  DEWAR_ASSERT(offset <= size_ && bytes.size() <= size_ - offset, "write beyond a GuestWrite");
  if (bytes.empty()) return;
  std::memcpy(data_ + offset, bytes.data(), bytes.size());
  committed_ = std::max(committed_, offset + bytes.size());
}

void GuestWrite::commit(usize n) {
  DEWAR_ASSERT(n <= size_, "commit beyond a GuestWrite");
  committed_ = std::max(committed_, n);
}

usize GuestGather::copy_to(std::span<u8> out, u64 offset) const {
  usize done = 0;
  for (u32 i = 0; i < count_ && done < out.size(); ++i) {
    const usize size = iov_[i].iov_len;
    if (offset >= size) {
      offset -= size;
      continue;
    }
    const usize n = std::min<usize>(size - offset, out.size() - done);
    std::memcpy(out.data() + done, static_cast<const u8*>(iov_[i].iov_base) + offset, n);
    done += n;
    offset = 0;
  }
  return done;
}

usize GuestVector::kernel_after(u64 skip, std::array<::iovec, kMaxIovecs>& out) const {
  usize n = 0;
  for (::iovec part : kernel()) {
    const usize cut = skip < part.iov_len ? static_cast<usize>(skip) : part.iov_len;
    skip -= cut;
    if (cut == part.iov_len && part.iov_len != 0) continue;
    out[n++] = {static_cast<u8*>(part.iov_base) + cut, part.iov_len - cut};
  }
  return n;
}

void GuestVector::clip(u64 bytes) {
  if (bytes >= total_) return;
  total_ = bytes;
  for (u32 i = 0; i < count_; ++i) {
    iov_[i].iov_len = static_cast<usize>(std::min<u64>(iov_[i].iov_len, bytes));
    bytes -= iov_[i].iov_len;
  }
}

usize GuestScatter::copy_from(std::span<const u8> bytes, u64 offset) {
  usize done = 0;
  for (u32 i = 0; i < count_ && done < bytes.size(); ++i) {
    const usize size = iov_[i].iov_len;
    if (offset >= size) {
      offset -= size;
      continue;
    }
    const usize n = std::min<usize>(size - offset, bytes.size() - done);
    std::memcpy(static_cast<u8*>(iov_[i].iov_base) + offset, bytes.data() + done, n);
    done += n;
    offset = 0;
  }
  return done;
}

void GuestScatter::commit(HostCall& call, u64 n) {
  DEWAR_ASSERT(n <= total_, "commit beyond a GuestScatter");
  for (u32 i = 0; i < count_ && n > 0; ++i) {
    const u64 part = std::min<u64>(n, iov_[i].iov_len);
    if (part > 0) call.note_written(address_[i], part);
    n -= part;
  }
}

}  // namespace dewar::boundary
