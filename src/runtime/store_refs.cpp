// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a store knows about references: which are roots of a collection (design D13) and what their dynamic types are
// (spec 4.2.2). Only references of kind `object` concern the heap; the rest are immediate values or store handles.
#include <algorithm>

#include "gc/heap.h"
#include "runtime/store.h"

namespace dewar::runtime {
namespace {

/// Can a value of this type be an object? References to functions can not.
bool may_hold_objects(const wasm::TypeRegistry& types, wasm::CanonValType type) {
  if (!type.is_ref()) return false;
  if (type.is_concrete()) return types.type(type.index()).kind != wasm::CompositeKind::func;
  return wasm::heap_top(type.heap()) != wasm::Heap::func;
}

void mark_ref(gc::Heap& heap, Ref r) {
  if (ref_kind(r) == RefKind::object) heap.mark(r);
}

/// Roots in a row, which may be millions without an object among them.
void mark_refs(gc::Heap& heap, const Ref* refs, u64 count, base::StopBits stop) {
  constexpr u64 kPiece = 4096;
  for (u64 i = 0; i < count;) {
    if (stop.stopped()) return heap.abandon_mark();
    for (const u64 until = std::min(count, i + kPiece); i < until; ++i) mark_ref(heap, refs[i]);
  }
}

}  // namespace

void Store::mark_instance(const Instance& instance, base::StopBits stop) {
  const auto& elems = instance.module->elems;
  for (usize i = 0; i < instance.elem_refs.size(); ++i) {
    const Ref* refs = instance.elem_refs[i].get();
    if (!refs || !may_hold_objects(engine_.types(), instance.module->canonical(elems[i].type))) continue;
    mark_refs(*heap_, refs, elems[i].count, stop);
  }
}

void Store::collect() {
  mark_roots({});
  heap_->sweep(false);
}

bool Store::collect_due(Stack& payer) {
  if (payer.interrupts() & kInterruptKill) {
    payer.trap.kind = TrapKind::interrupted;
    return false;
  }
  // Marking costs at most what is counted, sweeping about as much.
  const i64 cost = static_cast<i64>((heap_->counted_bytes() + root_bytes(payer)) / kCollectUnit);
  if (payer.fuel < cost) {
    payer.trap.kind = TrapKind::out_of_fuel;
    return false;
  }
  payer.fuel -= cost;
  payer.bulk_surcharge += static_cast<u64>(cost);
  for (Stack* stack : stacks_) {
    if (hooks.prepare_roots && !hooks.prepare_roots(*stack, payer)) return false;
  }
  mark_roots(payer.kill_bits());
  if (heap_->sweep()) return true;
  payer.trap.kind = TrapKind::interrupted;
  return false;
}

u64 Store::root_bytes(const Stack& payer) const {
  u64 bytes = globals_.size() * 2 * sizeof(Slot);
  for (const Table& table : tables_) bytes += table.is_func ? 0 : table.size * sizeof(Ref);
  for (const Instance& instance : instances_) {
    for (usize i = 0; i < instance.elem_refs.size(); ++i) {
      if (instance.elem_refs[i]) bytes += instance.module->elems[i].count * sizeof(Ref);
    }
  }
  if (payer.state.code) bytes += static_cast<u64>(payer.state.sp - payer.base) * sizeof(Slot);
  return bytes;
}

void Store::mark_roots(base::StopBits stop) {
  heap_->begin_mark(stop);
  for (const Global& global : globals_) {
    if (global.type.type.is_ref()) mark_ref(*heap_, static_cast<Ref>(global.value[0]));
  }
  for (const Table& table : tables_) {
    if (table.is_func) continue;
    mark_refs(*heap_, table.refs.get(), table.size, stop);
  }
  for (const Instance& instance : instances_) mark_instance(instance, stop);
  for (const Ref r : host_roots_) mark_ref(*heap_, r);
  for (const Ref r : temp_roots_) mark_ref(*heap_, r);
  for (Stack* stack : stacks_) {
    if (stop.stopped()) return heap_->abandon_mark();
    mark_ref(*heap_, stack->exception);
    if (hooks.visit_roots) {
      hooks.visit_roots(*stack, [](void* heap, Ref r) { mark_ref(*static_cast<gc::Heap*>(heap), r); }, heap_.get());
    }
  }
}

bool Store::is_valid(Ref r) const {
  switch (ref_kind(r)) {
    case RefKind::null:
    case RefKind::i31: return true;
    case RefKind::object: return heap_->is_object(r);
    case RefKind::func: return ref_index(r) < funcs_.size();
    case RefKind::host: return (r & 7) == 4 && ref_index(r) < host_refs_.size();
  }
  return false;
}

bool Store::ref_matches(Ref r, wasm::CanonValType type) {
  const RefKind kind = ref_kind(r);
  if (kind == RefKind::null) return type.nullable();
  const wasm::TypeRegistry& types = engine_.types();
  const bool is_exn = kind == RefKind::object && heap_->is_exception(r);
  const bool is_aggregate = kind == RefKind::object && !is_exn;
  if (type.is_concrete()) {
    if (kind == RefKind::func) return types.is_subtype(func(r)->type, type.index());
    return is_aggregate && types.is_subtype(heap_->type_of(r), type.index());
  }
  switch (type.heap()) {
    case wasm::Heap::func: return kind == RefKind::func;
    // A value of the any hierarchy may have been externalized, and a host value internalized.
    case wasm::Heap::extern_:
    case wasm::Heap::any: return kind == RefKind::i31 || kind == RefKind::host || is_aggregate;
    case wasm::Heap::eq: return kind == RefKind::i31 || is_aggregate;
    case wasm::Heap::i31: return kind == RefKind::i31;
    case wasm::Heap::struct_: return is_aggregate && types.type(heap_->type_of(r)).kind == wasm::CompositeKind::struct_;
    case wasm::Heap::array: return is_aggregate && types.type(heap_->type_of(r)).kind == wasm::CompositeKind::array;
    case wasm::Heap::exn: return is_exn;
    case wasm::Heap::nofunc:
    case wasm::Heap::noextern:
    case wasm::Heap::none:
    case wasm::Heap::noexn:
    case wasm::Heap::bottom:
    case wasm::Heap::kCount: return false;
  }
  return false;
}

}  // namespace dewar::runtime
