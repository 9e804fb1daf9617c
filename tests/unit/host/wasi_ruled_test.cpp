// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules on paths inside mounts, and every way around them that we could think of: links, "..", handles, renames of what
// is denied and of what is above it, hard links, other mounts of the same folders, a thread that swaps links.
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "wasi_fixture.h"

namespace dewar::wasi_p1 {
namespace {

using boundary::kCreate;
using boundary::kDelete;
using boundary::kRead;
using boundary::kReadOnly;
using boundary::kReadWrite;
using boundary::kWrite;
using boundary::PatternKind;
using boundary::Rights;
constexpr u32 kResult = WasiGuest::kResult;
constexpr u32 kApp = 3;  // the first mount

// Names, kinds and contents in a folder.
std::string image(const test::ScratchDir& scratch) {
  std::vector<std::string> lines;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch.path())) {
    const std::string name = entry.path().lexically_relative(scratch.path());
    lines.push_back(name + (entry.is_regular_file() ? "=" + scratch.contents(name) : "/"));
  }
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const auto& l : lines) out += l + "\n";
  return out;
}

class Ruled : public ::testing::Test {
 protected:
  void SetUp() override {
    app.file("pub/a", "public");
    app.file("secret/k", "secret");
    app.file("d/secret/k", "secret too");
    app.link("secret/k", "link");
    app.link("secret", "way");
  }
  void start(std::vector<boundary::DenyGrant> denies, std::vector<boundary::MountGrant> more = {}) {
    Config config;
    config.grants.mounts = {{app.path(), "/app", kReadWrite, "option --dir"}};
    for (auto& mount : more) config.grants.mounts.push_back(std::move(mount));
    config.grants.denies = std::move(denies);
    g.start(std::move(config));
  }
  std::string last() const {
    if (g.denials().empty()) return "none";
    const boundary::Denial d = g.denials().back();
    return d.operation + " " + d.resource + " [" + d.rule + (d.missing.empty() ? "" : " " + d.missing) + "] by " +
           d.decided_by;
  }
  test::ScratchDir app;
  WasiGuest g;
};

TEST_F(Ruled, NoWayIntoADeniedFolder) {
  start({{"/app/secret/**", "", kReadWrite, "policy line 9"}});
  const std::string before = image(app);
  EXPECT_EQ(g.open_read(kApp, "secret/k"), Errno::notcapable);
  EXPECT_EQ(last(), "path_open /app/secret/k [policy-deny read] by policy line 9");
  EXPECT_EQ(g.open_read(kApp, "secret", kOpenDirectory), Errno::notcapable);
  start({{"/app/secret/**", "", kReadWrite, "policy line 9"}});
  EXPECT_EQ(g.open_read(kApp, "link"), Errno::notcapable);
  EXPECT_EQ(last(), "path_open /app/secret/k [policy-deny read] by policy line 9") << "what is really there is named";
  ASSERT_EQ(g.open_read(kApp, "pub", kOpenDirectory), Errno::success);
  const u32 pub = g.fd;
  // Every operation, through a link to the folder and through "..".
  for (const auto& [dir, way] :
       {std::pair(kApp, std::string("way/")), std::pair(kApp, std::string("pub/../secret/")),
        std::pair(kApp, std::string("way/../secret/")), std::pair(kApp, std::string("secret/"))}) {
    SCOPED_TRACE(way);
    const u64 count = g.session->denials().total_denials();
    EXPECT_EQ(g.open_read(dir, way + "k"), Errno::notcapable);
    EXPECT_EQ(g.open_read(dir, way + ".", kOpenDirectory), Errno::notcapable);
    EXPECT_EQ(g.open(dir, way + "k", kOpenTruncate, rights::kFdWrite), Errno::notcapable);
    EXPECT_EQ(g.open(dir, way + "new", kOpenCreate, rights::kFdWrite), Errno::notcapable);
    EXPECT_EQ(g.open(dir, way + "k", kOpenCreate | kOpenExclusive, rights::kFdWrite), Errno::notcapable);
    EXPECT_EQ(g.stat(dir, way + "k"), Errno::notcapable);
    EXPECT_EQ(g.set_times(dir, way + "k", 1, 2, kSetAtime | kSetMtime), Errno::notcapable);
    EXPECT_EQ(g.on_path("path_unlink_file", dir, way + "k"), Errno::notcapable);
    EXPECT_EQ(g.on_path("path_create_directory", dir, way + "new"), Errno::notcapable);
    EXPECT_EQ(g.symlink("k", dir, way + "new"), Errno::notcapable);
    EXPECT_EQ(g.rename(dir, way + "k", dir, "pub/k"), Errno::notcapable);
    EXPECT_EQ(g.rename(dir, "pub/a", dir, way + "a"), Errno::notcapable);
    EXPECT_EQ(g.link(dir, way + "k", dir, "pub/k"), Errno::notcapable);
    EXPECT_GE(g.session->denials().total_denials() - count, 12u);
    EXPECT_EQ(image(app), before);
  }
  EXPECT_EQ(g.open_read(pub, "../secret/k"), Errno::notcapable);
  EXPECT_EQ(last(), "path_open /app/pub/../secret/k [path-escape] by default");
  EXPECT_EQ(g.rename(kApp, "secret", kApp, "open"), Errno::notcapable);
  EXPECT_EQ(image(app), before);
  // All the rest is as it was.
  std::string text;
  ASSERT_EQ(g.open_read(kApp, "pub/a"), Errno::success);
  EXPECT_EQ(g.read(g.fd, &text), Errno::success);
  EXPECT_EQ(text, "public");
  EXPECT_EQ(g.rename(kApp, "pub", kApp, "pub2"), Errno::success);
  EXPECT_EQ(g.open(kApp, "pub2/new", kOpenCreate), Errno::success);
  EXPECT_EQ(g.open_read(pub, "../secret/k"), Errno::notcapable) << "a handle of a folder that was renamed";
}

TEST_F(Ruled, WhatHoldsSomethingDeniedIsNotMoved) {
  start({{"/app/d/secret/**", "", kRead, "policy line 2"}});
  const std::string before = image(app);
  EXPECT_EQ(g.rename(kApp, "d", kApp, "e"), Errno::notcapable);
  EXPECT_EQ(last(), "path_rename /app/d -> /app/e [move-gains-rights] by default");
  EXPECT_EQ(g.rename(kApp, "d/secret", kApp, "open"), Errno::notcapable)
      << "only reading is denied, but it would be won";
  EXPECT_EQ(g.rename(kApp, "d/secret/k", kApp, "open"), Errno::notcapable);
  EXPECT_EQ(image(app), before);
  EXPECT_EQ(g.rename(kApp, "d/secret/k", kApp, "d/secret/l"), Errno::success) << "nothing is gained";
  EXPECT_EQ(g.rename(kApp, "secret", kApp, "d/secret/in"), Errno::success) << "into the dark is fine";
  EXPECT_EQ(g.rename(kApp, "d/secret/in", kApp, "out"), Errno::notcapable);
}

TEST_F(Ruled, GlobsHoldAnywhere) {
  app.file("x/y/.env", "key");
  app.link("y/.env", "x/plain");
  start({{"/app/**/.env", "", kReadWrite, "policy line 2"}});
  EXPECT_EQ(g.open_read(kApp, "x/y/.env"), Errno::notcapable);
  EXPECT_EQ(g.open_read(kApp, "x/plain"), Errno::notcapable);
  EXPECT_EQ(g.open(kApp, ".env", kOpenCreate), Errno::notcapable);
  EXPECT_EQ(g.rename(kApp, "x/y/.env", kApp, "x/env"), Errno::notcapable);
  EXPECT_EQ(g.rename(kApp, "pub/a", kApp, "pub/b"), Errno::success) << "files move freely";
  EXPECT_EQ(g.rename(kApp, "x", kApp, "z"), Errno::notcapable) << "it might hold one: not looked into";
}

TEST_F(Ruled, SecondNamesOfAFile) {
  ASSERT_EQ(::link((app / "secret/k").c_str(), (app / "pub/innocent").c_str()), 0);
  start({{"/app/secret/**", "", kRead, "policy line 2"}});
  EXPECT_EQ(g.open_read(kApp, "pub/innocent"), Errno::notcapable);
  EXPECT_EQ(last(), "path_open /app/pub/innocent [policy-hard-link] by default");
  EXPECT_EQ(g.link(kApp, "pub/a", kApp, "pub/b"), Errno::notcapable);
  EXPECT_EQ(last(), "path_link /app/pub/b [policy-hard-link] by default");
}

TEST_F(Ruled, OtherMountsOfTheSameFolder) {
  app.file("sub/secret/k", "secret");
  start({{"/app/secret/**", "", kReadWrite, "policy line 2"}, {"/s/secret/**", "", kReadWrite, "policy line 3"}},
        {{app.path(), "/other", kReadWrite}, {app / "secret", "/inner", kReadWrite}, {app / "sub", "/s", kReadWrite}});
  constexpr u32 kOther = 4, kInner = 5, kS = 6;
  const std::string before = image(app);
  EXPECT_EQ(g.open_read(kOther, "secret/k"), Errno::notcapable);
  EXPECT_EQ(last(), "path_open /other/secret/k [policy-deny read] by policy line 2");
  EXPECT_EQ(g.open_read(kInner, "k"), Errno::notcapable);
  EXPECT_EQ(g.open(kInner, "new", kOpenCreate), Errno::notcapable);
  EXPECT_EQ(g("fd_readdir", {kInner, WasiGuest::kData, 500, 0, kResult}), Errno::notcapable);
  EXPECT_EQ(g.open_read(kS, "secret/k"), Errno::notcapable);
  EXPECT_EQ(g.open_read(kApp, "sub/secret/k"), Errno::notcapable) << "denied as /s/secret/k";
  EXPECT_EQ(g.rename(kOther, "sub", kOther, "bus"), Errno::notcapable) << "it would move what /s stands for";
  EXPECT_EQ(image(app), before);
}

TEST_F(Ruled, HostPathsAreDeniedWhateverTheGuestPath) {
  std::string real = std::filesystem::canonical(app.path());
  start({{"/nowhere/**", real + "/secret/**", kReadWrite, "policy line 2"}});
  EXPECT_EQ(g.open_read(kApp, "secret/k"), Errno::notcapable);
  EXPECT_EQ(g.open_read(kApp, "link"), Errno::notcapable);
  EXPECT_EQ(g.open_read(kApp, "pub/a"), Errno::success);
}

TEST_F(Ruled, OnlyChangingIsDenied) {
  app.link("../secret/k", "pub/l");
  start({{"/app/secret/**", "", kWrite | kCreate | kDelete, "policy line 2"}});
  const std::string before = image(app);
  std::string text;
  ASSERT_EQ(g.open_read(kApp, "secret/k"), Errno::success);
  EXPECT_EQ(g.read(g.fd, &text), Errno::success);
  EXPECT_EQ(text, "secret");
  EXPECT_EQ(g("fd_filestat_set_size", {g.fd, 0}), Errno::notcapable);
  EXPECT_EQ(g.open(kApp, "link", kOpenTruncate, rights::kFdWrite), Errno::notcapable);
  EXPECT_EQ(g.open(kApp, "pub/l", 0, rights::kFdWrite), Errno::notcapable);
  EXPECT_EQ(g.rename(kApp, "pub/a", kApp, "secret/k"), Errno::notcapable);
  EXPECT_EQ(g.rename(kApp, "secret/k", kApp, "pub/k"), Errno::notcapable);
  EXPECT_EQ(g.set_times(kApp, "link", 1, 2, kSetAtime | kSetMtime, kLookupSymlinkFollow), Errno::notcapable);
  EXPECT_EQ(image(app), before);
}

TEST_F(Ruled, AThreadThatSwapsLinks) {
  start({{"/app/secret/**", "", kReadWrite, "policy line 2"}});
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    while (!stop.load()) {
      for (const char* target : {"secret/k", "pub/a"}) {
        (void)::symlink(target, (app / "tmp").c_str());
        (void)::rename((app / "tmp").c_str(), (app / "swap").c_str());
      }
    }
  });
  while (!std::filesystem::is_symlink(app / "swap")) std::this_thread::yield();
  int opened = 0, refused = 0;
  for (int i = 0; i < 2000; ++i) {
    const Errno e = g.open_read(kApp, "swap");
    if (e == Errno::success) {
      std::string text;
      EXPECT_EQ(g.read(g.fd, &text), Errno::success);
      EXPECT_EQ(text, "public");
      EXPECT_EQ(g("fd_close", {g.fd}), Errno::success);
      ++opened;
    } else {
      refused += e == Errno::notcapable;
    }
  }
  stop = true;
  swapper.join();
  EXPECT_EQ(app.contents("secret/k"), "secret");
  EXPECT_GT(opened + refused, 0);
}

TEST_F(Ruled, OnePathOfAFolder) {
  Config config;
  config.grants.mounts = {
      {app.path(), "/app", 0, "", {{"/app/pub/new", PatternKind::exact, kRead | kWrite | kCreate, "option --allow"}}}};
  g.start(std::move(config));
  constexpr u32 kRoot = 4;
  EXPECT_EQ(g.open(kApp, "pub/new", kOpenCreate), Errno::success);
  EXPECT_EQ(g.write(g.fd, "made"), Errno::success);
  EXPECT_EQ(app.contents("pub/new"), "made");
  EXPECT_TRUE(g.denials().empty());
  // The neighbours are not there for the guest.
  EXPECT_EQ(g.stat(kApp, "pub/a"), Errno::noent);
  EXPECT_EQ(g.open_read(kRoot, "app/pub/a"), Errno::notcapable);
  EXPECT_EQ(last(), "path_open /app/pub/a [not-mounted read] by default");
  EXPECT_EQ(g.open(kApp, "pub/other", kOpenCreate), Errno::notcapable);
  EXPECT_EQ(g.on_path("path_unlink_file", kApp, "pub/new"), Errno::notcapable);
  EXPECT_EQ(last(), "path_unlink_file /app/pub/new [mount-lacks-right delete] by option --allow");
  EXPECT_EQ(g.denials().back().host_path, app / "pub/new");
  // What leads there is a directory of ours, and says nothing of the host's.
  ASSERT_EQ(g.stat(kApp, "pub"), Errno::success);
  EXPECT_EQ(g.filestat().filetype, kTypeDirectory);
  ASSERT_EQ(g.open_read(kApp, "pub", kOpenDirectory), Errno::success);
  EXPECT_EQ(g.list(g.fd), (std::vector<std::string>{".", ".."}));
  EXPECT_EQ(g("fd_readdir", {kApp, WasiGuest::kData, 500, 0, kResult}), Errno::notcapable);
  // A link that the host left there leads nowhere else.
  config = {};
  config.grants.mounts = {
      {app.path(), "/app", 0, "", {{"/app/pub/new", PatternKind::exact, kRead | kWrite | kCreate, "option --allow"}}}};
  g.start(std::move(config));
  std::filesystem::remove(app / "pub/new");
  app.link("a", "pub/new");
  EXPECT_EQ(g.open_read(kApp, "pub/new"), Errno::notcapable);
  EXPECT_EQ(last(), "path_open /app/pub/a [not-mounted read] by default");
  app.link("nothing", "pub/new2");
  std::filesystem::rename(app / "pub/new2", app / "pub/new");
  EXPECT_EQ(g.open(kApp, "pub/new", kOpenCreate), Errno::noent) << "a link to nothing is not followed";
  EXPECT_FALSE(std::filesystem::exists(app / "pub/nothing"));
}

TEST_F(Ruled, MoreRightsOnOnePath) {
  Config config;
  config.grants.mounts = {
      {app.path(), "/app", kReadOnly, "option --ro", {{"/app/pub/a", PatternKind::exact, kDelete, "option --allow"}}}};
  g.start(std::move(config));
  EXPECT_EQ(g.on_path("path_unlink_file", kApp, "secret/k"), Errno::notcapable);
  EXPECT_EQ(last(), "path_unlink_file /app/secret/k [mount-lacks-right delete] by option --ro");
  EXPECT_EQ(g.open(kApp, "pub/a", 0, rights::kFdWrite), Errno::notcapable);
  EXPECT_EQ(g.rename(kApp, "pub/a", kApp, "pub/b"), Errno::notcapable);
  EXPECT_EQ(last(), "path_rename /app/pub/b [mount-lacks-right create] by option --ro");
  EXPECT_EQ(g.on_path("path_unlink_file", kApp, "pub/a"), Errno::success);
  EXPECT_FALSE(std::filesystem::exists(app / "pub/a"));
}

TEST_F(Ruled, MovesThatReplace) {
  Config config;
  config.grants.mounts = {
      {app.path(), "/app", kRead | kWrite | kCreate, "m", {{"/app/pub/a", PatternKind::exact, kDelete, "r"}}}};
  g.start(std::move(config));
  const std::string before = image(app);
  EXPECT_EQ(g.rename(kApp, "pub/a", kApp, "secret/k"), Errno::notcapable) << "what is there must not be deleted";
  EXPECT_EQ(last(), "path_rename /app/secret/k [mount-lacks-right delete] by m");
  EXPECT_EQ(image(app), before);
  EXPECT_EQ(g.rename(kApp, "pub/a", kApp, "pub/b"), Errno::success);
  EXPECT_EQ(g.rename(kApp, "pub/b", kApp, "pub/a"), Errno::notcapable);
}

}  // namespace
}  // namespace dewar::wasi_p1
