// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads cpuid and XCR0 (Intel SDM volume 1, 14.3) and decides the psABI level.
#include "exec/baseline/masm/cpu_features.h"

#include <cpuid.h>

namespace dewar::exec::baseline {

namespace {

constexpr u32 bit(unsigned index) { return u32{1} << index; }

// SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT; LAHF-SAHF.
constexpr u32 kV2Leaf1 = bit(0) | bit(9) | bit(13) | bit(19) | bit(20) | bit(23);
constexpr u32 kV2Extended = bit(0);
// FMA, MOVBE, OSXSAVE, AVX, F16C; BMI1, AVX2, BMI2; LZCNT. The system saves XMM and YMM.
constexpr u32 kV3Leaf1 = bit(12) | bit(22) | bit(27) | bit(28) | bit(29);
constexpr u32 kV3Leaf7 = bit(3) | bit(5) | bit(8);
constexpr u32 kV3Extended = bit(5);
constexpr u64 kV3Xcr0 = bit(1) | bit(2);
// AVX-512 F, DQ, CD, BW, VL. The system saves masks and both parts of ZMM.
constexpr u32 kV4Leaf7 = bit(16) | bit(17) | bit(28) | bit(30) | bit(31);
constexpr u64 kV4Xcr0 = bit(5) | bit(6) | bit(7);

constexpr bool all(u64 have, u64 wanted) { return (have & wanted) == wanted; }

CpuidBits read_bits() {
  CpuidBits bits;
  u32 eax = 0;
  u32 ebx = 0;
  u32 ecx = 0;
  u32 edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0) bits.leaf1_ecx = ecx;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0) bits.leaf7_ebx = ebx;
  if (__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) != 0) bits.extended1_ecx = ecx;
  if (bits.leaf1_ecx & bit(27)) {
    u32 low = 0;
    u32 high = 0;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    bits.xcr0 = (u64{high} << 32) | low;
  }
  return bits;
}

}  // namespace

CpuFeatures CpuFeatures::from_bits(const CpuidBits& bits) {
  if (!all(bits.leaf1_ecx, kV2Leaf1) || !all(bits.extended1_ecx, kV2Extended)) return CpuFeatures(CpuLevel::v1);
  if (!all(bits.leaf1_ecx, kV3Leaf1) || !all(bits.leaf7_ebx, kV3Leaf7) || !all(bits.extended1_ecx, kV3Extended) ||
      !all(bits.xcr0, kV3Xcr0))
    return CpuFeatures(CpuLevel::v2);
  if (!all(bits.leaf7_ebx, kV4Leaf7) || !all(bits.xcr0, kV4Xcr0)) return CpuFeatures(CpuLevel::v3);
  return CpuFeatures(CpuLevel::v4);
}

CpuFeatures CpuFeatures::host() {
  static const CpuFeatures features = from_bits(read_bits());
  return features;
}

std::string_view to_string(CpuLevel level) {
  switch (level) {
    case CpuLevel::v1: return "x86-64";
    case CpuLevel::v2: return "v2";
    case CpuLevel::v3: return "v3";
    case CpuLevel::v4: return "v4";
  }
  DEWAR_UNREACHABLE("no such level");
}

std::optional<CpuLevel> parse_cpu_level(std::string_view name) {
  constexpr std::string_view kFamily = "x86-64";
  if (name == kFamily) return CpuLevel::v1;
  if (name.starts_with(kFamily) && name.size() > kFamily.size() && name[kFamily.size()] == '-')
    name.remove_prefix(kFamily.size() + 1);
  if (name.size() != 2 || name[0] != 'v' || name[1] < '1' || name[1] > '4') return std::nullopt;
  return static_cast<CpuLevel>(name[1] - '1');
}

}  // namespace dewar::exec::baseline
