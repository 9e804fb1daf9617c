// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Layouts, allocation with its exact limit, and marking; see heap.h. The mark stack has room for every object that can
// exist, as address space that is touched only as far as a collection needs it: marking never overflows, never recurses
// and visits each object once.
#include "gc/heap.h"

#include <algorithm>

#include "gc/blocks.h"

namespace dewar::gc {
namespace {

/// A collection is worth its time when this much was allocated, and at least as much as survived the last one.
constexpr u64 kMinBetweenCollections = u64{4} << 20;
/// The mark stack keeps this much between collections.
constexpr usize kKeepMarkStack = usize{256} << 10;

constexpr bool is_object_ref(Ref r) { return r != runtime::kNullRef && (r & 7) == 0; }

u32 storage_bytes(wasm::CanonValType type) {
  using V = wasm::CanonValType;
  switch (type.kind()) {
    case V::kI8: return 1;
    case V::kI16: return 2;
    case V::kI64:
    case V::kF64: return 8;
    case V::kV128: return 16;
    default: return 4;
  }
}

Layout layout_of(const wasm::CanonSubType& type) {
  Layout out;
  const auto place = [&](wasm::CanonValType field, u64 at) {
    out.offsets.push_back(static_cast<u32>(at));
    if (field.is_ref()) out.ref_offsets.push_back(static_cast<u32>(at));
  };
  u64 at = 0;
  switch (type.kind) {
    case wasm::CompositeKind::func:
      for (const auto param : type.params) {
        place(param, at);
        at += param.slots() * sizeof(Slot);
      }
      break;
    case wasm::CompositeKind::struct_:
      // In declaration order, each at its natural alignment: a subtype has its supertype's layout as a prefix.
      for (const auto& field : type.fields) {
        const u64 bytes = storage_bytes(field.type);
        const u64 align = std::min<u64>(bytes, 8);
        at = (at + align - 1) & ~(align - 1);
        place(field.type, at);
        at += bytes;
      }
      break;
    case wasm::CompositeKind::array:
      out.is_array = true;
      at = storage_bytes(type.fields[0].type);
      if (type.fields[0].type.is_ref()) out.ref_offsets.push_back(0);
      break;
  }
  out.size = static_cast<u32>(at);
  return out;
}

}  // namespace

struct Heap::Impl {
  Blocks blocks;
  base::Mapping mark_stack;
  usize mark_high = 0;  ///< most bytes of it that were used since it was given back
};

Heap::Heap(const wasm::TypeRegistry& types, u64 max_bytes)
    : types_(types),
      max_bytes_(std::min(max_bytes, Blocks::kMaxRegion)),
      collect_after_(kMinBetweenCollections),
      impl_(std::make_unique<Impl>()) {}

Heap::~Heap() = default;

const Layout& Heap::make_layout(wasm::CanonId type) {
  if (type.value >= layouts_.size()) layouts_.resize(types_.size());
  layouts_[type.value] = std::make_unique<Layout>(layout_of(types_.type(type)));
  return *layouts_[type.value];
}

bool Heap::reserve() {
  if (!impl_->blocks.reserve(2 * max_bytes_ + (u64{1} << 20))) return false;
  auto stack = base::Mapping::reserve(max_bytes_ / kMinCell * sizeof(Ref) + sizeof(Ref));
  if (!stack || !stack->commit(0, stack->size())) return false;
  impl_->mark_stack = std::move(*stack);
  base_ = impl_->blocks.base();
  return true;
}

Ref Heap::allocate(u64 payload_bytes, u32 word0, u32 word1, base::StopBits stop) {
  const u64 bytes = payload_bytes + kHeaderBytes;
  const u64 rounded = rounded_bytes(bytes);
  if (rounded > max_bytes_ - counted_) return runtime::kNullRef;
  if (!base_ && !reserve()) return runtime::kNullRef;
  const Ref r =
      bytes <= kMaxSmall ? impl_->blocks.allocate_small(class_of(bytes)) : impl_->blocks.allocate_large(bytes, stop);
  if (r == runtime::kNullRef) return r;
  allocated_ += rounded;
  counted_ += rounded;
  allocated_since_ += rounded;
  header(r)[0] = word0;
  header(r)[1] = word1;
  return r;
}

Ref Heap::new_struct(wasm::CanonId type) { return allocate(layout(type).size, type.value, 0); }

Ref Heap::new_array(wasm::CanonId type, u32 length, base::StopBits stop) {
  return allocate(u64{layout(type).size} * length, type.value, length, stop);
}

Ref Heap::new_exception(u32 tag, wasm::CanonId type) { return allocate(layout(type).size, type.value | kExnBit, tag); }

void Heap::begin_mark(base::StopBits stop) {
  stop_ = stop;
  abandoned_ = !impl_->blocks.clear_marks(stop);
}

void Heap::mark(Ref root) {
  constexpr u32 kElements = 4096;  // between two looks at whether to stop
  if (abandoned_ || !impl_->blocks.mark(root)) return;
  Ref* const stack = reinterpret_cast<Ref*>(impl_->mark_stack.data());
  usize depth = 0, deepest = 0;
  stack[depth++] = root;
  const auto visit = [&](Ref r) {
    if (is_object_ref(r) && impl_->blocks.mark(r)) stack[depth++] = r;
  };
  while (depth > 0 && !abandoned_) {
    abandoned_ = stop_.stopped();
    const Ref r = stack[--depth];
    const Layout& type = layout(type_of(r));
    if (type.is_array) {
      if (!type.ref_offsets.empty()) {
        const Ref* elements = reinterpret_cast<const Ref*>(payload(r));
        for (u32 i = 0, n = array_length(r); i < n && !abandoned_; abandoned_ = stop_.stopped())
          for (const u32 until = n - i < kElements ? n : i + kElements; i < until; ++i) visit(elements[i]);
      }
    } else {
      for (const u32 offset : type.ref_offsets) visit(*reinterpret_cast<const Ref*>(payload(r) + offset));
    }
    deepest = std::max(deepest, depth);
  }
  impl_->mark_high = std::max(impl_->mark_high, deepest * sizeof(Ref));
}

void Heap::undo_large(Ref r, base::StopBits stop) {
  const u64 rounded = impl_->blocks.undo_large(r, stop);
  allocated_ -= rounded;
  counted_ -= rounded;
  allocated_since_ -= rounded;
}

bool Heap::sweep(bool due) {
  if (abandoned_) return false;
  ++collections_;
  peak_ = peak_bytes();
  allocated_ = base_ ? impl_->blocks.sweep(stop_) : 0;
  if (due) {
    counted_ = allocated_;
    allocated_since_ = 0;
    collect_after_ = std::max(kMinBetweenCollections, allocated_);
  }
  if (impl_->mark_high > kKeepMarkStack) {
    // Only memory is at stake: if the system refuses, it stays as it is.
    if (give_back(impl_->mark_stack, 0, impl_->mark_stack.size(), stop_) == impl_->mark_stack.size())
      impl_->mark_high = 0;
  }
  return true;
}

bool Heap::is_object(Ref r) const { return base_ && is_object_ref(r) && impl_->blocks.is_object(r); }

Ref Heap::next_object(Ref after) const { return base_ ? impl_->blocks.next_object(after) : runtime::kNullRef; }

}  // namespace dewar::gc
