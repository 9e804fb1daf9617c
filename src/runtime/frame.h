// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The canonical frame (design D5, docs/ABI.md): [arguments = caller's operands | locals | FrameHeader | operands].
// fp points at the first argument; the header is at fp + code->local_slots; operands follow it.
#pragma once

#include "runtime/code.h"

namespace dewar::runtime {

struct Instance;

/// What a callee needs to go back to its caller. caller_code is null in the first frame of an activation.
struct FrameHeader {
  const u8* return_pc;           ///< where the caller continues (in its private body)
  const SideEntry* return_side;  ///< side-table position that goes with return_pc (the call's own entry)
  Slot* caller_fp;
  FuncCode* caller_code;
  Instance* caller_instance;
};
inline constexpr u32 kHeaderSlots = sizeof(FrameHeader) / sizeof(Slot);
static_assert(kHeaderSlots == 5);

/// What FuncCode::frame_slots is once the function is prepared.
inline u32 frame_slots_of(const FuncCode& code) { return code.local_slots + kHeaderSlots + code.max_operands; }

inline FrameHeader* header_of(Slot* fp, const FuncCode* code) {
  return reinterpret_cast<FrameHeader*>(fp + code->local_slots);
}

/// The machine state of a Stack that is not running: innermost frame and position. For a frame stopped at a call, pc is
/// the call instruction and operands still hold its arguments.
struct FrameState {
  Slot* fp = nullptr;
  Slot* sp = nullptr;      ///< one past the topmost operand
  const u8* pc = nullptr;  ///< instruction being executed
  const SideEntry* side = nullptr;
  FuncCode* code = nullptr;  ///< null = no frame
  Instance* instance = nullptr;
};

}  // namespace dewar::runtime
