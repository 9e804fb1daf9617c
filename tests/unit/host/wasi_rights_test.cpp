// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The matrix: every operation that changes or reveals something, against every set of rights of a mount, and for the
// operations with two ends against every pair of mounts. An operation works if and only if the rights it needs are
// there; otherwise the guest gets ENOTCAPABLE, exactly one denial is recorded, and the folder is untouched.
#include <fcntl.h>
#include <sys/stat.h>

#include <bit>
#include <set>

#include "wasi_fixture.h"

namespace dewar::wasi_p1 {
namespace {

using boundary::kCreate;
using boundary::kDelete;
using boundary::kRead;
using boundary::kWrite;
using boundary::Rights;

struct Operation {
  const char* name;
  Rights needed;
  std::function<Errno(WasiGuest&, u32 dir)> run;
};

// Opens the file with these rights and calls `function` on the handle with what follows it.
Errno on_file(WasiGuest& g, u32 dir, u64 rights, const char* function, std::vector<u64> args) {
  if (const Errno e = g.open(dir, "file", 0, rights); e != Errno::success) return e;
  g.set<u32>(1024, WasiGuest::kData);
  g.set<u32>(1028, 1);
  args.insert(args.begin(), g.fd);
  return g(function, args);
}

// Asks whether the handle can be read.
Errno poll_file(WasiGuest& g, u32 dir) {
  if (const Errno e = g.open(dir, "file", 0, rights::kFdRead | rights::kPollFdReadwrite); e != Errno::success) return e;
  Snapshot1::Subscription wanted{};
  wanted.type = 1;
  wanted.id = g.fd;
  g.set(2048, wanted);
  if (const Errno e = g("poll_oneoff", {2048, WasiGuest::kData, 1, WasiGuest::kResult}); e != Errno::success) return e;
  return g.get<Event>(WasiGuest::kData).error == 0 ? Errno::success : Errno::io;
}

const std::vector<Operation>& operations() {
  using W = WasiGuest;
  namespace r = rights;
  static const std::vector<Operation> all = {
      {"open to read", kRead, [](W& g, u32 d) { return g.open(d, "file", 0, rights::kFdRead); }},
      {"open with no rights", kRead, [](W& g, u32 d) { return g.open(d, "file", 0, 0); }},
      {"open to write", kWrite, [](W& g, u32 d) { return g.open(d, "file", 0, rights::kFdWrite); }},
      {"open to read and write", kRead | kWrite,
       [](W& g, u32 d) { return g.open(d, "file", 0, rights::kFdRead | rights::kFdWrite); }},
      {"open to allocate", kWrite, [](W& g, u32 d) { return g.open(d, "file", 0, rights::kFdAllocate); }},
      {"open to set the size", kWrite, [](W& g, u32 d) { return g.open(d, "file", 0, rights::kFdFilestatSetSize); }},
      {"open a directory", kRead, [](W& g, u32 d) { return g.open(d, "dir", kOpenDirectory, rights::kFdReaddir); }},
      {"truncate", kWrite, [](W& g, u32 d) { return g.open(d, "file", kOpenTruncate, rights::kFdWrite); }},
      {"truncate, opened to read", kRead | kWrite,
       [](W& g, u32 d) { return g.open(d, "file", kOpenTruncate, rights::kFdRead); }},
      {"create and write", kCreate | kWrite,
       [](W& g, u32 d) { return g.open(d, "new", kOpenCreate, rights::kFdWrite); }},
      {"create only", kCreate, [](W& g, u32 d) { return g.open(d, "new", kOpenCreate | kOpenExclusive, 0); }},
      {"create exclusively and write", kCreate | kWrite,
       [](W& g, u32 d) { return g.open(d, "new", kOpenCreate | kOpenExclusive, rights::kFdWrite); }},
      {"create what exists", kRead | kWrite,
       [](W& g, u32 d) { return g.open(d, "file", kOpenCreate, rights::kFdRead | rights::kFdWrite); }},
      {"stat", kRead, [](W& g, u32 d) { return g.stat(d, "file"); }},
      {"stat of nothing", kRead,
       [](W& g, u32 d) {
         const Errno e = g.stat(d, "nothing");
         return e == Errno::noent ? Errno::success : e;
       }},
      {"readlink", kRead,
       [](W& g, u32 d) { return g("path_readlink", {d, W::kPath, g.path("link"), W::kData, 100, W::kResult}); }},
      {"set times", kWrite, [](W& g, u32 d) { return g.set_times(d, "file", 1, 2, kSetAtime | kSetMtime); }},
      {"set times to now", kWrite, [](W& g, u32 d) { return g.set_times(d, "file", 0, 0, kSetMtimeNow); }},
      {"make a directory", kCreate, [](W& g, u32 d) { return g.on_path("path_create_directory", d, "new"); }},
      {"make a link", kCreate, [](W& g, u32 d) { return g.symlink("file", d, "new"); }},
      {"unlink", kDelete, [](W& g, u32 d) { return g.on_path("path_unlink_file", d, "file"); }},
      {"remove a directory", kDelete, [](W& g, u32 d) { return g.on_path("path_remove_directory", d, "dir"); }},
      {"rename", kDelete | kCreate, [](W& g, u32 d) { return g.rename(d, "file", d, "new"); }},
      {"rename over a file", kDelete | kCreate, [](W& g, u32 d) { return g.rename(d, "file", d, "other"); }},
      {"hard link", kRead | kCreate, [](W& g, u32 d) { return g.link(d, "file", d, "new"); }},
      {"list", kRead,
       [](W& g, u32) {
         // On the mount's own handle: the directory is at hand without a path.
         return g("fd_readdir", {3, W::kData, 100, 0, W::kResult});
       }},
      {"stat of the handle", kRead, [](W& g, u32) { return g("fd_filestat_get", {3, W::kResult}); }},
      {"set times of the handle", kWrite,
       [](W& g, u32) { return g("fd_filestat_set_times", {3, 0, 0, kSetMtimeNow}); }},
      // On a file: what the handle's rights are for was decided when it was opened.
      {"read", kRead, [](W& g, u32 d) { return on_file(g, d, r::kFdRead, "fd_read", {1024, 1, W::kResult}); }},
      {"pread", kRead,
       [](W& g, u32 d) { return on_file(g, d, r::kFdRead | r::kFdSeek, "fd_pread", {1024, 1, 0, W::kResult}); }},
      {"write", kWrite, [](W& g, u32 d) { return on_file(g, d, r::kFdWrite, "fd_write", {1024, 1, W::kResult}); }},
      {"pwrite", kWrite,
       [](W& g, u32 d) { return on_file(g, d, r::kFdWrite | r::kFdSeek, "fd_pwrite", {1024, 1, 0, W::kResult}); }},
      {"allocate", kWrite, [](W& g, u32 d) { return on_file(g, d, r::kFdAllocate, "fd_allocate", {0, 100}); }},
      {"set the size", kWrite,
       [](W& g, u32 d) { return on_file(g, d, r::kFdFilestatSetSize, "fd_filestat_set_size", {3}); }},
      {"set times of a file", kRead | kWrite,
       [](W& g, u32 d) {
         return on_file(g, d, r::kFdRead | r::kFdWrite | r::kFdFilestatSetTimes, "fd_filestat_set_times",
                        {1, 2, kSetMtime});
       }},
      {"stat of a file", kRead,
       [](W& g, u32 d) { return on_file(g, d, r::kFdRead | r::kFdFilestatGet, "fd_filestat_get", {W::kResult}); }},
      {"sync", kWrite, [](W& g, u32 d) { return on_file(g, d, r::kFdWrite | r::kFdSync, "fd_sync", {}); }},
      {"sync of contents", kWrite,
       [](W& g, u32 d) { return on_file(g, d, r::kFdWrite | r::kFdDatasync, "fd_datasync", {}); }},
      {"poll", kRead, poll_file},
  };
  return all;
}

// Everything that can change in a folder, as text.
std::string image(const test::ScratchDir& scratch) {
  std::vector<std::string> lines;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch.path())) {
    struct stat st{};
    EXPECT_EQ(::lstat(entry.path().c_str(), &st), 0);
    lines.push_back(entry.path().lexically_relative(scratch.path()).string() + " " + std::to_string(st.st_mode) + " " +
                    std::to_string(st.st_size) + " " + std::to_string(st.st_nlink) + " " +
                    std::to_string(st.st_mtim.tv_sec) + "." + std::to_string(st.st_mtim.tv_nsec));
  }
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const auto& l : lines) out += l + "\n";
  return out;
}

void fill(const test::ScratchDir& scratch) {
  scratch.file("file", "contents");
  scratch.file("other", "other");
  scratch.dir("dir");
  scratch.link("file", "link");
}

TEST(WasiRights, EveryOperationAgainstEverySetOfRights) {
  usize allowed = 0, refused = 0;
  WasiGuest g;
  std::unique_ptr<test::ScratchDir> folder;  // a new one after each operation that worked
  for (const Operation& op : operations()) {
    for (u32 set = 0; set < 16; ++set) {
      // The rights of the mount; through a handle of the root; by rules on its paths; what denials leave of all rights.
      enum class Way : u8 { plain, through_root, by_rules, by_denials };
      for (const Way way : {Way::plain, Way::through_root, Way::by_rules, Way::by_denials}) {
        const bool through_root = way == Way::through_root;
        SCOPED_TRACE(std::string(op.name) + " with " + boundary::rights_text(static_cast<Rights>(set)) + ", way " +
                     std::to_string(static_cast<int>(way)));
        // Where something is denied, hard links are not made at all.
        if (way == Way::by_denials && std::string_view(op.name) == "hard link") continue;
        if (!folder) {
          folder = std::unique_ptr<test::ScratchDir>(new test::ScratchDir(test::ScratchDir::in_memory()));
          fill(*folder);
        }
        const test::ScratchDir& scratch = *folder;
        Config config;
        config.grants.mounts = {{scratch.path(), "/m", static_cast<Rights>(set)}};
        boundary::MountGrant& mount = config.grants.mounts[0];
        if (way == Way::by_rules) {
          mount.rights = 0;
          mount.paths = {{"/m", boundary::PatternKind::tree, static_cast<Rights>(set), "a rule"}};
        } else if (way == Way::by_denials) {
          mount.rights = boundary::kReadWrite;
          config.grants.denies = {{"/m/**", "", static_cast<Rights>(~set & 15), "a denial"}};
        }
        g.start(std::move(config));
        u32 dir = 3;
        if (through_root) {
          // A second way to the same mount: a handle for it, opened from the synthetic root.
          if (g.open(4, "m", kOpenDirectory,
                     rights::kAll & ~rights::kFdWrite & ~rights::kFdAllocate & ~rights::kFdFilestatSetSize) !=
              Errno::success) {
            EXPECT_FALSE(set & kRead);
            continue;
          }
          dir = g.fd;
        }
        const usize before_denials = g.session->denials().total_denials();
        const std::string before = image(scratch);
        const Errno result = op.run(g, dir);
        const bool good = (op.needed & ~set) == 0;
        EXPECT_EQ(result, good ? Errno::success : Errno::notcapable);
        // Operations on two places say at once what is missing at either end.
        const std::string_view name = op.name;
        const bool two_ends = name.starts_with("rename") || name == "hard link";
        const int missing = std::popcount(static_cast<u32>(op.needed & ~set));
        EXPECT_EQ(g.session->denials().total_denials() - before_denials,
                  static_cast<u64>(two_ends ? missing : std::min(missing, 1)));
        if (!good) EXPECT_EQ(image(scratch), before);
        if (good) folder.reset();
        ++(good ? allowed : refused);
      }
    }
  }
  EXPECT_EQ(allowed + refused, operations().size() * (16 * 3 + 8) - 16);
  EXPECT_GT(allowed, 200u);
  EXPECT_GT(refused, 300u);
}

// The functions whose descriptors say that they reveal or change something of files.
std::set<std::string> functions_on_files() {
  std::set<std::string> out;
  for (const auto& row : snapshot1_rows()) {
    const bool touches = row.effects & (boundary::kReadsInput | boundary::kWritesOutput);
    if (touches && !(row.effects & boundary::kNetwork)) out.insert(std::string(row.name));
  }
  return out;
}

// The matrix is complete: a new function, or an old one that is not called above any more, is named here.
TEST(WasiRights, EveryFunctionOnFilesIsInTheMatrix) {
  std::set<std::string> wanted = functions_on_files(), called;
  EXPECT_GE(wanted.size(), 21u);
  for (const Operation& op : operations()) {
    SCOPED_TRACE(op.name);
    test::ScratchDir scratch(test::ScratchDir::in_memory());
    fill(scratch);
    WasiGuest g;
    Config config;
    config.grants.mounts = {{scratch.path(), "/m", boundary::kReadWrite}};
    g.start(std::move(config));
    EXPECT_EQ(op.run(g, 3), Errno::success);
    for (const auto& [name, binding] : g.bindings) {
      if (binding->calls > 0) called.insert(name);
    }
  }
  for (const std::string& name : wanted) EXPECT_TRUE(called.contains(name)) << name << " has no row in operations()";
}

// What works on a handle works only with the rights that its descriptor asks for, each of them, and the handle's own
// rights are what counts: given up, they are gone.
TEST(WasiRights, EveryHandleArgumentNeedsEachOfItsRights) {
  usize checked = 0;
  for (const auto& row : snapshot1_rows()) {
    for (usize at = 0; at < row.num_params(); ++at) {
      for (u64 left = row.args[at].rights; left != 0; left &= left - 1) {
        const u64 right = left & -left;
        SCOPED_TRACE(std::string(row.name) + " argument " + std::to_string(at) + " without right " +
                     std::to_string(std::countr_zero(right)));
        if (row.effects & boundary::kNetwork) continue;  // WasiSock: on what is no socket they say that
        test::ScratchDir scratch(test::ScratchDir::in_memory());
        fill(scratch);
        WasiGuest g;
        Config config;
        config.grants.mounts = {{scratch.path(), "/m", boundary::kReadWrite}};
        g.start(std::move(config));
        const bool on_paths = row.name.starts_with("path_") || row.name == "fd_readdir";
        // The definition: the right to seek is the right to tell, too.
        const u64 implied_by = right == rights::kFdTell ? rights::kFdSeek : 0;
        // Two of the same kind, one of which gives up the right.
        u32 handles[2];
        for (u32& handle : handles) {
          ASSERT_EQ(on_paths ? g.open_read(3, "dir", kOpenDirectory) : g.open(3, "file"), Errno::success);
          handle = g.fd;
        }
        const std::string before = image(scratch);
        ASSERT_EQ(g("fd_fdstat_get", {handles[1], WasiGuest::kResult}), Errno::success);
        const Fdstat stat = g.get<Fdstat>(WasiGuest::kResult);
        ASSERT_TRUE(stat.rights_base & right) << "it had it";
        ASSERT_EQ(
            g("fd_fdstat_set_rights", {handles[1], stat.rights_base & ~(right | implied_by), stat.rights_inheriting}),
            Errno::success);
        std::vector<u64> args;
        bool first_path = true;
        for (usize i = 0; i < row.num_params(); ++i) {
          const auto role = row.args[i].role;
          if (role == boundary::Role::path_in) {
            args.push_back(first_path ? WasiGuest::kPath : WasiGuest::kPath2);
            args.push_back(g.path(first_path ? "x" : "y", first_path ? WasiGuest::kPath : WasiGuest::kPath2));
            first_path = false;
            ++i;
          } else {
            args.push_back(role == boundary::Role::handle ? handles[i == at] : 0);
          }
        }
        EXPECT_EQ(g(std::string(row.name), args), Errno::notcapable);
        EXPECT_EQ(image(scratch), before);
        EXPECT_EQ(g.session->denials().total_denials(), 0u) << "the guest itself gave it up";
        ++checked;
      }
    }
  }
  EXPECT_GE(checked, 28u);
}

// Everything that can change in a folder in memory, as text.
std::string image(const boundary::MemFs& files) {
  std::string out = std::to_string(files.used());
  for (const auto& entry : files.list(boundary::MemFs::kRoot, 100, 1000).value()) {
    const auto status = files.status(entry.node);
    out += " " + entry.name + " " + std::to_string(entry.node) + " " + std::to_string(status.size) + " " +
           std::to_string(status.links) + " " + std::to_string(status.times.modify);
  }
  return out;
}

TEST(WasiRights, FoldersInMemoryHaveTheSameChecks) {
  usize allowed = 0, refused = 0;
  WasiGuest g;
  for (const Operation& op : operations()) {
    for (u32 set = 0; set < 16; ++set) {
      SCOPED_TRACE(std::string(op.name) + " with " + boundary::rights_text(static_cast<Rights>(set)));
      Config config;
      config.grants.memory = {{"/", 1 << 20, static_cast<Rights>(set)}};
      g.start(std::move(config));
      boundary::MemFs& files = *g.session->mounts().root()->memory;
      for (const char* name : {"file", "other"}) {
        ASSERT_TRUE(files.open(boundary::MemFs::kRoot, name, O_CREAT | O_RDWR, 0));
      }
      ASSERT_TRUE(files.make_directory({boundary::MemFs::kRoot, "dir", false}, 0));
      ASSERT_TRUE(files.symlink("file", {boundary::MemFs::kRoot, "link", false}, 0));
      const std::string before = image(files);
      const Errno result = op.run(g, 3);
      const bool good = (op.needed & ~set) == 0;
      EXPECT_EQ(result, good ? Errno::success : Errno::notcapable);
      const std::string_view name = op.name;
      const bool two_ends = name.starts_with("rename") || name == "hard link";
      const int missing = std::popcount(static_cast<u32>(op.needed & ~set));
      EXPECT_EQ(g.session->denials().total_denials(), static_cast<u64>(two_ends ? missing : std::min(missing, 1)));
      if (!good) EXPECT_EQ(image(files), before);
      ++(good ? allowed : refused);
    }
  }
  EXPECT_EQ(allowed + refused, operations().size() * 16);
  EXPECT_GT(allowed, 100u);
  EXPECT_GT(refused, 200u);
}

TEST(WasiRights, TwoEndsAcrossMounts) {
  std::set<std::string> two_ends;
  for (const auto& row : snapshot1_rows()) {
    int paths = 0, handles = 0;
    for (const auto& arg : row.args) {
      paths += arg.role == boundary::Role::path_in;
      handles += arg.role == boundary::Role::handle;
    }
    if (paths == 2 && handles == 2) two_ends.insert(std::string(row.name));
  }
  EXPECT_EQ(two_ends, (std::set<std::string>{"path_link", "path_rename"})) << "each is to be tried below";
  WasiGuest g;
  test::ScratchDir a, b;
  fill(a);
  fill(b);
  for (u32 from = 0; from < 16; ++from) {
    for (u32 to = 0; to < 16; ++to) {
      for (const bool same_folder : {false, true}) {
        SCOPED_TRACE("from " + boundary::rights_text(static_cast<Rights>(from)) + " to " +
                     boundary::rights_text(static_cast<Rights>(to)));
        Config config;
        config.grants.mounts = {{a.path(), "/a", static_cast<Rights>(from)},
                                {same_folder ? a.path() : b.path(), "/b", static_cast<Rights>(to)}};
        g.start(std::move(config));
        const std::string before_a = image(a), before_b = image(b);
        const Errno renamed = g.rename(3, "file", 4, "new");
        EXPECT_EQ(renamed, (from & kDelete) && (to & kCreate) ? Errno::xdev : Errno::notcapable);
        const Errno linked = g.link(3, "file", 4, "new");
        EXPECT_EQ(linked, (from & kRead) && (to & kCreate) ? Errno::xdev : Errno::notcapable);
        // By path from the synthetic root, and with ".." between the mounts.
        EXPECT_EQ(g.rename(5, "a/file", 5, "b/new"), renamed);
        EXPECT_EQ(g.rename(5, "b/../a/file", 5, "a/../b/new"), renamed);
        EXPECT_EQ(g.rename(3, "file", 3, "../b/new"), Errno::notcapable);
        EXPECT_EQ(image(a), before_a);
        EXPECT_EQ(image(b), before_b);
      }
    }
  }
}

TEST(WasiRights, HandlesCarryTheRightsOfTheirMount) {
  for (u32 set = 0; set < 16; ++set) {
    test::ScratchDir scratch;
    fill(scratch);
    WasiGuest g;
    Config config;
    config.grants.mounts = {{scratch.path(), "/", static_cast<Rights>(set)}};
    g.start(std::move(config));
    EXPECT_EQ(g("fd_fdstat_get", {3, WasiGuest::kResult}), Errno::success);
    const Fdstat stat = g.get<Fdstat>(WasiGuest::kResult);
    EXPECT_EQ((stat.rights_inheriting & rights::kFdRead) != 0, (set & kRead) != 0);
    EXPECT_EQ((stat.rights_inheriting & rights::kFdWrite) != 0, (set & kWrite) != 0);
    EXPECT_EQ((stat.rights_base & rights::kPathCreateFile) != 0, (set & kCreate) != 0);
    EXPECT_EQ((stat.rights_base & rights::kPathUnlinkFile) != 0, (set & kDelete) != 0);
    EXPECT_EQ(stat.rights_base & rights::kFdFilestatSetSize, 0u);
    // They cannot be raised.
    EXPECT_EQ(g("fd_fdstat_set_rights", {3, rights::kAll, rights::kAll}), Errno::notcapable);
  }
}

}  // namespace
}  // namespace dewar::wasi_p1
