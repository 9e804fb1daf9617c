// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The handle table against a plain map, and the streams.
#include "boundary/handle_table.h"

#include <fcntl.h>

#include <map>
#include <thread>

#include "boundary/host_call.h"
#include "support/fake_guest.h"

namespace dewar::boundary {
namespace {

using runtime::HostStatus;
using test::FakeGuest;
using test::TestRandom;

Handle marked(u64 mark) {
  Handle h;
  h.kind = Handle::Kind::synthetic;
  h.offset = mark;
  return h;
}

TEST(HandleTable, AgreesWithAMap) {
  constexpr u32 kMax = 40;
  HandleTable table(kMax);
  std::map<u32, u64> model;
  TestRandom random(7);
  const auto lowest_free = [&] {
    u32 n = 0;
    while (model.contains(n)) ++n;
    return n;
  };
  const auto pick = [&] { return static_cast<u32>(random.below(10) == 0 ? random.next() : random.below(kMax + 5)); };
  for (u64 step = 0; step < 200'000; ++step) {
    switch (random.below(4)) {
      case 0: {
        auto number = table.insert(marked(step));
        ASSERT_EQ(number.has_value(), model.size() < kMax);
        if (number) {
          ASSERT_EQ(*number, lowest_free());
          model[*number] = step;
        }
        break;
      }
      case 1: {
        const u32 n = pick();
        ASSERT_EQ(table.close(n), model.erase(n) == 1);
        break;
      }
      case 2: {
        const u32 from = pick(), to = pick();
        const bool good = model.contains(from) && model.contains(to);
        ASSERT_EQ(table.renumber(from, to), good);
        if (good && from != to) {
          model[to] = model[from];
          model.erase(from);
        }
        break;
      }
      default: {
        const u32 n = pick();
        Handle* h = table.get(n);
        ASSERT_EQ(h != nullptr, model.contains(n));
        if (h) ASSERT_EQ(h->offset, model[n]);
      }
    }
    ASSERT_EQ(table.open_count(), model.size());
  }
  EXPECT_EQ(table.peak(), kMax);
}

TEST(HandleTable, ClosesKernelDescriptors) {
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  HandleTable table(4);
  Handle h = marked(0);
  h.fd = UniqueFd(fds[1]);
  const u32 a = table.insert(std::move(h)).value();
  const u32 b = table.insert(marked(1)).value();
  ASSERT_TRUE(table.renumber(b, a));  // over the pipe's end
  char c;
  EXPECT_EQ(::read(fds[0], &c, 1), 0) << "the write end is closed";
  ::close(fds[0]);
}

TEST(HandleTable, SnapshotsStayBounded) {
  HandleTable table(10);
  for (u64 i = 0; i < 5; ++i) {
    const u32 number = table.insert(marked(i)).value();
    auto snapshot = std::make_unique<DirSnapshot>();
    snapshot->entries.resize(100'000);
    table.keep_snapshot(*table.get(number), std::move(snapshot));
  }
  for (u32 i = 0; i < 5; ++i) EXPECT_EQ(table.get(i)->snapshot != nullptr, i == 4) << i;
}

TEST(CaptureSink, KeepsHeadAndTail) {
  CaptureSink sink(4, 3);
  const auto add = [&](std::string_view text) {
    sink.append(std::span(reinterpret_cast<const u8*>(text.data()), text.size()));
  };
  add("ab");
  add("cdef");
  EXPECT_EQ(sink.head(), "abcd");
  EXPECT_EQ(sink.tail(), "ef");
  EXPECT_EQ(sink.dropped(), 0u);
  add("g");
  EXPECT_EQ(sink.tail(), "efg");
  add("hi");
  EXPECT_EQ(sink.tail(), "ghi");
  EXPECT_EQ(sink.dropped(), 2u);
  add("0123456789");
  EXPECT_EQ(sink.tail(), "789");
  EXPECT_EQ(sink.total(), 19u);
  CaptureSink nothing(0, 0);
  nothing.append(std::span(reinterpret_cast<const u8*>("xyz"), 3));
  EXPECT_EQ(nothing.total(), 3u);
  EXPECT_EQ(nothing.dropped(), 3u);
}

struct Io {
  OutputSink* sink = nullptr;
  InputSource* source = nullptr;
  bool whole = false;
  std::expected<u64, StreamError> result;
};
HostStatus run_io(HostCall& call) {
  Io& io = call.host<Io>();
  if (io.sink) {
    GuestGather from;
    EXPECT_TRUE(call.gather(call.arg32(0), call.arg32(1), from));
    io.result = io.sink->take(call, from);
  } else {
    GuestScatter into;
    EXPECT_TRUE(call.scatter(call.arg32(0), call.arg32(1), into));
    io.result = io.source->give(call, into, io.whole);
  }
  if (!io.result && io.result.error().interrupted) {
    if (auto end = call.killed()) return *end;
  }
  call.set_result32(0);
  return HostStatus::ok;
}
constexpr ImportDesc kIo{
    "test", "io",
    "ii:i", {ArgDesc{Role::scalar, ArgDesc::kNoLength, 0, 0}, ArgDesc{Role::scalar, ArgDesc::kNoLength, 0, 0}},
    0,      GrantKind::stdio,
    run_io};

TEST(Streams, FdSinkAndSourceMoveBytes) {
  FakeGuest guest;
  Boundary boundary;
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  FdSink sink(fds[1]);
  FdSource source(fds[0]);
  Io io;
  Binding& binding = boundary.bind(kIo, &io);
  guest.put(1000, "hello");
  guest.set<u32>(0, 1000);
  guest.set<u32>(4, 5);
  io.sink = &sink;
  EXPECT_EQ(guest.call(binding, {0, 1}), HostStatus::ok);
  EXPECT_EQ(io.result.value(), 5u);
  io.sink = nullptr;
  io.source = &source;
  guest.set<u32>(0, 2000);
  EXPECT_EQ(guest.call(binding, {0, 1}), HostStatus::ok);
  EXPECT_EQ(io.result.value(), 5u);
  EXPECT_EQ(guest.text(2000, 5), "hello");
  ::close(fds[1]);
  EXPECT_EQ(guest.call(binding, {0, 1}), HostStatus::ok);
  EXPECT_EQ(io.result.value(), 0u) << "end of file";
  ::close(fds[0]);
}

// The end of a terminal's input is told once, and then it would wait for more.
TEST(Streams, WholeReadsEndOnce) {
  class Terminal final : public InputSource {
   public:
    std::expected<u64, StreamError> read(HostCall&, std::span<u8> out) override {
      const std::string line = at_ < lines_.size() ? lines_[at_++] : "";
      std::copy_n(line.begin(), std::min(line.size(), out.size()), out.begin());
      return line.size();
    }
    int poll_fd() const override { return 0; }

   private:
    std::vector<std::string> lines_{"ab", "c", "", "late"};
    usize at_ = 0;
  };
  FakeGuest guest;
  Boundary boundary;
  for (const bool whole : {true, false}) {
    Terminal source;
    Io io;
    io.source = &source;
    io.whole = whole;
    Binding& binding = boundary.bind(kIo, &io);
    guest.set<u32>(0, 1000);
    guest.set<u32>(4, 8);
    std::vector<u64> found;
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(guest.call(binding, {0, 1}), HostStatus::ok);
      found.push_back(io.result.value());
    }
    EXPECT_EQ(found, whole ? (std::vector<u64>{3, 0, 0, 0}) : (std::vector<u64>{2, 1, 0, 4}));
  }
}

// Another thread of the guest may change the memory at any time: what a sink is given is what counts, once.
TEST(Streams, EachByteIsTakenOnce) {
  class Scribbler final : public OutputSink {
   public:
    explicit Scribbler(FakeGuest& guest) : guest_(guest) {}
    std::expected<u64, StreamError> write(HostCall&, std::span<const u8> bytes) override {
      taken.append(bytes.begin(), bytes.end());
      guest_.put(100'000, std::string(100'000, 'b'));
      if (taken.size() > 90'000) return std::unexpected(StreamError{EIO, false});
      return bytes.size();
    }
    std::string taken;

   private:
    FakeGuest& guest_;
  };
  FakeGuest guest(4, false);  // the scribbling is not done through accessors
  Boundary boundary;
  Scribbler sink(guest);
  Io io;
  io.sink = &sink;
  Binding& binding = boundary.bind(kIo, &io);
  guest.put(100'000, std::string(100'000, 'a'));
  guest.set<u32>(0, 100'000);
  guest.set<u32>(4, 80'000);
  EXPECT_EQ(guest.call(binding, {0, 1}), HostStatus::ok);
  EXPECT_EQ(io.result.value(), 80'000u);
  EXPECT_EQ(sink.taken, std::string(65'536, 'a') + std::string(80'000 - 65'536, 'b'));
  guest.set<u32>(4, 65'536 + 10);
  sink.taken.clear();
  EXPECT_EQ(guest.call(binding, {0, 1}), HostStatus::ok);
  EXPECT_EQ(io.result.value(), 65'546u);
  sink.taken.assign(24'460, 'c');
  EXPECT_EQ(guest.call(binding, {0, 1}), HostStatus::ok);
  EXPECT_EQ(io.result.value(), 65'536u) << "an error after a piece is a short write";
  guest.set<u32>(4, 0);
  EXPECT_EQ(guest.call(binding, {0, 1}), HostStatus::ok);
  EXPECT_EQ(io.result.value(), 0u);
}

TEST(Streams, AnInterruptEndsABlockedReadAndABlockedWrite) {
  FakeGuest guest(64);
  Boundary boundary;
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  FdSink sink(fds[1]);
  FdSource source(fds[0]);
  Io io;
  Binding& binding = boundary.bind(kIo, &io);
  guest.set<u32>(0, 1000);
  guest.set<u32>(4, 4'000'000);
  for (const bool reading : {true, false}) {
    io.source = reading ? &source : nullptr;
    io.sink = reading ? nullptr : &sink;
    std::thread killer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      guest.stack->interrupt(runtime::kInterruptKill);
    });
    const auto start = std::chrono::steady_clock::now();
    const HostStatus status = guest.call(binding, {0, 1});
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
    killer.join();
    if (reading) {
      EXPECT_EQ(status, HostStatus::trap);
      EXPECT_EQ(guest.stack->trap.kind, runtime::TrapKind::interrupted);
    } else {
      // Part of it fitted into the pipe; the next poll of the guest ends the run.
      EXPECT_EQ(status, HostStatus::ok);
      EXPECT_GT(io.result.value(), 0u);
      EXPECT_LT(io.result.value(), 4'000'000u);
    }
    guest.stack->clear_interrupt(runtime::kInterruptKill);
  }
  ::close(fds[0]);
  ::close(fds[1]);
}

}  // namespace
}  // namespace dewar::boundary
