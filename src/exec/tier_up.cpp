// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From the interpreter to compiled code where a frame stands (on-stack replacement), and functions that were used
// enough to be compiled.
#include "exec/interp/calls.h"
#include "exec/native_calls.h"
#include "exec/random_tiers.h"
#include "exec/tier.h"

namespace dewar::exec::interp {

using runtime::NativeCode;

DEWAR_HANDLER(enter_at_loop) {
  // Polled, and not paid for: both is done again at the header of the compiled loop.
  const NativeCode* const native = code->native.load(std::memory_order_acquire);
  const u8* const header =
      native ? baseline::loop_entry(*native, static_cast<u32>(pc - code->body), fp, stack->trapped_registers) : nullptr;
  if (header == nullptr) DEWAR_TAIL(loop_polled);
  if (stack->dice) {
    DEWAR_SAVE_STATE();
    count_move(*stack, runtime::TierMove::loop_up);
  }
  make_record(*stack, *runtime::header_of(fp, code), code->result_slots);
  stack->native.resume = header;
  DEWAR_RESUME_NATIVE();
}

DEWAR_HANDLER(hot_loop) {
  compile_hot(*code, *stack);
  if (code->native.load(std::memory_order_acquire) != nullptr) DEWAR_TAIL(enter_at_loop);
  DEWAR_TAIL(loop_polled);
}

DEWAR_HANDLER(hot_call) {
  FuncCode* const callee = stack->scratch.callee;
  compile_hot(*callee, *stack);
  if (callee->native.load(std::memory_order_acquire) != nullptr) DEWAR_TAIL(call_native);
  DEWAR_TAIL(enter_many_locals);
}

DEWAR_HANDLER(hot_tail_call) {
  compile_hot(*stack->scratch.func->code, *stack);
  DEWAR_TAIL(tail_call);
}

}  // namespace dewar::exec::interp
