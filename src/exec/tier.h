// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which tier runs a function (docs/baseline.md). A tier must not show to the guest: whatever goes wrong here leaves a
// function to the interpreter, and nothing else.
#pragma once

#include <string_view>

#include "runtime/store.h"

namespace dewar::exec {

/// An arena with its stubs, for any number of engines. Before a process is hardened. Error: "code-unavailable".
Result<std::shared_ptr<const runtime::NativeStubs>> make_native();

/// Gives an engine whose options want compiled code an arena, unless it has one; once, and before a process is
/// hardened. Without memory for it the engine interprets.
void attach_native(runtime::Engine& engine);

/// Levels of the processor that compiled code may be limited to (EngineOptions::cpu_level): 1 to 4 of "x86-64", "v2",
/// "v3", "v4"; 0 of what is no level.
u8 cpu_level(std::string_view name);
/// The highest that this machine has; 0 without a compiler for it.
u8 host_cpu_level();

/// Compiles a prepared function that is called first, if the engine's options want that. `payer` runs code and may be
/// killed meanwhile.
void compile_if_wanted(runtime::FuncCode& code, runtime::Stack& payer);
/// Compiles a function that was used enough, here or in another thread; it is not asked for again.
void compile_hot(runtime::FuncCode& code, runtime::Stack& payer);

/// Compiles a function, prepared or not, and publishes its code: from any thread, without a lock while it compiles.
/// False if there is none afterwards that this call made: somebody else compiles it or has, it has probes, does not
/// fit, or that was stopped.
bool compile_now(runtime::Engine& engine, runtime::FuncCode& code, base::StopBits stop);

/// Compiles all functions that are not compiled yet, of what the engine's options want compiled, here and now; those
/// that were not called have entries, and are prepared and paid for when they are. Ends early when it is stopped, and
/// leaves out what has no place any more in `room` bytes, of what the functions will pay. Gives how many it has
/// compiled.
u32 compile_all(runtime::Engine& engine, runtime::CodeSet& set, u64 room, base::StopBits stop);

}  // namespace dewar::exec
