// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// File systems whose plain files are no data but the kernel's and the processes' inside (procfs, sysfs, cgroups, ...):
// through /proc/self/mem a guest would write our own memory. They are never a guest's, wherever a mount or a path
// leads to them. A file system is known by its device number: only a file on another device than its mount's own folder
// is asked about, and each device once.
#pragma once

#include <utility>
#include <vector>

#include "base/types.h"

namespace dewar::boundary {

/// The open file (O_PATH will do) is on such a file system, or it cannot be found out.
bool on_special_fs(int fd);

/// What resolutions answer there: no errno.
inline constexpr int kSpecialFile = 1 << 16;

/// The devices that were met below one mount.
class DeviceCheck {
 public:
  explicit DeviceCheck(u64 own = 0) : own_(own) {}
  /// The open file is not on a special file system, as the mount's own folder is not.
  bool plain(int fd) const;

 private:
  static constexpr usize kMaxKnown = 64;
  u64 own_;
  mutable std::vector<std::pair<u64, bool>> known_;  ///< device, plain
};

}  // namespace dewar::boundary
