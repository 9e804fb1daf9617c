// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The GC heap of one store: precise, non-moving mark-sweep over size classes in one reserved region (design D13).
// Objects are named by 32-bit offsets (runtime::Ref of kind object). Object layout:
//   word 0 (u32): canonical type id, with bit 31 set for an exception (id = the tag's function type);
//   word 1 (u32): array length / tag index / 0;
//   then the payload, 8-byte aligned: struct fields at the offsets of layout(), array elements, exception slots.
// References inside objects are u32 Refs. Collection runs only when the owner says so (safe points).
// Deterministic: the same sequence of calls gives the same refs and the same refusals on every machine. Collections
// that somebody else wants (observers, the stress mode) change neither refusals nor when the next one is due.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "base/mmap.h"
#include "base/stop.h"
#include "runtime/ref.h"
#include "wasm/type_registry.h"

namespace dewar::gc {

using runtime::Ref;

/// Byte layout of a struct or array type, or of the payload of an exception with a function type.
struct Layout {
  bool is_array = false;
  u32 size = 0;                  ///< struct, exception: payload bytes; array: element bytes
  std::vector<u32> offsets;      ///< struct: payload offset of each field; exception: of each parameter
  std::vector<u32> ref_offsets;  ///< payload offsets of references; array: one entry (0) if elements are refs
};

class Heap {
 public:
  static constexpr u32 kExnBit = u32{1} << 31;
  static constexpr u32 kHeaderBytes = 8;

  /// `max_bytes` = exact limit on live + floating allocated bytes (rounded object sizes), at most 4 GiB. Address space
  /// is reserved at the first allocation: up to twice that, so that holes between objects do not count.
  Heap(const wasm::TypeRegistry& types, u64 max_bytes);
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  /// Allocate zeroed objects; kNullRef if the limit would be passed (the caller collects and tries once more), or if to
  /// make the room of a large one zero was stopped.
  Ref new_struct(wasm::CanonId type);
  Ref new_array(wasm::CanonId type, u32 length, base::StopBits stop = {});
  /// An exception of tag `tag` (index in the store) with function type `type`; the payload is one or two 8-byte slots
  /// per parameter, as on the stack. Reference parameters are traced.
  Ref new_exception(u32 tag, wasm::CanonId type);

  /// Layout of a type; the reference stays valid.
  const Layout& layout(wasm::CanonId type) {
    if (DEWAR_LIKELY(type.value < layouts_.size() && layouts_[type.value])) return *layouts_[type.value];
    return make_layout(type);
  }
  u8* payload(Ref r) { return base_ + r + kHeaderBytes; }
  wasm::CanonId type_of(Ref r) const { return wasm::CanonId{header(r)[0] & ~kExnBit}; }
  bool is_exception(Ref r) const { return header(r)[0] & kExnBit; }
  u32 array_length(Ref r) const { return header(r)[1]; }
  u32 exception_tag(Ref r) const { return header(r)[1]; }

  /// Takes back the allocation just made, of an array beyond kMaxSmall, as if it had never been.
  void undo_large(Ref r, base::StopBits stop = {});

  /// True when enough was allocated since the last due collection that the next safe point should collect.
  bool wants_collection() const { return allocated_since_ >= collect_after_; }
  /// Mark phase: begin(); then mark(root) for every root (traces transitively, no recursion on the C stack);
  /// then sweep(). Roots must name live objects. `due`: the heap asked for it (wants_collection, or a refusal).
  void begin_mark(base::StopBits stop = {});
  void mark(Ref root);
  /// Nothing more is marked, and nothing will be swept.
  void abandon_mark() { abandoned_ = true; }
  /// False, with all objects as they were, if not everything was marked, because that was stopped or abandoned.
  bool sweep(bool due = true);

  /// Rounded bytes of all objects that were not swept.
  u64 allocated_bytes() const { return allocated_; }
  /// The same if due collections had been the only ones: what limit, trigger and fuel go by.
  u64 counted_bytes() const { return counted_; }
  /// Most of them at any time.
  u64 peak_bytes() const { return std::max(peak_, counted_); }
  u64 max_bytes() const { return max_bytes_; }
  u64 collections() const { return collections_; }
  /// Does `r` name an object (not yet swept)? For checks and tests.
  bool is_object(Ref r) const;
  /// Calls visit(ref) for every object in the order of addresses.
  template <class Visit>
  void for_each_object(Visit visit) const {
    for (Ref r = next_object(0); r != runtime::kNullRef; r = next_object(r)) visit(r);
  }

 private:
  struct Impl;

  u32* header(Ref r) { return reinterpret_cast<u32*>(base_ + r); }
  const u32* header(Ref r) const { return reinterpret_cast<const u32*>(base_ + r); }
  const Layout& make_layout(wasm::CanonId type);
  /// Space of `payload_bytes` plus header, zeroed, with the header written.
  Ref allocate(u64 payload_bytes, u32 word0, u32 word1, base::StopBits stop = {});
  bool reserve();
  Ref next_object(Ref after) const;

  const wasm::TypeRegistry& types_;
  u8* base_ = nullptr;
  u64 max_bytes_;
  u64 allocated_ = 0;
  u64 counted_ = 0;          ///< never less than allocated_
  u64 peak_ = 0;             ///< of counted_, at the last due collection
  u64 allocated_since_ = 0;  ///< since the last due collection
  u64 collect_after_;
  u64 collections_ = 0;
  base::StopBits stop_;                           ///< of the collection
  bool abandoned_ = false;                        ///< it was stopped before everything was marked
  std::vector<std::unique_ptr<Layout>> layouts_;  ///< by canonical id
  std::unique_ptr<Impl> impl_;
};

}  // namespace dewar::gc
