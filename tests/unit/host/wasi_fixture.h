// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A WASI session with a fake guest: functions are called by name with plain numbers, through the boundary's dispatch.
#pragma once

#include <map>
#include <string>

#include "host/wasi_p1/session.h"
#include "support/fake_guest.h"

namespace dewar::wasi_p1 {

inline std::ostream& operator<<(std::ostream& out, Errno e) { return out << errno_name(e); }

class WasiGuest : public test::FakeGuest {
 public:
  static constexpr u32 kResult = 16;    ///< where results go
  static constexpr u32 kPath = 4096;    ///< first path
  static constexpr u32 kPath2 = 12288;  ///< second path
  static constexpr u32 kData = 65536;   ///< buffers

  void start(Config config) {
    auto made = Session::create(std::move(config));
    ASSERT_TRUE(made) << made.error().message;
    session = std::move(*made);
    bindings.clear();
    for (const auto& row : snapshot1_rows()) {
      bindings.emplace(row.name, &session->boundary().bind(row, session.get()));
    }
    for (const auto& row : unstable_rows()) {
      bindings.emplace("unstable." + std::string(row.name), &session->boundary().bind(row, session.get()));
    }
  }

  /// Calls and expects a plain return.
  Errno operator()(const std::string& name, const std::vector<u64>& args) {
    status = call(*bindings.at(name), args);
    EXPECT_EQ(status, runtime::HostStatus::ok) << name;
    return static_cast<Errno>(result);
  }

  u64 path(std::string_view text, u32 at = kPath) {
    put(at, text);
    return text.size();
  }
  /// path_open; the handle is in `fd`.
  Errno open(u32 dir, std::string_view name, u32 oflags = 0, u64 rights = rights::kAll, u32 fdflags = 0,
             u32 lookup = kLookupSymlinkFollow) {
    const u64 n = path(name);
    const Errno e = (*this)("path_open", {dir, lookup, kPath, n, oflags, rights, rights::kAll, fdflags, kResult});
    fd = e == Errno::success ? u32_at(kResult) : ~0u;
    return e;
  }
  /// Rights that leave out writing: what opening a file to read or a directory asks for.
  static constexpr u64 kForReading =
      rights::kAll & ~(rights::kFdWrite | rights::kFdAllocate | rights::kFdFilestatSetSize);
  Errno open_read(u32 dir, std::string_view name, u32 oflags = 0) { return open(dir, name, oflags, kForReading); }

  Errno write(u32 handle, std::string_view text) {
    put(kData, text);
    set<u32>(1024, kData);
    set<u32>(1028, static_cast<u32>(text.size()));
    return (*this)("fd_write", {handle, 1024, 1, kResult});
  }
  Errno read(u32 handle, std::string* out, u32 size = 1000) {
    set<u32>(1024, kData);
    set<u32>(1028, size);
    const Errno e = (*this)("fd_read", {handle, 1024, 1, kResult});
    if (e == Errno::success && out) *out = text(kData, u32_at(kResult));
    return e;
  }
  Errno stat(u32 dir, std::string_view name, u32 lookup = kLookupSymlinkFollow) {
    return (*this)("path_filestat_get", {dir, lookup, kPath, path(name), kResult});
  }
  Snapshot1::Filestat filestat() const { return get<Snapshot1::Filestat>(kResult); }
  Errno on_path(const std::string& function, u32 dir, std::string_view name) {
    return (*this)(function, {dir, kPath, path(name)});
  }
  Errno rename(u32 dir, std::string_view from, u32 dir2, std::string_view to) {
    const u64 n = path(from), m = path(to, kPath2);
    return (*this)("path_rename", {dir, kPath, n, dir2, kPath2, m});
  }
  Errno link(u32 dir, std::string_view from, u32 dir2, std::string_view to, u32 lookup = 0) {
    const u64 n = path(from), m = path(to, kPath2);
    return (*this)("path_link", {dir, lookup, kPath, n, dir2, kPath2, m});
  }
  Errno symlink(std::string_view target, u32 dir, std::string_view name) {
    const u64 n = path(target), m = path(name, kPath2);
    return (*this)("path_symlink", {kPath, n, dir, kPath2, m});
  }
  Errno set_times(u32 dir, std::string_view name, u64 atime, u64 mtime, u32 flags, u32 lookup = 0) {
    return (*this)("path_filestat_set_times", {dir, lookup, kPath, path(name), atime, mtime, flags});
  }
  /// Names in a directory, read in pieces of `piece` bytes.
  std::vector<std::string> list(u32 handle, u32 piece = 512) {
    std::vector<std::string> names;
    u64 cookie = 0;
    for (int rounds = 0; rounds < 100'000; ++rounds) {
      EXPECT_EQ((*this)("fd_readdir", {handle, kData, piece, cookie, kResult}), Errno::success);
      const u32 used = u32_at(kResult);
      u32 at = 0;
      while (used - at >= sizeof(Dirent)) {
        const auto entry = get<Dirent>(kData + at);
        if (used - at - sizeof(Dirent) < entry.name_size) break;
        names.push_back(text(kData + at + sizeof(Dirent), entry.name_size));
        inodes[names.back()] = entry.inode;
        types[names.back()] = entry.filetype;
        at += static_cast<u32>(sizeof(Dirent)) + entry.name_size;
        cookie = entry.next;
      }
      if (used < piece) return names;
      EXPECT_GT(at, 0u) << "a piece must hold an entry";
      if (at == 0) return names;
    }
    return names;
  }

  std::vector<boundary::Denial> denials() const { return session->denials().denials(); }
  std::vector<boundary::Probe> probes() const { return session->denials().probes(); }

  std::unique_ptr<Session> session;
  std::map<std::string, boundary::Binding*, std::less<>> bindings;
  std::map<std::string, u64> inodes;
  std::map<std::string, u8> types;
  runtime::HostStatus status = runtime::HostStatus::ok;
  u32 fd = 0;
};

}  // namespace dewar::wasi_p1
