// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The thread that compiles for an engine: one, started when there is something to do, with all signals blocked. It ends
// with the engine, whose last members it uses. What it cannot take or compile stays with the interpreter.
#pragma once

#include "runtime/store.h"

namespace dewar::exec {

/// Has a prepared function compiled and published by the engine's thread. False if there is no thread, or it has too
/// much to do.
bool compile_elsewhere(runtime::Engine& engine, runtime::FuncCode& code);
/// Waits until the thread has nothing to do. For tests.
void wait_for_compiler(runtime::Engine& engine);

}  // namespace dewar::exec
