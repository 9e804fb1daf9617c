// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Moves between registers that happen at once: whatever the order, every target gets what its source had before. Cycles
// go through the scratch registers. Emits moves only, so the flags stay.
#pragma once

#include "exec/baseline/masm/assembler.h"
#include "exec/baseline/value.h"

namespace dewar::exec::baseline {

class ParallelMove {
 public:
  /// `to` and `from` are of the class of `rep`. A register is the target of at most one move, and source of any number.
  void add(Reg to, Reg from, Rep rep) {
    DEWAR_ASSERT((targets_ & bit(to)) == 0, "two values for one register");
    if (to == from) return;
    targets_ |= bit(to);
    from_[static_cast<u8>(to)] = static_cast<u8>(from);
    rep_[static_cast<u8>(to)] = rep;
    ++readers_[static_cast<u8>(from)];
  }
  /// Emits them; nothing is left to be moved then. A register that keeps its value must not be a target.
  void emit(Assembler& m);

 private:
  static constexpr u8 kInScratch = kRegs;

  void emit_copy(Assembler& m, Rep rep, u8 to, u8 from);

  RegMask targets_ = 0;
  u8 from_[kRegs] = {};
  u8 readers_[kRegs + 1] = {};
  Rep rep_[kRegs] = {};
};

}  // namespace dewar::exec::baseline
