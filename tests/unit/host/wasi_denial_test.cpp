// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is refused, how it is recorded, and what is only a probe; the synthetic root; nested mounts; unknown names.
#include "runtime/instantiate.h"
#include "wasi_fixture.h"
#include "wasm/decoder.h"

namespace dewar::wasi_p1 {
namespace {

using boundary::kReadOnly;
using boundary::kReadWrite;
constexpr u32 kResult = WasiGuest::kResult;
constexpr u32 kRoot = 3;  // the synthetic root, where nothing is mounted

std::string line(const boundary::Denial& d) {
  return d.operation + " " + d.resource + " [" + d.rule + (d.missing.empty() ? "" : " " + d.missing) + "] " +
         d.guest_saw + " x" + std::to_string(d.count) + (d.host_path.empty() ? "" : " <" + d.host_path + ">");
}

TEST(WasiDenial, EveryPathReachesTheBoundary) {
  WasiGuest g;
  g.start({});
  EXPECT_EQ(g.open_read(kRoot, "etc/passwd"), Errno::notcapable);
  EXPECT_EQ(g.open_read(kRoot, "etc/passwd"), Errno::notcapable);
  EXPECT_EQ(g.open(kRoot, "tmp/x", kOpenCreate), Errno::notcapable);
  EXPECT_EQ(g.open_read(kRoot, "home", kOpenDirectory), Errno::notcapable);
  EXPECT_EQ(g.open_read(kRoot, "top"), Errno::notcapable);
  EXPECT_EQ(g.open_read(kRoot, "../etc"), Errno::notcapable);
  EXPECT_EQ(g.open_read(kRoot, "/etc"), Errno::notcapable);
  EXPECT_EQ(g.on_path("path_create_directory", kRoot, "d"), Errno::notcapable);
  EXPECT_EQ(g.on_path("path_unlink_file", kRoot, "etc/passwd"), Errno::notcapable);
  EXPECT_EQ(g.rename(kRoot, "a", kRoot, "b"), Errno::notcapable);
  EXPECT_EQ(g.symlink("x", kRoot, "l"), Errno::notcapable);
  std::vector<std::string> lines;
  for (const auto& d : g.denials()) lines.push_back(line(d));
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "path_open /etc/passwd [not-mounted read] ENOTCAPABLE x2",
                       "path_open /tmp/x [not-mounted read,write,create] ENOTCAPABLE x1",
                       "path_open /home [not-mounted read] ENOTCAPABLE x1",
                       "path_open /top [not-mounted read] ENOTCAPABLE x1",
                       "path_open /../etc [path-escape] ENOTCAPABLE x1",
                       "path_open /etc [absolute-path] ENOTCAPABLE x1",
                       "path_create_directory /d [not-mounted create] ENOTCAPABLE x1",
                       "path_unlink_file /etc/passwd [not-mounted delete] ENOTCAPABLE x1",
                       "path_rename /a [not-mounted delete] ENOTCAPABLE x1",
                       "path_rename /b [not-mounted create] ENOTCAPABLE x1",
                       "path_symlink /l [not-mounted create] ENOTCAPABLE x1",
                   }));
  EXPECT_TRUE(g.probes().empty());
}

TEST(WasiDenial, LookingIsAProbe) {
  WasiGuest g;
  g.start({});
  EXPECT_EQ(g.stat(kRoot, "etc/passwd"), Errno::noent);
  EXPECT_EQ(g.stat(kRoot, "etc/passwd"), Errno::noent);
  EXPECT_EQ(g.stat(kRoot, "usr"), Errno::noent);
  EXPECT_EQ(g("path_readlink", {kRoot, WasiGuest::kPath, g.path("usr"), 1000, 10, kResult}), Errno::noent);
  EXPECT_TRUE(g.denials().empty());
  ASSERT_EQ(g.probes().size(), 2u);
  EXPECT_EQ(g.probes()[0].path, "/etc/passwd");
  EXPECT_EQ(g.probes()[0].count, 2u);
  EXPECT_EQ(g.probes()[1].count, 2u);
  EXPECT_EQ(g.session->denials().total_probes(), 4u);
}

TEST(WasiDenial, AnInterpretersStartIsProbes) {
  for (int how = 0; how < 3; ++how) {
    WasiGuest g;
    Config config;
    config.interpreter = true;
    config.report = true;
    config.user_script = "/app/main.py";
    config.grants.files = {{"/app/main.py", "print(1)"}};
    g.start(std::move(config));
    EXPECT_TRUE(g.session->starting_up());
    EXPECT_EQ(g.open_read(kRoot, "pyvenv.cfg"), Errno::noent);
    EXPECT_EQ(g.open_read(kRoot, "usr/lib/python", kOpenDirectory), Errno::noent);
    EXPECT_EQ(g.open(kRoot, "usr/lib/x.pyc", kOpenCreate), Errno::notcapable) << "writing is never a look-up";
    EXPECT_EQ(g.probes().size(), 2u);
    EXPECT_EQ(g.denials().size(), 1u);
    switch (how) {
      case 0: g.session->begin_user_code(); break;
      case 1: EXPECT_EQ(g.open_read(kRoot, "app/main.py"), Errno::success); break;
      default:
        EXPECT_EQ(g.write(*g.session->report_fd(), "{\"hello\""), Errno::success);
        EXPECT_TRUE(g.session->starting_up()) << "no whole line yet";
        EXPECT_EQ(g.write(*g.session->report_fd(), ":1}\n"), Errno::success);
    }
    EXPECT_FALSE(g.session->starting_up());
    EXPECT_EQ(g.open_read(kRoot, "etc/passwd"), Errno::notcapable);
    EXPECT_EQ(g.denials().size(), 2u);
  }
}

TEST(WasiDenial, LookingForSourcesThatAreNowhereIsAProbe) {
  WasiGuest g;
  Config config;
  config.library_paths = {"/build/python/"};
  g.start(std::move(config));
  // Decided by the place alone: no phase that a script could claim.
  EXPECT_EQ(g.open_read(kRoot, "build/python/lib/json.py"), Errno::noent);
  EXPECT_EQ(g.open_read(kRoot, "dewar/json.py"), Errno::noent) << "nothing can ever be granted there";
  EXPECT_TRUE(g.denials().empty());
  ASSERT_EQ(g.probes().size(), 2u);
  EXPECT_EQ(g.probes()[0].path, "/build/python/lib/json.py");
  EXPECT_EQ(g.probes()[0].operation, "path_open");
  EXPECT_EQ(g.probes()[1].path, "/dewar/json.py");
  // Everything else stays a denial: neighbours, ways out, and writing.
  EXPECT_EQ(g.open_read(kRoot, "build/python2/x"), Errno::notcapable);
  EXPECT_EQ(g.open_read(kRoot, "build/python/../../etc/passwd"), Errno::notcapable);
  EXPECT_EQ(g.open(kRoot, "build/python/x", kOpenCreate), Errno::notcapable);
  EXPECT_EQ(g.open(kRoot, "dewar/x", kOpenCreate), Errno::notcapable);
  std::vector<std::string> lines;
  for (const auto& d : g.denials()) lines.push_back(line(d));
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "path_open /build/python2/x [not-mounted read] ENOTCAPABLE x1",
                       "path_open /etc/passwd [not-mounted read] ENOTCAPABLE x1",
                       "path_open /build/python/x [not-mounted read,write,create] ENOTCAPABLE x1",
                       "path_open /dewar/x [not-mounted read,write,create] ENOTCAPABLE x1",
                   }));
  EXPECT_EQ(g.probes().size(), 2u);
}

TEST(WasiDenial, ResourcesAreGuestPaths) {
  test::ScratchDir scratch;
  scratch.dir("sub");
  WasiGuest g;
  Config config;
  config.grants.mounts = {{scratch.path(), "/data", kReadWrite}};
  g.start(std::move(config));
  constexpr u32 kData = 3;
  ASSERT_EQ(g.open_read(kData, "sub", kOpenDirectory), Errno::success);
  const u32 sub = g.fd;
  EXPECT_EQ(g.open_read(kData, "../etc/passwd"), Errno::notcapable);
  EXPECT_EQ(g.open_read(sub, "../../x"), Errno::notcapable);
  EXPECT_EQ(g.symlink("../../x", kData, "sub/l"), Errno::notcapable);
  EXPECT_EQ(g.open_read(4, "../x"), Errno::notcapable);
  std::vector<std::string> resources;
  for (const auto& d : g.denials()) resources.push_back(d.resource);
  EXPECT_EQ(resources,
            (std::vector<std::string>{"/data/../etc/passwd", "/data/sub/../../x", "/data/sub/l -> ../../x", "/../x"}));
}

TEST(WasiDenial, SyntheticDirectoriesLeadToMounts) {
  test::ScratchDir scratch;
  scratch.file("in", "inside");
  WasiGuest g;
  Config config;
  config.grants.mounts = {{scratch.path(), "/data/deep/one", kReadOnly}, {scratch.path(), "/data/two", kReadWrite}};
  config.grants.files = {{"/readme", "text"}};
  g.start(std::move(config));
  constexpr u32 kSynthetic = 5;
  EXPECT_EQ(g.list(kSynthetic), (std::vector<std::string>{".", "..", "data", "readme"}));
  EXPECT_EQ(g.types["readme"], kTypeRegularFile);
  ASSERT_EQ(g.stat(kSynthetic, "data"), Errno::success);
  EXPECT_EQ(g.filestat().filetype, kTypeDirectory);
  EXPECT_EQ(g.filestat().inode, g.inodes["data"]);
  ASSERT_EQ(g.open_read(kSynthetic, "data/", kOpenDirectory), Errno::success);
  const u32 data = g.fd;
  EXPECT_EQ(g.list(data), (std::vector<std::string>{".", "..", "deep", "two"}));
  EXPECT_EQ(g.stat(data, "two"), Errno::success);
  EXPECT_EQ(g.filestat().inode, g.inodes["two"]);
  std::string text;
  ASSERT_EQ(g.open_read(data, "deep/one/in"), Errno::success);
  EXPECT_EQ(g.read(g.fd, &text), Errno::success);
  EXPECT_EQ(text, "inside");
  ASSERT_EQ(g.open_read(kSynthetic, "readme"), Errno::success);
  EXPECT_EQ(g.read(g.fd, &text), Errno::success);
  EXPECT_EQ(text, "text");
  EXPECT_EQ(g.open(kSynthetic, "readme"), Errno::notcapable) << "read-only";
  EXPECT_EQ(g.open_read(kSynthetic, "readme/"), Errno::notdir);
  EXPECT_EQ(g.open_read(kSynthetic, "readme", kOpenDirectory), Errno::notdir);
  EXPECT_EQ(g.open(data, "two/new", kOpenCreate), Errno::success);
  EXPECT_EQ(g.open(data, "deep/one/new", kOpenCreate), Errno::notcapable);
  EXPECT_EQ(g.open_read(data, ".."), Errno::notcapable) << "a handle leads down only";
  // Ours stay as they are.
  EXPECT_EQ(g.open(kSynthetic, "data"), Errno::isdir);
  EXPECT_EQ(g.on_path("path_create_directory", kSynthetic, "data"), Errno::exist);
  EXPECT_EQ(g.on_path("path_remove_directory", kSynthetic, "data"), Errno::busy);
  EXPECT_EQ(g.on_path("path_remove_directory", kSynthetic, "data/two"), Errno::busy);
  EXPECT_EQ(g.on_path("path_unlink_file", kSynthetic, "readme"), Errno::notcapable);
  EXPECT_EQ(g.rename(kSynthetic, "data/two", kSynthetic, "data/two/x"), Errno::busy);
  EXPECT_EQ(g.rename(kSynthetic, "data", kSynthetic, "data/two/x"), Errno::busy);
  EXPECT_EQ(g.rename(kSynthetic, "data/two/in", kSynthetic, "data"), Errno::busy);
}

TEST(WasiDenial, MountsNest) {
  test::ScratchDir outer, inner;
  outer.file("file", "outer");
  outer.file("sub/hidden", "outer's");
  outer.dir("sub/deep");
  inner.file("file", "inner");
  WasiGuest g;
  Config config;
  config.grants.mounts = {
      {outer.path(), "/", kReadWrite}, {inner.path(), "/sub", kReadOnly}, {inner.path(), "/not/on/host", kReadWrite}};
  g.start(std::move(config));
  std::string text;
  ASSERT_EQ(g.open_read(kRoot, "sub/file"), Errno::success);
  EXPECT_EQ(g.read(g.fd, &text), Errno::success);
  EXPECT_EQ(text, "inner");
  EXPECT_EQ(g.open_read(kRoot, "sub/hidden"), Errno::noent);
  EXPECT_EQ(g.open(kRoot, "sub/new", kOpenCreate), Errno::notcapable);
  ASSERT_EQ(g.open(kRoot, "not/on/host/new", kOpenCreate), Errno::success) << "rights are those of the inner mount";
  EXPECT_EQ(g.write(g.fd, "x"), Errno::success);
  EXPECT_EQ(inner.contents("new"), "x");
  EXPECT_EQ(g.list(kRoot), (std::vector<std::string>{".", "..", "file", "not", "sub"}));
  ASSERT_EQ(g.open_read(kRoot, "not", kOpenDirectory), Errno::success);
  EXPECT_EQ(g.list(g.fd), (std::vector<std::string>{".", "..", "on"}));
  EXPECT_EQ(g.stat(kRoot, "not/on"), Errno::success);
  EXPECT_EQ(g.filestat().filetype, kTypeDirectory);
  for (const char* name : {"sub", "not", "not/on", "not/on/host"}) {
    EXPECT_EQ(g.rename(kRoot, name, kRoot, "elsewhere"), std::string(name) == "sub"           ? Errno::notcapable
                                                         : std::string(name) == "not/on/host" ? Errno::xdev
                                                                                              : Errno::busy)
        << name;
  }
  EXPECT_EQ(g.on_path("path_remove_directory", kRoot, "not/on"), Errno::busy);
  EXPECT_EQ(g.link(kRoot, "file", kRoot, "not/on/host/l"), Errno::xdev);
  EXPECT_EQ(g.rename(kRoot, "file", kRoot, "not/on/host/l"), Errno::xdev);
}

TEST(WasiDenial, MissingRightsNameTheMount) {
  test::ScratchDir scratch;
  scratch.file("file", "x");
  WasiGuest g;
  Config config;
  config.grants.mounts = {{scratch.path(), "/data", kReadOnly}};
  g.start(std::move(config));
  const std::string host = " <" + scratch.path().string();
  EXPECT_EQ(g.open(4, "data/file"), Errno::notcapable);
  EXPECT_EQ(g.open(3, "new", kOpenCreate, rights::kFdRead), Errno::notcapable);
  EXPECT_EQ(g.open(3, "file", kOpenTruncate, rights::kFdRead), Errno::notcapable);
  EXPECT_EQ(g.on_path("path_unlink_file", 3, "file"), Errno::notcapable);
  EXPECT_EQ(g.set_times(3, "file", 0, 0, kSetMtimeNow), Errno::notcapable);
  ASSERT_EQ(g.open_read(3, "file"), Errno::success);
  EXPECT_EQ(g.write(g.fd, "x"), Errno::notcapable);
  EXPECT_EQ(g("fd_filestat_set_size", {g.fd, 0}), Errno::notcapable);
  std::vector<std::string> lines;
  for (const auto& d : g.denials()) lines.push_back(line(d));
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "path_open /data/file [mount-lacks-right write] ENOTCAPABLE x2" + host + "/file>",
                       "path_open /data/new [mount-lacks-right create] ENOTCAPABLE x1" + host + "/new>",
                       "path_unlink_file /data/file [mount-lacks-right delete] ENOTCAPABLE x1" + host + "/file>",
                       "path_filestat_set_times /data/file [mount-lacks-right write] ENOTCAPABLE x1" + host + "/file>",
                       "fd_write /data/file [mount-lacks-right write] ENOTCAPABLE x1" + host + "/file>",
                       "fd_filestat_set_size /data/file [mount-lacks-right write] ENOTCAPABLE x1" + host + "/file>",
                   }));
  EXPECT_EQ(scratch.contents("file"), "x");
}

TEST(WasiDenial, WhatADirectoryNeverDoesIsNoDenial) {
  test::ScratchDir scratch;
  WasiGuest g;
  Config config;
  config.grants.mounts = {{scratch.path(), "/data", boundary::kReadOnly}};
  g.start(std::move(config));
  EXPECT_EQ(g.write(3, "x"), Errno::isdir);
  EXPECT_EQ(g("fd_filestat_set_size", {3, 0}), Errno::isdir);
  EXPECT_TRUE(g.denials().empty()) << "no grant would let it be written";
}

TEST(WasiDenial, SocketsAreNotThere) {
  WasiGuest g;
  g.start({});
  EXPECT_EQ(g("sock_shutdown", {1, 0}), Errno::notsock);
  EXPECT_EQ(g("sock_recv", {0, 0, 0, 0, 0, 0}), Errno::notsock);
  EXPECT_EQ(g("sock_send", {1, 0, 0, 0, 0}), Errno::notsock);
  EXPECT_EQ(g("sock_accept", {99, 0, 0}), Errno::badf);
  EXPECT_EQ(g("sock_shutdown", {kRoot, 0}), Errno::badf);
  EXPECT_EQ(g.denials().size(), 4u);
  EXPECT_EQ(g.denials()[0].missing, "network");
}

// (module (import wasi "sock_open" (i32 i32 i32 -> i32)) (import wasi "strange" (i64 ->)) (import wasi "fd_close")
//  (import other "x")), written out by hand.
std::vector<u8> module_with_unknown_imports() {
  std::vector<u8> out = {0, 'a', 's', 'm', 1, 0, 0, 0};
  const auto section = [&](u8 id, const std::vector<u8>& body) {
    out.push_back(id);
    out.push_back(static_cast<u8>(body.size() & 0x7f) | 0x80);
    out.push_back(static_cast<u8>(body.size() >> 7));
    out.insert(out.end(), body.begin(), body.end());
  };
  section(1, {3, 0x60, 3, 0x7f, 0x7f, 0x7f, 1, 0x7f, 0x60, 1, 0x7e, 0, 0x60, 1, 0x7f, 1, 0x7f});
  std::vector<u8> imports = {4};
  const auto add = [&](std::string_view module, std::string_view name, u8 type) {
    imports.push_back(static_cast<u8>(module.size()));
    imports.insert(imports.end(), module.begin(), module.end());
    imports.push_back(static_cast<u8>(name.size()));
    imports.insert(imports.end(), name.begin(), name.end());
    imports.push_back(0);
    imports.push_back(type);
  };
  add(Snapshot1::kModule, "sock_open", 0);
  add(Snapshot1::kModule, "strange", 1);
  add(Snapshot1::kModule, "fd_close", 2);
  add("other", "x", 1);
  section(2, imports);
  return out;
}

TEST(WasiDenial, UnknownNamesLinkAndAnswerEnosys) {
  WasiGuest g;
  g.start({});
  auto module = wasm::decode(module_with_unknown_imports(), g.engine.types());
  ASSERT_TRUE(module) << module.error().message;
  runtime::Linker linker;
  ASSERT_TRUE(define_wasi(linker, g.store, *g.session, &**module));
  EXPECT_EQ(linker.find("other", "x"), nullptr);
  // Of the older names it imports none; without a module, all are there.
  EXPECT_NE(linker.find(Snapshot1::kModule, "path_open"), nullptr);
  EXPECT_FALSE(linker.has_module(Unstable::kModule));
  runtime::Linker all;
  ASSERT_TRUE(define_wasi(all, g.store, *g.session, nullptr));
  EXPECT_NE(all.find(Unstable::kModule, "path_open"), nullptr);
  for (u32 i = 0; i < 3; ++i) {
    const auto& import = (*module)->imports[i];
    const auto* value = linker.find(import.module, import.name);
    ASSERT_NE(value, nullptr);
    EXPECT_TRUE(runtime::match_import(g.store, **module, i, *value));
    runtime::CallContext ctx{*g.stack, g.store, &g.instance, value->func->host.env};
    const Slot args[3] = {1, 2, 3};
    Slot results[1] = {0};
    const auto status = value->func->host.fn(ctx, args, results);
    EXPECT_EQ(status, i == 1 ? runtime::HostStatus::trap : runtime::HostStatus::ok);
    if (i == 0) EXPECT_EQ(static_cast<Errno>(results[0]), Errno::nosys);
  }
  ASSERT_EQ(g.denials().size(), 2u);
  EXPECT_EQ(line(g.denials()[0]), "sock_open wasi_snapshot_preview1.sock_open [not-implemented] ENOSYS x1");
  EXPECT_NE(g.stack->trap.detail.find("strange"), std::string::npos);
}

}  // namespace
}  // namespace dewar::wasi_p1
