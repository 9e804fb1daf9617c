// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The inside seam's lowest level: a PROBE byte at any pc of a private body (design D2). Insert, remove, and what a
// probe is given when it fires. A body without probes is untouched, so an absent probe costs nothing.
#pragma once

#include "runtime/store.h"

namespace dewar::exec {

/// Called before the instruction at `state.pc` runs. May read and write locals and operands through `state`; must not
/// change the shape of the frame.
using ProbeFn = void (*)(void* user, runtime::Stack& stack, const runtime::FrameState& state);

/// Inserts a probe at instruction `pc` of a defined function (index in the module). Takes effect at once, also for
/// frames on stacks of `store` that already run the function, compiled or not; but no other thread may run code of the
/// set meanwhile, nor may other stores have frames of it. Error "probe-position"
/// if pc is not the start of an instruction.
Result<void> insert_probe(runtime::Store& store, runtime::CodeSet& set, u32 func, u32 pc, ProbeFn fn, void* user);
/// Removes one probe with this fn and user; false if there is none.
bool remove_probe(runtime::CodeSet& set, u32 func, u32 pc, ProbeFn fn, void* user);

/// Test mode: a PROBE byte on every instruction. Precondition: set.mutex() held, code's body made.
void put_probe_everywhere(runtime::CodeSet& set, runtime::FuncCode& code);

/// Fires the probes at a pc. For the interpreter's PROBE handler.
void fire_probes(runtime::Stack& stack);

}  // namespace dewar::exec
