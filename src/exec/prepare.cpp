// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/prepare.h"

#include <algorithm>
#include <cstring>

#include "exec/interp/quicken.h"
#include "exec/probe_point.h"
#include "exec/side_table.h"

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

/// What all walks of a function begin with.
template <class Sink>
struct Walked {
  Sink sink;
  wasm::WalkScratch scratch;
  Result<void> result;

  Walked(const wasm::Module& module, u32 func, u8* body, u64 room, base::StopBits stop) : sink(body, 0, room) {
    scratch.stop_bits = stop;
    result = wasm::walk(module, wasm::FuncIndex{func}, sink, scratch);
  }
};

template <class Sink>
void keep_shape(CodeSet& set, FuncCode& code, const Walked<Sink>& w) {
  const wasm::SubType& type = code.module->func_type(wasm::FuncIndex{code.func});
  code.body_size = static_cast<u32>(code.module->slice(code.module->funcs[code.func].body).size());
  code.entry_pc = w.sink.entry_pc;
  code.entry_cost = w.sink.entry_cost;
  code.result_slots = wasm::slots_of(type.results);
  // Results land where the locals begin: with at least as many slots there, they never reach the header.
  code.local_slots = std::max(lay_out_locals(set, code, w.scratch.locals), code.result_slots);
  code.max_operands = w.sink.max_operands;
  code.handlers = keep_copy(set, w.sink.handlers);
  code.handler_count = static_cast<u32>(w.sink.handlers.size());
}

void keep_body(CodeSet& set, FuncCode& code, const runtime::EngineOptions& options, std::unique_ptr<u8[]> body,
               Walked<SideTableSink>& w) {
  const wasm::Module& module = set.module();
  for (const auto& call : w.sink.direct_calls)
    w.sink.entries[call.entry].callee = &set.at(call.func - module.num_imported_funcs);
  code.body = body.get();
  code.side = keep_copy(set, w.sink.entries);
  code.side_count = static_cast<u32>(w.sink.entries.size());
  if (options.probe_all) put_probe_everywhere(set, code);
  set.keep(std::move(body));
}

/// Quickens what keep_body() is to get. False if that was stopped.
bool quicken(const wasm::Module& module, const runtime::EngineOptions& options, u8* body,
             const Walked<SideTableSink>& w, base::StopBits stop) {
  return options.probe_all || !options.quicken || interp::quicken(module, body, w.sink.instrs, options, stop);
}

std::unique_ptr<u8[]> copy_of(std::span<const u8> original) {
  auto body = std::make_unique<u8[]>(original.size());
  std::memcpy(body.get(), original.data(), original.size());
  return body;
}

bool is_prepared(const FuncCode& code) {
  return code.frame_slots.load(std::memory_order_relaxed) != FuncCode::kUnprepared;
}

/// Precondition: set.mutex() is held, and nothing of `code` is there.
template <class Sink>
bool make(CodeSet& set, FuncCode& code, const runtime::EngineOptions& options, runtime::Stack* payer) {
  constexpr bool kWithBody = std::is_same_v<Sink, SideTableSink>;
  const auto original = set.module().slice(set.module().funcs[code.func].body);
  const auto refuse = [payer](runtime::TrapKind kind) { return payer->trap.kind = kind, false; };
  const u64 budget = payer ? payer->store.code_room() : ~u64{0};
  if (original.size() > budget) return refuse(runtime::TrapKind::code_memory);
  auto body = kWithBody ? copy_of(original) : nullptr;
  const base::StopBits stop = payer ? payer->kill_bits() : base::StopBits{};
  Walked<Sink> w(set.module(), code.func, body.get(), budget - original.size(), stop);
  if (was_stopped(w.result)) return refuse(runtime::TrapKind::interrupted);
  const FunctionShape shape = w.sink.shape();
  const u64 kept = kept_bytes(original.size(), shape);
  const u64 needed = std::max(kept, original.size() + ShapeSink::needed_bytes(shape));
  if constexpr (kWithBody)
    if (!quicken(set.module(), options, body.get(), w, stop)) return refuse(runtime::TrapKind::interrupted);
  if (w.sink.full() || (payer && !payer->store.take_code(kept, needed))) return refuse(runtime::TrapKind::code_memory);
  DEWAR_ASSERT(w.result.has_value(), "prepare() was given a body that does not validate");
  keep_shape(set, code, w);
  if constexpr (kWithBody) keep_body(set, code, options, std::move(body), w);
  code.heat_left.store(options.tier == runtime::Tier::automatic ? options.tiering.heat : runtime::kNeverHot,
                       std::memory_order_relaxed);
  code.frame_slots.store(runtime::frame_slots_of(code), std::memory_order_release);
  // From here on, compiled callers need not come by.
  const runtime::NativeCode* const native = code.native.load(std::memory_order_relaxed);
  if (native && native->frame_slots != runtime::frame_slots_of(code))
    DEWAR_UNREACHABLE("code for frames of another size");
  if (native && options.tier != runtime::Tier::random) code.entry.store(native->entry, std::memory_order_release);
  return true;
}

}  // namespace

u64 kept_bytes(u64 body_size, const FunctionShape& shape) {
  return body_size + ShapeSink::kept_bytes(shape) + shape.locals * sizeof(u32) + 4 * CodeSet::kBlockBytes;
}

FunctionShape shape_of(const wasm::Module& module, u32 func) {
  return Walked<ShapeSink>(module, func, nullptr, ~u64{0}, {}).sink.shape();
}

bool prepare_shape(CodeSet& set, FuncCode& code, const runtime::EngineOptions& options, runtime::Stack* payer) {
  std::lock_guard lock(set.mutex());
  return is_prepared(code) || make<ShapeSink>(set, code, options, payer);
}

void prepare_body(CodeSet& set, FuncCode& code, const runtime::EngineOptions& options) {
  std::lock_guard lock(set.mutex());
  DEWAR_ASSERT(is_prepared(code), "a body is made for a function whose shape is known");
  if (code.body) return;
  auto body = copy_of(set.module().slice(set.module().funcs[code.func].body));
  Walked<SideTableSink> w(set.module(), code.func, body.get(), ~u64{0}, {});
  DEWAR_ASSERT(w.result.has_value(), "prepare_body() was given a body that does not validate");
  quicken(set.module(), options, body.get(), w, {});
  keep_body(set, code, options, std::move(body), w);
}

bool prepare(CodeSet& set, FuncCode& code, const runtime::EngineOptions& options, runtime::Stack* payer) {
  {
    std::lock_guard lock(set.mutex());
    if (!is_prepared(code)) return make<SideTableSink>(set, code, options, payer);
    if (code.body) return true;
  }
  prepare_body(set, code, options);
  return true;
}

BlockPosition locate(const wasm::Module& module, u32 func, u32 pc) {
  SideTableSink sink(nullptr, pc);
  wasm::WalkScratch scratch;
  [[maybe_unused]] const auto walked = wasm::walk(module, wasm::FuncIndex{func}, sink, scratch);
  DEWAR_ASSERT(walked.has_value(), "locate() was given a body that does not validate");
  return {sink.found_pc, sink.found_rest, sink.found_side};
}

u32 rest_of_block(const wasm::Module& module, u32 func, u32 pc, base::StopBits stop) {
  // Half a millisecond: code that was not made to be slow here gets exact figures although it is being stopped.
  constexpr u64 kExactWork = u64{1} << 16;
  SideTableSink sink(nullptr, pc);
  wasm::WalkScratch scratch;
  scratch.stop_bits = stop;
  scratch.stop_after = kExactWork;
  const auto walked = wasm::walk(module, wasm::FuncIndex{func}, sink, scratch);
  return walked ? sink.found_rest : 0;
}

}  // namespace dewar::exec
