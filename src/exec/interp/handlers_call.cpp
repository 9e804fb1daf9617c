// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls, tail calls and host calls. A Wasm call never recurses on the native stack: it pushes a FrameHeader and goes
// on. pc stays at the call instruction until the callee's frame is known to fit, so that every slow path can run it
// again.
#include <cstring>

#include "exec/interp/bulk.h"
#include "exec/interp/calls.h"
#include "exec/interp/handler.h"

namespace dewar::exec::interp {

using runtime::Func;
using runtime::HostStatus;

/// Enters `callee` (in instance `to`) as called by the instruction at pc, which ends at `after`.
#define DEWAR_ENTER(counts_, callee_, to_, after_)                                                                \
  do {                                                                                                            \
    FuncCode* const callee = (callee_);                                                                           \
    Instance* const target = (to_);                                                                               \
    /* First of all: who reads the size of a prepared frame sees everything else that another thread prepared. */ \
    const u64 frame_bytes = u64{callee->frame_slots.load(std::memory_order_acquire)} * sizeof(Slot);              \
    Slot* const nfp = sp - callee->param_slots;                                                                   \
    const u64 end = reinterpret_cast<u64>(nfp) + frame_bytes;                                                     \
    if (DEWAR_UNLIKELY(end > stack->limit.load(std::memory_order_relaxed))) {                                     \
      stack->scratch.callee = callee;                                                                             \
      DEWAR_TAIL(call_slow);                                                                                      \
    }                                                                                                             \
    if (DEWAR_UNLIKELY(callee->native.load(std::memory_order_acquire) != nullptr)) {                              \
      stack->scratch.callee = callee;                                                                             \
      stack->scratch.instance = target;                                                                           \
      DEWAR_TAIL(call_native);                                                                                    \
    }                                                                                                             \
    if ((counts_) && DEWAR_UNLIKELY(cools(*callee, runtime::kCallHeat))) {                                        \
      stack->scratch.callee = callee;                                                                             \
      stack->scratch.instance = target;                                                                           \
      DEWAR_TAIL(hot_call);                                                                                       \
    }                                                                                                             \
    Slot* const header_at = nfp + callee->local_slots;                                                            \
    if (DEWAR_UNLIKELY(header_at - sp >= kBulkSlots)) {                                                           \
      stack->scratch.callee = callee;                                                                             \
      stack->scratch.instance = (to_);                                                                            \
      DEWAR_TAIL(enter_many_locals);                                                                              \
    }                                                                                                             \
    for (Slot* z = sp; z < header_at; ++z) {                                                                      \
      *z = 0;                                                                                                     \
      asm volatile("" : : : "memory"); /* a loop, not a call of memset, which would need a frame */               \
    }                                                                                                             \
    auto* const header = reinterpret_cast<runtime::FrameHeader*>(header_at);                                      \
    header->return_pc = (after_);                                                                                 \
    header->return_side = side;                                                                                   \
    header->caller_fp = fp;                                                                                       \
    header->caller_code = code;                                                                                   \
    header->caller_instance = inst;                                                                               \
    fp = nfp;                                                                                                     \
    sp = header_at + runtime::kHeaderSlots;                                                                       \
    code = callee;                                                                                                \
    pc = callee->body + callee->entry_pc;                                                                         \
    side = callee->side;                                                                                          \
    if (DEWAR_UNLIKELY(target != inst)) {                                                                         \
      inst = target;                                                                                              \
      mem = inst->memory0;                                                                                        \
      table = instance_dispatch(inst);                                                                            \
    }                                                                                                             \
    DEWAR_CHARGE(callee->entry_cost);                                                                             \
    DEWAR_DISPATCH();                                                                                             \
  } while (0)

DEWAR_HANDLER(enter_many_locals) {
  FuncCode* const callee = stack->scratch.callee;
  Slot* const nfp = sp - callee->param_slots;
  Slot* const header_at = nfp + callee->local_slots;
  DEWAR_CHARGE_BULK(static_cast<u64>(header_at - sp) * sizeof(Slot));
  for (Slot* z = sp; z < header_at; ++z) {
    *z = 0;
    asm volatile("" : : : "memory");
  }
  *reinterpret_cast<runtime::FrameHeader*>(header_at) = {pc + side->keep, side, fp, code, inst};
  fp = nfp;
  sp = header_at + runtime::kHeaderSlots;
  code = callee;
  pc = callee->body + callee->entry_pc;
  side = callee->side;
  if (stack->scratch.instance != inst) {
    inst = stack->scratch.instance;
    mem = inst->memory0;
    table = instance_dispatch(inst);
  }
  DEWAR_CHARGE(callee->entry_cost);
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_call) { DEWAR_ENTER(false, side->callee, inst, pc + side->keep); }
DEWAR_HANDLER(call_counted) { DEWAR_ENTER(true, side->callee, inst, pc + side->keep); }

/// Calls scratch.func with the operands on top; then goes on after the call (or returns, for a tail call).
DEWAR_HANDLER(call_host) {
  DEWAR_SAVE_STATE();
  const u32 exit = run_host_call(*stack, *stack->scratch.func, inst, sp);
  fuel = stack->fuel;
  if (DEWAR_UNLIKELY(exit != kHostReturned)) {
    if (exit == kHostTrapped) DEWAR_TAIL(exit_block);
    if (exit == kHostThrew) DEWAR_TAIL(raise_exception);
    return exit == kHostPending ? kExitPending : kExitExited;
  }
  const runtime::HostFunc& host = stack->scratch.func->host;
  sp = sp - host.arg_slots + host.result_slots;
  const SideEntry* const e = side;
  pc += e->keep;
  ++side;
  DEWAR_CHARGE(e->cost_next);
  DEWAR_DISPATCH();
}

#define DEWAR_ENTER_FUNC(counts_, func_)                           \
  do {                                                             \
    Func* const f_ = (func_);                                      \
    if (DEWAR_UNLIKELY(f_->code == nullptr)) {                     \
      stack->scratch.func = f_;                                    \
      DEWAR_TAIL(call_host);                                       \
    }                                                              \
    DEWAR_ENTER(counts_, f_->code, f_->instance, pc + side->keep); \
  } while (0)

DEWAR_HANDLER(op_call_import) {
  const u8* p = pc + 1;
  DEWAR_ENTER_FUNC(false, inst->funcs[leb_u32(p)]);
}
DEWAR_HANDLER(call_import_counted) {
  const u8* p = pc + 1;
  DEWAR_ENTER_FUNC(true, inst->funcs[leb_u32(p)]);
}

namespace {

/// Looks a table element up for an indirect call: null with *why set on failure. Pops nothing.
[[gnu::always_inline]] inline Func* indirect_target(Instance* inst, const u8* p, const Slot* top, TrapKind* why) {
  const u32 type = leb_u32(p);
  const runtime::Table* t = inst->tables[leb_u32(p)];
  const u64 index = t->type.limits.is64 ? *top : static_cast<u32>(*top);
  if (DEWAR_UNLIKELY(index >= t->size)) return *why = TrapKind::undefined_element, nullptr;
  Func* f = t->cache[index];
  if (DEWAR_UNLIKELY(f == nullptr)) return *why = TrapKind::uninitialized_element, nullptr;
  const wasm::CanonId want = inst->module->canon[type];
  if (DEWAR_UNLIKELY(f->type != want) && !inst->module->registry().is_subtype(f->type, want))
    return *why = TrapKind::indirect_call_type_mismatch, nullptr;
  return f;
}

}  // namespace

#define DEWAR_CALL_INDIRECT(counts_)                                    \
  do {                                                                  \
    Func* f = indirect_target(inst, pc + 1, sp - 1, &stack->trap.kind); \
    if (DEWAR_UNLIKELY(f == nullptr)) DEWAR_TAIL(exit_trap);            \
    --sp;                                                               \
    DEWAR_ENTER_FUNC(counts_, f);                                       \
  } while (0)
#define DEWAR_CALL_REF(counts_)                                                  \
  do {                                                                           \
    const u32 ref = static_cast<u32>(sp[-1]);                                    \
    if (DEWAR_UNLIKELY(ref == 0)) DEWAR_TRAP(TrapKind::null_function_reference); \
    --sp;                                                                        \
    DEWAR_ENTER_FUNC(counts_, inst->store->func(ref));                           \
  } while (0)

DEWAR_HANDLER(op_call_indirect) { DEWAR_CALL_INDIRECT(false); }
DEWAR_HANDLER(call_indirect_counted) { DEWAR_CALL_INDIRECT(true); }
DEWAR_HANDLER(op_call_ref) { DEWAR_CALL_REF(false); }
DEWAR_HANDLER(call_ref_counted) { DEWAR_CALL_REF(true); }

// The same two for compiled code, which then calls scratch.func itself.
DEWAR_HANDLER(step_indirect) {
  Func* f = indirect_target(inst, pc + 1, sp - 1, &stack->trap.kind);
  if (DEWAR_UNLIKELY(f == nullptr)) DEWAR_TAIL(exit_trap);
  stack->scratch.func = f;
  DEWAR_NEXT(1);
}
DEWAR_HANDLER(step_ref) {
  const u32 ref = static_cast<u32>(sp[-1]);
  if (DEWAR_UNLIKELY(ref == 0)) DEWAR_TRAP(TrapKind::null_function_reference);
  stack->scratch.func = inst->store->func(ref);
  DEWAR_NEXT(1);
}

/// Calls a host function in tail position: it runs above this frame, whose handlers no longer count.
DEWAR_HANDLER(tail_call_host) {
  stack->scratch.in_tail = true;
  DEWAR_SAVE_STATE();
  const u32 exit = run_host_call(*stack, *stack->scratch.func, inst, sp);
  fuel = stack->fuel;
  if (DEWAR_UNLIKELY(exit != kHostReturned)) {
    if (exit == kHostThrew) DEWAR_TAIL(raise_exception);
    if (exit == kHostPending) return kExitPending;
    stack->scratch.in_tail = false;
    if (exit == kHostTrapped) DEWAR_TAIL(exit_block);
    return kExitExited;
  }
  stack->scratch.in_tail = false;
  const runtime::HostFunc& host = stack->scratch.func->host;
  sp = sp - host.arg_slots + host.result_slots;
  stack->scratch.tail_return.keep = host.result_slots;
  side = &stack->scratch.tail_return;
  DEWAR_TAIL(op_return_);
}

/// Replaces the current frame by a call of scratch.func with the operands on top.
DEWAR_HANDLER(tail_call) {
  Func* const f = stack->scratch.func;
  if (f->code == nullptr) DEWAR_TAIL(tail_call_host);
  FuncCode* const callee = f->code;
  const u64 end = reinterpret_cast<u64>(fp) + u64{callee->frame_slots.load(std::memory_order_acquire)} * sizeof(Slot);
  if (DEWAR_UNLIKELY(end > stack->limit.load(std::memory_order_relaxed))) {
    stack->scratch.callee = callee;
    DEWAR_TAIL(call_slow);
  }
  if (DEWAR_UNLIKELY(callee->native.load(std::memory_order_acquire) != nullptr)) DEWAR_TAIL(tail_call_native);
  if (DEWAR_UNLIKELY(stack->native.stubs != nullptr) && cools(*callee, runtime::kCallHeat)) DEWAR_TAIL(hot_tail_call);
  const u32 args = callee->param_slots;
  Slot* const header_at = fp + callee->local_slots;
  DEWAR_CHARGE_BULK(u64{callee->local_slots} * sizeof(Slot));  // arguments moved, locals cleared
  const runtime::FrameHeader saved = *runtime::header_of(fp, code);
  std::memmove(fp, sp - args, args * sizeof(Slot));
  for (Slot* z = fp + args; z < header_at; ++z) *z = 0;
  std::memcpy(header_at, &saved, sizeof(saved));
  sp = header_at + runtime::kHeaderSlots;
  code = callee;
  pc = callee->body + callee->entry_pc;
  side = callee->side;
  if (DEWAR_UNLIKELY(f->instance != inst)) {
    inst = f->instance;
    mem = inst->memory0;
    table = instance_dispatch(inst);
  }
  DEWAR_CHARGE(callee->entry_cost);
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_return_call) {
  const u8* p = pc + 1;
  stack->scratch.func = inst->funcs[leb_u32(p)];
  DEWAR_TAIL(tail_call);
}

DEWAR_HANDLER(op_return_call_indirect) {
  Func* f = indirect_target(inst, pc + 1, sp - 1, &stack->trap.kind);
  if (DEWAR_UNLIKELY(f == nullptr)) DEWAR_TAIL(exit_trap);
  --sp;
  stack->scratch.func = f;
  DEWAR_TAIL(tail_call);
}

DEWAR_HANDLER(op_return_call_ref) {
  const u32 ref = static_cast<u32>(sp[-1]);
  if (DEWAR_UNLIKELY(ref == 0)) DEWAR_TRAP(TrapKind::null_function_reference);
  --sp;
  stack->scratch.func = inst->store->func(ref);
  DEWAR_TAIL(tail_call);
}

/// The limit compare of a call failed: the callee is not prepared, an interrupt poisoned the limit, or it is the end.
/// The first two run the call instruction again.
DEWAR_HANDLER(call_slow) {
  FuncCode* const callee = stack->scratch.callee;
  const wasm::Op op = call_opcode(*code, pc);
  // The operand that chose the callee was popped; it is still in its slot.
  const bool popped = op != wasm::Op::call && op != wasm::Op::return_call;
  sp += popped;
  const bool was_prepared = callee->frame_slots.load(std::memory_order_acquire) != FuncCode::kUnprepared;
  if (!was_prepared) {
    if (!prepare_callee(*stack, *callee)) DEWAR_TAIL(exit_block);
  } else {
    if (stack->interrupts() != 0) DEWAR_TAIL(poll_interrupt);
    const bool tail =
        op == wasm::Op::return_call || op == wasm::Op::return_call_indirect || op == wasm::Op::return_call_ref;
    const Slot* const base = tail ? fp : sp - popped - callee->param_slots;
    if (callee->frame_slots.load(std::memory_order_relaxed) > static_cast<u64>(stack->end - base))
      DEWAR_TRAP(TrapKind::stack_exhausted);
    // An interrupt came and went meanwhile. Who asked for it may poison the limit after that: for good, if nobody
    // looks.
    stack->clear_interrupt(0);
  }
  const Handler again = call_handler(*code, pc, op);
  [[clang::musttail]] return again(DEWAR_INTERP_ARGS);
}

}  // namespace dewar::exec::interp
