// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The "name" custom section (spec 7.4.1 and the extended-name-section proposal), read lazily and leniently: a damaged
// section yields the names before the damage, never an error. Names are what the module's author chose: escape them
// before they reach a terminal.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wasm/module.h"

namespace dewar::wasm {

/// Names by index: a sorted vector with the look-up half of a map's interface. Unlike a hash table it costs the same
/// on hostile keys and iterates in the order of the indices.
template <class Key>
class NameMap {
 public:
  using Entry = std::pair<Key, std::string_view>;
  using const_iterator = typename std::vector<Entry>::const_iterator;

  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }
  usize size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  const_iterator find(Key key) const {
    const auto it = std::lower_bound(begin(), end(), key, [](const Entry& e, Key k) { return e.first < k; });
    return it != end() && it->first == key ? it : end();
  }
  bool contains(Key key) const { return find(key) != end(); }
  /// The name, or an empty view.
  std::string_view get(Key key) const {
    const auto it = find(key);
    return it == end() ? std::string_view() : it->second;
  }

  /// Appends in any order; seal() makes the map usable. Of several entries with one key the one whose name comes first
  /// in the module wins.
  void add(Key key, std::string_view name) { entries_.emplace_back(key, name); }
  void seal() {
    const auto before = [](const Entry& a, const Entry& b) {
      return a.first != b.first ? a.first < b.first : std::less<>()(a.second.data(), b.second.data());
    };
    if (!std::is_sorted(entries_.begin(), entries_.end(), before)) std::sort(entries_.begin(), entries_.end(), before);
    const auto same = [](const Entry& a, const Entry& b) { return a.first == b.first; };
    entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
  }

 private:
  std::vector<Entry> entries_;
};

/// Names of a module's entities; views into the module's bytes (keep the module alive).
struct Names {
  std::string_view module;
  NameMap<u32> funcs, types, tables, memories, globals, elems, datas, tags;
  NameMap<u64> locals, labels, fields;  ///< key = outer index << 32 | inner index

  static constexpr u64 key(u32 outer, u32 inner) { return u64{outer} << 32 | inner; }
};

Names read_names(const Module& module);

/// Name for messages: the name section's, else an export's, else "func[N]".
std::string func_display_name(const Module& module, const Names& names, FuncIndex func);

}  // namespace dewar::wasm
