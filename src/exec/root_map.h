// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which slots of a frame hold references, by pc (design D13): one walk of a body gives the maps of all its safe points.
#pragma once

#include <vector>

#include "runtime/store.h"

namespace dewar::exec {

/// Root maps of one function.
struct RootMaps {
  struct Point {
    u32 pc = 0;         ///< of the instruction
    u32 first = 0;      ///< index into `slots`
    u32 count = 0;      ///< reference operands, arguments included; ascending
    u32 own_slots = 0;  ///< operand slots below the call's arguments
  };
  std::vector<u32> locals;    ///< slots of reference locals, from fp
  std::vector<Point> points;  ///< ascending pc
  std::vector<u32> slots;     ///< operand slots, from the first operand
};

RootMaps make_root_maps(const wasm::Module& module, u32 func);

/// ExecHooks::visit_roots: every live reference in the frames of `stack`.
void visit_roots(runtime::Stack& stack, void (*visit)(void* user, runtime::Ref ref), void* user);

}  // namespace dewar::exec
