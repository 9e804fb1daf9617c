// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The order of the checks is that of path_resolution(7) and of the single calls' pages; where those leave it open,
// Linux's.
#include "model/tree.h"

#include <errno.h>

namespace dewar::model {

namespace {
constexpr int kMaxLinks = 40;
}

Node* Slot::node() const {
  const auto it = dir->entries.find(name);
  return it == dir->entries.end() ? nullptr : it->second;
}

bool ends_in_dots(std::string_view path) {
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  const usize slash = path.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return last == "." || last == "..";
}

Node* Tree::make(Node::Type type, std::string data) {
  Node& node = nodes_.emplace_back();
  node.type = type;
  node.id = static_cast<u32>(nodes_.size());
  node.data = std::move(data);
  node.atime = node.mtime = node.ctime = epoch_;
  return &node;
}

std::expected<Tree::Walk, int> Tree::walk(Node* base, std::string path, bool follow, bool create) {
  Node* at = base;
  int links = 0;
  for (;;) {
    path.erase(0, std::min(path.find_first_not_of('/'), path.size()));
    const usize cut = path.find('/');
    const std::string part = path.substr(0, cut);
    const std::string rest = cut == std::string::npos ? std::string() : path.substr(cut);
    const bool last = rest.find_first_not_of('/') == std::string::npos;
    if (part.empty() || part == "." || part == "..") {
      if (part == "..") {
        if (at == base) return std::unexpected(EXDEV);
        at = at->parent;
      }
      if (last) return Walk{nullptr, at, {}, !rest.empty(), true};
      path = rest;
      continue;
    }
    const bool slash = !rest.empty();
    if (last && slash && create) return std::unexpected(EISDIR);
    const auto it = at->entries.find(part);
    Node* node = it == at->entries.end() ? nullptr : it->second;
    if (!node) {
      if (!last) return std::unexpected(ENOENT);
      return Walk{at, nullptr, part, slash, false};
    }
    if (node->type == Node::Type::link && (!last || slash || follow)) {
      if (++links > kMaxLinks) return std::unexpected(ELOOP);
      if (node->data.front() == '/') return std::unexpected(EXDEV);
      path = node->data + rest;
      continue;
    }
    if (last) return Walk{at, node, part, slash, false};
    if (!node->is_dir()) return std::unexpected(ENOTDIR);
    at = node;
    path = rest;
  }
}

std::expected<Node*, int> Tree::find(Node* base, const std::string& path, bool follow) {
  auto w = walk(base, path, follow, false);
  if (!w) return std::unexpected(w.error());
  if (!w->node) return std::unexpected(ENOENT);
  if (w->slash && !w->node->is_dir()) return std::unexpected(ENOTDIR);
  return w->node;
}

std::expected<OpenedNode, int> Tree::open(Node* base, const std::string& path, const OpenHow& how) {
  auto w = walk(base, path, how.follow && !(how.create && how.exclusive), how.create);
  if (!w) return std::unexpected(w.error());
  Node* node = w->node;
  if (how.create && w->dots) return std::unexpected(how.exclusive ? EEXIST : EISDIR);
  if (!node) {
    if (!how.create || w->dir->dead) return std::unexpected(ENOENT);
    node = make(Node::Type::file);
    w->dir->entries[w->name] = node;
    return OpenedNode{node, true};
  }
  if (how.create && how.exclusive) return std::unexpected(EEXIST);
  if (how.create && node->is_dir()) return std::unexpected(EISDIR);
  if ((how.directory || w->slash) && !node->is_dir()) return std::unexpected(ENOTDIR);
  if (node->type == Node::Type::link) return std::unexpected(ELOOP);
  if (node->is_dir() && (how.write || how.truncate)) return std::unexpected(EISDIR);
  if (how.truncate) node->data.clear();
  return OpenedNode{node, false};
}

std::expected<Slot, int> Tree::parent(Node* base, const std::string& path) {
  if (ends_in_dots(path)) return std::unexpected(EINVAL);
  std::string rest = path;
  Slot slot;
  while (rest.back() == '/') {
    rest.pop_back();
    slot.slash = true;
  }
  const usize cut = rest.rfind('/');
  slot.name = cut == std::string::npos ? rest : rest.substr(cut + 1);
  auto dir = cut == std::string::npos ? std::expected<Node*, int>(base) : find(base, rest.substr(0, cut + 1), true);
  if (!dir) return std::unexpected(dir.error());
  slot.dir = *dir;
  return slot;
}

int Tree::may_create(const Slot& at, bool slash_allowed) {
  if (at.node()) return EEXIST;
  if ((at.slash && !slash_allowed) || at.dir->dead) return ENOENT;
  return 0;
}

int Tree::mkdir(const Slot& at) {
  if (const int e = may_create(at, true)) return e;
  Node* node = make(Node::Type::dir);
  node->parent = at.dir;
  at.dir->entries[at.name] = node;
  return 0;
}

int Tree::symlink(const std::string& target, const Slot& at) {
  if (const int e = may_create(at, false)) return e;
  at.dir->entries[at.name] = make(Node::Type::link, target);
  return 0;
}

int Tree::unlink(const Slot& at) {
  Node* node = at.node();
  if (!node) return ENOENT;
  if (node->is_dir()) return EISDIR;
  if (at.slash) return ENOTDIR;
  --node->links;
  at.dir->entries.erase(at.name);
  return 0;
}

int Tree::rmdir(const Slot& at) {
  Node* node = at.node();
  if (!node) return ENOENT;
  if (!node->is_dir()) return ENOTDIR;
  if (!node->entries.empty()) return ENOTEMPTY;
  node->dead = true;
  at.dir->entries.erase(at.name);
  return 0;
}

int Tree::link(const Slot& from, const Slot& to) {
  Node* node = from.node();
  if (!node) return ENOENT;
  if (const int e = may_create(to, false)) return e;
  if (node->is_dir()) return EPERM;
  ++node->links;
  to.dir->entries[to.name] = node;
  return 0;
}

int Tree::rename(const Slot& from, const Slot& to) {
  Node* node = from.node();
  Node* target = to.node();
  if (!node) return ENOENT;
  // In a directory that was removed nothing is found and nothing made, whatever else is wrong.
  if (!target && to.dir->dead) return ENOENT;
  if (!node->is_dir() && (from.slash || to.slash)) return ENOTDIR;
  const auto is_below = [](const Node* dir, const Node* above) {
    for (; dir; dir = dir->parent) {
      if (dir == above) return true;
    }
    return false;
  };
  if (node->is_dir() && is_below(to.dir, node)) return EINVAL;
  if (target && target->is_dir() && is_below(from.dir, target)) return ENOTEMPTY;
  if (node == target) return 0;  // also two names of one file: both stay
  if (target && node->is_dir()) {
    if (!target->is_dir()) return ENOTDIR;
    if (!target->entries.empty()) return ENOTEMPTY;
    target->dead = true;
  } else if (target) {
    if (target->is_dir()) return EISDIR;
    --target->links;
  }
  from.dir->entries.erase(from.name);
  to.dir->entries[to.name] = node;
  if (node->is_dir()) node->parent = to.dir;
  return 0;
}

}  // namespace dewar::model
