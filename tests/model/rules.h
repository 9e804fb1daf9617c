// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Small rules of the model: which handle rights a mount's rights stand for, how errors are named, and how deep a path
// is.
#pragma once

#include <errno.h>

#include <string>
#include <string_view>
#include <vector>

#include "host/wasi_p1/abi.h"

namespace dewar::model {

/// Handle rights of a directory in a mount (docs/boundary.md, the table of rights).
inline u64 directory_rights(u8 mount) {
  using namespace wasi_p1::rights;
  u64 r = kPathOpen | kFdSync | kFdDatasync | kFdFdstatSetFlags;
  if (mount & 1) r |= kFdReaddir | kPathReadlink | kPathFilestatGet | kFdFilestatGet | kPathLinkSource;
  if (mount & 2) r |= kPathFilestatSetSize | kPathFilestatSetTimes | kFdFilestatSetTimes;
  if (mount & 4) r |= kPathCreateDirectory | kPathCreateFile | kPathLinkTarget | kPathRenameTarget | kPathSymlink;
  if (mount & 8) r |= kPathRenameSource | kPathRemoveDirectory | kPathUnlinkFile;
  return r;
}
inline u64 inheriting_rights(u8 mount) {
  using namespace wasi_p1::rights;
  u64 r = directory_rights(mount) | kFdSeek | kFdTell | kFdAdvise | kPollFdReadwrite;
  if (mount & 1) r |= kFdRead;
  if (mount & 2) r |= kFdWrite | kFdAllocate | kFdFilestatSetSize;
  return r;
}
/// Rights that mean anything for a file.
inline u64 file_rights() {
  using namespace wasi_p1::rights;
  return kFdDatasync | kFdRead | kFdSeek | kFdFdstatSetFlags | kFdSync | kFdTell | kFdWrite | kFdAdvise | kFdAllocate |
         kFdFilestatGet | kFdFilestatSetSize | kFdFilestatSetTimes | kPollFdReadwrite;
}
/// The mount's right that a missing handle right comes down to.
inline u8 mount_right_of(u64 missing) {
  u8 r = 0;
  for (const u8 bit : {u8{1}, u8{2}, u8{4}, u8{8}}) {
    if (missing & (inheriting_rights(bit) & ~inheriting_rights(0))) r |= bit;
  }
  return r;
}

inline wasi_p1::Errno errno_of(int kernel) {
  using wasi_p1::Errno;
  switch (kernel) {
    case 0: return Errno::success;
    case EEXIST: return Errno::exist;
    case EINVAL: return Errno::inval;
    case EISDIR: return Errno::isdir;
    case ELOOP: return Errno::loop;
    case ENOENT: return Errno::noent;
    case ENOTDIR: return Errno::notdir;
    case ENOTEMPTY: return Errno::notempty;
    case EPERM: return Errno::perm;
    default: return Errno::io;
  }
}

/// What is between slashes, without "" and ".".
inline std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> out;
  for (usize at = 0; at <= path.size();) {
    const usize end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (!part.empty() && part != ".") out.emplace_back(part);
    at = end + 1;
  }
  return out;
}

/// Directories between a mount and a name in it, given as "/a/b" from the mount.
inline i64 depth(std::string_view below_mount) { return static_cast<i64>(components(below_mount).size()) - 1; }

/// A relative link that lies so deep does not lead above the mount, taken by its words.
inline bool stays_below(i64 at, std::string_view target) {
  for (const std::string& part : components(target)) {
    at += part == ".." ? -1 : 1;
    if (at < 0) return false;
  }
  return true;
}

}  // namespace dewar::model
