// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A folder of the host mounted at "/" does not reach the runtime's own names: /dewar and what is below it means the
// same whatever the host has there, for every operation, so that a driver's report and script are never the host's.
#include "wasi_fixture.h"

namespace dewar::wasi_p1 {
namespace {

using boundary::kReadOnly;
using boundary::kReadWrite;

class WasiReserved : public ::testing::TestWithParam<bool> {
 protected:
  Config config(boundary::Rights rights) {
    Config config;
    config.grants.mounts = {{dir.path(), "/", rights}};
    config.report = true;
    config.report_path = "/dewar/.report";
    config.interpreter = true;
    // With a file of the runtime's there, /dewar is a folder of ours; without one it is not there at all.
    if (GetParam()) config.grants.files = {{"/dewar/script", "ours"}};
    return config;
  }
  test::ScratchDir dir;
};

TEST_P(WasiReserved, TheReportIsTheRuntimesOwn) {
  for (const bool on_the_host : {false, true}) {
    if (on_the_host) dir.file("dewar/.report", "the host's");
    for (const boundary::Rights rights : {kReadWrite, kReadOnly}) {
      WasiGuest g;
      g.start(config(rights));
      g.session->begin_user_code();
      EXPECT_EQ(g.stat(3, "dewar/.report"), Errno::success);
      EXPECT_EQ(g.filestat().filetype, kTypeUnknown);
      ASSERT_EQ(g.open(3, "dewar/.report", kOpenCreate, rights::kFdWrite), Errno::success);
      EXPECT_EQ(g.write(g.fd, "a line\n"), Errno::success);
      EXPECT_EQ(g.session->report(), "a line\n");
      EXPECT_TRUE(g.denials().empty());
    }
  }
  EXPECT_EQ(dir.contents("dewar/.report"), "the host's");
}

TEST_P(WasiReserved, WhatTheHostHasThereIsNotSeen) {
  dir.file("dewar/secret", "host");
  dir.file("dewar/sub/file", "host");
  dir.file("dewarx", "another name");
  WasiGuest g;
  g.start(config(kReadWrite));
  g.session->begin_user_code();
  for (const char* path : {"dewar/secret", "dewar/sub/file", "dewar/sub", "./dewar//secret", "x/../dewar/secret"}) {
    EXPECT_EQ(g.open_read(3, path), Errno::noent) << path;
    EXPECT_EQ(g.stat(3, path), Errno::noent) << path;
    EXPECT_EQ(g.open(3, path), Errno::notcapable) << path;
    EXPECT_EQ(g.on_path("path_unlink_file", 3, path), Errno::notcapable) << path;
    EXPECT_EQ(g.on_path("path_create_directory", 3, std::string(path) + "n"), Errno::notcapable) << path;
    EXPECT_EQ(g.rename(3, path, 3, "taken"), Errno::notcapable) << path;
    EXPECT_EQ(g.rename(3, "dewarx", 3, path), Errno::notcapable) << path;
    EXPECT_EQ(g.link(3, "dewarx", 3, path), Errno::notcapable) << path;
    EXPECT_EQ(g.symlink("dewarx", 3, path), Errno::notcapable) << path;
    EXPECT_EQ(g.set_times(3, path, 0, 0, kSetAtimeNow), Errno::notcapable) << path;
  }
  const Errno folder = GetParam() ? Errno::busy : Errno::notcapable;
  EXPECT_EQ(g.rename(3, "dewar", 3, "taken"), folder);
  EXPECT_EQ(g.on_path("path_remove_directory", 3, "dewar"), folder);
  EXPECT_EQ(dir.contents("dewar/secret"), "host");
  EXPECT_EQ(g.stat(3, "dewarx"), Errno::success);
  const std::vector<std::string> names = g.list(3);
  EXPECT_EQ(std::ranges::count(names, "dewar"), GetParam() ? 1 : 0);
  EXPECT_EQ(std::ranges::count(names, "dewarx"), 1);
  if (!GetParam()) return;
  std::string text;
  ASSERT_EQ(g.open_read(3, "dewar/script"), Errno::success);
  EXPECT_EQ(g.read(g.fd, &text), Errno::success);
  EXPECT_EQ(text, "ours");
  ASSERT_EQ(g.open_read(3, "dewar", kOpenDirectory), Errno::success);
  EXPECT_EQ(g.list(g.fd), (std::vector<std::string>{".", "..", "script"}));
}

// Also as a file of the host, which a listing would otherwise show as one.
TEST_P(WasiReserved, AFileOfThatName) {
  dir.file("dewar", "a file");
  WasiGuest g;
  g.start(config(kReadWrite));
  g.session->begin_user_code();
  EXPECT_EQ(g.open(3, "dewar/.report", kOpenCreate, rights::kFdWrite), Errno::success);
  g.list(3);
  if (GetParam()) {
    EXPECT_EQ(g.types.at("dewar"), kTypeDirectory);
  } else {
    EXPECT_FALSE(g.types.contains("dewar"));
  }
  EXPECT_EQ(g.open(3, "dewar", kOpenTruncate), GetParam() ? Errno::isdir : Errno::notcapable);
  EXPECT_EQ(dir.contents("dewar"), "a file");
}

INSTANTIATE_TEST_SUITE_P(Folder, WasiReserved, ::testing::Bool());

}  // namespace
}  // namespace dewar::wasi_p1
