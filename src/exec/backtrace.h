// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Walks canonical frames: backtraces and whatever else needs all frames of a stack.
#pragma once

#include "runtime/store.h"

namespace dewar::exec {

/// Calls visit(const FrameState&, bool innermost_of_activation) for every frame, innermost first, over all activations.
template <class Visit>
void for_each_frame(const runtime::Stack& stack, Visit visit) {
  runtime::FrameState s = stack.state;
  const runtime::Activation* activation = stack.activation;
  bool innermost = true;
  for (;;) {
    while (s.code) {
      visit(s, innermost);
      innermost = false;
      const runtime::FrameHeader* h = runtime::header_of(s.fp, s.code);
      if (h->caller_code == nullptr) break;
      // The callee's arguments begin at its fp: the caller's own operands end there.
      s = {h->caller_fp, s.fp, h->return_pc - h->return_side->keep, h->return_side, h->caller_code, h->caller_instance};
    }
    if (!activation) return;
    s = activation->below;
    activation = activation->parent;
    innermost = true;
  }
}

/// Fills stack.trap.frames from the frames as they are.
void record_backtrace(runtime::Stack& stack);

}  // namespace dewar::exec
