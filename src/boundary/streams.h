// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where a guest's output goes and its standard input comes from: interfaces, and the usual ends of them (a descriptor
// of the host, a bounded buffer that keeps head and tail, a bounded buffer that keeps the head, nothing). Waiting is
// done through the call, so that an interrupt ends it at once. Ends see bytes of the host only: take() and give() copy
// each byte between guest and host once, so what an end hashes or shows is what was delivered, whatever another thread
// of the guest does to its memory meanwhile.
#pragma once

#include <deque>
#include <expected>
#include <span>
#include <string>

#include "base/types.h"
#include "boundary/guest_access.h"

namespace dewar::boundary {

/// Why a stream operation moved nothing.
struct StreamError {
  int error = 0;             ///< kernel errno
  bool interrupted = false;  ///< the wait was interrupted: see HostCall::killed
};

/// Takes what a guest writes.
class OutputSink {
 public:
  virtual ~OutputSink() = default;
  /// Takes what a guest writes, in pieces; the number taken, at least 1 unless there are none.
  std::expected<u64, StreamError> take(HostCall& call, const GuestGather& bytes);
  /// Takes one piece; the number taken, at least 1 unless there are none.
  virtual std::expected<u64, StreamError> write(HostCall& call, std::span<const u8> bytes) = 0;
  /// Bytes taken so far.
  u64 total() const { return total_; }
  /// Can take bytes without waiting.
  virtual bool ready() const { return true; }

 protected:
  u64 total_ = 0;
};

/// Gives what a guest reads.
class InputSource {
 public:
  virtual ~InputSource() = default;
  /// Gives a guest bytes; the number put into `into`, 0 = end. The caller commits. `whole`: waits until it is full or
  /// the end is reached, so that it does not show in which pieces, or when, the bytes came; else at most 64 KiB.
  std::expected<u64, StreamError> give(HostCall& call, GuestScatter& into, bool whole);
  /// The number of bytes put into `out`; 0 = end.
  virtual std::expected<u64, StreamError> read(HostCall& call, std::span<u8> out) = 0;
  /// Descriptor of the host to poll, or -1 if reading never waits.
  virtual int poll_fd() const { return -1; }
  u64 total() const { return total_; }

 protected:
  u64 total_ = 0;

 private:
  bool ended_ = false;
};

/// Writes to a descriptor of the host, which it does not own. The program must ignore SIGPIPE. Writes to anything but
/// a regular file go in pieces that a ready pipe takes without blocking.
class FdSink final : public OutputSink {
 public:
  explicit FdSink(int fd);
  std::expected<u64, StreamError> write(HostCall& call, std::span<const u8> bytes) override;

 private:
  int fd_;
  bool regular_;
};

/// Keeps the first `head` and the last `tail` bytes, and counts all.
class CaptureSink final : public OutputSink {
 public:
  CaptureSink(usize head, usize tail) : head_limit_(head), tail_limit_(tail) {}
  std::expected<u64, StreamError> write(HostCall&, std::span<const u8> bytes) override {
    append(bytes);
    return bytes.size();
  }
  void append(std::span<const u8> bytes);
  const std::string& head() const { return head_; }
  /// What follows the head, or follows a gap of `dropped()` bytes.
  std::string tail() const;
  u64 dropped() const { return total_ - head_.size() - tail_.size(); }

 private:
  usize head_limit_, tail_limit_;
  std::string head_;
  std::deque<u8> tail_;
};

/// At end of file from the start. Counts how often the guest asked.
class EmptySource final : public InputSource {
 public:
  std::expected<u64, StreamError> read(HostCall&, std::span<u8>) override {
    ++asked_;
    return 0;
  }
  u64 asked() const { return asked_; }

 private:
  u64 asked_ = 0;
};

/// Reads from a descriptor of the host, which it does not own.
class FdSource final : public InputSource {
 public:
  explicit FdSource(int fd) : fd_(fd) {}
  std::expected<u64, StreamError> read(HostCall& call, std::span<u8> out) override;
  int poll_fd() const override { return fd_; }

 private:
  int fd_;
};

}  // namespace dewar::boundary
