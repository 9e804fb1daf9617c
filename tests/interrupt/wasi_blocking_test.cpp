// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Interruption of blocked WASI calls (design D12): a read from an empty pipe, a write to a full one, a poll of one that
// never becomes ready. The request comes before the call, while it blocks, and around the moment in between. A lost
// request would block for ever and fail by the test's timeout.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "boundary/streams.h"
#include "host/wasi_p1/session.h"
#include "interrupt/engine_fixture.h"

namespace dewar::test {
namespace {

using runtime::Outcome;
using runtime::TrapKind;

const char kBlocking[] = R"((module
    (import "env" "about_to_block" (func $about))
    (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (func $iovec (i32.store (i32.const 0) (i32.const 4096)) (i32.store (i32.const 4) (i32.const 60000)))
    (func (export "read") (result i32) (call $iovec) (call $about)
      (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (func (export "write") (result i32) (call $iovec) (call $about)
      (loop $more (br_if $more (i32.eqz (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
      (i32.const 0))
    (func (export "poll") (result i32) (call $about)
      (i64.store (i32.const 64) (i64.const 7))    ;; user data
      (i32.store8 (i32.const 72) (i32.const 1))   ;; fd_read
      (i32.store (i32.const 80) (i32.const 0))    ;; handle 0
      (call $poll (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 8)))))";

/// The two ends of a pipe.
struct Pipe {
  Pipe() { EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0); }
  ~Pipe() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  int ends[2] = {-1, -1};
};

/// A guest whose standard input and output are pipes that nobody serves.
struct Guest {
  explicit Guest(TestEngine::Body about) {
    std::signal(SIGPIPE, SIG_IGN);
    wasi_p1::Config config;
    config.grants.clock = boundary::ClockPolicy::real;  // with the virtual one a read waits for all of its buffer
    config.grants.stdin_ = boundary::StdinPolicy::granted;
    config.stdin_ = &source;
    config.stdout_ = &sink;
    auto made = wasi_p1::Session::create(std::move(config));
    EXPECT_TRUE(made.has_value());
    if (!made) return;
    session = std::move(*made);
    engine = std::make_unique<TestEngine>();
    engine->host("about_to_block", {}, {}, std::move(about));
    EXPECT_TRUE(wasi_p1::define_wasi(engine->linker(), engine->store(), *session, nullptr).has_value());
    instance = engine->load(kBlocking);
  }

  Pipe in, out;
  boundary::FdSource source{in.ends[0]};
  boundary::FdSink sink{out.ends[1]};
  std::unique_ptr<wasi_p1::Session> session;  // outlives the store
  std::unique_ptr<TestEngine> engine;
  runtime::Instance* instance = nullptr;
};

class BlockedCall : public testing::TestWithParam<const char*> {};

TEST_P(BlockedCall, EndsWhenAskedBefore) {
  Guest guest([](runtime::CallContext& ctx, const Slot*, Slot*) {
    ctx.stack.interrupt(runtime::kInterruptKill);
    return runtime::HostStatus::ok;
  });
  ASSERT_NE(guest.instance, nullptr);
  EXPECT_EQ(guest.engine->call(*guest.instance, GetParam()), Outcome::trapped);
  EXPECT_EQ(guest.engine->stack().trap.kind, TrapKind::interrupted);
}

TEST_P(BlockedCall, EndsWhenAskedMeanwhile) {
  // Different delays let the request fall before, at and after the moment the thread goes to sleep.
  for (int delay = 0; delay < 24; ++delay) {
    SCOPED_TRACE(delay);
    std::atomic<bool> about = false;
    Guest guest([&](runtime::CallContext&, const Slot*, Slot*) {
      about = true;
      return runtime::HostStatus::ok;
    });
    ASSERT_NE(guest.instance, nullptr);
    std::thread other([&] {
      while (!about) std::this_thread::yield();
      for (int i = 0; i < delay; ++i) std::this_thread::yield();
      if (delay % 6 == 5) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      guest.engine->stack().interrupt(runtime::kInterruptKill);
    });
    EXPECT_EQ(guest.engine->call(*guest.instance, GetParam()), Outcome::trapped);
    EXPECT_EQ(guest.engine->stack().trap.kind, TrapKind::interrupted);
    other.join();
  }
}

TEST(BlockedRead, WorksAgainAfterTheRequestIsCleared) {
  Guest guest([](runtime::CallContext&, const Slot*, Slot*) { return runtime::HostStatus::ok; });
  ASSERT_NE(guest.instance, nullptr);
  guest.engine->stack().interrupt(runtime::kInterruptKill);
  EXPECT_EQ(guest.engine->call(*guest.instance, "read"), Outcome::trapped);
  guest.engine->stack().clear_interrupt(runtime::kInterruptKill);
  ASSERT_EQ(::write(guest.in.ends[1], "hello", 5), 5);
  ASSERT_EQ(guest.engine->call(*guest.instance, "read"), Outcome::returned);
  EXPECT_EQ(guest.engine->result_i32(), 0);
  const u8* memory = guest.engine->memory(*guest.instance, "memory")->base;
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(memory) + 4096, 5), "hello");
}

INSTANTIATE_TEST_SUITE_P(Calls, BlockedCall, testing::Values("read", "write", "poll"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace dewar::test
