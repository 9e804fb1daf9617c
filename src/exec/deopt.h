// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compiled frames that are to go on in the interpreter (docs/baseline.md, "Getting out of compiled code"). The
// innermost one does at once. One that stands at a call has all values in its slots, but its record lies below others:
// its callee's return word becomes `deopt_return`, which makes the header when it is returned to. One that runs a host
// function which called back does when that entry is left. Owns Stack::deopted; unwinding cuts it.
#pragma once

#include "runtime/store.h"

namespace dewar::exec {

/// The innermost frame, whose values are all in their slots, goes on in the interpreter: it gets a header and `side`.
/// Does nothing if it is no compiled frame.
void tier_down(runtime::Stack& stack);
/// So do all frames of the stack, unless they catch before they go on. Precondition, here and below: the stack is not
/// running.
void tier_down_all(runtime::Stack& stack);
/// So do the frames that run `code`, on all stacks of the store.
void tier_down_frames_of(runtime::Store& store, const runtime::FuncCode& code);

/// The caller of the frame whose record has its return address at `word` goes on in the interpreter.
void deopt_return(runtime::Stack& stack, u64* word, u32 result_slots);
/// The return address that `deopt_return` at `word` stands for.
u64 original_of(const runtime::Stack& stack, const u64* word);
/// Forgets the words below native.sp, whose records are gone.
void cut_deopted(runtime::Stack& stack);

}  // namespace dewar::exec
