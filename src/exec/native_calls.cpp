// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/native_calls.h"

#include <cstring>

#include "exec/baseline/code_object.h"
#include "exec/deopt.h"
#include "exec/frame_walk.h"
#include "exec/interp/bulk.h"
#include "exec/interp/calls.h"
#include "exec/prepare.h"
#include "exec/random_tiers.h"
#include "exec/tier.h"

namespace dewar::exec {

using runtime::FrameHeader;
using runtime::FrameState;
using runtime::Func;
using runtime::NativeCode;

namespace {

/// What `find` finds by native.resume; then everything is in its slot.
#define DEWAR_FOUND(find) baseline::find(*stack->native.stubs, stack->native.resume, fp, stack->trapped_registers)

/// The registers of a frame that stands at an ExitSite or TrapSite.
#define DEWAR_STAND_AT(site_)                                        \
  do {                                                               \
    const auto at_ = site_;                                          \
    code = at_.code;                                                 \
    pc = code->body + at_.pc;                                        \
    sp = fp + code->local_slots + runtime::kHeaderSlots + at_.slots; \
  } while (0)

/// The compiled frame that the registers describe goes on in the interpreter.
#define DEWAR_TIER_DOWN()            \
  do {                               \
    DEWAR_SAVE_STATE();              \
    tier_down(*stack);               \
    side = stack->state.side;        \
    table = instance_dispatch(inst); \
  } while (0)

void push_interp_record(runtime::Stack& stack, const FrameHeader& header, u32 result_slots) {
  u64* const record = stack.native.sp -= runtime::kInterpRecordWords;
  record[0] = stack.native.stubs->to_interp;
  std::memcpy(record + 1, &header, sizeof header);
  record[1 + runtime::kHeaderSlots] = result_slots;
}

bool is_stub_word(const runtime::Stack& stack) {
  const runtime::NativeStubs& stubs = *stack.native.stubs;
  const u64 word = *stack.native.sp;
  return word == stubs.to_host || word == stubs.to_interp || word == stubs.cross_return;
}

/// Sees to it that the frame's return brings back its caller's instance.
void make_cross_record(runtime::Stack& stack, runtime::Instance* caller) {
  if (is_stub_word(stack)) return;
  stack.native.sp -= runtime::kCrossRecordWords - 1;
  stack.native.sp[0] = stack.native.stubs->cross_return;
  stack.native.sp[1] = reinterpret_cast<u64>(caller);
}

/// The compiled caller, at its call, of whom has its first argument at fp. Cuts the record.
FrameState cut_to_caller(runtime::Stack& stack, Slot* fp, runtime::Instance* inst) {
  FrameCursor at{{fp, fp, nullptr, nullptr, nullptr, inst}, stack.native.sp, &stack};
  if (!at.to_caller() || at.state.side != nullptr) DEWAR_UNREACHABLE("the caller of compiled code is compiled");
  stack.native.sp = const_cast<u64*>(at.record);
  return at.state;
}

bool takes_operand(wasm::Op call) { return call != wasm::Op::call && call != wasm::Op::return_call; }

/// Clears the locals behind `args_end`.
void clear_locals(Slot* args_end, const Slot* header_at) {
  std::memset(args_end, 0, static_cast<usize>(header_at - args_end) * sizeof(Slot));
}

}  // namespace

void make_record(runtime::Stack& stack, const FrameHeader& header, u32 result_slots) {
  if (header.caller_code == nullptr) {
    *--stack.native.sp = stack.native.stubs->to_host;
  } else if (header.caller_code != runtime::native_caller()) {
    push_interp_record(stack, header, result_slots);
  }
}

void take_record(runtime::Stack& stack, Slot* fp, runtime::FuncCode& code, runtime::Instance* instance) {
  FrameHeader* const header = runtime::header_of(fp, &code);
  u64*& record = stack.native.sp;
  const runtime::NativeStubs& stubs = *stack.native.stubs;
  if (*record == stubs.to_host) {
    *header = {};
    ++record;
  } else if (*record == stubs.to_interp) {
    std::memcpy(header, record + 1, sizeof *header);
    record += runtime::kInterpRecordWords;
  } else {
    make_cross_record(stack, instance);
    *header = {};
    header->caller_code = runtime::native_caller();
  }
}

const u8* landing_of(const runtime::Stack& stack, const runtime::FuncCode& code, const runtime::HandlerRow& row) {
  const NativeCode* const native = code.native.load(std::memory_order_acquire);
  if (native == nullptr || (stack.dice != nullptr && draw(*stack.dice, 2))) return nullptr;
  return baseline::landing(*native, row);
}

namespace interp {

namespace {

/// A frame of `code` begins at fp: arguments, locals and record are there. Pays for its first block and runs it.
template <bool kFromCompiled, bool kTailCall>
DEWAR_HANDLER(begin_frame) {
  const NativeCode* native = code->native.load(std::memory_order_acquire);
  if (native == nullptr && cools(*code, runtime::kCallHeat)) {
    compile_hot(*code, *stack);
    native = code->native.load(std::memory_order_acquire);
  }
  if (DEWAR_UNLIKELY(stack->dice != nullptr) && !draw_entry(*stack, fp, *code, inst, kFromCompiled, kTailCall))
    native = nullptr;
  sp = fp + code->local_slots + runtime::kHeaderSlots;
  pc = code->body + code->entry_pc;
  side = nullptr;
  if (native == nullptr) {
    take_record(*stack, fp, *code, inst);
    side = code->side;
    table = instance_dispatch(inst);
  }
  DEWAR_CHARGE(code->entry_cost);
  if (native == nullptr) DEWAR_DISPATCH();
  pc = native->body;
  DEWAR_ENTER_NATIVE();
}

bool killed(const Stack& stack) { return (stack.interrupts() & runtime::kInterruptKill) != 0; }

}  // namespace

DEWAR_HANDLER(native_step) {
  pc = code->body + reinterpret_cast<usize>(pc);
  stack->native.step_pc = pc;
  ++stack->native_steps;
  const auto* const handlers = static_cast<const Handler*>(instance_dispatch(inst));
  table = handlers + kStepTable;
  const Handler step = handlers[stack->native.step_handler];
  [[clang::musttail]] return step(DEWAR_INTERP_ARGS);
}

DEWAR_HANDLER(native_out_of_fuel) {
  const baseline::ExitSite exit = DEWAR_FOUND(charge_site);
  DEWAR_STAND_AT(exit);
  fuel += exit.cost;
  DEWAR_TAIL(exit_out_of_fuel);
}

DEWAR_HANDLER(native_poll) {
  if (stack->interrupts() == 0) {
    stack->tell_meters(fuel);
    if (DEWAR_LIKELY(stack->dice == nullptr) || !draw(*stack->dice, 4)) DEWAR_RESUME_NATIVE();
    DEWAR_STAND_AT(DEWAR_FOUND(poll_site));
    DEWAR_SAVE_STATE();
    count_move(*stack, runtime::TierMove::loop_down);
    DEWAR_TIER_DOWN();
    DEWAR_TAIL(loop_polled);
  }
  if (killed(*stack)) {
    DEWAR_STAND_AT(baseline::poll_place(*stack->native.stubs, stack->native.resume));
    DEWAR_TAIL(exit_killed);
  }
  DEWAR_STAND_AT(DEWAR_FOUND(poll_site));
  DEWAR_TIER_DOWN();
  DEWAR_TAIL(poll_loop);
}

/// The instruction that `find` finds by native.resume traps.
#define DEWAR_TRAP_AT(find)                             \
  do {                                                  \
    const baseline::TrapSite trap_ = DEWAR_FOUND(find); \
    DEWAR_STAND_AT(trap_);                              \
    DEWAR_TRAP(trap_.kind);                             \
  } while (0)

DEWAR_HANDLER(native_trap) { DEWAR_TRAP_AT(trap_site); }
DEWAR_HANDLER(native_fault) { DEWAR_TRAP_AT(fault_site); }

DEWAR_HANDLER(native_enter) {
  FuncCode* const callee = code;
  if (callee->frame_slots.load(std::memory_order_acquire) == FuncCode::kUnprepared &&
      !prepare_callee(*stack, *callee)) {
    DEWAR_LOAD_STATE(cut_to_caller(*stack, fp, inst));
    sp += callee->param_slots;
    DEWAR_TAIL(exit_block);
  }
  Slot* const args_end = fp + callee->param_slots;
  const Slot* const header_at = fp + callee->local_slots;
  const u64 end = reinterpret_cast<u64>(fp) + u64{callee->frame_slots.load(std::memory_order_relaxed)} * sizeof(Slot);
  if (DEWAR_UNLIKELY(end > stack->limit.load(std::memory_order_relaxed))) {
    // Interrupted or exhausted: the caller's call runs again in the interpreter, which sees to it.
    DEWAR_LOAD_STATE(cut_to_caller(*stack, fp, inst));
    const wasm::Op op = call_opcode(*code, pc);
    sp = args_end + takes_operand(op);
    if (killed(*stack)) DEWAR_TAIL(exit_killed);
    DEWAR_TIER_DOWN();
    const Handler again = call_handler(*code, pc, op);
    [[clang::musttail]] return again(DEWAR_INTERP_ARGS);
  }
  const u64 surcharge = static_cast<u64>(header_at - args_end) * sizeof(Slot) / kBulkUnit;
  if (DEWAR_UNLIKELY(surcharge > static_cast<u64>(fuel))) {
    DEWAR_LOAD_STATE(cut_to_caller(*stack, fp, inst));
    sp = args_end;
    DEWAR_TRAP(TrapKind::out_of_fuel);
  }
  fuel -= static_cast<i64>(surcharge);
  stack->bulk_surcharge += surcharge;
  clear_locals(args_end, header_at);
  DEWAR_TAIL((begin_frame<true, false>));
}

DEWAR_HANDLER(native_host_call) {
  // The word is kept here: what the function calls back begins where the caller's record is.
  const u8* const back = reinterpret_cast<const u8*>(*stack->native.sp);
  Slot* const args = fp;
  Func* const func = stack->scratch.func;
  DEWAR_LOAD_STATE(cut_to_caller(*stack, fp, inst));
  sp = args + func->host.arg_slots;
  DEWAR_SAVE_STATE();
  const u32 exit = run_host_call(*stack, *func, inst, sp);
  fuel = stack->fuel;
  pc = stack->state.pc;
  side = stack->state.side;  // there is one if the frame tiered down meanwhile
  if (DEWAR_UNLIKELY(exit != kHostReturned)) {
    if (exit == kHostTrapped) DEWAR_TAIL(exit_block);
    if (exit == kHostThrew) DEWAR_TAIL(raise_exception);
    return exit == kHostPending ? kExitPending : kExitExited;
  }
  if (DEWAR_UNLIKELY(side != nullptr)) {
    sp = args + func->host.result_slots;
    table = instance_dispatch(inst);
    const SideEntry* const e = side++;
    pc += e->keep;
    DEWAR_CHARGE(e->cost_next);
    DEWAR_DISPATCH();
  }
  fp = args;
  pc = back;
  DEWAR_ENTER_NATIVE();
}

DEWAR_HANDLER(native_to_interp) {
  FrameHeader header;
  std::memcpy(&header, stack->native.sp, sizeof header);
  sp = fp + stack->native.sp[runtime::kHeaderSlots];
  stack->native.sp += runtime::kInterpRecordWords - 1;
  DEWAR_RETURN_TO(header);
}

DEWAR_HANDLER(back_to_native) {
  if (DEWAR_UNLIKELY(pc <= stack->native.step_pc)) {
    // Not done: an interrupt was answered, and the operands stand for what is left.
    pc = stack->native.step_pc;
    const Handler again = static_cast<const Handler*>(instance_dispatch(inst))[stack->native.step_handler];
    [[clang::musttail]] return again(DEWAR_INTERP_ARGS);
  }
  pc = stack->native.resume;
  DEWAR_ENTER_NATIVE();
}

DEWAR_HANDLER(step_rethrow) {
  stack->exception = stack->native.step_result;
  DEWAR_TAIL(raise_exception);
}

DEWAR_HANDLER(step_charge) {
  DEWAR_CHARGE_BULK(u64{stack->native.step_result} * sizeof(Slot));
  ++pc;
  DEWAR_TAIL(back_to_native);
}

namespace {

/// A compiled frame tail-calls a host function, which runs above it; then the frame returns.
DEWAR_HANDLER(tail_call_host) {
  Func* const func = stack->scratch.func;
  sp -= takes_operand(call_opcode(*code, pc));
  stack->scratch.in_tail = true;
  DEWAR_SAVE_STATE();
  const u32 exit = run_host_call(*stack, *func, inst, sp);
  fuel = stack->fuel;
  pc = stack->state.pc;
  side = stack->state.side;
  if (DEWAR_UNLIKELY(exit != kHostReturned)) {
    if (exit == kHostThrew) DEWAR_TAIL(raise_exception);
    if (exit == kHostPending) return kExitPending;
    stack->scratch.in_tail = false;
    if (exit == kHostTrapped) DEWAR_TAIL(exit_block);
    return kExitExited;
  }
  stack->scratch.in_tail = false;
  const u32 results = func->host.result_slots;
  if (DEWAR_UNLIKELY(side != nullptr)) {  // it tiered down meanwhile
    sp += static_cast<i64>(results) - func->host.arg_slots;
    stack->scratch.tail_return.keep = results;
    side = &stack->scratch.tail_return;
    table = instance_dispatch(inst);
    DEWAR_TAIL(op_return_);
  }
  DEWAR_CHARGE_BULK(u64{results} * sizeof(Slot));
  std::memmove(fp, sp - func->host.arg_slots, results * sizeof(Slot));
  pc = reinterpret_cast<const u8*>(*stack->native.sp++);  // as `ret` does
  DEWAR_ENTER_NATIVE();
}

/// A tail call that is interrupted, or does not fit, runs again in the interpreter.
DEWAR_HANDLER(tail_call_slow) {
  if (killed(*stack)) DEWAR_TAIL(exit_killed);
  DEWAR_TIER_DOWN();
  const Handler again = call_handler(*code, pc, call_opcode(*code, pc));
  [[clang::musttail]] return again(DEWAR_INTERP_ARGS);
}

}  // namespace

DEWAR_HANDLER(step_tail_direct) {
  const u8* p = pc + 1;
  stack->scratch.func = inst->funcs[leb_u32(p)];
  DEWAR_TAIL(step_tail_call);
}

DEWAR_HANDLER(step_tail_call) {
  Func* const f = stack->scratch.func;
  FuncCode* const callee = f->code;
  if (callee == nullptr) DEWAR_TAIL(tail_call_host);
  if (callee->frame_slots.load(std::memory_order_acquire) == FuncCode::kUnprepared && !prepare_callee(*stack, *callee))
    DEWAR_TAIL(exit_block);
  const u64 end = reinterpret_cast<u64>(fp) + u64{callee->frame_slots.load(std::memory_order_relaxed)} * sizeof(Slot);
  if (DEWAR_UNLIKELY(end > stack->limit.load(std::memory_order_relaxed))) DEWAR_TAIL(tail_call_slow);
  DEWAR_CHARGE_BULK(u64{callee->local_slots} * sizeof(Slot));  // arguments moved, locals cleared
  const Slot* const args_end = sp - takes_operand(call_opcode(*code, pc));
  const u32 args = callee->param_slots;
  std::memmove(fp, args_end - args, args * sizeof(Slot));
  clear_locals(fp + args, fp + callee->local_slots);
  if (f->instance != inst) {
    make_cross_record(*stack, inst);
    inst = f->instance;
    mem = inst->memory0;
  }
  code = callee;
  DEWAR_TAIL((begin_frame<true, true>));
}

DEWAR_HANDLER(call_native) {
  FuncCode* const callee = stack->scratch.callee;
  const Slot* const header_at = sp - callee->param_slots + callee->local_slots;
  DEWAR_CHARGE_BULK(static_cast<u64>(header_at - sp) * sizeof(Slot));
  clear_locals(sp, header_at);
  push_interp_record(*stack, {pc + side->keep, side, fp, code, inst}, callee->result_slots);
  fp = sp - callee->param_slots;
  code = callee;
  inst = stack->scratch.instance;
  mem = inst->memory0;
  DEWAR_TAIL((begin_frame<false, false>));
}

DEWAR_HANDLER(tail_call_native) {
  Func* const f = stack->scratch.func;
  FuncCode* const callee = f->code;
  DEWAR_CHARGE_BULK(u64{callee->local_slots} * sizeof(Slot));
  const FrameHeader saved = *runtime::header_of(fp, code);
  const u32 args = callee->param_slots;
  std::memmove(fp, sp - args, args * sizeof(Slot));
  clear_locals(fp + args, fp + callee->local_slots);
  make_record(*stack, saved, callee->result_slots);
  code = callee;
  inst = f->instance;
  mem = inst->memory0;
  DEWAR_TAIL((begin_frame<false, true>));
}

DEWAR_HANDLER(return_to_native) {
  const u64* const record = stack->native.sp;
  stack->native.sp += runtime::kCrossRecordWords;
  inst = reinterpret_cast<Instance*>(record[1]);
  mem = inst->memory0;
  pc = reinterpret_cast<const u8*>(record[2]);
  DEWAR_ENTER_NATIVE();
}

namespace {
DEWAR_HANDLER(start_native) {
  pc = stack->native.resume;
  DEWAR_ENTER_NATIVE();
}
}  // namespace

Exit run_native(Stack& stack, const NativeCode& code) {
  *--stack.native.sp = stack.native.stubs->to_host;
  stack.native.resume = code.body;
  return run(stack, start_native);
}

}  // namespace interp

}  // namespace dewar::exec
