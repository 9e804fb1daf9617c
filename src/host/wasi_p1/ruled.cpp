// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules on paths as they meet the kernel: what a lexical look at a path allowed is judged again where the kernel says
// that it really leads, and names are not moved to where they would gain rights. So links, "..", handles of folders
// that were renamed, and second names of a file are no way around a rule.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "host/wasi_p1/session.h"

namespace dewar::wasi_p1 {

using boundary::HostCall;
using boundary::Mount;
using boundary::ParentPlace;
using boundary::Place;
using boundary::Rights;
using boundary::Ruling;

Errno Session::refuse(HostCall& call, const Mount& mount, const std::string& guest_path, const Ruling& ruling,
                      Rights missing) {
  const char* rule = "mount-lacks-right";  // error code
  boundary::Denial denial{
      std::string(call.desc().name), guest_path, rule, boundary::rights_text(missing), "ENOTCAPABLE", "", 0};
  if (ruling.deny) {
    denial.rule = "policy-deny";  // error code
    denial.decided_by = ruling.deny->source;
  } else if (mount.ruled && ruling.allow_source.empty()) {
    denial.rule = "not-mounted";                                       // error code: the mount is there for other paths
  } else if (!ruling.allow_source.empty() || !mount.source.empty()) {  // what the runtime itself mounts has no source
    denial.decided_by = ruling.allow_source.empty() ? mount.source : std::string(ruling.allow_source);
  }
  if (!mount.in_memory && guest_path.starts_with(mount.guest_path)) {
    const std::string below = guest_path == "/" ? std::string() : guest_path.substr(mount.guest_path.size());
    denial.host_path = mount.host_path + (mount.host_path.ends_with('/') && !below.empty() ? below.substr(1) : below);
  }
  boundary_.denials().deny(std::move(denial));
  return Errno::notcapable;
}

void Session::charge_ruling(HostCall& call, const Mount* mount, std::string_view path) {
  call.work().units += static_cast<u64>(std::ranges::count(path, '/')) * mounts_.patterns_for(mount);
}

bool Session::may(const Place& place, Rights needed) const {
  if (place.kind != Place::Kind::mount) return false;
  const Rights own = !place.escape.empty() ? place.mount->rights : mounts_.ruling(*place.mount, place.guest_path).own;
  return (needed & ~own) == 0;
}

bool Session::granted(const Place& place) const {
  if (place.kind != Place::Kind::mount) return false;
  if (!place.mount->ruled || !place.escape.empty()) return true;
  return !mounts_.ruling(*place.mount, place.guest_path).allow_source.empty();
}

std::expected<Rights, Errno> Session::confirm(HostCall& call, const Place& place, int fd, Rights needed,
                                              std::string_view name, bool contents) {
  if (!place.mount->ruled || place.mount->is_file) return place.mount->rights;
  auto path = mounts_.real_place(*place.mount, fd);
  if (!path) return std::unexpected(Errno::noent);  // removed, or taken out of the mount by somebody else
  if (!name.empty()) {
    *path += '/';
    *path += name;
  }
  charge_ruling(call, place.mount, *path);
  const Ruling ruling = mounts_.ruling(*place.mount, *path, needed);
  const Rights missing = static_cast<Rights>(needed & ~ruling.own);
  if (missing) return std::unexpected(refuse(call, *place.mount, path->empty() ? "/" : *path, ruling, missing));
  struct stat st{};
  if (contents && name.empty() && mounts_.has_denies() &&
      (::fstat(fd, &st) != 0 || (S_ISREG(st.st_mode) && st.st_nlink > 1))) {
    return std::unexpected(deny(call, *path, "policy-hard-link"));
  }
  return ruling.own;
}

Errno Session::confirm_move(HostCall& call, const Place& old_place, const ParentPlace& from, const Place& new_place,
                            const ParentPlace& to, bool replaces) {
  const Mount& mount = *old_place.mount;
  if (!mount.ruled) return Errno::success;
  auto source = mounts_.real_place(mount, from.dir.get()), target = mounts_.real_place(mount, to.dir.get());
  if (!source || !target) return Errno::noent;
  charge_ruling(call, &mount, *source + *target + "//");
  const Ruling left = mounts_.ruling(mount, *source + "/" + from.name);
  const Ruling right = mounts_.ruling(mount, *target + "/" + to.name);
  struct stat st{};
  if (::fstatat(from.dir.get(), from.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return from_kernel(errno);
  // To make and to remove are rights on the name; only the others come along with what it names.
  const bool gains = (right.own & ~left.own & (boundary::kRead | boundary::kWrite)) != 0;
  if (gains || (S_ISDIR(st.st_mode) && (right.below_most & ~left.below_least) != 0)) {
    return deny(call, old_place.guest_path + " -> " + new_place.guest_path, "move-gains-rights");
  }
  if (!replaces || right.own & boundary::kDelete) return Errno::success;
  if (::fstatat(to.dir.get(), to.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return Errno::success;
  return refuse(call, mount, *target + "/" + to.name, right, boundary::kDelete);
}

}  // namespace dewar::wasi_p1
