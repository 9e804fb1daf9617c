// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The reference model of WASI preview 1's files and handles, over model::Tree: what each call answers, which handle
// state follows, and whether a denial is recorded. Written from the definition and docs/wasi.md, docs/boundary.md; it
// shares numbers of errors and rights with the runtime (those have their own test), and no code.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "host/wasi_p1/abi.h"
#include "model/tree.h"

namespace dewar::model {

using wasi_p1::Errno;

/// Rights of a mount, as bits: read, write, create, delete.
inline constexpr u8 kMayRead = 1, kMayWrite = 2, kMayCreate = 4, kMayDelete = 8, kMayAll = 15;

struct MountSpec {
  std::string guest_path;  ///< "/name"
  u8 rights = kMayAll;
  Node* root = nullptr;
};

struct Entry {
  std::string name;
  u8 type = 0;
  i64 node = 0;  ///< identity: Node::id, or a negative number for what is not in the tree
};

/// What a metadata call says.
struct Stat {
  u64 device = 0;
  i64 node = 0;
  u8 type = 0;
  u64 links = 0, size = 0, atime = 0, mtime = 0;
};

class WasiModel {
 public:
  static constexpr u32 kMaxHandles = 24;
  static constexpr u64 kEpoch = u64{1'767'225'600} * 1'000'000'000;

  /// Handles 0 to 2 are an empty input and two outputs that drop everything, then the mounts, then "/".
  explicit WasiModel(const std::vector<MountSpec>& mounts);
  Tree& tree() { return tree_; }
  const std::vector<MountSpec>& mounts() const { return mounts_; }

  /// Refusals recorded so far.
  u64 denials() const { return denials_; }
  u32 open_count() const;
  u32 highest() const { return static_cast<u32>(handles_.size()); }
  /// Where the next read or write of a handle would be, and its file's size; for choosing what to try.
  bool is_open(u32 fd) { return get(fd); }
  bool is_dir(u32 fd) { return get(fd) && get(fd)->is_dir(); }
  /// The directory or file behind a handle; null for streams and the root.
  const Node* node_of(u32 fd) { return get(fd) ? get(fd)->node : nullptr; }
  u64 offset_of(u32 fd) const;
  std::optional<u64> size_of(u32 fd) const;

  struct OpenArgs {
    bool follow = false;
    u32 oflags = 0, fdflags = 0;
    u64 rights = 0, inheriting = 0;
  };
  Errno path_open(u32 fd, const std::string& path, const OpenArgs& args, u32& number);
  Errno fd_close(u32 fd);
  Errno fd_renumber(u32 from, u32 to);
  Errno fd_read(u32 fd, u64 size, std::optional<u64> at, std::string& out);
  Errno fd_write(u32 fd, std::string_view bytes, std::optional<u64> at, u32& n);
  Errno fd_seek(u32 fd, i64 delta, u32 whence, u64& to);
  Errno fd_tell(u32 fd, u64& at);
  Errno fd_allocate(u32 fd, u64 offset, u64 size);
  Errno fd_set_size(u32 fd, u64 size);
  Errno fd_advise(u32 fd, u32 advice);
  Errno fd_sync(u32 fd, u64 right);
  Errno fd_stat(u32 fd, Stat& out);
  Errno fd_set_times(u32 fd, u64 atime, u64 mtime, u32 flags);
  Errno fdstat_get(u32 fd, u8& type, u16& flags, u64& rights, u64& inheriting);
  Errno fdstat_set_flags(u32 fd, u32 flags);
  Errno fdstat_set_rights(u32 fd, u64 rights, u64 inheriting);
  Errno prestat(u32 fd, std::string& name);
  /// All entries from a position on; a position of 0 takes a new look.
  Errno readdir(u32 fd, u64 cookie, std::vector<Entry>& out);
  Errno path_stat(u32 fd, bool follow, const std::string& path, Stat& out);
  Errno path_set_times(u32 fd, bool follow, const std::string& path, u64 atime, u64 mtime, u32 flags);
  Errno readlink(u32 fd, const std::string& path, std::string& out);
  Errno mkdir(u32 fd, const std::string& path);
  Errno unlink(u32 fd, const std::string& path);
  Errno rmdir(u32 fd, const std::string& path);
  Errno symlink(const std::string& target, u32 fd, const std::string& path);
  Errno rename(u32 fd, const std::string& from, u32 fd2, const std::string& to);
  Errno link(u32 fd, bool follow, const std::string& from, u32 fd2, const std::string& to);

 private:
  struct Handle {
    enum class Kind : u8 { closed, input, output, file, dir, synthetic } kind = Kind::closed;
    bool preopen = false;
    Node* node = nullptr;
    int mount = -1;
    std::string guest;  ///< "" or "/a/b"
    u64 rights = 0, inheriting = 0, offset = 0;
    u16 flags = 0;
    std::optional<std::vector<Entry>> snapshot;
    bool is_dir() const { return kind == Kind::dir || kind == Kind::synthetic; }
    bool is_stream() const { return kind == Kind::input || kind == Kind::output; }
  };
  struct Place {
    enum class Kind : u8 { mount, synthetic, absent } kind = Kind::absent;
    int mount = -1;
    Node* dir = nullptr;
    std::string path, guest;
    bool mount_point = false, above = false;
  };
  template <class T>
  using Or = std::expected<T, Errno>;

  u8 mount_rights(int mount) const { return mount < 0 ? kMayAll : mounts_[static_cast<usize>(mount)].rights; }
  Handle* get(u32 fd);
  Or<Handle*> handle(u32 fd, u64 rights);
  Or<Handle*> base(u32 fd, u64 rights);
  Or<Place> place(const Handle& h, const std::string& path);
  Errno require(const Place& place, u8 rights);
  Errno deny() {
    ++denials_;
    return Errno::notcapable;
  }
  Errno error(int kernel);
  Or<Slot> changeable(const Place& place, u8 rights, Errno if_dots);
  Or<Slot> creatable(const Place& place);
  Errno moved_link(const Slot& from, const Place& old_place, const Place& new_place);
  Or<OpenedNode> open_in_mount(const Place& place, const OpenHow& how, bool read);
  Errno remove(u32 fd, const std::string& path, bool directory);
  u32 insert(Handle handle);
  Stat stat_of(const Node& node, int mount) const;
  Stat synthetic_stat(const std::string& guest) const;
  std::vector<Entry> entries_of(const Handle& h) const;
  static Or<int> check_times(u32 flags);
  static void set_times(Node& node, u64 atime, u64 mtime, u32 flags);

  Tree tree_{kEpoch};
  std::vector<MountSpec> mounts_;
  std::vector<Handle> handles_;
  u64 denials_ = 0;
};

}  // namespace dewar::model
