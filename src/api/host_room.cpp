// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RLIMIT_NOFILE against max-handles; see host_room.h.
#include "api/host_room.h"

#include <sys/resource.h>

#include <algorithm>

#include "base/print.h"

namespace dewar::api {

namespace {

constexpr u64 kProcess = 32;  // standard streams, the program, what the process has beside runs
constexpr u64 kRun = 16;      // of a run: memories, interrupts, what one call holds for its time
constexpr u64 kWalk = 128;    // directories that one resolution may hold (boundary/confined.cpp)

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<void> check_descriptor_room(const RunLimits& limits, const boundary::Grants& grants, u64 runs) {
  rlimit limit{};
  if (!limits.max_handles || ::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return {};
  // All are bounded: max-handles by its row of the table, grants by their number on a command line, runs by 64.
  const u64 own = kRun + kWalk + grants.mounts.size() + grants.sockets.size();
  const u64 wanted = kProcess + runs * (own + *limits.max_handles);
  if (wanted <= limit.rlim_cur) return {};
  const u64 left = (limit.rlim_cur - std::min<u64>(limit.rlim_cur, kProcess)) / runs;
  const u64 possible = left - std::min(left, own);
  return fail("limit-descriptors",
              "the system lets this process open " + base::dec(limit.rlim_cur) + " files, and what is allowed to " +
                  (runs == 1 ? std::string("a run") : base::dec(runs) + " runs at once") + " takes up to " +
                  base::dec(wanted),
              Error::kNoOffset,
              possible > 0 ? "raise `ulimit -n`, or lower -W max-handles to " + base::dec(possible) + " or less"
                           : std::string("raise `ulimit -n`"));
}

}  // namespace dewar::api
