// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The frames of a suspended stack as plain data without host pointers: written out, they can be put on another Stack of
// the same store and resumed. The first step towards images (design D14).
#pragma once

#include <vector>

#include "runtime/store.h"

namespace dewar::exec {

struct FrameImage {
  struct Frame {
    u32 instance = 0;  ///< index in the store
    u32 func = 0;      ///< function index in the module
    u32 pc = 0;        ///< instruction being executed
    std::vector<Slot> locals;
    std::vector<Slot> operands;  ///< callers: without the callee's arguments
  };
  std::vector<Frame> frames;  ///< outermost first
  bool pending_host_call = false;
  bool in_tail = false;
  u32 pending_args = 0;
  i64 fuel = 0;
  u64 bulk_surcharge = 0;
};

/// Writes the frames of a stack that ended with Outcome::pending. Error "freeze-host-frame" if a host frame lies
/// between Wasm frames.
Result<FrameImage> write_frames(const runtime::Stack& stack);

/// Puts the frames on an empty stack of the same store, ready for resume(). Errors: "freeze-image" if a frame does not
/// fit the code it names, "limit-stack" if the stack is too small.
Result<void> read_frames(runtime::Stack& stack, const FrameImage& image);

}  // namespace dewar::exec
