// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs as a whole, and the clock that ends them: it starts before the program is looked at.
#include "api/run.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <time.h>

#include "api/watchdog.h"
#include "base/leb128.h"
#include "runtime/store.h"

namespace dewar::api {
namespace {

void section(std::vector<u8>& out, u8 id, const std::vector<u8>& payload) {
  out.push_back(id);
  base::append_u64(out, payload.size());
  out.insert(out.end(), payload.begin(), payload.end());
}

// A module of a few MB that takes seconds to validate: every call takes and gives a thousand values. Its _start does
// nothing, so a clock that started only after loading would never ring.
std::vector<u8> slow_to_validate() {
  constexpr u32 kValues = 1000, kCalls = 1'000'000, kFunctions = 3;
  std::vector<u8> types{2, 0x60, 0, 0, 0x60};
  for (int list = 0; list < 2; ++list) {
    base::append_u32(types, kValues);
    types.insert(types.end(), kValues, 0x7f);
  }
  std::vector<u8> funcs{kFunctions + 1, 0};
  std::vector<u8> code{kFunctions + 1, 2, 0, 0x0b};
  std::vector<u8> body{0};
  for (u32 i = 0; i < kValues; ++i) {
    body.push_back(0x20);
    base::append_u32(body, i);
  }
  for (u32 i = 0; i < kCalls; ++i) {
    body.push_back(0x10);
    body.push_back(1);
  }
  body.push_back(0x0b);
  for (u32 i = 0; i < kFunctions; ++i) {
    funcs.push_back(1);
    base::append_u64(code, body.size());
    code.insert(code.end(), body.begin(), body.end());
  }
  std::vector<u8> module{0, 'a', 's', 'm', 1, 0, 0, 0};
  section(module, 1, types);
  section(module, 3, funcs);
  section(module, 7, {1, 6, '_', 's', 't', 'a', 'r', 't', 0, 0});
  section(module, 10, code);
  return module;
}

RunConfig with_limit(std::vector<u8> module, u64 wall_time_ms) {
  RunConfig config;
  config.module = std::move(module);
  config.program = "test";
  config.limits.wall_time_ms = wall_time_ms;
  return config;
}

std::vector<u8> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

void expect_wall_time(const Outcome& outcome) {
  EXPECT_EQ(outcome.cls, OutcomeClass::limit);
  EXPECT_EQ(outcome.code, "wall-time") << outcome.message;
  EXPECT_EQ(outcome.exit_code, kExitWallTime);
  EXPECT_TRUE(outcome.retryable);
  EXPECT_FALSE(outcome.reproducible);
  EXPECT_FALSE(outcome.refusal);
  EXPECT_EQ(outcome.instructions, 0u) << "it never ran";
}

TEST(RunClock, CoversValidation) { expect_wall_time(run(with_limit(slow_to_validate(), 20))); }

TEST(RunClock, CoversText) {
  std::string text = "(module (func (export \"_start\"))";
  for (int i = 0; i < 200'000; ++i) text += "(func (drop (i32.add (i32.const 1) (i32.const 2))))\n";
  text += ")";
  RunConfig config = with_limit(bytes_of(text), 1);
  config.is_text = true;
  expect_wall_time(run(std::move(config)));
}

TEST(RunClock, LeavesShortRunsAlone) {
  RunConfig config = with_limit(bytes_of("(module (func (export \"_start\")))"), 60'000);
  config.is_text = true;
  const Outcome outcome = run(std::move(config));
  EXPECT_EQ(outcome.code, "ok") << outcome.message;
  EXPECT_TRUE(outcome.reproducible);
}

TEST(RunClock, EndsALoop) {
  RunConfig config = with_limit(bytes_of("(module (func (export \"_start\") (loop (br 0))))"), 5);
  config.is_text = true;
  const Outcome outcome = run(std::move(config));
  EXPECT_EQ(outcome.code, "wall-time");
  EXPECT_GT(outcome.instructions, 0u);
}

void wait_for(const Watchdog& watchdog) {
  while (!watchdog.fired()) {
    const timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

class WatchdogTest : public ::testing::TestWithParam<Watchdog::Means> {
 protected:
  runtime::Engine engine;
  runtime::Store store{engine};
  std::unique_ptr<runtime::Stack> stack = *runtime::Stack::create(store);
};

TEST_P(WatchdogTest, InterruptsTheStackItGuards) {
  Watchdog watchdog(std::chrono::milliseconds(1), GetParam());
#if !defined(__has_feature) || !__has_feature(thread_sanitizer)
  EXPECT_EQ(watchdog.uses_timer(), GetParam() == Watchdog::Means::timer_if_possible);
#endif
  watchdog.guard(*stack);
  wait_for(watchdog);
  while (stack->interrupts() == 0) {
  }
  EXPECT_EQ(stack->interrupts(), runtime::kInterruptKill);
  EXPECT_TRUE(watchdog.flag().load());
}

TEST_P(WatchdogTest, InterruptsAStackThatComesLate) {
  Watchdog watchdog(std::chrono::milliseconds(0), GetParam());
  wait_for(watchdog);
  EXPECT_EQ(stack->interrupts(), 0u);
  watchdog.guard(*stack);
  EXPECT_EQ(stack->interrupts(), runtime::kInterruptKill);
}

TEST_P(WatchdogTest, NestsAndStops) {
  Watchdog outer(std::chrono::hours(1), GetParam());
  outer.guard(*stack);
  for (int i = 0; i < 100; ++i) {
    Watchdog inner(std::chrono::milliseconds(i % 2), GetParam());
    if (i % 3 == 0) wait_for(inner);
  }
  EXPECT_FALSE(outer.fired());
  EXPECT_EQ(stack->interrupts(), 0u);
}

TEST_P(WatchdogTest, WorksWhereSignalsAreBlocked) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  {
    Watchdog watchdog(std::chrono::milliseconds(1), GetParam());
    wait_for(watchdog);
  }
  sigset_t now;
  pthread_sigmask(SIG_SETMASK, &old, &now);
  for (const int signal : {SIGINT, SIGRTMIN + 7}) EXPECT_EQ(sigismember(&now, signal), 1);
}

INSTANTIATE_TEST_SUITE_P(Means, WatchdogTest,
                         ::testing::Values(Watchdog::Means::timer_if_possible, Watchdog::Means::thread));

}  // namespace
}  // namespace dewar::api
