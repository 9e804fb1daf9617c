// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where messages go: whole lines, from any thread, one at a time. A client that has closed its end, or that takes
// nothing for a long time, is gone: then everything fails at once, and nobody waits for it.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

namespace dewar::server {

class Output {
 public:
  /// `stall_ms` = how long a client may take nothing of what is waiting for it.
  explicit Output(int fd, int stall_ms = 30'000) : fd_(fd), stall_ms_(stall_ms) {}

  /// Writes a message and a line break; false if the client is gone.
  bool send(std::string message);
  bool gone() const { return gone_.load(std::memory_order_relaxed); }

 private:
  int fd_;
  int stall_ms_;
  std::mutex mutex_;
  std::atomic<bool> gone_{false};
};

}  // namespace dewar::server
