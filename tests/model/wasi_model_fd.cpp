// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handles of the model: their table, contents, metadata, listings.
#include <algorithm>

#include "model/rules.h"
#include "model/wasi_model.h"

namespace dewar::model {

using namespace wasi_p1;

namespace {

constexpr u64 kMaxOffset = static_cast<u64>(INT64_MAX);
constexpr i64 kOutside = -1, kRootDir = -2;  // what is above the mounts; the synthetic root

u8 type_of(const Node& node) {
  switch (node.type) {
    case Node::Type::dir: return kTypeDirectory;
    case Node::Type::link: return kTypeSymbolicLink;
    case Node::Type::file: break;
  }
  return kTypeRegularFile;
}

}  // namespace

WasiModel::WasiModel(const std::vector<MountSpec>& mounts) : mounts_(mounts) {
  for (MountSpec& mount : mounts_) mount.root = tree_.make(Node::Type::dir);
  constexpr u64 kStream = rights::kFdFilestatGet | rights::kPollFdReadwrite | rights::kFdFdstatSetFlags |
                          rights::kFdSync | rights::kFdDatasync;
  for (int i = 0; i < 3; ++i) {
    Handle h;
    h.kind = i == 0 ? Handle::Kind::input : Handle::Kind::output;
    h.rights = kStream | (i == 0 ? rights::kFdRead : rights::kFdWrite);
    handles_.push_back(std::move(h));
  }
  for (usize i = 0; i < mounts_.size(); ++i) {
    Handle h;
    h.kind = Handle::Kind::dir;
    h.preopen = true;
    h.mount = static_cast<int>(i);
    h.node = mounts_[i].root;
    h.guest = mounts_[i].guest_path;
    h.rights = directory_rights(mounts_[i].rights);
    h.inheriting = inheriting_rights(mounts_[i].rights);
    handles_.push_back(std::move(h));
  }
  Handle root;
  root.kind = Handle::Kind::synthetic;
  root.preopen = true;
  root.rights = directory_rights(kMayAll);
  root.inheriting = inheriting_rights(kMayAll);
  handles_.push_back(std::move(root));
}

WasiModel::Handle* WasiModel::get(u32 fd) {
  return fd < handles_.size() && handles_[fd].kind != Handle::Kind::closed ? &handles_[fd] : nullptr;
}

u32 WasiModel::open_count() const {
  return static_cast<u32>(
      std::count_if(handles_.begin(), handles_.end(), [](const Handle& h) { return h.kind != Handle::Kind::closed; }));
}

u32 WasiModel::insert(Handle handle) {
  u32 fd = 0;
  while (get(fd)) ++fd;
  if (fd == handles_.size()) handles_.emplace_back();
  handles_[fd] = std::move(handle);
  return fd;
}

u64 WasiModel::offset_of(u32 fd) const { return fd < handles_.size() ? handles_[fd].offset : 0; }

std::optional<u64> WasiModel::size_of(u32 fd) const {
  if (fd >= handles_.size() || handles_[fd].kind != Handle::Kind::file) return std::nullopt;
  return handles_[fd].node->data.size();
}

WasiModel::Or<WasiModel::Handle*> WasiModel::handle(u32 fd, u64 needed) {
  Handle* h = get(fd);
  if (!h) return std::unexpected(Errno::badf);
  if (h->rights & rights::kFdSeek) needed &= ~rights::kFdTell;
  const u64 missing = needed & ~h->rights;
  if (missing == 0) return h;
  constexpr u64 kOfFiles = rights::kFdRead | rights::kFdWrite | rights::kFdSeek | rights::kFdTell |
                           rights::kFdAllocate | rights::kFdFilestatSetSize | rights::kFdAdvise;
  if (h->is_dir() && (missing & kOfFiles)) return std::unexpected(Errno::isdir);
  if (h->is_stream() && (missing & (rights::kFdSeek | rights::kFdTell))) return std::unexpected(Errno::spipe);
  if (h->mount >= 0 && (mount_right_of(missing) & ~mount_rights(h->mount))) return std::unexpected(deny());
  return std::unexpected(Errno::notcapable);
}

Errno WasiModel::fd_close(u32 fd) {
  if (!get(fd)) return Errno::badf;
  handles_[fd] = Handle{};
  return Errno::success;
}

Errno WasiModel::fd_renumber(u32 from, u32 to) {
  if (!get(from) || !get(to)) return Errno::badf;
  if (from != to) {
    handles_[to] = std::move(handles_[from]);
    handles_[from] = Handle{};
  }
  return Errno::success;
}

Errno WasiModel::fd_read(u32 fd, u64 size, std::optional<u64> at, std::string& out) {
  auto h = handle(fd, rights::kFdRead | (at ? rights::kFdSeek : 0));
  if (!h) return h.error();
  if ((*h)->is_dir()) return Errno::isdir;
  if ((*h)->kind == Handle::Kind::input) return at ? Errno::spipe : Errno::success;
  if ((*h)->kind != Handle::Kind::file) return at ? Errno::spipe : Errno::badf;
  const u64 from = at.value_or((*h)->offset);
  if (from > kMaxOffset) return Errno::inval;
  const std::string& data = (*h)->node->data;
  if (from < data.size()) out = data.substr(from, size);
  if (!at) (*h)->offset += out.size();
  return Errno::success;
}

Errno WasiModel::fd_write(u32 fd, std::string_view bytes, std::optional<u64> at, u32& n) {
  auto h = handle(fd, rights::kFdWrite | (at ? rights::kFdSeek : 0));
  if (!h) return h.error();
  if ((*h)->is_dir()) return Errno::isdir;
  n = static_cast<u32>(bytes.size());
  if ((*h)->kind == Handle::Kind::output) return at ? Errno::spipe : Errno::success;
  if ((*h)->kind != Handle::Kind::file) return at ? Errno::spipe : Errno::badf;
  Node& node = *(*h)->node;
  const bool append = !at && ((*h)->flags & kFdAppend);
  const u64 from = append ? node.data.size() : at.value_or((*h)->offset);
  if (from > kMaxOffset) return Errno::fbig;
  if (!bytes.empty()) {
    if (node.data.size() < from + bytes.size()) node.data.resize(from + bytes.size());
    node.data.replace(from, bytes.size(), bytes);
    node.mtime = node.ctime = kEpoch;
  }
  if (!at) (*h)->offset = append ? node.data.size() : (*h)->offset + bytes.size();
  return Errno::success;
}

Errno WasiModel::fd_seek(u32 fd, i64 delta, u32 whence, u64& to) {
  if (Handle* h = get(fd); h && h->is_stream()) return Errno::spipe;
  auto h = handle(fd, delta == 0 && whence == 1 ? rights::kFdTell : rights::kFdSeek);
  if (!h) return h.error();
  if ((*h)->kind != Handle::Kind::file) return Errno::isdir;
  if (whence > 2) return Errno::inval;
  const u64 from = whence == 0 ? 0 : whence == 1 ? (*h)->offset : (*h)->node->data.size();
  i64 result = 0;
  if (__builtin_add_overflow(static_cast<i64>(from), delta, &result)) return Errno::overflow;
  if (result < 0) return Errno::inval;
  to = (*h)->offset = static_cast<u64>(result);
  return Errno::success;
}

Errno WasiModel::fd_tell(u32 fd, u64& at) {
  auto h = handle(fd, rights::kFdTell);
  if (!h) return h.error();
  if ((*h)->kind != Handle::Kind::file) return (*h)->is_dir() ? Errno::isdir : Errno::spipe;
  at = (*h)->offset;
  return Errno::success;
}

Errno WasiModel::fd_allocate(u32 fd, u64 offset, u64 size) {
  auto h = handle(fd, rights::kFdAllocate);
  if (!h) return h.error();
  if ((*h)->kind != Handle::Kind::file) return Errno::badf;
  if (size == 0) return Errno::inval;
  if (offset > kMaxOffset || size > kMaxOffset - offset) return Errno::fbig;
  Node& node = *(*h)->node;
  if (node.data.size() < offset + size) {
    node.data.resize(offset + size);
    node.mtime = node.ctime = kEpoch;
  }
  return Errno::success;
}

Errno WasiModel::fd_set_size(u32 fd, u64 size) {
  auto h = handle(fd, rights::kFdFilestatSetSize);
  if (!h) return h.error();
  if ((*h)->kind != Handle::Kind::file) return Errno::badf;
  if (size > kMaxOffset) return Errno::inval;
  Node& node = *(*h)->node;
  node.data.resize(size);
  node.mtime = node.ctime = kEpoch;
  return Errno::success;
}

Errno WasiModel::fd_advise(u32 fd, u32 advice) {
  auto h = handle(fd, rights::kFdAdvise);
  if (!h) return h.error();
  if (advice > 5) return Errno::inval;
  if ((*h)->kind != Handle::Kind::file) return (*h)->is_dir() ? Errno::badf : Errno::spipe;
  return Errno::success;
}

Errno WasiModel::fd_sync(u32 fd, u64 right) {
  auto h = handle(fd, right);
  return h ? Errno::success : h.error();
}

Stat WasiModel::stat_of(const Node& node, int mount) const {
  Stat s;
  s.device = static_cast<u64>(mount) + 2;
  s.node = node.id;
  s.type = type_of(node);
  s.links = node.is_dir() ? 1 : node.links;
  s.size = node.is_dir() ? 0 : node.data.size();
  s.atime = node.atime;
  s.mtime = node.mtime;
  return s;
}

Stat WasiModel::synthetic_stat(const std::string&) const { return {1, kRootDir, kTypeDirectory, 1, 0, kEpoch, kEpoch}; }

Errno WasiModel::fd_stat(u32 fd, Stat& out) {
  auto h = handle(fd, rights::kFdFilestatGet);
  if (!h) return h.error();
  if ((*h)->is_stream()) {
    out = Stat{};
    out.links = 1;
  } else {
    out = (*h)->node ? stat_of(*(*h)->node, (*h)->mount) : synthetic_stat((*h)->guest);
  }
  return Errno::success;
}

WasiModel::Or<int> WasiModel::check_times(u32 flags) {
  if (flags > 15 || (flags & 3) == 3 || (flags & 12) == 12) return std::unexpected(Errno::inval);
  return 0;
}

void WasiModel::set_times(Node& node, u64 atime, u64 mtime, u32 flags) {
  if (flags & kSetAtime) node.atime = atime;
  if (flags & kSetAtimeNow) node.atime = kEpoch;
  if (flags & kSetMtime) node.mtime = mtime;
  if (flags & kSetMtimeNow) node.mtime = kEpoch;
  node.ctime = kEpoch;
}

Errno WasiModel::fd_set_times(u32 fd, u64 atime, u64 mtime, u32 flags) {
  auto h = handle(fd, rights::kFdFilestatSetTimes);
  if (!h) return h.error();
  if (auto ok = check_times(flags); !ok) return ok.error();
  if (!(*h)->node) return Errno::badf;
  set_times(*(*h)->node, atime, mtime, flags);
  return Errno::success;
}

Errno WasiModel::fdstat_get(u32 fd, u8& type, u16& flags, u64& rights, u64& inheriting) {
  Handle* h = get(fd);
  if (!h) return Errno::badf;
  type = h->is_stream() ? u8{kTypeUnknown} : h->is_dir() ? u8{kTypeDirectory} : u8{kTypeRegularFile};
  flags = h->flags;
  rights = h->rights;
  inheriting = h->inheriting;
  return Errno::success;
}

Errno WasiModel::fdstat_set_flags(u32 fd, u32 flags) {
  auto h = handle(fd, rights::kFdFdstatSetFlags);
  if (!h) return h.error();
  if (flags > 31) return Errno::inval;
  (*h)->flags = static_cast<u16>(flags);
  return Errno::success;
}

Errno WasiModel::fdstat_set_rights(u32 fd, u64 rights, u64 inheriting) {
  Handle* h = get(fd);
  if (!h) return Errno::badf;
  if ((rights & ~h->rights) || (inheriting & ~h->inheriting)) return Errno::notcapable;
  h->rights = rights;
  h->inheriting = inheriting;
  return Errno::success;
}

Errno WasiModel::prestat(u32 fd, std::string& name) {
  Handle* h = get(fd);
  if (!h || !h->preopen) return Errno::badf;
  name = h->guest.empty() ? "/" : h->guest;
  return Errno::success;
}

std::vector<Entry> WasiModel::entries_of(const Handle& h) const {
  std::vector<Entry> out;
  if (!h.node) {
    out = {{".", kTypeDirectory, kRootDir}, {"..", kTypeDirectory, kRootDir}};
    for (const MountSpec& mount : mounts_) {
      out.push_back({mount.guest_path.substr(1), kTypeDirectory, mount.root->id});
    }
    return out;
  }
  const Node* up = h.node->parent;
  const bool top = h.guest == mounts_[static_cast<usize>(h.mount)].guest_path;
  out.push_back({".", kTypeDirectory, h.node->id});
  out.push_back({"..", kTypeDirectory, top ? i64{h.node->id} : up ? i64{up->id} : kOutside});
  for (const auto& [name, node] : h.node->entries) out.push_back({name, type_of(*node), node->id});
  return out;
}

Errno WasiModel::readdir(u32 fd, u64 cookie, std::vector<Entry>& out) {
  auto h = handle(fd, rights::kFdReaddir);
  if (!h) return h.error();
  if (!(*h)->is_dir()) return Errno::notdir;
  if (cookie == 0 || !(*h)->snapshot) (*h)->snapshot = entries_of(**h);
  const auto& all = *(*h)->snapshot;
  if (cookie < all.size()) out.assign(all.begin() + static_cast<std::ptrdiff_t>(cookie), all.end());
  return Errno::success;
}

}  // namespace dewar::model
