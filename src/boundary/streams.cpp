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
constexpr usize kPiece = 65536;     // copied between guest and host at once

}  // namespace

std::expected<u64, StreamError> OutputSink::take(HostCall& call, const GuestGather& bytes) {
  std::array<u8, kPiece> piece;
  u64 done = 0;
  while (done < bytes.total()) {
    const usize n = bytes.copy_to(piece, done);
    const auto written = write(call, std::span(piece).first(n));
    if (!written && done > 0) break;
    if (!written) return written;
    done += *written;
    if (*written < n) break;
  }
  return done;
}

std::expected<u64, StreamError> InputSource::give(HostCall& call, GuestScatter& into, bool whole) {
  if (whole && ended_ && poll_fd() >= 0) return 0;  // a terminal would wait for more
  std::array<u8, kPiece> piece;
  u64 done = 0;
  do {
    const auto room = std::span(piece).first(static_cast<usize>(std::min<u64>(kPiece, into.total() - done)));
    const auto n = read(call, room);
    if (!n && done > 0) break;
    if (!n) return n;
    ended_ = *n == 0 && !room.empty();
    if (*n == 0) break;
    into.copy_from(room.first(static_cast<usize>(*n)), done);
    done += *n;
  } while (whole && done < into.total());
  return done;
}

FdSink::FdSink(int fd) : fd_(fd), regular_(false) {
  struct stat st{};
  regular_ = ::fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

std::expected<u64, StreamError> FdSink::write(HostCall& call, std::span<const u8> bytes) {
  u64 done = 0;
  while (done < bytes.size()) {
    const auto piece = bytes.subspan(done, std::min<usize>(bytes.size() - done, regular_ ? kPiece : kPipePiece));
    if (!regular_ && call.wait(fd_, POLLOUT) == Wait::interrupted) {
      if (done > 0) break;
      return std::unexpected(StreamError{EINTR, true});
    }
    const ssize_t written = ::write(fd_, piece.data(), piece.size());
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

std::expected<u64, StreamError> FdSource::read(HostCall& call, std::span<u8> out) {
  if (out.empty()) return 0;
  for (;;) {
    if (call.wait(fd_, POLLIN) == Wait::interrupted) return std::unexpected(StreamError{EINTR, true});
    const ssize_t n = ::read(fd_, out.data(), out.size());
    if (n >= 0) {
      total_ += static_cast<u64>(n);
      return static_cast<u64>(n);
    }
    if (errno != EINTR && errno != EAGAIN) return std::unexpected(StreamError{errno, false});
  }
}

}  // namespace dewar::boundary
