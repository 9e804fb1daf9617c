// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Cold helpers of calls: host calls, lazy preparation, dispatch table of an instance, running a stack.
#pragma once

#include "exec/interp/handler.h"
#include "wasm/op.h"

namespace dewar::exec::interp {

DEWAR_HANDLER(op_call_import);

/// How run_host_call ended.
enum HostExit : u32 { kHostReturned, kHostTrapped, kHostThrew, kHostExited, kHostPending };

/// Calls a host function whose arguments end at `sp`; on return its results stand where the arguments began.
/// Precondition: stack.state is saved (or empty, for a call from the host).
u32 run_host_call(Stack& stack, runtime::Func& func, Instance* caller, Slot* sp);

/// Prepares a callee of the code that runs on `stack`. False, with the trap's kind set, if that cannot be.
bool prepare_callee(Stack& stack, FuncCode& callee);

/// Handler of the instruction at pc, without firing a probe that stands there: for running it again.
inline Handler unprobed_handler(const FuncCode& code, const u8* pc, const void* table) {
  const u8 byte = *pc == kProbe ? code.unprobed[static_cast<usize>(pc - code.body)] : *pc;
  return static_cast<const Handler*>(table)[byte];
}

/// First byte of the prefixed instruction whose opcode ends at pc in a private body, for codes below 0x60: all but
/// those of vectors.
inline const u8* prefixed_start(const u8* pc) {
  // The code's bytes are at most 0x80 | 0x5f, the prefixes, and a probe over one, from 0xfb on; no fused group begins
  // with a prefix.
  const u8* p = pc - 1;
  while (*p < 0xfb) --p;
  return p;
}

/// Entries from the host that are active on this thread, over all stacks: what bounds native recursion.
u32 native_entries();
struct EntryScope {
  EntryScope();
  ~EntryScope();
  EntryScope(const EntryScope&) = delete;
  EntryScope& operator=(const EntryScope&) = delete;
};

/// Single-byte opcode at pc (which may hide under a probe or a fused one): from the module's own bytes.
wasm::Op call_opcode(const FuncCode& code, const u8* pc);
/// Handler that executes it, probes left out.
Handler call_handler(const FuncCode& code, const u8* pc, wasm::Op op);

const void* make_instance_dispatch(Instance* inst);
/// Dispatch table for the module of an instance.
inline const void* instance_dispatch(Instance* inst) {
  const void* t = inst->codes->dispatch.load(std::memory_order_acquire);
  return DEWAR_LIKELY(t != nullptr) ? t : make_instance_dispatch(inst);
}

/// The registers of a frame state.
#define DEWAR_LOAD_STATE(state_)                       \
  do {                                                 \
    const ::dewar::runtime::FrameState& s_ = (state_); \
    fp = s_.fp;                                        \
    sp = s_.sp;                                        \
    pc = s_.pc;                                        \
    side = s_.side;                                    \
    code = s_.code;                                    \
    inst = s_.instance;                                \
    mem = inst->memory0;                               \
    table = instance_dispatch(inst);                   \
  } while (0)

/// Goes on in an interpreted caller, which has a dispatch table since it was entered.
#define DEWAR_RETURN_TO(header_)                                   \
  do {                                                             \
    fp = (header_).caller_fp;                                      \
    code = (header_).caller_code;                                  \
    pc = (header_).return_pc;                                      \
    side = (header_).return_side + 1;                              \
    inst = (header_).caller_instance;                              \
    mem = inst->memory0;                                           \
    table = inst->codes->dispatch.load(std::memory_order_relaxed); \
    DEWAR_CHARGE((header_).return_side->cost_next);                \
    DEWAR_DISPATCH();                                              \
  } while (0)

/// The function was used once more, by something that counts `by`: is it hot? Only where functions may be compiled.
[[gnu::always_inline]] inline bool cools(FuncCode& code, u32 by) {
  const u32 left = code.heat_left.load(std::memory_order_relaxed);
  code.heat_left.store(left - by, std::memory_order_relaxed);
  return left < by;
}

/// Place of an opcode's handler in a dispatch table.
u32 handler_index(wasm::Op op);

/// Runs stack.state until it leaves Wasm, beginning with `first` (null: the instruction at pc).
Exit run(Stack& stack, Handler first = nullptr);
/// The same for a compiled function whose frame is made and whose record is there.
Exit run_native(Stack& stack, const runtime::NativeCode& code);

}  // namespace dewar::exec::interp
