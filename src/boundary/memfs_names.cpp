// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Paths and names of the file system in memory. Which error comes first where several are due follows the kernel
// (fs/namei.c of Linux): the differential test compares them call by call. A directory that was removed but is still
// open is empty and takes no new names.
#include <errno.h>
#include <fcntl.h>

#include <algorithm>

#include "boundary/memfs.h"

namespace dewar::boundary {
namespace {

// Directories that a rename goes up through cost a unit of fuel for a number of them: a tree can be as deep as the
// limit lets it be. A few are free, as they are in a folder of the host.
u64 work_of(u64 steps) { return steps > MemFs::kFreeSteps ? steps / MemFs::kStepsPerUnit : 0; }

}  // namespace

// Resolves a path, links included, up to its last name. A last link is followed unless `flags` say otherwise.
std::expected<MemFs::Found, KernelError> MemFs::find(u64 base, std::string_view path, int flags, bool& linked) const {
  if (path.empty()) return std::unexpected(ENOENT);
  if (path.front() == '/') return std::unexpected(EXDEV);
  std::string rest(path);
  usize next = 0;  // where the rest begins in `rest`
  u64 dir = base;
  for (int links = 0;;) {
    next = rest.find_first_not_of('/', next);
    if (next == std::string::npos) next = rest.size();
    const usize end = std::min(rest.find('/', next), rest.size());
    const std::string_view part = std::string_view(rest).substr(next, end - next);
    const bool slashed = end < rest.size();
    const bool last = rest.find_first_not_of('/', end) == std::string::npos;
    const Node& here = at(dir);

    if (part.empty() || part == "." || part == "..") {
      if (part == "..") {
        if (dir == base) return std::unexpected(EXDEV);
        dir = here.parent;
      }
      if (last) return Found{dir, {}, dir};
      next = end;
      continue;
    }
    if (here.names == 0) return std::unexpected(ENOENT);
    if (last && slashed && (flags & O_CREAT)) return std::unexpected(EISDIR);
    if (part.size() > kMaxName) return std::unexpected(ENAMETOOLONG);
    const auto it = here.names_of.find(part);
    if (it == here.names_of.end()) {
      if (!last) return std::unexpected(ENOENT);
      return Found{dir, std::string(part), 0};
    }
    const Node& node = at(it->second);
    if (node.kind == Kind::link && (!last || slashed || !(flags & (O_NOFOLLOW | O_EXCL)))) {
      linked = true;
      if (++links > kMaxLinks) return std::unexpected(ELOOP);
      if (node.target.front() == '/') return std::unexpected(EXDEV);
      rest = node.target + rest.substr(end);
      next = 0;
      continue;
    }
    if (last) {
      if (slashed && node.kind != Kind::directory) return std::unexpected(ENOTDIR);
      return Found{dir, std::string(part), it->second};
    }
    if (node.kind != Kind::directory) return std::unexpected(ENOTDIR);
    dir = it->second;
    next = end;
  }
}

std::expected<MemRef, KernelError> MemFs::open(u64 dir, std::string_view path, int flags, u64 now_ns, Work* work) {
  if (flags & O_PATH) flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
  if (!(flags & O_CREAT)) flags &= ~O_EXCL;
  bool linked = false;
  auto found = find(dir, path, flags, linked);
  if (linked && work) work->units += kLinkWork;
  if (!found) return std::unexpected(found.error());
  if (found->node == 0) {
    if (!(flags & O_CREAT)) return std::unexpected(ENOENT);
    auto made = create(Kind::file, found->dir, found->name, {}, now_ns);
    if (!made) return std::unexpected(made.error());
    return MemRef(*this, *made);
  }
  const Kind kind = at(found->node).kind;
  if (flags & O_CREAT) {
    if (flags & O_EXCL) return std::unexpected(EEXIST);
    if (kind == Kind::directory) return std::unexpected(EISDIR);
  }
  if ((flags & O_DIRECTORY) && kind != Kind::directory) return std::unexpected(ENOTDIR);
  if (kind == Kind::link && !(flags & O_PATH)) return std::unexpected(ELOOP);
  if (kind == Kind::directory && ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC))) {
    return std::unexpected(EISDIR);
  }
  if (kind == Kind::file && (flags & O_TRUNC)) {
    if (auto cut = resize(found->node, 0); !cut) return std::unexpected(cut.error());
  }
  return MemRef(*this, found->node);
}

std::expected<u64, KernelError> MemFs::lookup(const Name& name) const {
  const Node& dir = at(name.dir);
  if (dir.names == 0) return std::unexpected(ENOENT);
  if (name.name.size() > kMaxName) return std::unexpected(ENAMETOOLONG);
  const auto it = dir.names_of.find(name.name);
  if (it == dir.names_of.end()) return std::unexpected(ENOENT);
  return it->second;
}

// A name that is to be made is not there, and its directory is.
std::expected<void, KernelError> MemFs::creatable(const Name& name) const {
  auto found = lookup(name);
  if (found) return std::unexpected(EEXIST);
  if (found.error() != ENOENT || at(name.dir).names == 0) return std::unexpected(found.error());
  return {};
}

std::expected<void, KernelError> MemFs::make_directory(const Name& name, u64 now_ns) {
  if (auto ok = creatable(name); !ok) return ok;
  auto made = create(Kind::directory, name.dir, name.name, {}, now_ns);
  if (!made) return std::unexpected(made.error());
  return {};
}

std::expected<void, KernelError> MemFs::symlink(std::string_view target, const Name& name, u64 now_ns) {
  if (target.empty()) return std::unexpected(ENOENT);
  if (auto ok = creatable(name); !ok) return ok;
  if (name.trailing_slash) return std::unexpected(ENOENT);
  auto made = create(Kind::link, name.dir, name.name, target, now_ns);
  if (!made) return std::unexpected(made.error());
  return {};
}

std::expected<void, KernelError> MemFs::link(const Name& from, const Name& to, u64 now_ns) {
  auto node = lookup(from);
  if (!node) return std::unexpected(node.error());
  if (auto ok = creatable(to); !ok) return ok;
  if (to.trailing_slash) return std::unexpected(ENOENT);
  Node& linked = at(*node);
  if (linked.kind == Kind::directory) return std::unexpected(EPERM);
  if (!charge(name_cost(to.name))) return std::unexpected(ENOSPC);
  Node& dir = at(to.dir);
  dir.names_of.emplace(to.name, *node);
  dir.times.modify = dir.times.change = now_ns;
  ++linked.names;
  return {};
}

std::expected<void, KernelError> MemFs::remove(const Name& name, bool directory, u64 now_ns) {
  auto found = lookup(name);
  if (!found) return std::unexpected(found.error());
  const Node& node = at(*found);
  const bool is_directory = node.kind == Kind::directory;
  if (directory != is_directory) return std::unexpected(directory ? ENOTDIR : EISDIR);
  if (!directory && name.trailing_slash) return std::unexpected(ENOTDIR);
  if (!node.names_of.empty()) return std::unexpected(ENOTEMPTY);
  Node& dir = at(name.dir);
  dir.times.modify = dir.times.change = now_ns;
  drop_name(dir, dir.names_of.find(name.name));
  return {};
}

std::expected<void, KernelError> MemFs::rename(const Name& from, const Name& to, u64 now_ns, Work* work) {
  auto source = lookup(from);
  if (!source) return std::unexpected(source.error());
  auto target = lookup(to);
  if (!target && (target.error() != ENOENT || at(to.dir).names == 0)) return std::unexpected(target.error());
  Node& moved = at(*source);
  const bool is_directory = moved.kind == Kind::directory;
  if (!is_directory && (from.trailing_slash || to.trailing_slash)) return std::unexpected(ENOTDIR);
  // Neither may lie inside the other.
  u64 steps = 0;
  const auto holds = [&](u64 outer, u64 dir) {
    for (; dir != kRoot; dir = at(dir).parent, ++steps) {
      if (dir == outer) return true;
    }
    return outer == kRoot;
  };
  const bool into_itself = is_directory && holds(*source, to.dir);
  const bool onto_parent =
      !into_itself && target && at(*target).kind == Kind::directory && from.dir != to.dir && holds(*target, from.dir);
  if (work) work->units += work_of(steps);
  if (into_itself) return std::unexpected(EINVAL);
  if (onto_parent) return std::unexpected(ENOTEMPTY);
  if (target && *source == *target) return {};
  if (target) {
    const Node& replaced = at(*target);
    const bool replaces_directory = replaced.kind == Kind::directory;
    if (is_directory != replaces_directory) return std::unexpected(is_directory ? ENOTDIR : EISDIR);
    if (!replaced.names_of.empty()) return std::unexpected(ENOTEMPTY);
  }
  Node& from_dir = at(from.dir);
  Node& to_dir = at(to.dir);
  refund(name_cost(from.name));
  if (target) drop_name(to_dir, to_dir.names_of.find(to.name));
  if (!charge(name_cost(to.name))) {  // only where nothing was replaced
    used_ += name_cost(from.name);
    return std::unexpected(ENOSPC);
  }
  auto entry = from_dir.names_of.extract(from_dir.names_of.find(from.name));
  entry.key() = to.name;
  to_dir.names_of.insert(std::move(entry));
  if (is_directory) moved.parent = to.dir;
  from_dir.times.modify = from_dir.times.change = now_ns;
  to_dir.times.modify = to_dir.times.change = now_ns;
  return {};
}

}  // namespace dewar::boundary
