// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The table of limits: complete, without contradictions, and what docs/limits.md says. That each limit holds exactly is
// tested where it is enforced and, for whole runs, in tests/cli/limits_test.py.
#include "api/limits.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "api/outcome.h"

namespace dewar::api {
namespace {

TEST(Limits, NamesAreUniqueAndKnown) {
  std::set<std::string_view> names, codes, members;
  for (const LimitSpec& spec : limit_table()) {
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
    EXPECT_TRUE(codes.insert(spec.code).second) << spec.code;
    EXPECT_TRUE(members.insert(spec.json).second) << spec.json;
    EXPECT_EQ(find_limit(spec.name), &spec);
    EXPECT_EQ(find_limit_by_code(spec.code), &spec);
    EXPECT_FALSE(spec.counts.empty());
    EXPECT_EQ(spec.guest_sees.empty(), spec.effect == LimitEffect::ends || spec.code == "kept-output") << spec.name;
    const RunLimits defaults;
    const auto value = defaults.*spec.value;
    EXPECT_TRUE(value || spec.code == "total-memory") << spec.name << " has no default";
    if (value) EXPECT_TRUE(*value >= spec.least && *value <= spec.most) << spec.name;
  }
  EXPECT_EQ(find_limit("FUEL"), nullptr);
  EXPECT_EQ(find_limit_by_code("timeout"), nullptr);
}

TEST(Limits, EachHasItsOwnMembers) {
  RunLimits limits;
  Outcome outcome;
  u64 i = 0;
  for (const LimitSpec& spec : limit_table()) limits.*spec.value = ++i, (outcome.*spec.usage).used = i;
  i = 0;
  for (const LimitSpec& spec : limit_table()) {
    EXPECT_EQ(limits.*spec.value, ++i) << spec.name << " shares its value";
    EXPECT_EQ((outcome.*spec.usage).used, i) << spec.name << " shares its usage";
  }
}

TEST(Limits, FuelEndsBeforeTheWallClock) {
  const RunLimits defaults;
  constexpr u64 kCompiledPerMs = 1'000'000;  // a billion instructions a second
  EXPECT_LT(*defaults.fuel / kCompiledPerMs, *defaults.wall_time_ms);
}

TEST(Limits, MemoriesAndTablesShareWhatOneOfEachMayHave) {
  RunLimits limits;
  limits.max_memory_bytes = 1000;
  limits.max_table_elements = 10;
  EXPECT_EQ(limits.total_memory(), 1160u);
  limits.max_total_memory_bytes = 7;
  EXPECT_EQ(limits.total_memory(), 7u);
  limits.max_total_memory_bytes.reset();
  limits.max_table_elements = ~u64{0} / 8;
  EXPECT_EQ(limits.total_memory(), std::nullopt);
  limits.max_table_elements = 10;
  limits.max_memory_bytes.reset();
  EXPECT_EQ(limits.total_memory(), std::nullopt);
}

TEST(Limits, Quantities) {
  EXPECT_EQ(quantity_text(1000, LimitUnit::count), "1000");
  EXPECT_EQ(quantity_text(200'000'000'000, LimitUnit::count), "200G");
  EXPECT_EQ(quantity_text(65536, LimitUnit::bytes), "64KiB");
  EXPECT_EQ(quantity_text(65537, LimitUnit::bytes), "65537");
  EXPECT_EQ(quantity_text(0, LimitUnit::bytes), "0");
  EXPECT_EQ(quantity_text(300'000, LimitUnit::milliseconds), "5m");
  EXPECT_EQ(quantity_text(1500, LimitUnit::milliseconds), "1500ms");
}

TEST(Limits, HitAreThoseThatEndedOrRefused) {
  Outcome outcome;
  outcome.cls = OutcomeClass::exit;
  outcome.code = "fuel";  // a code of another class says nothing
  EXPECT_TRUE(limits_hit(outcome).empty());
  outcome.memory.refused = 2;
  outcome.cls = OutcomeClass::limit;
  EXPECT_EQ(limits_hit(outcome), (std::vector<std::string_view>{"fuel", "memory"}));
}

TEST(Limits, ThePageSaysWhatTheTableSays) {
  std::ifstream page("docs/limits.md");
  const std::string text(std::istreambuf_iterator<char>(page), {});
  ASSERT_FALSE(text.empty()) << "run from the top of the source tree";
  EXPECT_NE(text.find(limits_markdown()), std::string::npos) << "docs/limits.md should hold:\n" << limits_markdown();
}

}  // namespace
}  // namespace dewar::api
