// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Streams between guests and descriptors or buffers. A blocking descriptor is polled before every read and write.
#include "boundary/streams.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "boundary/host_call.h"

namespace dewar::boundary {
namespace {

constexpr usize kPipePiece = 4096;  // PIPE_BUF on Linux: what a pipe that is ready to write takes at once
constexpr usize kFilePiece = 65536;

}  // namespace

FdSink::FdSink(int fd) : fd_(fd), regular_(false) {
  struct stat st{};
  regular_ = ::fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

std::expected<u64, StreamError> FdSink::write(HostCall& call, const GuestGather& bytes) {
  std::array<u8, kFilePiece> piece;
  const usize piece_size = regular_ ? kFilePiece : kPipePiece;
  u64 done = 0;
  while (done < bytes.total()) {
    const usize n = bytes.copy_to(std::span(piece).first(piece_size), done);
    if (!regular_ && call.wait(fd_, POLLOUT) == Wait::interrupted) {
      if (done > 0) break;
      return std::unexpected(StreamError{EINTR, true});
    }
    const ssize_t written = ::write(fd_, piece.data(), n);
    if (written < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      if (done > 0) break;
      return std::unexpected(StreamError{errno, false});
    }
    done += static_cast<u64>(written);
    total_ += static_cast<u64>(written);
  }
  return done;
}

void CaptureSink::append(std::span<const u8> bytes) {
  total_ += bytes.size();
  const usize to_head = std::min(bytes.size(), head_limit_ - head_.size());
  head_.append(reinterpret_cast<const char*>(bytes.data()), to_head);
  bytes = bytes.subspan(to_head);
  if (bytes.size() > tail_limit_) bytes = bytes.last(tail_limit_);
  if (bytes.empty()) return;
  const usize keep = tail_limit_ - bytes.size();
  if (tail_.size() > keep) tail_.erase(tail_.begin(), tail_.begin() + static_cast<std::ptrdiff_t>(tail_.size() - keep));
  tail_.insert(tail_.end(), bytes.begin(), bytes.end());
}

std::string CaptureSink::tail() const { return std::string(tail_.begin(), tail_.end()); }

std::expected<u64, StreamError> CaptureSink::write(HostCall&, const GuestGather& bytes) {
  std::array<u8, kPipePiece> piece;
  u64 done = 0;
  while (done < bytes.total()) {
    const usize n = bytes.copy_to(piece, done);
    append(std::span(piece).first(n));
    done += n;
  }
  return done;
}

std::expected<u64, StreamError> FdSource::read(HostCall& call, GuestScatter& into, bool whole) {
  std::array<::iovec, kMaxIovecs> parts;
  u64 done = 0;
  while (done < into.total()) {
    if (call.wait(fd_, POLLIN) == Wait::interrupted) {
      if (done > 0) break;
      return std::unexpected(StreamError{EINTR, true});
    }
    const usize count = into.kernel_after(done, parts);
    const ssize_t n = ::readv(fd_, parts.data(), static_cast<int>(count));
    if (n < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      if (done > 0) break;  // the error comes back at the next call
      return std::unexpected(StreamError{errno, false});
    }
    done += static_cast<u64>(n);
    total_ += static_cast<u64>(n);
    if (n == 0 || !whole) break;
  }
  return done;
}

}  // namespace dewar::boundary
