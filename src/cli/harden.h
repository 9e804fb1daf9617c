// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// harden(): this process gives up what a run does not need, after everything was loaded and opened and before any code
// of the guest runs. It is the second wall: a guest that broke out of the sandbox would still find a process that can
// start no program, open no socket, map no executable memory, and open no file but below the granted folders. Three
// layers, from the kernel: no_new_privs, a system call filter (harden_filter.h), Landlock (harden_landlock.h).
// Nothing here can be undone for the rest of the process. docs/SECURITY.md says what it promises.
#pragma once

#include <linux/filter.h>

#include <functional>
#include <string_view>
#include <vector>

#include "api/outcome.h"
#include "base/error.h"
#include "boundary/grants.h"
#include "cli/harden_filter.h"

namespace dewar::cli {

enum class HardenMode : u8 {
  off,
  on,       ///< what the kernel has; the outcome says what that was
  require,  ///< all of it, or the run does not start
};

/// What the process will still need.
struct HardenPlan {
  std::vector<boundary::MountGrant> paths;  ///< by host path and rights; the guest path does not matter
  FilterOptions filter;
};

/// The kernel calls that harden() makes, so that tests can stand for kernels that lack them. Each returns 0, or a
/// negative error number; abi() returns the version of Landlock's interface.
struct HardenKernel {
  std::function<int()> no_new_privs;
  std::function<int()> landlock_abi;
  std::function<int(u32 abi, const std::vector<boundary::MountGrant>&)> landlock_restrict;
  std::function<int(const std::vector<sock_filter>&)> install_filter;
};
HardenKernel this_kernel();

/// "off", "on" or "require".
Result<HardenMode> parse_harden_mode(std::string_view text);

/// Hardens the calling thread and those it starts later; call it while there is no other. Tells what is active.
/// Error, with HardenMode::require only: "harden-unavailable".
Result<api::Hardening> harden(HardenMode mode, const HardenPlan& plan, const HardenKernel& kernel = this_kernel());

}  // namespace dewar::cli
