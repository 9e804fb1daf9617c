// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// At least 100,000 random calls of WASI's file functions, half with each resolver, without a difference between the
// session on a folder of the host and the reference model. DEWAR_MODEL_SEED chooses another sequence.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "model/driver.h"
#include "support/fake_guest.h"

namespace dewar::model {
namespace {

class SeededChoice final : public Choice {
 public:
  explicit SeededChoice(u64 seed) : random_(seed) {}
  u64 below(u64 n) override { return random_.below(n); }

 private:
  test::TestRandom random_;
};

class ModelTest : public ::testing::TestWithParam<boundary::ResolveMode> {};

TEST_P(ModelTest, SessionAndModelAgree) {
  constexpr u64 kCalls = 60'000, kPerSequence = 400;
  const char* chosen = std::getenv("DEWAR_MODEL_SEED");
  const u64 seed = chosen ? std::strtoull(chosen, nullptr, 0) : 1;
  Guest guest;
  ASSERT_TRUE(guest.good());
  u64 calls = 0;
  std::map<std::string, u64> successes;
  for (u64 sequence = 0; calls < kCalls; ++sequence) {
    const test::ScratchDir folder = test::ScratchDir::in_memory();
    SeededChoice choice(seed * 1'000'003 + sequence);
    Driver driver(guest, choice, GetParam(), folder.path());
    const std::string difference = driver.run(kPerSequence);
    ASSERT_TRUE(difference.empty()) << "sequence " << sequence << " of seed " << seed << ": " << difference;
    ASSERT_GT(driver.executed(), 0u);
    calls += driver.executed();
    for (const auto& [function, n] : driver.successes()) successes[function] += n;
  }
  // Every function also succeeded, many times: the sequences are no mere refusals.
  for (const char* function : {"path_open",
                               "fd_close",
                               "fd_renumber",
                               "fd_read",
                               "fd_pread",
                               "fd_write",
                               "fd_pwrite",
                               "fd_seek",
                               "fd_tell",
                               "fd_allocate",
                               "fd_advise",
                               "fd_sync",
                               "fd_datasync",
                               "fd_filestat_get",
                               "fd_filestat_set_size",
                               "fd_filestat_set_times",
                               "fd_fdstat_get",
                               "fd_fdstat_set_flags",
                               "fd_fdstat_set_rights",
                               "fd_prestat_get",
                               "fd_readdir",
                               "path_create_directory",
                               "path_filestat_get",
                               "path_filestat_set_times",
                               "path_link",
                               "path_readlink",
                               "path_remove_directory",
                               "path_rename",
                               "path_symlink",
                               "path_unlink_file"}) {
    EXPECT_GT(successes[function], 70u) << function;
    RecordProperty(function, static_cast<int>(successes[function]));
  }
  u64 succeeded = 0;
  for (const auto& [function, n] : successes) succeeded += n;
  EXPECT_GT(succeeded, calls / 4);
  std::printf("%llu calls, %llu of them with success\n", static_cast<unsigned long long>(calls),
              static_cast<unsigned long long>(succeeded));
}

INSTANTIATE_TEST_SUITE_P(Resolvers, ModelTest,
                         ::testing::Values(boundary::ResolveMode::openat2, boundary::ResolveMode::walk),
                         [](const auto& p) { return p.param == boundary::ResolveMode::openat2 ? "openat2" : "walk"; });

}  // namespace
}  // namespace dewar::model
