// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every operation that changes or reveals something x every set of rights x every way to spell a path, by both
// resolvers. What must come of it is predicted from two small tables: what each spelling names, and what each operation
// answers for each kind of thing. Across mounts, the rights at both ends decide, and then it is EXDEV.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>

#include "wasi_fixture.h"

namespace dewar::wasi_p1 {
namespace {

using boundary::kCreate;
using boundary::kDelete;
using boundary::kRead;
using boundary::kWrite;
using boundary::ResolveMode;
using boundary::Rights;
using W = WasiGuest;

/// What a path names. The first five are columns of the table of operations.
enum Kind : u8 { kFile, kEmpty, kFull, kLink, kNone, kLoop, kNoParent, kNotDir, kEscape, kDotsOut, kAbsolute };

struct Spelling {
  const char* path;
  Kind itself;         ///< without following a link at the end
  Kind followed;       ///< with
  bool slash = false;  ///< it ends in a slash, so that links are followed and it must be a directory
  bool dots = false;   ///< it ends in "." or ".."
};

constexpr Spelling kSpellings[] = {
    {"file", kFile, kFile},
    {"./file", kFile, kFile},
    {"dir/../file", kFile, kFile},
    {"dir//..///file", kFile, kFile},
    {"full/f", kFile, kFile},
    {"indir/f", kFile, kFile},
    {"indir/../file", kFile, kFile},
    {"file/", kFile, kFile, true},
    {"file//", kFile, kFile, true},
    {"dir", kEmpty, kEmpty},
    {"dir/", kEmpty, kEmpty, true},
    {"full", kFull, kFull},
    {"full//", kFull, kFull, true},
    {"dir/.", kEmpty, kEmpty, false, true},
    {"full/x/..", kNoParent, kNoParent, false, true},
    {"in", kLink, kFile},
    {"in/", kLink, kFile, true},
    {"indir", kLink, kFull},
    {"indir/", kLink, kFull, true},
    {"out", kLink, kEscape},
    {"out/", kLink, kEscape, true},
    {"outdir", kLink, kEscape},
    {"outdir//", kLink, kEscape, true},
    {"abs", kLink, kEscape},
    {"abs/", kLink, kEscape, true},
    {"gone", kLink, kNone},
    {"loop", kLink, kLoop},
    {"none", kNone, kNone},
    {"none/", kNone, kNone, true},
    {"none/x", kNoParent, kNoParent},
    {"file/x", kNotDir, kNotDir},
    {"file/../dir", kNotDir, kNotDir},
    {"in/x", kNotDir, kNotDir},
    {"loop/x", kLoop, kLoop},
    {"outdir/x", kEscape, kEscape},
    {"outdir/../secret", kEscape, kEscape},
    {"abs/x", kEscape, kEscape},
    {"full/up/secret", kEscape, kEscape},
    {"../secret", kDotsOut, kDotsOut},
    {"dir/../../secret", kDotsOut, kDotsOut},
    {"..", kDotsOut, kDotsOut, false, true},
    {"/file", kAbsolute, kAbsolute},
    {"//etc/passwd", kAbsolute, kAbsolute},
};

constexpr Errno OK = Errno::success, EXIST = Errno::exist, NOENT = Errno::noent, ISDIR = Errno::isdir,
                NOTDIR = Errno::notdir, NOTEMPTY = Errno::notempty, INVAL = Errno::inval, LOOP = Errno::loop,
                BUSY = Errno::busy, PERM = Errno::perm;

struct Operation {
  const char* name;
  Rights needed;
  bool follows;  ///< a link at the end
  /// Answers for: a file, an empty directory, a full one, a link, nothing; then the same with a slash at the end, where
  /// a link that is followed counts as what it leads to; and for a path that ends in dots.
  Errno plain[5];
  Errno slash[5];
  Errno dots;
  std::function<Errno(W&, std::string_view)> run;
  bool creates = false;  ///< needs kCreate where there is nothing, but not where there is something
};

Errno opened(W& g, Errno e) {
  if (e == OK) EXPECT_EQ(g("fd_close", {g.fd}), OK);
  return e;
}

const std::vector<Operation>& operations() {
  constexpr u64 kR = rights::kFdRead, kW = rights::kFdWrite;
  static const std::vector<Operation> all = {
      {"stat",
       kRead,
       true,
       {OK, OK, OK, OK, NOENT},
       {NOTDIR, OK, OK, OK, NOENT},
       OK,
       [](W& g, std::string_view p) { return g.stat(3, p); }},
      {"stat of the link",
       kRead,
       false,
       {OK, OK, OK, OK, NOENT},
       {NOTDIR, OK, OK, OK, NOENT},
       OK,
       [](W& g, std::string_view p) { return g.stat(3, p, 0); }},
      {"readlink",
       kRead,
       false,
       {INVAL, INVAL, INVAL, OK, NOENT},
       {NOTDIR, INVAL, INVAL, OK, NOENT},
       INVAL,
       [](W& g, std::string_view p) {
         return g("path_readlink", {3, W::kPath, g.path(p), W::kData, 100, W::kResult});
       }},
      {"set times",
       kWrite,
       true,
       {OK, OK, OK, OK, NOENT},
       {NOTDIR, OK, OK, OK, NOENT},
       OK,
       [](W& g, std::string_view p) { return g.set_times(3, p, 1, 2, kSetAtime | kSetMtime, 1); }},
      {"set times of the link",
       kWrite,
       false,
       {OK, OK, OK, OK, NOENT},
       {NOTDIR, OK, OK, OK, NOENT},
       OK,
       [](W& g, std::string_view p) { return g.set_times(3, p, 1, 2, kSetAtime | kSetMtime, 0); }},
      {"open to read",
       kRead,
       true,
       {OK, OK, OK, OK, NOENT},
       {NOTDIR, OK, OK, OK, NOENT},
       OK,
       [](W& g, std::string_view p) { return opened(g, g.open(3, p, 0, kR)); }},
      {"open no link to read",
       kRead,
       false,
       {OK, OK, OK, LOOP, NOENT},
       {NOTDIR, OK, OK, OK, NOENT},
       OK,
       [](W& g, std::string_view p) { return opened(g, g.open(3, p, 0, kR, 0, 0)); }},
      {"open to write",
       kWrite,
       true,
       {OK, ISDIR, ISDIR, OK, NOENT},
       {NOTDIR, ISDIR, ISDIR, OK, NOENT},
       ISDIR,
       [](W& g, std::string_view p) { return opened(g, g.open(3, p, 0, kW)); }},
      {"open a directory",
       kRead,
       true,
       {NOTDIR, OK, OK, OK, NOENT},
       {NOTDIR, OK, OK, OK, NOENT},
       OK,
       [](W& g, std::string_view p) { return opened(g, g.open(3, p, kOpenDirectory, rights::kFdReaddir)); }},
      {"open no link to a directory",
       kRead,
       false,
       {NOTDIR, OK, OK, NOTDIR, NOENT},
       {NOTDIR, OK, OK, OK, NOENT},
       OK,
       [](W& g, std::string_view p) { return opened(g, g.open(3, p, kOpenDirectory, rights::kFdReaddir, 0, 0)); }},
      {"truncate",
       kRead | kWrite,
       true,
       {OK, ISDIR, ISDIR, OK, NOENT},
       {NOTDIR, ISDIR, ISDIR, OK, NOENT},
       ISDIR,
       [](W& g, std::string_view p) { return opened(g, g.open(3, p, kOpenTruncate, kR)); }},
      {"create and write",
       kWrite,
       true,
       {OK, ISDIR, ISDIR, OK, OK},
       {NOTDIR, ISDIR, ISDIR, OK, ISDIR},
       ISDIR,
       [](W& g, std::string_view p) { return opened(g, g.open(3, p, kOpenCreate, kW)); },
       true},
      {"create exclusively",
       kCreate | kWrite,
       false,
       {EXIST, EXIST, EXIST, EXIST, OK},
       {ISDIR, ISDIR, ISDIR, ISDIR, ISDIR},
       EXIST,
       [](W& g, std::string_view p) { return opened(g, g.open(3, p, kOpenCreate | kOpenExclusive, kW)); }},
      {"make a directory",
       kCreate,
       false,
       {EXIST, EXIST, EXIST, EXIST, OK},
       {EXIST, EXIST, EXIST, EXIST, OK},
       EXIST,
       [](W& g, std::string_view p) { return g.on_path("path_create_directory", 3, p); }},
      {"make a link",
       kCreate,
       false,
       {EXIST, EXIST, EXIST, EXIST, OK},
       {EXIST, EXIST, EXIST, EXIST, NOENT},
       EXIST,
       [](W& g, std::string_view p) { return g.symlink("f", 3, p); }},
      {"unlink",
       kDelete,
       false,
       {OK, ISDIR, ISDIR, OK, NOENT},
       {NOTDIR, ISDIR, ISDIR, NOTDIR, NOENT},
       ISDIR,
       [](W& g, std::string_view p) { return g.on_path("path_unlink_file", 3, p); }},
      {"remove a directory",
       kDelete,
       false,
       {NOTDIR, OK, NOTEMPTY, NOTDIR, NOENT},
       {NOTDIR, OK, NOTEMPTY, NOTDIR, NOENT},
       INVAL,
       [](W& g, std::string_view p) { return g.on_path("path_remove_directory", 3, p); }},
      {"rename away",
       kDelete | kCreate,
       false,
       {OK, OK, OK, OK, NOENT},
       {NOTDIR, OK, OK, NOTDIR, NOENT},
       BUSY,
       [](W& g, std::string_view p) { return g.rename(3, p, 3, "new"); }},
      {"rename a file here",
       kDelete | kCreate,
       false,
       {OK, ISDIR, ISDIR, OK, OK},
       {NOTDIR, NOTDIR, NOTDIR, NOTDIR, NOTDIR},
       BUSY,
       [](W& g, std::string_view p) { return g.rename(3, "other", 3, p); }},
      {"rename a directory here",
       kDelete | kCreate,
       false,
       {NOTDIR, OK, NOTEMPTY, NOTDIR, OK},
       {NOTDIR, OK, NOTEMPTY, NOTDIR, OK},
       BUSY,
       [](W& g, std::string_view p) { return g.rename(3, "empty", 3, p); }},
      {"hard link of this",
       kRead | kCreate,
       false,
       {OK, PERM, PERM, OK, NOENT},
       {NOTDIR, PERM, PERM, OK, NOENT},
       PERM,
       [](W& g, std::string_view p) { return g.link(3, p, 3, "new"); }},
      {"hard link here",
       kRead | kCreate,
       false,
       {EXIST, EXIST, EXIST, EXIST, OK},
       {EXIST, EXIST, EXIST, EXIST, NOENT},
       EXIST,
       [](W& g, std::string_view p) { return g.link(3, "other", 3, p); }},
  };
  return all;
}

// Where a slash follows a link although the operation works on names, the table's last row of links says OK.
bool follows_slash(const Operation& op) { return op.slash[kLink] == OK; }

Errno predict(const Operation& op, const Spelling& s, Rights rights) {
  if (s.itself == kDotsOut || s.itself == kAbsolute) return Errno::notcapable;
  if (op.needed & ~rights) return Errno::notcapable;
  const bool follow = s.itself == kLink && (s.slash ? follows_slash(op) : op.follows);
  const Kind kind = follow ? s.followed : s.itself;
  // To go on and make what is missing takes the right, wherever that turns out.
  const bool absent = kind == kNone || kind == kNoParent;
  if (op.creates && absent && !(rights & kCreate)) return Errno::notcapable;
  // Names are changed in the directory that holds them: dots at the end name none.
  const bool name_only = op.dots != OK && op.dots != ISDIR && !op.creates;
  switch (kind) {
    case kEscape: return Errno::notcapable;
    case kLoop: return LOOP;
    case kNotDir: return NOTDIR;
    case kNoParent:
      return s.dots && name_only && op.name != std::string_view("create exclusively") &&
                     op.name != std::string_view("readlink")
                 ? op.dots
             : s.dots && op.name == std::string_view("unlink") ? op.dots
                                                               : NOENT;
    default: break;
  }
  if (s.dots) return op.dots;
  // A link to nothing is made through only by who may see what is there.
  if (op.creates && follow && kind == kNone && !(rights & kRead)) return EXIST;
  return (s.slash ? op.slash : op.plain)[kind];
}

/// The folder that is mounted, and the one around it that must stay as it is.
class Tree {
 public:
  Tree() {
    scratch_.file("secret", "secret");
    scratch_.dir("victim");
    scratch_.dir("mount");
    outside_ = image(scratch_.path(), false);
    rebuild();
  }
  std::string mount() const { return scratch_ / "mount"; }
  void rebuild() {
    for (const auto& entry : std::filesystem::directory_iterator(mount())) std::filesystem::remove_all(entry.path());
    const int dir = ::open(mount().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (const char* name : {"file", "other", "full/f"}) {
      ::mkdirat(dir, "full", 0755);
      const int fd = ::openat(dir, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
      EXPECT_GE(fd, 0);  // they stay empty: some file systems write contents to disk when one file replaces another
      ::close(fd);
    }
    for (const char* name : {"dir", "empty"}) EXPECT_EQ(::mkdirat(dir, name, 0755), 0);
    const std::string absolute = scratch_ / "secret";
    const std::pair<const char*, const char*> links[] = {
        {"file", "in"}, {"full", "indir"},    {"../secret", "out"}, {"../victim", "outdir"}, {absolute.c_str(), "abs"},
        {"x", "gone"},  {"../..", "full/up"}, {"loop", "loop"}};
    for (const auto& [target, name] : links) EXPECT_EQ(::symlinkat(target, dir, name), 0);
    ::close(dir);
    inside_ = image(mount(), true);
  }
  bool inside_is_untouched() const { return image(mount(), true) == inside_; }
  bool outside_is_untouched() const { return image(scratch_.path(), false) == outside_; }

 private:
  static std::string image(const std::filesystem::path& root, bool all) {
    std::string out;
    std::vector<std::string> names;
    for (auto it = std::filesystem::recursive_directory_iterator(root); it != std::filesystem::end(it); ++it) {
      if (!all && it->path().filename() == "mount") {
        it.disable_recursion_pending();
        continue;
      }
      struct stat st{};
      ::lstat(it->path().c_str(), &st);
      names.push_back(it->path().string() + " " + std::to_string(st.st_mode) + " " + std::to_string(st.st_nlink) + " " +
                      std::to_string(S_ISDIR(st.st_mode) ? 0 : st.st_size) + " " + std::to_string(st.st_mtim.tv_sec) +
                      "." + std::to_string(st.st_mtim.tv_nsec));
    }
    std::sort(names.begin(), names.end());
    for (const auto& n : names) out += n + "\n";
    return out;
  }
  test::ScratchDir scratch_ = test::ScratchDir::in_memory();
  std::string inside_, outside_;
};

// Operations on two places record what is missing at either end, if both are places at all.
u64 predict_refusals(const Operation& op, const Spelling& s, Rights rights, Errno expected) {
  if (expected != Errno::notcapable) return 0;
  const std::string_view name = op.name;
  const bool two_ends = name.starts_with("rename") || name.starts_with("hard link");
  if (!two_ends || s.itself == kAbsolute) return 1;
  return std::max<u64>(1, static_cast<u64>(std::popcount(static_cast<u32>(op.needed & ~rights))));
}

class WasiPaths : public ::testing::TestWithParam<ResolveMode> {};

TEST_P(WasiPaths, EveryOperationRightsAndSpelling) {
  Tree tree;
  usize cases = 0, succeeded = 0, denied = 0;
  for (u32 set = 0; set < 16; ++set) {
    WasiGuest g;
    Config config;
    config.resolve = GetParam();
    config.grants.mounts = {{tree.mount(), "/m", static_cast<Rights>(set)}};
    g.start(std::move(config));
    for (const Operation& op : operations()) {
      for (const Spelling& s : kSpellings) {
        const u64 before = g.session->denials().total_denials();
        const Errno expected = predict(op, s, static_cast<Rights>(set));
        const Errno got = op.run(g, s.path);
        const u64 refusals = g.session->denials().total_denials() - before;
        ASSERT_EQ(got, expected) << op.name << " \"" << s.path << "\" with "
                                 << boundary::rights_text(static_cast<Rights>(set));
        ASSERT_EQ(refusals, predict_refusals(op, s, static_cast<Rights>(set), expected))
            << op.name << " \"" << s.path << '"';
        ++cases;
        denied += refusals;
        if (got == OK) {
          ++succeeded;
          if (op.needed & ~kRead || op.creates) tree.rebuild();
        } else if (cases % 64 == 0) {
          ASSERT_TRUE(tree.inside_is_untouched()) << op.name << " \"" << s.path << '"';
        }
      }
    }
    ASSERT_TRUE(tree.outside_is_untouched());
  }
  EXPECT_EQ(cases, 16 * operations().size() * std::size(kSpellings));
  EXPECT_GT(succeeded, 1'000u);
  EXPECT_GT(denied, 5'000u);
}

TEST_P(WasiPaths, AcrossMountsTheRightsAtBothEndsDecide) {
  Tree a, b;
  usize cases = 0;
  for (u32 from = 0; from < 16; ++from) {
    for (u32 to = 0; to < 16; ++to) {
      WasiGuest g;
      Config config;
      config.resolve = GetParam();
      config.grants.mounts = {{a.mount(), "/a", static_cast<Rights>(from)}, {b.mount(), "/b", static_cast<Rights>(to)}};
      g.start(std::move(config));
      for (const Spelling& s : kSpellings) {
        // Where a path leads in its mount is not looked at: it cannot be the other one.
        const bool bad = s.itself == kAbsolute;
        for (const bool at_source : {true, false}) {
          const std::string_view old_path = at_source ? s.path : "file", new_path = at_source ? "new" : s.path;
          const bool rename_ok = (from & kDelete) && (to & kCreate), link_ok = (from & kRead) && (to & kCreate);
          ASSERT_EQ(g.rename(3, old_path, 4, new_path), bad || !rename_ok ? Errno::notcapable : Errno::xdev) << s.path;
          ASSERT_EQ(g.link(3, old_path, 4, new_path), bad || !link_ok ? Errno::notcapable : Errno::xdev) << s.path;
          cases += 2;
        }
      }
    }
  }
  EXPECT_EQ(cases, 256 * 4 * std::size(kSpellings));
  EXPECT_TRUE(a.inside_is_untouched() && b.inside_is_untouched());
  EXPECT_TRUE(a.outside_is_untouched() && b.outside_is_untouched());
}

TEST_P(WasiPaths, NothingIsMadeThroughALinkToNowhere) {
  test::ScratchDir scratch;
  scratch.link("missing/file", "link");
  WasiGuest g;
  Config config;
  config.resolve = GetParam();
  config.grants.mounts = {{scratch.path(), "/", boundary::kReadWrite}};
  g.start(std::move(config));
  EXPECT_EQ(g.open(3, "link", kOpenCreate), Errno::noent) << "the directory that it leads into is not there";
  EXPECT_EQ(g.open(3, "link", kOpenCreate | kOpenExclusive), Errno::exist);
}

TEST_P(WasiPaths, MagicLinksLeadNowhere) {
  if (::access("/proc/self/fd", X_OK) != 0) GTEST_SKIP() << "no /proc";
  WasiGuest g;
  Config config;
  config.resolve = GetParam();
  config.grants.mounts = {{"/", "/", boundary::kReadWrite}};
  g.start(std::move(config));
  // The kernel says that it does not follow them; the walk finds that they lead out.
  const Errno refused = GetParam() == ResolveMode::openat2 ? Errno::loop : Errno::notcapable;
  const std::string self = "proc/self/";
  for (const char* name : {"exe", "cwd", "root", "root/etc/passwd", "cwd/README.md", "fd/0", "task/../exe"}) {
    const std::string path = self + name;
    EXPECT_EQ(g.open_read(3, path), refused) << path;
    EXPECT_EQ(g.stat(3, path), refused) << path;
    EXPECT_EQ(g.set_times(3, path, 1, 1, kSetMtime, 1), refused) << path;
  }
  for (const char* path : {"proc/self/root/new", "proc/self/cwd/new"}) {
    EXPECT_EQ(g.on_path("path_create_directory", 3, path), refused) << path;
    EXPECT_EQ(g.on_path("path_unlink_file", 3, path), refused) << path;
    EXPECT_EQ(g.symlink("x", 3, path), refused) << path;
  }
  EXPECT_EQ(g.open_read(3, self + "root/"), refused);
  EXPECT_EQ(g.stat(3, self + "cwd/", 0), refused);
}

INSTANTIATE_TEST_SUITE_P(Resolvers, WasiPaths, ::testing::Values(ResolveMode::openat2, ResolveMode::walk),
                         [](const auto& p) { return p.param == ResolveMode::openat2 ? "openat2" : "walk"; });

}  // namespace
}  // namespace dewar::wasi_p1
