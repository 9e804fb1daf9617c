// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RLIMIT_NOFILE against max-handles; see host_room.h.
#include "api/host_room.h"

#include <sys/resource.h>

#include "base/print.h"

namespace dewar::api {

namespace {

// What a process has open besides the handles of guests: standard streams, mounts, memories, what a resolution holds.
constexpr u64 kOwnDescriptors = 32;

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<void> check_descriptor_room(const RunLimits& limits, u64 runs) {
  rlimit limit{};
  if (!limits.max_handles || ::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return {};
  const u64 there = limit.rlim_cur > kOwnDescriptors ? limit.rlim_cur - kOwnDescriptors : 0;
  // Both factors are bounded: max-handles by its row of the table, runs by 64.
  if (*limits.max_handles * runs <= there) return {};
  return fail("limit-descriptors",
              "the system lets this process open " + base::dec(limit.rlim_cur) +
                  " files, and the limits allow guests " + base::dec(*limits.max_handles * runs) + " handles",
              Error::kNoOffset,
              "raise `ulimit -n`, or lower -W max-handles to " + base::dec(there / runs) + " or less");
}

}  // namespace dewar::api
