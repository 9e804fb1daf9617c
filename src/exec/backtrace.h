// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What frames a trap is reported with.
#pragma once

#include "runtime/store.h"

namespace dewar::exec {

/// Fills stack.trap.frames from the frames as they are.
void record_backtrace(runtime::Stack& stack);

}  // namespace dewar::exec
