// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The GC heap of one store: precise, non-moving mark-sweep over size classes in one reserved region (design D13).
// Objects are named by 32-bit offsets (runtime::Ref of kind object). Object layout:
//   word 0 (u32): canonical type id, with bit 31 set for an exception (id = the tag's function type);
//   word 1 (u32): array length / tag index / 0;
//   then the payload, 8-byte aligned: struct fields at the offsets of layout(), array elements, exception slots.
// References inside objects are u32 Refs. Collection runs only when the owner says so (safe points).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/mmap.h"
#include "runtime/ref.h"
#include "wasm/type_registry.h"

namespace dewar::gc {

using runtime::Ref;

/// Byte layout of a struct or array type.
struct Layout {
  u32 size = 0;                   ///< struct: payload bytes; array: element bytes
  std::vector<u32> offsets;       ///< struct: payload offset of each field
  std::vector<u32> ref_offsets;   ///< struct: payload offsets of reference fields; array: one entry if elements are refs
};

class Heap {
 public:
  static constexpr u32 kExnBit = u32{1} << 31;
  static constexpr u32 kHeaderBytes = 8;

  /// `max_bytes` = exact limit on live + floating allocated bytes (rounded object sizes), at most 4 GiB.
  Heap(const wasm::TypeRegistry& types, u64 max_bytes);
  ~Heap();

  /// Allocate zeroed objects; kNullRef if the limit would be passed (the caller collects and tries once more).
  Ref new_struct(wasm::CanonId type);
  Ref new_array(wasm::CanonId type, u32 length);
  /// An exception of tag `tag` (index in the store) with function type `type`; the payload is one or two 8-byte slots
  /// per parameter, as on the stack. Reference parameters are traced.
  Ref new_exception(u32 tag, wasm::CanonId type);

  const Layout& layout(wasm::CanonId type);
  u8* payload(Ref r) { return base_ + r + kHeaderBytes; }
  wasm::CanonId type_of(Ref r) const { return wasm::CanonId{header(r)[0] & ~kExnBit}; }
  bool is_exception(Ref r) const { return header(r)[0] & kExnBit; }
  u32 array_length(Ref r) const { return header(r)[1]; }
  u32 exception_tag(Ref r) const { return header(r)[1]; }

  /// True when enough was allocated since the last collection that the next safe point should collect.
  bool wants_collection() const;
  /// Mark phase: begin(); then mark(root) for every root (traces transitively, no recursion on the C stack);
  /// then sweep().
  void begin_mark();
  void mark(Ref root);
  void sweep();

  u64 allocated_bytes() const;
  u64 collections() const;

 private:
  const u32* header(Ref r) const { return reinterpret_cast<const u32*>(base_ + r); }
  struct Impl;
  u8* base_ = nullptr;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dewar::gc
