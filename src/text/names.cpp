// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Identifier contexts and the encoding of the name section (spec 7.4.1: subsections by ascending id, maps by ascending
// index, each only if it is not empty).
#include "text/names.h"

#include "base/leb128.h"

namespace dewar::text {
namespace {

void append_name(std::vector<u8>& out, std::string_view name) {
  base::append_u32(out, static_cast<u32>(name.size()));
  out.insert(out.end(), name.begin(), name.end());
}

void append_map(std::vector<u8>& out, const std::map<u32, std::string>& names) {
  base::append_u32(out, static_cast<u32>(names.size()));
  for (const auto& [index, name] : names) {
    base::append_u32(out, index);
    append_name(out, name);
  }
}

void append_subsection(std::vector<u8>& out, u8 id, const std::vector<u8>& body) {
  out.push_back(id);
  base::append_u64(out, body.size());
  out.insert(out.end(), body.begin(), body.end());
}

}  // namespace

bool IndexSpace::add(const std::optional<std::string>& name) {
  const u32 index = size_++;
  return !name || symbols_.emplace(*name, index).second;
}

std::optional<u32> IndexSpace::find(std::string_view name) const {
  const auto it = symbols_.find(name);
  if (it == symbols_.end()) return std::nullopt;
  return it->second;
}

void IndexSpace::clear() {
  size_ = 0;
  symbols_.clear();
}

void LabelStack::push(std::optional<std::string> name) {
  if (name) positions_[*name].push_back(depth());
  labels_.push_back(std::move(name));
}

void LabelStack::pop() {
  DEWAR_ASSERT(!labels_.empty(), "pop of a label that was pushed");
  if (const auto& name = labels_.back()) {
    const auto it = positions_.find(*name);
    it->second.pop_back();
    if (it->second.empty()) positions_.erase(it);
  }
  labels_.pop_back();
}

std::optional<u32> LabelStack::find(std::string_view name) const {
  const auto it = positions_.find(name);
  if (it == positions_.end()) return std::nullopt;
  return depth() - 1 - it->second.back();
}

void LabelStack::clear() {
  labels_.clear();
  positions_.clear();
}

void NameCollector::set_module(std::string name) {
  if (enabled_) module_ = std::move(name);
}

void NameCollector::set(Kind kind, u32 index, std::string name) {
  if (enabled_) names_[kind].insert_or_assign(names_[kind].end(), index, std::move(name));
}

void NameCollector::set_inner(Kind kind, u32 outer, u32 inner, std::string name) {
  if (!enabled_) return;
  auto& map = inner_[kind].try_emplace(inner_[kind].end(), outer)->second;
  map.insert_or_assign(map.end(), inner, std::move(name));
}

std::vector<u8> NameCollector::payload() const {
  std::vector<u8> out;
  for (u8 kind = 0; kind < kKindCount; ++kind) {
    std::vector<u8> body;
    if (kind == kModule) {
      if (!module_) continue;
      append_name(body, *module_);
    } else if (!names_[kind].empty()) {
      append_map(body, names_[kind]);
    } else if (!inner_[kind].empty()) {
      base::append_u64(body, inner_[kind].size());
      for (const auto& [outer, names] : inner_[kind]) {
        base::append_u32(body, outer);
        append_map(body, names);
      }
    } else {
      continue;
    }
    append_subsection(out, kind, body);
  }
  return out;
}

}  // namespace dewar::text
