// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which slots of a frame hold references, by pc (design D13): one walk of a body gives the maps of all its safe points.
#pragma once

#include <optional>
#include <vector>

#include "runtime/store.h"

namespace dewar::exec {

/// Root maps of one function. The reference operands of all points form a tree that shares what they have in common:
/// its size is bounded by the size of the body, however deep the operand stack is.
struct RootMaps {
  static constexpr u32 kNone = ~u32{0};
  struct Node {
    u32 slot;   ///< operand slot, from the first operand
    u32 below;  ///< next reference further down, or kNone
  };
  struct Point {
    u32 pc = 0;         ///< of the instruction
    u32 bytes = 0;      ///< of its opcode
    u32 top = kNone;    ///< topmost reference operand, arguments included
    u32 own_slots = 0;  ///< operand slots below the call's arguments
  };
  std::vector<u32> locals;    ///< slots of reference locals, from fp
  std::vector<Point> points;  ///< ascending pc
  std::vector<Node> nodes;
  u64 byte_size() const {
    return sizeof(RootMaps) + locals.size() * sizeof(u32) + points.size() * sizeof(Point) + nodes.size() * sizeof(Node);
  }
  /// The point whose opcode contains `pc`, or null.
  const Point* find(u32 pc) const;
};

/// The maps of a function's safe points; `exact_pc` is one more instruction to make a point of. Nothing if stopped, or
/// if they take more than `room` bytes.
std::optional<RootMaps> make_root_maps(const wasm::Module& module, u32 func, u32 exact_pc = ~u32{0},
                                       base::StopBits stop = {}, u64 room = ~u64{0});

/// ExecHooks::prepare_roots: the maps of all functions with a frame on `stack`.
bool prepare_roots(runtime::Stack& stack, runtime::Stack& payer);

/// ExecHooks::visit_roots: every live reference in the frames of `stack`.
void visit_roots(runtime::Stack& stack, void (*visit)(void* user, runtime::Ref ref), void* user);

}  // namespace dewar::exec
