// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A file tree in memory that does what POSIX and Linux say that a file system does, with paths confined beneath a
// directory: the part of the reference model that stands for the kernel. Nothing here is shared with the runtime.
// Errors are errno numbers; EXDEV means that a path leads out.
#pragma once

#include <deque>
#include <expected>
#include <map>
#include <string>
#include <string_view>

#include "base/types.h"

namespace dewar::model {

struct Node {
  enum class Type : u8 { file, dir, link };
  Type type = Type::file;
  u32 id = 0;
  std::string data;                      ///< contents, or a link's target
  std::map<std::string, Node*> entries;  ///< sorted by bytes
  Node* parent = nullptr;                ///< of a directory
  u64 links = 1;
  bool dead = false;  ///< a directory that was removed, but may still be open
  u64 atime = 0, mtime = 0, ctime = 0;

  bool is_dir() const { return type == Type::dir; }
};

/// A name in a directory, as mkdirat and its like take it.
struct Slot {
  Node* dir = nullptr;
  std::string name;
  bool slash = false;
  Node* node() const;
};

struct OpenHow {
  bool create = false, exclusive = false, truncate = false, directory = false, follow = true, write = false;
};
struct OpenedNode {
  Node* node;
  bool created;
};

class Tree {
 public:
  /// Times of new nodes.
  explicit Tree(u64 epoch) : epoch_(epoch) {}
  Node* make(Node::Type type, std::string data = {});

  /// As openat2 with O_PATH and RESOLVE_BENEATH.
  std::expected<Node*, int> find(Node* base, const std::string& path, bool follow);
  /// As openat2 for use.
  std::expected<OpenedNode, int> open(Node* base, const std::string& path, const OpenHow& how);
  /// The directory that holds the last component; "." and ".." are EINVAL.
  std::expected<Slot, int> parent(Node* base, const std::string& path);

  int mkdir(const Slot& at);
  int symlink(const std::string& target, const Slot& at);
  int unlink(const Slot& at);
  int rmdir(const Slot& at);
  int link(const Slot& from, const Slot& to);
  int rename(const Slot& from, const Slot& to);

 private:
  struct Walk {
    Node* dir = nullptr;
    Node* node = nullptr;  ///< null: nothing there
    std::string name;
    bool slash = false;
    bool dots = false;  ///< ended in "." or "..": `node` is the directory
  };
  std::expected<Walk, int> walk(Node* base, std::string path, bool follow, bool create);
  int may_create(const Slot& at, bool slash_allowed);

  u64 epoch_;
  std::deque<Node> nodes_;
};

/// Path ends in "." or "..", slashes aside.
bool ends_in_dots(std::string_view path);

}  // namespace dewar::model
