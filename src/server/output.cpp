// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pieces that a pipe which is ready takes without waiting (PIPE_BUF), so that the time can be watched.
#include "server/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "base/types.h"

namespace dewar::server {

bool Output::send(std::string message) {
  message += '\n';
  std::lock_guard lock(mutex_);
  for (usize done = 0; done < message.size() && !gone();) {
    pollfd ready{fd_, POLLOUT, 0};
    const int n = ::poll(&ready, 1, stall_ms_);
    if (n < 0 && errno == EINTR) continue;
    ssize_t written = -1;
    if (n > 0) {
      written = ::write(fd_, message.data() + done, std::min<usize>(message.size() - done, PIPE_BUF));
      if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    }
    if (written < 0) {
      gone_.store(true, std::memory_order_relaxed);
    } else {
      done += static_cast<usize>(written);
    }
  }
  return !gone();
}

}  // namespace dewar::server
