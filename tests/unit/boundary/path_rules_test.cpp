// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Patterns of paths: what they match, and what they may match below; checked against every short path there is.
#include "boundary/path_rules.h"

#include <gtest/gtest.h>

#include <functional>

namespace dewar::boundary {
namespace {

using Below = PatternMatch::Below;

PathPattern glob(std::string_view text) {
  auto made = PathPattern::make(text, PatternKind::glob);
  EXPECT_TRUE(made) << text;
  return std::move(*made);
}

TEST(PathPattern, Kinds) {
  const auto exact = PathPattern::make("/a/*", PatternKind::exact), tree = PathPattern::make("/a/*", PatternKind::tree);
  ASSERT_TRUE(exact && tree);
  EXPECT_TRUE(exact->match("/a/*").here) << "a star in a path is a star";
  EXPECT_FALSE(exact->match("/a/b").here);
  EXPECT_FALSE(exact->match("/a/*/b").here);
  EXPECT_EQ(exact->match("/a").below, Below::some);
  EXPECT_EQ(exact->match("/a/*").below, Below::none);
  EXPECT_TRUE(tree->match("/a/*/b/c").here);
  EXPECT_EQ(tree->match("/a/*").below, Below::all);
  EXPECT_FALSE(tree->match("/a/b").any());
  const auto root = PathPattern::make("/", PatternKind::exact), all = PathPattern::make("/", PatternKind::tree);
  ASSERT_TRUE(root && all);
  EXPECT_TRUE(root->match("").here && root->match("/").here);
  EXPECT_FALSE(root->match("/a").any());
  EXPECT_TRUE(all->match("/a/b").here);
}

TEST(PathPattern, Globs) {
  EXPECT_TRUE(glob("/a/**").match("/a").here) << "a tree is its top, too";
  EXPECT_TRUE(glob("/a/*").match("/a/b").here);
  EXPECT_FALSE(glob("/a/*").match("/a/b/c").here);
  EXPECT_FALSE(glob("/a/*").match("/a").here);
  EXPECT_TRUE(glob("/log/*.log").match("/log/x.log").here);
  EXPECT_FALSE(glob("/log/*.log").match("/log/x.logs").here);
  EXPECT_TRUE(glob("/x*y*z").match("/xyyyz").here);
  EXPECT_TRUE(glob("/**/.env").match("/.env").here);
  EXPECT_TRUE(glob("/**/.env").match("/a/b/.env").here);
  EXPECT_FALSE(glob("/**/.env").match("/a/b/.envs").here);
  EXPECT_EQ(glob("/w/*/data/**").match("/w/x").below, Below::some);
  EXPECT_EQ(glob("/w/*/data/**").match("/w/x/data").below, Below::all);
  EXPECT_EQ(glob("/w/*/data/**").match("/w/x/other").below, Below::none);
}

TEST(PathPattern, Refused) {
  for (const char* text : {"", "a", "/a/", "//a", "/a/./b", "/a/../b", "/a**", "/**b/c", "/***"}) {
    const auto made = PathPattern::make(text, PatternKind::glob);
    ASSERT_FALSE(made) << text;
    EXPECT_STREQ(made.error().code, "grant-bad-pattern");
  }
  std::string deep;
  for (usize i = 0; i < PathPattern::kMaxParts; ++i) deep += "/d";
  EXPECT_TRUE(PathPattern::make(deep, PatternKind::exact));
  EXPECT_FALSE(PathPattern::make(deep, PatternKind::tree)) << "one part too many";
  EXPECT_TRUE(PathPattern::make(deep, PatternKind::exact)->match(deep).here);
  EXPECT_FALSE(PathPattern::make("/a" + std::string(4095, 'b'), PatternKind::exact));
}

TEST(PathPattern, HostileInputIsQuick) {
  std::string stars, path;
  for (int i = 0; i < 60; ++i) stars += i % 2 ? "/**" : "/*a*a*a*a*b";
  for (int i = 0; i < 8000; ++i) path += "/a";
  const std::string name = "/" + std::string(250, 'a');
  EXPECT_FALSE(glob(stars).match(path).here);
  EXPECT_FALSE(glob("/*a*a*a*a*a*a*a*a*b").match(name).here);
}

// All paths of up to four components out of three names.
std::vector<std::string> all_paths() {
  std::vector<std::string> out = {""};
  for (usize from = 0, depth = 0; depth < 4; ++depth) {
    const usize to = out.size();
    for (; from < to; ++from) {
      for (const char* name : {"/a", "/b", "/ab"}) out.push_back(out[from] + name);
    }
  }
  return out;
}

// The meaning of globs, written down again in the plainest way.
bool plain_match(std::string_view pattern, std::string_view path) {
  const auto head = [](std::string_view& text) {
    text.remove_prefix(1);
    const std::string_view part = text.substr(0, text.find('/'));
    text.remove_prefix(part.size());
    return part;
  };
  const std::function<bool(std::string_view, std::string_view)> word = [&](std::string_view p, std::string_view n) {
    if (p.empty()) return n.empty();
    if (p[0] == '*') return word(p.substr(1), n) || (!n.empty() && word(p, n.substr(1)));
    return !n.empty() && p[0] == n[0] && word(p.substr(1), n.substr(1));
  };
  if (pattern.empty()) return path.empty();
  std::string_view rest = pattern;
  const std::string_view part = head(rest);
  if (part == "**") {
    if (plain_match(rest, path)) return true;
    if (path.empty()) return false;
    head(path);
    return plain_match(pattern, path);
  }
  if (path.empty()) return false;
  const std::string_view name = head(path);
  return word(part, name) && plain_match(rest, path);
}

TEST(PathPattern, AgreesWithItsMeaningOnEveryShortPath) {
  const std::vector<std::string> paths = all_paths();
  usize matched = 0;
  for (const char* a : {"/a", "/*", "/**", "/a*", "/*b"}) {
    for (const char* b : {"", "/b", "/*", "/**", "/*b*"}) {
      for (const char* c : {"", "/ab", "/*", "/**"}) {
        const std::string text = std::string(a) + b + c;
        const PathPattern pattern = glob(text);
        for (const std::string& path : paths) {
          const PatternMatch match = pattern.match(path);
          ASSERT_EQ(match.here, plain_match(text, path)) << text << " on " << path;
          matched += match.here;
          if (path.size() > 6) continue;  // leave room below
          usize below = 0, here = 0;
          for (const std::string& other : paths) {
            if (!other.starts_with(path + "/")) continue;
            ++below;
            here += plain_match(text, other);
          }
          if (match.below == Below::none) ASSERT_EQ(here, 0u) << text << " below " << path;
          if (match.below == Below::all) ASSERT_EQ(here, below) << text << " below " << path;
          if (here > 0) ASSERT_NE(match.below, Below::none) << text << " below " << path;
        }
      }
    }
  }
  EXPECT_GT(matched, 1000u);
}

TEST(Ruling, DenialsWinAndBoundsHold) {
  const PathRule deny{glob("/a/s/**"), kReadWrite, "line 9"}, some{glob("/a/**/x"), kWrite, "line 10"};
  Ruling r;
  r.allow(glob("/a/**").match("/a"), kReadWrite, "line 3");
  r.take(deny.pattern.match("/a"), deny, kRead);
  r.take(some.pattern.match("/a"), some, kWrite);
  EXPECT_EQ(r.own, kReadWrite);
  EXPECT_EQ(r.deny, nullptr) << "it is about something below";
  EXPECT_EQ(r.below_most, kReadWrite);
  EXPECT_EQ(r.below_least, 0);
  Ruling s;
  s.allow(glob("/a/**").match("/a/s/k"), kReadWrite, "line 3");
  s.take(deny.pattern.match("/a/s/k"), deny, kRead);
  EXPECT_EQ(s.own, 0);
  EXPECT_EQ(s.deny, &deny);
  EXPECT_EQ(s.below_most, 0);
  Ruling t;
  t.allow(glob("/a/x").match("/a/x"), kReadWrite, "line 3");
  t.take(some.pattern.match("/a/x"), some, kRead);
  EXPECT_EQ(t.own, kReadWrite & ~kWrite);
  EXPECT_EQ(t.deny, nullptr) << "it takes nothing of what was asked";
}

}  // namespace
}  // namespace dewar::boundary
