// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/status_fd.h"

#include <fcntl.h>

#include <charconv>

#include "base/print.h"
#include "cli/terminal.h"

namespace dewar::cli {

Result<int> parse_status_fd(std::string_view text) {
  int fd = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), fd);
  const bool number = error == std::errc() && end == text.data() + text.size();
  if (!number || fd < 3) {
    return fail("usage-option", "--status-fd takes the number of a descriptor from 3 on", Error::kNoOffset,
                "for example `dewar run --status-fd 3 x.wasm 3>status`");
  }
  if (::fcntl(fd, F_GETFD) < 0) {
    return fail("usage-option", "--status-fd: descriptor " + std::string(text) + " is not open", Error::kNoOffset,
                "for example `dewar run --status-fd 3 x.wasm 3>status`");
  }
  return fd;
}

bool write_status(int fd, const api::Outcome& outcome) {
  return write_all(
      fd, std::string(api::class_name(outcome.cls)) + " " + outcome.code + " " + base::dec(outcome.exit_code) + "\n");
}

}  // namespace dewar::cli
