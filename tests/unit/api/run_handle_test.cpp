// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs that are ended from outside, and the moment before a guest begins.
#include "api/run_handle.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "api/run.h"
#include "text/wat.h"

namespace dewar::api {
namespace {

RunConfig config_of(std::string_view wat) {
  RunConfig config;
  config.module = *text::wat_to_wasm(wat);
  config.program = "test";
  return config;
}

constexpr char kLoop[] = R"((module (func (export "_start") (loop (br 0)))))";

TEST(RunHandle, EndsARunThatIsUnderWay) {
  RunHandle handle;
  RunConfig config = config_of(kLoop);
  config.handle = &handle;
  std::thread stopper;
  config.before_guest = [&]() -> Result<void> {
    stopper = std::thread([&] { handle.cancel(); });
    return {};
  };
  const Outcome outcome = run(std::move(config));
  stopper.join();
  EXPECT_EQ(outcome.cls, OutcomeClass::limit);
  EXPECT_EQ(outcome.code, "cancelled");
  EXPECT_EQ(outcome.exit_code, kExitLimit);
  EXPECT_TRUE(outcome.retryable);
  EXPECT_FALSE(outcome.reproducible);
  EXPECT_TRUE(handle.cancelled());
}

TEST(RunHandle, OneThatHasNotBegunDoesNotBegin) {
  RunHandle handle;
  handle.cancel();
  RunConfig config = config_of(R"((module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (func (export "_start") (call $exit (i32.const 3)))))");
  config.handle = &handle;
  const Outcome outcome = run(std::move(config));
  EXPECT_EQ(outcome.code, "cancelled");
  EXPECT_EQ(outcome.host_calls, 0u);
}

TEST(RunHandle, CancellingAfterTheEndIsHarmless) {
  RunHandle handle;
  RunConfig config = config_of(R"((module (func (export "_start"))))");
  config.handle = &handle;
  EXPECT_EQ(run(std::move(config)).code, "ok");
  handle.cancel();
}

TEST(RunHandle, TellsTheFuelUsedSoFar) {
  RunHandle handle;
  EXPECT_FALSE(handle.fuel_used());
  handle.ask_fuel();
  RunConfig config = config_of(kLoop);
  config.handle = &handle;
  std::thread watcher;
  std::vector<u64> seen;
  config.before_guest = [&]() -> Result<void> {
    watcher = std::thread([&] {
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
      u64 last = 0;
      while (seen.size() < 5 && std::chrono::steady_clock::now() < end) {
        handle.ask_fuel();
        const u64 used = handle.fuel_used().value_or(0);
        if (used > last) seen.push_back(used);
        EXPECT_GE(used, last);
        last = used;
      }
      handle.cancel();
    });
    return {};
  };
  const Outcome outcome = run(std::move(config));
  watcher.join();
  ASSERT_EQ(seen.size(), 5u);
  EXPECT_GE(outcome.fuel.used.value(), seen.back());
  EXPECT_FALSE(handle.fuel_used()) << "the run is over";
}

// Asking, again and again, changes nothing of a run that waits, copies and loops.
TEST(RunHandle, BeingAskedDoesNotShow) {
  constexpr char kWork[] = R"((module
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 40)
    (func (export "work") (result i32) (local $i i32) (local $errors i32)
      (i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (i64.const 1000000))
      (loop $l
        (memory.fill (i32.const 65536) (local.get $i) (i32.const 300000))
        (local.set $errors (i32.add (local.get $errors)
          (call $poll (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200))))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 300))))
      (local.get $errors))))";
  const auto work = [&](RunHandle* handle) {
    RunConfig config = config_of(kWork);
    config.handle = handle;
    config.invoke = "work";
    config.grants.clock = boundary::ClockPolicy::real;  // so that it really waits
    return run(std::move(config));
  };
  RunHandle handle;
  std::atomic<bool> stop = false;
  std::thread asker([&] {
    while (!stop) handle.ask_fuel();
  });
  const Outcome asked = work(&handle), alone = work(nullptr);
  stop = true;
  asker.join();
  EXPECT_EQ(asked.code, "ok");
  EXPECT_EQ(asked.results, std::vector<std::string>{"i32:0"}) << "no wait was interrupted";
  EXPECT_EQ(asked.results, alone.results);
  EXPECT_EQ(asked.fuel.used, alone.fuel.used);
  EXPECT_EQ(asked.instructions, alone.instructions);
}

TEST(BeforeGuest, RunsOnceAndMayRefuse) {
  RunConfig config = config_of(kLoop);
  int calls = 0;
  config.before_guest = [&]() -> Result<void> {
    ++calls;
    return fail("internal", "not today");
  };
  const Outcome outcome = run(std::move(config));
  EXPECT_EQ(outcome.cls, OutcomeClass::refused);
  EXPECT_EQ(outcome.message, "not today");
  EXPECT_EQ(outcome.instructions, 0u);
  EXPECT_EQ(calls, 1);
}

TEST(BeforeGuest, IsNotReachedByWhatCannotStart) {
  RunConfig config = config_of(R"((module (func (export "other"))))");
  config.before_guest = []() -> Result<void> {
    ADD_FAILURE() << "nothing to run";
    return {};
  };
  EXPECT_EQ(run(std::move(config)).code, "no-entry");
}

}  // namespace
}  // namespace dewar::api
