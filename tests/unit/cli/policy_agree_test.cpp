// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is explained is what is enforced: generated policies, every file and every right, `explain` against a run.
#include <sys/stat.h>

#include "cli/policy_explain.h"
#include "cli/policy_grants.h"
#include "unit/host/wasi_fixture.h"

namespace dewar::cli {
namespace {

using test::ScratchDir;
using test::TestRandom;
using wasi_p1::Errno;
using wasi_p1::WasiGuest;
namespace wr = wasi_p1::rights;

constexpr const char* kFiles[] = {"/a/x",     "/a/s/k", "/a/s/t/k.log", "/a/s/t/x",
                                  "/b/k.log", "/b/x",   "/b/s/k",       "/top.log"};
constexpr const char* kNew[] = {"/a/new", "/a/s/new.log", "/a/s/t/k", "/b/new.log", "/b/s/x", "/new"};
constexpr const char* kUris[] = {"fs://a/**",    "fs://a",   "fs://a/s/**",    "fs://a/*/k",  "fs://**/k.log",
                                 "fs://b/*.log", "fs://b",   "fs://a/s/t",     "fs://*/s/**", "fs://**",
                                 "fs://*",       "fs://a/x", "fs://b/new.log", "fs://a/s/*"};

// The handle whose folder has the longest name that leads to a path, and the rest of the path.
std::pair<u32, std::string> at(WasiGuest& g, const std::string& path) {
  std::pair<u32, std::string> best{~0u, ""};
  usize longest = 0;
  for (u32 handle = 3;; ++handle) {
    if (g("fd_prestat_get", {handle, WasiGuest::kResult}) != Errno::success) break;
    const u32 size = g.u32_at(WasiGuest::kResult + 4);
    EXPECT_EQ(g("fd_prestat_dir_name", {handle, WasiGuest::kPath, size}), Errno::success);
    std::string name = g.text(WasiGuest::kPath, size);
    if (name == "/") name.clear();
    if (!path.starts_with(name + "/") || (best.first != ~0u && name.size() <= longest)) continue;
    best = {handle, path.substr(name.size() + 1)};
    longest = name.size();
  }
  EXPECT_NE(best.first, ~0u) << path;
  return best;
}

TEST(PolicyAgree, ExplainingAndRunning) {
  ScratchDir dir;
  TestRandom random(7);
  usize allowed = 0, denied = 0, not_granted = 0;
  const auto fill = [&] {
    for (const char* file : kFiles) {
      if (!std::filesystem::exists(dir.path().string() + file)) dir.file(file + 1, "x");
    }
    for (const char* file : kNew) std::filesystem::remove(dir.path().string() + file);
  };
  for (int round = 0; round < 150; ++round) {
    const auto list = [&](usize count) {
      std::string out;
      for (usize i = 0; i < count; ++i) {
        static const char* kAccess[] = {"[read]", "[write]", "[read, write]"};
        out += "    - {uri: '" + std::string(kUris[random.below(std::size(kUris))]) +
               "', access: " + kAccess[random.below(3)] + "}\n";
      }
      return out;
    };
    const std::string text = "version: '1.0'\npermissions:\n  storage:\n    allow:\n" + list(1 + random.below(3)) +
                             "    deny:\n" + list(random.below(3));
    SCOPED_TRACE(text);
    const auto policy = parse_policy(text, dir / "policy.yaml");
    ASSERT_TRUE(policy) << policy.error().message;
    fill();
    api::RunConfig config;
    auto applied = apply_policy(*policy, {}, {}, config);
    ASSERT_TRUE(applied) << applied.error().message;
    WasiGuest g;
    wasi_p1::Config session;
    session.grants = config.grants;
    auto made = wasi_p1::Session::create(session);
    if (!made) {
      // Only ever because two grants overlap, where one of them shows what the other takes: refused, not ignored.
      EXPECT_STREQ(made.error().code, "grant-overlap") << made.error().message;
      continue;
    }
    g.start(std::move(session));
    const auto check = [&](const char* path, boundary::Right right, Errno result) {
      const Decision decision = decide_path(*policy, path, right);
      const bool may = decision.verdict == Decision::Verdict::allowed;
      EXPECT_EQ(result == Errno::success, may) << path << " " << boundary::rights_text(right) << " " << result;
      // A name that a rule's folder has is taken, whatever may be done there.
      const bool taken = right == boundary::kCreate && result == Errno::exist;
      if (!may && !taken) EXPECT_EQ(result, Errno::notcapable) << path;
      ++(may ? allowed : decision.verdict == Decision::Verdict::denied ? denied : not_granted);
    };
    for (const char* path : kFiles) {
      const auto [handle, name] = at(g, path);
      check(path, boundary::kRead, g.open_read(handle, name));
      check(path, boundary::kWrite, g.open(handle, name, 0, wr::kFdWrite));
    }
    for (const char* path : kNew) {
      const auto [handle, name] = at(g, path);
      check(path, boundary::kCreate, g.on_path("path_create_directory", handle, name));
    }
    for (const char* path : kFiles) {
      const auto [handle, name] = at(g, path);
      check(path, boundary::kDelete, g.on_path("path_unlink_file", handle, name));
    }
  }
  EXPECT_GT(allowed, 500u);
  EXPECT_GT(denied, 200u);
  EXPECT_GT(not_granted, 500u);
}

}  // namespace
}  // namespace dewar::cli
