// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The C++ ends of the stubs: handlers that compiled code leaves to, with the registers of the interpreter
// (docs/ABI.md), and what turns a compiled frame into an interpreted one (docs/baseline.md). They know records and
// canonical frames, and no machine code.
#pragma once

#include "exec/interp/handler.h"

namespace dewar::exec {

/// The record of a frame becomes its header.
void take_record(runtime::Stack& stack, Slot* fp, runtime::FuncCode& code, runtime::Instance* instance);

namespace interp {

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
