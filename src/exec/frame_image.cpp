// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/frame_image.h"

#include <algorithm>
#include <cstring>

#include "exec/backtrace.h"
#include "exec/prepare.h"

namespace dewar::exec {

using runtime::FrameState;
using runtime::FuncCode;
using runtime::Stack;

Result<FrameImage> write_frames(const Stack& stack) {
  if (!stack.state.code) return fail("freeze-empty", "the stack holds no frames");
  if (stack.activation) return fail("freeze-host-frame", "a host function is running on the stack");
  FrameImage image;
  image.pending_host_call = stack.pending_host_call;
  image.in_tail = stack.scratch.in_tail;
  image.pending_args = stack.pending_host_call ? stack.pending_args : 0;
  image.fuel = stack.fuel;
  image.bulk_surcharge = stack.bulk_surcharge;
  auto& instances = stack.store.instances();
  for_each_frame(stack, [&](const FrameState& s, bool) {
    FrameImage::Frame f;
    const auto at = std::find_if(instances.begin(), instances.end(), [&](const auto& i) { return &i == s.instance; });
    f.instance = static_cast<u32>(at - instances.begin());
    f.func = s.code->func;
    f.pc = static_cast<u32>(s.pc - s.code->body);
    f.locals.assign(s.fp, s.fp + s.code->local_slots);
    const Slot* operands = s.fp + s.code->local_slots + runtime::kHeaderSlots;
    f.operands.assign(operands, static_cast<const Slot*>(s.sp));
    image.frames.push_back(std::move(f));
  });
  std::reverse(image.frames.begin(), image.frames.end());
  return image;
}

namespace {

/// Is the instruction at `pc` a call (a tail call, if `tail`) of a function?
bool is_call(const FuncCode& code, u32 pc, bool tail) {
  using enum wasm::Op;
  const wasm::Range body = code.module->funcs[code.func].body;
  const wasm::Op op = wasm::op_from_code(0, code.module->bytes()[body.offset + pc]);
  if (tail) return op == return_call || op == return_call_indirect || op == return_call_ref;
  return op == call || op == call_indirect || op == call_ref;
}

/// Does the image's end agree with what it says it waits for?
bool ends_well(const FrameImage& image, const FuncCode& innermost) {
  if (!image.pending_host_call) return !image.in_tail && image.pending_args == 0;
  const FrameImage::Frame& last = image.frames.back();
  return is_call(innermost, last.pc, image.in_tail) && image.pending_args <= last.operands.size();
}

}  // namespace

Result<void> read_frames(Stack& stack, const FrameImage& image) {
  if (stack.state.code) return fail("freeze-image", "the stack is in use");
  if (image.frames.empty()) return fail("freeze-image", "the image holds no frames");
  Slot* at = stack.base;  // first argument of the next frame
  FrameState state;
  for (const FrameImage::Frame& f : image.frames) {
    auto& instances = stack.store.instances();
    if (f.instance >= instances.size()) return fail("freeze-image", "a frame names an instance that does not exist");
    runtime::Instance& inst = instances[f.instance];
    const u32 imported = inst.module->num_imported_funcs;
    if (f.func < imported || f.func >= inst.module->funcs.size())
      return fail("freeze-image", "a frame names a function that does not exist");
    FuncCode& code = inst.code_table[f.func - imported];
    prepare(*code.set, code, stack.store.engine().options());
    const BlockPosition pos = locate(*inst.module, f.func, f.pc);
    if (pos.pc != f.pc || f.pc >= code.body_size || f.locals.size() != code.local_slots ||
        f.operands.size() > code.max_operands)
      return fail("freeze-image", "a frame does not fit its function", f.pc);
    if (code.frame_slots.load(std::memory_order_relaxed) > static_cast<u64>(stack.end - at))
      return fail("limit-stack", "the frames do not fit the stack");
    std::copy(f.locals.begin(), f.locals.end(), at);
    auto* header = runtime::header_of(at, &code);
    *header = {};
    if (state.code) {
      if (!is_call(*state.code, static_cast<u32>(state.pc - state.code->body), false)) {
        return fail("freeze-image", "a frame has a callee but is not at a call");
      }
      header->return_side = state.side;
      header->return_pc = state.pc + state.side->keep;
      header->caller_fp = state.fp;
      header->caller_code = state.code;
      header->caller_instance = state.instance;
    }
    Slot* operands = at + code.local_slots + runtime::kHeaderSlots;
    std::copy(f.operands.begin(), f.operands.end(), operands);
    state = {at, operands + f.operands.size(), code.body + f.pc, code.side + pos.side, &code, &inst};
    at = state.sp;
  }
  if (!ends_well(image, *state.code)) return fail("freeze-image", "the innermost frame does not wait for what it should");
  stack.state = state;
  stack.pending_host_call = image.pending_host_call;
  stack.scratch.in_tail = image.in_tail;
  stack.pending_args = image.pending_args;
  stack.fuel = image.fuel;
  stack.bulk_surcharge = image.bulk_surcharge;
  return {};
}

}  // namespace dewar::exec
