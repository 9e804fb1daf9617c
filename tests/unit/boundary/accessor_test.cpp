// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Guest accessors at their edges: nothing outside the memory is ever given out, nothing above the budget is moved,
// and observers learn exactly what was written.
#include "boundary/host_call.h"
#include "support/fake_guest.h"

namespace dewar::boundary {
namespace {

using runtime::HostStatus;
using test::FakeGuest;

// A body with the test's own function in it.
struct Probe {
  std::function<HostStatus(HostCall&)> body;
};
HostStatus run_probe(HostCall& call) { return call.host<Probe>().body(call); }

constexpr ArgDesc kScalar{Role::scalar, ArgDesc::kNoLength, 0, 0};
constexpr ImportDesc kProbe{"test", "probe", "i:i", {kScalar}, kPure, GrantKind::none, run_probe};
static_assert(well_formed(kProbe));

// A descriptor whose roles do not fit does not build (the table in host/wasi_p1 asserts this at compile time).
static_assert(!well_formed({"m", "no_body", "i:i", {kScalar}, 0, GrantKind::none, nullptr}));
static_assert(!well_formed({"m", "too_few_roles", "ii:i", {kScalar}, 0, GrantKind::none, run_probe}));
static_assert(!well_formed({"m", "too_many_roles", "i:i", {kScalar, kScalar}, 0, GrantKind::none, run_probe}));
static_assert(!well_formed({"m", "bad_letter", "x:i", {kScalar}, 0, GrantKind::none, run_probe}));
static_assert(!well_formed({"m", "no_colon", "i", {kScalar}, 0, GrantKind::none, run_probe}));
static_assert(!well_formed(
    {"m", "path_without_length", "i:i", {ArgDesc{Role::path_in, 0xff, 1, 0}}, 0, GrantKind::none, run_probe}));
static_assert(!well_formed(
    {"m", "length_is_no_length", "ii:i", {ArgDesc{Role::path_in, 1, 1, 0}, kScalar}, 0, GrantKind::none, run_probe}));
static_assert(!well_formed(
    {"m", "pointer_of_64_bits", "I:i", {ArgDesc{Role::ptr_out, 0xff, 4, 0}}, 0, GrantKind::none, run_probe}));

// Structs with padding cannot be stored: the padding would carry host memory to the guest.
struct Padded {
  u8 a;
  u32 b;
};
static_assert(!GuestStruct<Padded>);
static_assert(GuestStruct<u64>);

// Hosts have no other way to guest memory than the accessors.
template <class T>
concept ExposesMemory = requires(T& t) { t.memory(); } || requires(T& t) { t.base(); } || requires(T& t) {
  t.data();
} || requires(T& t) { t.memory_; } || requires(T& t) { t.context(); } || requires(T& t) { t.ctx_; };
static_assert(!ExposesMemory<HostCall>);
static_assert(!std::is_copy_constructible_v<HostCall> && !std::is_copy_constructible_v<GuestWrite>);

class AccessorTest : public ::testing::Test {
 protected:
  // Runs `body` inside a host call.
  HostStatus in_call(std::function<void(HostCall&)> body) {
    probe_.body = [&](HostCall& call) {
      body(call);
      call.set_result32(7);
      return HostStatus::ok;
    };
    return guest_.call(*binding_, {0});
  }
  void make(const BoundaryLimits& limits) {
    boundary_ = std::make_unique<Boundary>(limits);
    binding_ = &boundary_->bind(kProbe, &probe_);
  }
  void SetUp() override { make({}); }

  FakeGuest guest_{2};
  Probe probe_;
  std::unique_ptr<Boundary> boundary_;
  Binding* binding_ = nullptr;
};

TEST_F(AccessorTest, RangesAtTheEdges) {
  const u64 size = guest_.size();
  ASSERT_EQ(size, 131072u);
  struct Case {
    u64 address, length;
    bool good;
  };
  const Case cases[] = {
      {0, 0, true},
      {0, 1, true},
      {0, size, true},
      {0, size + 1, false},
      {size - 1, 1, true},
      {size - 1, 2, false},
      {size, 0, true},
      {size, 1, false},
      {size + 1, 0, false},
      {0xffff'ffff, 0, false},
      {0xffff'ffff, 1, false},
      {1, 0xffff'ffff, false},
      {0xffff'ffff, 0xffff'ffff, false},
      {u64{1} << 32, 0, false},
      {u64{1} << 63, u64{1} << 63, false},
      {UINT64_MAX, 1, false},
      {1, UINT64_MAX, false},
      {UINT64_MAX, UINT64_MAX, false},
      {size - 4, UINT64_MAX - size + 5, false},
  };
  for (const Case& c : cases) {
    in_call([&](HostCall& call) {
      EXPECT_EQ(call.in_bounds(c.address, c.length), c.good) << c.address << "+" << c.length;
      EXPECT_EQ(call.read(c.address, c.length).has_value(), c.good) << c.address << "+" << c.length;
    });
    in_call([&](HostCall& call) {
      auto range = call.write(c.address, c.length);
      EXPECT_EQ(range.has_value(), c.good) << c.address << "+" << c.length;
      if (!range) EXPECT_EQ(range.error(), Fault::bounds);
    });
  }
}

TEST_F(AccessorTest, LoadAndStoreNeedNoAlignment) {
  in_call([&](HostCall& call) {
    for (u64 at = 0; at < 16; ++at) {
      ASSERT_TRUE(call.store<u64>(at, 0x1122334455667788u));
      EXPECT_EQ(*call.load<u64>(at), 0x1122334455667788u);
      EXPECT_EQ(*call.load<u8>(at), 0x88);
    }
    EXPECT_TRUE(call.store<u32>(guest_.size() - 4, 1));
    EXPECT_FALSE(call.store<u32>(guest_.size() - 3, 1));
    EXPECT_FALSE(call.load<u64>(guest_.size() - 7));
  });
}

TEST_F(AccessorTest, CallersWithoutMemoryHaveNone) {
  guest_.has_memory = false;
  in_call([&](HostCall& call) {
    EXPECT_FALSE(call.read(0, 0));
    EXPECT_FALSE(call.write(0, 1));
    EXPECT_FALSE(call.load<u8>(0));
  });
}

TEST_F(AccessorTest, TheBudgetIsExact) {
  make({.bytes_per_call = 100, .calls = UINT64_MAX});
  in_call([&](HostCall& call) {
    EXPECT_TRUE(call.read(0, 60));
    EXPECT_EQ(call.budget(), 40u);
    auto over = call.write(0, 41);
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error(), Fault::budget);
    EXPECT_TRUE(call.write(0, 40));
    EXPECT_EQ(call.budget(), 0u);
    EXPECT_FALSE(call.load<u8>(0));
    EXPECT_TRUE(call.read(0, 0));
  });
  // Each call has its own.
  in_call([&](HostCall& call) { EXPECT_TRUE(call.read(0, 100)); });
  EXPECT_EQ(boundary_->counters().bytes, 200u);
}

TEST_F(AccessorTest, IovecArraysAreBoundedAndChecked) {
  guest_.set<u32>(0, 1000);
  guest_.set<u32>(4, 10);
  guest_.set<u32>(8, 0xffff'fff0);
  guest_.set<u32>(12, 0x20);  // wraps in 32 bits
  in_call([&](HostCall& call) {
    GuestGather one;
    ASSERT_TRUE(call.gather(0, 1, one));
    EXPECT_EQ(one.total(), 10u);
    GuestGather two;
    EXPECT_EQ(call.gather(0, 2, two).error(), Fault::bounds);
    GuestScatter none;
    ASSERT_TRUE(call.scatter(0, 0, none));
    EXPECT_EQ(none.total(), 0u);
    GuestGather many;
    EXPECT_TRUE(call.gather(64, kMaxIovecs, many));
    EXPECT_EQ(call.gather(64, kMaxIovecs + 1, many).error(), Fault::too_many);
    EXPECT_EQ(call.gather(0, 0xffff'ffff, many).error(), Fault::too_many);
    EXPECT_EQ(call.gather(guest_.size() - 8, 2, many).error(), Fault::bounds);
    EXPECT_EQ(call.gather(0xffff'fff8, 1, many).error(), Fault::bounds);
  });
}

TEST_F(AccessorTest, VectorsAreCutAtTheBudgetButCheckedToTheEnd) {
  make({.bytes_per_call = 24 + 15 + 8, .calls = UINT64_MAX});
  for (u32 i = 0; i < 3; ++i) {
    guest_.set<u32>(8 * i, 1000 + 10 * i);
    guest_.set<u32>(8 * i + 4, 10);
  }
  in_call([&](HostCall& call) {
    GuestGather cut;
    ASSERT_TRUE(call.gather(0, 3, cut));
    EXPECT_EQ(cut.total(), 15u);
    EXPECT_TRUE(call.store(100, u64{15})) << "the number of bytes moved can still be told";
  });
  guest_.set<u32>(16, static_cast<u32>(guest_.size()));  // the last buffer lies outside, past the budget
  in_call([&](HostCall& call) {
    GuestGather bad;
    EXPECT_EQ(call.gather(0, 3, bad).error(), Fault::bounds);
  });
}

TEST_F(AccessorTest, VectorsCopyPiecewise) {
  guest_.set<u32>(0, 100);
  guest_.set<u32>(4, 3);
  guest_.set<u32>(8, 200);
  guest_.set<u32>(12, 0);
  guest_.set<u32>(16, 300);
  guest_.set<u32>(20, 5);
  guest_.put(100, "abc");
  guest_.put(300, "defgh");
  in_call([&](HostCall& call) {
    GuestGather from;
    ASSERT_TRUE(call.gather(0, 3, from));
    for (usize offset = 0; offset <= 8; ++offset) {
      u8 out[4] = {};
      const usize n = from.copy_to(out, offset);
      EXPECT_EQ(std::string(reinterpret_cast<char*>(out), n), std::string("abcdefgh").substr(offset, 4));
    }
    GuestScatter into;
    ASSERT_TRUE(call.scatter(0, 3, into));
    const std::string text = "XYZW";
    EXPECT_EQ(into.copy_from(std::span(reinterpret_cast<const u8*>(text.data()), text.size()), 2), 4u);
  });
  EXPECT_EQ(guest_.text(100, 3), "abX");
  EXPECT_EQ(guest_.text(300, 5), "YZWgh");
}

class Recorder final : public Observer {
 public:
  void before(const CallView& call) override {
    log.push_back("before " + std::string(call.desc.name) + " " + std::to_string(call.number));
    EXPECT_TRUE(call.results.empty() && call.written.empty());
  }
  void after(const CallView& call) override {
    written.assign(call.written.begin(), call.written.end());
    results.assign(call.results.begin(), call.results.end());
    status = call.status;
    log.push_back("after");
  }
  std::vector<std::string> log;
  std::vector<GuestRange> written;
  std::vector<Slot> results;
  HostStatus status = HostStatus::pending;
};

TEST_F(AccessorTest, ObserversSeeExactlyWhatWasWritten) {
  Recorder recorder;
  boundary_->add_observer(recorder);
  guest_.set<u32>(0, 1000);
  guest_.set<u32>(4, 4);
  guest_.set<u32>(8, 2000);
  guest_.set<u32>(12, 4);
  in_call([&](HostCall& call) {
    ASSERT_TRUE(call.store<u32>(500, 1));
    {
      auto buffer = call.write(600, 50);
      ASSERT_TRUE(buffer);
      buffer->buffer()[0] = 1;
      buffer->commit(7);
    }
    {
      auto untouched = call.write(700, 50);
      ASSERT_TRUE(untouched);
    }
    GuestScatter into;
    ASSERT_TRUE(call.scatter(0, 2, into));
    into.commit(call, 6);
  });
  ASSERT_EQ(recorder.log, (std::vector<std::string>{"before probe 1", "after"}));
  ASSERT_EQ(recorder.written.size(), 4u);
  const u64 expected[4][2] = {{500, 4}, {600, 7}, {1000, 4}, {2000, 2}};
  for (usize i = 0; i < 4; ++i) {
    EXPECT_EQ(recorder.written[i].address, expected[i][0]);
    EXPECT_EQ(recorder.written[i].size, expected[i][1]);
  }
  ASSERT_EQ(recorder.results.size(), 1u);
  EXPECT_EQ(static_cast<u32>(recorder.results[0]), 7u);
  EXPECT_EQ(recorder.status, HostStatus::ok);

  probe_.body = [](HostCall& call) { return call.trap("no"); };
  EXPECT_EQ(guest_.call(*binding_, {0}), HostStatus::trap);
  EXPECT_TRUE(recorder.results.empty());
  EXPECT_EQ(recorder.status, HostStatus::trap);

  boundary_->remove_observer(recorder);
  const usize before = recorder.log.size();
  in_call([](HostCall&) {});
  EXPECT_EQ(recorder.log.size(), before);
}

TEST_F(AccessorTest, CallsAreCountedAndLimited) {
  make({.bytes_per_call = 1000, .calls = 3});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(in_call([](HostCall&) {}), HostStatus::ok);
  EXPECT_EQ(in_call([](HostCall&) { FAIL() << "the body must not run"; }), HostStatus::trap);
  EXPECT_EQ(guest_.stack->trap.kind, runtime::TrapKind::host);
  EXPECT_EQ(boundary_->counters().calls, 3u);
  EXPECT_EQ(binding_->calls, 3u);
}

TEST_F(AccessorTest, MovedBytesCostFuel) {
  guest_.stack->fuel = 1000;
  in_call([](HostCall& call) { EXPECT_TRUE(call.read(0, 4095)); });
  EXPECT_EQ(guest_.stack->fuel, 1000);
  in_call([](HostCall& call) {
    EXPECT_TRUE(call.read(0, 65536));
    EXPECT_TRUE(call.write(0, 65536));
  });
  EXPECT_EQ(guest_.stack->fuel, 1000 - 32);
  EXPECT_EQ(guest_.stack->bulk_surcharge, 32u);
}

TEST_F(AccessorTest, ExitAndTrapCarryTheirData) {
  probe_.body = [](HostCall& call) { return call.exit(300); };
  EXPECT_EQ(guest_.call(*binding_, {0}), HostStatus::exit);
  EXPECT_EQ(guest_.stack->exit_code, 300u);
  probe_.body = [](HostCall& call) { return call.trap("because"); };
  EXPECT_EQ(guest_.call(*binding_, {0}), HostStatus::trap);
  EXPECT_EQ(guest_.stack->trap.detail, "because");
}

}  // namespace
}  // namespace dewar::boundary
