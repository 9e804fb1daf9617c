// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Allocation on the GC heap with the rule of when to collect: when enough has been allocated since the last time, and
// before a refusal is final. Those collections are due and paid for. The stress mode collects before every allocation;
// what is not due of that is free, so that fuel is the same in all modes. For code that is at a safe point.
#pragma once

#include "gc/heap.h"
#include "runtime/store.h"

namespace dewar::runtime {

/// Calls make() -> Ref, which allocates. kNullRef: payer.trap.kind says why (gc_heap_exhausted, out_of_fuel,
/// interrupted). Everything that must survive is a root before the call: frames, Store::temp_roots() and the like. The
/// payer's fuel is the one in memory: the interpreter saves its register before and loads it after.
template <class Make>
Ref allocate(Store& store, Stack& payer, Make make) {
  if (DEWAR_UNLIKELY(store.heap().wants_collection())) {
    if (!store.collect_due(payer)) return kNullRef;
  } else if (DEWAR_UNLIKELY(store.engine().options().gc_stress)) {
    store.collect();
  }
  Ref r = make();
  if (DEWAR_UNLIKELY(r == kNullRef)) {
    if (!store.collect_due(payer)) return kNullRef;
    r = make();
    if (r == kNullRef) payer.trap.kind = TrapKind::gc_heap_exhausted;
  }
  return r;
}

}  // namespace dewar::runtime
