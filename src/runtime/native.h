// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What compiled code keeps in runtime's objects (docs/baseline.md, "The native region"): plain data, which exec makes
// and reads. A frame is compiled exactly if its FrameState::side is null; where it goes back to is then a record on the
// stack's native region instead of a header.
#pragma once

#include "base/mmap.h"
#include "runtime/frame.h"

namespace dewar::runtime {

/// What is at an address, as a code arena knows it.
enum class CodeAt : u8 {
  kForeign,   ///< not the arena's
  kArena,     ///< the arena's, but no function's: stubs, or nothing at all
  kFunction,  ///< published code of a function
};

/// Addresses of the stubs between compiled code and C++, once per code arena (exec/baseline/stubs.h).
struct NativeStubs {
  /// A handler of the interpreter: goes on in compiled code at `pc`.
  const void* enter = nullptr;
  /// The same, behind the exit at `native.resume`, with trapped_registers as they were there.
  const void* resume = nullptr;
  // Words of records: code that compiled frames return into.
  u64 to_host = 0;       ///< [word]: the caller is the host
  u64 to_interp = 0;     ///< [word, FrameHeader, result slots]: the caller is interpreted
  u64 cross_return = 0;  ///< [word, caller's Instance*, return address]
  /// Stands for a return address, which Stack::deopted has: the caller goes on in the interpreter.
  u64 deopt_return = 0;
  /// Where calls of functions go that are not compiled; the callee's FuncCode is in rax.
  const void* interp_entry = nullptr;
  // Where compiled code goes on, with its registers in Stack::trapped_registers (signals.h):
  const void* fault = nullptr;        ///< after a fault
  const void* out_of_fuel = nullptr;  ///< after an invalid instruction, which stands where a block can not be paid for
  /// What the fault handler asks: async-signal-safe.
  CodeAt (*code_at)(const NativeStubs& stubs, const void* pc) = nullptr;
};
inline constexpr u32 kInterpRecordWords = 7, kCrossRecordWords = 3;

/// Compiled code of one function.
struct NativeCode {
  const NativeStubs* stubs = nullptr;
  const u8* entry = nullptr;  ///< for compiled callers
  const u8* body = nullptr;   ///< for who has made the frame and paid for the first block
  u32 frame_slots = 0;        ///< what it asks of the stack: FuncCode::frame_slots, which must be the same
};

/// caller_code in the header of an interpreted frame whose caller is compiled: see its record, which has three words.
inline FuncCode* native_caller() { return reinterpret_cast<FuncCode*>(u64{sizeof(Slot)}); }

/// A return address in a record that was replaced by NativeStubs::deopt_return.
struct DeoptedReturn {
  u64* word = nullptr;  ///< where it was
  u64 original = 0;
  u32 result_slots = 0;  ///< of the callee
};

/// Registers of compiled code that left by an exit or a trap, as its compiler numbers those that hold values: rax, rcx,
/// rdx, rsi, rdi, r8, r9, r12, r13; xmm0 to xmm14. r15 is the Stack.
struct SavedRegisters {
  u64 gprs[9];
  u64 xmms[15][2];
};

/// How a frame changed tiers, and what was special about it: what Tier::random counts.
enum class TierMove : u8 { call_up, loop_up, call_down, return_down, loop_down, kCount };
enum class TierPlace : u8 { any, operands, deep, handler, tail_called, kCount };
/// Of a Stack whose engine has Tier::random.
struct TierDice {
  u64 state = 0;
  const Slot* tail_called = nullptr;  ///< fp of the frame that was last entered by a tail call
  const Slot* caught = nullptr;       ///< fp of the frame that last caught an exception
  u64 moves[static_cast<usize>(TierMove::kCount)][static_cast<usize>(TierPlace::kCount)] = {};
};

/// A Stack's share. rsp points into the region while compiled code runs; C++ never runs on it.
struct NativeState {
  u64* sp = nullptr;        ///< record of the innermost frame that has one
  void* host_sp = nullptr;  ///< where C++ goes on: rsp and rbp at the entry of a handler
  void* host_bp = nullptr;
  const u8* resume = nullptr;   ///< behind the call of a stub; of a fault, where it was
  const u8* step_pc = nullptr;  ///< of the step: last byte of the opcode
  u64 step_handler = 0;         ///< its index in the dispatch table
  u32 step_result = 0;          ///< what steps that decide a branch found
  const NativeStubs* stubs = nullptr;
};

/// Address space for records: any number of frames within `limit_bytes` of canonical frames. Nothing is checked when
/// words are pushed: a frame takes at least a header's bytes of the limit and never has more than a record.
class NativeRegion {
 public:
  static Result<NativeRegion> create(u64 limit_bytes);
  u64* top() const { return top_; }
  /// May rsp be there while compiled code runs?
  bool holds(u64 sp) const { return sp % sizeof(u64) == 0 && sp - lowest_ <= reinterpret_cast<u64>(top_) - lowest_; }

 private:
  base::Mapping mapping_;
  u64* top_ = nullptr;
  u64 lowest_ = 0;  ///< address of the last word that can be pushed
};

/// No call goes to the compiled code of a function any more. Frames that run it go on: exec/deopt.h takes them back.
inline void forget_native(FuncCode& code) {
  const NativeCode* const native = code.native.exchange(nullptr);
  if (native) code.entry.store(native->stubs->interp_entry);
}

}  // namespace dewar::runtime
