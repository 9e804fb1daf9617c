// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From a frame to its caller: the only code that reads what is kept of a caller (docs/ABI.md). Roots, backtraces,
// images and unwinding walk stacks with it.
#pragma once

#include "runtime/store.h"

namespace dewar::exec {

/// A frame of an activation.
struct FrameCursor {
  runtime::FrameState state;

  /// Goes to the caller, which stands at its call, without the arguments. False, with nothing changed, in the first
  /// frame of the activation.
  bool to_caller() {
    const runtime::FrameHeader* h = runtime::header_of(state.fp, state.code);
    if (h->caller_code == nullptr) return false;
    // The callee's arguments begin at its fp: the caller's own operands end there.
    state = {h->caller_fp,   state.fp,       h->return_pc - h->return_side->keep,
             h->return_side, h->caller_code, h->caller_instance};
    return true;
  }
};

/// Calls visit(const FrameState&, bool innermost_of_activation) for every frame, innermost first, over all activations.
template <class Visit>
void for_each_frame(const runtime::Stack& stack, Visit visit) {
  FrameCursor at{stack.state};
  const runtime::Activation* activation = stack.activation;
  for (;;) {
    if (at.state.code) {
      bool innermost = true;
      do {
        visit(std::as_const(at.state), innermost);
        innermost = false;
      } while (at.to_caller());
    }
    if (!activation) return;
    at = {activation->below};
    activation = activation->parent;
  }
}

}  // namespace dewar::exec
