// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Nodes, contents and accounting of the file system in memory. A chunk exists only where something was written, so a
// write at a huge offset costs one chunk; what lies between reads as zeros. Numbers are never used twice.
#include "boundary/memfs.h"

#include <errno.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

namespace dewar::boundary {

MemRef::MemRef(MemFs& fs, u64 node) : fs_(&fs), node_(node) { fs.retain(node); }

MemRef& MemRef::operator=(MemRef&& other) noexcept {
  if (this != &other) {
    reset();
    fs_ = std::exchange(other.fs_, nullptr);
    node_ = other.node_;
  }
  return *this;
}

void MemRef::reset() {
  if (MemFs* fs = std::exchange(fs_, nullptr)) fs->release(node_);
}

MemFs::MemFs(u64 max_bytes, u64 now_ns) : max_bytes_(max_bytes) {
  Node& root = nodes_[next_number_++];
  root.kind = Kind::directory;
  root.names = 1;
  root.parent = kRoot;
  root.times = {now_ns, now_ns, now_ns};
}

MemFs::Node& MemFs::at(u64 node) {
  const auto it = nodes_.find(node);
  DEWAR_ASSERT(it != nodes_.end(), "a node of a memory file system that is gone");
  return it->second;
}

const MemFs::Node& MemFs::at(u64 node) const { return const_cast<MemFs*>(this)->at(node); }

bool MemFs::charge(u64 bytes) {
  if (bytes > max_bytes_ - used_) {
    ++refused_;
    return false;
  }
  used_ += bytes;
  peak_ = std::max(peak_, used_);
  return true;
}

void MemFs::release(u64 node) {
  --at(node).refs;
  free_if_unused(node);
}

void MemFs::free_if_unused(u64 number) {
  Node& node = at(number);
  if (node.names > 0 || node.refs > 0) return;
  refund(kNodeCost + node.target.size() + node.chunks.size() * kChunk);
  nodes_.erase(number);
}

std::expected<u64, KernelError> MemFs::create(Kind kind, u64 dir, std::string_view name, std::string_view target,
                                              u64 now_ns) {
  if (!charge(kNodeCost + name_cost(name) + target.size())) return std::unexpected(ENOSPC);
  const u64 number = next_number_++;
  Node& node = nodes_[number];
  node.kind = kind;
  node.names = 1;
  node.parent = dir;
  node.times = {now_ns, now_ns, now_ns};
  node.target = target;
  Node& parent = at(dir);
  parent.names_of.emplace(name, number);
  parent.times.modify = parent.times.change = now_ns;
  return number;
}

void MemFs::drop_name(Node& dir, std::map<std::string, u64, std::less<>>::iterator name) {
  const u64 number = name->second;
  refund(name_cost(name->first));
  dir.names_of.erase(name);
  --at(number).names;
  free_if_unused(number);
}

MemFs::Status MemFs::status(u64 number) const {
  const Node& node = at(number);
  Status out{node.kind, node.names, 0, node.times};
  if (node.kind == Kind::directory) out.links = 1;
  if (node.kind == Kind::file) out.size = node.size;
  if (node.kind == Kind::link) out.size = node.target.size();
  return out;
}

std::expected<usize, KernelError> MemFs::read(u64 number, u64 offset, std::span<u8> out) const {
  const Node& node = at(number);
  if (node.kind != Kind::file) return std::unexpected(node.kind == Kind::directory ? EISDIR : EINVAL);
  if (offset >= node.size) return 0;
  out = out.first(static_cast<usize>(std::min<u64>(out.size(), node.size - offset)));
  std::fill(out.begin(), out.end(), u8{0});
  const u64 end = offset + out.size();
  for (auto it = node.chunks.lower_bound(offset / kChunk); it != node.chunks.end(); ++it) {
    const u64 start = it->first * kChunk;
    if (start >= end) break;
    const u64 from = std::max(start, offset), to = std::min(start + kChunk, end);
    std::memcpy(out.data() + (from - offset), it->second->data() + (from - start), to - from);
  }
  return out.size();
}

std::expected<usize, KernelError> MemFs::write(u64 number, u64 offset, std::span<const u8> bytes) {
  Node& node = at(number);
  if (node.kind != Kind::file) return std::unexpected(node.kind == Kind::directory ? EISDIR : EINVAL);
  if (bytes.empty()) return 0;
  if (offset >= kMaxFileSize) return std::unexpected(EFBIG);
  bytes = bytes.first(static_cast<usize>(std::min<u64>(bytes.size(), kMaxFileSize - offset)));
  usize done = 0;
  while (done < bytes.size()) {
    const u64 index = (offset + done) / kChunk;
    const usize inside = static_cast<usize>((offset + done) % kChunk);
    const usize n = std::min(kChunk - inside, bytes.size() - done);
    auto it = node.chunks.lower_bound(index);
    if (it == node.chunks.end() || it->first != index) {
      if (!charge(kChunk)) break;
      it = node.chunks.emplace_hint(it, index, std::make_unique<Chunk>());
    }
    std::memcpy(it->second->data() + inside, bytes.data() + done, n);
    done += n;
  }
  if (done == 0) return std::unexpected(ENOSPC);
  node.size = std::max(node.size, offset + done);
  return done;
}

std::expected<void, KernelError> MemFs::resize(u64 number, u64 size) {
  Node& node = at(number);
  if (node.kind != Kind::file) return std::unexpected(EINVAL);
  if (size > kMaxFileSize) return std::unexpected(EFBIG);
  if (size < node.size) {
    const u64 whole = size / kChunk + (size % kChunk != 0);
    auto cut = node.chunks.lower_bound(whole);
    u64 freed = 0;
    while (cut != node.chunks.end()) {
      cut = node.chunks.erase(cut);
      freed += kChunk;
    }
    refund(freed);
    // What follows the end must read as zeros if the file grows again.
    if (auto last = node.chunks.find(size / kChunk); last != node.chunks.end()) {
      std::fill(last->second->begin() + static_cast<std::ptrdiff_t>(size % kChunk), last->second->end(), u8{0});
    }
  }
  node.size = size;
  return {};
}

void MemFs::touch(u64 node, u64 now_ns) {
  FileTimes& times = at(node).times;
  times.modify = times.change = now_ns;
}

void MemFs::set_times(u64 node, const timespec times[2], u64 now_ns) {
  FileTimes& seen = at(node).times;
  const auto apply = [now_ns](const timespec& t, u64& time) {
    if (t.tv_nsec == UTIME_OMIT) return;
    time = t.tv_nsec == UTIME_NOW ? now_ns : static_cast<u64>(t.tv_sec) * 1'000'000'000 + static_cast<u64>(t.tv_nsec);
  };
  apply(times[0], seen.access);
  apply(times[1], seen.modify);
  seen.change = now_ns;
}

std::expected<std::string, KernelError> MemFs::link_target(u64 number) const {
  const Node& node = at(number);
  if (node.kind != Kind::link) return std::unexpected(EINVAL);
  return node.target;
}

std::expected<std::vector<MemFs::Entry>, KernelError> MemFs::list(u64 dir, usize max_entries,
                                                                  usize max_name_bytes) const {
  const Node& node = at(dir);
  if (node.kind != Kind::directory) return std::unexpected(ENOTDIR);
  if (node.names_of.size() > max_entries) return std::unexpected(EOVERFLOW);
  std::vector<Entry> out;
  usize bytes = 0;
  for (const auto& [name, number] : node.names_of) {
    bytes += name.size();
    if (bytes > max_name_bytes) return std::unexpected(EOVERFLOW);
    out.push_back({name, at(number).kind, number});
  }
  return out;
}

u64 MemFs::parent(u64 dir) const {
  // What held a removed directory may be gone as well.
  const u64 up = at(dir).parent;
  return nodes_.contains(up) ? up : dir;
}

}  // namespace dewar::boundary
