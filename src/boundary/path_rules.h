// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules on paths: patterns, and what a set of rules says about a path and about everything below it. A denial always
// wins over what is allowed. The answer for "below" has a lower and an upper bound, so that moving a directory can be
// judged without looking at what is in it: the moved names may gain nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "boundary/grants.h"

namespace dewar::boundary {

/// How a pattern relates to one path.
struct PatternMatch {
  enum class Below : u8 { none, some, all };
  bool here = false;          ///< it matches the path
  Below below = Below::none;  ///< it matches nothing, something or everything strictly below the path
  bool literal = false;       ///< no wildcard was needed for the path: if something below is meant, it is a directory
  bool any() const { return here || below != Below::none; }
};

/// A pattern of absolute paths. In a glob "*" stands for any part of one component and "**", as a component of its
/// own, for any number of components, also none: "/a/**" is "/a" and everything below.
class PathPattern {
 public:
  static constexpr usize kMaxParts = 63;

  /// `text` is "/a/b" (or "/"), without ".", ".." or empty components. Errors: "grant-bad-pattern".
  static Result<PathPattern> make(std::string_view text, PatternKind kind);

  /// `path` is "" (or "/") for the root, else "/a/b".
  PatternMatch match(std::string_view path) const;

 private:
  struct Part {
    std::string text;
    bool any_depth;  ///< "**"
    bool wild;       ///< holds "*"
  };
  u64 closure(u64 states) const;
  std::vector<Part> parts_;
};

/// One rule as the boundary keeps it.
struct PathRule {
  PathPattern pattern;
  Rights rights = 0;
  std::string source;
};

/// What rules say about a path.
struct Ruling {
  Rights own = 0;                      ///< what may be done with the path itself
  Rights below_most = 0;               ///< what may be done with anything below it, at most
  Rights below_least = 0;              ///< and at least
  const PathRule* deny = nullptr;      ///< the first denial that took one of the rights asked about
  std::string_view allow_source = {};  ///< what allows something at the path, if anything does

  void allow(const PatternMatch& match, Rights rights, std::string_view source);
  void take(const PatternMatch& match, const PathRule& rule, Rights asked);
};

}  // namespace dewar::boundary
