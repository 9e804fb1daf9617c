// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The system call filter: an allow-list as a BPF program, written here by hand. A call that is not on the list fails
// with EPERM, so that a C library that tries something new goes on without it and the run still has its outcome. Only
// what nothing but an attack would do (another program, another process's memory, another machine's system call
// numbers) ends the process at once. See seccomp(2).
#pragma once

#include <linux/filter.h>

#include <vector>

#include "base/types.h"

namespace dewar::cli {

struct FilterOptions {
  /// Sockets were granted (listeners, streams): they may be used. New ones can never be made.
  bool sockets = false;
  /// Memory may be made executable: only where code is compiled into memory that was not mapped before.
  bool executable_memory = false;
};

/// The program, for the machine that this was compiled for. It bakes in the number of the calling process.
std::vector<sock_filter> make_filter(const FilterOptions& options);

}  // namespace dewar::cli
