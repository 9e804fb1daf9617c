// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tier::random, a test mode: every function is compiled, but calls between functions, and all headers of loops, leave
// to C++, where a draw that depends on the seed alone decides which tier goes on. What moved, and where it stood, is
// counted, so that a test run can tell that it tested something. Precondition everywhere: stack.dice.
#pragma once

#include "exec/frame_walk.h"

namespace dewar::exec {

/// True once in `of` times.
bool draw(runtime::TierDice& dice, u32 of);
/// A frame of `code` is about to begin at fp, with its record: is it compiled? May have a compiled caller go on in the
/// interpreter when it returns.
bool draw_entry(runtime::Stack& stack, Slot* fp, runtime::FuncCode& code, runtime::Instance* instance,
                bool from_compiled, bool tail_call);
/// Counts that a frame, which stands as the cursor says, changed tiers; `operands` of its slots stay where they are.
void count_move(runtime::Stack& stack, runtime::TierMove move, FrameCursor at, u64 operands);
/// Of a frame with the stack's saved state.
void count_move(runtime::Stack& stack, runtime::TierMove move);

}  // namespace dewar::exec
