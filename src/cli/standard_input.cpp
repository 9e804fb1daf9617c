// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Opening never waits; whether something is there is asked without reading it.
#include "cli/standard_input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

namespace dewar::cli {

Result<boundary::UniqueFd> open_stdin(const std::string& path) {
  // O_NONBLOCK: opening a pipe does not wait for its writer. Reading does, under the run's limits.
  boundary::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat st{};
  if (!fd || ::fstat(fd.get(), &st) != 0) {
    return fail("grant-stdin-open", "cannot open " + path + " as standard input: " + std::strerror(errno),
                Error::kNoOffset, "name a file that exists and is readable: --stdin=FILE");
  }
  if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode)) {
    return fail("grant-stdin-open", path + " is no regular file and no pipe, so it cannot be the standard input",
                Error::kNoOffset, "use --stdin alone and redirect our own standard input");
  }
  return fd;
}

bool has_waiting_input() {
  struct stat st{};
  if (::fstat(0, &st) != 0) return false;
  if (S_ISREG(st.st_mode)) return ::lseek(0, 0, SEEK_CUR) < st.st_size;
  if (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode)) return false;
  pollfd one{0, POLLIN, 0};
  const int ready = ::poll(&one, 1, 0);
  if (ready <= 0) return ready == 0;
  int waiting = 0;
  return ::ioctl(0, FIONREAD, &waiting) == 0 && waiting > 0;
}

}  // namespace dewar::cli
