// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which instructions may be used: the levels of the x86-64 psABI (3.1.1). A level counts only if the processor has
// all of its features and the system saves the registers they use. Code for a lower level can be asked for.
#pragma once

#include <optional>
#include <string_view>

#include "base/types.h"

namespace dewar::exec::baseline {

/// x86-64, x86-64-v2 (to SSE4.2, POPCNT), x86-64-v3 (AVX2, BMI, LZCNT), x86-64-v4 (AVX-512).
enum class CpuLevel : u8 { v1, v2, v3, v4 };

/// "x86-64", "v2", "v3", "v4".
std::string_view to_string(CpuLevel level);
/// The other way round; "v1" and the psABI's long names ("x86-64-v3") are understood, too.
std::optional<CpuLevel> parse_cpu_level(std::string_view name);

/// What cpuid and xgetbv say, as far as the levels need it.
struct CpuidBits {
  u32 leaf1_ecx = 0;
  u32 leaf7_ebx = 0;
  u32 extended1_ecx = 0;
  u64 xcr0 = 0;  ///< 0 where xgetbv is not available
};

class CpuFeatures {
 public:
  /// Of this machine; asked for once.
  static CpuFeatures host();
  /// As if the machine had this level and no more. Code runs on this machine if host().has(level).
  static constexpr CpuFeatures for_level(CpuLevel level) { return CpuFeatures(level); }
  static CpuFeatures from_bits(const CpuidBits& bits);

  constexpr CpuLevel level() const { return level_; }
  constexpr bool has(CpuLevel level) const { return level_ >= level; }
  friend constexpr bool operator==(CpuFeatures, CpuFeatures) = default;
  constexpr bool popcnt() const { return has(CpuLevel::v2); }
  constexpr bool sse4() const { return has(CpuLevel::v2); }  ///< SSE3, SSSE3, SSE4.1 and SSE4.2
  constexpr bool avx() const { return has(CpuLevel::v3); }   ///< vector instructions are VEX-encoded
  constexpr bool bmi() const { return has(CpuLevel::v3); }   ///< BMI1, BMI2, LZCNT

 private:
  constexpr explicit CpuFeatures(CpuLevel level) : level_(level) {}
  CpuLevel level_;
};

}  // namespace dewar::exec::baseline
