// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What guests see of inode numbers and timestamps (design D10): numbers are handed out in the order in which a run
// first meets a file, times are the start of the virtual clock until the guest itself changes the file, links are one
// and what the guest adds and removes. All depend on what the guest does, never on the file system underneath, nor on
// names that a file has elsewhere. Hard links of one file share a node.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "base/types.h"

namespace dewar::boundary {

using NodeIndex = u32;

/// Times of a file in nanoseconds since the Unix epoch.
struct FileTimes {
  u64 access = 0;
  u64 modify = 0;
  u64 change = 0;
};

struct Node {
  u64 number = 0;  ///< inode number that the guest sees
  FileTimes times;
  std::optional<u64> first_links;  ///< of the kernel's file, when the run first looked

  /// Links that the guest sees of a file of which the kernel counts `now`.
  u64 links(u64 now) {
    if (!first_links) first_links = now;
    return now + 1 > *first_links ? now + 1 - *first_links : 0;
  }
};

class NodeTable {
 public:
  /// Files that are remembered. Beyond it a file gets a new number each time it is met.
  static constexpr usize kMaxNodes = 1u << 18;

  explicit NodeTable(u64 epoch_ns) : epoch_(epoch_ns) {}

  /// The node of a file of the kernel, known or new.
  NodeIndex find(u64 device, u64 inode);
  /// A node for a file that the guest just made, with one link: whatever the kernel's number meant before is forgotten,
  /// as file systems differ in how they reuse numbers.
  NodeIndex create(u64 device, u64 inode, u64 now_ns);
  /// A node without a kernel file (synthetic directories), by a key of the caller's.
  NodeIndex synthetic(u64 key);
  /// Valid until the next call of find, create or synthetic.
  Node& operator[](NodeIndex index) { return nodes_[index]; }
  u64 epoch() const { return epoch_; }

 private:
  struct Key {
    u64 device, inode;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    usize operator()(const Key& k) const { return (k.inode * 0x9e3779b97f4a7c15u) ^ (k.device << 17) ^ k.device; }
  };
  NodeIndex add(const Key& key, u64 now_ns);

  u64 epoch_;
  u64 next_number_ = 1;
  std::vector<Node> nodes_;
  std::unordered_map<Key, NodeIndex, Hash> index_;
};

}  // namespace dewar::boundary
