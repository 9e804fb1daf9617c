// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The code between compiled functions and C++, emitted once per arena: it changes stacks and registers and has no
// decisions in it but those of a call through a Func. What is decided is decided in native_calls.cpp.
#pragma once

#include "exec/baseline/code_object.h"

namespace dewar::exec::baseline {

/// An arena with its stubs; null if they do not fit.
std::shared_ptr<const NativeSupport> make_stubs(std::unique_ptr<CodeArena> arena);

}  // namespace dewar::exec::baseline
