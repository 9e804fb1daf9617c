// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ref: the position-independent 32-bit run-time form of every reference (design D6). Never a host pointer.
//   0            null
//   ...xxx1      i31, value in bits 31..1
//   ...x000      offset of an object in the store's GC heap (8-byte aligned; never 0)
//   ...x010      function: index into the store's function table, << 3
//   ...x100      host value (externref made by the embedder): index into the store's host-reference table, << 3
// any.convert_extern and extern.convert_any keep the bits. Upper 32 bits of the slot are undefined.
#pragma once

#include "base/types.h"

namespace dewar::runtime {

using Ref = u32;
inline constexpr Ref kNullRef = 0;

enum class RefKind : u8 { null, i31, object, func, host };

constexpr RefKind ref_kind(Ref r) {
  if (r == 0) return RefKind::null;
  if (r & 1) return RefKind::i31;
  return (r & 7) == 0 ? RefKind::object : (r & 7) == 2 ? RefKind::func : RefKind::host;
}
constexpr Ref i31_ref(u32 value) { return (value << 1) | 1; }
constexpr u32 i31_u(Ref r) { return r >> 1; }
constexpr u32 i31_s(Ref r) { return static_cast<u32>(static_cast<i32>(r) >> 1); }
constexpr Ref func_ref(u32 store_index) { return (store_index << 3) | 2; }
constexpr Ref host_ref(u32 store_index) { return (store_index << 3) | 4; }
constexpr u32 ref_index(Ref r) { return r >> 3; }
/// Most functions / host references that a store can name.
inline constexpr u32 kMaxHandles = 1u << 28;

}  // namespace dewar::runtime
