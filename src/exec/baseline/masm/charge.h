// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How compiled code pays for a block of fuel, in six bytes: `sub r10, amount`, and `jl` back to the ModRM byte of the
// subtraction. Of r10 that byte is EA, which is no instruction in 64-bit mode (Intel SDM volume 2, "JMP"; AMD64 volume
// 3, "Invalid and reassigned instructions"), whatever follows it. Code that can not pay ends there with SIGILL, and the
// pc says for which block: nothing stands for it anywhere else. Fuel is not negative before, so `jl`, which the
// processor fuses with `sub`, means the same as `js`, which it does not.
#pragma once

#include "exec/baseline/masm/operand.h"

namespace dewar::exec::baseline {

struct Charge {
  static constexpr Gpr kFuel = Gpr::r10;
  static constexpr u32 kFaultAt = 2;  ///< of the invalid instruction, in both forms
  static constexpr u32 kAmountAt = 3;
  /// With an amount of one byte, 0 for now.
  static constexpr u64 kShort = 0xfc'7c'00'ea'83'49;
  static constexpr u32 kShortSize = 6;
  /// With an amount of four bytes, in two pieces.
  static constexpr u64 kLong = 0xea'81'49, kLongJump = 0xf9'7c;
  static constexpr u32 kLongSub = 7, kLongJumpSize = 2;
};

}  // namespace dewar::exec::baseline
