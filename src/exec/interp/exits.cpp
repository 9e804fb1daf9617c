// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The ways out of the interpreter: traps (with refund and backtrace), lack of fuel, interrupts, exceptions.
#include "exec/backtrace.h"
#include "exec/deopt.h"
#include "exec/frame_walk.h"
#include "exec/interp/bulk.h"
#include "exec/interp/calls.h"
#include "exec/interp/handler.h"
#include "exec/native_calls.h"
#include "exec/prepare.h"
#include "exec/random_tiers.h"
#include "gc/heap.h"

namespace dewar::exec::interp {

DEWAR_HANDLER(exit_trap) {
  const BlockPosition at = locate(*code->module, code->func, static_cast<u32>(pc - code->body));
  pc = code->body + at.pc;
  fuel += at.rest;
  DEWAR_TAIL(exit_block);
}

DEWAR_HANDLER(exit_block) {
  DEWAR_SAVE_STATE();
  record_backtrace(*stack);
  return kExitTrapped;
}

DEWAR_HANDLER(exit_out_of_fuel) {
  stack->trap.kind = TrapKind::out_of_fuel;
  DEWAR_TAIL(exit_block);
}

DEWAR_HANDLER(exit_killed) {
  stack->trap.kind = TrapKind::interrupted;
  DEWAR_TAIL(exit_block);
}

namespace {

/// exit_killed where the block goes on: as for a trap, what is left of it was not executed.
DEWAR_HANDLER(exit_killed_within) {
  fuel += rest_of_block(*code->module, code->func, static_cast<u32>(pc - code->body), stack->kill_bits());
  DEWAR_TAIL(exit_killed);
}

/// Answers an interrupt at pc, the first byte of the instruction to run again, with which its block ends or does not.
template <bool kEndsBlock>
DEWAR_HANDLER(poll) {
  const u32 reasons = stack->interrupts();
  if (reasons & runtime::kInterruptKill) DEWAR_TAIL((kEndsBlock ? exit_killed : exit_killed_within));
  DEWAR_SAVE_STATE();
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
  const Handler again = unprobed_handler(*code, pc, table);
  [[clang::musttail]] return again(DEWAR_INTERP_ARGS);
}

}  // namespace

DEWAR_HANDLER(exit_allocation) {
  if (stack->trap.kind != TrapKind::interrupted) DEWAR_TAIL(exit_trap);
  pc = prefixed_start(pc);
  DEWAR_TAIL(exit_killed_within);
}

DEWAR_HANDLER(poll_interrupt) { DEWAR_TAIL(poll<true>); }
DEWAR_HANDLER(poll_within) { DEWAR_TAIL(poll<false>); }
DEWAR_HANDLER(poll_prefixed) {
  pc = prefixed_start(pc);
  DEWAR_TAIL(poll<false>);
}

DEWAR_HANDLER(poll_loop) {
  if (stack->interrupts() != 0) DEWAR_TAIL(poll_interrupt);
  stack->tell_meters(fuel);
  if (DEWAR_UNLIKELY(stack->dice != nullptr) && code->native.load(std::memory_order_relaxed) != nullptr &&
      draw(*stack->dice, 2))
    DEWAR_TAIL(enter_at_loop);
  DEWAR_TAIL(loop_polled);
}

namespace {

/// Pays for the search of a handler: a unit of fuel per kRowsPerUnit rows and frames looked at, as bulk work. A
/// function may have millions of rows and a stack a hundred thousand frames, so the search must cost something and can
/// be stopped.
class SearchMeter {
 public:
  explicit SearchMeter(Stack& stack) : stack_(stack) {}
  /// False if the search has to stop; the trap's kind is then set.
  bool step() {
    if (DEWAR_LIKELY(++steps_ % kRowsPerUnit != 0)) return true;
    if (stack_.interrupts() & runtime::kInterruptKill) return stop(TrapKind::interrupted);
    if (stack_.fuel <= 0) return stop(TrapKind::out_of_fuel);
    --stack_.fuel;
    ++stack_.bulk_surcharge;
    return true;
  }
  bool stopped() const { return stopped_; }

 private:
  bool stop(TrapKind kind) {
    stack_.trap.kind = kind;
    stopped_ = true;
    return false;
  }
  Stack& stack_;
  u32 steps_ = 0;
  bool stopped_ = false;
};

/// First row of the frame's function that catches exception `tag` at `pc`, or null.
const runtime::HandlerRow* find_handler(const FuncCode& code, const Instance& inst, u32 pc, const runtime::Tag* tag,
                                        SearchMeter& meter) {
  u32 outer = ~u32{0};
  for (u32 i = 0; i < code.handler_count && meter.step(); ++i) {
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

enum class Unwound : u8 { caught, uncaught, stopped };

/// Cuts the frames above the handler of stack.exception, and its frame to the handler's operands; `cost` is the fuel of
/// the handler's block, `landing` where it goes on in compiled code, if so. If no frame of this activation catches it,
/// the state is the activation's first.
Unwound unwind(Stack& stack, u32& cost, const u8*& landing) {
  runtime::Store& store = stack.store;
  gc::Heap& heap = store.heap();
  const runtime::Ref exn = stack.exception;
  const runtime::Tag* tag = store.tag(heap.exception_tag(exn));
  FrameCursor at =
      FrameCursor::innermost(stack);  // stack.state stays where it was thrown until it is known who catches
  runtime::FrameState& s = at.state;
  SearchMeter meter(stack);
  bool skip = stack.scratch.in_tail;
  stack.scratch.in_tail = false;
  for (;;) {
    const auto* row =
        skip ? nullptr : find_handler(*s.code, *s.instance, static_cast<u32>(s.pc - s.code->body), tag, meter);
    skip = false;
    if (meter.stopped() || (!row && !meter.step())) {
      stack.exception = runtime::kNullRef;
      return Unwound::stopped;
    }
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
      stack.native.sp = const_cast<u64*>(at.record);
      cut_deopted(stack);
      if (stack.dice) stack.dice->caught = s.fp;
      if (s.side == nullptr && (landing = landing_of(stack, *s.code, *row)) == nullptr)
        take_record(stack, s.fp, *s.code, s.instance);
      s.side = landing ? nullptr : s.code->side + row->target_st;
      stack.state = s;
      stack.exception = runtime::kNullRef;
      cost = row->cost;
      return Unwound::caught;
    }
    if (!at.to_caller()) {
      // Where it was thrown is only known now; a throw that a host function passes on keeps the place it had.
      if (stack.trap.total_frames == 0) record_backtrace(stack);
      stack.state = s;
      return Unwound::uncaught;
    }
  }
}

}  // namespace

DEWAR_HANDLER(raise_exception) {
  DEWAR_SAVE_STATE();
  u32 cost = 0;
  const u8* landing = nullptr;
  const Unwound how = unwind(*stack, cost, landing);
  if (how == Unwound::uncaught) return kExitThrew;
  if (how == Unwound::stopped) {
    record_backtrace(*stack);
    return kExitTrapped;
  }
  // A host function may have passed on what left a call of its own.
  if (DEWAR_UNLIKELY(stack->trap.total_frames != 0)) stack->trap = {};
  fuel = stack->fuel;
  DEWAR_LOAD_STATE(stack->state);
  if (landing != nullptr) {
    // The block there is paid for by itself.
    pc = landing;
    DEWAR_ENTER_NATIVE();
  }
  DEWAR_CHARGE(cost);
  DEWAR_DISPATCH();
}

}  // namespace dewar::exec::interp
