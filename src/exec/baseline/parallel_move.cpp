// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The order of parallel moves: targets that nobody reads any more first; what remains are cycles.
#include "exec/baseline/parallel_move.h"

#include "base/seed_bug.h"

namespace dewar::exec::baseline {

void ParallelMove::emit(Assembler& m) {
  RegMask ready = 0;
  for (RegMask rest = targets_; rest != 0; rest &= rest - 1)
    if (readers_[static_cast<u8>(lowest(rest))] == 0) ready |= bit(lowest(rest));
  while (targets_ != 0) {
    while (ready != 0) {
      const Reg to = lowest(ready);
      const u8 from = from_[static_cast<u8>(to)];
      emit_copy(m, rep_[static_cast<u8>(to)], static_cast<u8>(to), from);
      ready &= ~bit(to);
      targets_ &= ~bit(to);
      if (--readers_[from] == 0 && from != kInScratch) ready |= bit(static_cast<Reg>(from)) & targets_;
    }
    if (targets_ == 0) return;
    // Every register that is left is read by exactly one other. The first one's value waits in the scratch register.
    const u8 first = static_cast<u8>(lowest(targets_));
    u8 reader = first;
    while (from_[reader] != first) reader = from_[reader];
    // Bug 33: the first value of a cycle with the width of what takes its place.
    emit_copy(m, rep_[SEED(33, reader, first)], kInScratch, first);
    from_[reader] = kInScratch;
    readers_[first] = 0;
    readers_[kInScratch] = 1;
    ready = bit(static_cast<Reg>(first));
  }
}

void ParallelMove::emit_copy(Assembler& m, Rep rep, u8 to, u8 from) {
  if (is_float(rep)) {
    const auto name = [](u8 reg) { return reg == kInScratch ? kScratchXmm : xmm(static_cast<Reg>(reg)); };
    return m.vec(op::movaps, name(to), name(from));
  }
  const auto name = [](u8 reg) { return reg == kInScratch ? kScratch : gpr(static_cast<Reg>(reg)); };
  m.mov(width_of(rep), name(to), name(from));
}

}  // namespace dewar::exec::baseline
