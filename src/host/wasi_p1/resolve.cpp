// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The resolvers of a session: from the arguments of a call to a handle with the rights for it, or to a place in the
// guest's name space; and the records of what they refused. This is where denials are told from probes:
// docs/boundary.md has the rules.
#include <errno.h>
#include <sys/stat.h>

#include <algorithm>

#include "host/wasi_p1/session.h"

namespace dewar::wasi_p1 {

using boundary::Handle;
using boundary::HostCall;
using boundary::Place;
using boundary::Rights;

namespace {

constexpr u32 kMaxPathBytes = 4096;

// The rights of a mount that a missing handle right comes down to.
Rights mount_rights_for(u64 missing) {
  Rights r = 0;
  if (missing & (rights::kFdRead | rights::kFdReaddir | rights::kPathReadlink | rights::kPathFilestatGet |
                 rights::kFdFilestatGet | rights::kPathLinkSource)) {
    r |= boundary::kRead;
  }
  if (missing & (rights::kFdWrite | rights::kFdAllocate | rights::kFdFilestatSetSize | rights::kFdFilestatSetTimes |
                 rights::kPathFilestatSetSize | rights::kPathFilestatSetTimes)) {
    r |= boundary::kWrite;
  }
  if (missing & (rights::kPathCreateDirectory | rights::kPathCreateFile | rights::kPathLinkTarget |
                 rights::kPathRenameTarget | rights::kPathSymlink)) {
    r |= boundary::kCreate;
  }
  if (missing & (rights::kPathRenameSource | rights::kPathRemoveDirectory | rights::kPathUnlinkFile)) {
    r |= boundary::kDelete;
  }
  return r;
}

std::string shown(std::string_view guest_path) { return guest_path.empty() ? "/" : std::string(guest_path); }

}  // namespace

std::expected<Handle*, Errno> Session::handle(HostCall& call, usize arg, u64 more) {
  Handle* h = handles_.get(call.arg32(arg));
  if (!h) return std::unexpected(Errno::badf);
  u64 needed = call.desc().args[arg].rights | more;
  if (h->rights & rights::kFdSeek) needed &= ~rights::kFdTell;  // the right to seek includes it
  const u64 missing = needed & ~h->rights;
  if (DEWAR_LIKELY(missing == 0)) return h;
  // A directory is never read, written or sought: say so instead of hinting at rights.
  constexpr u64 kFileOnly = rights::kFdRead | rights::kFdWrite | rights::kFdSeek | rights::kFdTell |
                            rights::kFdAllocate | rights::kFdFilestatSetSize | rights::kFdAdvise;
  if (h->is_dir() && (missing & kFileOnly)) return std::unexpected(Errno::isdir);
  if (h->is_stream() && (missing & (rights::kFdSeek | rights::kFdTell))) return std::unexpected(Errno::spipe);
  if (h->mount) {
    const Rights wanted = mount_rights_for(missing);
    charge_ruling(call, h->mount, h->guest_path);
    const boundary::Ruling ruling = mounts_.ruling(*h->mount, h->guest_path, wanted);
    const Rights lacking = static_cast<Rights>(wanted & ~ruling.own);
    if (lacking) refuse(call, *h->mount, shown(h->guest_path), ruling, lacking);
  }
  return std::unexpected(Errno::notcapable);
}

std::expected<Handle*, Errno> Session::base_dir(HostCall& call, usize arg, u64 more) {
  Handle* h = handles_.get(call.arg32(arg));
  if (!h) return std::unexpected(Errno::badf);
  if (!h->is_dir()) return std::unexpected(Errno::notdir);
  const u64 full = directory_rights(h->mount ? h->mount->rights : boundary::kReadWrite);
  const u64 missing = (call.desc().args[arg].rights | more) & ~h->rights;
  if (missing & full) return std::unexpected(Errno::notcapable);
  return h;
}

u64 Session::dropped_rights(const Handle& dir) {
  return inheriting_rights(dir.mount ? dir.mount->rights : boundary::kReadWrite) & ~dir.inheriting;
}

bool Session::shadowed(const Place& place) const {
  return mounts_.is_ancestor(place.guest_path == "/" ? std::string_view() : std::string_view(place.guest_path));
}

std::expected<std::string, Errno> Session::path_string(HostCall& call, usize ptr_arg) {
  const u32 size = call.arg32(ptr_arg + 1);
  if (size >= kMaxPathBytes) {
    return std::unexpected(call.in_bounds(call.arg32(ptr_arg), size) ? Errno::nametoolong : Errno::fault);
  }
  auto bytes = call.read(call.arg32(ptr_arg), size);
  if (!bytes) return std::unexpected(from_fault(bytes.error()));
  return bytes->to_string();
}

std::expected<Place, Errno> Session::place(HostCall& call, const Handle& base, usize ptr_arg) {
  auto path = path_string(call, ptr_arg);
  if (!path) return std::unexpected(path.error());
  call.work().units += 1 + static_cast<u64>(std::ranges::count(*path, '/'));
  auto found = mounts_.locate(base.base(), *path);
  if (found) {
    charge_ruling(call, found->mount, found->guest_path);
    return std::move(*found);
  }
  switch (found.error()) {
    case boundary::PathFault::empty: return std::unexpected(Errno::noent);
    case boundary::PathFault::nul: return std::unexpected(Errno::inval);
    case boundary::PathFault::encoding: return std::unexpected(Errno::ilseq);
    case boundary::PathFault::too_long: return std::unexpected(Errno::nametoolong);
    case boundary::PathFault::absolute: return std::unexpected(deny(call, std::move(*path), "absolute-path"));
    case boundary::PathFault::escape: break;
  }
  return std::unexpected(deny(call, boundary::path_as_written(base.guest_path, *path), "path-escape"));
}

Errno Session::require(HostCall& call, const Place& place, Rights needed) {
  if (place.kind == Place::Kind::absent) return deny_absent(call, place, needed, false);
  if (place.kind == Place::Kind::synthetic) return Errno::busy;
  // Where only the kernel can say what the path means, confirm() has the last word.
  const boundary::Ruling ruling = !place.escape.empty() ? boundary::Ruling{.own = place.mount->rights}
                                                        : mounts_.ruling(*place.mount, place.guest_path, needed);
  const Rights missing = static_cast<Rights>(needed & ~ruling.own);
  return missing ? refuse(call, *place.mount, place.guest_path, ruling, missing) : Errno::success;
}

Errno Session::deny_absent(HostCall& call, const Place& place, Rights wanted, bool directory) {
  boundary::Denial denial{std::string(call.desc().name),
                          place.guest_path,
                          "not-mounted",
                          boundary::rights_text(wanted),
                          "ENOTCAPABLE",
                          "",
                          0};
  denial.directory = directory;
  boundary_.denials().deny(std::move(denial));
  return Errno::notcapable;
}

Errno Session::deny(HostCall& call, std::string resource, const char* rule, Errno saw) {
  boundary_.denials().deny(
      {std::string(call.desc().name), std::move(resource), rule, "", std::string(errno_name(saw)), "", 0});
  return saw;
}

bool Session::only_looks(const Place& place) const {
  if (starting_up_ || boundary::is_reserved_path(place.guest_path)) return true;
  return std::any_of(config_.library_paths.begin(), config_.library_paths.end(),
                     [&](const std::string& folder) { return boundary::is_path_within(place.guest_path, folder); });
}

Errno Session::probe(HostCall& call, const Place& place) {
  boundary_.denials().probe(place.guest_path, call.desc().name, "ENOENT");
  return Errno::noent;
}

Errno Session::path_error(HostCall& call, const Place& place, int kernel_error) {
  if (kernel_error == EXDEV) {
    return deny(call, place.escape.empty() ? place.guest_path : place.escape, "path-escape");
  }
  if (kernel_error == boundary::kSpecialFile) return deny(call, place.guest_path, "special-file");
  return from_kernel(kernel_error);
}

u64 Session::device_of(const boundary::Mount* mount) const {
  if (!mount) return 1;
  return static_cast<u64>(mount - mounts_.mounts().data()) + 2;
}

u64 Session::inode_of(const boundary::Mount* mount, u64 device, u64 inode) {
  return mount && mount->memory ? inode : nodes_[nodes_.find(device, inode)].number;
}

FileInfo Session::file_info(const struct stat& st, const boundary::Mount* mount) {
  FileInfo info;
  boundary::Node* node = nullptr;  // of a file of the host
  if (!(mount && mount->memory)) node = &nodes_[nodes_.find(st.st_dev, st.st_ino)];
  info.device = device_of(mount);
  info.inode = node ? node->number : st.st_ino;
  info.filetype = filetype_of(st.st_mode);
  // How many links a directory has and how large it is differ between file systems; a file may have links elsewhere.
  info.links = S_ISDIR(st.st_mode) ? 1 : node ? node->links(st.st_nlink) : st.st_nlink;
  info.size = S_ISDIR(st.st_mode) ? 0 : static_cast<u64>(st.st_size);
  if (node && !clock_.is_real()) {
    info.atime = node->times.access;
    info.mtime = node->times.modify;
    info.ctime = node->times.change;
    return info;
  }
  const auto ns = [](const timespec& t) {
    return t.tv_sec < 0 ? 0 : static_cast<u64>(t.tv_sec) * 1'000'000'000 + static_cast<u64>(t.tv_nsec);
  };
  info.atime = ns(st.st_atim);
  info.mtime = ns(st.st_mtim);
  info.ctime = ns(st.st_ctim);
  return info;
}

FileInfo Session::synthetic_info(std::string_view guest_path) {
  // A small hash is enough as a key: equal keys would only share a number.
  u64 key = 14695981039346656037u;
  for (const char c : guest_path) key = (key ^ static_cast<u8>(c)) * 1099511628211u;
  FileInfo info;
  info.device = device_of(nullptr);
  info.inode = nodes_[nodes_.synthetic(key)].number;
  info.filetype = kTypeDirectory;
  info.links = 1;
  info.atime = info.mtime = info.ctime = nodes_.epoch();
  return info;
}

void Session::note_opened(const Place& place, bool to_write) {
  if (!config_.note_files || place.mount->in_memory || place.mount->memory) return;
  if (const auto known = opened_.find(place.guest_path); known != opened_.end()) {
    known->second.written |= to_write;
  } else if (opened_.size() < kMaxOpened && place.guest_path.size() <= kMaxOpenedText - opened_text_) {
    opened_text_ += place.guest_path.size();
    opened_.emplace(place.guest_path, OpenedFile{place.mount, to_write});
  } else {
    ++unlisted_files_;
  }
}

void Session::touch(HostCall& call, Handle& handle) {
  const u64 now = clock(call).realtime_now();
  if (handle.mem) {
    handle.mem.fs()->touch(handle.mem.node(), now);
    return;
  }
  boundary::Node& node = nodes_[handle.node];
  node.times.modify = node.times.change = now;
}

}  // namespace dewar::wasi_p1
