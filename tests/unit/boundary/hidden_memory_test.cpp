// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The test mode hide_memory (design D9): during a host call nothing but the accessors reaches guest memory, so a body
// that goes around them is found out, whether it or the kernel does the access. Off, it leaves no trace.
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "boundary/host_call.h"
#include "boundary/unique_fd.h"
#include "support/fake_guest.h"

namespace dewar::boundary {
namespace {

using runtime::HostStatus;
using test::FakeGuest;

using Body = std::function<void(HostCall&)>;
HostStatus run_body(HostCall& call) {
  call.host<Body>()(call);
  call.set_result32(0);
  return HostStatus::ok;
}
constexpr ImportDesc kBody{"test", "body",          "i:i",   {ArgDesc{Role::scalar, ArgDesc::kNoLength, 0, 0}},
                           kPure,  GrantKind::none, run_body};

struct HiddenMemoryTest : ::testing::Test {
  void in_call(Body body) { EXPECT_EQ(guest.call(boundary.bind(kBody, &body), {0}), HostStatus::ok); }
  u8& direct(u64 at) { return guest.memory->base[at]; }

  FakeGuest guest{2, true};
  Boundary boundary;
};

TEST_F(HiddenMemoryTest, AccessorsReachTheSameBytes) {
  direct(100) = 42;
  in_call([](HostCall& call) {
    EXPECT_EQ(*call.load<u8>(100), 42);
    ASSERT_TRUE(call.store<u32>(131068, 0x01020304));
    EXPECT_FALSE(call.store<u32>(131069, 0));
    EXPECT_EQ(call.write(200, 3)->buffer().size(), 3u);
  });
  EXPECT_EQ(direct(131068), 4);
  EXPECT_EQ(direct(131071), 1);
}

TEST_F(HiddenMemoryTest, VectorsReachTheKernel) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd reader(ends[0]), writer(ends[1]);
  ASSERT_EQ(::write(writer.get(), "some text", 9), 9);
  guest.set<u32>(0, 1000);
  guest.set<u32>(4, 5);
  guest.set<u32>(8, 2000);
  guest.set<u32>(12, 100);
  in_call([&](HostCall& call) {
    GuestScatter out;
    ASSERT_TRUE(call.scatter(0, 2, out));
    EXPECT_EQ(::readv(reader.get(), out.kernel().data(), 2), 9);
    out.commit(call, 9);
  });
  EXPECT_EQ(guest.text(1000, 5), "some ");
  EXPECT_EQ(guest.text(2000, 4), "text");
}

TEST_F(HiddenMemoryTest, ABodyThatGoesAroundThemFaults) {
  const auto peek = [&](HostCall&) { std::_Exit(direct(0) == 0 ? 0 : 1); };
  const auto poke = [&](HostCall&) { direct(131071) = 1, std::_Exit(0); };
  EXPECT_DEATH(in_call(peek), "");
  EXPECT_DEATH(in_call(poke), "");
  // Outside of calls it is the guest's own way.
  EXPECT_EQ(direct(0), 0);
  direct(131071) = 1;
}

TEST_F(HiddenMemoryTest, TheKernelFaultsToo) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd reader(ends[0]), writer(ends[1]);
  in_call([&](HostCall&) {
    EXPECT_EQ(::write(writer.get(), &direct(0), 8), -1);
    EXPECT_EQ(errno, EFAULT);
  });
  EXPECT_EQ(::write(writer.get(), &direct(0), 8), 8);
}

TEST_F(HiddenMemoryTest, CallsMayNestAndMemoryMayGrow) {
  in_call([&](HostCall& call) {
    in_call([&](HostCall& inner) { ASSERT_TRUE(inner.store<u8>(1, 7)); });
    EXPECT_TRUE(guest.store.memories_hidden());
    EXPECT_EQ(*call.load<u8>(1), 7);
    EXPECT_EQ(guest.memory->grow(1), 2u);
    ASSERT_TRUE(call.store<u8>(131072, 8));
  });
  EXPECT_FALSE(guest.store.memories_hidden());
  EXPECT_EQ(direct(1), 7);
  EXPECT_EQ(direct(131072), 8);
}

TEST_F(HiddenMemoryTest, SharedMemoriesStay) {
  wasm::MemoryType type;
  type.limits = {1, 1, true, false};
  type.shared = true;
  auto made = guest.store.new_memory(type);
  ASSERT_TRUE(made.has_value());
  ASSERT_TRUE((*made)->alias.valid());
  in_call([&](HostCall&) { (*made)->base[5] = 6; });
  EXPECT_EQ((*made)->host_base[5], 6);
}

TEST(HiddenMemory, OffThereIsOneMapping) {
  FakeGuest guest(2, false), hiding(1, true);
  EXPECT_EQ(guest.memory->host_base, guest.memory->base);
  EXPECT_FALSE(guest.memory->alias.valid());
  EXPECT_EQ(dispatcher(guest.store), dispatch);
  EXPECT_EQ(dispatcher(hiding.store), dispatch_hidden);
}

}  // namespace
}  // namespace dewar::boundary
