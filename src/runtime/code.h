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

/// Side-table entry of a branch, call, `end` or `loop` (design D2). Consumed in pc order.
struct SideEntry {
  u32 target_pc = 0;    ///< pc to continue at when taken
  u32 target_st = 0;    ///< side-table index that goes with target_pc
  u32 cost_taken = 0;   ///< fuel of the block at the target (0 if it charges itself: loops)
  u32 cost_next = 0;    ///< fuel of the block that follows when not taken / after the call returns
  u32 drop = 0;         ///< operand slots removed below the kept ones when taken
  u32 keep = 0;         ///< slots carried to the target
};
static_assert(sizeof(SideEntry) == 24);

/// One exception handler row: covers throw sites with begin < pc <= end, innermost rows first.
struct HandlerRow {
  u32 begin = 0, end = 0;   ///< range of return/throw pcs
  u32 tag = ~u32{0};        ///< tag index, or ~0 for catch_all
  bool with_ref = false;    ///< push the exnref after the payload
  bool delegate = false;    ///< legacy delegate: go on at the row `next`
  u32 next = 0;             ///< delegate: rows before this index are skipped
  u32 height = 0;           ///< operand height in slots (above the frame header) to cut to before pushing
  u32 target_pc = 0;
  u32 target_st = 0;
  u32 cost = 0;             ///< fuel of the block at the target
};

/// One function in one CodeSet. Fields from `body` on are valid once `ready`.
struct FuncCode {
  const wasm::Module* module = nullptr;
  u32 func = 0;             ///< function index in the module
  std::atomic<bool> ready{false};
  u8* body = nullptr;       ///< private copy of the body (quickened, probes patched in); pc 0 = local declarations
  u32 body_size = 0;
  u32 entry_pc = 0;         ///< pc of the first instruction
  u32 entry_cost = 0;       ///< fuel of the first block
  u32 param_slots = 0;
  u32 result_slots = 0;
  u32 local_slots = 0;      ///< parameters included
  u32 max_operands = 0;     ///< most operand slots at any point
  u32 frame_slots = 0;      ///< local_slots + header + max_operands: what the stack limit counts (docs/ABI.md)
  SideEntry* side = nullptr;
  u32 side_count = 0;
  HandlerRow* handlers = nullptr;
  u32 handler_count = 0;
  u32* local_map = nullptr; ///< local index -> slot | width-2 flag in bit 31; null if every local is one slot
  wasm::CanonId type;
};

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
  /// Keeps a block of memory alive as long as the set (bodies, tables). Call with mutex() held.
  void keep(std::unique_ptr<u8[]> block) { blocks_.push_back(std::move(block)); }

 private:
  base::Ref<const wasm::Module> module_;
  std::unique_ptr<FuncCode[]> codes_;
  u32 count_ = 0;
  std::mutex mutex_;
  std::vector<std::unique_ptr<u8[]>> blocks_;
};

}  // namespace dewar::runtime
