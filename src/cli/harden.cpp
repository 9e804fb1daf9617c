// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The order matters: no_new_privs allows the other two without privileges, and the filter comes last because it
// forbids the calls that set up the rest.
#include "cli/harden.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/print.h"
#include "cli/harden_landlock.h"

namespace dewar::cli {

namespace {

// Instrumented programs need far more of the kernel than the ones that are shipped: a leak check reads /proc and stops
// its own threads with ptrace. That would be another filter, so there is none, and the outcome says so.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
constexpr bool kInstrumented = true;
#else
constexpr bool kInstrumented = false;
#endif
#else
constexpr bool kInstrumented = false;
#endif

int set_no_new_privs() { return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : -errno; }

int install_filter(const std::vector<sock_filter>& filter) {
  sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  // TSYNC: a thread that a library has started is covered too, or the call fails.
  const long r = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
  return r == 0 ? 0 : r > 0 ? -EBUSY : -errno;
}

// "unavailable": the kernel has nothing of the kind; "refused": it has, and does not want it here.
const char* failed(int error) {
  return error == -ENOSYS || error == -EOPNOTSUPP || error == -EINVAL ? "unavailable" : "refused";
}

}  // namespace

HardenKernel this_kernel() {
  HardenKernel kernel{set_no_new_privs, landlock_abi, landlock_restrict, install_filter};
  if (kInstrumented) {
    kernel.landlock_abi = [] { return -EOPNOTSUPP; };
    kernel.install_filter = [](const auto&) { return -EOPNOTSUPP; };
  }
  return kernel;
}

Result<HardenMode> parse_harden_mode(std::string_view text) {
  if (text == "off") return HardenMode::off;
  if (text == "on") return HardenMode::on;
  if (text == "require") return HardenMode::require;
  return fail("usage-option", "--harden is on, off or require");
}

Result<api::Hardening> harden(HardenMode mode, const HardenPlan& plan, const HardenKernel& kernel) {
  api::Hardening report;
  if (mode == HardenMode::off) return report;
  const int privs = kernel.no_new_privs();
  report.no_new_privs = privs == 0;
  report.landlock = report.seccomp = failed(privs);
  if (report.no_new_privs) {
    const int abi = kernel.landlock_abi();
    int done = abi < 0 ? abi : -EOPNOTSUPP;
    if (abi >= static_cast<int>(kLandlockLeastAbi)) {
      const u32 used = std::min(static_cast<u32>(abi), kLandlockNewestAbi);
      done = kernel.landlock_restrict(used, plan.paths);
      if (done == 0) report.landlock = "abi-" + base::dec(used);
    }
    if (done != 0) report.landlock = failed(done);
    const int filtered = kernel.install_filter(make_filter(plan.filter));
    report.seccomp = filtered == 0 ? "filter" : failed(filtered);
  }
  if (mode == HardenMode::require && !report.complete()) {
    return fail("harden-unavailable",
                std::string("this process cannot be hardened: no_new_privs ") + (report.no_new_privs ? "on" : "off") +
                    ", seccomp " + report.seccomp + ", landlock " + report.landlock,
                Error::kNoOffset, "a kernel from 5.19 on has all of it; --harden=on runs with what there is");
  }
  return report;
}

}  // namespace dewar::cli
