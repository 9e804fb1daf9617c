// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Taking a branch through the side table, shared by the plain and the fused handlers.
#pragma once

#include "exec/interp/handler.h"

namespace dewar::exec::interp {

/// Continues at the target of `side`, whose operands are in place.
#define DEWAR_JUMP()                                                                             \
  do {                                                                                           \
    const SideEntry* const e_ = side;                                                            \
    pc += e_->delta_pc;                                                                          \
    side = reinterpret_cast<const SideEntry*>(reinterpret_cast<const u8*>(e_) + e_->delta_side); \
    DEWAR_CHARGE(e_->cost_taken);                                                                \
    DEWAR_DISPATCH();                                                                            \
  } while (0)

/// Takes the branch of `side` carrying two or more slots.
DEWAR_HANDLER(take_many);

/// Takes the branch of `side`, whose instruction is at pc.
#define DEWAR_TAKE()                                             \
  do {                                                           \
    if (const u32 drop_ = side->drop) {                          \
      if (DEWAR_UNLIKELY(side->keep > 1)) DEWAR_TAIL(take_many); \
      if (side->keep) sp[-1 - static_cast<i64>(drop_)] = sp[-1]; \
      sp -= drop_;                                               \
    }                                                            \
    DEWAR_JUMP();                                                \
  } while (0)

}  // namespace dewar::exec::interp
