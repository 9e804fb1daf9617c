// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The branch between mounts of the host and mounts in memory. Guest memory is filled and emptied by the kernel
// directly, through checked vectors; contents in memory pass a buffer of fixed size.
#include "boundary/mount_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>

#include "base/print.h"

namespace dewar::boundary {
namespace {

constexpr usize kPiece = 16384;
constexpr usize kMaxTarget = 4096;

KernelResult<void> done(int status) {
  if (status == 0) return {};
  return std::unexpected(errno);
}

MemFs::Name in_memory(const NameRef& name) { return {name.node, name.name, name.trailing_slash}; }

u32 mode_of(MemFs::Kind kind) {
  switch (kind) {
    case MemFs::Kind::file: return S_IFREG;
    case MemFs::Kind::directory: return S_IFDIR;
    case MemFs::Kind::link: break;
  }
  return S_IFLNK;
}

struct stat memory_status(const MemFs& fs, u64 node) {
  const MemFs::Status status = fs.status(node);
  const auto time = [](u64 ns) {
    return timespec{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
  };
  struct stat st{};
  st.st_ino = node;
  st.st_mode = mode_of(status.kind);
  st.st_nlink = status.links;
  st.st_size = static_cast<off_t>(status.size);
  st.st_atim = time(status.times.access);
  st.st_mtim = time(status.times.modify);
  st.st_ctim = time(status.times.change);
  return st;
}

KernelResult<u64> read_memory(const MemFs& fs, u64 node, GuestScatter& into, u64 offset) {
  std::array<u8, kPiece> piece;
  u64 total = 0;
  while (total < into.total()) {
    const usize want = static_cast<usize>(std::min<u64>(piece.size(), into.total() - total));
    auto n = fs.read(node, offset + total, std::span(piece).first(want));
    if (!n) return std::unexpected(n.error());
    into.copy_from(std::span(piece).first(*n), total);
    total += *n;
    if (*n < want) break;
  }
  return total;
}

KernelResult<u64> write_memory(MemFs& fs, u64 node, const GuestGather& from, u64 offset) {
  std::array<u8, kPiece> piece;
  u64 total = 0;
  while (total < from.total()) {
    const usize want = from.copy_to(piece, total);
    auto n = fs.write(node, offset + total, std::span(piece).first(want));
    if (!n && total == 0) return std::unexpected(n.error());
    if (!n) break;
    total += *n;
    if (*n < want) break;
  }
  return total;
}

// What an entry of a listing says of itself (d_ino, d_type) is of the file below a mount point, differs from what
// stat() says on file systems made of layers, and is missing on others. Nothing if there is no such entry any more.
std::optional<Listing::Entry> listed(int dir, u64 device, const dirent& entry) {
  struct stat st{};
  if (::fstatat(dir, entry.d_name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0) {
    return Listing::Entry{entry.d_name, st.st_mode & S_IFMT, st.st_dev, st.st_ino};
  }
  if (errno == ENOENT) return std::nullopt;
  // A directory that may be read and not searched.
  const u32 type = entry.d_type == DT_UNKNOWN ? 0 : DTTOIF(entry.d_type);
  return Listing::Entry{entry.d_name, type, device, entry.d_ino};
}

KernelResult<Listing> list_memory(const MemFs& fs, u64 dir, usize max_entries, usize max_name_bytes) {
  auto entries = fs.list(dir, max_entries, max_name_bytes);
  if (!entries) return std::unexpected(entries.error());
  Listing out;
  out.inode = dir;
  out.parent_inode = fs.parent(dir);
  for (MemFs::Entry& entry : *entries)
    out.entries.push_back({std::move(entry.name), mode_of(entry.kind), 0, entry.node});
  return out;
}

}  // namespace

KernelResult<NodeRef> open_node(const PathResolver& resolver, const Place& place, int flags, mode_t mode, u64 now_ns,
                                Work& work) {
  if (MemFs* fs = place.mount->memory.get()) {
    auto opened = fs->open(place.node, place.path, flags, now_ns, &work);
    if (!opened) return std::unexpected(opened.error());
    return NodeRef{UniqueFd(), std::move(*opened)};
  }
  auto fd = resolver.open(place.dir, place.path, flags, mode, &work);
  if (!fd) return std::unexpected(fd.error());
  if (!place.mount->devices.plain(fd->get())) return std::unexpected(kSpecialFile);
  return NodeRef{std::move(*fd), MemRef()};
}

KernelResult<NameRef> open_parent(const PathResolver& resolver, const Place& place, Work& work) {
  if (MemFs* fs = place.mount->memory.get()) {
    auto split = split_last_name(place.path);
    if (!split) return std::unexpected(split.error());
    auto dir = fs->open(place.node, split->directory, O_PATH | O_DIRECTORY, 0, &work);
    if (!dir) return std::unexpected(dir.error());
    return NameRef{{UniqueFd(), std::move(split->name), split->trailing_slash}, fs, dir->node()};
  }
  auto parent = resolver.parent(place.dir, place.path, &work);
  if (!parent) return std::unexpected(parent.error());
  if (!place.mount->devices.plain(parent->dir.get())) return std::unexpected(kSpecialFile);
  return NameRef{std::move(*parent), nullptr, 0};
}

KernelResult<void> make_directory(const NameRef& name, u64 now_ns) {
  if (name.fs) return name.fs->make_directory(in_memory(name), now_ns);
  return done(::mkdirat(name.dir.get(), name.kernel_name().c_str(), 0777));
}

KernelResult<void> remove_name(const NameRef& name, bool directory, u64 now_ns) {
  if (name.fs) return name.fs->remove(in_memory(name), directory, now_ns);
  return done(::unlinkat(name.dir.get(), name.kernel_name().c_str(), directory ? AT_REMOVEDIR : 0));
}

KernelResult<void> rename_name(const NameRef& from, const NameRef& to, u64 now_ns, Work& work) {
  DEWAR_ASSERT(from.fs == to.fs, "a rename between mounts");
  if (from.fs) return from.fs->rename(in_memory(from), in_memory(to), now_ns, &work);
  return done(::renameat(from.dir.get(), from.kernel_name().c_str(), to.dir.get(), to.kernel_name().c_str()));
}

KernelResult<void> link_name(const NameRef& from, const NameRef& to, u64 now_ns) {
  DEWAR_ASSERT(from.fs == to.fs, "a link between mounts");
  if (from.fs) return from.fs->link(in_memory(from), in_memory(to), now_ns);
  // Without the source's slash: with it the kernel would follow a link there.
  return done(::linkat(from.dir.get(), from.name.c_str(), to.dir.get(), to.kernel_name().c_str(), 0));
}

KernelResult<void> make_symlink(const std::string& target, const NameRef& name, u64 now_ns) {
  if (name.fs) return name.fs->symlink(target, in_memory(name), now_ns);
  return done(::symlinkat(target.c_str(), name.dir.get(), name.kernel_name().c_str()));
}

KernelResult<struct stat> status(const NameRef& name) {
  if (name.fs) {
    auto node = name.fs->lookup(in_memory(name));
    if (!node) return std::unexpected(node.error());
    return memory_status(*name.fs, *node);
  }
  struct stat st{};
  if (::fstatat(name.dir.get(), name.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return std::unexpected(errno);
  return st;
}

KernelResult<std::string> link_target(const NameRef& name) {
  if (name.fs) {
    auto node = name.fs->lookup(in_memory(name));
    if (!node) return std::unexpected(node.error());
    return name.fs->link_target(*node);
  }
  std::string target(kMaxTarget, '\0');
  const ssize_t n = ::readlinkat(name.dir.get(), name.name.c_str(), target.data(), target.size());
  if (n < 0) return std::unexpected(errno);
  target.resize(static_cast<usize>(n));
  return target;
}

KernelResult<struct stat> status(const NodeView& node) {
  if (node.fs) return memory_status(*node.fs, node.node);
  struct stat st{};
  if (::fstat(node.fd, &st) != 0) return std::unexpected(errno);
  return st;
}

KernelResult<u64> read_at(const NodeView& node, GuestScatter& into, u64 offset) {
  if (node.fs) {
    if (offset > MemFs::kMaxFileSize - into.total()) return std::unexpected(EINVAL);
    return read_memory(*node.fs, node.node, into, offset);
  }
  const auto iov = into.kernel();
  for (;;) {
    const ssize_t n = ::preadv(node.fd, iov.data(), static_cast<int>(iov.size()), static_cast<off_t>(offset));
    if (n >= 0) return static_cast<u64>(n);
    if (errno != EINTR) return std::unexpected(errno);
  }
}

KernelResult<u64> write_at(const NodeView& node, const GuestGather& from, u64 offset, int rwf) {
  if (node.fs) {
    if (rwf & RWF_APPEND) return write_memory(*node.fs, node.node, from, node.fs->status(node.node).size);
    if (offset > MemFs::kMaxFileSize - from.total()) return std::unexpected(EINVAL);
    return write_memory(*node.fs, node.node, from, offset);
  }
  const auto iov = from.kernel();
  for (;;) {
    const ssize_t n = ::pwritev2(node.fd, iov.data(), static_cast<int>(iov.size()), static_cast<off_t>(offset), rwf);
    if (n >= 0) return static_cast<u64>(n);
    if (errno != EINTR) return std::unexpected(errno);
  }
}

KernelResult<void> resize(const NodeView& node, u64 size) {
  if (node.fs) return node.fs->resize(node.node, size);
  return done(::ftruncate(node.fd, static_cast<off_t>(size)));
}

KernelResult<void> flush(const NodeView& node, bool data_only) {
  if (node.fs) return {};
  return done(data_only ? ::fdatasync(node.fd) : ::fsync(node.fd));
}

KernelResult<void> set_times(const NodeView& node, const timespec times[2], u64 now_ns) {
  if (node.fs) {
    node.fs->set_times(node.node, times, now_ns);
    return {};
  }
  // utimensat works on O_PATH descriptors, which a directory without the right to read is.
  if (::utimensat(node.fd, "", times, AT_EMPTY_PATH) == 0) return {};
  const int error = errno;
  if (::futimens(node.fd, times) == 0) return {};
  auto st = status(node);
  if (!st || (error != EINVAL && error != ENOENT) || S_ISLNK(st->st_mode)) return std::unexpected(error);
  // Kernels before 5.8 do not take an empty path here. The descriptor names the very file, so this cannot go astray.
  const std::string name = "/proc/self/fd/" + base::dec(static_cast<u64>(node.fd));
  return done(::utimensat(AT_FDCWD, name.c_str(), times, 0));
}

KernelResult<std::string> link_target(const NodeView& node) {
  if (node.fs) return node.fs->link_target(node.node);
  std::string target(kMaxTarget, '\0');
  const ssize_t n = ::readlinkat(node.fd, "", target.data(), target.size());
  if (n < 0) return std::unexpected(errno == ENOENT ? EINVAL : errno);  // ENOENT: not a link
  target.resize(static_cast<usize>(n));
  return target;
}

KernelResult<Listing> list(const Work& work, const NodeView& dir, usize max_entries, usize max_name_bytes) {
  if (dir.fs) return list_memory(*dir.fs, dir.node, max_entries, max_name_bytes);
  // A descriptor of its own, with its own position.
  UniqueFd fd(::openat(dir.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat st{}, up{};
  if (!fd || ::fstat(fd.get(), &st) != 0 || ::fstatat(fd.get(), "..", &up, 0) != 0) return std::unexpected(errno);
  const auto close = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> stream(::fdopendir(fd.get()), close);
  if (!stream) return std::unexpected(errno);
  const int own = fd.release();  // the stream closes it
  Listing out{st.st_dev, st.st_ino, up.st_dev, up.st_ino, {}};
  usize bytes = 0;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (!entry && errno != 0) return std::unexpected(errno);
    if (!entry) break;
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    bytes += std::strlen(entry->d_name);
    if (out.entries.size() >= max_entries || bytes > max_name_bytes) return std::unexpected(EOVERFLOW);
    if (out.entries.size() % 1024 == 1023 && work.stop.stopped()) return std::unexpected(EINTR);
    if (auto one = listed(own, st.st_dev, *entry)) out.entries.push_back(std::move(*one));
  }
  std::sort(out.entries.begin(), out.entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

}  // namespace dewar::boundary
