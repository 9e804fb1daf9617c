// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The list of magic numbers, from linux/magic.h and, for those that are not in it, from the file systems' sources.
#include "boundary/special_fs.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace dewar::boundary {

bool on_special_fs(int fd) {
  struct statfs fs{};
  if (::fstatfs(fd, &fs) != 0) return true;
  switch (static_cast<u32>(fs.f_type)) {
    case PROC_SUPER_MAGIC:
    case SYSFS_MAGIC:
    case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC:
    case SECURITYFS_MAGIC:
    case SELINUX_MAGIC:
    case SMACK_MAGIC:
    case CGROUP_SUPER_MAGIC:
    case CGROUP2_SUPER_MAGIC:
    case RDTGROUP_SUPER_MAGIC:
    case BPF_FS_MAGIC:
    case DEVPTS_SUPER_MAGIC:
    case BINFMTFS_MAGIC:
    case PSTOREFS_MAGIC:
    case EFIVARFS_MAGIC:
    case NSFS_MAGIC:
    case XENFS_SUPER_MAGIC:
    case 0x62656570:  // configfs
    case 0x65735543:  // fusectl
      return true;
    default: return false;
  }
}

bool DeviceCheck::plain(int fd) const {
  struct stat st{};
  if (::fstat(fd, &st) != 0) return false;
  if (st.st_dev == own_) return true;
  for (const auto& [device, plain] : known_) {
    if (device == st.st_dev) return plain;
  }
  const bool plain = !on_special_fs(fd);
  if (known_.size() < kMaxKnown) known_.emplace_back(st.st_dev, plain);
  return plain;
}

}  // namespace dewar::boundary
