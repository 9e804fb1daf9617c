// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Levels of CPUs: each single feature that is missing lowers the level, as does a system that does not save registers.
#include "exec/baseline/masm/cpu_features.h"
#include "gtest/gtest.h"

namespace dewar::exec::baseline {

namespace {

constexpr CpuidBits kEverything = {.leaf1_ecx = ~u32{0}, .leaf7_ebx = ~u32{0}, .extended1_ecx = ~u32{0}, .xcr0 = 0xe7};

TEST(CpuFeatures, EveryMissingFeatureCounts) {
  EXPECT_EQ(CpuFeatures::from_bits(kEverything).level(), CpuLevel::v4);
  EXPECT_EQ(CpuFeatures::from_bits({}).level(), CpuLevel::v1);
  // The bits of each level in (leaf 1, leaf 7, extended leaf 1, XCR0), as the makers' manuals number them.
  const auto without = [](u32 CpuidBits::* word, unsigned bit) {
    CpuidBits bits = kEverything;
    bits.*word &= ~(u32{1} << bit);
    return CpuFeatures::from_bits(bits).level();
  };
  for (unsigned bit = 0; bit < 32; ++bit) {
    CpuLevel leaf1 = CpuLevel::v4;
    CpuLevel leaf7 = CpuLevel::v4;
    CpuLevel extended = CpuLevel::v4;
    for (unsigned v2 : {0, 9, 13, 19, 20, 23})
      if (bit == v2) leaf1 = CpuLevel::v1;
    for (unsigned v3 : {12, 22, 27, 28, 29})
      if (bit == v3) leaf1 = CpuLevel::v2;
    for (unsigned v3 : {3, 5, 8})
      if (bit == v3) leaf7 = CpuLevel::v2;
    for (unsigned v4 : {16, 17, 28, 30, 31})
      if (bit == v4) leaf7 = CpuLevel::v3;
    if (bit == 0) extended = CpuLevel::v1;
    if (bit == 5) extended = CpuLevel::v2;
    EXPECT_EQ(without(&CpuidBits::leaf1_ecx, bit), leaf1) << bit;
    EXPECT_EQ(without(&CpuidBits::leaf7_ebx, bit), leaf7) << bit;
    EXPECT_EQ(without(&CpuidBits::extended1_ecx, bit), extended) << bit;
    CpuidBits bits = kEverything;
    bits.xcr0 &= ~(u64{1} << bit);
    const CpuLevel saved = bit == 1 || bit == 2 ? CpuLevel::v2 : bit >= 5 && bit <= 7 ? CpuLevel::v3 : CpuLevel::v4;
    EXPECT_EQ(CpuFeatures::from_bits(bits).level(), saved) << bit;
  }
}

TEST(CpuFeatures, LevelsIncludeLowerOnes) {
  const CpuLevel levels[] = {CpuLevel::v1, CpuLevel::v2, CpuLevel::v3, CpuLevel::v4};
  for (CpuLevel level : levels) {
    const CpuFeatures features = CpuFeatures::for_level(level);
    EXPECT_EQ(features.level(), level);
    for (CpuLevel other : levels) EXPECT_EQ(features.has(other), other <= level);
    EXPECT_EQ(features.sse4(), level >= CpuLevel::v2);
    EXPECT_EQ(features.popcnt(), level >= CpuLevel::v2);
    EXPECT_EQ(features.avx(), level >= CpuLevel::v3);
    EXPECT_EQ(features.bmi(), level >= CpuLevel::v3);
    EXPECT_EQ(parse_cpu_level(to_string(level)), level);
  }
}

TEST(CpuFeatures, Names) {
  EXPECT_EQ(parse_cpu_level("x86-64"), CpuLevel::v1);
  EXPECT_EQ(parse_cpu_level("v1"), CpuLevel::v1);
  EXPECT_EQ(parse_cpu_level("x86-64-v3"), CpuLevel::v3);
  for (const char* wrong : {"", "v", "v0", "v5", "v33", "V2", "x86-64-", "x86-64v2", "x86_64", "2", "x86-64-v5"})
    EXPECT_EQ(parse_cpu_level(wrong), std::nullopt) << wrong;
}

// What the compiler's library says about the same processor; it knows nothing of levels, but the features.
TEST(CpuFeatures, HostAgreesWithTheCompiler) {
  const bool v2 = __builtin_cpu_supports("sse3") && __builtin_cpu_supports("ssse3") &&
                  __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("sse4.2") &&
                  __builtin_cpu_supports("popcnt");
  const bool v3 = v2 && __builtin_cpu_supports("avx") && __builtin_cpu_supports("avx2") &&
                  __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  const CpuFeatures host = CpuFeatures::host();
  EXPECT_EQ(host.has(CpuLevel::v2), v2);
  EXPECT_EQ(host.has(CpuLevel::v3), v3);
  EXPECT_EQ(host.has(CpuLevel::v4), v4);
}

}  // namespace

}  // namespace dewar::exec::baseline
