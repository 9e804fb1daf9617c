// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fused opcodes: handlers that run a straight-line group of instructions at once (design D2). See quicken.h.
#pragma once

#include "exec/interp/handler.h"

namespace dewar::exec::interp {

/// Enters the handlers of fused opcodes into a dispatch table. `guarded`: memory 0 has guard pages.
void add_fused(Handler* table, bool guarded);

}  // namespace dewar::exec::interp
