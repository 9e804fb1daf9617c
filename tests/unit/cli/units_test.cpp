// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Quantities, and -W lists made of them.
#include "cli/units.h"

#include <gtest/gtest.h>

#include "cli/wasm_options.h"

namespace dewar::cli {
namespace {

TEST(Units, Sizes) {
  EXPECT_EQ(parse_size("65536"), 65536u);
  EXPECT_EQ(parse_size("64KiB"), 65536u);
  EXPECT_EQ(parse_size("64K"), 65536u);
  EXPECT_EQ(parse_size("1GiB"), u64{1} << 30);
  for (const char* same : {"2m", "2M", "2mb", "2Mb", "2MB", "2mib", "2MiB", "2MIB"})
    EXPECT_EQ(parse_size(same), u64{2} << 20) << same;
  EXPECT_EQ(parse_size("17179869184G"), std::nullopt) << "2^64 does not fit";
  EXPECT_EQ(parse_size("17179869183G"), 17179869183u << 30);
  for (const char* bad :
       {"", "-1", "1.5G", "1 G", "0x10", "G", "64mi", "64MiBs", "64iB", "64{", "99999999999999999999"}) {
    EXPECT_EQ(parse_size(bad), std::nullopt) << bad;
  }
}

TEST(Units, CountsAndTimes) {
  EXPECT_EQ(parse_count("20M"), 20'000'000u);
  EXPECT_EQ(parse_count("7"), 7u);
  EXPECT_EQ(parse_count("7m"), 7'000'000u);
  EXPECT_EQ(parse_count("1k"), 1'000u);
  EXPECT_EQ(parse_count("1K"), 1'000u);
  EXPECT_EQ(parse_count("3g"), 3'000'000'000u);
  for (const char* bad : {"1kb", "1KiB", "1+", "K", "1 k", "1\x0b"}) EXPECT_EQ(parse_count(bad), std::nullopt) << bad;
  EXPECT_EQ(parse_duration_ms("500ms"), 500u);
  EXPECT_EQ(parse_duration_ms("2"), 2000u);
  EXPECT_EQ(parse_duration_ms("5m"), 300'000u);
  EXPECT_EQ(parse_duration_ms("1h"), 3'600'000u);
  for (const char* bad : {"1d", "1M", "1S", "1MS", "1H"}) EXPECT_EQ(parse_duration_ms(bad), std::nullopt) << bad;
}

TEST(WasmOptions, Lists) {
  api::RunLimits limits;
  wasm::Features features;
  ASSERT_TRUE(
      apply_wasm_options({"fuel=10k,timeout=none,,simd=n", "threads,max-memory-size=1MiB,fuel=5"}, &limits, features));
  EXPECT_EQ(limits.fuel, 5u);
  EXPECT_EQ(limits.wall_time_ms, std::nullopt);
  EXPECT_EQ(limits.max_memory_bytes, u64{1} << 20);
  EXPECT_FALSE(features.has(wasm::Feature::simd));
  EXPECT_TRUE(features.has(wasm::Feature::threads));
  ASSERT_TRUE(apply_wasm_options({"timeout=9999999h"}, &limits, features));
  EXPECT_EQ(limits.wall_time_ms, u64{366} * 86'400'000);
}

TEST(WasmOptions, Mistakes) {
  api::RunLimits limits;
  wasm::Features features;
  for (const char* bad : {"fuel", "fuel=x", "nope=1", "=", "simd=2", "max-wasm-stack=0"}) {
    auto result = apply_wasm_options({bad}, &limits, features);
    ASSERT_FALSE(result) << bad;
    EXPECT_STREQ(result.error().code, "usage-wasm");
    EXPECT_FALSE(result.error().hint.empty());
  }
  EXPECT_FALSE(apply_wasm_options({"fuel=1"}, nullptr, features)) << "no limits where nothing runs";
}

}  // namespace
}  // namespace dewar::cli
