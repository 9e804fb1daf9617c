// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which tier runs a function (docs/baseline.md). A tier must not show to the guest: whatever goes wrong here leaves a
// function to the interpreter, and nothing else.
#pragma once

#include "runtime/store.h"

namespace dewar::exec {

/// Gives an engine whose options want compiled code an arena and its stubs; once, and before a process is hardened.
void attach_native(runtime::Engine& engine);

/// Compiles a prepared function if the engine's options want that. `payer` runs code and may be killed meanwhile.
void compile_if_wanted(runtime::FuncCode& code, runtime::Stack& payer);

/// Compiles a prepared function and publishes its code: from any thread, without a lock while it compiles. False if
/// there is none afterwards that this call made: somebody else compiles it or has, it has probes, does not fit, or that
/// was stopped.
bool compile_now(runtime::Engine& engine, runtime::FuncCode& code, base::StopBits stop);

}  // namespace dewar::exec
