// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Making, removing, renaming and linking of names. Every call resolves the parent directory confined and then works on
// one plain component of it. Operations on two places check the rights at both ends and never leave one mount: across
// mounts they are EXDEV, even where two mounts show the same directory of the host.
#include <fcntl.h>

#include <algorithm>
#include <string>

#include "host/wasi_p1/bodies.h"

namespace dewar::wasi_p1 {

using boundary::HostCall;
using boundary::NameRef;
using boundary::Place;
using boundary::Rights;

namespace {

// A place whose last name may be changed: in a mount with the rights, and nothing is mounted there or below.
std::expected<NameRef, Errno> changeable(HostCall& call, Session& session, const Place& place, Rights needed,
                                         Errno if_dots) {
  if (Errno e = session.require(call, place, needed); e != Errno::success) return std::unexpected(e);
  if (boundary::ends_in_dots(place.path) && !place.mount_point) {
    return std::unexpected(!place.escape.empty() ? session.path_error(call, place, EXDEV) : if_dots);
  }
  if (place.mount_point || place.mount->is_file || session.shadowed(place)) return std::unexpected(Errno::busy);
  auto parent = boundary::open_parent(session.resolver(), place, call.work());
  if (!parent) return std::unexpected(session.path_error(call, place, parent.error()));
  auto sure = session.confirm(call, place, parent->dir.get(), needed, parent->name, false);
  if (!sure) return std::unexpected(sure.error());
  return std::move(*parent);
}

// The same for a name that is to be made: what is there already is EEXIST.
std::expected<NameRef, Errno> creatable(HostCall& call, Session& session, const Place& place) {
  if (place.kind == Place::Kind::synthetic) return std::unexpected(Errno::exist);
  auto parent = changeable(call, session, place, boundary::kCreate, Errno::exist);
  if (!parent && parent.error() == Errno::busy) return std::unexpected(Errno::exist);
  if (parent && session.boundary().files_created.allow(1) == 0) return std::unexpected(Errno::nospc);
  return parent;
}

u64 now(HostCall& call, Session& session) { return session.clock(call).realtime_now(); }

// A name was made, if all went well: its file is new to the guest. A memory mount knows by itself.
Reply made(HostCall& call, Session& session, const NameRef& at, const boundary::KernelResult<void>& done) {
  if (!done) return from_kernel(done.error());
  session.boundary().files_created.use(1);
  if (at.fs) return Errno::success;
  if (auto st = boundary::status(at)) session.nodes().create(st->st_dev, st->st_ino, now(call, session));
  return Errno::success;
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
Errno check_moved_link(HostCall& call, Session& session, const NameRef& from, const Place& old_place,
                       const Place& new_place) {
  if (depth_in_mount(old_place) == depth_in_mount(new_place)) return Errno::success;
  auto target = boundary::link_target(from);
  if (!target || target->starts_with('/') || link_stays(new_place, *target)) return Errno::success;
  return session.deny(call, new_place.guest_path + " -> " + *target, "link-escape");
}

Reply remove(HostCall& call, Session& session, bool directory, Errno if_dots) {
  DEWAR_WASI_TRY(base, session.base_dir(call, 0));
  DEWAR_WASI_TRY(place, session.place(call, *base, 1));
  DEWAR_WASI_TRY(at, changeable(call, session, place, boundary::kDelete, if_dots));
  if (auto done = boundary::remove_name(at, directory, now(call, session)); !done) return from_kernel(done.error());
  return Errno::success;
}

}  // namespace

Reply path_create_directory(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(base, session.base_dir(call, 0));
  DEWAR_WASI_TRY(place, session.place(call, *base, 1));
  DEWAR_WASI_TRY(at, creatable(call, session, place));
  return made(call, session, at, boundary::make_directory(at, now(call, session)));
}

Reply path_remove_directory(HostCall& call, Session& session) { return remove(call, session, true, Errno::inval); }

Reply path_unlink_file(HostCall& call, Session& session) { return remove(call, session, false, Errno::isdir); }

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
  const auto done = boundary::rename_name(from, to, now(call, session), call.work());
  if (!done) return from_kernel(done.error());
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
    auto dir = boundary::open_node(session.resolver(), old_place, O_PATH | O_DIRECTORY, 0, 0, call.work());
    return dir ? Errno::perm : session.path_error(call, old_place, dir.error());
  }
  if (session.mounts().has_denies()) {
    // One file with two names could not be opened any more: see confirm().
    return session.deny(call, new_place.guest_path, "policy-hard-link");
  }
  if (Errno e = session.confirm_move(call, old_place, from, new_place, to, false); e != Errno::success) return e;
  if (Errno e = check_moved_link(call, session, from, old_place, new_place); e != Errno::success) return e;
  if (!from.fs) {
    // The links from before must be known, to tell them from those of the guest.
    if (auto st = boundary::status(from))
      session.nodes()[session.nodes().find(st->st_dev, st->st_ino)].links(st->st_nlink);
  }
  if (auto done = boundary::link_name(from, to, now(call, session)); !done) return from_kernel(done.error());
  session.boundary().files_created.use(1);
  return Errno::success;
}

Reply path_symlink(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(target, session.path_string(call, 0));
  DEWAR_WASI_TRY(base, session.base_dir(call, 2));
  DEWAR_WASI_TRY(place, session.place(call, *base, 3));
  call.work().units += 1 + static_cast<u64>(std::ranges::count(target, '/'));
  if (target.empty()) return Errno::noent;
  if (target.find('\0') != std::string::npos) return Errno::inval;
  DEWAR_WASI_TRY(at, creatable(call, session, place));
  // The guest itself could not follow such a link, but a program of the host might, and be led out by it.
  if (target.front() == '/') return session.deny(call, place.guest_path + " -> " + target, "absolute-link");
  if (!link_stays(place, target)) return session.deny(call, place.guest_path + " -> " + target, "link-escape");
  return made(call, session, at, boundary::make_symlink(target, at, now(call, session)));
}

}  // namespace dewar::wasi_p1
