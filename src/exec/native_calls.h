// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The C++ ends of the stubs: handlers that compiled code leaves to, with the registers of the interpreter
// (docs/ABI.md), and what turns a compiled frame into an interpreted one (docs/baseline.md). They know records and
// canonical frames, and no machine code.
#pragma once

#include "exec/interp/handler.h"

namespace dewar::exec {

/// Goes on in compiled code at pc, in the frame fp of inst.
#define DEWAR_ENTER_NATIVE()                                                                             \
  do {                                                                                                   \
    const auto enter_ =                                                                                  \
        reinterpret_cast<::dewar::exec::interp::Handler>(const_cast<void*>(stack->native.stubs->enter)); \
    [[clang::musttail]] return enter_(DEWAR_INTERP_ARGS);                                                \
  } while (0)

/// Goes on behind the exit that compiled code left by, which finds its registers again.
#define DEWAR_RESUME_NATIVE()                                                                             \
  do {                                                                                                    \
    const auto resume_ =                                                                                  \
        reinterpret_cast<::dewar::exec::interp::Handler>(const_cast<void*>(stack->native.stubs->resume)); \
    [[clang::musttail]] return resume_(DEWAR_INTERP_ARGS);                                                \
  } while (0)

/// The header of a frame, which is compiled from here on, becomes its record, if it has none.
void make_record(runtime::Stack& stack, const runtime::FrameHeader& header, u32 result_slots);
/// The record of a frame becomes its header.
void take_record(runtime::Stack& stack, Slot* fp, runtime::FuncCode& code, runtime::Instance* instance);

/// Where a compiled frame goes on that catches by this row; null if it does so in the interpreter.
const u8* landing_of(const runtime::Stack& stack, const runtime::FuncCode& code, const runtime::HandlerRow& row);

namespace interp {

/// An interpreted frame at a `loop` that was polled goes on in the function's compiled code.
DEWAR_HANDLER(enter_at_loop);

// What the stubs jump to; `side` is null in all of them. Registers that are not named hold nothing.
/// A step: pc = offset of the opcode's last byte in the body, native.step_handler, sp, fp, code.
DEWAR_HANDLER(native_step);
/// A block that can not be paid for; native.resume is behind the call of the exit.
DEWAR_HANDLER(native_out_of_fuel);
/// A loop header found an interrupt; native.resume as above.
DEWAR_HANDLER(native_poll);
/// Straight-line code traps; native.resume is behind the call of the trap, registers are in trapped_registers.
DEWAR_HANDLER(native_trap);
/// An access to guest memory faulted (runtime/signals.h); native.resume is its address, registers as above.
DEWAR_HANDLER(native_fault);
/// Compiled code calls `code`, whose arguments begin at fp; the record is complete.
DEWAR_HANDLER(native_enter);
/// Compiled code calls the host function scratch.func; fp = its arguments, and the topmost word is where to go back to.
DEWAR_HANDLER(native_host_call);
/// A callee returned to a compiled frame that goes on in the interpreter (deopt.cpp); its results are at fp, and
/// native.sp is behind the word.
DEWAR_HANDLER(native_deopt_return);
/// A compiled callee returned to an interpreted caller; its results are at fp, native.sp is behind the record's word.
DEWAR_HANDLER(native_to_interp);

}  // namespace interp

}  // namespace dewar::exec
