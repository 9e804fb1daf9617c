// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One rule per path. What the process keeps is a superset of what the boundary allows: the boundary decides, with
// the guest's paths and per operation; this only bounds what a boundary that was broken could reach.
#include "cli/harden_landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "boundary/unique_fd.h"

namespace dewar::cli {

namespace {

// The numbers are the same on all machines.
constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;
constexpr u32 kVersionFlag = 1;
constexpr int kPathBeneath = 1;

enum Access : u64 {
  kExecute = 1 << 0,
  kWriteFile = 1 << 1,
  kReadFile = 1 << 2,
  kReadDir = 1 << 3,
  kRemoveDir = 1 << 4,
  kRemoveFile = 1 << 5,
  kMakeChar = 1 << 6,
  kMakeDir = 1 << 7,
  kMakeReg = 1 << 8,
  kMakeSock = 1 << 9,
  kMakeFifo = 1 << 10,
  kMakeBlock = 1 << 11,
  kMakeSym = 1 << 12,
  kRefer = 1 << 13,     // ABI 2: rename and link between folders
  kTruncate = 1 << 14,  // ABI 3
  kIoctlDev = 1 << 15,  // ABI 5
};
constexpr u64 kFirstAbi = (1 << 13) - 1;
constexpr u64 kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDev;
constexpr u64 kBindTcp = 1 << 0, kConnectTcp = 1 << 1;       // ABI 4
constexpr u64 kAbstractSockets = 1 << 0, kSignals = 1 << 1;  // ABI 6

struct RulesetAttr {
  u64 fs;
  u64 net;
  u64 scoped;
};
struct [[gnu::packed]] PathBeneathAttr {
  u64 allowed;
  i32 parent;
};

usize attr_size(u32 abi) { return abi < 4 ? 8 : abi < 6 ? 16 : 24; }

int add_path(int ruleset, u32 abi, const boundary::MountGrant& grant) {
  const boundary::UniqueFd path(::open(grant.host_path.c_str(), O_PATH | O_CLOEXEC));
  struct stat st{};
  if (!path || ::fstat(path.get(), &st) != 0) return -errno;
  const PathBeneathAttr rule{landlock_accesses(abi, grant.most(), S_ISDIR(st.st_mode)), path.get()};
  if (rule.allowed == 0) return 0;
  return ::syscall(kAddRule, ruleset, kPathBeneath, &rule, 0) == 0 ? 0 : -errno;
}

}  // namespace

int landlock_abi() {
  const long abi = ::syscall(kCreateRuleset, nullptr, 0, kVersionFlag);
  return abi >= 0 ? static_cast<int>(abi) : -errno;
}

u64 landlock_handled(u32 abi) {
  u64 all = kFirstAbi;
  if (abi >= 2) all |= kRefer;
  if (abi >= 3) all |= kTruncate;
  if (abi >= 5) all |= kIoctlDev;
  return all;
}

u64 landlock_accesses(u32 abi, boundary::Rights rights, bool folder) {
  u64 out = 0;
  if (rights & boundary::kRead) out |= kReadFile | kReadDir;
  if (rights & boundary::kWrite) out |= kWriteFile | kTruncate;
  // A file that is only created is still opened for reading. Sockets and fifos can be renamed and linked; that none is
  // made is the filter's business.
  if (rights & boundary::kCreate) out |= kReadFile | kMakeReg | kMakeDir | kMakeSym | kMakeFifo | kMakeSock | kRefer;
  if (rights & boundary::kDelete) out |= kRemoveFile | kRemoveDir | kRefer;
  out &= landlock_handled(abi);
  return folder ? out : out & kOfFiles;
}

int landlock_restrict(u32 abi, const std::vector<boundary::MountGrant>& paths) {
  const RulesetAttr attr{landlock_handled(abi), kBindTcp | kConnectTcp, kAbstractSockets | kSignals};
  const boundary::UniqueFd ruleset(static_cast<int>(::syscall(kCreateRuleset, &attr, attr_size(abi), 0)));
  if (!ruleset) return -errno;
  for (const boundary::MountGrant& grant : paths) {
    if (const int error = add_path(ruleset.get(), abi, grant); error != 0) return error;
  }
  return ::syscall(kRestrictSelf, ruleset.get(), 0) == 0 ? 0 : -errno;
}

}  // namespace dewar::cli
