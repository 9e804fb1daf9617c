// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The buffer never holds more than the longest line and one read.
#include "server/line_reader.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <utility>

namespace dewar::server {

namespace {

constexpr usize kPiece = 65536;

}  // namespace

bool LineReader::take() {
  const usize end = buffer_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = buffer_.size();
    return false;
  }
  line_.assign(buffer_, 0, end);
  buffer_.erase(0, end + 1);
  searched_ = 0;
  return true;
}

LineReader::Event LineReader::next(int timeout_ms) {
  line_.clear();
  for (;;) {
    if (take()) {
      const bool skipped = std::exchange(skipping_, false);
      if (skipped || line_.size() > max_) {
        line_.clear();
        return Event::too_long;
      }
      return Event::line;
    }
    if (skipping_ || buffer_.size() > max_) {
      skipping_ = true;
      buffer_.clear();
      searched_ = 0;
    }
    if (ended_) {
      if (std::exchange(skipping_, false)) return Event::too_long;
      if (buffer_.empty()) return Event::end;
      line_ = std::exchange(buffer_, {});
      return Event::line;
    }
    pollfd ready{fd_, POLLIN, 0};
    const int n = ::poll(&ready, 1, timeout_ms);
    if (n == 0) return Event::timeout;
    if (n < 0) {
      if (errno == EINTR) continue;
      ended_ = true;
      continue;
    }
    char piece[kPiece];
    const ssize_t got = ::read(fd_, piece, sizeof piece);
    if (got > 0) {
      buffer_.append(piece, static_cast<usize>(got));
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
      ended_ = true;
    }
  }
}

}  // namespace dewar::server
