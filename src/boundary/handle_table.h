// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The guest's handles (file descriptors). A handle holds logical state (mount, guest path, rights, flags, offset,
// directory snapshot) beside the kernel descriptor, so that it can be explained, written out and rebuilt; reads and
// writes are positional, so the kernel's own offset is never used. Numbers are the guest's; the lowest free is next.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/types.h"
#include "boundary/mount_files.h"
#include "boundary/mounts.h"
#include "boundary/nodes.h"
#include "boundary/streams.h"
#include "boundary/unique_fd.h"

namespace dewar::boundary {

/// One entry of a directory as the guest sees it.
struct DirEntry {
  std::string name;
  u8 filetype = 0;  ///< numbered by the host interface
  u64 inode = 0;
};

/// The contents of a directory at one moment, sorted by name: cookies are positions in it.
struct DirSnapshot {
  std::vector<DirEntry> entries;
};

struct Handle {
  enum class Kind : u8 {
    closed,
    file,       ///< a regular file: `fd` or `mem`
    dir,        ///< a directory of a mount: `fd` or `mem`
    synthetic,  ///< a directory of ours
    input,      ///< a stream to read: `input`
    output,     ///< a stream to write: `output`
    listener,   ///< a socket that listens: `fd`
    socket,     ///< a connected stream socket: `fd`
  };
  Kind kind = Kind::closed;
  bool preopen = false;
  u16 flags = 0;       ///< open flags, numbered by the host interface
  u8 filetype = 0;     ///< numbered by the host interface
  u64 rights = 0;      ///< what may be done with it
  u64 inheriting = 0;  ///< what may be done with what is opened beneath it
  const Mount* mount = nullptr;
  std::string guest_path;  ///< "" for the root, else "/a/b"; as it was when opened
  UniqueFd fd;
  MemRef mem;  ///< what is open in a memory mount, instead of `fd`
  u64 offset = 0;
  NodeIndex node = 0;
  std::unique_ptr<DirSnapshot> snapshot;
  InputSource* input = nullptr;
  OutputSink* output = nullptr;

  bool is_dir() const { return kind == Kind::dir || kind == Kind::synthetic; }
  bool is_socket() const { return kind == Kind::listener || kind == Kind::socket; }
  /// Bytes come and go without a position.
  bool is_stream() const { return kind == Kind::input || kind == Kind::output || is_socket(); }
  BaseDir base() const { return {kind == Kind::dir ? mount : nullptr, fd.get(), guest_path, mem.node()}; }
  NodeView view() const { return {fd.get(), mem.fs(), mem.node()}; }
};

class HandleTable {
 public:
  explicit HandleTable(u32 max_open) : max_(max_open) {}

  /// The handle of a number, or null. Valid until the table changes.
  Handle* get(u32 number);
  /// Puts a handle at the lowest free number; nothing if the limit is reached.
  std::expected<u32, int> insert(Handle handle);
  /// False if it was not open.
  bool close(u32 number);
  /// Moves `from` to `to`, which is closed first; both must be open. Equal numbers: no change.
  bool renumber(u32 from, u32 to);

  /// Keeps a directory's snapshot with its handle. If all snapshots together grow too large, the others go: a guest
  /// that comes back to one of those gets a new one.
  void keep_snapshot(Handle& handle, std::unique_ptr<DirSnapshot> snapshot);
  static constexpr usize kMaxSnapshotEntries = 400'000;

  u32 open_count() const { return open_; }
  u32 peak() const { return peak_; }
  u32 max_open() const { return max_; }
  /// How often there was no room.
  u64 refused() const { return refused_; }
  /// No room for another; counted as a refusal.
  bool refuse_if_full() {
    if (open_ < max_) return false;
    ++refused_;
    return true;
  }

 private:
  u32 max_;
  u32 open_ = 0;
  u32 peak_ = 0;
  u64 refused_ = 0;
  u32 lowest_free_ = 0;  ///< no free number below it
  std::vector<Handle> handles_;
};

}  // namespace dewar::boundary
