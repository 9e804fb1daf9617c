// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Opening of mounts and the lexical part of path resolution. A path from a directory of a mount with no mount below it
// is left to the kernel as it is; only where mounts nest, or in the synthetic directories, is it taken apart here.
#include "boundary/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/utf8.h"
#include "boundary/overlap.h"

namespace dewar::boundary {
namespace {

constexpr usize kMaxPath = 4095;
// Of a lexical path from the root, through any number of handles; handles keep theirs.
constexpr usize kMaxGuestPath = 16384;

Result<UniqueFd> memory_file(const FileGrant& grant) {
  UniqueFd fd(::memfd_create("guest-file", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const auto failed = [&] {
    return fail("grant-mount-open", "cannot keep the file " + grant.guest_path + ": " + strerror(errno));
  };
  if (!fd) return failed();
  for (usize done = 0; done < grant.contents.size();) {
    const ssize_t n = ::write(fd.get(), grant.contents.data() + done, grant.contents.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed();
    done += static_cast<usize>(n);
  }
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) return failed();
  return fd;
}

Result<Mount> open_mount(const MountGrant& grant) {
  Mount mount;
  mount.host_path = grant.host_path;
  mount.rights = mount.tree_rights = grant.rights;
  mount.source = grant.source;
  mount.fd = UniqueFd(::open(grant.host_path.c_str(), O_PATH | O_CLOEXEC));
  struct stat st{};
  if (!mount.fd || ::fstat(mount.fd.get(), &st) != 0) {
    return fail("grant-mount-open", "cannot open the granted path " + grant.host_path + ": " + strerror(errno),
                Error::kNoOffset, "grant a directory that exists: HOST::GUEST");
  }
  if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
    return fail("grant-mount-open", "the granted path " + grant.host_path + " is no directory and no regular file");
  }
  if (on_special_fs(mount.fd.get())) {
    return fail(
        "grant-special-fs", "the granted path " + grant.host_path + " is on a file system of the kernel",
        Error::kNoOffset,
        "what is in /proc, /sys and the like reaches into processes and the kernel; copy what the program needs");
  }
  mount.devices = DeviceCheck(st.st_dev);
  if (S_ISREG(st.st_mode)) {
    // A file is opened for use now: each opening by the guest is a duplicate (offsets are the handle table's own).
    const Rights wanted = grant.most();
    const int access = wanted & kWrite ? (wanted & kRead ? O_RDWR : O_WRONLY) : O_RDONLY;
    mount.fd = UniqueFd(::open(grant.host_path.c_str(), access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!mount.fd || ::fstat(mount.fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) {
      return fail("grant-mount-open", "cannot open the granted file " + grant.host_path + ": " + strerror(errno));
    }
    mount.is_file = true;
  }
  return mount;
}

}  // namespace

Result<MountTable> MountTable::open(const Grants& grants) {
  MountTable table;
  const auto add = [&](Mount mount, std::string_view guest) -> Result<void> {
    auto path = normalize_guest_path(guest);
    if (!path) return std::unexpected(path.error());
    mount.guest_path = *path == "/" ? std::string() : std::move(*path);
    if (mount.is_file && mount.guest_path.empty()) {
      return fail("grant-bad-path", "a file cannot be mounted at the root", Error::kNoOffset, "use HOST::/NAME");
    }
    for (const Mount& other : table.mounts_) {
      if (other.guest_path == mount.guest_path) {
        return fail("grant-duplicate-mount", "two grants for the guest path " + *normalize_guest_path(guest));
      }
    }
    table.mounts_.push_back(std::move(mount));
    return {};
  };
  for (const MountGrant& grant : grants.mounts) {
    auto path = normalize_guest_path(grant.guest_path);
    if (!path) return std::unexpected(path.error());
    if (is_reserved_path(*path)) {
      return fail("grant-reserved", "the grant " + grant.host_path + "::" + *path + " uses the guest path /dewar",
                  Error::kNoOffset, "the runtime's own files are there; choose another guest path: HOST::GUEST");
    }
    auto mount = open_mount(grant);
    if (!mount) return std::unexpected(mount.error());
    if (auto ok = add(std::move(*mount), grant.guest_path); !ok) return std::unexpected(ok.error());
  }
  if (auto ok = table.add_rules(grants); !ok) return std::unexpected(ok.error());
  if (auto ok = check_overlaps(table); !ok) return std::unexpected(ok.error());
  for (const FileGrant& grant : grants.files) {
    auto fd = memory_file(grant);
    if (!fd) return std::unexpected(fd.error());
    Mount mount;
    mount.rights = mount.tree_rights = kRead;
    mount.fd = std::move(*fd);
    mount.is_file = true;
    mount.in_memory = true;
    if (auto ok = add(std::move(mount), grant.guest_path); !ok) return std::unexpected(ok.error());
  }
  for (const MemoryMountGrant& grant : grants.memory) {
    Mount mount;
    mount.rights = mount.tree_rights = grant.rights;
    mount.in_memory = true;
    const bool real = grants.clock == ClockPolicy::real;
    mount.memory = std::make_unique<MemFs>(grant.max_bytes, real ? Clock::real().realtime_now() : grants.clock_start);
    if (auto ok = add(std::move(mount), grant.guest_path); !ok) return std::unexpected(ok.error());
  }
  for (const Mount& file : table.mounts_) {
    if (file.is_file && table.is_ancestor(file.guest_path)) {
      return fail("grant-bad-path", "something is mounted below the file " + file.guest_path);
    }
  }
  table.root_ = nullptr;
  for (const Mount& mount : table.mounts_) {
    if (mount.guest_path.empty()) table.root_ = &mount;
  }
  return table;
}

const Mount* MountTable::find(std::string_view guest_path) const {
  const Mount* best = nullptr;
  // The runtime's own names come before every mount: what the host has there, in a folder mounted at "/", is not seen.
  const bool reserved = is_reserved_path(guest_path);
  for (const Mount& mount : mounts_) {
    if (!is_path_within(guest_path, mount.guest_path)) continue;
    if (reserved && !is_reserved_path(mount.guest_path)) continue;
    if (mount.is_file && guest_path.size() != mount.guest_path.size()) continue;
    if (!mount.reaches(guest_path)) continue;
    if (!best || mount.guest_path.size() > best->guest_path.size()) best = &mount;
  }
  return best;
}

bool MountTable::is_ancestor(std::string_view guest_path) const {
  return std::any_of(mounts_.begin(), mounts_.end(), [&](const Mount& mount) {
    return mount.guest_path.size() > guest_path.size() && is_path_within(mount.guest_path, guest_path);
  });
}

std::vector<MountTable::Child> MountTable::children(std::string_view guest_path) const {
  std::vector<Child> out;
  for (const Mount& mount : mounts_) {
    if (mount.guest_path.size() <= guest_path.size() || !is_path_within(mount.guest_path, guest_path)) continue;
    const std::string_view below = std::string_view(mount.guest_path).substr(guest_path.size() + 1);
    const usize slash = below.find('/');
    const bool here = slash == std::string_view::npos;
    const std::string_view name = below.substr(0, slash);
    out.push_back(here ? Child{std::string(name), mount.is_file, &mount} : Child{std::string(name), false, nullptr});
  }
  // Of one name the mount itself comes first, if there is one, then those below it.
  std::sort(out.begin(), out.end(), [](const Child& a, const Child& b) {
    return a.name != b.name ? a.name<b.name : (a.mount != nullptr)>(b.mount != nullptr);
  });
  const auto twice = std::ranges::unique(out, {}, &Child::name);
  out.erase(twice.begin(), twice.end());
  return out;
}

std::string path_as_written(std::string_view directory, std::string_view path) {
  std::string out(directory);
  out += '/';
  out += path;
  return out;
}

std::expected<Place, PathFault> MountTable::locate(const BaseDir& base, std::string_view path) const {
  if (path.empty()) return std::unexpected(PathFault::empty);
  if (path.find('\0') != std::string_view::npos) return std::unexpected(PathFault::nul);
  if (path.size() > kMaxPath) return std::unexpected(PathFault::too_long);
  if (!base::is_valid_utf8(path)) return std::unexpected(PathFault::encoding);
  if (path.front() == '/') return std::unexpected(PathFault::absolute);

  // The lexical path: where the guest means to go.
  std::string lexical(base.guest_path);
  bool escapes = false;
  for (std::string_view rest = path; !rest.empty();) {
    const usize slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (lexical.size() <= base.guest_path.size()) {
        escapes = true;  // the kernel may still resolve it inside, through a link; not so in synthetic directories
      } else {
        lexical.erase(lexical.rfind('/'));
      }
      continue;
    }
    lexical += '/';
    lexical += part;
  }

  if (lexical.size() > kMaxGuestPath) return std::unexpected(PathFault::too_long);

  Place place;
  place.guest_path = lexical.empty() ? "/" : lexical;
  place.trailing_slash = path.back() == '/';
  const Mount* mount = find(lexical);
  if (mount && !escapes && mount->only_leads(lexical)) {
    place.kind = Place::Kind::synthetic;
    return place;
  }
  if (base.mount && (mount == base.mount || escapes)) {
    place.kind = Place::Kind::mount;
    place.mount = base.mount;
    place.dir = base.fd;
    place.node = base.node;
    place.path = std::string(path);
    place.mount_point = !escapes && lexical == base.mount->guest_path;
    if (escapes) place.escape = path_as_written(base.guest_path, path);
    return place;
  }
  if (escapes) return std::unexpected(PathFault::escape);
  if (mount) {
    place.kind = Place::Kind::mount;
    place.mount = mount;
    place.dir = mount->fd.get();
    place.node = MemFs::kRoot;
    place.mount_point = lexical.size() == mount->guest_path.size();
    place.path = place.mount_point ? "." : lexical.substr(mount->guest_path.size() + 1);
    if (place.trailing_slash) place.path += '/';
    return place;
  }
  place.kind = lexical.empty() || is_ancestor(lexical) ? Place::Kind::synthetic : Place::Kind::absent;
  return place;
}

}  // namespace dewar::boundary
