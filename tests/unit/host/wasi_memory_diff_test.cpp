// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A memory mount against a folder of the kernel: the same random calls, through the same bodies, must give the same
// error numbers and the same bytes in guest memory, call by call, and in the end the same tree. What may differ:
// inode numbers, as long as they stand for the same files, and the times of directories (a folder's are not followed).
#include "wasi_fixture.h"

namespace dewar::wasi_p1 {
namespace {

using boundary::kReadWrite;
using test::TestRandom;

constexpr u32 kResult = WasiGuest::kResult, kPath = WasiGuest::kPath, kPath2 = WasiGuest::kPath2;
constexpr u32 kData = WasiGuest::kData;
constexpr u32 kIov = 1024;
constexpr u32 kDataSize = 20'000;
constexpr u32 kMaxHandles = 10;
constexpr u64 kFarAway = u64{1} << 40;  // a file of the kernel's may be that large, if it is sparse

class Twins {
 public:
  explicit Twins(u64 seed) : random_(seed) {
    Config config;
    config.max_handles = kMaxHandles;
    config.grants.mounts = {{scratch_.path(), "/", kReadWrite}};
    host_.start(std::move(config));
    Config other;
    other.max_handles = kMaxHandles;
    other.grants.memory = {{"/", u64{64} << 20, kReadWrite}};
    memory_.start(std::move(other));
  }

  // One random call on both. False if they differ: then `what()` says how.
  bool step();
  // Everything below the top.
  bool same_trees() { return same_tree(3, 0); }
  const std::string& what() const { return what_; }
  void close(u32 fd) {
    host_("fd_close", {fd});
    memory_("fd_close", {fd});
  }

  static std::map<Errno, u64> seen;  ///< how often each error came up

 private:
  u64 below(u64 n) { return random_.below(n); }
  bool one_in(u64 n) { return below(n) == 0; }
  // Mostly one that is open.
  u32 handle() {
    if (one_in(20)) return static_cast<u32>(below(30));
    std::vector<u32> open;
    for (u32 fd = 4; fd < kMaxHandles; ++fd) {
      if (host_.session->handles().get(fd)) open.push_back(fd);
    }
    return open.empty() ? 3 : open[below(open.size())];
  }
  std::string name() {
    static const std::string kLong(255, 'l'), kTooLong(256, 'l');
    static const std::string kNames[] = {"a", "b", "c", "d", "e", "f", ".", "..", kLong, kTooLong};
    return kNames[one_in(12) ? below(std::size(kNames)) : below(5)];
  }
  std::string path() {
    std::string out = name();
    for (u64 more = one_in(2) ? 0 : below(4); more > 0; --more) out += (one_in(12) ? "//" : "/") + name();
    if (one_in(12)) out += one_in(3) ? "//" : "/";
    if (one_in(100)) out.clear();
    return out;
  }
  u64 offset() {
    if (one_in(20)) return INT64_MAX;
    if (one_in(30)) return INT64_MAX + u64{1};
    return one_in(10) ? kFarAway - below(10'000) : below(one_in(2) ? 200 : 13'000);
  }

  u64 put_path(u32 at, const std::string& text) {
    host_.put(at, text);
    memory_.put(at, text);
    what_ += " \"" + (text.size() > 60 ? text.substr(0, 60) + "..." : text) + "\"";
    return text.size();
  }
  // Two buffers of random sizes, with the same random bytes in both guests.
  void put_buffers() {
    const u32 first = static_cast<u32>(below(one_in(3) ? 9'000 : 50)), second = static_cast<u32>(below(300));
    for (WasiGuest* g : {&host_, &memory_}) {
      g->set<u32>(kIov, kData);
      g->set<u32>(kIov + 4, first);
      g->set<u32>(kIov + 8, kData + 10'000);
      g->set<u32>(kIov + 12, second);
    }
    for (u32 i = 0; i < kDataSize; i += 512) {
      const u64 bytes = random_.next();
      for (WasiGuest* g : {&host_, &memory_}) g->set<u64>(kData + i, bytes);
    }
  }

  bool both(const std::string& function, const std::vector<u64>& args) {
    what_ = function + what_;
    for (const u64 arg : args) what_ += " " + std::to_string(arg);
    error_ = host_(function, args);
    const Errno other = memory_(function, args);
    ++seen[error_];
    if (error_ != other) {
      what_ +=
          ": " + std::string(errno_name(error_)) + " on the host, " + std::string(errno_name(other)) + " in memory";
      return false;
    }
    return true;
  }
  bool same_bytes() {
    for (const auto& [start, size] : {std::pair(0u, 2048u), std::pair(kData, kDataSize)}) {
      if (host_.text(start, size) == memory_.text(start, size)) continue;
      what_ += ": guest memory differs";
      return false;
    }
    return true;
  }
  bool same_file(u64 host, u64 memory) {
    const auto a = to_memory_.try_emplace(host, memory).first, b = to_host_.try_emplace(memory, host).first;
    if (a->second == memory && b->second == host) return true;
    what_ += ": inode numbers " + std::to_string(host) + " and " + std::to_string(memory) + " do not belong together";
    return false;
  }
  // After a call that stored a filestat.
  bool same_status() {
    if (error_ != Errno::success) return same_bytes();
    auto a = host_.filestat(), b = memory_.filestat();
    if (!same_file(a.inode, b.inode)) return false;
    a.inode = b.inode = 0;
    if (a.filetype == kTypeDirectory) a.atime = b.atime = a.mtime = b.mtime = a.ctime = b.ctime = 0;
    host_.set(kResult, a);
    memory_.set(kResult, b);
    return same_bytes();
  }
  bool same_listing(u32 fd, std::vector<std::string>* names);
  bool same_tree(u32 fd, int depth);
  bool step_handle(u32 choice);
  bool step_path(u32 choice);

  test::ScratchDir scratch_;
  WasiGuest host_, memory_;
  TestRandom random_;
  std::map<u64, u64> to_memory_, to_host_;
  Errno error_ = Errno::success;
  std::string what_;
};

std::map<Errno, u64> Twins::seen;

bool Twins::same_listing(u32 fd, std::vector<std::string>* names) {
  if (!both("fd_readdir", {fd, kData, kDataSize, 0, kResult})) return false;
  if (error_ != Errno::success) return same_bytes();
  const u32 used = host_.u32_at(kResult);
  std::vector<u32> at;
  for (u32 next = 0; used - next >= sizeof(Dirent);) {
    at.push_back(kData + next);
    next += static_cast<u32>(sizeof(Dirent)) + host_.get<Dirent>(kData + next).name_size;
    if (next > used) break;
  }
  for (usize i = 0; i < at.size(); ++i) {
    auto a = host_.get<Dirent>(at[i]), b = memory_.get<Dirent>(at[i]);
    // What a removed directory lies in is not kept.
    const bool parent_of_removed = i == 1 && at.size() == 2;
    if (!parent_of_removed && !same_file(a.inode, b.inode)) return false;
    a.inode = b.inode = 0;
    host_.set(at[i], a);
    memory_.set(at[i], b);
    if (names && i >= 2) names->push_back(host_.text(at[i] + sizeof(Dirent), a.name_size));
  }
  return same_bytes();
}

bool Twins::step_handle(u32 choice) {
  const u32 fd = handle();
  switch (choice) {
    case 0: return fd == 3 || !one_in(4) || both("fd_close", {fd});
    case 1: put_buffers(); return both("fd_read", {fd, kIov, 2, kResult}) && same_bytes();
    case 2: put_buffers(); return both("fd_pread", {fd, kIov, 2, offset(), kResult}) && same_bytes();
    case 3:
    case 4: {
      put_buffers();
      // Nothing is written beyond what both kinds of file can hold: that end is tested by itself.
      if (!both("fd_tell", {fd, kResult}) || !same_bytes()) return false;
      if (error_ == Errno::success && host_.u64_at(kResult) > kFarAway) return true;
      what_.clear();
      return both("fd_write", {fd, kIov, 2, kResult}) && same_bytes();
    }
    case 5: put_buffers(); return both("fd_pwrite", {fd, kIov, 2, offset(), kResult}) && same_bytes();
    case 6: {
      const u64 delta = one_in(2) ? below(5'000) : u64{0} - below(5'000);
      return both("fd_seek", {fd, one_in(30) ? offset() : delta, below(4), kResult}) && same_bytes();
    }
    case 7: return both("fd_filestat_set_size", {fd, one_in(20) ? INT64_MAX + u64{1} : below(12'000)});
    case 8: return both("fd_allocate", {fd, below(9'000), below(9'000)});
    case 9: return both("fd_filestat_get", {fd, kResult}) && same_status();
    case 10: return both("fd_filestat_set_times", {fd, below(1'000'000), random_.next(), below(17)});
    case 11: return both("fd_fdstat_get", {fd, kResult}) && same_bytes();
    case 12: return both("fd_fdstat_set_flags", {fd, below(6)});
    case 13: return same_listing(fd, nullptr);
    case 14: {
      const u32 to = handle();
      return fd == 3 || to == 3 || both("fd_renumber", {fd, to});
    }
    default: return !one_in(30) || both(one_in(2) ? "fd_sync" : "fd_datasync", {fd});  // the disk is slow
  }
}

bool Twins::step_path(u32 choice) {
  const u32 dir = one_in(2) ? 3 : handle();
  switch (choice) {
    case 0:
    case 1:
    case 2: {
      const u64 n = put_path(kPath, path());
      const u32 oflags = one_in(2) ? kOpenCreate : static_cast<u32>(below(16));
      u64 rights = rights::kAll;
      if (one_in(2)) rights = WasiGuest::kForReading;
      if (one_in(20)) rights = random_.next() & rights::kAll;
      const u32 flags = one_in(8) ? kFdAppend : 0;
      return both("path_open", {dir, below(2), kPath, n, oflags, rights, rights::kAll, flags, kResult}) && same_bytes();
    }
    case 3: return both("path_create_directory", {dir, kPath, put_path(kPath, path())});
    case 4: return both("path_remove_directory", {dir, kPath, put_path(kPath, path())});
    case 5: return both("path_unlink_file", {dir, kPath, put_path(kPath, path())});
    case 6:
    case 7: {
      const u64 n = put_path(kPath, path()), m = put_path(kPath2, path());
      return both("path_rename", {dir, kPath, n, one_in(2) ? 3 : handle(), kPath2, m});
    }
    case 8: {
      const u64 n = put_path(kPath, path()), m = put_path(kPath2, path());
      return both("path_link", {dir, 0, kPath, n, one_in(2) ? 3 : handle(), kPath2, m});
    }
    case 9:
    case 10: {
      const u64 n = put_path(kPath, one_in(3) ? "../" + path() : path()), m = put_path(kPath2, path());
      return both("path_symlink", {kPath, n, dir, kPath2, m});
    }
    case 11: {
      const u64 n = put_path(kPath, path());
      return both("path_readlink", {dir, kPath, n, kData, below(300), kResult}) && same_bytes();
    }
    case 12: {
      const u64 n = put_path(kPath, path());
      return both("path_filestat_set_times", {dir, below(2), kPath, n, below(1'000'000), random_.next(), below(17)});
    }
    default: {
      const u64 n = put_path(kPath, path());
      return both("path_filestat_get", {dir, below(2), kPath, n, kResult}) && same_status();
    }
  }
}

bool Twins::step() {
  what_.clear();
  return one_in(2) ? step_handle(static_cast<u32>(below(16))) : step_path(static_cast<u32>(below(16)));
}

bool Twins::same_tree(u32 fd, int depth) {
  std::vector<std::string> names;
  what_ = " in the tree";
  if (depth > 50 || !same_listing(fd, &names)) return false;
  for (const std::string& name : names) {
    what_.clear();
    const u64 n = put_path(kPath, name);
    if (!both("path_filestat_get", {fd, 0, kPath, n, kResult}) || !same_status()) return false;
    const u8 type = host_.filestat().filetype;
    if (type == kTypeSymbolicLink) {
      if (!both("path_readlink", {fd, kPath, n, kData, 5'000, kResult}) || !same_bytes()) return false;
      continue;
    }
    what_.clear();
    put_path(kPath, name);
    if (!both("path_open", {fd, 0, kPath, n, 0, WasiGuest::kForReading, rights::kAll, 0, kResult})) return false;
    if (!same_bytes()) return false;
    const u32 opened = host_.u32_at(kResult);
    if (type == kTypeDirectory && !same_tree(opened, depth + 1)) return false;
    for (WasiGuest* g : {&host_, &memory_}) {
      g->set<u32>(kIov, kData);
      g->set<u32>(kIov + 4, kDataSize);
    }
    if (type == kTypeRegularFile && (!both("fd_read", {opened, kIov, 1, kResult}) || !same_bytes())) return false;
    if (!both("fd_close", {opened})) return false;
  }
  return true;
}

TEST(WasiMemoryDiff, MemoryBehavesAsAFolderOfTheKernel) {
  constexpr u64 kSequences = 30, kSteps = 1'500;
  static_assert(kSequences * kSteps >= 20'000);
  Twins::seen.clear();
  for (u64 seed = 0; seed < kSequences; ++seed) {
    Twins twins(seed);
    for (u64 i = 0; i < kSteps; ++i)
      ASSERT_TRUE(twins.step()) << "sequence " << seed << " step " << i << ": " << twins.what();
    for (u32 fd = 4; fd < kMaxHandles; ++fd) twins.close(fd);
    ASSERT_TRUE(twins.same_trees()) << "sequence " << seed << ": " << twins.what();
  }
  // The calls must have been worth it: many that work, and every kind of refusal.
  EXPECT_GT(Twins::seen[Errno::success], kSequences * kSteps / 5);
  for (const Errno e :
       {Errno::badf, Errno::exist, Errno::inval, Errno::isdir, Errno::loop, Errno::mfile, Errno::nametoolong,
        Errno::noent, Errno::notcapable, Errno::notdir, Errno::notempty, Errno::perm, Errno::busy, Errno::fbig}) {
    EXPECT_GT(Twins::seen[e], 3u) << errno_name(e);
  }
}

}  // namespace
}  // namespace dewar::wasi_p1
