// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers that exist in several forms or under internal opcodes, and the look-ups that dispatch.cpp builds tables
// from.
#pragma once

#include "exec/interp/handler.h"
#include "wasm/op.h"

namespace dewar::exec::interp {

/// Handler of a load or store, or null if `op` is none. `guarded`: memory 0 has guard pages.
Handler memory_handler(wasm::Op op, bool guarded);
/// Handler of an atomic access, or null.
Handler atomic_handler(wasm::Op op);

}  // namespace dewar::exec::interp
