// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Paths and names. Handles are in wasi_model_fd.cpp.
#include "model/wasi_model.h"

#include <errno.h>

#include "model/rules.h"

namespace dewar::model {

using namespace wasi_p1;

Errno WasiModel::error(int kernel) { return kernel == EXDEV ? deny() : errno_of(kernel); }

WasiModel::Or<WasiModel::Handle*> WasiModel::base(u32 fd, u64 rights) {
  Handle* h = get(fd);
  if (!h) return std::unexpected(Errno::badf);
  if (!h->is_dir()) return std::unexpected(Errno::notdir);
  // What the mount does not allow is judged by the path; only what the guest gave up itself is missing here.
  if (rights & ~h->rights & directory_rights(mount_rights(h->mount))) return std::unexpected(Errno::notcapable);
  return h;
}

WasiModel::Or<WasiModel::Place> WasiModel::place(const Handle& h, const std::string& path) {
  if (path.empty()) return std::unexpected(Errno::noent);
  if (path.find('\0') != std::string::npos) return std::unexpected(Errno::inval);
  if (path.front() == '/') return std::unexpected(deny());
  Place out;
  out.guest = h.guest;
  for (const std::string& part : components(path)) {
    if (part != "..") {
      out.guest += "/" + part;
    } else if (out.guest.size() > h.guest.size()) {
      out.guest.erase(out.guest.rfind('/'));
    } else {
      out.above = true;
    }
  }
  if (h.kind == Handle::Kind::dir) {
    out.kind = Place::Kind::mount;
    out.mount = h.mount;
    out.dir = h.node;
    out.path = path;
    out.mount_point = !out.above && out.guest == mounts_[static_cast<usize>(h.mount)].guest_path;
    return out;
  }
  if (out.above) return std::unexpected(deny());
  for (usize i = 0; i < mounts_.size(); ++i) {
    const std::string& prefix = mounts_[i].guest_path;
    if (out.guest != prefix && !out.guest.starts_with(prefix + "/")) continue;
    out.kind = Place::Kind::mount;
    out.mount = static_cast<int>(i);
    out.dir = mounts_[i].root;
    out.mount_point = out.guest == prefix;
    out.path = (out.mount_point ? "." : out.guest.substr(prefix.size() + 1)) + (path.back() == '/' ? "/" : "");
    return out;
  }
  out.kind = out.guest.empty() ? Place::Kind::synthetic : Place::Kind::absent;
  return out;
}

Errno WasiModel::require(const Place& place, u8 rights) {
  if (place.kind == Place::Kind::synthetic) return Errno::busy;
  if (place.kind == Place::Kind::absent || (rights & ~mount_rights(place.mount))) return deny();
  return Errno::success;
}

WasiModel::Or<Slot> WasiModel::changeable(const Place& place, u8 rights, Errno if_dots) {
  if (const Errno e = require(place, rights); e != Errno::success) return std::unexpected(e);
  if (place.mount_point) return std::unexpected(Errno::busy);
  if (ends_in_dots(place.path)) return std::unexpected(place.above ? deny() : if_dots);
  auto slot = tree_.parent(place.dir, place.path);
  if (!slot) return std::unexpected(error(slot.error()));
  return *slot;
}

WasiModel::Or<Slot> WasiModel::creatable(const Place& place) {
  auto slot = changeable(place, kMayCreate, Errno::exist);
  if (!slot && slot.error() == Errno::busy) return std::unexpected(Errno::exist);
  return slot;
}

Errno WasiModel::moved_link(const Slot& from, const Place& old_place, const Place& new_place) {
  const Node* node = from.node();
  if (!node || node->type != Node::Type::link || node->data.front() == '/') return Errno::success;
  const usize mount = mounts_[static_cast<usize>(old_place.mount)].guest_path.size();
  const i64 old_depth = depth(old_place.guest.substr(mount)), new_depth = depth(new_place.guest.substr(mount));
  return old_depth == new_depth || stays_below(new_depth, node->data) ? Errno::success : deny();
}

WasiModel::Or<OpenedNode> WasiModel::open_in_mount(const Place& place, const OpenHow& how, bool read) {
  const u8 mount = mount_rights(place.mount);
  u8 to_open = how.write || how.truncate ? kMayWrite : 0;
  if (read || !to_open) to_open |= kMayRead;
  const u8 to_create = static_cast<u8>(kMayCreate | (how.write ? kMayWrite : 0) | (read ? kMayRead : 0));
  const auto failed = [&](int e) { return std::unexpected(error(e)); };
  if (require(place, how.create ? static_cast<u8>(to_open & ~kMayRead) : to_open) != Errno::success) {
    return std::unexpected(Errno::notcapable);
  }
  OpenHow existing = how;
  existing.create = existing.exclusive = false;
  // Without the right to read, what is there does not show: it can only be written to, or be in the way.
  if (!how.exclusive && ((mount & kMayRead) || to_open == kMayWrite)) {
    auto opened = tree_.open(place.dir, place.path, existing);
    if (opened) return *opened;
    if (opened.error() != ENOENT || !how.create) return failed(opened.error());
  }
  if (require(place, to_create) != Errno::success) return std::unexpected(Errno::notcapable);
  OpenHow making = how;
  making.exclusive = true;
  auto opened = tree_.open(place.dir, place.path, making);
  if (opened) return *opened;
  if (opened.error() != EEXIST || how.exclusive) return failed(opened.error());
  if (!(mount & kMayRead)) return std::unexpected(Errno::exist);
  making.exclusive = false;  // a link to what is not there yet
  opened = tree_.open(place.dir, place.path, making);
  if (!opened) return failed(opened.error());
  opened->created = true;
  return *opened;
}

Errno WasiModel::path_open(u32 fd, const std::string& path, const OpenArgs& args, u32& number) {
  auto h = base(fd, rights::kPathOpen);
  if (!h) return h.error();
  if (args.oflags > 15 || args.fdflags > 31) return Errno::inval;
  OpenHow how;
  how.create = args.oflags & kOpenCreate;
  how.directory = args.oflags & kOpenDirectory;
  how.exclusive = how.create && (args.oflags & kOpenExclusive);
  how.truncate = args.oflags & kOpenTruncate;
  how.follow = args.follow;
  if (how.create && how.directory) return Errno::inval;
  h = base(fd, rights::kPathOpen | (how.create ? rights::kPathCreateFile : 0) |
                   (how.truncate ? rights::kPathFilestatSetSize : 0));
  if (!h) return h.error();
  auto where = place(**h, path);
  if (!where) return where.error();
  const u64 dropped = inheriting_rights(mount_rights((*h)->mount)) & ~(*h)->inheriting;
  const u64 wanted = args.rights & ~dropped, inheriting = args.inheriting & rights::kAll & ~dropped;
  how.write = wanted & (rights::kFdWrite | rights::kFdAllocate | rights::kFdFilestatSetSize);
  const bool read = wanted & (rights::kFdRead | rights::kFdReaddir);

  Handle made;
  made.flags = static_cast<u16>(args.fdflags);
  made.guest = where->guest;
  if (where->kind == Place::Kind::absent) return deny();
  if (where->kind == Place::Kind::synthetic) {
    if (how.exclusive) return Errno::exist;
    if (how.write || how.truncate || how.create) return Errno::isdir;
    if (open_count() >= kMaxHandles) return Errno::mfile;
    made.kind = Handle::Kind::synthetic;
    made.rights = wanted & directory_rights(kMayAll);
    made.inheriting = inheriting;
    number = insert(std::move(made));
    return Errno::success;
  }
  if (open_count() >= kMaxHandles) return Errno::mfile;
  auto opened = open_in_mount(*where, how, read);
  if (!opened) return opened.error();
  Node& node = *opened->node;
  if (how.truncate && !opened->created) node.mtime = node.ctime = kEpoch;
  const u8 mount = mount_rights(where->mount);
  made.node = &node;
  made.mount = where->mount;
  if (node.is_dir()) {
    made.kind = Handle::Kind::dir;
    made.rights = wanted & directory_rights(mount);
    made.inheriting = inheriting & inheriting_rights(mount);
  } else {
    made.kind = Handle::Kind::file;
    made.rights = wanted & inheriting_rights(mount) & file_rights();
  }
  number = insert(std::move(made));
  return Errno::success;
}

Errno WasiModel::path_stat(u32 fd, bool follow, const std::string& path, Stat& out) {
  auto h = base(fd, rights::kPathFilestatGet);
  if (!h) return h.error();
  auto where = place(**h, path);
  if (!where) return where.error();
  if (where->kind == Place::Kind::absent) return Errno::noent;
  if (where->kind == Place::Kind::synthetic) {
    out = synthetic_stat(where->guest);
    return Errno::success;
  }
  if (const Errno e = require(*where, kMayRead); e != Errno::success) return e;
  auto node = tree_.find(where->dir, where->path, follow);
  if (!node) return error(node.error());
  out = stat_of(**node, where->mount);
  return Errno::success;
}

Errno WasiModel::path_set_times(u32 fd, bool follow, const std::string& path, u64 atime, u64 mtime, u32 flags) {
  auto h = base(fd, rights::kPathFilestatSetTimes);
  if (!h) return h.error();
  if (auto ok = check_times(flags); !ok) return ok.error();
  auto where = place(**h, path);
  if (!where) return where.error();
  if (const Errno e = require(*where, kMayWrite); e != Errno::success) return e;
  auto node = tree_.find(where->dir, where->path, follow);
  if (!node) return error(node.error());
  set_times(**node, atime, mtime, flags);
  return Errno::success;
}

Errno WasiModel::readlink(u32 fd, const std::string& path, std::string& out) {
  auto h = base(fd, rights::kPathReadlink);
  if (!h) return h.error();
  auto where = place(**h, path);
  if (!where) return where.error();
  if (where->kind == Place::Kind::absent) return Errno::noent;
  if (where->kind == Place::Kind::synthetic) return Errno::inval;
  if (const Errno e = require(*where, kMayRead); e != Errno::success) return e;
  auto node = tree_.find(where->dir, where->path, false);
  if (!node) return error(node.error());
  if ((*node)->type != Node::Type::link) return Errno::inval;
  out = (*node)->data;
  return Errno::success;
}

Errno WasiModel::mkdir(u32 fd, const std::string& path) {
  auto h = base(fd, rights::kPathCreateDirectory);
  if (!h) return h.error();
  auto where = place(**h, path);
  if (!where) return where.error();
  auto slot = creatable(*where);
  return slot ? errno_of(tree_.mkdir(*slot)) : slot.error();
}

Errno WasiModel::remove(u32 fd, const std::string& path, bool directory) {
  auto h = base(fd, directory ? rights::kPathRemoveDirectory : rights::kPathUnlinkFile);
  if (!h) return h.error();
  auto where = place(**h, path);
  if (!where) return where.error();
  auto slot = changeable(*where, kMayDelete, directory ? Errno::inval : Errno::isdir);
  if (!slot) return slot.error();
  return errno_of(directory ? tree_.rmdir(*slot) : tree_.unlink(*slot));
}

Errno WasiModel::unlink(u32 fd, const std::string& path) { return remove(fd, path, false); }
Errno WasiModel::rmdir(u32 fd, const std::string& path) { return remove(fd, path, true); }

Errno WasiModel::symlink(const std::string& target, u32 fd, const std::string& path) {
  auto h = base(fd, rights::kPathSymlink);
  if (!h) return h.error();
  auto where = place(**h, path);
  if (!where) return where.error();
  if (target.empty()) return Errno::noent;
  auto slot = creatable(*where);
  if (!slot) return slot.error();
  const usize mount = mounts_[static_cast<usize>(where->mount)].guest_path.size();
  if (target.front() == '/' || !stays_below(depth(where->guest.substr(mount)), target)) return deny();
  return errno_of(tree_.symlink(target, *slot));
}

Errno WasiModel::rename(u32 fd, const std::string& from, u32 fd2, const std::string& to) {
  auto old_base = base(fd, rights::kPathRenameSource);
  if (!old_base) return old_base.error();
  auto old_place = place(**old_base, from);
  if (!old_place) return old_place.error();
  auto new_base = base(fd2, rights::kPathRenameTarget);
  if (!new_base) return new_base.error();
  auto new_place = place(**new_base, to);
  if (!new_place) return new_place.error();
  // What is missing at either end is recorded; the first is answered.
  const Errno old_end = require(*old_place, kMayDelete), new_end = require(*new_place, kMayCreate);
  if (old_end != Errno::success) return old_end;
  if (new_end != Errno::success) return new_end;
  if (old_place->mount != new_place->mount) return Errno::xdev;
  auto old_slot = changeable(*old_place, kMayDelete, Errno::busy);
  if (!old_slot) return old_slot.error();
  auto new_slot = changeable(*new_place, kMayCreate, Errno::busy);
  if (!new_slot) return new_slot.error();
  if (const Errno e = moved_link(*old_slot, *old_place, *new_place); e != Errno::success) return e;
  return errno_of(tree_.rename(*old_slot, *new_slot));
}

Errno WasiModel::link(u32 fd, bool follow, const std::string& from, u32 fd2, const std::string& to) {
  auto old_base = base(fd, rights::kPathLinkSource);
  if (!old_base) return old_base.error();
  if (follow) return Errno::inval;
  auto old_place = place(**old_base, from);
  if (!old_place) return old_place.error();
  auto new_base = base(fd2, rights::kPathLinkTarget);
  if (!new_base) return new_base.error();
  auto new_place = place(**new_base, to);
  if (!new_place) return new_place.error();
  if (old_place->kind == Place::Kind::synthetic) return Errno::perm;
  const Errno old_end = require(*old_place, kMayRead);
  const bool ours = new_place->kind == Place::Kind::synthetic;
  const Errno new_end = ours ? Errno::exist : require(*new_place, kMayCreate);
  if (old_end != Errno::success) return old_end;
  if (new_end != Errno::success) return new_end;
  if (old_place->mount != new_place->mount) return Errno::xdev;
  auto old_slot = changeable(*old_place, kMayRead, Errno::perm);
  if (!old_slot) return old_slot.error();
  auto new_slot = creatable(*new_place);
  if (!new_slot) return new_slot.error();
  if (old_slot->slash) {
    auto node = tree_.find(old_place->dir, old_place->path, true);
    return node ? Errno::perm : error(node.error());
  }
  if (const Errno e = moved_link(*old_slot, *old_place, *new_place); e != Errno::success) return e;
  return errno_of(tree_.link(*old_slot, *new_slot));
}

}  // namespace dewar::model
