// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Captured output that is kept whole where an outcome holds only its head and tail: once bytes would be lost, the
// stream so far and all that follows go to a file of a folder that the operator named. The file is made anew
// and never through a link. What it is called depends on the stream alone, so outcomes stay equal.
#pragma once

#include <string>

#include "boundary/streams.h"
#include "boundary/unique_fd.h"

namespace dewar::api {

class SpillingSink final : public boundary::OutputSink {
 public:
  /// `folder` may be empty: then nothing is spilled.
  SpillingSink(usize head, usize tail, std::string folder, std::string name)
      : kept_(head, tail), room_(u64{head} + tail), folder_(std::move(folder)), name_(std::move(name)) {}

  std::expected<u64, boundary::StreamError> write(boundary::HostCall&, std::span<const u8> bytes) override {
    append(bytes);
    return bytes.size();
  }
  void append(std::span<const u8> bytes);

  const boundary::CaptureSink& kept() const { return kept_; }
  /// Where the whole stream is; empty if nothing was spilled.
  const std::string& path() const { return path_; }
  /// It could not be written, or not to its end.
  bool failed() const { return failed_; }

 private:
  void open();
  void put(std::string_view bytes);

  boundary::CaptureSink kept_;
  u64 room_;
  std::string folder_, name_, path_;
  boundary::UniqueFd file_;
  bool failed_ = false;
};

}  // namespace dewar::api
