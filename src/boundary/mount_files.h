// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What host functions do with the files of a mount, whichever kind of mount it is: a folder of the host, through
// PathResolver and the kernel's calls on descriptors, or a MemFs. Each operation exists once for both, with the
// kernel's error numbers. Grants, rights and denials are the callers' matter and the same for both.
#pragma once

#include <sys/stat.h>

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "boundary/confined.h"
#include "boundary/guest_access.h"
#include "boundary/memfs.h"
#include "boundary/mounts.h"
#include "boundary/unique_fd.h"

namespace dewar::boundary {

template <class T>
using KernelResult = std::expected<T, KernelError>;

/// A file, directory or link of a mount, borrowed from a handle or a NodeRef.
struct NodeView {
  int fd = -1;          ///< of the host, or
  MemFs* fs = nullptr;  ///< in memory:
  u64 node = 0;
};

/// The mount's own directory (or file).
inline NodeView top_of(const Mount& mount) { return {mount.fd.get(), mount.memory.get(), MemFs::kRoot}; }

/// One that was opened; closes or releases it.
struct NodeRef {
  UniqueFd fd;
  MemRef mem;
  NodeView view() const { return {fd.get(), mem.fs(), mem.node()}; }
};

/// The last name of a path, in the directory that holds it: `dir` of the host, or `node` of a MemFs. Valid during one
/// call of a guest.
struct NameRef : ParentPlace {
  MemFs* fs = nullptr;
  u64 node = 0;
};

/// Opens a place in a directory mount, as openat2 with RESOLVE_BENEATH does. kSpecialFile where it is on one.
KernelResult<NodeRef> open_node(const PathResolver& resolver, const Place& place, int flags, mode_t mode, u64 now_ns,
                                Work& work);
/// Finds the directory that holds the place's last name. Errors as PathResolver::parent; kSpecialFile.
KernelResult<NameRef> open_parent(const PathResolver& resolver, const Place& place, Work& work);

// ---- on names: mkdirat, unlinkat, renameat, linkat (never following), symlinkat, readlinkat ----
KernelResult<void> make_directory(const NameRef& name, u64 now_ns);
KernelResult<void> remove_name(const NameRef& name, bool directory, u64 now_ns);
KernelResult<void> rename_name(const NameRef& from, const NameRef& to, u64 now_ns, Work& work);
KernelResult<void> link_name(const NameRef& from, const NameRef& to, u64 now_ns);
KernelResult<void> make_symlink(const std::string& target, const NameRef& name, u64 now_ns);
/// What the name is, a link itself.
KernelResult<struct stat> status(const NameRef& name);
/// EINVAL if it is no link.
KernelResult<std::string> link_target(const NameRef& name);

// ---- on what is open: fstat, preadv, pwritev2, ftruncate, fsync, utimensat, readlinkat, getdents ----
/// In memory only type, links, size, node number and times mean something.
KernelResult<struct stat> status(const NodeView& node);
KernelResult<u64> read_at(const NodeView& node, GuestScatter& into, u64 offset);
/// `rwf` are flags of pwritev2; with RWF_APPEND the position is the end.
KernelResult<u64> write_at(const NodeView& node, const GuestGather& from, u64 offset, int rwf);
KernelResult<void> resize(const NodeView& node, u64 size);
KernelResult<void> flush(const NodeView& node, bool data_only);
/// Also of a link itself, where it was opened with O_PATH.
KernelResult<void> set_times(const NodeView& node, const timespec times[2], u64 now_ns);
KernelResult<std::string> link_target(const NodeView& node);

/// The names in a directory, without "." and "..", sorted as bytes, as the mount has them (also if not UTF-8).
struct Listing {
  struct Entry {
    std::string name;
    u32 type = 0;               ///< S_IFREG, ...
    u64 device = 0, inode = 0;  ///< as status() has them, also where something is mounted
  };
  u64 device = 0, inode = 0;
  u64 parent_device = 0, parent_inode = 0;
  std::vector<Entry> entries;
};
/// EOVERFLOW if there are more than `max_entries` or their names have more bytes than given; EINTR once `work` is
/// to stop.
KernelResult<Listing> list(const Work& work, const NodeView& dir, usize max_entries, usize max_name_bytes);

}  // namespace dewar::boundary
