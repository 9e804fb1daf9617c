// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// posix_spawn and two pipes, read with poll so that neither can fill up and stop the child.
#include "cli/child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "boundary/unique_fd.h"

extern char** environ;

namespace dewar::cli {

namespace {

using boundary::UniqueFd;

constexpr usize kMaxErr = 8192;

struct Pipe {
  UniqueFd read, write;
};

bool make_pipe(Pipe& pipe) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return false;
  pipe.read = UniqueFd(fds[0]);
  pipe.write = UniqueFd(fds[1]);
  return true;
}

/// A file in memory that is read from its start.
bool fill_file(UniqueFd& file, std::span<const u8> bytes) {
  file = UniqueFd(::memfd_create("input", MFD_CLOEXEC));
  if (file.get() < 0) return false;
  while (!bytes.empty()) {
    const ssize_t n = ::write(file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<usize>(n));
  }
  return ::lseek(file.get(), 0, SEEK_SET) == 0;
}

std::unexpected<Error> cannot_start(const std::string& program, int error) {
  return fail("child-start", "cannot start " + program + ": " + ::strerror(error), Error::kNoOffset,
              error == ENOENT ? "install " + program + ", or put it on the PATH" : "");
}

// Reads both pipes to their ends.
void drain(const Pipe& out, const Pipe& err, u64 max_out, pid_t child, ChildResult& result) {
  pollfd fds[2] = {{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}};
  std::vector<u8> buffer(usize{64} << 10);
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    if (::poll(fds, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    for (int i = 0; i < 2; ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      const ssize_t n = ::read(fds[i].fd, buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        fds[i].fd = -1;
        continue;
      }
      const auto size = static_cast<usize>(n);
      if (i == 1) {
        result.err.append(reinterpret_cast<const char*>(buffer.data()), std::min(size, kMaxErr - result.err.size()));
        continue;
      }
      const u64 room = max_out - result.out.size();
      result.out.insert(result.out.end(), buffer.begin(),
                        buffer.begin() + static_cast<std::ptrdiff_t>(std::min<u64>(size, room)));
      if (size > room) {
        result.out_truncated = true;
        ::kill(child, SIGKILL);
        fds[0].fd = -1;
      }
    }
  }
}

}  // namespace

Result<ChildResult> run_child(const std::vector<std::string>& argv, const std::string& directory, u64 max_out,
                              std::span<const u8> input) {
  Pipe out, err;
  if (!make_pipe(out) || !make_pipe(err)) return cannot_start(argv[0], errno);
  UniqueFd given;
  if (!input.empty() && !fill_file(given, input)) return cannot_start(argv[0], errno);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  if (input.empty()) {
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  } else {
    ::posix_spawn_file_actions_adddup2(&actions, given.get(), 0);
  }
  ::posix_spawn_file_actions_adddup2(&actions, out.write.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions, err.write.get(), 2);
  if (!directory.empty()) ::posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  std::vector<char*> raw;
  for (const std::string& arg : argv) raw.push_back(const_cast<char*>(arg.c_str()));
  raw.push_back(nullptr);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, raw[0], &actions, nullptr, raw.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return cannot_start(argv[0], error);
  out.write.reset();
  err.write.reset();
  ChildResult result;
  drain(out, err, max_out, child, result);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return cannot_start(argv[0], errno);
  }
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace dewar::cli
