// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Value, heap, storage, composite and sub types (spec 2.3), in 32 bits where the spec's grammar allows it.
// Each comes in two spaces: module space (concrete heap types are TypeIndex) and canonical space (CanonId).
#pragma once

#include <vector>

#include "wasm/index.h"

namespace dewar::wasm {

/// Abstract heap types (spec 2.3.3), plus kBottom for the validator's unknown references.
enum class Heap : u8 {
  func,
  nofunc,
  extern_,
  noextern,
  any,
  eq,
  i31,
  struct_,
  array,
  none,
  exn,
  noexn,
  bottom,
  kCount
};

/// Value or storage type. `I` is TypeIndex (module space) or CanonId (canonical space).
/// Layout: bits 0..3 kind; bits 4..31 heap code of a reference: < kConcrete an abstract Heap, else index + kConcrete.
template <class I>
class BasicValType {
 public:
  enum Kind : u32 { kBottom, kI32, kI64, kF32, kF64, kV128, kRef, kRefNull, kI8, kI16 };
  static constexpr u32 kConcrete = 32;

  constexpr BasicValType() = default;
  constexpr explicit BasicValType(Kind k) : bits_(k) {}
  static constexpr BasicValType ref(Heap h, bool nullable) {
    return raw((nullable ? kRefNull : kRef) | (static_cast<u32>(h) << 4));
  }
  static constexpr BasicValType ref(I index, bool nullable) {
    return raw((nullable ? kRefNull : kRef) | ((index.value + kConcrete) << 4));
  }
  static constexpr BasicValType raw(u32 bits) {
    BasicValType t;
    t.bits_ = bits;
    return t;
  }

  constexpr u32 bits() const { return bits_; }
  constexpr Kind kind() const { return static_cast<Kind>(bits_ & 15); }
  constexpr bool is_bottom() const { return kind() == kBottom; }
  constexpr bool is_ref() const { return kind() == kRef || kind() == kRefNull; }
  constexpr bool is_num() const { return kind() >= kI32 && kind() <= kF64; }
  constexpr bool is_v128() const { return kind() == kV128; }
  constexpr bool is_packed() const { return kind() == kI8 || kind() == kI16; }
  constexpr bool nullable() const { return kind() == kRefNull; }
  constexpr bool is_concrete() const { return is_ref() && (bits_ >> 4) >= kConcrete; }
  /// Abstract heap type; only where is_ref() && !is_concrete().
  constexpr Heap heap() const { return static_cast<Heap>(bits_ >> 4); }
  /// Type index; only where is_concrete().
  constexpr I index() const { return I{(bits_ >> 4) - kConcrete}; }
  constexpr BasicValType with_null(bool n) const { return raw((bits_ & ~15u) | (n ? kRefNull : kRef)); }
  /// A default value exists (spec 3.2: defaultable).
  constexpr bool defaultable() const { return kind() != kRef; }
  /// Stack slots of 8 bytes (design D5).
  constexpr u32 slots() const { return kind() == kV128 ? 2 : 1; }
  /// i8/i16 become i32.
  constexpr BasicValType unpacked() const { return is_packed() ? BasicValType(kI32) : *this; }
  friend constexpr bool operator==(BasicValType, BasicValType) = default;

 private:
  u32 bits_ = kBottom;
};

template <class I>
struct BasicField {
  BasicValType<I> type;  ///< may be packed
  bool mut = false;
  friend bool operator==(const BasicField&, const BasicField&) = default;
};

enum class CompositeKind : u8 { func, struct_, array };

/// One sub type of a recursive group: `sub final? supers* comptype`.
template <class I>
struct BasicSubType {
  CompositeKind kind = CompositeKind::func;
  bool is_final = true;
  bool has_super = false;  ///< at most one supertype (spec 3.2.11)
  I super{};
  std::vector<BasicValType<I>> params;   ///< func
  std::vector<BasicValType<I>> results;  ///< func
  std::vector<BasicField<I>> fields;     ///< struct; array: exactly one
  u32 group_first = 0;                   ///< index of the first type of the recursive group, in the same space
  u32 group_size = 1;
};

using ValType = BasicValType<TypeIndex>;
using CanonValType = BasicValType<CanonId>;
using FieldType = BasicField<TypeIndex>;
using SubType = BasicSubType<TypeIndex>;
using CanonSubType = BasicSubType<CanonId>;

inline constexpr ValType kI32{ValType::kI32}, kI64{ValType::kI64}, kF32{ValType::kF32}, kF64{ValType::kF64},
    kV128{ValType::kV128};
inline constexpr ValType kFuncRef = ValType::ref(Heap::func, true), kExternRef = ValType::ref(Heap::extern_, true),
                         kExnRef = ValType::ref(Heap::exn, true);

/// Limits of a table or memory (spec 2.3.12). Units: elements, or pages of the memory's page size.
struct Limits {
  u64 min = 0;
  u64 max = 0;  ///< meaningful if has_max
  bool has_max = false;
  bool is64 = false;  ///< index type i64 (memory64)
};

struct MemoryType {
  Limits limits;
  bool shared = false;
  u8 page_log2 = 16;  ///< 16, or 0 with custom-page-sizes
  constexpr u64 page_size() const { return u64{1} << page_log2; }
};

template <class I>
struct BasicTableType {
  BasicValType<I> elem;
  Limits limits;
};
template <class I>
struct BasicGlobalType {
  BasicValType<I> type;
  bool mut = false;
};
using TableType = BasicTableType<TypeIndex>;
using GlobalType = BasicGlobalType<TypeIndex>;
using CanonTableType = BasicTableType<CanonId>;
using CanonGlobalType = BasicGlobalType<CanonId>;

/// Abstract heap subtyping (spec 3.3.3), both abstract. Heap::bottom is below everything.
bool heap_matches(Heap sub, Heap super);
/// The top of the hierarchy that `h` belongs to: func, extern_, any or exn.
Heap heap_top(Heap h);
/// The bottom of that hierarchy: nofunc, noextern, none or noexn.
Heap heap_bottom(Heap h);

}  // namespace dewar::wasm
