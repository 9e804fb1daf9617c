// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hostile callers: every function with extreme arguments, handles that were moved or reused, confinement through the
// whole call, bounded memory. A call may fail in any way it likes but must not crash, hang, or touch anything outside.
#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "wasi_fixture.h"

namespace dewar::wasi_p1 {
namespace {

using boundary::kReadOnly;
using boundary::kReadWrite;
using runtime::HostStatus;
constexpr u32 kResult = WasiGuest::kResult;

TEST(WasiAttack, EveryFunctionSurvivesExtremeArguments) {
  test::ScratchDir outside;
  outside.dir("mount/dir");
  outside.file("mount/file", "x");
  outside.file("secret", "secret");
  WasiGuest g;
  boundary::CaptureSink sink(1000, 1000);
  const auto restart = [&] {
    Config config;
    config.max_handles = 20;
    config.stdout_ = &sink;
    config.grants.args = {"a", "b"};
    config.grants.env = {{"K", "V"}};
    config.grants.mounts = {{outside / "mount", "/", kReadWrite}, {outside / "mount", "/ro", kReadOnly}};
    g.start(std::move(config));
    g.open(3, "file", 0);
    g.open_read(3, "dir", kOpenDirectory);
  };
  restart();
  test::TestRandom random(1);
  const u64 size = g.size();
  const u64 pool[] = {0,
                      1,
                      2,
                      3,
                      4,
                      5,
                      6,
                      7,
                      8,
                      16,
                      255,
                      1023,
                      1024,
                      1025,
                      4096,
                      65535,
                      65536,
                      size - 1,
                      size,
                      size + 1,
                      size - 8,
                      0x7fffffff,
                      0x80000000,
                      0xfffffff0,
                      0xffffffff,
                      1000,
                      2000,
                      WasiGuest::kPath,
                      u64{1} << 32,
                      u64{1} << 63,
                      UINT64_MAX,
                      INT64_MAX,
                      0x100000001u};
  const std::string_view paths[] = {"file",    "dir", "../secret", "dir/../../secret", "/", ".",
                                    "ro/file", "new", "a/b/c"};
  usize calls = 0;
  const auto rows = snapshot1_rows();
  const auto old_rows = unstable_rows();
  for (int i = 0; i < 150'000; ++i) {
    const bool old = random.below(4) == 0;
    const auto& row = old ? old_rows[random.below(old_rows.size())] : rows[random.below(rows.size())];
    std::vector<u64> args;
    for (usize a = 0; a < row.num_params(); ++a) {
      u64 value = random.below(4) ? pool[random.below(std::size(pool))] : random.below(32);
      if (row.args[a].role == boundary::Role::path_in && random.below(2)) {
        const auto text = paths[random.below(std::size(paths))];
        g.put(WasiGuest::kPath, text);
        value = WasiGuest::kPath;
        args.push_back(value);
        args.push_back(random.below(8) ? text.size() : value);
        ++a;
        continue;
      }
      if (row.args[a].role == boundary::Role::handle && random.below(3)) value = random.below(12);
      args.push_back(value);
    }
    if (random.below(50) == 0) {
      for (u64 at = 0; at < 4096; at += 8)
        g.set<u64>(at, random.below(2) ? random.next() : pool[random.below(std::size(pool))]);
    }
    const auto status = g.call(*g.bindings.at(old ? "unstable." + std::string(row.name) : std::string(row.name)), args);
    const bool may_end = row.name == "proc_exit" || row.name == "proc_raise";
    ASSERT_TRUE(status == HostStatus::ok || may_end) << row.name;
    if (status == HostStatus::ok) ASSERT_LE(g.result, 76u) << row.name;
    ++calls;
    if (i % 500 == 499) restart();
  }
  EXPECT_EQ(calls, 150'000u);
  EXPECT_EQ(outside.contents("secret"), "secret");
  for (const auto& entry : std::filesystem::directory_iterator(outside.path())) {
    EXPECT_TRUE(entry.path().filename() == "mount" || entry.path().filename() == "secret") << entry.path();
  }
}

TEST(WasiAttack, PathsDoNotLeadOut) {
  test::ScratchDir outside;
  outside.dir("mount/dir");
  outside.file("mount/file", "x");
  outside.file("secret", "secret");
  outside.dir("victim");
  outside.link("../secret", "mount/link");
  outside.link("../victim", "mount/dirlink");
  outside.link(outside.path(), "mount/abs");
  for (const auto mode : {boundary::ResolveMode::openat2, boundary::ResolveMode::walk}) {
    WasiGuest g;
    Config config;
    config.resolve = mode;
    config.grants.mounts = {{outside / "mount", "/", kReadWrite}};
    g.start(std::move(config));
    const char* paths[] = {"../secret",   "dir/../../secret",   "link",       "dirlink/x",
                           "dirlink/",    "dirlink/../secret",  "abs/secret", "abs/victim/x",
                           "./../secret", "dir/./../../secret", "dirlink//x"};
    for (const char* path : paths) {
      SCOPED_TRACE(path);
      const bool is_link = std::string_view(path) == "link";
      EXPECT_EQ(g.open_read(3, path), Errno::notcapable);
      EXPECT_EQ(g.open(3, path, kOpenCreate),
                std::string_view(path).ends_with('/') && mode == boundary::ResolveMode::openat2
                    ? static_cast<Errno>(g.result)
                    : Errno::notcapable);
      EXPECT_NE(g.result, 0u);
      EXPECT_EQ(g.open(3, path, kOpenTruncate), Errno::notcapable);
      EXPECT_EQ(g.stat(3, path), Errno::notcapable);
      EXPECT_EQ(g.set_times(3, path, 1, 1, kSetMtime, 1), Errno::notcapable);
      if (is_link) continue;  // operations on the link itself are the guest's right
      EXPECT_NE(g.stat(3, path, 0), Errno::success);
      EXPECT_NE(g.on_path("path_create_directory", 3, path), Errno::success);
      EXPECT_NE(g.on_path("path_unlink_file", 3, path), Errno::success);
      EXPECT_NE(g.on_path("path_remove_directory", 3, path), Errno::success);
      EXPECT_NE(g.rename(3, path, 3, "stolen"), Errno::success);
      EXPECT_NE(g.rename(3, "file", 3, path), Errno::success);
      EXPECT_NE(g.link(3, path, 3, "stolen"), Errno::success);
      EXPECT_NE(g.link(3, "file", 3, path), Errno::success);
      EXPECT_NE(g.symlink("file", 3, path), Errno::success);
    }
    EXPECT_EQ(outside.contents("secret"), "secret");
    EXPECT_TRUE(std::filesystem::is_empty(outside.path() / "victim"));
    EXPECT_EQ(outside.contents("mount/file"), "x");
    // Names that only look bad.
    EXPECT_EQ(g.open(3, "...", kOpenCreate), Errno::success);
    EXPECT_EQ(g.open(3, "..a", kOpenCreate), Errno::success);
    EXPECT_EQ(g.open(3, "a\nb", kOpenCreate), Errno::success);
    EXPECT_EQ(g.open_read(3, std::string_view("file\0", 5)), Errno::inval);
    EXPECT_EQ(g.open_read(3, "\xc0\xaf"), Errno::ilseq);
    EXPECT_EQ(g.open_read(3, ""), Errno::noent);
    EXPECT_EQ(g.open_read(3, std::string(4096, 'a')), Errno::nametoolong);
    EXPECT_EQ(g.open_read(3, std::string(4095, 'a')), Errno::nametoolong);
    EXPECT_EQ(g("path_open", {3, 0, g.size() - 2, 3, 0, 0, 0, 0, kResult}), Errno::fault);
    EXPECT_EQ(g("path_open", {3, 0, 0, 0xffffffff, 0, 0, 0, 0, kResult}), Errno::fault);
  }
}

TEST(WasiAttack, HardLinksOfLinksStayLinks) {
  test::ScratchDir outside;
  outside.dir("mount");
  outside.file("secret", "secret");
  outside.link("../secret", "mount/link");
  WasiGuest g;
  Config config;
  config.grants.mounts = {{outside / "mount", "/", kReadWrite}};
  g.start(std::move(config));
  EXPECT_EQ(g.link(3, "link", 3, "copy"), Errno::success);
  EXPECT_EQ(g.open_read(3, "copy"), Errno::notcapable);
  EXPECT_EQ(g.rename(3, "link", 3, "moved"), Errno::success);
  EXPECT_EQ(g.open_read(3, "moved"), Errno::notcapable);
  EXPECT_EQ(outside.contents("secret"), "secret");
}

TEST(WasiAttack, RelativeLinksAreCheckedWhereTheyGo) {
  test::ScratchDir outside;
  outside.dir("mount");
  outside.dir("mount/a");
  outside.dir("mount/b");
  outside.file("file", "outside");
  outside.file("mount/file", "inside");
  WasiGuest g;
  Config config;
  config.grants.mounts = {{outside / "mount", "/m", kReadWrite}};
  g.start(std::move(config));
  ASSERT_EQ(g.symlink("../file", 3, "a/link"), Errno::success);
  EXPECT_EQ(g.rename(3, "a/link", 3, "link"), Errno::notcapable);
  EXPECT_EQ(g.link(3, "a/link", 3, "link"), Errno::notcapable);
  ASSERT_FALSE(g.denials().empty());
  EXPECT_EQ(g.denials().back().rule, "link-escape");
  EXPECT_EQ(g.stat(3, "link", 0), Errno::noent) << "nothing was made";
  EXPECT_EQ(g.rename(3, "a/link", 3, "b/link"), Errno::success);
  EXPECT_EQ(g.open_read(3, "b/link"), Errno::success);
  // A directory takes its links along unchecked; they are not followed.
  EXPECT_EQ(g.on_path("path_create_directory", 3, "a/deep"), Errno::success);
  ASSERT_EQ(g.symlink("../../file", 3, "a/deep/link"), Errno::success);
  EXPECT_EQ(g.rename(3, "a/deep", 3, "deep"), Errno::success);
  EXPECT_EQ(g.open_read(3, "deep/link"), Errno::notcapable);
}

TEST(WasiAttack, HandlesAreNotConfused) {
  test::ScratchDir scratch;
  scratch.file("file", "contents");
  WasiGuest g;
  boundary::CaptureSink out(100, 0);
  Config config;
  config.stdout_ = &out;
  config.grants.mounts = {{scratch.path(), "/", kReadOnly}};
  g.start(std::move(config));
  ASSERT_EQ(g.open_read(3, "file"), Errno::success);
  const u32 fd = g.fd;
  // Renumbering a read-only file over standard output does not make it writable, nor the other way round.
  EXPECT_EQ(g("fd_renumber", {fd, 1}), Errno::success);
  EXPECT_EQ(g.write(1, "x"), Errno::notcapable);
  EXPECT_EQ(g.write(fd, "x"), Errno::badf);
  EXPECT_EQ(g("fd_renumber", {fd, 1}), Errno::badf);
  EXPECT_EQ(g("fd_renumber", {1, 0xffffffff}), Errno::badf);
  EXPECT_EQ(g("fd_renumber", {1, 1}), Errno::success);
  std::string text;
  EXPECT_EQ(g.read(1, &text), Errno::success);
  EXPECT_EQ(text, "contents");
  // A closed number is reused by the next open, with that file's rights and offset.
  EXPECT_EQ(g("fd_close", {1}), Errno::success);
  EXPECT_EQ(g("fd_close", {1}), Errno::badf);
  ASSERT_EQ(g.open_read(3, "file"), Errno::success);
  EXPECT_EQ(g.fd, 1u);
  EXPECT_EQ(g.read(1, &text), Errno::success);
  EXPECT_EQ(text, "contents");
  EXPECT_EQ(scratch.contents("file"), "contents");
  // Closing everything leaves a guest with nothing, and nothing breaks.
  for (u32 i = 0; i < 10; ++i) g("fd_close", {i});
  EXPECT_EQ(g.open_read(3, "file"), Errno::badf);
  EXPECT_EQ(g.session->handles().open_count(), 0u);
}

TEST(WasiAttack, RecordsStayBounded) {
  WasiGuest g;
  g.start({});
  for (u32 i = 0; i < 5'000; ++i) {
    const std::string name = std::to_string(i) + std::string(3000, 'x');
    EXPECT_EQ(g.open_read(3, name), Errno::notcapable);
    EXPECT_EQ(g.stat(3, name), Errno::noent);
  }
  EXPECT_EQ(g.denials().size(), boundary::DenialLog::kMaxEntries);
  EXPECT_EQ(g.session->denials().total_denials(), 5'000u);
  EXPECT_EQ(g.session->denials().total_probes(), 5'000u);
  for (const auto& d : g.denials()) EXPECT_LE(d.resource.size(), boundary::DenialLog::kMaxText + 3);
}

TEST(WasiAttack, StructsAreZeroFilled) {
  test::ScratchDir scratch;
  scratch.file("file", "x");
  WasiGuest g;
  Config config;
  config.grants.mounts = {{scratch.path(), "/", kReadWrite}};
  g.start(std::move(config));
  g.put(kResult, std::string(64, '\xff'));
  EXPECT_EQ(g.stat(3, "file"), Errno::success);
  for (u32 i = 17; i < 24; ++i) EXPECT_EQ(g.get<u8>(kResult + i), 0) << "filestat byte " << i;
  g.put(kResult, std::string(64, '\xff'));
  EXPECT_EQ(g("fd_fdstat_get", {3, kResult}), Errno::success);
  EXPECT_EQ(g.get<u8>(kResult + 1), 0);
  EXPECT_EQ(g.u32_at(kResult + 4), 0u);
  g.put(kResult, std::string(64, '\xff'));
  EXPECT_EQ(g("fd_prestat_get", {3, kResult}), Errno::success);
  EXPECT_EQ(g.u32_at(kResult), 0u);
  g.put(WasiGuest::kData, std::string(64, '\xff'));
  EXPECT_EQ(g("fd_readdir", {3, WasiGuest::kData, 64, 0, kResult}), Errno::success);
  for (u32 i = 21; i < 24; ++i) EXPECT_EQ(g.get<u8>(WasiGuest::kData + i), 0) << "dirent byte " << i;
}

TEST(WasiAttack, OverlappingAndOddlyPlacedBuffers) {
  test::ScratchDir scratch;
  scratch.file("file", "0123456789");
  WasiGuest g;
  Config config;
  config.grants.mounts = {{scratch.path(), "/", kReadWrite}};
  g.start(std::move(config));
  ASSERT_EQ(g.open(3, "file"), Errno::success);
  // The buffers cover the array of buffers itself, and each other; the array was copied before.
  g.set<u32>(1001, 1000);
  g.set<u32>(1005, 8);
  g.set<u32>(1009, 1004);
  g.set<u32>(1013, 8);
  EXPECT_EQ(g("fd_read", {g.fd, 1001, 2, 2003}), Errno::success);
  EXPECT_EQ(g.u32_at(2003), 10u);
  EXPECT_EQ(g.text(1000, 6), "012389");
  // The result lies inside the buffer: the number wins, as it is written last.
  EXPECT_EQ(g("fd_seek", {g.fd, 0, 0, kResult}), Errno::success);
  g.set<u32>(1000, 3000);
  g.set<u32>(1004, 10);
  EXPECT_EQ(g("fd_read", {g.fd, 1000, 1, 3000}), Errno::success);
  EXPECT_EQ(g.u32_at(3000), 10u);
}

// A racing thread swaps a directory of the mount with a link that leads out while the guest works through it.
TEST(WasiAttack, RacingSwapsDoNotLeadOut) {
  for (const auto mode : {boundary::ResolveMode::openat2, boundary::ResolveMode::walk}) {
    test::ScratchDir outside;
    outside.dir("mount/swap");
    outside.dir("victim");
    outside.file("victim/file", "secret");
    outside.link("../victim", "mount/other");
    WasiGuest g;
    Config config;
    config.resolve = mode;
    config.grants.mounts = {{outside / "mount", "/", kReadWrite}};
    g.start(std::move(config));
    std::atomic<bool> stop{false};
    std::thread swapper([&] {
      const std::string a = outside / "mount/swap", b = outside / "mount/other";
      while (!stop) ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
    });
    for (int i = 0; i < 3'000; ++i) {
      if (g.open(3, "swap/made", kOpenCreate) == Errno::success) {
        g.write(g.fd, "x");
        g("fd_close", {g.fd});
      }
      g.on_path("path_create_directory", 3, "swap/dir");
      g.rename(3, "swap/made", 3, "swap/renamed");
      g.on_path("path_unlink_file", 3, "swap/file");
      g.on_path("path_unlink_file", 3, "swap/renamed");
      g.on_path("path_remove_directory", 3, "swap/dir");
      g.set_times(3, "swap/file", 1, 1, kSetMtime, 1);
      std::string text;
      if (g.open_read(3, "swap/file") == Errno::success) {
        g.read(g.fd, &text);
        g("fd_close", {g.fd});
        ASSERT_NE(text, "secret");
      }
    }
    stop = true;
    swapper.join();
    EXPECT_EQ(outside.contents("victim/file"), "secret");
    usize entries = 0;
    for ([[maybe_unused]] const auto& e : std::filesystem::directory_iterator(outside.path() / "victim")) ++entries;
    EXPECT_EQ(entries, 1u);
    struct stat st{};
    ASSERT_EQ(::stat((outside / "victim/file").c_str(), &st), 0);
    EXPECT_GT(st.st_mtim.tv_sec, 1);
  }
}

}  // namespace
}  // namespace dewar::wasi_p1
