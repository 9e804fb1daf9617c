// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The ways out of the interpreter: traps (with refund and backtrace), lack of fuel, interrupts, exceptions.
#include "exec/backtrace.h"
#include "exec/interp/handler.h"
#include "exec/prepare.h"
#include "gc/heap.h"

namespace dewar::exec::interp {

DEWAR_HANDLER(exit_trap) {
  DEWAR_SAVE_STATE();
  const BlockPosition at = locate(*code->module, code->func, static_cast<u32>(pc - code->body));
  stack->fuel += at.rest;
  record_backtrace(*stack);
  return kExitTrapped;
}

DEWAR_HANDLER(exit_out_of_fuel) {
  DEWAR_SAVE_STATE();
  stack->trap.kind = TrapKind::out_of_fuel;
  record_backtrace(*stack);
  return kExitTrapped;
}

DEWAR_HANDLER(poll_interrupt) {
  // A prefixed instruction's handler sees its second opcode byte; what runs again is the whole instruction.
  pc = code->body + locate(*code->module, code->func, static_cast<u32>(pc - code->body)).pc;
  DEWAR_SAVE_STATE();
  const u32 reasons = stack->interrupts();
  if (reasons & runtime::kInterruptKill) {
    stack->trap.kind = TrapKind::interrupted;
    record_backtrace(*stack);
    return kExitTrapped;
  }
  if (reasons & runtime::kInterruptFreeze) {
    if (!stack->activation->parent) {
      stack->pending_host_call = false;
      return kExitPending;
    }
    // A host frame that can not be kept lies below: the request is raised again when it has left.
    stack->deferred_interrupts |= runtime::kInterruptFreeze;
  }
  // Nobody listens to the other reasons yet: they are acknowledged, and the instruction runs again.
  stack->clear_interrupt(reasons);
  DEWAR_DISPATCH();
}

namespace {

/// First row of the frame's function that catches exception `tag` at `pc`, or null.
const runtime::HandlerRow* find_handler(const FuncCode& code, const Instance& inst, u32 pc, const runtime::Tag* tag) {
  u32 outer = ~u32{0};
  for (u32 i = 0; i < code.handler_count; ++i) {
    const runtime::HandlerRow& row = code.handlers[i];
    if (pc < row.begin || pc >= row.end || row.begin > outer) continue;
    if (row.delegate) {
      outer = row.outer;
    } else if (row.tag == ~u32{0} || inst.tags[row.tag] == tag) {
      return &row;
    }
  }
  return nullptr;
}

/// Cuts the frames above the handler of stack.exception, and its frame to the handler's operands. The fuel of the
/// handler's block, or nothing if no frame of this activation catches it (the state is then the activation's first).
std::optional<u32> unwind(Stack& stack) {
  runtime::Store& store = stack.store;
  gc::Heap& heap = store.heap();
  const runtime::Ref exn = stack.exception;
  const runtime::Tag* tag = store.tag(heap.exception_tag(exn));
  runtime::FrameState& s = stack.state;
  bool skip = stack.scratch.in_tail;
  stack.scratch.in_tail = false;
  for (;;) {
    const auto* row = skip ? nullptr : find_handler(*s.code, *s.instance, static_cast<u32>(s.pc - s.code->body), tag);
    skip = false;
    const runtime::FrameHeader* header = runtime::header_of(s.fp, s.code);
    if (row) {
      Slot* sp = s.fp + s.code->local_slots + runtime::kHeaderSlots + row->height;
      if (row->legacy) *sp++ = exn;
      if (row->tag != ~u32{0}) {
        const auto* payload = reinterpret_cast<const Slot*>(heap.payload(exn));
        for (const wasm::CanonValType t : store.engine().types().type(tag->type).params)
          for (u32 k = t.slots(); k > 0; --k) *sp++ = *payload++;
      }
      if (row->with_ref) *sp++ = exn;
      s.sp = sp;
      s.pc = s.code->body + row->target_pc;
      s.side = s.code->side + row->target_st;
      stack.exception = runtime::kNullRef;
      return row->cost;
    }
    if (header->caller_code == nullptr) return std::nullopt;
    s = {header->caller_fp,
         s.fp,
         header->return_pc - header->return_side->keep,
         header->return_side,
         header->caller_code,
         header->caller_instance};
  }
}

}  // namespace

DEWAR_HANDLER(raise_exception) {
  DEWAR_SAVE_STATE();
  const auto cost = unwind(*stack);
  if (!cost) return kExitThrew;
  const runtime::FrameState& s = stack->state;
  fp = s.fp;
  sp = s.sp;
  pc = s.pc;
  side = s.side;
  code = s.code;
  inst = s.instance;
  mem = inst->memory0;
  table = inst->codes->dispatch.load(std::memory_order_relaxed);
  DEWAR_CHARGE(*cost);
  DEWAR_DISPATCH();
}

}  // namespace dewar::exec::interp
