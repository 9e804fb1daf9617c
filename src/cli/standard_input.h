// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program's standard input: our own, or a file named with --stdin=FILE; and whether ours was left unread.
#pragma once

#include <string>

#include "base/error.h"
#include "boundary/unique_fd.h"

namespace dewar::cli {

/// Opens a regular file or a pipe for reading. Errors: "grant-stdin-open".
Result<boundary::UniqueFd> open_stdin(const std::string& path);

/// Our own standard input holds something, or may yet: a program that found nothing there should be explained.
bool has_waiting_input();

}  // namespace dewar::cli
