// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The shape of a function: what one walk of its body counts, and what everything needs that makes frames of it. The
// interpreter's walk counts it (side_table.h), and the compiler's on its way.
#pragma once

#include "base/types.h"

namespace dewar::exec {

/// What a walk of a function counts: all that its frames need to know, and what its tables take.
struct FunctionShape {
  u32 entry_pc = 0, entry_cost = 0;
  u32 max_operands = 0;  ///< slots
  u64 entries = 0;       ///< of the side table
  u64 rows = 0;          ///< of the handlers
  u64 instrs = 0;        ///< that can be reached
  u64 locals = 0;
  u64 most_open = 1;  ///< labels at the same time, the function's among them
  friend bool operator==(const FunctionShape&, const FunctionShape&) = default;
};

}  // namespace dewar::exec
