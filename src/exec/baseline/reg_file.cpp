// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The parts of RegFile that are not run for every operation.
#include "exec/baseline/reg_file.h"

#include <algorithm>

namespace dewar::exec::baseline {

void RegFile::reset() {
  free_ = kGprMask | kXmmMask;
  pinned_ = 0;
  clock_ = 0;
  locals_.held = locals_.dirty = 0;
  std::fill(std::begin(locals_.local), std::end(locals_.local), kNoLocal);
  std::fill(std::begin(used_), std::end(used_), 0);
  std::fill(std::begin(holders_), std::end(holders_), u8{0});
}

bool RegFile::choose_victim(RegMask among, Reg& victim) const {
  RegMask candidates = locals_.held & among & ~pinned_;
  if ((candidates & ~locals_.dirty) != 0) candidates &= ~locals_.dirty;
  if (candidates == 0) return false;
  victim = lowest(candidates);
  for (RegMask rest = candidates & (candidates - 1); rest != 0; rest &= rest - 1) {
    const Reg reg = lowest(rest);
    if (used_[static_cast<u8>(reg)] < used_[static_cast<u8>(victim)]) victim = reg;
  }
  return true;
}

}  // namespace dewar::exec::baseline
