// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lines from a descriptor, bounded: of a line that is too long nothing is kept, and reading goes on after its end.
#pragma once

#include <string>
#include <string_view>

#include "base/types.h"

namespace dewar::server {

class LineReader {
 public:
  enum class Event : u8 { line, too_long, timeout, end };

  /// `max` = bytes of a line without its end.
  LineReader(int fd, usize max) : fd_(fd), max_(max) {}

  /// Waits for the next line; no longer than `timeout_ms`, if it is not negative. A last line that has no end counts.
  Event next(int timeout_ms);
  /// After Event::line, until the next call: the line without its end.
  std::string_view line() const { return line_; }

 private:
  // Takes a whole line out of the buffer.
  bool take();

  int fd_;
  usize max_;
  std::string buffer_;
  std::string line_;
  usize searched_ = 0;  ///< bytes of the buffer that hold no line end
  bool skipping_ = false;
  bool ended_ = false;
};

}  // namespace dewar::server
