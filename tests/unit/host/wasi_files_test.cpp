// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Files, directories and their metadata in a mount, with both path resolvers.
#include <sys/stat.h>

#include "wasi_fixture.h"

namespace dewar::wasi_p1 {
namespace {

using boundary::kReadOnly;
using boundary::kReadWrite;
using boundary::ResolveMode;
constexpr u32 kResult = WasiGuest::kResult;
constexpr u32 kDir = 3;

class WasiFiles : public ::testing::TestWithParam<ResolveMode> {
 protected:
  void SetUp() override { start(); }
  void start(boundary::Rights rights = kReadWrite, std::string_view guest_path = "/") {
    Config config;
    config.resolve = GetParam();
    config.grants.mounts = {{scratch_.path(), std::string(guest_path), rights}};
    g.start(std::move(config));
  }
  u64 seek(u32 fd, i64 delta, u32 whence) {
    EXPECT_EQ(g("fd_seek", {fd, static_cast<u64>(delta), whence, kResult}), Errno::success);
    return g.u64_at(kResult);
  }
  test::ScratchDir scratch_;
  WasiGuest g;
};

TEST_P(WasiFiles, WriteSeekRead) {
  ASSERT_EQ(g.open(kDir, "file", kOpenCreate), Errno::success);
  EXPECT_EQ(g.fd, 4u);
  EXPECT_EQ(g.write(g.fd, "hello world"), Errno::success);
  EXPECT_EQ(seek(g.fd, -5, 1), 6u);
  std::string text;
  EXPECT_EQ(g.read(g.fd, &text), Errno::success);
  EXPECT_EQ(text, "world");
  EXPECT_EQ(seek(g.fd, 0, 2), 11u);
  EXPECT_EQ(seek(g.fd, 1000, 0), 1000u);
  EXPECT_EQ(g.read(g.fd, &text), Errno::success);
  EXPECT_EQ(text, "");
  EXPECT_EQ(g("fd_seek", {g.fd, static_cast<u64>(-2000), 1, kResult}), Errno::inval);
  EXPECT_EQ(g("fd_seek", {g.fd, INT64_MAX, 1, kResult}), Errno::overflow);
  EXPECT_EQ(g("fd_seek", {g.fd, 0, 3, kResult}), Errno::inval);
  EXPECT_EQ(g("fd_tell", {g.fd, kResult}), Errno::success);
  EXPECT_EQ(g.u64_at(kResult), 1000u) << "failed seeks leave the offset";
  EXPECT_EQ(g("unstable.fd_seek", {g.fd, 1, 2, kResult}), Errno::success);
  EXPECT_EQ(g.u64_at(kResult), 1u) << "2 = set there";
  EXPECT_EQ(scratch_.contents("file"), "hello world");
}

TEST_P(WasiFiles, VectorsAndPositions) {
  ASSERT_EQ(g.open(kDir, "file", kOpenCreate), Errno::success);
  g.put(2000, "abc");
  g.put(3000, "defgh");
  g.set<u32>(1000, 2000);
  g.set<u32>(1004, 3);
  g.set<u32>(1008, 3000);
  g.set<u32>(1012, 5);
  EXPECT_EQ(g("fd_write", {g.fd, 1000, 2, kResult}), Errno::success);
  EXPECT_EQ(g.u32_at(kResult), 8u);
  EXPECT_EQ(g("fd_pwrite", {g.fd, 1000, 1, 2, kResult}), Errno::success);
  EXPECT_EQ(scratch_.contents("file"), "ababcfgh");
  g.put(2000, "___");
  g.put(3000, "_____");
  EXPECT_EQ(g("fd_pread", {g.fd, 1000, 2, 4, kResult}), Errno::success);
  EXPECT_EQ(g.u32_at(kResult), 4u);
  EXPECT_EQ(g.text(2000, 3), "cfg");
  EXPECT_EQ(g.text(3000, 5), "h____");
  EXPECT_EQ(g("fd_pread", {g.fd, 1000, 2, UINT64_MAX, kResult}), Errno::inval);
  EXPECT_EQ(g("fd_pwrite", {g.fd, 1000, 2, UINT64_MAX, kResult}), Errno::fbig);
  EXPECT_EQ(g("fd_tell", {g.fd, kResult}), Errno::success);
  EXPECT_EQ(g.u64_at(kResult), 8u);
  // A bad place for the result is found before anything is written.
  EXPECT_EQ(g("fd_write", {g.fd, 1000, 2, g.size() - 3}), Errno::fault);
  EXPECT_EQ(scratch_.contents("file").size(), 8u);
}

TEST_P(WasiFiles, AppendFollowsTheEnd) {
  scratch_.file("log", "one");
  ASSERT_EQ(g.open(kDir, "log", 0, rights::kAll, kFdAppend), Errno::success);
  EXPECT_EQ(g.write(g.fd, "two"), Errno::success);
  EXPECT_EQ(seek(g.fd, 0, 1), 6u);
  seek(g.fd, 0, 0);
  EXPECT_EQ(g.write(g.fd, "three"), Errno::success);
  EXPECT_EQ(g("fd_fdstat_set_flags", {g.fd, 0}), Errno::success);
  seek(g.fd, 0, 0);
  EXPECT_EQ(g.write(g.fd, "ONE"), Errno::success);
  EXPECT_EQ(scratch_.contents("log"), "ONEtwothree");
  EXPECT_EQ(g("fd_fdstat_set_flags", {g.fd, 32}), Errno::inval);
}

TEST_P(WasiFiles, OpenFlags) {
  scratch_.file("file", "contents");
  scratch_.dir("dir");
  scratch_.link("file", "link");
  scratch_.link("dir", "dirlink");
  scratch_.link("made", "dangling");
  EXPECT_EQ(g.open(kDir, "file", kOpenCreate | kOpenExclusive), Errno::exist);
  EXPECT_EQ(g.open_read(kDir, "file", kOpenDirectory), Errno::notdir);
  EXPECT_EQ(g.open_read(kDir, "dir", kOpenDirectory), Errno::success);
  EXPECT_EQ(g.open(kDir, "dir"), Errno::isdir) << "to write";
  EXPECT_EQ(g.open(kDir, "dir", kOpenCreate), Errno::isdir);
  EXPECT_EQ(g.open_read(kDir, "dir", kOpenTruncate), Errno::isdir);
  EXPECT_EQ(g.open(kDir, "x", kOpenCreate | kOpenDirectory), Errno::inval);
  EXPECT_EQ(g.open(kDir, "x", 16), Errno::inval);
  EXPECT_EQ(g.open(kDir, "x", 0, rights::kAll, 32), Errno::inval);
  EXPECT_EQ(g.open(kDir, "x", 0, rights::kAll, 0, 2), Errno::inval);
  EXPECT_EQ(g.open_read(kDir, "missing"), Errno::noent);
  EXPECT_EQ(g.open_read(kDir, "link"), Errno::success);
  EXPECT_EQ(g.open(kDir, "link", 0, WasiGuest::kForReading, 0, 0), Errno::loop);
  EXPECT_EQ(g.open(kDir, "dirlink", kOpenDirectory, WasiGuest::kForReading, 0, 0), Errno::notdir);
  EXPECT_EQ(g.open_read(kDir, "dirlink", kOpenDirectory), Errno::success);
  EXPECT_EQ(g.open(kDir, "dangling", kOpenCreate), Errno::success);
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "made"));
  EXPECT_EQ(g.open(kDir, "file", kOpenTruncate, 0), Errno::success) << "truncation needs no right on the new handle";
  EXPECT_EQ(scratch_.contents("file"), "");
  EXPECT_EQ(g.open(kDir, "new", kOpenCreate, 0), Errno::success);
  EXPECT_EQ(g.read(g.fd, nullptr), Errno::notcapable) << "opened with no rights";
  EXPECT_EQ(g("path_open", {kDir, 0, WasiGuest::kPath, g.path("new"), 0, 0, 0, 0, g.size() - 3}), Errno::fault);
  EXPECT_TRUE(g.denials().empty()) << g.denials()[0].resource;
}

TEST_P(WasiFiles, SpecialFilesAreNotHandedOut) {
  ASSERT_EQ(::mkfifo((scratch_ / "fifo").c_str(), 0644), 0);
  EXPECT_EQ(g.open_read(kDir, "fifo"), Errno::notcapable) << "and the call does not wait for a writer";
  ASSERT_EQ(g.denials().size(), 1u);
  EXPECT_EQ(g.denials()[0].rule, "special-file");
  EXPECT_EQ(g.stat(kDir, "fifo"), Errno::success);
  EXPECT_EQ(g.filestat().filetype, kTypeUnknown);
}

TEST_P(WasiFiles, MetadataIsNormalised) {
  scratch_.file("a", "12345");
  scratch_.dir("dir/sub");
  ASSERT_EQ(g.stat(kDir, "a"), Errno::success);
  const auto a = g.filestat();
  EXPECT_EQ(a.filetype, kTypeRegularFile);
  EXPECT_EQ(a.size, 5u);
  EXPECT_EQ(a.links, 1u);
  EXPECT_EQ(a.mtime, boundary::Clock::kDefaultStart);
  EXPECT_EQ(a.atime, a.mtime);
  EXPECT_EQ(a.inode, 2u) << "the first file that this run met, after the mount itself";
  ASSERT_EQ(g.stat(kDir, "dir"), Errno::success);
  EXPECT_EQ(g.filestat().links, 1u);
  EXPECT_EQ(g.filestat().size, 0u);
  EXPECT_EQ(g.filestat().device, a.device);
  ASSERT_EQ(g.stat(kDir, "a"), Errno::success);
  EXPECT_EQ(g.filestat().inode, 2u);
  // What the guest changes, it sees.
  EXPECT_EQ(g.set_times(kDir, "a", 1000, 2000, kSetAtime | kSetMtime), Errno::success);
  ASSERT_EQ(g.stat(kDir, "a"), Errno::success);
  EXPECT_EQ(g.filestat().atime, 1000u);
  EXPECT_EQ(g.filestat().mtime, 2000u);
  struct stat st{};
  ASSERT_EQ(::stat((scratch_ / "a").c_str(), &st), 0);
  EXPECT_EQ(st.st_mtim.tv_nsec, 2000) << "and so does the host";
  EXPECT_EQ(g.set_times(kDir, "a", 0, 0, kSetMtime | kSetMtimeNow), Errno::inval);
  EXPECT_EQ(g.set_times(kDir, "a", 0, 0, kSetAtime | kSetAtimeNow), Errno::inval);
  EXPECT_EQ(g.set_times(kDir, "a", 0, 0, 16), Errno::inval);
  EXPECT_EQ(g.set_times(kDir, "a", 0, 0, 0x10001), Errno::inval);
  EXPECT_EQ(g.set_times(kDir, "a", 0, UINT64_MAX, kSetMtime), Errno::success) << "no time is out of range";
  ASSERT_EQ(g.open(kDir, "a"), Errno::success);
  EXPECT_EQ(g("fd_filestat_set_times", {g.fd, 7, 8, kSetAtime}), Errno::success);
  EXPECT_EQ(g("fd_filestat_get", {g.fd, kResult}), Errno::success);
  EXPECT_EQ(g.filestat().atime, 7u);
  EXPECT_EQ(g.filestat().mtime, UINT64_MAX);
  EXPECT_EQ(g.write(g.fd, "x"), Errno::success);
  EXPECT_EQ(g("fd_filestat_get", {g.fd, kResult}), Errno::success);
  EXPECT_GE(g.filestat().mtime, boundary::Clock::kDefaultStart);
  EXPECT_LT(g.filestat().mtime, boundary::Clock::kDefaultStart + 1'000'000'000);
}

TEST_P(WasiFiles, LinksHaveTheirOwnTimes) {
  scratch_.file("file");
  scratch_.link("file", "link");
  EXPECT_EQ(g.set_times(kDir, "link", 0, 5, kSetMtime, 0), Errno::success);
  EXPECT_EQ(g.set_times(kDir, "link", 0, 6, kSetMtime, 1), Errno::success);
  EXPECT_EQ(g.stat(kDir, "link", 0), Errno::success);
  EXPECT_EQ(g.filestat().mtime, 5u);
  EXPECT_EQ(g.filestat().filetype, kTypeSymbolicLink);
  EXPECT_EQ(g.stat(kDir, "file"), Errno::success);
  EXPECT_EQ(g.filestat().mtime, 6u);
}

TEST_P(WasiFiles, SizesAndAllocation) {
  ASSERT_EQ(g.open(kDir, "file", kOpenCreate), Errno::success);
  EXPECT_EQ(g("fd_allocate", {g.fd, 0, 100}), Errno::success);
  EXPECT_EQ(g("fd_allocate", {g.fd, 10, 10}), Errno::success);
  EXPECT_EQ(std::filesystem::file_size(scratch_ / "file"), 100u);
  EXPECT_EQ(g("fd_allocate", {g.fd, 90, 20}), Errno::success);
  EXPECT_EQ(std::filesystem::file_size(scratch_ / "file"), 110u);
  EXPECT_EQ(g("fd_allocate", {g.fd, 0, 0}), Errno::inval);
  EXPECT_EQ(g("fd_allocate", {g.fd, UINT64_MAX, 2}), Errno::fbig);
  EXPECT_EQ(g("fd_allocate", {g.fd, INT64_MAX, INT64_MAX}), Errno::fbig);
  EXPECT_EQ(g("fd_filestat_set_size", {g.fd, 5}), Errno::success);
  EXPECT_EQ(std::filesystem::file_size(scratch_ / "file"), 5u);
  EXPECT_EQ(g("fd_filestat_set_size", {g.fd, UINT64_MAX}), Errno::inval);
  EXPECT_EQ(g("fd_advise", {g.fd, 0, 0, 5}), Errno::success);
  EXPECT_EQ(g("fd_advise", {g.fd, 0, 0, 6}), Errno::inval);
  EXPECT_EQ(g("fd_sync", {g.fd}), Errno::success);
  EXPECT_EQ(g("fd_datasync", {g.fd}), Errno::success);
  EXPECT_EQ(g("fd_sync", {kDir}), Errno::success);
}

TEST_P(WasiFiles, DirectoriesAreSortedSnapshots) {
  for (int i = 0; i < 100; ++i) scratch_.file("f" + std::to_string(99 - i));
  scratch_.file("!first");
  scratch_.dir("dir");
  scratch_.link("f1", "link");
  const auto names = g.list(kDir, 300);
  ASSERT_EQ(names.size(), 105u);
  EXPECT_EQ(names[0], ".");
  EXPECT_EQ(names[1], "..");
  EXPECT_EQ(names[2], "!first");
  EXPECT_TRUE(std::is_sorted(names.begin() + 2, names.end()));
  EXPECT_EQ(g.types["dir"], kTypeDirectory);
  EXPECT_EQ(g.types["link"], kTypeSymbolicLink);
  EXPECT_EQ(g.types["f7"], kTypeRegularFile);
  EXPECT_EQ(g.inodes["."], g.inodes[".."]) << "nothing above the mount shows";
  for (const char* name : {".", "f7", "dir", "link"}) {
    ASSERT_EQ(g.stat(kDir, name, 0), Errno::success);
    EXPECT_EQ(g.filestat().inode, g.inodes[name]) << name;
  }
  // Removing what was listed disturbs nothing.
  EXPECT_EQ(g("fd_readdir", {kDir, WasiGuest::kData, 100, 0, kResult}), Errno::success);
  EXPECT_EQ(g.on_path("path_unlink_file", kDir, "f0"), Errno::success);
  EXPECT_EQ(g("fd_readdir", {kDir, WasiGuest::kData, 4000, 4, kResult}), Errno::success);
  EXPECT_EQ(g.text(WasiGuest::kData + 24, 2), "f0") << "cookies are places in the snapshot";
  EXPECT_EQ(g.list(kDir).size(), 104u);
  // Cookies beyond the end, small buffers.
  EXPECT_EQ(g("fd_readdir", {kDir, WasiGuest::kData, 100, UINT64_MAX, kResult}), Errno::success);
  EXPECT_EQ(g.u32_at(kResult), 0u);
  EXPECT_EQ(g("fd_readdir", {kDir, WasiGuest::kData, 10, 0, kResult}), Errno::success);
  EXPECT_EQ(g.u32_at(kResult), 10u) << "cut, so the guest knows to come with more room";
  EXPECT_EQ(g("fd_readdir", {kDir, WasiGuest::kData, 0, 0, kResult}), Errno::success);
  EXPECT_EQ(g("fd_readdir", {kDir, g.size() - 9, 10, 0, kResult}), Errno::fault);
}

TEST_P(WasiFiles, NamesComeAndGo) {
  EXPECT_EQ(g.on_path("path_create_directory", kDir, "d"), Errno::success);
  EXPECT_EQ(g.on_path("path_create_directory", kDir, "d"), Errno::exist);
  EXPECT_EQ(g.on_path("path_create_directory", kDir, "d/e/"), Errno::success);
  EXPECT_EQ(g.on_path("path_create_directory", kDir, "."), Errno::exist);
  EXPECT_EQ(g.on_path("path_create_directory", kDir, "no/where"), Errno::noent);
  EXPECT_EQ(g.on_path("path_remove_directory", kDir, "d"), Errno::notempty);
  EXPECT_EQ(g.on_path("path_remove_directory", kDir, "d/e/."), Errno::inval);
  EXPECT_EQ(g.on_path("path_remove_directory", kDir, "d/e/"), Errno::success);
  EXPECT_EQ(g.on_path("path_unlink_file", kDir, "d"), Errno::isdir);
  EXPECT_EQ(g.on_path("path_unlink_file", kDir, "d/"), Errno::isdir);
  EXPECT_EQ(g.on_path("path_remove_directory", kDir, "."), Errno::busy) << "a mount stays";
  scratch_.file("file", "x");
  EXPECT_EQ(g.on_path("path_remove_directory", kDir, "file"), Errno::notdir);
  EXPECT_EQ(g.on_path("path_unlink_file", kDir, "file/"), Errno::notdir);
  EXPECT_EQ(g.rename(kDir, "file", kDir, "d/moved"), Errno::success);
  EXPECT_EQ(scratch_.contents("d/moved"), "x");
  EXPECT_EQ(g.rename(kDir, "d", kDir, "d/inside"), Errno::inval);
  EXPECT_EQ(g.rename(kDir, "d/moved", kDir, "d"), Errno::notempty);
  EXPECT_EQ(g.on_path("path_create_directory", kDir, "empty"), Errno::success);
  EXPECT_EQ(g.rename(kDir, "d/moved", kDir, "empty"), Errno::isdir);
  EXPECT_EQ(g.rename(kDir, "empty", kDir, "d/moved"), Errno::notdir);
  EXPECT_EQ(g.rename(kDir, "empty", kDir, "d"), Errno::notempty);
  EXPECT_EQ(g.rename(kDir, "d/moved/", kDir, "x"), Errno::notdir);
  EXPECT_EQ(g.rename(kDir, "empty/", kDir, "renamed/"), Errno::success);
  EXPECT_EQ(g.rename(kDir, "d", kDir, "d/moved"), Errno::inval);
  EXPECT_EQ(g.rename(kDir, "gone", kDir, "x"), Errno::noent);
  EXPECT_EQ(g.rename(kDir, "d", kDir, "."), Errno::busy);
  EXPECT_EQ(g.link(kDir, "d/moved", kDir, "hard"), Errno::success);
  EXPECT_EQ(g.link(kDir, "d/moved", kDir, "hard"), Errno::exist);
  EXPECT_EQ(g.link(kDir, "d/moved", kDir, "hard2/"), Errno::noent);
  EXPECT_EQ(g.link(kDir, "d", kDir, "hard3"), Errno::perm);
  EXPECT_EQ(g.link(kDir, "d/", kDir, "hard3"), Errno::perm);
  EXPECT_EQ(g.link(kDir, "d/moved", kDir, "x", 1), Errno::inval);
  EXPECT_EQ(g.stat(kDir, "hard"), Errno::success);
  const u64 inode = g.filestat().inode;
  EXPECT_EQ(g.filestat().links, 2u);
  EXPECT_EQ(g.stat(kDir, "d/moved"), Errno::success);
  EXPECT_EQ(g.filestat().inode, inode);
  EXPECT_EQ(g.on_path("path_unlink_file", kDir, "hard"), Errno::success);
  EXPECT_TRUE(g.denials().empty());
}

// How many names a file has outside, or had before the run, depends on where it was put.
TEST_P(WasiFiles, OnlyTheGuestsOwnLinksAreCounted) {
  test::ScratchDir elsewhere;
  scratch_.file("file", "x");
  const auto links = [&](std::string_view name) {
    EXPECT_EQ(g.stat(kDir, name), Errno::success);
    return g.filestat().links;
  };
  // Linked before anybody looked: what was there must be known all the same.
  std::filesystem::create_hard_link(scratch_ / "file", elsewhere / "one");
  EXPECT_EQ(g.link(kDir, "file", kDir, "second"), Errno::success);
  EXPECT_EQ(links("file"), 2u);
  EXPECT_EQ(links("second"), 2u);
  EXPECT_EQ(g.on_path("path_unlink_file", kDir, "file"), Errno::success);
  EXPECT_EQ(links("second"), 1u);
  ASSERT_EQ(g.open_read(kDir, "second"), Errno::success);
  EXPECT_EQ(g.on_path("path_unlink_file", kDir, "second"), Errno::success);
  EXPECT_EQ(g("fd_filestat_get", {g.fd, kResult}), Errno::success);
  EXPECT_EQ(g.filestat().links, 0u) << "the name outside is none of the guest's";
  // Two names of one file in the mount: each is one, and what is found by a name has one.
  scratch_.file("a", "x");
  std::filesystem::create_hard_link(scratch_ / "a", scratch_ / "b");
  EXPECT_EQ(links("a"), 1u);
  const u64 inode = g.filestat().inode;
  EXPECT_EQ(g.on_path("path_unlink_file", kDir, "a"), Errno::success);
  EXPECT_EQ(links("b"), 1u);
  EXPECT_EQ(g.filestat().inode, inode) << "one file is told by its number";
  // A file that the guest makes has one, whatever had its number before.
  ASSERT_EQ(g.open(kDir, "new", kOpenCreate), Errno::success);
  EXPECT_EQ(g("fd_filestat_get", {g.fd, kResult}), Errno::success);
  EXPECT_EQ(g.filestat().links, 1u);
}

TEST_P(WasiFiles, SymbolicLinks) {
  scratch_.file("dir/target", "t");
  EXPECT_EQ(g.symlink("target", kDir, "dir/link"), Errno::success);
  EXPECT_EQ(g.symlink("../dir/./target", kDir, "dir/link2"), Errno::success);
  EXPECT_EQ(g.symlink("x", kDir, "dir/link"), Errno::exist);
  EXPECT_EQ(g.symlink("x", kDir, "new/"), Errno::noent);
  EXPECT_EQ(g.symlink("", kDir, "new"), Errno::noent);
  EXPECT_EQ(g.symlink(std::string_view("a\0b", 3), kDir, "new"), Errno::inval);
  std::string text;
  ASSERT_EQ(g.open_read(kDir, "dir/link2"), Errno::success);
  EXPECT_EQ(g.read(g.fd, &text), Errno::success);
  EXPECT_EQ(text, "t");
  const auto readlink = [&](std::string_view name, u32 size) {
    return g("path_readlink", {kDir, WasiGuest::kPath, g.path(name), WasiGuest::kData, size, kResult});
  };
  g.put(WasiGuest::kData, "__________");
  EXPECT_EQ(readlink("dir/link", 10), Errno::success);
  EXPECT_EQ(g.u32_at(kResult), 6u);
  EXPECT_EQ(g.text(WasiGuest::kData, 10), "target____");
  EXPECT_EQ(readlink("dir/link", 4), Errno::success);
  EXPECT_EQ(g.u32_at(kResult), 4u);
  EXPECT_EQ(readlink("dir/target", 10), Errno::inval);
  EXPECT_EQ(readlink("dir", 10), Errno::inval);
  EXPECT_EQ(readlink("none", 10), Errno::noent);
  EXPECT_TRUE(g.denials().empty());
  // Links that would lead out are not made: other programs might follow them.
  EXPECT_EQ(g.symlink("/etc/passwd", kDir, "abs"), Errno::notcapable);
  EXPECT_EQ(g.symlink("../x", kDir, "up"), Errno::notcapable);
  EXPECT_EQ(g.symlink("../../x", kDir, "dir/up"), Errno::notcapable);
  EXPECT_EQ(g.symlink("a/../../../x", kDir, "dir/up"), Errno::notcapable);
  ASSERT_EQ(g.denials().size(), 4u);
  EXPECT_EQ(g.denials()[0].rule, "absolute-link");
  EXPECT_EQ(g.denials()[1].rule, "link-escape");
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::symlink_status(scratch_.path() / "abs")));
}

TEST_P(WasiFiles, PreopensAreNamed) {
  EXPECT_EQ(g("fd_prestat_get", {kDir, kResult}), Errno::success);
  EXPECT_EQ(g.get<Prestat>(kResult).name_size, 1u);
  EXPECT_EQ(g("fd_prestat_dir_name", {kDir, 1000, 1}), Errno::success);
  EXPECT_EQ(g.text(1000, 1), "/");
  EXPECT_EQ(g("fd_prestat_dir_name", {kDir, 1000, 0}), Errno::nametoolong);
  EXPECT_EQ(g("fd_prestat_get", {4, kResult}), Errno::badf) << "the root is mounted: no synthetic one";
  start(kReadOnly, "/data/in");
  EXPECT_EQ(g("fd_prestat_get", {3, kResult}), Errno::success);
  EXPECT_EQ(g.get<Prestat>(kResult).name_size, 8u);
  EXPECT_EQ(g("fd_prestat_dir_name", {3, 1000, 100}), Errno::success);
  EXPECT_EQ(g.text(1000, 8), "/data/in");
  EXPECT_EQ(g("fd_prestat_get", {4, kResult}), Errno::success);
  EXPECT_EQ(g.get<Prestat>(kResult).name_size, 1u) << "the synthetic root";
  EXPECT_EQ(g("fd_prestat_get", {5, kResult}), Errno::badf);
}

TEST_P(WasiFiles, HandlesAreLimited) {
  Config config;
  config.max_handles = 6;
  config.resolve = GetParam();
  config.grants.mounts = {{scratch_.path(), "/", kReadWrite}};
  g.start(std::move(config));
  EXPECT_EQ(g.open(kDir, "a", kOpenCreate), Errno::success);
  EXPECT_EQ(g.open(kDir, "b", kOpenCreate), Errno::success);
  EXPECT_EQ(g.open(kDir, "c", kOpenCreate), Errno::mfile);
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "c")) << "refused before anything was made";
  EXPECT_EQ(g("fd_close", {4}), Errno::success);
  EXPECT_EQ(g.open(kDir, "c", kOpenCreate), Errno::success);
  EXPECT_EQ(g.fd, 4u);
}

TEST_P(WasiFiles, RightsCanOnlyBeDropped) {
  ASSERT_EQ(g.open(kDir, "f", kOpenCreate, rights::kFdRead | rights::kFdWrite | rights::kFdSeek), Errno::success);
  const u32 fd = g.fd;
  EXPECT_EQ(g("fd_tell", {fd, kResult}), Errno::success) << "the right to seek includes it";
  EXPECT_EQ(g("fd_fdstat_set_rights", {fd, rights::kFdRead, 0}), Errno::success);
  EXPECT_EQ(g.write(fd, "x"), Errno::notcapable);
  EXPECT_EQ(g("fd_seek", {fd, 1, 0, kResult}), Errno::notcapable);
  EXPECT_EQ(g("fd_fdstat_set_rights", {fd, rights::kFdRead | rights::kFdWrite, 0}), Errno::notcapable);
  EXPECT_EQ(g.read(fd, nullptr), Errno::success);
  // On a directory, for what is opened beneath it.
  ASSERT_EQ(g.open_read(kDir, ".", kOpenDirectory), Errno::success);
  const u32 dir = g.fd;
  EXPECT_EQ(g("fd_fdstat_get", {dir, kResult}), Errno::success);
  const Fdstat stat = g.get<Fdstat>(kResult);
  EXPECT_EQ(g("fd_fdstat_set_rights",
              {dir, stat.rights_base & ~rights::kPathFilestatSetSize, stat.rights_inheriting & ~rights::kFdWrite}),
            Errno::success);
  EXPECT_EQ(g.open(dir, "f", kOpenTruncate), Errno::notcapable);
  EXPECT_EQ(g.open(dir, "f"), Errno::success);
  EXPECT_EQ(g.write(g.fd, "x"), Errno::notcapable);
  EXPECT_TRUE(g.denials().empty()) << "giving up one's own rights is no denial";
}

TEST_P(WasiFiles, RealClockShowsRealTimes) {
  scratch_.file("a");
  Config config;
  config.resolve = GetParam();
  config.grants.clock = boundary::ClockPolicy::real;
  config.grants.mounts = {{scratch_.path(), "/", kReadWrite}};
  g.start(std::move(config));
  struct stat st{};
  ASSERT_EQ(::stat((scratch_ / "a").c_str(), &st), 0);
  ASSERT_EQ(g.stat(kDir, "a"), Errno::success);
  EXPECT_EQ(g.filestat().mtime,
            static_cast<u64>(st.st_mtim.tv_sec) * 1'000'000'000 + static_cast<u64>(st.st_mtim.tv_nsec));
}

TEST_P(WasiFiles, WhatTheHostIsLikeDoesNotShow) {
  // Two folders with the same contents made in different order and at different times look the same.
  std::string seen[2];
  for (int round = 0; round < 2; ++round) {
    test::ScratchDir scratch;
    for (int i = 0; i < 10; ++i) scratch.file("f" + std::to_string(round ? 9 - i : i), "x");
    if (round) scratch.file("gone"), std::filesystem::remove(scratch.path() / "gone");
    scratch.dir("d");
    WasiGuest guest;
    Config config;
    config.resolve = GetParam();
    config.grants.mounts = {{scratch.path(), "/", kReadWrite}};
    guest.start(std::move(config));
    for (const std::string& name : guest.list(kDir)) {
      seen[round] += name + " " + std::to_string(guest.inodes[name]) + "\n";
      EXPECT_EQ(guest.stat(kDir, name), name == ".." ? Errno::notcapable : Errno::success) << name;
      seen[round] += guest.text(kResult, 64);
    }
    EXPECT_EQ(guest.open(kDir, "made", kOpenCreate), Errno::success);
    EXPECT_EQ(guest("fd_filestat_get", {guest.fd, kResult}), Errno::success);
    seen[round] += guest.text(kResult, 64);
    EXPECT_EQ(guest.on_path("path_unlink_file", kDir, "f3"), Errno::success);
    EXPECT_EQ(guest.open(kDir, "made again", kOpenCreate), Errno::success);
    EXPECT_EQ(guest("fd_filestat_get", {guest.fd, kResult}), Errno::success);
    seen[round] += guest.text(kResult, 64);
  }
  EXPECT_EQ(seen[0], seen[1]);
}

INSTANTIATE_TEST_SUITE_P(Resolvers, WasiFiles, ::testing::Values(ResolveMode::openat2, ResolveMode::walk),
                         [](const auto& info) { return info.param == ResolveMode::walk ? "walk" : "openat2"; });

}  // namespace
}  // namespace dewar::wasi_p1
