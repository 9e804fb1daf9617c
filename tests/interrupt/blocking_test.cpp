// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Interruption of operations that block (design D12): atomic waits, with the request before, during and racing with the
// start of the wait. A lost request would block for ever and fail by the test's timeout; nothing measures time.
#include <gtest/gtest.h>

#include <thread>

#include "interrupt/engine_fixture.h"

namespace dewar::test {
namespace {

using runtime::Outcome;
using runtime::TrapKind;

const char kWaits[] = R"((module
    (import "env" "about_to_wait" (func $about))
    (memory (export "m") 1 1 shared)
    (func (export "wait32") (result i32) (call $about)
      (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))
    (func (export "wait64") (result i32) (call $about)
      (memory.atomic.wait64 (i32.const 16) (i64.const 0) (i64.const -1)))
    (func (export "wait_with_timeout") (result i32) (call $about)
      (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const 3600000000000)))
    (func (export "wait_in_loop") (loop (call $about)
      (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const 1000))) (br 0)))
    (func (export "notify") (result i32) (memory.atomic.notify (i32.const 8) (i32.const 100)))))";

const char* const kExports[] = {"wait32", "wait64", "wait_with_timeout", "wait_in_loop"};

TEST(BlockingInterrupt, RequestBeforeTheWait) {
  for (const char* name : kExports) {
    SCOPED_TRACE(name);
    TestEngine engine;
    engine.host("about_to_wait", {}, {}, [](runtime::CallContext& ctx, const Slot*, Slot*) {
      ctx.stack.interrupt(runtime::kInterruptKill);
      return runtime::HostStatus::ok;
    });
    runtime::Instance* instance = engine.load(kWaits);
    ASSERT_NE(instance, nullptr);
    EXPECT_EQ(engine.call(*instance, name), Outcome::trapped);
    EXPECT_EQ(engine.stack().trap.kind, TrapKind::interrupted);
  }
}

TEST(BlockingInterrupt, RequestWhileWaitingOrAboutTo) {
  for (const char* name : kExports) {
    SCOPED_TRACE(name);
    // Different numbers of yields let the request fall before, at and after the moment the thread goes to sleep.
    for (int delay = 0; delay < 40; ++delay) {
      TestEngine engine;
      std::atomic<bool> about = false;
      engine.host("about_to_wait", {}, {}, [&](runtime::CallContext&, const Slot*, Slot*) {
        about = true;
        return runtime::HostStatus::ok;
      });
      runtime::Instance* instance = engine.load(kWaits);
      ASSERT_NE(instance, nullptr);
      std::thread other([&] {
        while (!about) std::this_thread::yield();
        for (int i = 0; i < delay; ++i) std::this_thread::yield();
        if (delay % 8 == 7) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        engine.stack().interrupt(runtime::kInterruptKill);
      });
      EXPECT_EQ(engine.call(*instance, name), Outcome::trapped);
      EXPECT_EQ(engine.stack().trap.kind, TrapKind::interrupted);
      other.join();
      // Nobody is left in the queue.
      engine.stack().clear_interrupt(runtime::kInterruptKill);
      ASSERT_EQ(engine.call(*instance, "notify"), Outcome::returned);
      EXPECT_EQ(engine.result_i32(), 0);
    }
  }
}

}  // namespace
}  // namespace dewar::test
