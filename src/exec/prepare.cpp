// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/prepare.h"

#include <algorithm>
#include <cstring>

#include "exec/interp/quicken.h"
#include "exec/probe_point.h"
#include "exec/side_table.h"
#include "wasm/instr.h"

namespace dewar::exec {

using runtime::CodeSet;
using runtime::FuncCode;

namespace {

/// Copies a vector into a block that the code set keeps.
template <class T>
T* keep_copy(CodeSet& set, const std::vector<T>& from) {
  if (from.empty()) return nullptr;
  auto block = std::make_unique<u8[]>(from.size() * sizeof(T));
  std::memcpy(block.get(), from.data(), from.size() * sizeof(T));
  T* out = reinterpret_cast<T*>(block.get());
  set.keep(std::move(block));
  return out;
}

/// local index -> slot, with bit 31 for v128; null if every local is one slot.
u32 lay_out_locals(CodeSet& set, FuncCode& code, std::span<const wasm::ValType> locals) {
  std::vector<u32> map;
  u32 slot = 0;
  bool wide = false;
  for (wasm::ValType t : locals) {
    map.push_back(slot | (t.is_v128() ? u32{1} << 31 : 0));
    wide |= t.is_v128();
    slot += t.slots();
  }
  code.local_map = wide ? keep_copy(set, map) : nullptr;
  return slot;
}

bool was_stopped(const Result<void>& walked) {
  return !walked && std::string_view(walked.error().code) == base::kStopped;
}

/// First byte of the instruction that contains `pc`, without a look at types.
u32 instruction_at(const wasm::Module& module, u32 func, u32 pc) {
  const auto body = module.slice(module.funcs[func].body);
  std::vector<wasm::ValType> locals;
  base::Cursor c(body);
  c.skip(wasm::read_locals(body, 0, locals).value_or(0));
  wasm::Instr instr;
  Error error;
  for (;;) {
    const u32 at = static_cast<u32>(c.pos());
    if (!wasm::read_instr(c, instr, error) || c.pos() > pc) return at;
  }
}

}  // namespace

bool prepare(CodeSet& set, FuncCode& code, const runtime::EngineOptions& options, runtime::Stack* payer) {
  std::lock_guard lock(set.mutex());
  if (code.frame_slots.load(std::memory_order_relaxed) != FuncCode::kUnprepared) return true;
  const wasm::Module& module = set.module();
  const wasm::Func& func = module.funcs[code.func];
  const auto original = module.slice(func.body);
  const auto refuse = [payer](runtime::TrapKind kind) { return payer->trap.kind = kind, false; };
  const u64 budget = payer ? payer->store.code_room() : ~u64{0};
  if (original.size() > budget) return refuse(runtime::TrapKind::code_memory);
  auto body = std::make_unique<u8[]>(original.size());
  std::memcpy(body.get(), original.data(), original.size());

  SideTableSink sink(body.get(), 0, budget - original.size());
  wasm::WalkScratch scratch;
  if (payer) scratch.stop_bits = payer->kill_bits();
  const auto walked = wasm::walk(module, wasm::FuncIndex{code.func}, sink, scratch);
  if (was_stopped(walked)) return refuse(runtime::TrapKind::interrupted);
  // A map of the locals counts, and four blocks, whether there are so many or not: it is the same in every mode.
  const u64 kept = original.size() + sink.kept_bytes() + scratch.locals.size() * sizeof(u32) + 4 * CodeSet::kBlockBytes;
  const u64 needed = std::max(kept, original.size() + sink.needed_bytes());
  if (sink.full() || (payer && !payer->store.take_code(kept, needed))) return refuse(runtime::TrapKind::code_memory);
  DEWAR_ASSERT(walked.has_value(), "prepare() was given a body that does not validate");
  for (const auto& call : sink.direct_calls)
    sink.entries[call.entry].callee = &set.at(call.func - module.num_imported_funcs);

  const wasm::SubType& type = module.func_type(wasm::FuncIndex{code.func});
  code.body = body.get();
  code.body_size = static_cast<u32>(original.size());
  code.entry_pc = sink.entry_pc;
  code.entry_cost = sink.entry_cost;
  code.result_slots = wasm::slots_of(type.results);
  code.local_slots = lay_out_locals(set, code, scratch.locals);
  code.max_operands = sink.max_operands;
  code.side = keep_copy(set, sink.entries);
  code.side_count = static_cast<u32>(sink.entries.size());
  code.handlers = keep_copy(set, sink.handlers);
  code.handler_count = static_cast<u32>(sink.handlers.size());
  if (options.probe_all) {
    put_probe_everywhere(set, code);
  } else if (options.quicken) {
    interp::quicken(module, code, sink.instrs, options);
  }
  set.keep(std::move(body));
  // Results of a callee land at its first argument, inside the caller's operands; a function with more results than
  // locals needs the room in its own frame as well.
  const u32 room = code.local_slots + runtime::kHeaderSlots + code.max_operands;
  code.frame_slots.store(std::max(room, code.result_slots), std::memory_order_release);
  return true;
}

BlockPosition locate(const wasm::Module& module, u32 func, u32 pc, base::StopBits stop) {
  // Some milliseconds: code that was not made to be slow here gets exact figures although it is being stopped.
  constexpr u64 kExactWork = u64{1} << 21;
  SideTableSink sink(nullptr, pc);
  wasm::WalkScratch scratch;
  scratch.stop_bits = stop;
  scratch.stop_after = kExactWork;
  const auto walked = wasm::walk(module, wasm::FuncIndex{func}, sink, scratch);
  if (was_stopped(walked)) return {instruction_at(module, func, pc), 0, 0};
  DEWAR_ASSERT(walked.has_value(), "locate() was given a body that does not validate");
  return {sink.found_pc, sink.found_rest, sink.found_side};
}

}  // namespace dewar::exec
