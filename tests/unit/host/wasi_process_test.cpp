// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arguments, environment, clocks, random bytes, streams, polling and the end of the process.
#include <fcntl.h>

#include <array>
#include <chrono>
#include <thread>

#include "wasi_fixture.h"

namespace dewar::wasi_p1 {
namespace {

using runtime::HostStatus;
constexpr u32 kResult = WasiGuest::kResult;

TEST(WasiProcess, ALongRequestForRandomBytesEndsWithTheRun) {
  WasiGuest g;
  g.start({});
  g.stack->interrupt(runtime::kInterruptKill);
  EXPECT_EQ(g.call(*g.bindings.at("random_get"), {0, 200'000}), HostStatus::trap);
  EXPECT_EQ(g.stack->trap.kind, runtime::TrapKind::interrupted);
  EXPECT_EQ(g.session->random().bytes(), 0u);
  g.stack->clear_interrupt(runtime::kInterruptKill);
  // Another reason does not cut it short: programs do not expect that of random_get.
  g.stack->interrupt(runtime::kInterruptSignal);
  EXPECT_EQ(g("random_get", {0, 200'000}), Errno::success);
  EXPECT_EQ(g.session->random().bytes(), 200'000u);
}

TEST(WasiProcess, ArgumentsAndEnvironment) {
  WasiGuest g;
  Config config;
  config.grants.args = {"prog", "", "a b"};
  config.grants.env = {{"A", "1"}, {"B", ""}};
  g.start(std::move(config));
  EXPECT_EQ(g("args_sizes_get", {0, 4}), Errno::success);
  EXPECT_EQ(g.u32_at(0), 3u);
  EXPECT_EQ(g.u32_at(4), 10u);
  EXPECT_EQ(g("args_get", {100, 200}), Errno::success);
  EXPECT_EQ(g.u32_at(100), 200u);
  EXPECT_EQ(g.u32_at(104), 205u);
  EXPECT_EQ(g.u32_at(108), 206u);
  EXPECT_EQ(g.text(200, 10), std::string("prog\0\0a b\0", 10));
  EXPECT_EQ(g("environ_sizes_get", {0, 4}), Errno::success);
  EXPECT_EQ(g.u32_at(0), 2u);
  EXPECT_EQ(g.u32_at(4), 7u);
  EXPECT_EQ(g("environ_get", {100, 200}), Errno::success);
  EXPECT_EQ(g.text(200, 7), std::string("A=1\0B=\0", 7));
  EXPECT_EQ(g("args_get", {g.size() - 8, 200}), Errno::fault);
  EXPECT_EQ(g("args_get", {100, g.size() - 9}), Errno::fault);
  EXPECT_EQ(g("args_sizes_get", {g.size() - 3, 0}), Errno::fault);
}

TEST(WasiProcess, NothingIsGrantedByItself) {
  ::setenv("DEWAR_TEST_SECRET", "x", 1);
  WasiGuest g;
  g.start({});
  EXPECT_EQ(g("args_sizes_get", {0, 4}), Errno::success);
  EXPECT_EQ(g.u32_at(0), 0u);
  EXPECT_EQ(g("environ_sizes_get", {0, 4}), Errno::success);
  EXPECT_EQ(g.u32_at(0), 0u);
  std::string text;
  EXPECT_EQ(g.read(0, &text), Errno::success);
  EXPECT_EQ(text, "");
  EXPECT_EQ(g.session->stdin_refused(), 1u);
  EXPECT_TRUE(g.denials().empty());
}

TEST(WasiProcess, BadGrantsAreRefused) {
  const auto code = [](Config config) {
    auto session = Session::create(std::move(config));
    return session ? std::string() : std::string(session.error().code);
  };
  Config config;
  config.grants.args = {std::string("a\0b", 3)};
  EXPECT_EQ(code(std::move(config)), "grant-bad-string");
  config = {};
  config.grants.env = {{"A=B", "x"}};
  EXPECT_EQ(code(std::move(config)), "grant-bad-string");
  config = {};
  config.grants.env = {{"", "x"}};
  EXPECT_EQ(code(std::move(config)), "grant-bad-string");
  config = {};
  config.max_handles = 3;
  EXPECT_EQ(code(std::move(config)), "grant-too-many-mounts");
}

TEST(WasiProcess, ClocksAreVirtual) {
  WasiGuest g;
  g.start({});
  g.stack->fuel = 1'000'000;
  u64 last = 0;
  for (int i = 0; i < 5; ++i) {
    g.stack->fuel -= 500;
    EXPECT_EQ(g("clock_time_get", {0, 1, kResult}), Errno::success);
    EXPECT_GT(g.u64_at(kResult), last);
    last = g.u64_at(kResult);
  }
  EXPECT_EQ(last, boundary::Clock::kDefaultStart + 5 * boundary::Clock::kNsPerReading + 4 * 500);
  EXPECT_EQ(g("clock_res_get", {1, kResult}), Errno::success);
  EXPECT_EQ(g.u64_at(kResult), boundary::Clock::kNsPerReading);
  for (u64 clock = 0; clock < 4; ++clock) EXPECT_EQ(g("clock_time_get", {clock, 0, kResult}), Errno::success);
  EXPECT_EQ(g("clock_time_get", {4, 0, kResult}), Errno::inval);
  EXPECT_EQ(g("clock_time_get", {0xffffffff, 0, kResult}), Errno::inval);
  EXPECT_EQ(g("clock_res_get", {4, kResult}), Errno::inval);
  EXPECT_EQ(g("clock_time_get", {0, 0, g.size() - 7}), Errno::fault);
}

TEST(WasiProcess, RandomIsSeeded) {
  std::string first;
  for (const u64 seed : {5, 5, 6}) {
    WasiGuest g;
    Config config;
    config.grants.seed = seed;
    g.start(std::move(config));
    EXPECT_EQ(g("random_get", {1000, 64}), Errno::success);
    const std::string bytes = g.text(1000, 64);
    if (first.empty()) first = bytes;
    EXPECT_EQ(bytes == first, seed == 5);
    EXPECT_EQ(g.session->random().bytes(), 64u);
    EXPECT_EQ(g("random_get", {1000, 0}), Errno::success);
    EXPECT_EQ(g("random_get", {g.size(), 1}), Errno::fault);
    EXPECT_EQ(g("random_get", {0, 0xffffffff}), Errno::fault);
  }
}

TEST(WasiProcess, RandomKeepsToTheBudget) {
  WasiGuest g;
  Config config;
  config.limits.bytes_per_call = 100;
  g.start(std::move(config));
  EXPECT_EQ(g("random_get", {0, 100}), Errno::success);
  EXPECT_EQ(g("random_get", {0, 101}), Errno::nobufs);
}

TEST(WasiProcess, EndsOfTheProcess) {
  WasiGuest g;
  g.start({});
  EXPECT_EQ(g.call(*g.bindings.at("proc_exit"), {33}), HostStatus::exit);
  EXPECT_EQ(g.stack->exit_code, 33u);
  EXPECT_EQ(g("proc_raise", {0}), Errno::success);
  EXPECT_EQ(g("proc_raise", {31}), Errno::inval);
  EXPECT_EQ(g("proc_raise", {18}), Errno::notsup);
  EXPECT_EQ(g.call(*g.bindings.at("proc_raise"), {6}), HostStatus::trap);
  EXPECT_NE(g.stack->trap.detail.find("signal 6"), std::string::npos);
  EXPECT_EQ(g("sched_yield", {}), Errno::success);
}

TEST(WasiStreams, OutputIsCapturedAndReported) {
  WasiGuest g;
  boundary::CaptureSink out(100, 0), err(100, 0);
  Config config;
  config.stdout_ = &out;
  config.stderr_ = &err;
  config.report = true;
  config.report_limit = 10;
  g.start(std::move(config));
  EXPECT_EQ(g.write(1, "out"), Errno::success);
  EXPECT_EQ(g.u32_at(kResult), 3u);
  EXPECT_EQ(g.write(2, "err"), Errno::success);
  ASSERT_TRUE(g.session->report_fd());
  EXPECT_EQ(*g.session->report_fd(), 4u);  // after the synthetic root
  EXPECT_EQ(g.write(4, "0123456789abc"), Errno::success);
  EXPECT_EQ(out.head(), "out");
  EXPECT_EQ(err.head(), "err");
  EXPECT_EQ(g.session->report(), "0123456789");
  EXPECT_EQ(g.session->report_total(), 13u);
  // Streams are not files.
  EXPECT_EQ(g.read(1, nullptr), Errno::notcapable);
  EXPECT_EQ(g.write(0, "x"), Errno::notcapable);
  EXPECT_EQ(g.write(77, "x"), Errno::badf);
  EXPECT_EQ(g("fd_seek", {1, 0, 0, kResult}), Errno::spipe);
  EXPECT_EQ(g("fd_pwrite", {1, 1024, 1, 0, kResult}), Errno::spipe);
  EXPECT_EQ(g("fd_sync", {1}), Errno::success);
  EXPECT_EQ(g("fd_filestat_get", {1, kResult}), Errno::success);
  EXPECT_EQ(g("fd_fdstat_get", {1, kResult}), Errno::success);
  EXPECT_EQ(g.get<Fdstat>(kResult).filetype, kTypeUnknown) << "no terminal";
  EXPECT_EQ(g("fd_prestat_get", {1, kResult}), Errno::badf);
  EXPECT_EQ(g("fd_prestat_get", {4, kResult}), Errno::badf) << "C libraries end their search here";
  // Closing and renumbering streams is the guest's business.
  EXPECT_EQ(g("fd_close", {2}), Errno::success);
  EXPECT_EQ(g("fd_renumber", {1, 4}), Errno::success);
  EXPECT_EQ(g.write(4, "more"), Errno::success);
  EXPECT_EQ(out.head(), "outmore");
  EXPECT_EQ(g.write(1, "x"), Errno::badf);
}

TEST(WasiStreams, TheReportAlsoOpensByPath) {
  for (const bool report : {true, false}) {
    WasiGuest g;
    Config config;
    config.report = report;
    config.report_path = "/own/./report";
    g.start(std::move(config));
    const Errno opened = g.open(3, "own/report", 0, rights::kFdWrite);
    if (!report) {
      EXPECT_EQ(opened, Errno::notcapable) << "without a report the path is like any other";
      continue;
    }
    ASSERT_EQ(opened, Errno::success);
    EXPECT_EQ(g.fd, 5u);
    EXPECT_EQ(g.write(g.fd, "by path\n"), Errno::success);
    EXPECT_EQ(g.write(*g.session->report_fd(), "by number\n"), Errno::success);
    EXPECT_EQ(g.session->report(), "by path\nby number\n");
    EXPECT_EQ(g.read(g.fd, nullptr), Errno::notcapable);
    EXPECT_EQ(g.open(3, "own/reports", 0, rights::kFdWrite), Errno::notcapable);
    EXPECT_EQ(g.denials().size(), 1u);
  }
}

// Standard input that comes in pieces, as the writer wants.
struct SlowInput {
  SlowInput() = default;
  ~SlowInput() {
    ::close(fds[0]);
    end();
  }
  void put(std::string_view text) {
    EXPECT_EQ(::write(fds[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void end() {
    if (fds[1] >= 0) ::close(std::exchange(fds[1], -1));
  }
  Config config(boundary::ClockPolicy clock) {
    Config config;
    config.grants.clock = clock;
    config.grants.stdin_ = boundary::StdinPolicy::granted;
    config.stdin_ = &source;
    return config;
  }
  static std::array<int, 2> made() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    return {ends[0], ends[1]};
  }
  std::array<int, 2> fds = made();
  boundary::FdSource source{fds[0]};
};

TEST(WasiStreams, WithTheVirtualClockPiecesDoNotShow) {
  for (const std::vector<std::string_view>& pieces :
       {std::vector<std::string_view>{"abcdefghij"}, {"ab", "cd", "e", "fghij"}, {"a", "bcdefghij"}}) {
    SlowInput in;
    WasiGuest g;
    g.start(in.config(boundary::ClockPolicy::virtual_));
    EXPECT_EQ(g("fd_fdstat_set_flags", {0, kFdNonblock}), Errno::success) << "which changes nothing";
    // Ready at once, and the same whatever is there: nothing is so far.
    Snapshot1::Subscription s;
    s.type = kEventFdRead;
    g.set(1000, s);
    EXPECT_EQ(g("poll_oneoff", {1000, 2000, 1, kResult}), Errno::success);
    ASSERT_EQ(g.u32_at(kResult), 1u);
    EXPECT_EQ(g.get<Event>(2000).error, 0u);
    EXPECT_EQ(g.get<Event>(2000).nbytes, 1u);
    EXPECT_EQ(g.get<Event>(2000).flags, 0u);
    std::thread writer([&] {
      for (const std::string_view piece : pieces) {
        in.put(piece);
        std::this_thread::sleep_for(std::chrono::milliseconds(3));
      }
      in.end();
    });
    // Two buffers, which the pieces do not fit.
    g.set<u32>(1024, WasiGuest::kData);
    g.set<u32>(1028, 3);
    g.set<u32>(1032, WasiGuest::kData + 100);
    g.set<u32>(1036, 4);
    EXPECT_EQ(g("fd_read", {0, 1024, 2, kResult}), Errno::success);
    EXPECT_EQ(g.u32_at(kResult), 7u);
    EXPECT_EQ(g.text(WasiGuest::kData, 3) + g.text(WasiGuest::kData + 100, 4), "abcdefg");
    std::string text;
    EXPECT_EQ(g.read(0, &text, 5), Errno::success);
    EXPECT_EQ(text, "hij") << "the end came first";
    EXPECT_EQ(g.read(0, &text, 5), Errno::success);
    EXPECT_EQ(text, "");
    writer.join();
  }
}

TEST(WasiStreams, WithTheVirtualClockAReadThatWaitsForMoreIsInterrupted) {
  SlowInput in;
  WasiGuest g;
  g.start(in.config(boundary::ClockPolicy::virtual_));
  in.put("half");
  std::thread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    g.stack->interrupt(runtime::kInterruptKill);
  });
  g.set<u32>(1024, WasiGuest::kData);
  g.set<u32>(1028, 10);
  // The guest gets what was read, and ends at its next poll.
  EXPECT_EQ(g.call(*g.bindings.at("fd_read"), {0, 1024, 1, kResult}), HostStatus::ok);
  EXPECT_EQ(g.u32_at(kResult), 4u);
  EXPECT_EQ(g.call(*g.bindings.at("fd_read"), {0, 1024, 1, kResult}), HostStatus::trap);
  killer.join();
}

TEST(WasiStreams, WithTheRealClockWhatIsThereIsRead) {
  SlowInput in;
  WasiGuest g;
  g.start(in.config(boundary::ClockPolicy::real));
  EXPECT_EQ(g("fd_fdstat_set_flags", {0, kFdNonblock}), Errno::success);
  std::string text;
  EXPECT_EQ(g.read(0, &text), Errno::again);
  in.put("a line\n");
  EXPECT_EQ(g.read(0, &text), Errno::success);
  EXPECT_EQ(text, "a line\n");
}

TEST(WasiStreams, GrantedInputIsReadAndInterruptible) {
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  boundary::FdSource source(fds[0]);
  WasiGuest g;
  Config config;
  config.grants.clock = boundary::ClockPolicy::real;
  config.grants.stdin_ = boundary::StdinPolicy::granted;
  config.stdin_ = &source;
  g.start(std::move(config));
  ASSERT_EQ(::write(fds[1], "hello", 5), 5);
  std::string text;
  EXPECT_EQ(g.read(0, &text), Errno::success);
  EXPECT_EQ(text, "hello");
  std::thread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    g.stack->interrupt(runtime::kInterruptKill);
  });
  g.set<u32>(1024, WasiGuest::kData);
  g.set<u32>(1028, 10);
  EXPECT_EQ(g.call(*g.bindings.at("fd_read"), {0, 1024, 1, kResult}), HostStatus::trap);
  EXPECT_EQ(g.stack->trap.kind, runtime::TrapKind::interrupted);
  killer.join();
  g.stack->clear_interrupt(runtime::kInterruptKill);
  g.stack->interrupt(runtime::kInterruptFreeze);
  EXPECT_EQ(g.read(0, &text), Errno::intr) << "other reasons let the guest go on to its next poll";
  ::close(fds[0]);
  ::close(fds[1]);
}

void subscribe_clock(WasiGuest& g, u32 at, u64 userdata, u32 clock, u64 timeout, u16 flags = 0) {
  Snapshot1::Subscription s;
  s.userdata = userdata;
  s.type = kEventClock;
  s.id = clock;
  s.timeout = timeout;
  s.flags = flags;
  g.set(at, s);
}
void subscribe_fd(WasiGuest& g, u32 at, u64 userdata, u8 type, u32 fd) {
  Snapshot1::Subscription s;
  s.userdata = userdata;
  s.type = type;
  s.id = fd;
  g.set(at, s);
}

TEST(WasiPoll, VirtualSleepsTakeNoTime) {
  WasiGuest g;
  g.start({});
  const auto start = std::chrono::steady_clock::now();
  subscribe_clock(g, 1000, 11, 1, u64{3600} * 1'000'000'000);
  subscribe_clock(g, 1048, 22, 0, u64{7200} * 1'000'000'000);
  EXPECT_EQ(g("clock_time_get", {1, 0, kResult}), Errno::success);
  const u64 before = g.u64_at(kResult);
  EXPECT_EQ(g("poll_oneoff", {1000, 2000, 2, kResult}), Errno::success);
  ASSERT_EQ(g.u32_at(kResult), 1u);
  EXPECT_EQ(g.get<Event>(2000).userdata, 11u);
  EXPECT_EQ(g.get<Event>(2000).type, kEventClock);
  EXPECT_EQ(g("clock_time_get", {1, 0, kResult}), Errno::success);
  EXPECT_EQ(g.u64_at(kResult) - before, u64{3600} * 1'000'000'000 + boundary::Clock::kNsPerReading + 2)
      << "the time waited, a reading, and the fuel of two subscriptions";
  // An absolute time in the past is due at once.
  subscribe_clock(g, 1000, 33, 0, 5, kClockAbsolute);
  EXPECT_EQ(g("poll_oneoff", {1000, 2000, 1, kResult}), Errno::success);
  EXPECT_EQ(g.get<Event>(2000).userdata, 33u);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(WasiPoll, HandlesAreReadyOrWrong) {
  WasiGuest g;
  g.start({});
  subscribe_fd(g, 1000, 1, kEventFdRead, 0);
  subscribe_fd(g, 1048, 2, kEventFdWrite, 1);
  subscribe_fd(g, 1096, 3, kEventFdRead, 99);
  subscribe_fd(g, 1144, 4, kEventFdWrite, 0);
  subscribe_clock(g, 1192, 5, 1, 1'000'000'000);
  subscribe_clock(g, 1240, 6, 77, 0);
  EXPECT_EQ(g("poll_oneoff", {1000, 4000, 6, kResult}), Errno::success);
  ASSERT_EQ(g.u32_at(kResult), 5u) << "everything but the timeout";
  const Errno expected[5] = {Errno::success, Errno::success, Errno::badf, Errno::notcapable, Errno::inval};
  const u64 ids[5] = {1, 2, 3, 4, 6};
  for (u32 i = 0; i < 5; ++i) {
    EXPECT_EQ(g.get<Event>(4000 + 32 * i).userdata, ids[i]);
    EXPECT_EQ(static_cast<Errno>(g.get<Event>(4000 + 32 * i).error), expected[i]);
  }
  EXPECT_EQ(g.get<Event>(4000).flags, kEventHangup) << "standard input is at its end";
  EXPECT_EQ(g("poll_oneoff", {1000, 4000, 0, kResult}), Errno::inval);
  EXPECT_EQ(g("poll_oneoff", {1000, 4000, 1025, kResult}), Errno::inval);
  EXPECT_EQ(g("poll_oneoff", {1000, 4000, 0xffffffff, kResult}), Errno::inval);
  EXPECT_EQ(g("poll_oneoff", {g.size() - 47, 4000, 1, kResult}), Errno::fault);
  EXPECT_EQ(g("poll_oneoff", {1000, g.size() - 31, 1, kResult}), Errno::fault);
  g.set<u8>(1008, 3);
  EXPECT_EQ(g("poll_oneoff", {1000, 4000, 1, kResult}), Errno::inval);
}

TEST(WasiPoll, RealTimeWaitsAndIsInterrupted) {
  WasiGuest g;
  Config config;
  config.grants.clock = boundary::ClockPolicy::real;
  g.start(std::move(config));
  subscribe_clock(g, 1000, 1, 1, 40'000'000);
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(g("poll_oneoff", {1000, 2000, 1, kResult}), Errno::success);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(40));
  subscribe_clock(g, 1000, 1, 1, u64{1000} * 1'000'000'000);
  std::thread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    g.stack->interrupt(runtime::kInterruptKill);
  });
  start = std::chrono::steady_clock::now();
  EXPECT_EQ(g.call(*g.bindings.at("poll_oneoff"), {1000, 2000, 1, kResult}), HostStatus::trap);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_EQ(g.stack->trap.kind, runtime::TrapKind::interrupted);
  killer.join();
}

TEST(WasiUnstable, HasItsOwnLayouts) {
  WasiGuest g;
  g.start({});
  Unstable::Subscription s;
  s.userdata = 9;
  s.type = kEventClock;
  s.identifier = 5;
  s.id = 1;
  s.timeout = 1000;
  g.set(1000, s);
  EXPECT_EQ(g("unstable.poll_oneoff", {1000, 2000, 1, kResult}), Errno::success);
  EXPECT_EQ(g.get<Event>(2000).userdata, 9u);
  s.type = kEventFdWrite;
  s.identifier = 1;
  g.set(1000, s);
  EXPECT_EQ(g("unstable.poll_oneoff", {1000, 2000, 1, kResult}), Errno::success);
  EXPECT_EQ(static_cast<Errno>(g.get<Event>(2000).error), Errno::success);
  g.put(kResult, std::string(64, '\xaa'));
  EXPECT_EQ(g("unstable.fd_filestat_get", {3, kResult}), Errno::success);
  EXPECT_EQ(g.get<Unstable::Filestat>(kResult).filetype, kTypeDirectory);
  EXPECT_EQ(g.get<u8>(kResult + 56), 0xaa) << "56 bytes, no more";
}

}  // namespace
}  // namespace dewar::wasi_p1
