// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Atomic waits of a guest that is one thread, in every mode: time passes on the virtual clock at once, an endless wait
// is a deadlock, and with the real clock a wait still can be interrupted.
#include "boundary/lone_wait.h"

#include <gtest/gtest.h>

#include <thread>

#include "interrupt/engine_fixture.h"

namespace dewar::test {
namespace {

using boundary::Clock;
using boundary::ClockId;
using runtime::Outcome;
using runtime::TrapKind;

const char kWaits[] = R"((module
    (import "env" "about_to_wait" (func $about))
    (memory 1 1 shared)
    (func (export "wait32") (param i32 i64) (result i32) (call $about)
      (memory.atomic.wait32 (i32.const 8) (local.get 0) (local.get 1)))
    (func (export "wait64") (param i32 i64) (result i32) (call $about)
      (memory.atomic.wait64 (i32.const 16) (i64.extend_i32_u (local.get 0)) (local.get 1)))
    (func (export "notify") (result i32) (memory.atomic.notify (i32.const 8) (i32.const 100)))))";

constexpr u64 kHour = u64{3'600} * 1'000'000'000;
constexpr Slot kForever = ~Slot{0};

/// Waits under the policy, in every mode.
template <class Test>
void in_every_mode(Test test) {
  for (const Mode& mode : matrix_modes()) {
    for (const char* name : {"wait32", "wait64"}) {
      SCOPED_TRACE(std::string(mode.name) + " " + name);
      TestEngine engine(mode.options);
      std::function<void()> about;
      engine.host("about_to_wait", {}, {}, [&](runtime::CallContext&, const Slot*, Slot*) {
        if (about) about();
        return runtime::HostStatus::ok;
      });
      runtime::Instance* instance = engine.load(kWaits);
      ASSERT_NE(instance, nullptr);
      test(engine, *instance, name, about);
      // Nobody is left in the queue.
      engine.stack().clear_interrupt(runtime::kInterruptKill);
      ASSERT_EQ(engine.call(*instance, "notify"), Outcome::returned);
      EXPECT_EQ(engine.result_i32(), 0);
    }
  }
}

TEST(LoneWait, TimePassesOnTheVirtualClock) {
  in_every_mode([](TestEngine& engine, runtime::Instance& instance, const char* name, auto&) {
    Clock clock = Clock::virtual_from(7);
    boundary::wait_alone(engine.store(), clock);
    // Between two readings there is the wait, and what a reading takes.
    u64 before = *clock.read(ClockId::monotonic);
    ASSERT_EQ(engine.call(instance, name, {0, kHour}), Outcome::returned);
    EXPECT_EQ(engine.result_i32(), 2) << "timed out";
    EXPECT_EQ(*clock.read(ClockId::monotonic), before += kHour + Clock::kNsPerReading);
    ASSERT_EQ(engine.call(instance, name, {0, 0}), Outcome::returned);
    EXPECT_EQ(engine.result_i32(), 2);
    ASSERT_EQ(engine.call(instance, name, {1, kHour}), Outcome::returned);
    EXPECT_EQ(engine.result_i32(), 1) << "another value: no wait, and no time";
    ASSERT_EQ(engine.call(instance, name, {1, kForever}), Outcome::returned);
    EXPECT_EQ(engine.result_i32(), 1);
    EXPECT_EQ(*clock.read(ClockId::monotonic), before + Clock::kNsPerReading);
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(engine.call(instance, name, {0, static_cast<Slot>(INT64_MAX)}), Outcome::returned);
      EXPECT_EQ(engine.result_i32(), 2);
    }
    EXPECT_EQ(*clock.read(ClockId::realtime), UINT64_MAX) << "the end of time, and no way around it";
  });
}

TEST(LoneWait, AnEndlessWaitIsADeadlock) {
  for (const bool real : {false, true}) {
    in_every_mode([real](TestEngine& engine, runtime::Instance& instance, const char* name, auto&) {
      Clock clock = real ? Clock::real() : Clock::virtual_from(0);
      boundary::wait_alone(engine.store(), clock);
      for (const Slot timeout : {kForever, static_cast<Slot>(INT64_MIN)}) {
        ASSERT_EQ(engine.call(instance, name, {0, timeout}), Outcome::trapped);
        EXPECT_EQ(engine.stack().trap.kind, TrapKind::deadlock);
        ASSERT_EQ(engine.stack().trap.frames.size(), 1u);
        EXPECT_EQ(engine.stack().trap.frames[0].func, name == std::string_view("wait32") ? 1u : 2u);
      }
    });
  }
}

TEST(LoneWait, TheRealClockReallyWaits) {
  in_every_mode([](TestEngine& engine, runtime::Instance& instance, const char* name, auto& about) {
    Clock clock = Clock::real();
    boundary::wait_alone(engine.store(), clock);
    const u64 before = *clock.read(ClockId::monotonic);
    ASSERT_EQ(engine.call(instance, name, {0, 2'000'000}), Outcome::returned);
    EXPECT_EQ(engine.result_i32(), 2);
    EXPECT_GE(*clock.read(ClockId::monotonic) - before, 2'000'000u);
    // Would take an hour if the request were lost, and the test's timeout end it.
    std::jthread killer;
    about = [&] { killer = std::jthread([&] { engine.stack().interrupt(runtime::kInterruptKill); }); };
    EXPECT_EQ(engine.call(instance, name, {0, kHour}), Outcome::trapped);
    EXPECT_EQ(engine.stack().trap.kind, TrapKind::interrupted);
    killer.join();
    about = nullptr;
  });
}

TEST(LoneWait, AKilledStackDoesNotPassTheTime) {
  in_every_mode([](TestEngine& engine, runtime::Instance& instance, const char* name, auto& about) {
    Clock clock = Clock::virtual_from(0);
    boundary::wait_alone(engine.store(), clock);
    about = [&] { engine.stack().interrupt(runtime::kInterruptKill); };
    for (const Slot timeout : {static_cast<Slot>(kHour), kForever}) {
      EXPECT_EQ(engine.call(instance, name, {0, timeout}), Outcome::trapped);
      EXPECT_EQ(engine.stack().trap.kind, TrapKind::interrupted);
      engine.stack().clear_interrupt(runtime::kInterruptKill);
    }
    EXPECT_EQ(*clock.read(ClockId::monotonic), Clock::kNsPerReading);
    about = nullptr;
  });
}

}  // namespace
}  // namespace dewar::test
