// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Entry to and exit from Wasm code: invoke, resume, host calls. See exec/exec.h.
#include <algorithm>
#include <cstring>
#include <utility>

#include "exec/backtrace.h"
#include "exec/deopt.h"
#include "exec/exec.h"
#include "exec/interp/bulk.h"
#include "exec/interp/calls.h"
#include "exec/native_calls.h"
#include "exec/prepare.h"
#include "exec/root_map.h"
#include "exec/tier.h"
#include "runtime/signals.h"

namespace dewar::exec {

using runtime::Activation;
using runtime::FrameHeader;
using runtime::Func;
using runtime::HostStatus;
using runtime::Outcome;
using runtime::Stack;
using runtime::TrapKind;

namespace interp {

u32 run_host_call(Stack& stack, Func& func, Instance* caller, Slot* sp) {
  const runtime::HostFunc& host = func.host;
  // Results go to a buffer first: arguments survive the call, and re-entered code may use the stack above sp.
  constexpr u32 kInline = 32;
  Slot inline_results[kInline];
  std::unique_ptr<Slot[]> more;
  Slot* results = inline_results;
  if (host.result_slots > kInline) {
    more = std::make_unique<Slot[]>(host.result_slots);
    results = more.get();
  }
  runtime::CallContext ctx{stack, stack.store, caller, host.env};
  const Slot* args = sp - host.arg_slots;
  // The function may call back and run any code on this stack, which has its own use for the scratch.
  const Stack::Scratch scratch = stack.scratch;
  stack.scratch.in_tail = false;
  const HostStatus status = host.fn(ctx, args, results);
  stack.scratch = scratch;
  switch (status) {
    case HostStatus::ok:
      // How a call back ended is over, too.
      if (stack.trap.kind != TrapKind::none || stack.trap.total_frames != 0) stack.trap = {};
      stack.exception = runtime::kNullRef;
      for (u32 i = 0; i < host.result_slots; ++i) (sp - host.arg_slots)[i] = results[i];
      return kHostReturned;
    case HostStatus::trap:
      if (stack.trap.kind == TrapKind::none) stack.trap.kind = TrapKind::host;
      return kHostTrapped;
    case HostStatus::throw_:
      if (stack.exception == runtime::kNullRef) {
        stack.trap.kind = TrapKind::host;
        stack.trap.detail = "a host function threw nothing";
        return kHostTrapped;
      }
      if (stack.trap.kind != TrapKind::none) stack.trap = {};
      return kHostThrew;
    case HostStatus::exit: return kHostExited;
    case HostStatus::pending:
      stack.pending_host_call = true;
      stack.pending_args = host.arg_slots;
      stack.pending_results = host.result_slots;
      return kHostPending;
  }
  DEWAR_UNREACHABLE("a host function returned an unknown status");
}

bool prepare_callee(Stack& stack, FuncCode& callee) {
  // The set that owns `callee` is that of some instance of its module; FuncCode knows it.
  if (!prepare(*callee.set, callee, stack.store.engine().options(), &stack)) return false;
  compile_if_wanted(callee, stack);
  return true;
}

wasm::Op call_opcode(const FuncCode& code, const u8* pc) {
  const wasm::Func& f = code.module->funcs[code.func];
  return wasm::op_from_code(0, code.module->bytes()[f.body.offset + static_cast<usize>(pc - code.body)]);
}

Handler call_handler(const FuncCode& code, const u8* pc, wasm::Op op) {
  switch (op) {
    case wasm::Op::call: {
      const u8* p = pc + 1;
      return leb_u32(p) < code.module->num_imported_funcs ? op_call_import : op_call;
    }
    case wasm::Op::call_indirect: return op_call_indirect;
    case wasm::Op::call_ref: return op_call_ref;
    case wasm::Op::return_call: return op_return_call;
    case wasm::Op::return_call_indirect: return op_return_call_indirect;
    case wasm::Op::return_call_ref: return op_return_call_ref;
    default: DEWAR_UNREACHABLE("not a call instruction");
  }
}

const void* make_instance_dispatch(Instance* inst) {
  const runtime::EngineOptions& options = inst->store->engine().options();
  const bool guarded =
      inst->module->memories.empty() || runtime::Memory::is_guarded(inst->module->memories[0], options.explicit_bounds);
  const void* t = dispatch_table(options, guarded);
  inst->codes->dispatch.store(t, std::memory_order_release);
  return t;
}

namespace {
thread_local u32 t_entries = 0;
}

u32 native_entries() { return t_entries; }
EntryScope::EntryScope() { ++t_entries; }
EntryScope::~EntryScope() { --t_entries; }

Exit run(Stack& stack, Handler first) {
  runtime::ensure_alt_stack();
  const runtime::ActiveStackScope active(stack);
  const runtime::FrameState& s = stack.state;
  const void* table = instance_dispatch(s.instance);
  if (!first) first = static_cast<const Handler*>(table)[*s.pc];
  const EntryScope entered;
  const runtime::HideMemoriesScope shown(stack.store, false);  // called back from a host function, in a test mode
  return static_cast<Exit>(
      first(s.pc, s.sp, s.fp, s.side, s.instance->memory0, s.instance, s.code, &stack, table, stack.fuel));
}

}  // namespace interp

namespace {

Outcome trap(Stack& stack, TrapKind kind) {
  stack.trap.kind = kind;
  record_backtrace(stack);
  return Outcome::trapped;
}

Outcome outcome_of(interp::Exit exit) {
  switch (exit) {
    case interp::kExitReturned: return Outcome::returned;
    case interp::kExitTrapped: return Outcome::trapped;
    case interp::kExitThrew: return Outcome::threw;
    case interp::kExitExited: return Outcome::exited;
    case interp::kExitPending: return Outcome::pending;
  }
  DEWAR_UNREACHABLE("unknown exit");
}

/// Native recursion is bounded per stack and, as host functions may run each call on a stack of its own, per thread.
bool too_deep(const Stack& stack) {
  return std::max(stack.host_depth, interp::native_entries()) >= Stack::kMaxHostDepth;
}

/// Called straight from the host: no frame is made.
Outcome invoke_host(Stack& stack, Func& func, std::span<const Slot> args, std::span<Slot> results) {
  if (too_deep(stack)) return trap(stack, TrapKind::stack_exhausted);
  const interp::EntryScope entered;
  const u32 room = std::max(func.host.arg_slots, func.host.result_slots);
  auto buffer = std::make_unique<Slot[]>(room + 1);
  std::copy(args.begin(), args.end(), buffer.get());
  switch (interp::run_host_call(stack, func, nullptr, buffer.get() + func.host.arg_slots)) {
    case interp::kHostReturned: std::copy_n(buffer.get(), results.size(), results.data()); return Outcome::returned;
    case interp::kHostTrapped: record_backtrace(stack); return Outcome::trapped;
    case interp::kHostThrew: return Outcome::threw;
    case interp::kHostExited: return Outcome::exited;
    default:
      // There is no frame that could wait.
      stack.pending_host_call = false;
      stack.trap.detail = "a host function called by the host can not be suspended";
      return trap(stack, TrapKind::host);
  }
}

/// After run(): hands results over and puts the state below back, unless the stack stays suspended.
Outcome leave(Stack& stack, interp::Exit exit, Activation& activation, std::span<Slot> results) {
  Outcome outcome = outcome_of(exit);
  if (outcome == Outcome::pending && activation.parent) {
    // A host frame below can not be kept: design D14 refuses to suspend across it.
    stack.pending_host_call = false;
    stack.trap.detail = "suspended below a host function that called back";
    outcome = trap(stack, TrapKind::host);
  }
  if (outcome == Outcome::returned) std::copy_n(stack.state.fp, results.size(), results.data());
  if (outcome != Outcome::pending) stack.native = activation.native_below;
  stack.activation = activation.parent;
  --stack.host_depth;
  // Back in the outermost activation's code, a freeze that had to wait for host frames can happen.
  const bool outermost = activation.parent && !activation.parent->parent;
  if (outermost && stack.deferred_interrupts) stack.interrupt(std::exchange(stack.deferred_interrupts, 0));
  if (outcome != Outcome::pending) {
    stack.state = activation.below;
    cut_deopted(stack);
    if (activation.tiers_down) tier_down(stack);
  }
  return outcome;
}

const runtime::NativeStubs* store_stubs(Stack& stack) { return stack.store.engine().native().get(); }

}  // namespace

void attach(runtime::Store& store) {
  runtime::install_fault_handler();
  store.hooks.invoke = [](Stack& stack, Func& func, const Slot* args, Slot* results) {
    const u32 n = func.code ? 0 : func.host.arg_slots, r = func.code ? 0 : func.host.result_slots;
    if (!func.code) return invoke(stack, func, {args, n}, {results, r});
    const auto& type = stack.store.engine().types().type(func.type);
    u32 arg_slots = 0, result_slots = 0;
    for (auto t : type.params) arg_slots += t.slots();
    for (auto t : type.results) result_slots += t.slots();
    return invoke(stack, func, {args, arg_slots}, {results, result_slots});
  };
  attach_native(store.engine());
  if (store.engine().native() && store.engine().options().tiering.eager) {
    store.hooks.instantiating = [](Stack& stack, runtime::Instance& instance) {
      compile_all(stack.store.engine(), *instance.codes, stack.store.code_room(), stack.kill_bits());
    };
  }
  store.hooks.visit_roots = visit_roots;
  store.hooks.prepare_roots = prepare_roots;
}

Outcome invoke(Stack& stack, Func& func, std::span<const Slot> args, std::span<Slot> results) {
  stack.trap = {};
  stack.exception = runtime::kNullRef;
  stack.scratch.in_tail = false;  // may be left over from a suspended call that was given up
  if (!func.code) return invoke_host(stack, func, args, results);
  if (!stack.activation && stack.state.code) {
    stack.trap.detail = "the stack is suspended: it can only be resumed";
    return trap(stack, TrapKind::host);
  }
  if (too_deep(stack)) return trap(stack, TrapKind::stack_exhausted);
  if (stack.interrupts() & runtime::kInterruptKill) return trap(stack, TrapKind::interrupted);
  runtime::FuncCode& code = *func.code;
  if (code.frame_slots.load(std::memory_order_acquire) == runtime::FuncCode::kUnprepared &&
      !interp::prepare_callee(stack, code))
    return trap(stack, stack.trap.kind);
  DEWAR_ASSERT(args.size() == code.param_slots && results.size() == code.result_slots, "wrong number of slots");

  Slot* fp = stack.state.code ? stack.state.sp : stack.base;
  if (code.frame_slots.load(std::memory_order_relaxed) > static_cast<u64>(stack.end - fp))
    return trap(stack, TrapKind::stack_exhausted);
  std::copy(args.begin(), args.end(), fp);
  std::memset(fp + code.param_slots, 0, (code.local_slots - code.param_slots) * sizeof(Slot));
  *runtime::header_of(fp, &code) = FrameHeader{};

  if (!stack.activation) {
    stack.native = {.sp = stack.native_top(), .stubs = store_stubs(stack)};
    stack.deopted.clear();  // of a suspended call that was given up
  }
  Activation activation{stack.activation, stack.state, stack.native};
  stack.activation = &activation;
  ++stack.host_depth;
  stack.state = {
      fp, fp + code.local_slots + runtime::kHeaderSlots, code.body + code.entry_pc, code.side, &code, func.instance};
  const u64 cleared = (code.local_slots - code.param_slots) * sizeof(Slot) / interp::kBulkUnit;
  if (stack.fuel < static_cast<i64>(code.entry_cost + cleared)) {
    trap(stack, TrapKind::out_of_fuel);
    return leave(stack, interp::kExitTrapped, activation, results);
  }
  stack.fuel -= static_cast<i64>(code.entry_cost + cleared);
  stack.bulk_surcharge += cleared;
  const runtime::NativeCode* native = code.native.load(std::memory_order_acquire);
  if (native == nullptr && stack.native.stubs != nullptr && interp::cools(code, runtime::kCallHeat)) {
    compile_hot(code, stack);
    native = code.native.load(std::memory_order_acquire);
  }
  return leave(stack, native ? interp::run_native(stack, *native) : interp::run(stack), activation, results);
}

Outcome resume(Stack& stack, std::span<const Slot> host_results, std::span<Slot> results) {
  DEWAR_ASSERT(stack.state.code && !stack.activation, "resume() needs a suspended stack");
  stack.trap = {};
  stack.native.stubs = store_stubs(stack);
  tier_down(stack);
  Activation activation{};
  activation.native_below = stack.native;
  activation.native_below.sp = stack.native_top();
  stack.activation = &activation;
  ++stack.host_depth;
  runtime::FrameState& s = stack.state;
  if (too_deep(stack)) {
    trap(stack, TrapKind::stack_exhausted);
    return leave(stack, interp::kExitTrapped, activation, results);
  }
  interp::Handler first = nullptr;
  if (!stack.pending_host_call) {
    // Stopped at a poll, after a probe that may stand there has fired.
    first = interp::unprobed_handler(*s.code, s.pc, interp::instance_dispatch(s.instance));
  } else {
    DEWAR_ASSERT(host_results.size() == stack.pending_results, "wrong number of slots for a suspended host call");
    stack.pending_host_call = false;
    Slot* to = s.sp - stack.pending_args;
    std::copy(host_results.begin(), host_results.end(), to);
    s.sp = to + host_results.size();
    if (stack.scratch.in_tail) {
      stack.scratch.in_tail = false;
      stack.scratch.tail_return.keep = static_cast<u32>(host_results.size());
      s.side = &stack.scratch.tail_return;
      first = interp::op_return_;
    } else {
      const runtime::SideEntry* e = s.side;
      s.pc += e->keep;
      ++s.side;
      if (stack.fuel < e->cost_next) {
        trap(stack, TrapKind::out_of_fuel);
        return leave(stack, interp::kExitTrapped, activation, results);
      }
      stack.fuel -= e->cost_next;
    }
  }
  return leave(stack, interp::run(stack, first), activation, results);
}

}  // namespace dewar::exec
