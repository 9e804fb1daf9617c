// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is no data: file systems that show processes and the kernel are refused as mounts and wherever a path arrives in
// one, and a fifo or socket is refused without being opened.
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "boundary/special_fs.h"
#include "wasi_fixture.h"

namespace dewar::wasi_p1 {
namespace {

using boundary::kReadOnly;
using boundary::kReadWrite;
using boundary::ResolveMode;

class WasiSpecial : public ::testing::TestWithParam<ResolveMode> {
 protected:
  WasiSpecial() {
    if (::access("/proc/self/fd", X_OK) != 0) no_proc = true;
  }
  Config of(std::string host, boundary::Rights rights = kReadWrite) {
    Config config;
    config.resolve = GetParam();
    config.grants.mounts = {{std::move(host), "/", rights}};
    return config;
  }
  test::ScratchDir dir;
  bool no_proc = false;
};

TEST_P(WasiSpecial, ProcfsIsRefusedWhereAPathArrivesThere) {
  if (no_proc) GTEST_SKIP() << "no /proc";
  WasiGuest g;
  g.start(of("/"));
  const std::string self = "proc/" + std::to_string(::getpid()) + "/";
  for (const std::string& path : {self + "environ", self + "maps", self + "mem", self + "../self/status",
                                  std::string("proc/self/environ"), std::string("proc/uptime")}) {
    EXPECT_EQ(g.open_read(3, path), Errno::notcapable) << path;
    EXPECT_EQ(g.open(3, path), Errno::notcapable) << path;
    EXPECT_EQ(g.stat(3, path), Errno::notcapable) << path;
    EXPECT_EQ(g.set_times(3, path, 1, 1, kSetMtime), Errno::notcapable) << path;
    EXPECT_EQ(g.on_path("path_unlink_file", 3, path), Errno::notcapable) << path;
  }
  for (const char* path : {"proc", "proc/self/", "proc/self/task"}) {
    EXPECT_EQ(g.open_read(3, path, kOpenDirectory), Errno::notcapable) << path;
  }
  // The link itself is in procfs, too.
  EXPECT_EQ(g.stat(3, "proc/self", 0), Errno::notcapable);
  EXPECT_EQ(g("path_readlink", {3, WasiGuest::kPath, g.path("proc/self"), 1000, 10, WasiGuest::kResult}),
            Errno::notcapable);
  ASSERT_FALSE(g.denials().empty());
  for (const auto& d : g.denials()) EXPECT_EQ(d.rule, std::string("special-file")) << d.resource;
  EXPECT_EQ(g.denials().front().resource, "/" + self + "environ");
}

TEST_P(WasiSpecial, OtherMountsOfTheHostAreNot) {
  const test::ScratchDir other = test::ScratchDir::in_memory();
  other.file("f", "data");
  WasiGuest g;
  g.start(of("/", kReadOnly));
  std::string text;
  ASSERT_EQ(g.open_read(3, other.path().string().substr(1) + "/f"), Errno::success);
  EXPECT_EQ(g.read(g.fd, &text), Errno::success);
  EXPECT_EQ(text, "data");
  EXPECT_EQ(g.open_read(3, other.path().string().substr(1), kOpenDirectory), Errno::success);
}

TEST_P(WasiSpecial, SuchGrantsAreRefused) {
  if (no_proc) GTEST_SKIP() << "no /proc";
  for (const char* path : {"/proc", "/proc/self", "/proc/self/environ", "/proc/self/mem", "/sys"}) {
    if (::access(path, F_OK) != 0) continue;
    Config config;
    config.resolve = GetParam();
    config.grants.mounts = {{path, "/p", kReadOnly}};
    auto made = Session::create(std::move(config));
    ASSERT_FALSE(made) << path;
    EXPECT_STREQ(made.error().code, "grant-special-fs") << path;
  }
  boundary::UniqueFd proc(::open("/proc/self", O_PATH | O_CLOEXEC)),
      plain(::open(dir.path().c_str(), O_PATH | O_CLOEXEC));
  EXPECT_TRUE(boundary::on_special_fs(proc.get()));
  EXPECT_FALSE(boundary::on_special_fs(plain.get()));
  EXPECT_TRUE(boundary::on_special_fs(-1)) << "what cannot be asked";
}

TEST_P(WasiSpecial, RefusalsComeBeforeTheOpening) {
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  dir.link("fifo", "link");
  const boundary::UniqueFd server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  (dir / "socket").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  dir.file("plain", "x");
  for (const bool ruled : {false, true}) {
    WasiGuest g;
    Config config = of(dir.path());
    if (ruled) config.grants.denies = {{"/elsewhere/**", "", kReadWrite, "test"}};
    g.start(std::move(config));
    // The kernel tells watchers of every opening, but not of O_PATH.
    const boundary::UniqueFd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    ASSERT_GE(::inotify_add_watch(watch.get(), dir.path().c_str(), IN_OPEN), 0);
    char events[4096];
    for (const char* name : {"fifo", "link", "socket"}) {
      for (const u32 oflags : {u32{0}, u32{kOpenCreate}, u32{kOpenTruncate}}) {
        EXPECT_EQ(g.open(3, name, oflags), Errno::notcapable) << name;
        EXPECT_EQ(g.open(3, name, oflags, rights::kFdWrite), Errno::notcapable) << name;
      }
      EXPECT_EQ(g.open_read(3, name), Errno::notcapable) << name;
      EXPECT_EQ(g.open_read(3, name, kOpenDirectory), Errno::notdir) << name;
    }
    EXPECT_EQ(::read(watch.get(), events, sizeof events), -1) << "something was opened";
    EXPECT_EQ(errno, EAGAIN);
    for (const auto& d : g.denials()) EXPECT_EQ(d.rule, std::string("special-file"));
    ASSERT_EQ(g.open(3, "plain"), Errno::success);
    EXPECT_GT(::read(watch.get(), events, sizeof events), 0) << "the watch sees openings";
  }
}

INSTANTIATE_TEST_SUITE_P(Resolvers, WasiSpecial,
                         ::testing::Values(ResolveMode::openat2, ResolveMode::walk, ResolveMode::bare),
                         [](const auto& p) {
                           return p.param == ResolveMode::openat2 ? "openat2"
                                  : p.param == ResolveMode::walk  ? "walk"
                                                                  : "bare";
                         });

}  // namespace
}  // namespace dewar::wasi_p1
