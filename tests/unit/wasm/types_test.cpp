// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Abstract heap subtyping (spec 3.3.3) against the hierarchy written down a second time, and type texts.
#include "wasm/types.h"

#include <gtest/gtest.h>

#include <string>

#include "wasm/type_registry.h"

namespace dewar::wasm {
namespace {

/// Direct supertypes.
std::vector<Heap> parents(Heap h) {
  switch (h) {
    case Heap::nofunc: return {Heap::func};
    case Heap::noextern: return {Heap::extern_};
    case Heap::noexn: return {Heap::exn};
    case Heap::eq: return {Heap::any};
    case Heap::i31:
    case Heap::struct_:
    case Heap::array: return {Heap::eq};
    case Heap::none: return {Heap::i31, Heap::struct_, Heap::array};
    default: return {};
  }
}

bool reaches(Heap sub, Heap super) {
  if (sub == super || sub == Heap::bottom) return true;
  for (Heap p : parents(sub)) {
    if (reaches(p, super)) return true;
  }
  return false;
}

TEST(HeapTypes, MatchAlongTheHierarchy) {
  for (u32 a = 0; a < static_cast<u32>(Heap::kCount); ++a) {
    for (u32 b = 0; b < static_cast<u32>(Heap::kCount); ++b) {
      EXPECT_EQ(heap_matches(static_cast<Heap>(a), static_cast<Heap>(b)),
                reaches(static_cast<Heap>(a), static_cast<Heap>(b)))
          << a << " <= " << b;
    }
  }
}

TEST(HeapTypes, TopsAndBottomsBracketEveryType) {
  for (u32 a = 0; a < static_cast<u32>(Heap::bottom); ++a) {
    const auto h = static_cast<Heap>(a);
    EXPECT_TRUE(heap_matches(h, heap_top(h)));
    EXPECT_TRUE(heap_matches(heap_bottom(h), h));
    EXPECT_EQ(heap_top(heap_top(h)), heap_top(h));
    EXPECT_EQ(heap_top(heap_bottom(h)), heap_top(h));
    EXPECT_TRUE(parents(heap_top(h)).empty());
  }
}

TEST(ValTypes, PackIndexAndNullability) {
  const ValType t = ValType::ref(TypeIndex{999'999}, true);
  EXPECT_TRUE(t.is_ref() && t.is_concrete() && t.nullable() && t.defaultable());
  EXPECT_EQ(t.index(), TypeIndex{999'999});
  EXPECT_EQ(t.with_null(false), ValType::ref(TypeIndex{999'999}, false));
  EXPECT_FALSE(t.with_null(false).defaultable());
  EXPECT_EQ(CanonValType::ref(CanonId{TypeRegistry::kMaxTypes - 1}, false).index().value, TypeRegistry::kMaxTypes - 1);
  EXPECT_EQ(kV128.slots(), 2u);
  EXPECT_EQ(kI64.slots(), 1u);
  EXPECT_EQ(ValType(ValType::kI8).unpacked(), kI32);
}

TEST(ValTypes, HaveTexts) {
  EXPECT_EQ(to_string(kI32), "i32");
  EXPECT_EQ(to_string(kFuncRef), "funcref");
  EXPECT_EQ(to_string(ValType::ref(Heap::none, true)), "nullref");
  EXPECT_EQ(to_string(ValType::ref(Heap::any, false)), "(ref any)");
  EXPECT_EQ(to_string(ValType::ref(TypeIndex{7}, true)), "(ref null 7)");
  EXPECT_EQ(to_string(CanonValType::ref(CanonId{7}, false)), "(ref #7)");
  EXPECT_EQ(to_string(ValType()), "bottom");
}

}  // namespace
}  // namespace dewar::wasm
