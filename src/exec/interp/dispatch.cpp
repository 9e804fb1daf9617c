// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Builds the dispatch tables (one per mode, made once) and holds the handlers that belong to no opcode group: prefix
// pages, PROBE, and the test mode that fills undefined upper halves with garbage.
#include <algorithm>
#include <array>
#include <mutex>

#include "exec/interp/calls.h"
#include "exec/interp/fused.h"
#include "exec/interp/handlers_memory.h"
#include "exec/interp/internal_handlers.h"
#include "exec/interp/numeric.h"
#include "exec/probe_point.h"

namespace dewar::exec::interp {

namespace {

DEWAR_HANDLER(op_illegal) { DEWAR_UNREACHABLE("an opcode without a handler in a validated body"); }

template <u32 kPage>
DEWAR_HANDLER(op_prefix) {
  const u8* p = pc + 1;
  const u32 code_in_page = leb_u32(p);
  pc = p - 1;
  [[clang::musttail]] return static_cast<const Handler*>(table)[kPage + code_in_page](DEWAR_INTERP_ARGS);
}

DEWAR_HANDLER(op_probe) {
  DEWAR_SAVE_STATE();
  fire_probes(*stack);
  fuel = stack->fuel;
  const u8 under = code->unprobed[static_cast<usize>(pc - code->body)];
  [[clang::musttail]] return static_cast<const Handler*>(table)[under](DEWAR_INTERP_ARGS);
}

// Two tables of two halves: the handlers, and what steps dispatch. The second halves are used by the garbage mode only.
constexpr usize kAllTables = 2 * kStepTable;

Handler written_by_hand(wasm::Op op) {
  switch (op) {
#define X(id) \
  case wasm::Op::id: return op_##id;
    DEWAR_HAND_WRITTEN(X)
#undef X
    default: return nullptr;
  }
}

/// With Tier::automatic: what functions are used for that are not compiled is counted.
void count_uses(Handler* t) {
  t[handler_index(wasm::Op::loop)] = loop_counted;
  t[handler_index(wasm::Op::call)] = call_counted;
  t[handler_index(wasm::Op::call_indirect)] = call_indirect_counted;
  t[handler_index(wasm::Op::call_ref)] = call_ref_counted;
  t[kCallImport] = call_import_counted;
}

void fill_table(Handler* t, bool guarded, bool quicken) {
  std::fill_n(t, kTableSize, op_illegal);
  for (u32 i = 0; i < wasm::kOpCount; ++i) {
    const auto op = static_cast<wasm::Op>(i);
    Handler h = kScalarNumeric[i];
    if (!h) h = kVectorNumeric[i];
    if (!h) h = memory_handler(op, guarded);
    if (!h) h = atomic_handler(op);
    if (!h) h = written_by_hand(op);
    DEWAR_ASSERT(h != nullptr, wasm::op_info(op).text);
    t[handler_index(op)] = h;
  }
  t[0xfb] = op_prefix<kPageFb>;
  t[0xfc] = op_prefix<kPageFc>;
  t[0xfd] = op_prefix<kPageFd>;
  t[0xfe] = op_prefix<kPageFe>;
  t[kLocalGetMap] = op_local_get_map;
  t[kLocalSetMap] = op_local_set_map;
  t[kLocalTeeMap] = op_local_tee_map;
  t[kDropWide] = op_drop_wide;
  t[kSelectWide] = op_select_wide;
  t[kSelectTypedWide] = op_select_typed_wide;
  t[kGlobalGetWide] = op_global_get_wide;
  t[kGlobalSetWide] = op_global_set_wide;
  t[kCallImport] = op_call_import;
  t[kCatchEnd] = op_catch_end;
  t[kProbe] = op_probe;
  t[kStepIndirect] = step_indirect;
  t[kStepRef] = step_ref;
  t[kStepTailCall] = step_tail_call;
  t[kStepTailDirect] = step_tail_direct;
  t[kStepCast] = step_cast;
  t[kStepRethrow] = step_rethrow;
  t[kStepCharge] = step_charge;
  if (quicken) add_fused(t, guarded);
}

}  // namespace

u32 handler_index(wasm::Op op) {
  const wasm::OpInfo& info = wasm::op_info(op);
  switch (info.prefix) {
    case 0xfb: return kPageFb + info.code;
    case 0xfc: return kPageFc + info.code;
    case 0xfd: return kPageFd + info.code;
    case 0xfe: return kPageFe + info.code;
    default: return info.code;
  }
}

const void* dispatch_table(const runtime::EngineOptions& options, bool guarded_memory0) {
  static std::mutex mutex;
  static std::array<std::unique_ptr<Handler[]>, 32> tables;
  const bool steps = options.tier != runtime::Tier::interp;
  const bool counts = options.tier == runtime::Tier::automatic;
  const u32 key = (guarded_memory0 ? 1 : 0) | (options.quicken ? 2 : 0) | (options.garbage_upper ? 4 : 0) |
                  (steps ? 8 : 0) | (counts ? 16 : 0);
  std::lock_guard lock(mutex);
  std::unique_ptr<Handler[]>& table = tables[key];
  if (!table) {
    // Made in place, and nothing that the mode does not use: a process pays for this at its start.
    auto made = std::make_unique_for_overwrite<Handler[]>(kAllTables);
    Handler* t = made.get();
    fill_table(t, guarded_memory0, options.quicken && !options.garbage_upper);
    if (counts) count_uses(t);
    if (options.garbage_upper) wrap_with_garbage(t);
    if (steps) std::fill_n(t + kStepTable, kTableSize, back_to_native);
    if (steps && options.garbage_upper) std::copy_n(t + kTableSize, kTableSize, t + kStepTable + kTableSize);
    table = std::move(made);
  }
  return table.get();
}

}  // namespace dewar::exec::interp
