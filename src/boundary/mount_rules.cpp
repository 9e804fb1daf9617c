// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What may be done at a path of a mount. Denials are of guest paths and of resolved host paths; a guest path that is
// denied is denied for the host's file behind it, in whatever mount and under whatever name of a folder it appears.
// Where an open file really is, the kernel says (/proc/self/fd), so links and ".." are no way around.
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/print.h"
#include "boundary/mounts.h"

namespace dewar::boundary {
namespace {

// The host path of an open file, "" for the root; nothing if it has no name any more.
std::optional<std::string> host_path_of(int fd) {
  const std::string name = "/proc/self/fd/" + base::dec(static_cast<u64>(fd));
  std::string path(4096, '\0');  // no path that the kernel gives is longer
  const ssize_t n = ::readlink(name.c_str(), path.data(), path.size());
  if (n <= 0 || static_cast<usize>(n) == path.size() || path[0] != '/') return std::nullopt;
  path.resize(static_cast<usize>(n));
  struct stat st{};
  if (path.ends_with(" (deleted)") && (::fstat(fd, &st) != 0 || st.st_nlink == 0)) return std::nullopt;
  if (path == "/") path.clear();
  return path;
}

}  // namespace

bool Mount::reaches(std::string_view path) const {
  if (tree_rights || paths.empty()) return true;
  for (const PathRule& rule : paths) {
    if (rule.pattern.match(path).any()) return true;
  }
  return false;
}

bool Mount::only_leads(std::string_view path) const {
  if (tree_rights || paths.empty()) return false;
  bool leads = false;
  for (const PathRule& rule : paths) {
    const PatternMatch match = rule.pattern.match(path);
    if (match.here) return false;
    leads |= match.below != PatternMatch::Below::none && match.literal;
  }
  return leads;
}

Result<void> MountTable::add_rules(const Grants& grants) {
  usize rules = grants.denies.size() + grants.mounts.size();
  for (const MountGrant& mount : grants.mounts) rules += mount.paths.size();
  if (rules > kMaxRules) {
    return fail("grant-too-many-rules",
                "more than " + base::dec(kMaxRules) + " folders, rules on paths and denials are granted together",
                Error::kNoOffset, "say it with fewer patterns");
  }
  for (const DenyGrant& grant : grants.denies) {
    Deny deny{{{}, grant.rights, grant.source}, !grant.guest_pattern.empty(), std::nullopt};
    if (deny.of_guest) {
      auto guest = PathPattern::make(grant.guest_pattern, PatternKind::glob);
      if (!guest) return std::unexpected(guest.error());
      deny.guest.pattern = std::move(*guest);
    }
    if (!grant.host_pattern.empty()) {
      auto host = PathPattern::make(grant.host_pattern, PatternKind::glob);
      if (!host) return std::unexpected(host.error());
      deny.host = std::move(*host);
    }
    denies_.push_back(std::move(deny));
  }
  bool any = !denies_.empty();
  for (usize i = 0; i < mounts_.size(); ++i) {
    Mount& mount = mounts_[i];
    mount.tree_rights = mount.rights;
    for (const PathGrant& grant : grants.mounts[i].paths) {
      auto pattern = PathPattern::make(grant.pattern, grant.kind);
      if (!pattern) return std::unexpected(pattern.error());
      mount.paths.push_back({std::move(*pattern), grant.rights, grant.source});
      mount.rights |= grant.rights;
      any = true;
    }
  }
  if (!any) return {};
  // All of them: a rule of one mount can be about the host folder of another.
  for (Mount& mount : mounts_) {
    auto path = host_path_of(mount.fd.get());
    if (!path) {
      return fail("grant-mount-open", "cannot find out where " + mount.host_path + " lies: " + strerror(errno),
                  Error::kNoOffset, "rules on paths need the proc file system");
    }
    mount.real_path = std::move(*path);
    mount.ruled = !mount.paths.empty() || has_denies();
  }
  return {};
}

u64 MountTable::patterns_for(const Mount* mount) const {
  u64 n = 0;
  for (const Mount& m : mounts_) n += m.paths.size();
  return n + (mount && mount->ruled ? denies_.size() * (1 + mounts_.size()) : 0);
}

Ruling MountTable::ruling(const Mount& mount, std::string_view guest_path, Rights asked) const {
  if (guest_path == "/") guest_path = {};
  Ruling out;
  if (!mount.ruled) {
    out.own = out.below_most = out.below_least = mount.rights;
    out.allow_source = mount.source;
    return out;
  }
  if (mount.tree_rights) out.allow({true, PatternMatch::Below::all, false}, mount.tree_rights, mount.source);
  for (const PathRule& rule : mount.paths) out.allow(rule.pattern.match(guest_path), rule.rights, rule.source);
  if (denies_.empty()) return out;
  DEWAR_ASSERT(is_path_within(guest_path, mount.guest_path), "a path of another mount");
  const std::string host = mount.real_path + std::string(guest_path.substr(mount.guest_path.size()));
  // The guest paths that show this place of the host, and those that show something below it: found once, so that the
  // time is that of mounts and denials one after the other, not of every pair.
  std::vector<std::string> shown;
  std::vector<std::string_view> below;
  for (const Mount& other : mounts_) {
    if (other.in_memory) continue;
    if (is_path_within(host, other.real_path)) {
      shown.push_back(other.guest_path + host.substr(other.real_path.size()));
    } else if (is_path_within(other.real_path, host)) {
      below.push_back(other.guest_path);
    }
  }
  for (const Deny& deny : denies_) {
    if (deny.host) out.take(deny.host->match(host), deny.guest, asked);
    if (!deny.of_guest) continue;
    for (const std::string& path : shown) out.take(deny.guest.pattern.match(path), deny.guest, asked);
    const auto meant = [&](std::string_view path) { return deny.guest.pattern.match(path).any(); };
    if (std::any_of(below.begin(), below.end(), meant)) {
      out.take({false, PatternMatch::Below::some, false}, deny.guest, asked);
    }
  }
  return out;
}

std::optional<std::string> MountTable::real_place(const Mount& mount, int fd) const {
  auto host = host_path_of(fd);
  if (!host || !is_path_within(*host, mount.real_path)) return std::nullopt;
  return mount.guest_path + host->substr(mount.real_path.size());
}

}  // namespace dewar::boundary
