// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A file system in memory: what a guest writes below a memory mount. Plain state without kernel descriptors: nodes by
// number, contents in chunks, directories sorted by bytes. Everything that takes memory of the host (nodes, names,
// link targets, chunks) is charged before it is made, so the limit bounds memory and not only contents. Results are
// those of openat2 with RESOLVE_BENEATH and of the kernel's calls on names, errors included.
#pragma once

#include <time.h>

#include <array>
#include <expected>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/types.h"
#include "boundary/confined.h"
#include "boundary/nodes.h"

namespace dewar::boundary {

class MemFs;

/// Keeps a node of a MemFs alive, as an open file does: its contents stay when its last name goes. Move-only. The
/// file system must outlive it.
class MemRef {
 public:
  MemRef() = default;
  MemRef(MemFs& fs, u64 node);
  MemRef(MemRef&& other) noexcept : fs_(std::exchange(other.fs_, nullptr)), node_(other.node_) {}
  MemRef& operator=(MemRef&& other) noexcept;
  MemRef(const MemRef&) = delete;
  MemRef& operator=(const MemRef&) = delete;
  ~MemRef() { reset(); }

  explicit operator bool() const { return fs_ != nullptr; }
  MemFs* fs() const { return fs_; }
  u64 node() const { return node_; }
  void reset();

 private:
  MemFs* fs_ = nullptr;
  u64 node_ = 0;
};

class MemFs {
 public:
  static constexpr u64 kRoot = 1;        ///< the number of the top directory
  static constexpr usize kChunk = 4096;  ///< bytes of contents that are kept and charged together
  static constexpr u64 kNodeCost = 256;  ///< charged for a file, directory or link
  static constexpr u64 kNameCost = 128;  ///< charged for a name, besides its bytes
  static constexpr u64 kMaxFileSize = INT64_MAX;
  static constexpr usize kMaxName = 255;

  enum class Kind : u8 { file, directory, link };
  struct Status {
    Kind kind = Kind::file;
    u64 links = 0;  ///< names of a file; 1 for a directory
    u64 size = 0;   ///< 0 for a directory
    FileTimes times;
  };
  struct Entry {
    std::string name;
    Kind kind = Kind::file;
    u64 node = 0;
  };
  /// A name in a directory, which need not be there.
  struct Name {
    u64 dir = 0;
    std::string_view name;
    bool trailing_slash = false;  ///< it must be a directory
  };

  /// The top directory costs nothing.
  MemFs(u64 max_bytes, u64 now_ns);
  MemFs(const MemFs&) = delete;
  MemFs& operator=(const MemFs&) = delete;

  u64 max_bytes() const { return max_bytes_; }
  /// Charged now, and at most so far.
  u64 used() const { return used_; }
  u64 peak() const { return peak_; }
  /// How often something did not fit (ENOSPC).
  u64 refused() const { return refused_; }

  // ---- paths, from a directory; a path that leaves it is EXDEV ----
  /// Opens as openat2 does. `flags` are open(2)'s: an access mode, O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW,
  /// O_PATH; others are ignored. Links that were followed are added to `work`.
  std::expected<MemRef, KernelError> open(u64 dir, std::string_view path, int flags, u64 now_ns, Work* work = nullptr);

  // ---- names in directories, as mkdirat, unlinkat, renameat, linkat (which does not follow), symlinkat ----
  std::expected<void, KernelError> make_directory(const Name& name, u64 now_ns);
  std::expected<void, KernelError> remove(const Name& name, bool directory, u64 now_ns);
  /// What it takes to go up from where something is to go is added to `work`.
  std::expected<void, KernelError> rename(const Name& from, const Name& to, u64 now_ns, Work* work = nullptr);
  static constexpr u64 kStepsPerUnit = 4, kFreeSteps = 256;
  std::expected<void, KernelError> link(const Name& from, const Name& to, u64 now_ns);
  std::expected<void, KernelError> symlink(std::string_view target, const Name& name, u64 now_ns);
  /// The node of a name, a link itself. ENOENT.
  std::expected<u64, KernelError> lookup(const Name& name) const;

  // ---- nodes; the number must be that of a node that has a name or is referred to ----
  Status status(u64 node) const;
  /// Bytes from `offset`, fewer at the end of the file; holes read as zeros. EISDIR, EINVAL (a link).
  std::expected<usize, KernelError> read(u64 node, u64 offset, std::span<u8> out) const;
  /// Bytes written, fewer if the limit is reached; none fits: ENOSPC. Beyond kMaxFileSize: EFBIG.
  std::expected<usize, KernelError> write(u64 node, u64 offset, std::span<const u8> bytes);
  /// Growing takes nothing: the new part is a hole. EFBIG, EINVAL (no file).
  std::expected<void, KernelError> resize(u64 node, u64 size);
  /// The contents were changed.
  void touch(u64 node, u64 now_ns);
  /// As utimensat: UTIME_NOW and UTIME_OMIT have their meaning.
  void set_times(u64 node, const timespec times[2], u64 now_ns);
  /// EINVAL if it is no link.
  std::expected<std::string, KernelError> link_target(u64 node) const;
  /// Entries in the order of their bytes; EOVERFLOW if there are more than so many, or their names are longer.
  std::expected<std::vector<Entry>, KernelError> list(u64 dir, usize max_entries, usize max_name_bytes) const;
  /// The directory that holds a directory; the top one holds itself.
  u64 parent(u64 dir) const;

 private:
  friend class MemRef;
  using Chunk = std::array<u8, kChunk>;
  struct Node {
    Kind kind = Kind::file;
    u64 names = 0;  ///< a directory has one until it is removed
    u64 refs = 0;
    u64 size = 0;    ///< of a file
    u64 parent = 0;  ///< of a directory
    FileTimes times;
    std::map<u64, std::unique_ptr<Chunk>> chunks;      ///< of a file, by offset / kChunk
    std::map<std::string, u64, std::less<>> names_of;  ///< of a directory
    std::string target;                                ///< of a link
  };
  struct Found {
    u64 dir = 0;
    std::string name;  ///< empty if the path ended in "." or ".."
    u64 node = 0;      ///< 0 = no such name
  };

  Node& at(u64 node);
  const Node& at(u64 node) const;
  std::expected<Found, KernelError> find(u64 dir, std::string_view path, int flags, bool& linked) const;
  bool charge(u64 bytes);
  void refund(u64 bytes) { used_ -= bytes; }
  static u64 name_cost(std::string_view name) { return kNameCost + name.size(); }
  std::expected<u64, KernelError> create(Kind kind, u64 dir, std::string_view name, std::string_view target,
                                         u64 now_ns);
  std::expected<void, KernelError> creatable(const Name& name) const;
  void drop_name(Node& dir, std::map<std::string, u64, std::less<>>::iterator name);
  void retain(u64 node) { ++at(node).refs; }
  void release(u64 node);
  void free_if_unused(u64 node);

  u64 max_bytes_;
  u64 used_ = 0;
  u64 peak_ = 0;
  u64 refused_ = 0;
  u64 next_number_ = kRoot;
  std::unordered_map<u64, Node> nodes_;
};

}  // namespace dewar::boundary
