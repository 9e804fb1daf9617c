// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Making, removing, renaming and linking of names. Every call resolves the parent directory confined and then works on
// one plain component of it. Operations on two places check the rights at both ends and never leave one mount: across
// mounts they are EXDEV, even where two mounts show the same directory of the host.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "host/wasi_p1/bodies.h"

namespace dewar::wasi_p1 {

using boundary::HostCall;
using boundary::ParentPlace;
using boundary::Place;
using boundary::Rights;

namespace {

// A place whose last name may be changed: in a mount with the rights, and nothing is mounted there or below.
std::expected<ParentPlace, Errno> changeable(HostCall& call, Session& session, const Place& place, Rights needed,
                                             Errno if_dots) {
  if (Errno e = session.require(call, place, needed); e != Errno::success) return std::unexpected(e);
  if (boundary::ends_in_dots(place.path) && !place.mount_point) return std::unexpected(if_dots);
  if (place.mount_point || place.mount->is_file || session.shadowed(place)) return std::unexpected(Errno::busy);
  auto parent = session.resolver().parent(place.dir, place.path);
  if (!parent) return std::unexpected(session.path_error(call, place, parent.error()));
  auto sure = session.confirm(call, place, parent->dir.get(), needed, parent->name, false);
  if (!sure) return std::unexpected(sure.error());
  return std::move(*parent);
}

// The same for a name that is to be made: what is there already is EEXIST.
std::expected<ParentPlace, Errno> creatable(HostCall& call, Session& session, const Place& place) {
  if (place.kind == Place::Kind::synthetic) return std::unexpected(Errno::exist);
  auto parent = changeable(call, session, place, boundary::kCreate, Errno::exist);
  if (!parent && parent.error() == Errno::busy) return std::unexpected(Errno::exist);
  return parent;
}

// A name was made: its file is new to the guest.
void made(HostCall& call, Session& session, const ParentPlace& at) {
  struct stat st{};
  if (::fstatat(at.dir.get(), at.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return;
  session.nodes().create(st.st_dev, st.st_ino, session.clock(call).realtime_now());
}

// How many directories of its mount a name lies in, lexically.
i64 depth_in_mount(const Place& place) {
  i64 depth = -1;  // the name itself is no directory
  for (const char c : std::string_view(place.guest_path).substr(place.mount->guest_path.size())) depth += c == '/';
  return depth;
}

// A relative link's target, taken lexically from the link's directory, stays in the mount.
bool link_stays(const Place& link, std::string_view target) {
  i64 depth = depth_in_mount(link);
  while (!target.empty()) {
    const usize slash = target.find('/');
    const std::string_view part = target.substr(0, slash);
    target = slash == std::string_view::npos ? std::string_view() : target.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    depth += part == ".." ? -1 : 1;
    if (depth < 0) return false;
  }
  return true;
}

// A relative link means something else in a directory of another depth: if `from` is one, it must stay in the mount
// there too. (An absolute one means the same everywhere.)
Errno check_moved_link(HostCall& call, Session& session, const ParentPlace& from, const Place& old_place,
                       const Place& new_place) {
  if (depth_in_mount(old_place) == depth_in_mount(new_place)) return Errno::success;
  char target[4096];  // no link of the kernel's is longer
  const ssize_t n = ::readlinkat(from.dir.get(), from.name.c_str(), target, sizeof target);
  if (n <= 0 || target[0] == '/') return Errno::success;
  const std::string_view text(target, static_cast<usize>(n));
  if (link_stays(new_place, text)) return Errno::success;
  return session.deny(call, new_place.guest_path + " -> " + std::string(text), "link-escape");
}

Reply remove(HostCall& call, Session& session, int flags, Errno if_dots) {
  DEWAR_WASI_TRY(base, session.base_dir(call, 0));
  DEWAR_WASI_TRY(place, session.place(call, *base, 1));
  DEWAR_WASI_TRY(at, changeable(call, session, place, boundary::kDelete, if_dots));
  if (::unlinkat(at.dir.get(), at.kernel_name().c_str(), flags) != 0) return from_kernel(errno);
  return Errno::success;
}

}  // namespace

Reply path_create_directory(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(base, session.base_dir(call, 0));
  DEWAR_WASI_TRY(place, session.place(call, *base, 1));
  DEWAR_WASI_TRY(at, creatable(call, session, place));
  if (::mkdirat(at.dir.get(), at.kernel_name().c_str(), 0777) != 0) return from_kernel(errno);
  made(call, session, at);
  return Errno::success;
}

Reply path_remove_directory(HostCall& call, Session& session) {
  return remove(call, session, AT_REMOVEDIR, Errno::inval);
}

Reply path_unlink_file(HostCall& call, Session& session) { return remove(call, session, 0, Errno::isdir); }

Reply path_rename(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(old_base, session.base_dir(call, 0));
  DEWAR_WASI_TRY(old_place, session.place(call, *old_base, 1));
  DEWAR_WASI_TRY(new_base, session.base_dir(call, 3));
  DEWAR_WASI_TRY(new_place, session.place(call, *new_base, 4));
  // Both ends, before anything is looked at. Replacing removes, but the source's right to remove is the same mount's.
  // Both are recorded, so that whoever grants one sees what else it takes.
  const Errno old_end = session.require(call, old_place, boundary::kDelete);
  const Errno new_end = session.require(call, new_place, boundary::kCreate);
  if (old_end != Errno::success) return old_end;
  if (new_end != Errno::success) return new_end;
  if (old_place.mount != new_place.mount) return Errno::xdev;
  DEWAR_WASI_TRY(from, changeable(call, session, old_place, boundary::kDelete, Errno::busy));
  DEWAR_WASI_TRY(to, changeable(call, session, new_place, boundary::kCreate, Errno::busy));
  if (Errno e = session.confirm_move(call, old_place, from, new_place, to, true); e != Errno::success) return e;
  if (Errno e = check_moved_link(call, session, from, old_place, new_place); e != Errno::success) return e;
  if (::renameat(from.dir.get(), from.kernel_name().c_str(), to.dir.get(), to.kernel_name().c_str()) != 0) {
    return from_kernel(errno);
  }
  return Errno::success;
}

Reply path_link(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(old_base, session.base_dir(call, 0));
  // Following a link here would name a file by a path that the rights were not checked for.
  if (call.arg32(1) != 0) return Errno::inval;
  DEWAR_WASI_TRY(old_place, session.place(call, *old_base, 2));
  DEWAR_WASI_TRY(new_base, session.base_dir(call, 4));
  DEWAR_WASI_TRY(new_place, session.place(call, *new_base, 5));
  if (old_place.kind == Place::Kind::synthetic) return Errno::perm;
  const Errno old_end = session.require(call, old_place, boundary::kRead);
  const bool ours = new_place.kind == Place::Kind::synthetic;
  const Errno new_end = ours ? Errno::exist : session.require(call, new_place, boundary::kCreate);
  if (old_end != Errno::success) return old_end;
  if (new_end != Errno::success) return new_end;
  if (old_place.mount != new_place.mount) return Errno::xdev;
  DEWAR_WASI_TRY(from, changeable(call, session, old_place, boundary::kRead, Errno::perm));
  DEWAR_WASI_TRY(to, creatable(call, session, new_place));
  if (from.trailing_slash) {
    // The kernel would follow a link here, out of the mount perhaps. Only a directory can be meant, which has no links.
    auto fd = session.resolver().open(old_place.dir, old_place.path, O_PATH | O_DIRECTORY);
    return fd ? Errno::perm : session.path_error(call, old_place, fd.error());
  }
  if (session.mounts().has_denies()) {
    // One file with two names could not be opened any more: see confirm().
    return session.deny(call, new_place.guest_path, "policy-hard-link");
  }
  if (Errno e = session.confirm_move(call, old_place, from, new_place, to, false); e != Errno::success) return e;
  if (Errno e = check_moved_link(call, session, from, old_place, new_place); e != Errno::success) return e;
  if (::linkat(from.dir.get(), from.name.c_str(), to.dir.get(), to.kernel_name().c_str(), 0) != 0) {
    return from_kernel(errno);
  }
  return Errno::success;
}

Reply path_symlink(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(target, session.path_string(call, 0));
  DEWAR_WASI_TRY(base, session.base_dir(call, 2));
  DEWAR_WASI_TRY(place, session.place(call, *base, 3));
  if (target.empty()) return Errno::noent;
  if (target.find('\0') != std::string::npos) return Errno::inval;
  DEWAR_WASI_TRY(at, creatable(call, session, place));
  // The guest itself could not follow such a link, but a program of the host might, and be led out by it.
  if (target.front() == '/') return session.deny(call, place.guest_path + " -> " + target, "absolute-link");
  if (!link_stays(place, target)) return session.deny(call, place.guest_path + " -> " + target, "link-escape");
  if (::symlinkat(target.c_str(), at.dir.get(), at.kernel_name().c_str()) != 0) return from_kernel(errno);
  made(call, session, at);
  return Errno::success;
}

}  // namespace dewar::wasi_p1
