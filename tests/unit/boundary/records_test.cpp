// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The plain parts of the boundary: the log of denials, grants, clock, random bytes, nodes.
#include <gtest/gtest.h>

#include <set>

#include "boundary/clock.h"
#include "boundary/denial.h"
#include "boundary/grants.h"
#include "boundary/nodes.h"
#include "boundary/random.h"

namespace dewar::boundary {
namespace {

Denial denial(std::string resource, std::string rule = "not-mounted") {
  return {"path_open", std::move(resource), std::move(rule), "read", "ENOTCAPABLE", "--ro DIR::/", 0};
}

TEST(DenialLog, AggregatesEqualOnes) {
  DenialLog log;
  log.deny(denial("/a"));
  log.deny(denial("/b"));
  log.deny(denial("/a"));
  log.deny(denial("/a", "path-escape"));
  ASSERT_EQ(log.denials().size(), 3u);
  EXPECT_EQ(log.denials()[0].count, 2u);
  EXPECT_EQ(log.denials()[1].resource, "/b");
  EXPECT_EQ(log.denials()[2].rule, "path-escape");
  EXPECT_EQ(log.total_denials(), 4u);
}

TEST(DenialLog, KeepsCountingPastItsBounds) {
  DenialLog log;
  for (u32 i = 0; i < 1000; ++i) {
    log.deny(denial("/" + std::to_string(i)));
    log.probe("/" + std::to_string(i), "path_filestat_get", "ENOENT");
  }
  log.deny(denial("/0"));
  EXPECT_EQ(log.denials().size(), DenialLog::kMaxEntries);
  EXPECT_EQ(log.total_denials(), 1001u);
  EXPECT_EQ(log.unlisted_denials(), 1000 - DenialLog::kMaxEntries);
  EXPECT_EQ(log.denials()[0].count, 2u);
  EXPECT_EQ(log.probes().size(), DenialLog::kMaxEntries);
  EXPECT_EQ(log.total_probes(), 1000u);
  EXPECT_EQ(log.unlisted_probes(), 1000 - DenialLog::kMaxEntries);
}

TEST(DenialLog, AFloodHidesNeitherWhatCameBeforeNorWhatComesAfter) {
  DenialLog log;
  const auto flood = [&](u32 from, u32 to) {
    for (u32 i = from; i < to; ++i) log.deny(denial("/flood/" + std::to_string(i)));
  };
  log.deny(denial("/before"));
  flood(0, 30'000);
  log.deny(denial("/etc/passwd"));
  log.deny(denial("/etc/passwd"));
  const std::vector<Denial> kept = log.denials();
  ASSERT_EQ(kept.size(), 256u);
  EXPECT_EQ(kept.front().resource, "/before");
  EXPECT_EQ(kept[191].resource, "/flood/190");
  EXPECT_EQ(kept[192].resource, "/flood/29937") << "the latest 64 follow the first 192";
  EXPECT_EQ(kept[254].resource, "/flood/29999");
  EXPECT_EQ(kept.back().resource, "/etc/passwd");
  EXPECT_EQ(kept.back().count, 2u);
  EXPECT_EQ(log.total_denials(), 30'003u);
  EXPECT_EQ(log.unlisted_denials(), 30'003u - 257u);
}

TEST(DenialLog, TheLatestAreThoseMetLatest) {
  DenialLog log;
  for (u32 i = 0; i < 256; ++i) log.deny(denial("/" + std::to_string(i)));
  log.deny(denial("/192"));  // the oldest of the latest: now the newest
  log.deny(denial("/0"));    // of the first: stays in its place
  log.deny(denial("/256"));
  log.deny(denial("/193"));  // was dropped for the one above: begins anew, and drops /194
  std::vector<Denial> kept = log.denials();
  ASSERT_EQ(kept.size(), 256u);
  EXPECT_EQ(kept[0].resource, "/0");
  EXPECT_EQ(kept[0].count, 2u);
  EXPECT_EQ(kept[192].resource, "/195");
  EXPECT_EQ(kept[253].resource, "/192");
  EXPECT_EQ(kept[253].count, 2u);
  EXPECT_EQ(kept[254].resource, "/256");
  EXPECT_EQ(kept[255].resource, "/193");
  EXPECT_EQ(kept[255].count, 1u);
  u64 counted = 0;
  for (const Denial& d : kept) counted += d.count;
  EXPECT_EQ(counted + log.unlisted_denials(), log.total_denials());
  EXPECT_EQ(log.unlisted_denials(), 2u);
}

TEST(DenialLog, CutsLongText) {
  DenialLog log;
  log.deny(denial(std::string(100'000, 'x')));
  log.probe(std::string(100'000, 'y'), "path_filestat_get", "ENOENT");
  log.probe(std::string(200'000, 'y'), "path_open", "ENOENT");
  EXPECT_EQ(log.denials()[0].resource.size(), DenialLog::kMaxText + 3);
  ASSERT_EQ(log.probes().size(), 1u);
  EXPECT_EQ(log.probes()[0].path.size(), DenialLog::kMaxText + 3);
  EXPECT_EQ(log.probes()[0].count, 2u);
  EXPECT_EQ(log.probes()[0].operation, "path_filestat_get");
}

TEST(Grants, GuestPathsHaveOneForm) {
  const std::pair<const char*, const char*> good[] = {
      {"/", "/"},
      {".", "/"},
      {"./", "/"},
      {"//", "/"},
      {"/a", "/a"},
      {"a", "/a"},
      {"a/b/", "/a/b"},
      {"/a//b", "/a/b"},
      {"./a/./b", "/a/b"},
      {"/...", "/..."},
      {"/\xc3\xa4", "/\xc3\xa4"},
  };
  for (const auto& [in, out] : good) EXPECT_EQ(normalize_guest_path(in).value(), out) << in;
  for (const std::string& bad : {std::string(""), std::string(".."), std::string("/a/.."), std::string("/a/../b"),
                                 std::string("a\0b", 3), std::string("\xff"), "/" + std::string(256, 'x'),
                                 std::string(5000, '/') + std::string(200, 'a') + std::string("/") + [] {
                                   std::string s;
                                   for (int i = 0; i < 100; ++i) s += std::string(100, 'b') + "/";
                                   return s;
                                 }()}) {
    auto result = normalize_guest_path(bad);
    ASSERT_FALSE(result) << bad;
    EXPECT_STREQ(result.error().code, "grant-bad-path");
  }
}

TEST(Grants, MountsAreParsed) {
  auto both = parse_mount("/srv/data::/data", kReadOnly);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->host_path, "/srv/data");
  EXPECT_EQ(both->guest_path, "/data");
  auto one = parse_mount(".", kReadWrite);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->host_path, ".");
  EXPECT_EQ(one->guest_path, "/");
  EXPECT_FALSE(parse_mount("", kReadOnly));
  EXPECT_FALSE(parse_mount("::/x", kReadOnly));
  EXPECT_FALSE(parse_mount("/x::", kReadOnly));
  EXPECT_FALSE(parse_mount("../data", kReadOnly));
  EXPECT_EQ(rights_text(kReadWrite), "read,write,create,delete");
  EXPECT_EQ(rights_text(0), "");
}

TEST(Random, BlockFunctionIsChaCha20) {
  // RFC 8439, 2.3.2.
  std::array<u32, 8> key;
  for (u32 i = 0; i < 8; ++i) key[i] = 0x03020100u + 0x04040404u * i;
  const auto block = chacha20_block(key, {1, 0x09000000, 0x4a000000, 0});
  const u8 expected[64] = {0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
                           0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
                           0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
                           0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
                           0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e};
  EXPECT_TRUE(std::equal(block.begin(), block.end(), expected));
}

TEST(Random, SeededStreamDoesNotDependOnHowItIsRead) {
  std::vector<u8> whole(1000), pieces(1000);
  RandomSource a = RandomSource::seeded(42), b = RandomSource::seeded(42), c = RandomSource::seeded(43);
  EXPECT_TRUE(a.fill(whole));
  for (usize at = 0, n = 0; at < pieces.size(); at += n, ++n) {
    n = std::min<usize>(n, pieces.size() - at);
    EXPECT_TRUE(b.fill(std::span(pieces).subspan(at, n)));
  }
  EXPECT_EQ(whole, pieces);
  EXPECT_EQ(a.bytes(), 1000u);
  EXPECT_TRUE(c.fill(pieces));
  EXPECT_NE(whole, pieces);
  RandomSource real = RandomSource::real();
  std::vector<u8> x(64), y(64);
  EXPECT_TRUE(real.fill(x) && real.fill(y));
  EXPECT_NE(x, y);
}

TEST(ClockTest, VirtualTimeIsAFunctionOfTheProgram) {
  Clock clock = Clock::virtual_from(Clock::kDefaultStart);
  const u64 first = clock.read(ClockId::realtime).value();
  EXPECT_EQ(first, u64{1767225600} * 1'000'000'000 + Clock::kNsPerReading);
  EXPECT_EQ(clock.read(ClockId::realtime).value(), first + Clock::kNsPerReading);
  EXPECT_EQ(clock.read(ClockId::monotonic).value(), 3 * Clock::kNsPerReading);
  clock.advance(5'000'000'000);
  EXPECT_EQ(clock.read(ClockId::monotonic).value(), 5'000'000'000 + 4 * Clock::kNsPerReading);
  int stack = 0, other = 0;
  clock.observe_fuel(&stack, 1'000'000);  // the first look sets the mark
  clock.observe_fuel(&stack, 900'000);
  EXPECT_EQ(clock.read(ClockId::monotonic).value(), 5'000'100'000 + 5 * Clock::kNsPerReading);
  clock.observe_fuel(&other, INT64_MIN);  // another stack: a new mark
  clock.observe_fuel(&other, INT64_MAX);  // fuel was added: no time passes backwards
  EXPECT_EQ(clock.read(ClockId::monotonic).value(), 5'000'100'000 + 6 * Clock::kNsPerReading);
  EXPECT_EQ(clock.resolution(ClockId::realtime).value(), Clock::kNsPerReading);
}

TEST(ClockTest, SleepsOfAnyLengthSaturate) {
  Clock clock = Clock::virtual_from(Clock::kDefaultStart);
  clock.advance(UINT64_MAX);
  clock.advance(UINT64_MAX);
  EXPECT_EQ(clock.read(ClockId::realtime).value(), UINT64_MAX);
  EXPECT_EQ(clock.read(ClockId::monotonic).value(), UINT64_MAX);
}

TEST(ClockTest, RealTimeIsTheKernels) {
  Clock clock = Clock::real();
  EXPECT_GT(clock.read(ClockId::realtime).value(), u64{1'600'000'000} * 1'000'000'000);
  const u64 a = clock.read(ClockId::monotonic).value(), b = clock.read(ClockId::monotonic).value();
  EXPECT_LE(a, b);
  EXPECT_GE(clock.resolution(ClockId::monotonic).value(), 1u);
}

TEST(Nodes, NumbersFollowTheOrderOfMeeting) {
  NodeTable nodes(1000);
  const NodeIndex a = nodes.find(7, 99);
  const NodeIndex b = nodes.find(7, 3);
  EXPECT_EQ(nodes[a].number, 1u);
  EXPECT_EQ(nodes[b].number, 2u);
  EXPECT_EQ(nodes.find(7, 99), a);
  EXPECT_EQ(nodes[a].times.modify, 1000u);
  // A file made where a number is reused is a new file.
  const NodeIndex c = nodes.create(7, 99, 2000);
  EXPECT_EQ(nodes[c].number, 3u);
  EXPECT_EQ(nodes[c].times.modify, 2000u);
  EXPECT_EQ(nodes.find(7, 99), c);
  EXPECT_NE(nodes.synthetic(99), c);
}

TEST(Nodes, StayBounded) {
  NodeTable nodes(0);
  u64 last = 0;
  for (u64 i = 0; i < NodeTable::kMaxNodes + 10; ++i) {
    const u64 number = nodes[nodes.find(1, i)].number;
    EXPECT_EQ(number, last + 1);
    last = number;
  }
  EXPECT_EQ(nodes[nodes.find(1, 5)].number, 6u);
  EXPECT_EQ(nodes[nodes.find(1, NodeTable::kMaxNodes + 5)].number, last + 1);
}

}  // namespace
}  // namespace dewar::boundary
