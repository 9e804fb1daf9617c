// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A function's compiled code with what is known of places in it: of calls, by their return address, and of rare exits,
// by compiling again (docs/baseline.md). It owns its range of the arena. Knows no machine.
#pragma once

#include <memory>
#include <vector>

#include "exec/baseline/options.h"
#include "exec/code_arena.h"
#include "exec/function_shape.h"
#include "runtime/store.h"

namespace dewar::exec::baseline {

/// The arena of an engine, with its stubs. What compiled code is made of keeps it.
struct NativeSupport : runtime::NativeStubs {
  std::unique_ptr<CodeArena> arena;
  // Stubs that compiled code calls or jumps to.
  const u8* step = nullptr;  ///< runs an interpreter's handler
  const u8* poll = nullptr;
  const u8* trap = nullptr;       ///< a trap; saves all registers that hold values
  const u8* call_func = nullptr;  ///< calls the Func in rax
};

/// A row of the call table.
struct CallRow {
  u32 after = 0;     ///< native offset that the call returns to
  u32 pc = 0;        ///< of the call instruction
  u32 distance = 0;  ///< slots from the caller's fp to the callee's
};

/// A row for each poll: a call of its stub at the end of the function.
struct PollRow {
  u32 after = 0;  ///< native offset behind the call
  u32 pc = 0;     ///< of the loop
  u32 slots = 0;  ///< operands
};

/// A trap's call of its stub, at the end of the function.
struct TrapRow {
  u32 after = 0;      ///< native offset behind the call
  u32 exit : 24 = 0;  ///< index of the cold exit that it belongs to
  u32 kind : 8 = 0;   ///< TrapKind
};
static_assert(sizeof(TrapRow) == 8 && sizeof(runtime::TrapKind) == 1);

/// Where an exception that a clause or a legacy catch takes goes on in compiled code, with everything in slots.
struct LandingRow {
  u32 target = 0;  ///< twice the pc where it goes on, and one more for a `loop` there: landing_key()
  u32 at = 0;      ///< native offset
};
constexpr u32 landing_key(u32 pc, bool is_loop) { return pc * 2 + is_loop; }

class CodeObject final : public runtime::NativeCode {
 public:
  CodeObject(std::shared_ptr<const NativeSupport> made_for, runtime::FuncCode& of, const CompileOptions& how, bool wide)
      : support(std::move(made_for)), func(&of), options(how), wide_charges(wide) {
    stubs = support.get();
  }
  ~CodeObject();
  CodeObject(const CodeObject&) = delete;
  CodeObject& operator=(const CodeObject&) = delete;

  const std::shared_ptr<const NativeSupport> support;
  runtime::FuncCode* const func;
  // How it was compiled.
  const CompileOptions options;
  const bool wide_charges;  ///< fuel of blocks in 32 bits
  CodeArena::Range range;
  FunctionShape shape;
  // Ascending.
  std::vector<CallRow> calls;
  std::vector<PollRow> polls;
  std::vector<TrapRow> traps;
  std::vector<LandingRow> landings;
  mutable std::shared_ptr<void> loops;  ///< what loop_entry() has found
};

/// The call that a word of a record returns behind.
struct CallSite {
  runtime::FuncCode* code = nullptr;  ///< of the caller
  u32 pc = 0;
  u32 distance = 0;
};
CallSite call_site(const runtime::NativeStubs& stubs, u64 return_address);

/// A rare exit: a block that can not be paid for, or a poll.
struct ExitSite {
  runtime::FuncCode* code = nullptr;
  u32 pc = 0;
  u32 slots = 0;  ///< operands
  u32 cost = 0;   ///< fuel that was taken already and is to be given back
};
/// A poll, by the address behind the call of its exit. Compiles the function again; then everything is in its slot of
/// the frame fp.
ExitSite poll_site(const runtime::NativeStubs& stubs, const u8* after, Slot* fp,
                   const runtime::SavedRegisters& registers);
/// Only where it is, for a call that ends there: at once, and nothing is brought anywhere. What stands in registers
/// stays in the stack's trapped_registers.
ExitSite poll_place(const runtime::NativeStubs& stubs, const u8* after);
/// poll_site() for a block, by the address of the invalid instruction in its charge. Ends the process if there is none.
ExitSite charge_site(const runtime::NativeStubs& stubs, const u8* at, Slot* fp,
                     const runtime::SavedRegisters& registers);

/// A trap of straight-line code.
struct TrapSite {
  runtime::FuncCode* code = nullptr;
  u32 pc = 0;
  u32 slots = 0;  ///< operands, without those that the instruction takes
  runtime::TrapKind kind{};
};
/// By the address behind the trap's call, as above.
TrapSite trap_site(const runtime::NativeStubs& stubs, const u8* after, Slot* fp,
                   const runtime::SavedRegisters& registers);
/// The same for an access that faulted at an address. Ends the process if what is there is no access to guest memory.
TrapSite fault_site(const runtime::NativeStubs& stubs, const u8* at, Slot* fp,
                    const runtime::SavedRegisters& registers);

/// Where an interpreted frame fp that stands at the `loop` at pc, with everything in slots, goes on in compiled code;
/// `registers` gets what it finds in registers there. Null if it cannot. Compiles the function again.
const u8* loop_entry(const runtime::NativeCode& native, u32 pc, const Slot* fp, runtime::SavedRegisters& registers);

/// Where a compiled frame goes on that catches an exception by this row, with everything in slots and the block there
/// not paid for. Null if it can not: it lands at the end of its function.
const u8* landing(const runtime::NativeCode& native, const runtime::HandlerRow& row);

}  // namespace dewar::exec::baseline
