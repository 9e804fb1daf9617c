// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whole files in and out, for the program's own input and output. Guests never get here: their files are opened by
// the host functions, under a granted directory.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/types.h"

namespace dewar::base {

/// The contents of a file, in private memory. Reads what is there even where the size is not known in advance (pipes);
/// "-" is not special. Codes: file-not-found, file-too-large (more than max_size bytes), file-read.
Result<std::vector<u8>> read_file(const std::string& path, u64 max_size);

/// The rest of an open descriptor, under the same cap; `name` is for messages.
Result<std::vector<u8>> read_descriptor(int fd, const std::string& name, u64 max_size);

/// Replaces a file in one step: writes a temporary file beside it, flushes it to disk, renames it. What is no file (a
/// device, a pipe) is written to and stays. Code: file-write.
Result<void> write_file_atomically(const std::string& path, std::span<const u8> contents, u32 mode = 0644);

}  // namespace dewar::base
