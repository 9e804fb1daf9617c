// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory mounts as a guest meets them: beside other mounts, with fewer rights, at their limit, with hostile sizes.
#include "wasi_fixture.h"

namespace dewar::wasi_p1 {
namespace {

using boundary::kReadOnly;
using boundary::kReadWrite;
using boundary::MemFs;
constexpr u32 kResult = WasiGuest::kResult;
constexpr u32 kRoot = 3, kTmp = 4;  // the synthetic root comes before what is in memory

class WasiMemory : public ::testing::Test {
 protected:
  void start(u64 max_bytes, boundary::Rights rights = kReadWrite) {
    Config config;
    config.grants.memory = {{"/tmp", max_bytes, rights}};
    g.start(std::move(config));
  }
  const MemFs& fs() const { return *g.session->mounts().mounts()[0].memory; }
  WasiGuest g;
};

TEST_F(WasiMemory, ScratchIsReachedByPathAndByHandle) {
  start(1 << 20);
  EXPECT_EQ(g.list(kRoot), (std::vector<std::string>{".", "..", "tmp"}));
  EXPECT_EQ(g.types["tmp"], kTypeDirectory);
  EXPECT_EQ(g("fd_prestat_get", {kTmp, kResult}), Errno::success);
  EXPECT_EQ(g.get<Prestat>(kResult).name_size, 4u);
  ASSERT_EQ(g.open(kRoot, "tmp/file", kOpenCreate), Errno::success);
  EXPECT_EQ(g.write(g.fd, "hello"), Errno::success);
  std::string text;
  ASSERT_EQ(g.open_read(kTmp, "file"), Errno::success);
  EXPECT_EQ(g.read(g.fd, &text), Errno::success);
  EXPECT_EQ(text, "hello");
  EXPECT_EQ(g.stat(kRoot, "tmp/"), Errno::success);
  EXPECT_EQ(g.filestat().inode, g.inodes["tmp"]);
  EXPECT_EQ(g.list(kTmp), (std::vector<std::string>{".", "..", "file"}));
  EXPECT_EQ(g.inodes["."], g.inodes[".."]) << "nothing above it shows";
  EXPECT_EQ(g.on_path("path_remove_directory", kRoot, "tmp"), Errno::busy);
  EXPECT_EQ(g.rename(kRoot, "tmp", kTmp, "x"), Errno::busy);
  EXPECT_TRUE(g.denials().empty());
  EXPECT_EQ(g.open_read(kTmp, "../etc/passwd"), Errno::notcapable);
  EXPECT_EQ(g.symlink("/etc/passwd", kTmp, "link"), Errno::notcapable);
  EXPECT_EQ(g.symlink("../etc/passwd", kTmp, "link"), Errno::notcapable);
  EXPECT_EQ(g.denials().size(), 3u);
}

TEST_F(WasiMemory, RightsAreThoseOfTheGrant) {
  start(1 << 20, kReadOnly);
  EXPECT_EQ(g.open(kTmp, "file", kOpenCreate), Errno::notcapable);
  EXPECT_EQ(g.on_path("path_create_directory", kTmp, "d"), Errno::notcapable);
  EXPECT_EQ(g.on_path("path_unlink_file", kTmp, "d"), Errno::notcapable);
  EXPECT_EQ(g.list(kTmp).size(), 2u);
  ASSERT_EQ(g.denials().size(), 3u);
  EXPECT_EQ(g.denials()[0].rule, "mount-lacks-right");
  EXPECT_EQ(g.denials()[0].grant, "") << "no flag gives a memory mount more rights";
}

TEST_F(WasiMemory, MountsOfBothKindsNest) {
  test::ScratchDir scratch;
  scratch.file("in", "inside");
  Config config;
  config.grants.mounts = {{scratch.path(), "/tmp/host", kReadWrite}, {scratch.path(), "/data", kReadOnly}};
  config.grants.memory = {{"/tmp", 1 << 20, kReadWrite}, {"/data/desk", 1 << 20, kReadWrite}};
  g.start(std::move(config));
  constexpr u32 kData = 4, kTop = 5, kScratch = 6;
  EXPECT_EQ(g.list(kScratch), (std::vector<std::string>{".", "..", "host"}));
  EXPECT_EQ(g.list(kData), (std::vector<std::string>{".", "..", "desk", "in"}));
  ASSERT_EQ(g.open(kTop, "data/desk/new", kOpenCreate), Errno::success);
  EXPECT_FALSE(std::filesystem::exists(scratch / "new"));
  EXPECT_EQ(g.open(kTop, "data/new", kOpenCreate), Errno::notcapable);
  ASSERT_EQ(g.open(kScratch, "host/made", kOpenCreate), Errno::success);
  EXPECT_TRUE(std::filesystem::exists(scratch / "made"));
  ASSERT_EQ(g.open(kScratch, "file", kOpenCreate), Errno::success);
  EXPECT_EQ(g.rename(kScratch, "file", kScratch, "host/file"), Errno::xdev);
  EXPECT_EQ(g.link(kScratch, "file", kTop, "data/desk/file"), Errno::xdev);
  EXPECT_EQ(g.on_path("path_remove_directory", kScratch, "host"), Errno::busy);
  EXPECT_EQ(g.on_path("path_create_directory", kScratch, "host"), Errno::exist);
}

// A tree may be as deep as the limit lets it be, and long paths and renames walk through it: whoever asks for that
// pays.
TEST_F(WasiMemory, WalksThroughADeepTreeCostFuel) {
  start(16 << 20);
  constexpr u32 kDepth = 1500;
  ASSERT_EQ(g.on_path("path_create_directory", kTmp, "x"), Errno::success);
  u32 dir = kTmp;
  for (u32 i = 0; i < kDepth; ++i) {
    ASSERT_EQ(g.on_path("path_create_directory", dir, "d"), Errno::success);
    ASSERT_EQ(g.open_read(dir, "d"), Errno::success);
    if (dir != kTmp) ASSERT_EQ(g("fd_close", {dir}), Errno::success);
    dir = g.fd;
  }
  const auto cost = [&](auto call, Errno wanted = Errno::success) {
    const i64 before = g.stack->fuel;
    const u64 surcharge = g.stack->bulk_surcharge;
    EXPECT_EQ(call(), wanted);
    EXPECT_EQ(g.stack->bulk_surcharge - surcharge, static_cast<u64>(before - g.stack->fuel)) << "no instructions";
    return before - g.stack->fuel;
  };
  std::string deep;
  for (u32 i = 0; i < kDepth; ++i) deep += "d/";
  // A unit for every component that is written; a slash at the end counts as one.
  EXPECT_EQ(cost([&] { return g.stat(kTmp, "x"); }), 1);
  EXPECT_EQ(cost([&] { return g.rename(kTmp, "x", kTmp, "y"); }), 2);
  EXPECT_EQ(cost([&] { return g.stat(kTmp, deep); }), kDepth + 1);
  EXPECT_EQ(cost([&] { return g.stat(kTmp, deep + "none"); }, Errno::noent), kDepth + 1);
  EXPECT_EQ(cost([&] { return g.open_read(kTmp, deep); }), kDepth + 1);
  EXPECT_EQ(cost([&] { return g.on_path("path_unlink_file", kTmp, deep + "none"); }, Errno::noent), kDepth + 1);
  // And for four folders that a rename goes up through from where something is to go.
  constexpr i64 kUp = kDepth / MemFs::kStepsPerUnit;
  EXPECT_EQ(cost([&] { return g.rename(kTmp, "y", dir, "y"); }), 2 + kUp);
  EXPECT_EQ(cost([&] { return g.rename(dir, "y", kTmp, "y"); }), 2);
  EXPECT_EQ(cost([&] { return g.rename(kTmp, "d", dir, "d"); }, Errno::inval), 2 + kUp - 1);  // into itself
  EXPECT_TRUE(g.denials().empty());
}

TEST_F(WasiMemory, ALargeFolderCostsFuelToList) {
  start(16 << 20);
  for (u32 i = 0; i < 1000; ++i) {
    ASSERT_EQ(g.open(kTmp, "file" + std::to_string(i), kOpenCreate), Errno::success);
    ASSERT_EQ(g("fd_close", {g.fd}), Errno::success);
  }
  const i64 before = g.stack->fuel;
  EXPECT_EQ(g("fd_readdir", {kTmp, WasiGuest::kData, 10, 0, kResult}), Errno::success);
  EXPECT_EQ(before - g.stack->fuel, 1000 + 1 + 1) << "the names, their bytes, and the one entry given";
}

TEST_F(WasiMemory, TheLimitIsExactAndSeenAsNoSpace) {
  const u64 used = MemFs::kNodeCost + MemFs::kNameCost + 1 + 2 * MemFs::kChunk;
  const std::string text(2 * MemFs::kChunk, 'x');
  for (const u64 limit : {used - 1, used, used + 1}) {
    start(limit);
    ASSERT_EQ(g.open(kTmp, "f", kOpenCreate), Errno::success);
    const u32 fd = g.fd;
    EXPECT_EQ(g.write(fd, text), Errno::success);
    EXPECT_EQ(g.u32_at(kResult), limit < used ? MemFs::kChunk : 2 * MemFs::kChunk);
    EXPECT_EQ(g.write(fd, "x"), Errno::nospc);
    EXPECT_EQ(fs().refused(), limit < used ? 2u : 1u);
    if (limit < used) continue;
    EXPECT_EQ(g.on_path("path_create_directory", kTmp, "d"), Errno::nospc);
    EXPECT_EQ(g.symlink("f", kTmp, "s"), Errno::nospc);
    EXPECT_EQ(g.link(kTmp, "f", kTmp, "g"), Errno::nospc);
    EXPECT_EQ(g.open(kTmp, "g", kOpenCreate), Errno::nospc);
    EXPECT_EQ(g.rename(kTmp, "f", kTmp, "longer"), Errno::nospc);
    EXPECT_EQ(g.rename(kTmp, "f", kTmp, "g"), Errno::success);
    EXPECT_EQ(fs().refused(), 6u);
    EXPECT_EQ(g.on_path("path_unlink_file", kTmp, "g"), Errno::success);
    EXPECT_EQ(g.write(fd, "x"), Errno::nospc) << "an open file keeps its space";
    EXPECT_EQ(g("fd_close", {fd}), Errno::success);
    EXPECT_EQ(fs().used(), 0u);
    EXPECT_TRUE(g.denials().empty());
  }
}

TEST_F(WasiMemory, HostileSizes) {
  start(1 << 20);
  ASSERT_EQ(g.open(kTmp, "f", kOpenCreate), Errno::success);
  const u32 fd = g.fd;
  const auto vector = [&](u32 address, u32 size) {
    g.set<u32>(1024, address);
    g.set<u32>(1028, size);
  };
  vector(WasiGuest::kData, 4);
  const u64 last = INT64_MAX;
  EXPECT_EQ(g("fd_pwrite", {fd, 1024, 1, last, kResult}), Errno::inval) << "as the kernel: the sum overflows";
  EXPECT_EQ(g("fd_pwrite", {fd, 1024, 1, last + 1, kResult}), Errno::fbig);
  EXPECT_EQ(g("fd_pread", {fd, 1024, 1, last, kResult}), Errno::inval);
  EXPECT_EQ(g("fd_pwrite", {fd, 1024, 1, last - 4, kResult}), Errno::success);
  EXPECT_EQ(g.u32_at(kResult), 4u);
  EXPECT_EQ(g("fd_filestat_get", {fd, kResult}), Errno::success);
  EXPECT_EQ(g.filestat().size, last);
  EXPECT_EQ(g("fd_seek", {fd, 0, 2, kResult}), Errno::success);
  EXPECT_EQ(g.write(fd, "x"), Errno::inval);
  EXPECT_EQ(g("fd_fdstat_set_flags", {fd, kFdAppend}), Errno::success);
  EXPECT_EQ(g.write(fd, "x"), Errno::fbig);
  EXPECT_EQ(g("fd_filestat_set_size", {fd, last + 1}), Errno::inval);
  EXPECT_EQ(g("fd_filestat_set_size", {fd, last}), Errno::success);
  EXPECT_EQ(g("fd_allocate", {fd, last - 1, 1}), Errno::success) << "a hole costs nothing";
  vector(WasiGuest::kData, 0xffffffff);
  EXPECT_EQ(g("fd_pwrite", {fd, 1024, 1, 0, kResult}), Errno::fault);
  EXPECT_EQ(g("fd_pread", {fd, 1024, 1, 0, kResult}), Errno::fault);
  EXPECT_LT(fs().used(), 3 * MemFs::kChunk);
  EXPECT_EQ(g("fd_filestat_set_size", {fd, 0}), Errno::success);
  EXPECT_EQ(fs().used(), MemFs::kNodeCost + MemFs::kNameCost + 1);
}

TEST_F(WasiMemory, TwoRunsSeeTheSame) {
  std::string seen[2];
  for (std::string& out : seen) {
    WasiGuest run;
    Config config;
    config.grants.memory = {{"/tmp", 1 << 20, kReadWrite}};
    run.start(std::move(config));
    for (const char* name : {"b", "a", "c"}) {
      EXPECT_EQ(run.open(kTmp, name, kOpenCreate), Errno::success);
      EXPECT_EQ(run.write(run.fd, name), Errno::success);
      EXPECT_EQ(run("clock_time_get", {0, 0, kResult}), Errno::success);
      EXPECT_EQ(run.stat(kTmp, name), Errno::success);
      out += run.text(kResult, sizeof(Snapshot1::Filestat));
    }
    run.list(kTmp);
    out += run.text(WasiGuest::kData, 400);
    EXPECT_EQ(run.inodes["b"], 2u);
    // Two readings, and five names that were looked for.
    EXPECT_EQ(run.filestat().mtime, boundary::Clock::kDefaultStart + 2 * boundary::Clock::kNsPerReading + 5);
  }
  EXPECT_EQ(seen[0], seen[1]);
}

TEST_F(WasiMemory, PollingKnowsWhatIsLeft) {
  start(1 << 20);
  ASSERT_EQ(g.open(kTmp, "f", kOpenCreate), Errno::success);
  EXPECT_EQ(g.write(g.fd, "12345678"), Errno::success);
  EXPECT_EQ(g("fd_seek", {g.fd, 5, 0, kResult}), Errno::success);
  Snapshot1::Subscription s;
  s.type = kEventFdRead;
  s.id = g.fd;
  g.set(2048, s);
  EXPECT_EQ(g("poll_oneoff", {2048, 3072, 1, kResult}), Errno::success);
  EXPECT_EQ(g.get<Event>(3072).nbytes, 3u);
}

}  // namespace
}  // namespace dewar::wasi_p1
