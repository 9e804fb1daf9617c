// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Symbolic identifiers (spec 6.1.4, "identifier context"): one index space per kind of entity, the label stack with
// shadowing, and the names that go into the name section. Every look-up is logarithmic whatever the input chooses.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace dewar::text {

using SymbolMap = std::map<std::string, u32, std::less<>>;

/// One index space: how many entities it has, and the names of some.
class IndexSpace {
 public:
  /// `what` is the word for messages: "func", "type", ...
  explicit IndexSpace(const char* what) : what_(what) {}

  const char* what() const { return what_; }
  u32 size() const { return size_; }
  /// Adds an entity; false if the name is taken.
  bool add(const std::optional<std::string>& name);
  /// Adds `count` entities without names, in constant time.
  void add_unnamed(u32 count) { size_ += count; }
  std::optional<u32> find(std::string_view name) const;
  bool has_names() const { return !symbols_.empty(); }
  void clear();

 private:
  const char* what_;
  u32 size_ = 0;
  SymbolMap symbols_;
};

/// The labels around an instruction, innermost last.
class LabelStack {
 public:
  void push(std::optional<std::string> name);
  void pop();
  /// Relative depth of the innermost label of that name.
  std::optional<u32> find(std::string_view name) const;
  /// Name of the innermost label.
  const std::optional<std::string>& innermost() const { return labels_.back(); }
  u32 depth() const { return static_cast<u32>(labels_.size()); }
  void clear();

 private:
  std::vector<std::optional<std::string>> labels_;
  std::map<std::string, std::vector<u32>, std::less<>> positions_;
};

/// Collects the contents of the name section (spec 7.4.1 and the extended-name-section proposal).
class NameCollector {
 public:
  /// Subsection ids.
  enum Kind : u8 {
    kModule,
    kFunc,
    kLocal,
    kLabel,
    kType,
    kTable,
    kMemory,
    kGlobal,
    kElem,
    kData,
    kField,
    kTag,
    kKindCount,
  };

  explicit NameCollector(bool enabled) : enabled_(enabled) {}
  bool enabled() const { return enabled_; }
  void set_module(std::string name);
  /// Names entity `index`. A second name for it (an annotation) replaces the first.
  void set(Kind kind, u32 index, std::string name);
  /// Names a part of an entity: local or label of a function, field of a type.
  void set_inner(Kind kind, u32 outer, u32 inner, std::string name);
  /// Payload of the section, after its own name; empty if nothing is named.
  std::vector<u8> payload() const;

 private:
  bool enabled_;
  std::optional<std::string> module_;
  std::map<u32, std::string> names_[kKindCount];
  std::map<u32, std::map<u32, std::string>> inner_[kKindCount];
};

}  // namespace dewar::text
