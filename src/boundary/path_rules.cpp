// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Patterns are matched as a non-deterministic automaton with one state per part, kept in the bits of a number: the
// time is bounded by the sizes of path and pattern, whatever they hold.
#include "boundary/path_rules.h"

namespace dewar::boundary {
namespace {

// "*" matches any bytes; the last star can always be the one that gives back.
bool component_matches(std::string_view pattern, std::string_view name) {
  usize p = 0, n = 0, star = std::string_view::npos, mark = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

Result<PathPattern> PathPattern::make(std::string_view text, PatternKind kind) {
  const auto bad = [&](const char* why) {
    return fail("grant-bad-pattern", "the pattern \"" + std::string(text) + "\" " + why);
  };
  if (text.empty() || text.front() != '/') return bad("is not absolute");
  if (text.find('\0') != std::string_view::npos) return bad("holds a NUL byte");
  if (text.size() > 4095) return bad("is longer than 4095 bytes");
  PathPattern out;
  for (std::string_view rest = text == "/" ? std::string_view() : text.substr(1); !rest.empty();) {
    const usize slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (slash != std::string_view::npos && rest.empty()) return bad("ends in a slash");
    if (part.empty() || part == "." || part == "..") return bad("holds an empty component, \".\" or \"..\"");
    const bool glob = kind == PatternKind::glob;
    const bool any_depth = glob && part == "**";
    if (glob && !any_depth && part.find("**") != std::string_view::npos) {
      return bad("has \"**\" as a part of a component");
    }
    if (any_depth && !out.parts_.empty() && out.parts_.back().any_depth) continue;
    out.parts_.push_back({std::string(part), any_depth, glob && part.find('*') != std::string_view::npos});
  }
  if (kind == PatternKind::tree) out.parts_.push_back({"**", true, false});
  if (out.parts_.size() > kMaxParts) return bad("has more than 63 components");
  return out;
}

u64 PathPattern::closure(u64 states) const {
  for (usize i = 0; i < parts_.size(); ++i) {
    if (parts_[i].any_depth && (states >> i & 1)) states |= u64{2} << i;
  }
  return states;
}

PatternMatch PathPattern::match(std::string_view path) const {
  u64 states = closure(1);
  usize depth = 0, plain = 0;
  while (plain < parts_.size() && !parts_[plain].any_depth && !parts_[plain].wild) ++plain;
  for (std::string_view rest = path; !rest.empty() && states != 0;) {
    if (rest.front() == '/') {
      rest.remove_prefix(1);
      continue;
    }
    const std::string_view name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(name.size());
    ++depth;
    u64 next = 0;
    for (usize i = 0; i < parts_.size(); ++i) {
      if (!(states >> i & 1)) continue;
      const Part& part = parts_[i];
      if (part.any_depth) {
        next |= u64{1} << i;
      } else if (part.wild ? component_matches(part.text, name) : part.text == name) {
        next |= u64{2} << i;
      }
    }
    states = closure(next);
  }
  PatternMatch out;
  out.here = states >> parts_.size() & 1;
  out.literal = depth <= plain;
  const u64 unfinished = states & ((u64{1} << parts_.size()) - 1);
  if (unfinished == 0) return out;
  const bool all = parts_.back().any_depth && (unfinished >> (parts_.size() - 1) & 1);
  out.below = all ? PatternMatch::Below::all : PatternMatch::Below::some;
  return out;
}

void Ruling::allow(const PatternMatch& match, Rights rights, std::string_view source) {
  if (match.here) {
    own |= rights;
    if (allow_source.empty()) allow_source = source;
  }
  if (match.below != PatternMatch::Below::none) below_most |= rights;
  if (match.below == PatternMatch::Below::all) below_least |= rights;
}

void Ruling::take(const PatternMatch& match, const PathRule& rule, Rights asked) {
  if (match.here) {
    if (!deny && (rule.rights & asked)) deny = &rule;
    own &= static_cast<Rights>(~rule.rights);
  }
  if (match.below != PatternMatch::Below::none) below_least &= static_cast<Rights>(~rule.rights);
  if (match.below == PatternMatch::Below::all) below_most &= static_cast<Rights>(~rule.rights);
}

}  // namespace dewar::boundary
