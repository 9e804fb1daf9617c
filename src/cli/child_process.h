// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs another program without a shell, and keeps what it writes, up to a bound.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace dewar::cli {

struct ChildResult {
  int status = 0;              ///< exit code, or 128 + signal
  std::vector<u8> out;         ///< standard output, at most the bound
  bool out_truncated = false;  ///< there was more; the child was stopped
  std::string err;             ///< the start of standard error
};

/// Runs argv[0], found through PATH, in `directory` (empty = ours), with `input` as its standard input.
/// Code: "child-start" if it cannot be started.
Result<ChildResult> run_child(const std::vector<std::string>& argv, const std::string& directory, u64 max_out,
                              std::span<const u8> input = {});

}  // namespace dewar::cli
