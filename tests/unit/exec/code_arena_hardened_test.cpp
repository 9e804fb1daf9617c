// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A process that was hardened after it had an arena goes on compiling into it, and cannot get another one.
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/harden_filter.h"
#include "code_arena_fixture.h"

namespace dewar::exec {
namespace {

/// The filter of a run without grants. True if the kernel took it.
bool harden() {
  const auto filter = cli::make_filter({});
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// Step at which something was not as it should be; 0 = all was well, 77 = the kernel has no filters.
int compile_after_hardening() {
  // In this order, as the program has it: the arena is made by the process that is then hardened.
  auto arena = CodeArena::create(u64{8} << 20);
  if (!arena) return 1;
  const auto before = put(**arena, returns(11), arena->get());
  if (!harden()) return 77;
  if (mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) return 2;
  if (run(before.code) != 11) return 3;
  // Through several growths of the file, up to the limit, and back.
  std::vector<CodeArena::Range> ranges;
  for (u16 i = 0;; ++i) {
    const auto range = (*arena)->allocate(20'000, arena->get());
    if (!range) break;
    const auto code = returns(i);
    std::memcpy(range->write, code.data(), code.size());
    (*arena)->publish(*range);
    ranges.push_back(*range);
  }
  if (ranges.size() < 400) return 4;
  for (u16 i = 0; i < ranges.size(); ++i)
    if (run(ranges[i].code) != i) return 5;
  (*arena)->release(ranges[100].code);
  const auto again = put(**arena, returns(4321), arena->get());
  if (kSeesRewrites && run(again.code) != 4321) return 6;
  if ((*arena)->find(ranges[7].code + 5)->object != arena->get()) return 7;
  if (CodeArena::create(u64{1} << 20)) return 8;
  arena->reset();
  return 0;
}

TEST(CodeArenaHardened, GoesOnCompiling) {
  const pid_t child = fork();
  if (child == 0) _exit(compile_after_hardening());
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "this kernel has no system call filters";
  EXPECT_EQ(WEXITSTATUS(status), 0) << "the step that failed";
}

}  // namespace
}  // namespace dewar::exec
