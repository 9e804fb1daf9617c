// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs every attack of the tables. Besides what each expects of itself, all must leave the world outside of /rw as it
// was, must not leak descriptors of the host, and must come to the same outcome, byte for byte, when run again.
#include "attack/attack.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <set>

#include "api/outcome_json.h"
#include "support/fake_guest.h"
#include "text/wat.h"

namespace dewar::attack {
namespace {

std::vector<Attack> all_attacks() {
  std::vector<Attack> all;
  for (const auto table : {path_attacks(), handle_attacks(), memory_attacks(), limit_attacks(), probing_attacks()}) {
    all.insert(all.end(), table.begin(), table.end());
  }
  return all;
}

/// The folders: rw/ and ro/ are granted, everything else is the world outside.
struct World {
  World() {
    scratch.file("rw/file", "inside");
    scratch.dir("rw/dir/deep");
    scratch.file("ro/file", "read only");
    scratch.dir("ro/dir");
    scratch.file("secret", "secret");
    scratch.dir("victim");
    scratch.link("../secret", "rw/out");
    scratch.link("../victim", "rw/outdir");
    scratch.link("..", "rw/up");
    scratch.link(scratch / "secret", "rw/abs");
    scratch.link("../ro/file", "rw/toro");
    scratch.link("loop", "rw/loop");
    scratch.link("out", "rw/chain");
    scratch.link("../file", "rw/dir/back");
    scratch.link("../secret", "ro/out");
    EXPECT_EQ(::mkfifo((scratch / "rw/fifo").c_str(), 0600), 0);
    make_socket(scratch / "rw/socket");
    before = outside();
  }
  static void make_socket(const std::string& path) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    ASSERT_LT(path.size(), sizeof at.sun_path);
    std::memcpy(at.sun_path, path.c_str(), path.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    ::close(fd);
  }
  /// Names, types, sizes, links, contents and times of everything but what is in rw/.
  std::string outside() const {
    std::set<std::string> lines;
    for (auto it = std::filesystem::recursive_directory_iterator(scratch.path()); it != std::filesystem::end(it);
         ++it) {
      const std::string name = it->path().lexically_relative(scratch.path()).string();
      if (name == "rw") {
        it.disable_recursion_pending();
        continue;
      }
      struct stat st{};
      EXPECT_EQ(::lstat(it->path().c_str(), &st), 0);
      lines.insert(name + " " + std::to_string(st.st_mode) + " " + std::to_string(st.st_nlink) + " " +
                   std::to_string(st.st_mtim.tv_sec) + "." + std::to_string(st.st_mtim.tv_nsec) + " " +
                   (S_ISREG(st.st_mode) ? scratch.contents(name) : ""));
    }
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return out;
  }
  test::ScratchDir scratch;
  std::string before;
};

usize open_descriptors() {
  usize n = 0;
  DIR* dir = ::opendir("/proc/self/fd");
  if (!dir) return 0;
  while (::readdir(dir)) ++n;
  ::closedir(dir);
  return n;
}

api::Outcome run(const Attack& attack, const World& world) {
  auto module = text::wat_to_wasm(expand(attack.body));
  EXPECT_TRUE(module) << module.error().message << " at " << module.error().line << ":" << module.error().column;
  if (!module) return {};
  api::RunConfig config;
  config.module = std::move(*module);
  config.program = "attack.wasm";
  config.grants.args = {"attack.wasm"};
  config.grants.mounts = {{world.scratch / "rw", "/rw", boundary::kReadWrite},
                          {world.scratch / "ro", "/ro", boundary::kReadOnly}};
  config.scratch_bytes = 0;  // the attacks count handles: 3 and 4 are the mounts, 5 the root
  config.limits.fuel = 3'000'000;
  config.limits.wall_time_ms = 60'000;
  config.limits.max_memory_bytes = u64{32} << 20;
  config.limits.max_gc_bytes = u64{8} << 20;
  config.capture_head = config.capture_tail = 2000;
  if (attack.prepare) attack.prepare(config);
  return api::run(std::move(config));
}

class AttackTest : public ::testing::TestWithParam<Attack> {};

TEST_P(AttackTest, IsContained) {
  const Attack& attack = GetParam();
  SCOPED_TRACE(attack.covers);
  std::string first;
  for (int round = 0; round < 2; ++round) {
    World world;
    const usize descriptors = open_descriptors();
    const api::Outcome outcome = run(attack, world);
    EXPECT_EQ(open_descriptors(), descriptors) << "descriptors of the host leak";
    EXPECT_EQ(outcome.code, attack.code) << outcome.message << " (exit code " << outcome.exit_code << ")";
    std::vector<std::string> denials;
    for (const auto& d : outcome.denials) denials.push_back(d.operation + " " + d.rule + " " + d.guest_saw);
    EXPECT_EQ(denials, std::vector<std::string>(attack.denials.begin(), attack.denials.end()));
    EXPECT_EQ(world.outside(), world.before) << "something outside was changed";
    EXPECT_TRUE(outcome.reproducible);
    if (attack.check) attack.check(outcome);
    // Host paths in hints differ, as the folders do; a guest never sees them.
    std::string json = api::outcome_json(outcome);
    const std::string folder = world.scratch.path().string();
    for (usize at = json.find(folder); at != std::string::npos; at = json.find(folder)) {
      json.replace(at, folder.size(), "FOLDER");
    }
    if (round == 0) first = json;
    EXPECT_EQ(json, first) << "the second run differs";
  }
}

INSTANTIATE_TEST_SUITE_P(Attacks, AttackTest, ::testing::ValuesIn(all_attacks()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(AttackTables, CoverTheClasses) {
  const auto all = all_attacks();
  EXPECT_GE(all.size(), 60u);
  std::set<std::string> names, classes;
  for (const Attack& attack : all) {
    EXPECT_TRUE(names.insert(attack.name).second) << attack.name;
    classes.insert(std::string(attack.covers).substr(0, std::string_view(attack.covers).find(':')));
  }
  for (const char* needed :
       {"path",    "link",        "rename",        "renumber",      "reused handle", "rights",
        "counts",  "overlap",     "pointers",      "padding",       "output flood",  "clock",
        "random",  "environment", "recursion",     "memory growth", "table growth",  "fuel evasion",
        "handles", "host memory", "unknown names", "network",       "old interface"}) {
    EXPECT_TRUE(classes.contains(needed)) << needed;
  }
}

}  // namespace
}  // namespace dewar::attack
