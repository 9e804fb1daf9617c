// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The guest's name space: longest mount wins, synthetic directories lead to mounts, ".." never leads out.
#include "boundary/mounts.h"

#include "support/fake_guest.h"

namespace dewar::boundary {
namespace {

using test::ScratchDir;

class MountsTest : public ::testing::Test {
 protected:
  void open(std::vector<MountGrant> mounts, std::vector<FileGrant> files = {}) {
    Grants grants;
    grants.mounts = std::move(mounts);
    grants.files = std::move(files);
    auto table = MountTable::open(grants);
    ASSERT_TRUE(table) << table.error().message;
    table_ = std::move(*table);
  }
  // "kind:mount:path" of a path from the root (mounted or synthetic).
  std::string at(std::string_view path) { return at(BaseDir{table_.root(), root_fd(), ""}, path); }
  std::string at(const BaseDir& base, std::string_view path) {
    auto place = table_.locate(base, path);
    if (!place) {
      switch (place.error()) {
        case PathFault::empty: return "empty";
        case PathFault::nul: return "nul";
        case PathFault::encoding: return "encoding";
        case PathFault::too_long: return "too long";
        case PathFault::absolute: return "absolute";
        case PathFault::escape: return "escape";
      }
    }
    switch (place->kind) {
      case Place::Kind::absent: return "absent " + place->guest_path;
      case Place::Kind::synthetic: return "synthetic " + place->guest_path;
      case Place::Kind::mount: break;
    }
    return "mount " + (place->mount->guest_path.empty() ? "/" : place->mount->guest_path) + " " + place->path +
           (place->mount_point ? " point" : "");
  }
  int root_fd() const { return table_.root() ? table_.root()->fd.get() : -1; }

  ScratchDir scratch_;
  MountTable table_;
};

TEST_F(MountsTest, SyntheticRootLeadsToMounts) {
  open({{scratch_.path(), "/data/in", kReadOnly}, {scratch_.path(), "/data/out", kReadWrite}});
  EXPECT_EQ(table_.root(), nullptr);
  EXPECT_EQ(at("."), "synthetic /");
  EXPECT_EQ(at("data"), "synthetic /data");
  EXPECT_EQ(at("data/"), "synthetic /data");
  EXPECT_EQ(at("data/in"), "mount /data/in . point");
  EXPECT_EQ(at("data/in/"), "mount /data/in ./ point");
  EXPECT_EQ(at("data/in/x/y"), "mount /data/in x/y");
  EXPECT_EQ(at("data//out/./x/"), "mount /data/out x/");
  EXPECT_EQ(at("data/in/../out/x"), "mount /data/out x");
  EXPECT_EQ(at("data/inner"), "absent /data/inner");
  EXPECT_EQ(at("etc/passwd"), "absent /etc/passwd");
  EXPECT_EQ(at("data/../etc/passwd"), "absent /etc/passwd");
  EXPECT_EQ(at(".."), "escape");
  EXPECT_EQ(at("data/../.."), "escape");
  EXPECT_EQ(at("data/in/../../../etc"), "escape");
  EXPECT_EQ(at("/data"), "absolute");
  EXPECT_EQ(at(""), "empty");
  EXPECT_EQ(at(std::string_view("a\0b", 3)), "nul");
  EXPECT_EQ(at("\xff\xfe"), "encoding");
  EXPECT_EQ(at(std::string(5000, 'a')), "too long");
  const std::string deep = "/" + std::string(16380, 'd');
  EXPECT_EQ(at(BaseDir{nullptr, -1, deep}, "abcd"), "too long") << "handles of handles do not grow for ever";
  // From a synthetic directory, ".." does not lead above it either: a handle is a capability.
  EXPECT_EQ(at(BaseDir{nullptr, -1, "/data"}, "in/x"), "mount /data/in x");
  EXPECT_EQ(at(BaseDir{nullptr, -1, "/data"}, "../data/in"), "escape");
}

TEST_F(MountsTest, PathsInsideOneMountAreTheKernels) {
  open({{scratch_.path(), "/data", kReadOnly}});
  const BaseDir base{&table_.mounts()[0], table_.mounts()[0].fd.get(), "/data"};
  EXPECT_EQ(at(base, "a/../../b"), "mount /data a/../../b");  // the kernel will say whether it leaves the mount
  EXPECT_EQ(at(base, ".."), "mount /data ..");
  EXPECT_EQ(at(base, "."), "mount /data . point");
  EXPECT_EQ(at(base, "a//b/"), "mount /data a//b/");
}

TEST_F(MountsTest, NestedMountsWinByLength) {
  open({{scratch_.path(), "/", kReadWrite},
        {scratch_.path(), "/a/b", kReadOnly},
        {scratch_.path(), "/a/bc", kReadOnly}});
  EXPECT_EQ(at("x"), "mount / x");
  EXPECT_EQ(at("a"), "mount / a");
  EXPECT_TRUE(table_.is_ancestor("/a"));
  EXPECT_FALSE(table_.is_ancestor("/a/b"));
  EXPECT_EQ(at("a/b/x"), "mount /a/b x");
  EXPECT_EQ(at("a/bc"), "mount /a/bc . point");
  EXPECT_EQ(at("a/bcd"), "mount / a/bcd");
  EXPECT_EQ(at("a/b/../c"), "mount / a/b/../c");
  EXPECT_EQ(at("a/x/../b/../bc/y"), "mount /a/bc y");
}

TEST_F(MountsTest, FilesAreMountsOfOneName) {
  scratch_.file("one", "1");
  open({{scratch_ / "one", "/etc/one", kReadOnly}}, {{"/app/driver.py", "print()"}});
  EXPECT_EQ(at("etc/one"), "mount /etc/one . point");
  EXPECT_EQ(at("etc/one/more"), "absent /etc/one/more");
  EXPECT_EQ(at("app/driver.py"), "mount /app/driver.py . point");
  EXPECT_TRUE(table_.mounts()[1].in_memory);
  EXPECT_EQ(::write(table_.mounts()[1].fd.get(), "x", 1), -1) << "the contents are sealed";
  const auto children = table_.children("");
  ASSERT_EQ(children.size(), 2u);
  EXPECT_EQ(children[0].name, "app");
  EXPECT_EQ(children[1].name, "etc");
  EXPECT_FALSE(children[0].is_file);
  EXPECT_TRUE(table_.children("/app")[0].is_file);
}

TEST_F(MountsTest, BadGrantsAreErrors) {
  const auto error = [](Grants grants) {
    auto table = MountTable::open(grants);
    return table ? std::string("none") : std::string(table.error().code);
  };
  Grants grants;
  grants.mounts = {{scratch_ / "missing", "/x", kReadOnly}};
  EXPECT_EQ(error(grants), "grant-mount-open");
  grants.mounts = {{scratch_.path(), "/x", kReadOnly}, {scratch_.path(), "x/", kReadOnly}};
  EXPECT_EQ(error(grants), "grant-duplicate-mount");
  grants.mounts = {{"/dev/null", "/x", kReadOnly}};
  EXPECT_EQ(error(grants), "grant-mount-open");
  grants.mounts = {};
  grants.files = {{"/", "x"}};
  EXPECT_EQ(error(grants), "grant-bad-path");
  grants.files = {{"/a", "x"}, {"/a/b", "y"}};
  EXPECT_EQ(error(grants), "grant-bad-path");
}

class OverlapTest : public ::testing::Test {
 protected:
  OverlapTest() {
    for (const char* dir : {"proj", "proj/.git", "proj/.git/refs", "other", "project"}) {
      EXPECT_EQ(::mkdir((scratch_ / dir).c_str(), 0755), 0);
    }
    scratch_.file("proj/.git/config", "[core]");
    scratch_.file("other/file", "x");
    EXPECT_EQ(::symlink("proj/.git", (scratch_ / "git").c_str()), 0);
    EXPECT_EQ(::symlink("../proj/.git/config", (scratch_ / "other/config").c_str()), 0);
    EXPECT_EQ(::symlink("../other/file", (scratch_ / "proj/file").c_str()), 0);
  }
  struct G {
    const char* host;
    const char* guest;
    Rights rights;
  };
  // The code for the grants in both orders, which must agree.
  std::string code(const G& a, const G& b) {
    Grants grants;
    grants.mounts = {{scratch_ / a.host, a.guest, a.rights}, {scratch_ / b.host, b.guest, b.rights}};
    auto first = MountTable::open(grants);
    std::swap(grants.mounts[0], grants.mounts[1]);
    auto second = MountTable::open(grants);
    EXPECT_EQ(first.has_value(), second.has_value());
    if (first || second) return "none";
    EXPECT_STREQ(first.error().code, second.error().code);
    EXPECT_EQ(first.error().message, second.error().message);
    message_ = first.error().message;
    return first.error().code;
  }

  ScratchDir scratch_;
  std::string message_;
};

TEST_F(OverlapTest, FewerRightsInsideMoreAreRefused) {
  const G outer{"proj", "/proj", kReadWrite};
  EXPECT_EQ(code(outer, {"proj/.git", "/proj/.git", kReadOnly}), "grant-overlap");
  EXPECT_NE(message_.find("proj/.git::/proj/.git lies inside"), std::string::npos) << message_;
  EXPECT_NE(message_.find("/proj::/proj, which allows more there (write,create,delete)"), std::string::npos)
      << message_;
  EXPECT_EQ(code(outer, {"proj/.git", "/elsewhere", kReadOnly}), "grant-overlap") << "guest paths do not matter";
  EXPECT_EQ(code(outer, {"proj/.git", "/", kReadOnly}), "grant-overlap");
  EXPECT_EQ(code(outer, {"proj/.git/refs", "/refs", kReadOnly}), "grant-overlap") << "not only the direct parent";
  EXPECT_EQ(code(outer, {"git", "/git", kReadOnly}), "grant-overlap") << "the name is a link";
  EXPECT_EQ(code(outer, {"proj/../project/../proj/.git", "/git", kReadOnly}), "grant-overlap");
  EXPECT_EQ(code(outer, {"proj/.git/config", "/config", kReadOnly}), "grant-overlap") << "a single file";
  EXPECT_EQ(code(outer, {"other/config", "/config", kReadOnly}), "grant-overlap") << "a single file by a link";
  EXPECT_EQ(code(outer, {"proj/.git", "/git", kRead | kWrite | kCreate}), "grant-overlap") << "one right less";
  EXPECT_EQ(code({"proj", "/proj", kReadOnly}, {"proj/.git", "/git", kWrite}), "grant-overlap")
      << "neither is a subset";
}

TEST_F(OverlapTest, WhatTakesNothingAwayIsAllowed) {
  const G outer{"proj", "/proj", kReadWrite};
  EXPECT_EQ(code({"proj", "/proj", kReadOnly}, {"proj/.git", "/proj/.git", kReadWrite}), "none");
  EXPECT_EQ(code({"proj", "/proj", kReadOnly}, {"proj/.git/config", "/proj/.git/config", kReadWrite}), "none");
  EXPECT_EQ(code(outer, {"proj/.git", "/git", kReadWrite}), "none");
  EXPECT_EQ(code(outer, {"proj", "/view", kReadOnly}), "none") << "the same folder";
  EXPECT_EQ(code(outer, {"project", "/project", kReadOnly}), "none") << "a prefix of the name only";
  EXPECT_EQ(code(outer, {"other", "/proj/other", kReadOnly}), "none") << "nested for the guest only";
  EXPECT_EQ(code(outer, {"proj/file", "/proj/file", kReadOnly}), "none") << "a link to a file outside";
}

TEST_F(OverlapTest, AnyPairOfManyIsSeen) {
  Grants grants;
  grants.mounts = {{scratch_ / "other", "/other", kReadWrite},
                   {scratch_.path(), "/all", kReadOnly},
                   {scratch_ / "proj", "/proj", kReadWrite},
                   {scratch_ / "project", "/project", kReadOnly}};
  EXPECT_TRUE(MountTable::open(grants));
  grants.mounts.push_back({scratch_ / "proj/.git/refs", "/refs", kReadOnly});
  auto table = MountTable::open(grants);
  ASSERT_FALSE(table);
  EXPECT_STREQ(table.error().code, "grant-overlap");
  EXPECT_FALSE(table.error().hint.empty());
}

TEST_F(OverlapTest, RulesAreBounded) {
  Grants grants;
  for (usize i = 0; i < MountTable::kMaxRules; ++i) {
    grants.denies.push_back({"/a/b/secret" + std::to_string(i) + "/**", "", kRead, "line"});
  }
  EXPECT_TRUE(MountTable::open(grants));
  grants.denies.push_back({"/one-more", "", kRead, "line"});
  auto table = MountTable::open(grants);
  ASSERT_FALSE(table);
  EXPECT_STREQ(table.error().code, "grant-too-many-rules");
}

TEST_F(OverlapTest, TheRuntimesOwnFolderIsReserved) {
  Grants grants;
  for (const char* guest : {"/dewar", "dewar", "/dewar/", "//dewar/./x", "/dewar/.report"}) {
    grants.mounts = {{scratch_.path(), guest, kReadOnly}};
    auto table = MountTable::open(grants);
    ASSERT_FALSE(table) << guest;
    EXPECT_STREQ(table.error().code, "grant-reserved") << guest;
  }
  for (const char* guest : {"/dewars", "/a/dewar", "/.dewar", "/"}) {
    grants.mounts = {{scratch_.path(), guest, kReadOnly}};
    grants.files = {{"/dewar/script.py", "print()"}};  // the runtime's own
    EXPECT_TRUE(MountTable::open(grants)) << guest;
  }
}

}  // namespace
}  // namespace dewar::boundary
