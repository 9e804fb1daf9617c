// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Allocation on the GC heap with the rule of when to collect: in the stress mode before every allocation, when enough
// has been allocated since the last time, and once more before a refusal is final. For code that is at a safe point.
#pragma once

#include "gc/heap.h"
#include "runtime/store.h"

namespace dewar::runtime {

/// Calls make() -> Ref, which allocates. kNullRef means TrapKind::gc_heap_exhausted. Everything that must survive is a
/// root before the call: frames, Store::temp_roots() and the like.
template <class Make>
Ref allocate(Store& store, Make make) {
  if (store.engine().options().gc_stress || store.heap().wants_collection()) store.collect();
  Ref r = make();
  if (r == kNullRef) {
    store.collect();
    r = make();
  }
  return r;
}

}  // namespace dewar::runtime
