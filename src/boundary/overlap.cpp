// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where a mount lies on the host is found by walking ".." from its open directory and comparing device and inode
// numbers with the other mounts' directories: names could be links. When the walk cannot be finished, the grants are
// refused.
#include "boundary/overlap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <vector>

namespace dewar::boundary {
namespace {

constexpr int kMaxDepth = 4096;

struct HostId {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const HostId&) const = default;
};

// False with errno set.
bool identify(int fd, HostId& id) {
  struct stat st{};
  if (::fstat(fd, &st) != 0) return false;
  id = {st.st_dev, st.st_ino};
  return true;
}

std::string shown(const Mount& mount) {
  return mount.host_path + "::" + (mount.guest_path.empty() ? "/" : mount.guest_path);
}

std::unexpected<Error> unknown_place(const Mount& mount, int error) {
  return fail("grant-mount-open", "cannot find out where " + mount.host_path + " lies: " + strerror(error),
              Error::kNoOffset, "the grants differ in rights, so it must be known whether one lies inside another");
}

// The directory that holds the file of a mount, wherever links in the granted path lead.
Result<UniqueFd> parent_of_file(const Mount& mount, const HostId& file) {
  const std::unique_ptr<char, decltype(&::free)> real(::realpath(mount.host_path.c_str(), nullptr), &::free);
  if (!real) return unknown_place(mount, errno);
  const std::string path(real.get());
  const usize slash = path.rfind('/');
  UniqueFd dir(::open(path.substr(0, slash + 1).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat st{};
  if (!dir || ::fstatat(dir.get(), path.c_str() + slash + 1, &st, AT_SYMLINK_NOFOLLOW) != 0) {
    return unknown_place(mount, errno);
  }
  if (HostId{st.st_dev, st.st_ino} != file) return unknown_place(mount, ESTALE);
  return dir;
}

// The directories above a mount, nearest first, up to the root.
Result<std::vector<HostId>> directories_above(const Mount& mount, const HostId& self) {
  std::vector<HostId> above;
  UniqueFd dir;
  HostId at = self;
  if (mount.is_file) {
    auto parent = parent_of_file(mount, self);
    if (!parent) return std::unexpected(parent.error());
    dir = std::move(*parent);
    if (!identify(dir.get(), at)) return unknown_place(mount, errno);
    above.push_back(at);
  }
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    UniqueFd up(::openat(dir ? dir.get() : mount.fd.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    HostId id;
    if (!up || !identify(up.get(), id)) return unknown_place(mount, errno);
    if (id == at) return above;
    above.push_back(id);
    at = id;
    dir = std::move(up);
  }
  return unknown_place(mount, ENAMETOOLONG);
}

// What the outer mount lets a guest do where the inner one is.
Rights rights_around(const MountTable& table, const Mount& outer, const Mount& inner) {
  if (!outer.ruled || !inner.real_path.starts_with(outer.real_path + "/")) return outer.rights;
  const Ruling r = table.ruling(outer, outer.guest_path + inner.real_path.substr(outer.real_path.size()));
  return r.own | r.below_most;
}

}  // namespace

Result<void> check_overlaps(const MountTable& table) {
  const std::vector<Mount>& mounts = table.mounts();
  std::vector<HostId> ids(mounts.size());
  for (usize i = 0; i < mounts.size(); ++i) {
    if (!identify(mounts[i].fd.get(), ids[i])) return unknown_place(mounts[i], errno);
  }
  for (usize i = 0; i < mounts.size(); ++i) {
    const Mount& inner = mounts[i];
    std::vector<usize> stronger;
    for (usize k = 0; k < mounts.size(); ++k) {
      if (!mounts[k].is_file && (mounts[k].rights & ~inner.rights) != 0) stronger.push_back(k);
    }
    if (stronger.empty()) continue;
    const auto above = directories_above(inner, ids[i]);
    if (!above) return std::unexpected(above.error());
    for (const HostId& id : *above) {
      for (const usize k : stronger) {
        if (ids[k] != id) continue;
        const Rights more = static_cast<Rights>(rights_around(table, mounts[k], inner) & ~inner.rights);
        if (!more) continue;
        return fail("grant-overlap",
                    "the grant " + shown(inner) + " lies inside the grant " + shown(mounts[k]) +
                        ", which allows more there (" + rights_text(more) + ")",
                    Error::kNoOffset,
                    "grant an outer folder that does not hold the inner one, or give both the same rights");
      }
    }
  }
  return {};
}

}  // namespace dewar::boundary
