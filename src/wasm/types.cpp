// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Subtyping of abstract heap types (spec 3.3.3) and the text of types for messages.
// The abstract hierarchy is a constant relation, kept as one bit set of supertypes per heap type.
#include "wasm/types.h"

#include <array>
#include <string>

#include "wasm/type_registry.h"

namespace dewar::wasm {
namespace {

constexpr usize kHeaps = static_cast<usize>(Heap::kCount);

consteval u16 bits(std::initializer_list<Heap> heaps) {
  u16 set = 0;
  for (Heap h : heaps) set = static_cast<u16>(set | (1u << static_cast<u32>(h)));
  return set;
}

/// Supertypes of each heap type, itself included, in the order of Heap.
constexpr std::array<u16, kHeaps> kSupers = {
    bits({Heap::func}),
    bits({Heap::nofunc, Heap::func}),
    bits({Heap::extern_}),
    bits({Heap::noextern, Heap::extern_}),
    bits({Heap::any}),
    bits({Heap::eq, Heap::any}),
    bits({Heap::i31, Heap::eq, Heap::any}),
    bits({Heap::struct_, Heap::eq, Heap::any}),
    bits({Heap::array, Heap::eq, Heap::any}),
    bits({Heap::none, Heap::i31, Heap::struct_, Heap::array, Heap::eq, Heap::any}),
    bits({Heap::exn}),
    bits({Heap::noexn, Heap::exn}),
    static_cast<u16>((1u << kHeaps) - 1),
};

struct HeapText {
  const char* name;       ///< heap type keyword
  const char* shorthand;  ///< keyword of its nullable reference
};
constexpr std::array<HeapText, kHeaps> kHeapText = {{{"func", "funcref"},
                                                     {"nofunc", "nullfuncref"},
                                                     {"extern", "externref"},
                                                     {"noextern", "nullexternref"},
                                                     {"any", "anyref"},
                                                     {"eq", "eqref"},
                                                     {"i31", "i31ref"},
                                                     {"struct", "structref"},
                                                     {"array", "arrayref"},
                                                     {"none", "nullref"},
                                                     {"exn", "exnref"},
                                                     {"noexn", "nullexnref"},
                                                     {"bottom", "(ref null bottom)"}}};

/// `mark` precedes the number of a concrete type, to tell canonical ids from module indices.
template <class I>
std::string type_text(BasicValType<I> t, const char* mark) {
  using V = BasicValType<I>;
  switch (t.kind()) {
    case V::kBottom: return "bottom";
    case V::kI32: return "i32";
    case V::kI64: return "i64";
    case V::kF32: return "f32";
    case V::kF64: return "f64";
    case V::kV128: return "v128";
    case V::kI8: return "i8";
    case V::kI16: return "i16";
    case V::kRef:
    case V::kRefNull: break;
    default: return "?";
  }
  if (t.is_concrete()) {
    return std::string(t.nullable() ? "(ref null " : "(ref ") + mark + std::to_string(t.index().value) + ")";
  }
  const auto h = static_cast<usize>(t.heap());
  if (h >= kHeaps) return "?";
  return t.nullable() ? std::string(kHeapText[h].shorthand) : std::string("(ref ") + kHeapText[h].name + ")";
}

}  // namespace

bool heap_matches(Heap sub, Heap super) { return (kSupers[static_cast<usize>(sub)] >> static_cast<u32>(super)) & 1; }

Heap heap_top(Heap h) {
  switch (h) {
    case Heap::func:
    case Heap::nofunc: return Heap::func;
    case Heap::extern_:
    case Heap::noextern: return Heap::extern_;
    case Heap::exn:
    case Heap::noexn: return Heap::exn;
    case Heap::bottom: return Heap::bottom;
    default: return Heap::any;
  }
}

Heap heap_bottom(Heap h) {
  switch (heap_top(h)) {
    case Heap::func: return Heap::nofunc;
    case Heap::extern_: return Heap::noextern;
    case Heap::exn: return Heap::noexn;
    case Heap::bottom: return Heap::bottom;
    default: return Heap::none;
  }
}

std::string to_string(CanonValType t) { return type_text(t, "#"); }
std::string to_string(ValType t) { return type_text(t, ""); }

}  // namespace dewar::wasm
