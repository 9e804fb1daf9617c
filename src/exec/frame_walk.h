// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From a frame to its caller: the only code that reads what is kept of a caller (docs/ABI.md), be it a header or a
// record on the native region (docs/baseline.md). Roots, backtraces, images and unwinding walk stacks with it. A frame
// is compiled exactly if its `side` is null.
#pragma once

#include "exec/baseline/code_object.h"
#include "exec/deopt.h"
#include "runtime/store.h"

namespace dewar::exec {

/// A frame of an activation, and the record of the innermost frame that has one, from here outwards.
struct FrameCursor {
  runtime::FrameState state;
  const u64* record = nullptr;
  const runtime::Stack* stack = nullptr;

  static FrameCursor innermost(const runtime::Stack& stack) { return {stack.state, stack.native.sp, &stack}; }

  /// Goes to the caller, which stands at its call, without the arguments. False, with nothing changed, in the first
  /// frame of the activation.
  bool to_caller() {
    const runtime::FrameHeader* h = nullptr;
    if (state.side != nullptr) {
      h = runtime::header_of(state.fp, state.code);
      if (h->caller_code == nullptr) return false;
    }
    if (h == nullptr || h->caller_code == runtime::native_caller()) {
      const runtime::NativeStubs& stubs = *stack->native.stubs;
      if (*record == stubs.to_host) return false;
      if (*record != stubs.to_interp) return to_compiled_caller();
      h = reinterpret_cast<const runtime::FrameHeader*>(record + 1);
      record += runtime::kInterpRecordWords;
    }
    // The callee's arguments begin at its fp: the caller's own operands end there.
    state = {h->caller_fp,   state.fp,       h->return_pc - h->return_side->keep,
             h->return_side, h->caller_code, h->caller_instance};
    return true;
  }

 private:
  bool to_compiled_caller() {
    runtime::Instance* instance = state.instance;
    const runtime::NativeStubs& stubs = *stack->native.stubs;
    if (*record == stubs.cross_return) {
      instance = reinterpret_cast<runtime::Instance*>(record[1]);
      record += runtime::kCrossRecordWords - 1;
    }
    const u64 word = *record == stubs.deopt_return ? original_of(*stack, record) : *record;
    ++record;
    const baseline::CallSite site = baseline::call_site(stubs, word);
    state = {state.fp - site.distance, state.fp, site.code->body + site.pc, nullptr, site.code, instance};
    return true;
  }
};

/// Calls visit(const FrameState&, bool innermost_of_activation) for every frame, innermost first, over all activations.
template <class Visit>
void for_each_frame(const runtime::Stack& stack, Visit visit) {
  FrameCursor at = FrameCursor::innermost(stack);
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
    at = {activation->below, activation->native_below.sp, &stack};
    activation = activation->parent;
  }
}

}  // namespace dewar::exec
