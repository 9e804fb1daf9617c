// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fuel of host calls whose work is not told by the bytes they move: paths, links, listings, subscriptions, rules. It is
// the same in a folder of the host and in one in memory, and what it costs bounds what it takes.
#include "wasi_fixture.h"

namespace dewar::wasi_p1 {
namespace {

using boundary::kLinkWork;
using boundary::kReadWrite;
using boundary::ResolveMode;
constexpr u32 kResult = WasiGuest::kResult;
constexpr u32 kHost = 3, kMemory = 5;  // 4 is the root

class WasiWork : public ::testing::TestWithParam<ResolveMode> {
 protected:
  WasiWork() {
    Config config;
    config.resolve = GetParam();
    config.grants.mounts = {{dir.path(), "/host", kReadWrite}};
    config.grants.memory = {{"/mem", u64{16} << 20}};
    start(std::move(config));
  }
  void start(Config config) {
    g.start(std::move(config));
    g.stack->fuel = kFuel;
  }
  // Fuel of a call in one of the folders.
  template <class Call>
  u64 cost(Call&& call) {
    const i64 before = g.stack->fuel;
    const u64 surcharge = g.stack->bulk_surcharge;
    call();
    const u64 used = static_cast<u64>(before - g.stack->fuel);
    EXPECT_EQ(g.stack->bulk_surcharge - surcharge, used) << "it is bulk work, no instructions";
    return used;
  }
  // The same in both.
  template <class Call>
  u64 both(Call&& call) {
    const u64 host = cost([&] { call(kHost); }), memory = cost([&] { call(kMemory); });
    EXPECT_EQ(host, memory);
    return host;
  }
  static constexpr i64 kFuel = i64{1} << 40;
  test::ScratchDir dir = test::ScratchDir::in_memory();
  WasiGuest g;
};

std::string repeated(std::string_view text, usize n) {
  std::string out;
  for (usize i = 0; i < n; ++i) out += text;
  return out;
}

TEST_P(WasiWork, PathsCostTheirComponents) {
  EXPECT_EQ(both([&](u32 d) { g.stat(d, "x"); }), 1u);
  EXPECT_EQ(both([&](u32 d) { g.stat(d, "a/b/c"); }), 3u);
  EXPECT_EQ(both([&](u32 d) { g.stat(d, repeated("a/", 2000)); }), 2001u);
  EXPECT_EQ(both([&](u32 d) { g.open_read(d, repeated("./", 2000) + "x"); }), 2001u);
  EXPECT_EQ(both([&](u32 d) { g.stat(d, std::string(4000, '/')); }), 4001u) << "refused, but looked at";
  EXPECT_EQ(both([&](u32 d) { g.on_path("path_create_directory", d, "d"); }), 1u);
  EXPECT_EQ(both([&](u32 d) { g.rename(d, "d", d, "./e"); }), 3u);
  EXPECT_EQ(both([&](u32 d) { g.symlink(repeated("./", 1000) + "e", d, "l"); }), 1002u);
  EXPECT_EQ(cost([&] { g("fd_tell", {1, kResult}); }), 0u);
}

TEST_P(WasiWork, LinksCostTheMostThatTheyMayTake) {
  for (const u32 d : {kHost, kMemory}) {
    for (int i = 0; i < 38; ++i) {
      const std::string name = "n" + std::string(1, static_cast<char>('A' + i));
      ASSERT_EQ(g.symlink(repeated("./", 2040) + "n" + static_cast<char>('B' + i), d, name), Errno::success);
    }
    ASSERT_EQ(g.symlink("dir", d, "todir"), Errno::success);
    ASSERT_EQ(g.on_path("path_create_directory", d, "dir"), Errno::success);
  }
  EXPECT_EQ(both([&](u32 d) { EXPECT_EQ(g.stat(d, "nA"), Errno::noent); }), kLinkWork + 1);
  EXPECT_EQ(both([&](u32 d) { EXPECT_EQ(g.stat(d, "nA", 0), Errno::success); }), 1u) << "not followed";
  EXPECT_EQ(both([&](u32 d) { EXPECT_EQ(g.open_read(d, "todir"), Errno::success); }), kLinkWork + 1);
  EXPECT_EQ(both([&](u32 d) { EXPECT_EQ(g.open(d, "todir", 0, rights::kFdRead, 0, 0), Errno::loop); }), 1u);
  EXPECT_EQ(both([&](u32 d) { EXPECT_EQ(g.on_path("path_create_directory", d, "todir/x"), Errno::success); }),
            kLinkWork + 2);
  EXPECT_EQ(both([&](u32 d) { EXPECT_EQ(g.open(d, "dir/f", kOpenCreate), Errno::success); }), 2u);
  EXPECT_EQ(both([&](u32 d) { EXPECT_EQ(g.open(d, "dir/f", kOpenCreate), Errno::success); }), 2u);
  EXPECT_EQ(both([&](u32 d) { EXPECT_EQ(g.open(d, "todir/n", kOpenCreate), Errno::success); }), 2 * kLinkWork + 2)
      << "looked for, then made";
}

TEST_P(WasiWork, ListingsCostTheirEntries) {
  const auto read = [&](u32 d, u64 cookie, u32 size) {
    EXPECT_EQ(g("fd_readdir", {d, WasiGuest::kData, size, cookie, kResult}), Errno::success);
  };
  for (int i = 0; i < 100; ++i) {
    const std::string name = std::to_string(i) + std::string(200, 'n');
    for (const u32 d : {kHost, kMemory}) ASSERT_EQ(g.on_path("path_create_directory", d, name), Errno::success);
  }
  EXPECT_EQ(both([&](u32 d) { read(d, 0, 16); }), 100u + 20190 / 4096 + 1) << "a snapshot, and the one that is given";
  EXPECT_EQ(both([&](u32 d) { read(d, 0, 16); }), 100u + 20190 / 4096 + 1) << "and again";
  EXPECT_EQ(both([&](u32 d) { read(d, 1, 16); }), 1u);
  EXPECT_EQ(both([&](u32 d) { read(d, 0, 60000); }), 100u + 20190 / 4096 + 102 + 60000 / 4096);
  EXPECT_EQ(cost([&] { read(4, 0, 1000); }), 6u) << "the root has two, which are looked for, and itself";
}

TEST_P(WasiWork, ALargeFolderIsLeftWhenTheRunEnds) {
  for (int i = 0; i < 1500; ++i) dir.file(std::to_string(i));
  g.stack->interrupt(runtime::kInterruptKill);
  EXPECT_EQ(g.call(*g.bindings.at("fd_readdir"), {kHost, WasiGuest::kData, 100, 0, kResult}),
            runtime::HostStatus::trap);
  EXPECT_EQ(g.stack->trap.kind, runtime::TrapKind::interrupted);
  g.stack->clear_interrupt(runtime::kInterruptKill);
  EXPECT_EQ(g.list(kHost).size(), 1502u);
}

TEST_P(WasiWork, OthersCostWhatTheyLookAt) {
  g.clear();
  for (u32 i = 0; i < 300; ++i) {
    Snapshot1::Subscription s;
    s.type = kEventFdWrite;
    s.id = 1;
    g.set(WasiGuest::kData + i * u32{sizeof s}, s);
  }
  const u64 bytes = 300 * (sizeof(Snapshot1::Subscription) + sizeof(Event)) + 4;
  EXPECT_EQ(cost([&] { g("poll_oneoff", {WasiGuest::kData, 131072, 300, kResult}); }), 300 + bytes / 4096);
  Config config;
  config.resolve = GetParam();
  config.grants.mounts = {{dir.path(), "/host", kReadWrite}};
  for (int i = 0; i < 50; ++i) config.grants.denies.push_back({"/host/no" + std::to_string(i), "", kReadWrite, "test"});
  start(std::move(config));
  EXPECT_EQ(cost([&] { g.stat(kHost, "a/b/c"); }), 3u + 4 * 50 * 2) << "each rule, there and for the mount";
  EXPECT_EQ(cost([&] { g.stat(4, "a/b/c"); }), 3u);
  // Where the kernel says that the path leads is judged once more, and so is a handle that lacks a right.
  ASSERT_EQ(g.on_path("path_create_directory", kHost, "d"), Errno::success);
  EXPECT_EQ(cost([&] { EXPECT_EQ(g.stat(kHost, "d"), Errno::success); }), 1u + 2 * (2 * 50 * 2));
  ASSERT_EQ(g.open(kHost, "d", kOpenDirectory, rights::kFdReaddir, 0, 0), Errno::success);
  EXPECT_EQ(cost([&] { EXPECT_EQ(g("fd_filestat_set_times", {g.fd, 0, 0, 0}), Errno::notcapable); }), 2u * 50 * 2);
}

TEST_P(WasiWork, NoMoreIsPaidThanThereIs) {
  g.stack->fuel = 7;
  const u64 surcharge = g.stack->bulk_surcharge;
  g.stat(kHost, repeated("a/", 100));
  EXPECT_EQ(g.stack->fuel, 0);
  EXPECT_EQ(g.stack->bulk_surcharge - surcharge, 7u);
}

INSTANTIATE_TEST_SUITE_P(Resolvers, WasiWork, ::testing::Values(ResolveMode::openat2, ResolveMode::walk),
                         [](const auto& p) { return p.param == ResolveMode::openat2 ? "openat2" : "walk"; });

}  // namespace
}  // namespace dewar::wasi_p1
