// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The node table. When it is full, one spare node at the end is reused for everything new.
#include "boundary/nodes.h"

namespace dewar::boundary {
namespace {
constexpr u64 kSyntheticDevice = ~u64{0};
}

NodeIndex NodeTable::add(const Key& key, u64 now_ns) {
  const Node node{next_number_++, {now_ns, now_ns, now_ns}, {}};
  if (nodes_.size() > kMaxNodes) {
    nodes_.back() = node;
    return static_cast<NodeIndex>(nodes_.size() - 1);
  }
  nodes_.push_back(node);
  const NodeIndex index = static_cast<NodeIndex>(nodes_.size() - 1);
  if (nodes_.size() <= kMaxNodes) index_.insert_or_assign(key, index);
  return index;
}

NodeIndex NodeTable::find(u64 device, u64 inode) {
  const Key key{device, inode};
  if (auto it = index_.find(key); it != index_.end()) return it->second;
  return add(key, epoch_);
}

NodeIndex NodeTable::create(u64 device, u64 inode, u64 now_ns) {
  const Key key{device, inode};
  if (auto it = index_.find(key); it != index_.end()) {
    // The old node may still be named by an open handle, so it keeps its place.
    index_.erase(it);
  }
  const NodeIndex made = add(key, now_ns);
  nodes_[made].first_links = 1;
  return made;
}

NodeIndex NodeTable::synthetic(u64 key) { return find(kSyntheticDevice, key); }

}  // namespace dewar::boundary
