// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What tiers share about one function: FuncCode (frame shape, private body copy, side table) and CodeSet, the bodies of
// one module in one mode (design D8). Plain data; exec/ fills it at the first call.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "base/mmap.h"
#include "wasm/module.h"

namespace dewar::runtime {

struct FuncCode;
struct NativeCode;
class CodeSet;

/// Side-table entry of a branch, call, `end`, `else`, `return` or `loop` (design D2); consumed in pc order. Positions
/// are relative, to the instruction's pc and to the entry itself, so that a taken branch loads nothing else.
struct SideEntry {
  union {
    struct {
      i32 delta_pc;    ///< target = pc of the instruction + delta_pc
      i32 delta_side;  ///< target's entry = this + delta_side bytes
    };
    FuncCode* callee;  ///< direct call of a defined function
  };
  u32 cost_taken;  ///< fuel of the block at the target (0 if it charges itself: loops)
  u32 cost_next;   ///< fuel of the block that follows when not taken / after the call returns
  u32 drop;        ///< operand slots removed below the kept ones when taken
  u32 keep;        ///< slots carried to the target; calls: size of the instruction in bytes
};
static_assert(sizeof(SideEntry) == 24);

/// One exception handler row: covers throw sites with begin <= pc < end. Innermost blocks come first.
struct HandlerRow {
  u32 begin = 0, end = 0;  ///< range of return/throw pcs
  u32 tag = ~u32{0};       ///< tag index, or ~0 for catch_all
  bool with_ref = false;   ///< push the exnref after the payload
  bool legacy = false;     ///< push the exnref before the payload (hidden slot of a legacy catch block)
  bool leaves = false;     ///< goes on at the function's own `end`
  bool delegate = false;   ///< legacy delegate: only rows whose begin <= `outer` count from here on
  u32 outer = 0;           ///< delegate: the row set skips blocks opened after this pc
  u32 height = 0;          ///< operand height in slots (above the frame header) to cut to before pushing
  u32 target_pc = 0;
  u32 target_st = 0;  ///< index in the side table
  u32 cost = 0;       ///< fuel of the block at the target
};

/// One function in one CodeSet. Fields from `body` on are valid once prepared, but for `entry`, `native` and what
/// belongs to compiling; body and side table of a function that is not interpreted may be missing (exec/prepare.h).
struct FuncCode {
  CodeSet* set = nullptr;  ///< owner
  const wasm::Module* module = nullptr;
  u32 func = 0;  ///< function index in the module
  /// Known from the start, because a call computes where the frame begins before it sees that nothing is prepared.
  u32 param_slots = 0;
  /// local_slots + header + max_operands: what the stack limit counts (docs/ABI.md). kUnprepared until the fields below
  /// are valid (released last), so that the limit compare of a call sends it to the slow path.
  static constexpr u32 kUnprepared = 1u << 30;
  std::atomic<u32> frame_slots{kUnprepared};
  /// What is left before the function is hot (TierOptions::heat). Counted by the interpreter; threads may lose counts.
  std::atomic<u32> heat_left{0};
  u8* body = nullptr;  ///< private copy of the body (quickened, probes patched in); pc 0 = local declarations
  u32 body_size = 0;
  u32 entry_pc = 0;    ///< pc of the first instruction
  u32 entry_cost = 0;  ///< fuel of the first block
  u32 result_slots = 0;
  u32 local_slots = 0;   ///< parameters included; at least result_slots
  u32 max_operands = 0;  ///< most operand slots at any point
  SideEntry* side = nullptr;
  std::atomic<const NativeCode*> native{nullptr};  ///< compiled code, if there is any
  std::atomic<const void*> entry{
      nullptr};  ///< what compiled callers jump to; null while nothing of the set is compiled
  /// Who compiles the function has claimed it (exec/tier.h), so that nobody else does, or waits.
  enum Compiling : u8 {
    kUnclaimed,
    kClaimed,
    kInterpreted,  ///< it does not fit; nobody tries again
  };
  std::atomic<u8> compiling{kUnclaimed};
  u32 side_count = 0;
  HandlerRow* handlers = nullptr;
  u32 handler_count = 0;
  u32* local_map = nullptr;  ///< local index -> slot | width-2 flag in bit 31; null if every local is one slot
  wasm::CanonId type;
  std::shared_ptr<const void> roots;  ///< root maps, made by exec on the first collection (CodeSet::mutex)
  std::unique_ptr<u8[]> unprobed;     ///< opcodes under PROBE bytes, by pc; null if the function has no probe
};

/// What `max_code_bytes` is charged for a function before it runs. A price, not a size: a new field must not move
/// limits.
inline constexpr u64 kFuncCodeCharge = 160;
static_assert(sizeof(FuncCode) <= kFuncCodeCharge);

/// The code of one (module, mode). Instances point to one; owns all bodies and tables.
class CodeSet : public base::RefCounted<CodeSet> {
 public:
  explicit CodeSet(base::Ref<const wasm::Module> module);
  ~CodeSet();
  const wasm::Module& module() const { return *module_; }
  /// Code of a defined function (index in the module, imports not counted).
  FuncCode& at(u32 defined) { return codes_[defined]; }
  FuncCode* data() { return codes_.get(); }
  u32 count() const { return count_; }
  std::mutex& mutex() { return mutex_; }
  std::shared_ptr<void> probes;  ///< exec's list of probes; null while there never was one
  /// Dispatch table of the interpreter for this module and mode; set by exec before the first call.
  std::atomic<const void*> dispatch{nullptr};
  /// Bytes that the set of a module takes before anything of it is prepared.
  static u64 bytes_for(const wasm::Module& module) {
    return u64{module.funcs.size() - module.num_imported_funcs} * kFuncCodeCharge;
  }
  /// What a kept block takes besides its contents: the list's entry, and what the allocator adds.
  static constexpr u64 kBlockBytes = 32;
  /// Keeps compiled code as long as the set. Call with mutex() held.
  void keep_native(std::shared_ptr<const void> code) { natives_.push_back(std::move(code)); }
  bool has_native() const { return !natives_.empty(); }
  /// Keeps a block of memory alive as long as the set (bodies, tables). Call with mutex() held.
  void keep(std::unique_ptr<u8[]> block) { blocks_.push_back(std::move(block)); }

 private:
  base::Ref<const wasm::Module> module_;
  std::unique_ptr<FuncCode[]> codes_;
  u32 count_ = 0;
  std::mutex mutex_;
  std::vector<std::unique_ptr<u8[]>> blocks_;
  std::vector<std::shared_ptr<const void>> natives_;
};

}  // namespace dewar::runtime
