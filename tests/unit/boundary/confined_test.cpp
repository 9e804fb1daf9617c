// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Confinement of paths, for both resolvers: the kernel's openat2 and the component walk. Besides the known tricks they
// are compared with each other on generated trees and paths, and raced against a thread that swaps links.
#include "boundary/confined.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "support/fake_guest.h"

namespace dewar::boundary {
namespace {

using test::ScratchDir;
using test::TestRandom;

struct Id {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const Id&) const = default;
};

Id id_of(int fd) {
  struct stat st{};
  EXPECT_EQ(::fstat(fd, &st), 0);
  return {st.st_dev, st.st_ino};
}

// Puts the calling thread on one processor, if that is there: two that race should not take turns on the same one.
void run_on(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<usize>(processor), &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

class ConfinedTest : public ::testing::TestWithParam<ResolveMode> {
 protected:
  void SetUp() override {
    scratch_.dir("root/dir/sub");
    scratch_.file("root/dir/file", "inside");
    scratch_.file("root/top", "top");
    scratch_.file("secret", "outside");
    scratch_.dir("outside/deep");
    scratch_.file("outside/file", "outside");
    root_ = UniqueFd(::open((scratch_ / "root").c_str(), O_PATH | O_DIRECTORY));
  }
  // "" and the contents' first letter where it opens, else the errno.
  int error_of(const std::string& path, int flags = O_PATH) {
    auto fd = resolver_.open(root_.get(), path, flags, 0644);
    if (!fd) return fd.error();
    return 0;
  }

  ScratchDir scratch_;
  UniqueFd root_;
  PathResolver resolver_{GetParam()};
};

TEST_P(ConfinedTest, OpensWhatIsInside) {
  EXPECT_EQ(resolver_.uses_openat2(), GetParam() == ResolveMode::openat2);
  for (const char* path : {"top", "dir", "dir/", "dir/file", "./dir/./file", "dir//file", "dir/sub/../file",
                           "dir/sub/../../top", ".", "./", "dir/.."}) {
    EXPECT_EQ(error_of(path), 0) << path;
  }
  auto fd = resolver_.open(root_.get(), "dir/file", O_RDONLY);
  ASSERT_TRUE(fd);
  char text[16] = {};
  EXPECT_EQ(::read(fd->get(), text, sizeof text), 6);
  EXPECT_STREQ(text, "inside");
}

TEST_P(ConfinedTest, RefusesWhatLeadsOut) {
  scratch_.link("/etc/passwd", "root/absolute");
  scratch_.link("/", "root/slash");
  scratch_.link("../secret", "root/up");
  scratch_.link("../../secret", "root/dir/upup");
  scratch_.link("dir/../../outside", "root/around");
  scratch_.link("around", "root/chain");
  for (const char* path :
       {"..", "../", "../secret", "../root/top", "dir/../../secret", "/etc/passwd", "/", "absolute", "slash/etc/passwd",
        "slash", "up", "dir/upup", "around/file", "chain/file", "chain", "dir/sub/../../../secret"}) {
    EXPECT_EQ(error_of(path), EXDEV) << path;
    EXPECT_EQ(error_of(path, O_RDONLY), EXDEV) << path;
    EXPECT_EQ(error_of(path, O_RDWR | O_CREAT), EXDEV) << path;
  }
  EXPECT_EQ(scratch_.contents("secret"), "outside");
}

TEST_P(ConfinedTest, TrailingSlashesDoNotFollowOut) {
  scratch_.link("../outside", "root/link");
  scratch_.link("dir", "root/good");
  EXPECT_EQ(error_of("link/", O_PATH | O_NOFOLLOW), EXDEV);
  EXPECT_EQ(error_of("link///", O_PATH | O_NOFOLLOW), EXDEV);
  EXPECT_EQ(error_of("link", O_PATH | O_NOFOLLOW), 0);  // the link itself
  EXPECT_EQ(error_of("good/", O_PATH | O_NOFOLLOW), 0);
  EXPECT_EQ(error_of("dir/file/"), ENOTDIR);
  EXPECT_EQ(error_of("dir/file///"), ENOTDIR);
  EXPECT_EQ(error_of("dir/file/."), ENOTDIR);
  EXPECT_EQ(error_of("dir/new/", O_RDWR | O_CREAT), EISDIR);
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "root/dir/new"));
}

TEST_P(ConfinedTest, LinksInsideAreFollowed) {
  scratch_.link("dir/file", "root/a");
  scratch_.link("../top", "root/dir/b");
  scratch_.link("sub/../b", "root/dir/c");
  scratch_.link("loop", "root/loop");
  scratch_.link("gone", "root/dangling");
  EXPECT_EQ(error_of("a", O_RDONLY), 0);
  EXPECT_EQ(error_of("dir/c", O_RDONLY), 0);
  EXPECT_EQ(error_of("a", O_RDONLY | O_NOFOLLOW), ELOOP);
  EXPECT_EQ(error_of("a", O_RDONLY | O_NOFOLLOW | O_DIRECTORY), ENOTDIR);
  EXPECT_EQ(error_of("loop", O_RDONLY), ELOOP);
  EXPECT_EQ(error_of("dangling", O_RDONLY), ENOENT);
  EXPECT_EQ(error_of("dangling", O_RDWR | O_CREAT | O_EXCL), EEXIST);
  EXPECT_EQ(error_of("dangling", O_RDWR | O_CREAT), 0);
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "root/gone"));
}

TEST_P(ConfinedTest, LongChainsOfLinksEnd) {
  for (int i = 0; i < 60; ++i) scratch_.link("chain" + std::to_string(i + 1), "root/chain" + std::to_string(i));
  scratch_.file("root/chain60");
  EXPECT_EQ(error_of("chain0"), ELOOP);
  EXPECT_EQ(error_of("chain21"), 0);
}

TEST_P(ConfinedTest, BadPathsAreErrors) {
  EXPECT_EQ(error_of(""), ENOENT);
  EXPECT_EQ(error_of(std::string("top\0", 4)), EINVAL);
  EXPECT_EQ(error_of(std::string(5000, 'a')), ENAMETOOLONG);
  EXPECT_EQ(error_of(std::string(300, 'a')), ENAMETOOLONG);
  EXPECT_EQ(error_of("nothing"), ENOENT);
  EXPECT_EQ(error_of("nothing/more"), ENOENT);
  EXPECT_EQ(error_of("top/more"), ENOTDIR);
}

TEST_P(ConfinedTest, MagicLinksAreRefused) {
  UniqueFd proc(::open("/proc/self", O_PATH | O_DIRECTORY));
  if (!proc) GTEST_SKIP() << "no /proc";
  for (const char* path : {"root/etc/passwd", "cwd", "fd/0", "exe", "task/../root"}) {
    EXPECT_FALSE(resolver_.open(proc.get(), path, O_PATH)) << path;
  }
}

TEST_P(ConfinedTest, ParentsAreFoundAndNamesStayPlain) {
  auto place = resolver_.parent(root_.get(), "dir/sub/../new///");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->name, "new");
  EXPECT_TRUE(place->trailing_slash);
  EXPECT_EQ(place->kernel_name(), "new/");
  UniqueFd dir(::open((scratch_ / "root/dir").c_str(), O_PATH));
  EXPECT_EQ(id_of(place->dir.get()), id_of(dir.get()));
  EXPECT_EQ(resolver_.parent(root_.get(), "dir/..").error(), EINVAL);
  EXPECT_EQ(resolver_.parent(root_.get(), ".").error(), EINVAL);
  EXPECT_EQ(resolver_.parent(root_.get(), "").error(), ENOENT);
  EXPECT_EQ(resolver_.parent(root_.get(), "../x").error(), EXDEV);
  EXPECT_EQ(resolver_.parent(root_.get(), "/x").error(), EXDEV);
  EXPECT_EQ(resolver_.parent(root_.get(), "//").error(), EINVAL);
  EXPECT_EQ(resolver_.parent(root_.get(), "top/x").error(), ENOTDIR);
  EXPECT_TRUE(ends_in_dots("a/.."));
  EXPECT_TRUE(ends_in_dots("a/.//"));
  EXPECT_FALSE(ends_in_dots("a/..."));
}

// A chain of directories "d" in the folder "root", with a file "leaf" in the innermost and a link "l" in each. Removed
// here: what cleans up after tests follows paths.
class DeepTree {
 public:
  DeepTree(int root, int depth) {
    levels_.push_back(UniqueFd(::openat(root, ".", O_PATH | O_DIRECTORY)));
    for (int i = 0; i < depth; ++i) {
      EXPECT_EQ(::mkdirat(levels_.back().get(), "d", 0755), 0);
      levels_.push_back(UniqueFd(::openat(levels_.back().get(), "d", O_PATH | O_DIRECTORY)));
    }
    UniqueFd leaf(::openat(levels_.back().get(), "leaf", O_WRONLY | O_CREAT, 0644));
  }
  ~DeepTree() {
    while (!levels_.empty()) {
      for (const char* name : {"leaf", "l"}) ::unlinkat(levels_.back().get(), name, 0);
      ::unlinkat(levels_.back().get(), "d", AT_REMOVEDIR);
      levels_.pop_back();
    }
  }
  DeepTree(const DeepTree&) = delete;
  DeepTree& operator=(const DeepTree&) = delete;
  int at(usize level) const { return levels_.at(level).get(); }
  void link(usize level, const std::string& target) { EXPECT_EQ(::symlinkat(target.c_str(), at(level), "l"), 0); }

 private:
  std::vector<UniqueFd> levels_;
};

std::string times(int n, const std::string& text) {
  std::string out;
  for (int i = 0; i < n; ++i) out += text;
  return out;
}

// Deeper than the walk keeps directories open, and longer, links counted, than one path may be.
TEST_P(ConfinedTest, DepthDoesNotMatter) {
  constexpr int kDepth = 700;
  DeepTree tree(root_.get(), kDepth);
  const std::string all = times(kDepth, "d/");
  tree.link(0, times(kDepth / 2, "d/"));                                  // down to the middle
  tree.link(kDepth / 2, times(kDepth / 2, "d/") + "l");                   // on to the last one's link,
  tree.link(kDepth, times(kDepth, "../") + "d/d/d/" + times(600, "./"));  // which leads back up
  const auto id = [&](const std::string& path) -> std::optional<Id> {
    auto fd = resolver_.open(root_.get(), path, O_PATH);
    if (!fd) {
      ADD_FAILURE() << path.substr(0, 20) << "... " << fd.error();
      return std::nullopt;
    }
    return id_of(fd->get());
  };
  EXPECT_EQ(id(all), id_of(tree.at(kDepth)));
  EXPECT_EQ(id(all + times(kDepth, "../") + "d"), id_of(tree.at(1)));
  EXPECT_EQ(id(all + times(kDepth - 5, "../")), id_of(tree.at(5)));
  EXPECT_EQ(id(all + times(300, "../") + times(100, "d/") + times(400, "../")), id_of(tree.at(100)));
  EXPECT_EQ(id("l/l"), id_of(tree.at(3))) << "down, down and up, all by links";
  EXPECT_EQ(id("l/l/" + times(1800, "./") + "d"), id_of(tree.at(4))) << "more than 4095 bytes in all";
  EXPECT_EQ(error_of(all + "leaf", O_RDONLY), 0);
  EXPECT_EQ(error_of(all + "none", O_RDONLY), ENOENT);
  EXPECT_EQ(error_of(all + "leaf/", O_RDONLY), ENOTDIR);
  EXPECT_EQ(error_of(all + times(kDepth + 1, "../")), EXDEV);
  EXPECT_EQ(error_of(all + "new", O_RDWR | O_CREAT), 0);
  EXPECT_EQ(::unlinkat(tree.at(kDepth), "new", 0), 0);
  auto place = resolver_.parent(root_.get(), all + "leaf");
  ASSERT_TRUE(place);
  EXPECT_EQ(id_of(place->dir.get()), id_of(tree.at(kDepth)));
}

// Renames elsewhere on the machine make the kernel doubt "..": that must never show. The path is long, so that a rename
// falls into many attempts to resolve it, and none is repeated.
TEST_P(ConfinedTest, RenamesElsewhereDoNotShow) {
  scratch_.dir("elsewhere/a");
  const std::string from = scratch_ / "elsewhere/a", to = scratch_ / "elsewhere/b";
  std::string path;
  for (int i = 0; i < 500; ++i) path += "dir/../";
  path += "top";
  std::atomic<bool> stop = false;
  std::thread renamer([&] {
    run_on(0);
    while (!stop) {
      ::rename(from.c_str(), to.c_str());
      ::rename(to.c_str(), from.c_str());
    }
  });
  const PathResolver once(GetParam(), 0);
  std::thread opener([&] {
    run_on(1);
    for (int i = 0; i < 300; ++i) {
      auto fd = once.open(root_.get(), path, O_PATH);
      ASSERT_EQ(fd ? 0 : fd.error(), 0) << i;
    }
  });
  opener.join();
  stop = true;
  renamer.join();
}

// A thread swaps a directory with a link that leads out, again and again. Whatever an open gives must be inside.
TEST_P(ConfinedTest, RacingLinkSwapsNeverLeadOut) {
  scratch_.dir("root/swap");
  scratch_.file("root/swap/file", "inside");
  scratch_.link("../outside", "root/other");
  UniqueFd outside(::open((scratch_ / "outside/file").c_str(), O_PATH));
  const Id forbidden = id_of(outside.get());
  UniqueFd deep(::open((scratch_ / "outside").c_str(), O_PATH));
  const Id forbidden_dir = id_of(deep.get());
  std::atomic<bool> stop{false};
  std::thread swapper([&] {
    const std::string a = scratch_ / "root/swap", b = scratch_ / "root/other";
    while (!stop) ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
  });
  usize opened = 0, refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    const char* paths[] = {"swap/file", "swap", "swap/", "swap/../other/file", "dir/../swap/file"};
    auto fd = resolver_.open(root_.get(), paths[i % 5], i % 2 ? O_RDONLY : O_PATH);
    if (!fd) {
      ++refused;
      continue;
    }
    ++opened;
    const Id id = id_of(fd->get());
    ASSERT_FALSE(id == forbidden || id == forbidden_dir) << paths[i % 5];
    auto place = resolver_.parent(root_.get(), "swap/x");
    if (place) {
      ASSERT_FALSE(id_of(place->dir.get()) == forbidden_dir);
    }
  }
  stop = true;
  swapper.join();
  EXPECT_GT(opened, 0u);
  EXPECT_GT(refused, 0u);
}

INSTANTIATE_TEST_SUITE_P(Resolvers, ConfinedTest, ::testing::Values(ResolveMode::openat2, ResolveMode::walk),
                         [](const auto& info) { return info.param == ResolveMode::walk ? "walk" : "openat2"; });

// The two agree however a path goes up and down a deep tree.
TEST(ConfinedModelTest, ResolversAgreeInTheDeep) {
  TestRandom random(7);
  ScratchDir scratch;
  UniqueFd root(::open(scratch.path().c_str(), O_PATH | O_DIRECTORY));
  DeepTree tree(root.get(), 600);
  const PathResolver kernel(ResolveMode::openat2), walk(ResolveMode::walk);
  usize good = 0;
  for (int i = 0; i < 60; ++i) {
    std::string path;
    for (bool down = true; path.size() < 3000; down = !down) {
      path += times(static_cast<int>(random.below(down ? 500 : 400)), down ? "d/" : "../");
    }
    auto one = kernel.open(root.get(), path + ".", O_PATH), two = walk.open(root.get(), path + ".", O_PATH);
    ASSERT_EQ(one ? 0 : one.error(), two ? 0 : two.error()) << path;
    if (!one) continue;
    ASSERT_EQ(id_of(one->get()), id_of(two->get())) << path;
    ++good;
  }
  EXPECT_GT(good, 10u);
}

// The two agree on every path of a random tree full of links.
TEST(ConfinedModelTest, ResolversAgree) {
  TestRandom random(20260101);
  const PathResolver kernel(ResolveMode::openat2), walk(ResolveMode::walk);
  const std::vector<std::string> names = {"a", "b", "c", "d"};
  usize compared = 0, good = 0;
  for (int tree = 0; tree < 20; ++tree) {
    ScratchDir scratch;
    scratch.dir("root");
    scratch.dir("out/a/b");
    const auto random_path = [&](usize longest) {
      std::string path;
      const usize parts = 1 + random.below(longest);
      for (usize i = 0; i < parts; ++i) {
        if (i) path += random.below(8) == 0 ? "//" : "/";
        const u64 kind = random.below(10);
        path += kind == 0 ? "." : kind <= 2 ? ".." : names[random.below(names.size())];
      }
      if (random.below(6) == 0) path += "/";
      if (random.below(30) == 0) path.insert(0, "/");
      return path;
    };
    for (int i = 0; i < 30; ++i) {
      std::string at = "root";
      for (usize depth = 1 + random.below(3); depth > 0; --depth) at += "/" + names[random.below(names.size())];
      std::error_code ignored;
      const auto path = scratch.path() / at;
      if (std::filesystem::symlink_status(path, ignored).type() != std::filesystem::file_type::not_found) continue;
      if (!std::filesystem::is_directory(path.parent_path(), ignored)) continue;
      switch (random.below(3)) {
        case 0: std::filesystem::create_directory(path, ignored); break;
        case 1: std::filesystem::create_symlink(random_path(3), path, ignored); break;
        default: std::ofstream(path) << "x"; break;
      }
    }
    UniqueFd root(::open((scratch / "root").c_str(), O_PATH | O_DIRECTORY));
    for (int i = 0; i < 1000; ++i) {
      const std::string path = random_path(5);
      const int flag_sets[] = {O_PATH,
                               O_PATH | O_NOFOLLOW,
                               O_RDONLY,
                               O_RDONLY | O_NOFOLLOW,
                               O_RDONLY | O_DIRECTORY,
                               O_PATH | O_DIRECTORY | O_NOFOLLOW};
      const int flags = flag_sets[random.below(6)];
      auto one = kernel.open(root.get(), path, flags);
      auto two = walk.open(root.get(), path, flags);
      ASSERT_EQ(one.has_value(), two.has_value()) << path << " flags " << flags << " openat2 "
                                                  << (one ? 0 : one.error()) << " walk " << (two ? 0 : two.error());
      if (one) {
        ASSERT_EQ(id_of(one->get()), id_of(two->get())) << path;
        ++good;
      } else {
        ASSERT_EQ(one.error(), two.error()) << path << " flags " << flags;
      }
      ++compared;
    }
  }
  EXPECT_EQ(compared, 20'000u);
  EXPECT_GT(good, 1'000u);
}

}  // namespace
}  // namespace dewar::boundary
