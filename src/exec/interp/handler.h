// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The shape of an interpreter handler: one function per opcode, chained by tail calls (design D2).
// Register contract (docs/ABI.md): the ten parameters live in the preserve_none argument registers. At entry pc points
// at the opcode byte (for prefixed opcodes: at the last byte of the code); a handler never re-reads *pc, because a
// probe or a fused opcode may stand there.
#pragma once

#include "runtime/store.h"

namespace dewar::exec::interp {

using runtime::FuncCode;
using runtime::Instance;
using runtime::SideEntry;
using runtime::Stack;
using runtime::TrapKind;

/// Why run() came back.
enum Exit : u32 { kExitReturned, kExitTrapped, kExitThrew, kExitExited, kExitPending };

#define DEWAR_INTERP_PARAMS                                                                               \
  [[maybe_unused]] const u8 *pc, [[maybe_unused]] Slot *sp, [[maybe_unused]] Slot *fp,                    \
      [[maybe_unused]] const SideEntry *side, [[maybe_unused]] u8 *mem, [[maybe_unused]] Instance *inst,  \
      [[maybe_unused]] FuncCode *code, [[maybe_unused]] Stack *stack, [[maybe_unused]] const void *table, \
      [[maybe_unused]] i64 fuel
#define DEWAR_INTERP_ARGS pc, sp, fp, side, mem, inst, code, stack, table, fuel
#define DEWAR_HANDLER(name) __attribute__((preserve_none)) ::dewar::u32 name(DEWAR_INTERP_PARAMS)
#define DEWAR_TAIL(name) [[clang::musttail]] return name(DEWAR_INTERP_ARGS)

using Handler = __attribute__((preserve_none)) u32 (*)(DEWAR_INTERP_PARAMS);

/// Keeps the code before it apart from equal code elsewhere in the handler. Without it the compiler merges the dispatch
/// jumps of a handler's exits into one, which the branch predictor can not tell apart.
#define DEWAR_SPLIT() asm volatile("# exit %0" : : "i"(__COUNTER__))

/// Runs the handler of the opcode at pc.
#define DEWAR_DISPATCH()                                                                                          \
  do {                                                                                                            \
    DEWAR_SPLIT();                                                                                                \
    [[clang::musttail]] return static_cast<const ::dewar::exec::interp::Handler*>(table)[*pc](DEWAR_INTERP_ARGS); \
  } while (0)
/// Goes on `n` bytes further.
#define DEWAR_NEXT(n) \
  do {                \
    pc += (n);        \
    DEWAR_DISPATCH(); \
  } while (0)
#define DEWAR_TRAP(kind_)       \
  do {                          \
    stack->trap.kind = (kind_); \
    DEWAR_TAIL(exit_trap);      \
  } while (0)
#if defined(DEWAR_MEASURE_UNMETERED)
// Only for the benchmark of what metering costs: such a build never stops for fuel and counts nothing.
#define DEWAR_CHARGE(cost_) \
  do {                      \
    (void)(cost_);          \
  } while (0)
#else
/// Pays for the block that is about to start; stops before it when fuel does not suffice (design D11).
#define DEWAR_CHARGE(cost_)         \
  do {                              \
    const u32 charge_ = (cost_);    \
    fuel -= charge_;                \
    if (DEWAR_UNLIKELY(fuel < 0)) { \
      fuel += charge_;              \
      DEWAR_TAIL(exit_out_of_fuel); \
    }                               \
  } while (0)
#endif

/// Offsets of the prefix pages in a dispatch table.
inline constexpr u32 kPageFb = 256, kPageFc = kPageFb + 0x60, kPageFd = kPageFc + 0x60, kPageFe = kPageFd + 0x120,
                     kPageSteps = kPageFe + 0x60, kTableSize = kPageSteps + 8;

/// What compiled code has the interpreter do besides the handlers of opcodes (native_calls.cpp, handlers_call.cpp).
enum StepHandler : u32 {
  kStepIndirect = kPageSteps,  ///< scratch.func = target of a call_indirect, or a trap
  kStepRef,                    ///< the same for call_ref
  kStepTailCall,               ///< leave the frame for scratch.func
  kStepTailDirect,             ///< the same for the function that return_call names
  kStepCast,                   ///< native.step_result = does the operand of br_on_cast match?
  kStepRethrow,                ///< raise the exception native.step_result
  kStepCharge,                 ///< pay for moving native.step_result slots
};

/// Beside each dispatch table there is one for steps: the handler runs, and what it dispatches next is back_to_native.
/// The second half, where the garbage mode finds the handlers proper, is as it was.
inline constexpr u32 kStepTable = 2 * kTableSize;

/// Opcodes that exist only in private bodies. `prepare` writes the first group where the meaning depends on types; the
/// others come from quickening (fused.def).
enum Internal : u8 {
  kLocalGetMap = 0x16,  ///< local.get in a function with v128 locals: index through local_map
  kLocalSetMap = 0x17,
  kLocalTeeMap = 0x1d,
  kDropWide = 0x1e,    ///< drop of a v128
  kSelectWide = 0x27,  ///< select of v128
  kSelectTypedWide = 0xc5,
  kGlobalGetWide = 0xc6,
  kGlobalSetWide = 0xc7,
  kCallImport = 0xc8,  ///< call of an imported function
  kCatchEnd = 0xc9,    ///< end of a legacy catch block: drops the hidden exception
  kFirstFused = 0xca,
  kProbe = 0xff,
};

// ---- LEB128 in validated bodies: no bounds, no checks. Unrolled and without calls, so that handlers need no native
// frame. A 32-bit value has at most five bytes, unless it is the offset of a memarg: that is a u64 in the format, which
// may be padded to ten bytes also where a 32-bit memory limits its value. ----
[[gnu::always_inline]] inline u32 leb_u32(const u8*& p) {
  u32 b = *p++;
  if (DEWAR_LIKELY(b < 0x80)) return b;
  u32 v = b & 0x7f;
  b = *p++;
  v |= (b & 0x7f) << 7;
  if (DEWAR_LIKELY(b < 0x80)) return v;
  b = *p++;
  v |= (b & 0x7f) << 14;
  if (DEWAR_LIKELY(b < 0x80)) return v;
  b = *p++;
  v |= (b & 0x7f) << 21;
  if (DEWAR_LIKELY(b < 0x80)) return v;
  b = *p++;
  v |= b << 28;
  while (DEWAR_UNLIKELY(b & 0x80)) b = *p++;
  return v;
}
[[gnu::always_inline]] inline i32 leb_s32(const u8*& p) {
  u32 b = *p++;
  if (DEWAR_LIKELY(b < 0x80)) return static_cast<i32>(b << 25) >> 25;
  u32 v = b & 0x7f;
  b = *p++;
  v |= (b & 0x7f) << 7;
  if (DEWAR_LIKELY(b < 0x80)) return static_cast<i32>(v << 18) >> 18;
  b = *p++;
  v |= (b & 0x7f) << 14;
  if (DEWAR_LIKELY(b < 0x80)) return static_cast<i32>(v << 11) >> 11;
  b = *p++;
  v |= (b & 0x7f) << 21;
  if (DEWAR_LIKELY(b < 0x80)) return static_cast<i32>(v << 4) >> 4;
  b = *p++;
  return static_cast<i32>(v | b << 28);
}
/// Up to ten bytes: 64-bit constants, offsets into 64-bit memories.
[[gnu::always_inline]] inline u64 leb_u64(const u8*& p) {
  u64 value = 0;
  u32 shift = 0;
  for (;; shift += 7) {
    const u8 b = *p++;
    value |= static_cast<u64>(b & 0x7f) << shift;
    if (!(b & 0x80)) return value;
  }
}
[[gnu::always_inline]] inline i64 leb_s64(const u8*& p) {
  u32 b = *p++;
  if (DEWAR_LIKELY(b < 0x80)) return static_cast<i64>(static_cast<u64>(b) << 57) >> 57;
  u64 value = b & 0x7f;
  u32 shift = 7;
  for (;;) {
    b = *p++;
    value |= static_cast<u64>(b & 0x7f) << shift;
    shift += 7;
    if (b & 0x80) continue;
    if (shift < 64 && (b & 0x40)) value |= ~u64{0} << shift;
    return static_cast<i64>(value);
  }
}
[[gnu::always_inline]] inline void skip_leb(const u8*& p) {
  while (*p++ & 0x80) {
  }
}

/// A block type: s33, or a value type, which for (ref null? ht) is a byte more (spec 5.3.3).
[[gnu::always_inline]] inline void skip_block_type(const u8*& p) {
  if (DEWAR_UNLIKELY(*p == 0x63 || *p == 0x64)) ++p;
  skip_leb(p);
}

// ---- exits (exits.cpp) ----
/// Trap `stack->trap.kind` at pc: saves the state, refunds the rest of the block, records the backtrace.
DEWAR_HANDLER(exit_trap);
/// The same where pc is the first byte of an instruction with which its block ends: nothing has to be looked for.
DEWAR_HANDLER(exit_block);
/// pc = first instruction of the block that can not be paid for.
DEWAR_HANDLER(exit_out_of_fuel);
/// The end of an activation that was killed, as for exit_block. Nobody goes on, so that no frame has to be made the
/// interpreter's.
DEWAR_HANDLER(exit_killed);
/// An interrupt reason is set at a loop or call; pc = the instruction to run again. Goes on if no reason asks to leave.
DEWAR_HANDLER(poll_interrupt);
/// The same at another instruction; at the last byte of the opcode of a prefixed one other than of vectors.
DEWAR_HANDLER(poll_within);
DEWAR_HANDLER(poll_prefixed);
/// The allocation of a prefixed instruction failed; trap.kind says why.
DEWAR_HANDLER(exit_allocation);
/// The same at a loop header, which also answers who asks for the meters.
DEWAR_HANDLER(poll_loop);
/// Raises stack->exception at pc.
DEWAR_HANDLER(raise_exception);
/// What a step dispatches: back to compiled code, or the step again if it is to be run again (native_calls.cpp).
DEWAR_HANDLER(back_to_native);
/// Calls scratch.callee, which is compiled, in scratch.instance.
DEWAR_HANDLER(call_native);
/// Tail-calls scratch.func, whose function is compiled; the limit was looked at.
DEWAR_HANDLER(tail_call_native);
/// The results are at fp, and the caller is compiled.
DEWAR_HANDLER(return_to_native);
DEWAR_HANDLER(step_indirect);
DEWAR_HANDLER(step_ref);
DEWAR_HANDLER(step_tail_call);
DEWAR_HANDLER(step_tail_direct);
DEWAR_HANDLER(step_cast);
DEWAR_HANDLER(step_rethrow);
DEWAR_HANDLER(step_charge);
/// A `loop` that was polled.
DEWAR_HANDLER(loop_polled);
/// The function is to be compiled: it stands at a loop that was polled, or is scratch.callee, called in
/// scratch.instance, or scratch.func, tail-called (tier_up.cpp).
DEWAR_HANDLER(hot_loop);
DEWAR_HANDLER(hot_call);
DEWAR_HANDLER(hot_tail_call);
/// The end of a call of scratch.callee in scratch.instance, whose frame fits: clearing its locals is bulk work.
DEWAR_HANDLER(enter_many_locals);
/// Replaces the current frame by a call of scratch.func with the operands on top.
DEWAR_HANDLER(tail_call);
// With Tier::automatic: calls and loops of functions that are not compiled count.
DEWAR_HANDLER(loop_counted);
DEWAR_HANDLER(call_counted);
DEWAR_HANDLER(call_import_counted);
DEWAR_HANDLER(call_indirect_counted);
DEWAR_HANDLER(call_ref_counted);
/// Function entry failed its limit compare: not prepared yet, interrupted, or really exhausted. `pc` = the call.
DEWAR_HANDLER(call_slow);

/// Writes the machine state to stack->state, so that others can look at it.
#define DEWAR_SAVE_STATE()                         \
  do {                                             \
    stack->state = {fp, sp, pc, side, code, inst}; \
    stack->fuel = fuel;                            \
  } while (0)

#define OP(id, prefix, code, text, imm, sig, align, effects, feature) DEWAR_HANDLER(op_##id);
#include "wasm/ops.def"

/// Picks or builds the dispatch table for a mode. Tables live as long as the process.
const void* dispatch_table(const runtime::EngineOptions& options, bool guarded_memory0);

}  // namespace dewar::exec::interp
