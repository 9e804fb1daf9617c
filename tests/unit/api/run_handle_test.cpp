// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs that are ended from outside, and the moment before a guest begins.
#include "api/run_handle.h"

#include <gtest/gtest.h>

#include <thread>

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
