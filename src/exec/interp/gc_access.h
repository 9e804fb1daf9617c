// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fields and elements of heap objects between slots and packed bytes.
#pragma once

#include <cstring>

#include "exec/interp/handler.h"
#include "gc/heap.h"

namespace dewar::exec::interp {

/// Stores the slot(s) at `from` as a field of type `t` at `to`.
inline void write_field(u8* to, wasm::CanonValType t, const Slot* from) {
  using T = wasm::CanonValType;
  switch (t.kind()) {
    case T::kI8: *to = static_cast<u8>(*from); return;
    case T::kI16: {
      const u16 v = static_cast<u16>(*from);
      std::memcpy(to, &v, 2);
      return;
    }
    case T::kI64:
    case T::kF64: std::memcpy(to, from, 8); return;
    case T::kV128: std::memcpy(to, from, 16); return;
    default: {  // i32, f32, references
      const u32 v = static_cast<u32>(*from);
      std::memcpy(to, &v, 4);
      return;
    }
  }
}

/// Loads a field of type `t` into the slot(s) at `to`; packed fields are extended by kSigned.
template <bool kSigned>
inline void read_field(const u8* from, wasm::CanonValType t, Slot* to) {
  using T = wasm::CanonValType;
  switch (t.kind()) {
    case T::kI8: *to = kSigned ? static_cast<u32>(static_cast<i8>(*from)) : *from; return;
    case T::kI16: {
      u16 v;
      std::memcpy(&v, from, 2);
      *to = kSigned ? static_cast<u32>(static_cast<i16>(v)) : v;
      return;
    }
    case T::kI64:
    case T::kF64: std::memcpy(to, from, 8); return;
    case T::kV128: std::memcpy(to, from, 16); return;
    default: {
      u32 v;
      std::memcpy(&v, from, 4);
      *to = v;
      return;
    }
  }
}

}  // namespace dewar::exec::interp
