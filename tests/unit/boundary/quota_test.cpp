// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Quotas hold exactly, and so do the limits that dispatch itself keeps.
#include "boundary/quota.h"

#include <gtest/gtest.h>

#include "boundary/host_call.h"
#include "support/fake_guest.h"

namespace dewar::boundary {
namespace {

using runtime::HostStatus;

TEST(Quota, GivesWhatIsLeftAndCountsRefusals) {
  Quota quota(10);
  EXPECT_EQ(quota.allow(4), 4u);
  quota.use(4);
  EXPECT_EQ(quota.allow(6), 6u);
  EXPECT_EQ(quota.left(), 6u) << "allowing is not using";
  EXPECT_EQ(quota.refused(), 0u);
  EXPECT_EQ(quota.allow(7), 6u);
  quota.use(6);
  EXPECT_EQ(quota.allow(~u64{0}), 0u);
  EXPECT_EQ(quota.allow(0), 0u);
  EXPECT_EQ(quota.refused(), 2u);
  EXPECT_EQ(quota.used(), 10u);
  Quota none(~u64{0});
  EXPECT_EQ(none.allow(~u64{0}), ~u64{0});
}

constexpr ArgDesc kScalar{Role::scalar, ArgDesc::kNoLength, 0, 0};
// Moves as many bytes as its argument says.
HostStatus move(HostCall& call) {
  if (call.write(0, call.arg32(0))) return HostStatus::ok;
  call.set_result32(1);
  return HostStatus::ok;
}
constexpr ImportDesc kMove{"test", "move", "i:i", {kScalar}, kPure, GrantKind::none, move};

TEST(Dispatch, EndsTheRunAtTheLimitOfCalls) {
  test::FakeGuest guest;
  BoundaryLimits limits;
  limits.calls = 2;
  Boundary boundary(limits);
  Binding& binding = boundary.bind(kMove, nullptr);
  EXPECT_EQ(guest.call(binding, {1}), HostStatus::ok);
  EXPECT_EQ(guest.call(binding, {1}), HostStatus::ok);
  EXPECT_EQ(boundary.ended_by(), EndingLimit::none);
  EXPECT_EQ(guest.call(binding, {1}), HostStatus::trap);
  EXPECT_EQ(boundary.ended_by(), EndingLimit::calls);
  EXPECT_EQ(boundary.counters().calls, 2u);
}

TEST(Dispatch, EndsTheRunAtTheLimitOfBytes) {
  test::FakeGuest guest;
  BoundaryLimits limits;
  limits.bytes = 100;
  limits.bytes_per_call = 60;
  Boundary boundary(limits);
  Binding& binding = boundary.bind(kMove, nullptr);
  EXPECT_EQ(guest.call(binding, {60}), HostStatus::ok);
  EXPECT_EQ(guest.call(binding, {61}), HostStatus::ok);
  EXPECT_EQ(guest.result, 1u) << "more than one call may move is an error of that call";
  EXPECT_EQ(boundary.counters().cut_calls, 1u);
  EXPECT_EQ(guest.call(binding, {40}), HostStatus::ok);
  EXPECT_EQ(boundary.ended_by(), EndingLimit::none);
  EXPECT_EQ(guest.call(binding, {1}), HostStatus::trap);
  EXPECT_EQ(boundary.ended_by(), EndingLimit::bytes);
  EXPECT_EQ(boundary.counters().bytes_in_a_call, 60u);
}

// Clips what it gathers to its argument and gives its bytes' number.
HostStatus clip(HostCall& call) {
  GuestGather bytes;
  if (!call.gather(0, 3, bytes)) return call.trap("gather");
  bytes.clip(call.arg32(0));
  u64 in_buffers = 0;
  for (const iovec& part : bytes.kernel()) in_buffers += part.iov_len;
  std::array<u8, 16> out{};
  EXPECT_EQ(bytes.copy_to(out, 0), bytes.total());
  EXPECT_EQ(in_buffers, bytes.total());
  call.set_result32(static_cast<u32>(bytes.total()));
  return HostStatus::ok;
}
constexpr ImportDesc kClip{"test", "clip", "i:i", {kScalar}, kPure, GrantKind::none, clip};

TEST(GuestVector, ClipsAtAnyByte) {
  test::FakeGuest guest;
  Boundary boundary;
  Binding& binding = boundary.bind(kClip, nullptr);
  const u32 sizes[] = {3, 0, 4};
  for (u32 i = 0; i < 3; ++i) {
    guest.set<u32>(8 * i, 1000);
    guest.set<u32>(8 * i + 4, sizes[i]);
  }
  for (u32 n = 0; n < 10; ++n) {
    ASSERT_EQ(guest.call(binding, {n}), HostStatus::ok);
    EXPECT_EQ(guest.result, std::min(n, 7u));
  }
}

}  // namespace
}  // namespace dewar::boundary
