// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Directories. Cookie 0 takes a snapshot of the names, sorted as bytes; other cookies are positions in it, so a
// directory that changes meanwhile neither repeats nor skips names that were there. Mounts below the directory appear
// in it. Names are passed as the host has them, also where they are not UTF-8.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "host/wasi_p1/bodies.h"

namespace dewar::wasi_p1 {

using boundary::DirEntry;
using boundary::DirSnapshot;
using boundary::Handle;
using boundary::HostCall;

namespace {

/// Entries of one directory, and bytes of their names, that are read. Larger directories are EOVERFLOW.
constexpr usize kMaxEntries = 100'000;
constexpr usize kMaxNameBytes = usize{8} << 20;

u8 filetype_of_entry(int dir, const dirent& entry) {
  switch (entry.d_type) {
    case DT_REG: return kTypeRegularFile;
    case DT_DIR: return kTypeDirectory;
    case DT_LNK: return kTypeSymbolicLink;
    case DT_BLK: return kTypeBlockDevice;
    case DT_CHR: return kTypeCharacterDevice;
    case DT_SOCK: return kTypeSocketStream;
    case DT_UNKNOWN: break;
    default: return kTypeUnknown;
  }
  struct stat st{};
  return ::fstatat(dir, entry.d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? filetype_of(st.st_mode) : kTypeUnknown;
}

struct RawEntry {
  std::string name;
  u8 filetype;
  u64 inode;
};

std::expected<std::vector<RawEntry>, int> read_names(int handle_fd, u64& device, u64& parent_device, u64& parent_inode,
                                                     u64& inode) {
  // A descriptor of its own, with its own position.
  const int fd = ::openat(handle_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return std::unexpected(errno);
  struct stat st{}, up{};
  if (::fstat(fd, &st) != 0 || ::fstatat(fd, "..", &up, 0) != 0) {
    const int error = errno;
    ::close(fd);
    return std::unexpected(error);
  }
  device = st.st_dev;
  inode = st.st_ino;
  parent_device = up.st_dev;
  parent_inode = up.st_ino;
  DIR* stream = ::fdopendir(fd);
  if (!stream) {
    const int error = errno;
    ::close(fd);
    return std::unexpected(error);
  }
  std::vector<RawEntry> out;
  usize bytes = 0;
  int error = 0;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream);
    if (!entry) {
      error = errno;
      break;
    }
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    RawEntry raw{entry->d_name, filetype_of_entry(fd, *entry), entry->d_ino};
    bytes += raw.name.size();
    if (out.size() >= kMaxEntries || bytes > kMaxNameBytes) {
      error = EOVERFLOW;
      break;
    }
    out.push_back(std::move(raw));
  }
  ::closedir(stream);
  if (error != 0) return std::unexpected(error);
  std::sort(out.begin(), out.end(), [](const RawEntry& a, const RawEntry& b) { return a.name < b.name; });
  return out;
}

std::string parent_of(const std::string& guest_path) {
  const usize slash = guest_path.rfind('/');
  return slash == std::string::npos ? std::string() : guest_path.substr(0, slash);
}

std::expected<std::unique_ptr<DirSnapshot>, Errno> take_snapshot(Session& session, const Handle& h) {
  auto snapshot = std::make_unique<DirSnapshot>();
  auto& entries = snapshot->entries;
  const auto children = session.mounts().children(h.guest_path);
  boundary::NodeTable& nodes = session.nodes();
  if (h.kind == Handle::Kind::synthetic) {
    entries.push_back({".", kTypeDirectory, session.synthetic_info(h.guest_path).inode});
    entries.push_back({"..", kTypeDirectory, session.synthetic_info(parent_of(h.guest_path)).inode});
  } else {
    u64 device = 0, inode = 0, parent_device = 0, parent_inode = 0;
    auto names = read_names(h.fd.get(), device, parent_device, parent_inode, inode);
    if (!names) return std::unexpected(from_kernel(names.error()));
    const u64 self = nodes[nodes.find(device, inode)].number;
    // What is above a mount's own directory is none of the guest's business.
    const bool top = h.guest_path == h.mount->guest_path;
    entries.push_back({".", kTypeDirectory, self});
    entries.push_back({"..", kTypeDirectory, top ? self : nodes[nodes.find(parent_device, parent_inode)].number});
    for (RawEntry& raw : *names) {
      const bool mounted_over =
          std::any_of(children.begin(), children.end(), [&](const auto& c) { return c.name == raw.name && c.mount; });
      if (mounted_over) continue;
      entries.push_back({std::move(raw.name), raw.filetype, nodes[nodes.find(device, raw.inode)].number});
    }
  }
  const usize own = entries.size();
  for (const auto& child : children) {
    if (std::any_of(entries.begin() + 2, entries.begin() + static_cast<std::ptrdiff_t>(own),
                    [&](const DirEntry& e) { return e.name == child.name; })) {
      continue;
    }
    u64 number = 0;
    if (child.mount) {
      struct stat st{};
      if (::fstat(child.mount->fd.get(), &st) != 0) continue;
      number = nodes[nodes.find(st.st_dev, st.st_ino)].number;
    } else {
      number = session.synthetic_info(h.guest_path + "/" + child.name).inode;
    }
    entries.push_back({child.name, child.is_file ? kTypeRegularFile : kTypeDirectory, number});
  }
  std::sort(entries.begin() + 2, entries.end(), [](const DirEntry& a, const DirEntry& b) { return a.name < b.name; });
  return snapshot;
}

}  // namespace

Reply fd_readdir(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(h, session.handle(call, 0));
  if (!h->is_dir()) return Errno::notdir;
  const u64 cookie = call.arg64(3);
  if (!call.in_bounds(call.arg32(4), 4)) return Errno::fault;
  DEWAR_WASI_GUEST(buffer, call.write(call.arg32(1), call.arg32(2)));
  if (cookie == 0 || !h->snapshot) {
    auto snapshot = take_snapshot(session, *h);
    if (!snapshot) return snapshot.error();
    session.handles().keep_snapshot(*h, std::move(*snapshot));
  }
  const auto& entries = h->snapshot->entries;
  usize used = 0;
  // A last entry that does not fit is cut off: a full buffer tells the guest that there is more.
  const auto put = [&](std::span<const u8> bytes) {
    const usize n = std::min(bytes.size(), buffer.size() - used);
    buffer.put(bytes.first(n), used);
    used += n;
  };
  for (u64 i = cookie; i < entries.size() && used < buffer.size(); ++i) {
    Dirent header;
    header.next = i + 1;
    header.inode = entries[i].inode;
    header.name_size = static_cast<u32>(entries[i].name.size());
    header.filetype = entries[i].filetype;
    put(std::span(reinterpret_cast<const u8*>(&header), sizeof header));
    put(std::span(reinterpret_cast<const u8*>(entries[i].name.data()), entries[i].name.size()));
  }
  return store_result(call, call.arg32(4), static_cast<u32>(used));
}

}  // namespace dewar::wasi_p1
