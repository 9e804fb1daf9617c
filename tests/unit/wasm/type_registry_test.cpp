// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Canonicalization of recursive groups (spec 3.1.3, iso-recursive): equal groups share ids, all others do not;
// subtyping over the declared chain; many threads interning the same and different types at once.
#include "wasm/type_registry.h"

#include <gtest/gtest.h>

#include <thread>

namespace dewar::wasm {
namespace {

SubType func(std::vector<ValType> params, std::vector<ValType> results = {}) {
  SubType t;
  t.params = std::move(params);
  t.results = std::move(results);
  return t;
}

SubType structure(std::vector<FieldType> fields) {
  SubType t;
  t.kind = CompositeKind::struct_;
  t.fields = std::move(fields);
  return t;
}

SubType open(SubType t) {
  t.is_final = false;
  return t;
}

SubType below(u32 super, SubType t) {
  t.is_final = false;
  t.has_super = true;
  t.super = TypeIndex{super};
  return t;
}

ValType ref(u32 index) { return ValType::ref(TypeIndex{index}, true); }

/// A module's type section over one registry.
struct Space {
  explicit Space(TypeRegistry& r) : registry(r) {}
  CanonId add(std::vector<SubType> group) {
    const auto first = static_cast<u32>(canon.size());
    std::vector<CanonId> ids(group.size());
    EXPECT_TRUE(registry.intern(group, first, canon, ids).has_value());
    canon.insert(canon.end(), ids.begin(), ids.end());
    return ids.empty() ? CanonId{} : ids.front();
  }
  TypeRegistry& registry;
  std::vector<CanonId> canon;
};

TEST(TypeRegistry, EqualTypesShareAnIdAcrossModules) {
  TypeRegistry registry;
  Space a(registry), b(registry);
  const CanonId x = a.add({func({kI32}, {kI64})});
  b.add({func({kI64})});
  EXPECT_EQ(b.add({func({kI32}, {kI64})}), x);
  EXPECT_NE(b.add({func({kI64}, {kI32})}), x);
  EXPECT_NE(b.add({func({kI32, kI64})}), x) << "a parameter is no result";
  EXPECT_NE(b.add({open(func({kI32}, {kI64}))}), x) << "finality is part of the type";
  EXPECT_EQ(registry.size(), 5u);
}

TEST(TypeRegistry, FieldsDifferByTypePackingAndMutability) {
  TypeRegistry registry;
  Space s(registry);
  std::vector<CanonId> ids = {s.add({structure({{kI32, false}})}),
                              s.add({structure({{kI32, true}})}),
                              s.add({structure({{ValType(ValType::kI8), false}})}),
                              s.add({structure({{ValType(ValType::kI16), false}})}),
                              s.add({structure({})}),
                              s.add({structure({{kI32, false}, {kI32, false}})})};
  SubType array = structure({{kI32, false}});
  array.kind = CompositeKind::array;
  ids.push_back(s.add({array}));
  for (usize i = 0; i < ids.size(); ++i) {
    for (usize j = 0; j < i; ++j) EXPECT_NE(ids[i], ids[j]) << i << " " << j;
  }
}

TEST(TypeRegistry, RecursionIsRelativeToTheGroup) {
  TypeRegistry registry;
  Space a(registry), b(registry);
  b.add({func({})});
  b.add({func({kF32})});
  // The same list type at module index 0 and at 2.
  const CanonId list_a = a.add({structure({{ref(0), true}})});
  const CanonId list_b = b.add({structure({{ref(2), true}})});
  EXPECT_EQ(list_a, list_b);
  // Unrolled once: refers to the first group from outside, hence another type.
  const CanonId outer = a.add({structure({{ref(0), true}})});
  EXPECT_NE(outer, list_a);
  // Through either name of an equal type it is the same.
  b.add({structure({{ref(2), true}})});
  EXPECT_EQ(b.canon[3], outer);
}

TEST(TypeRegistry, GroupsAreEqualOnlyAsAWhole) {
  TypeRegistry registry;
  Space a(registry);
  a.add({structure({{ref(1), false}}), structure({{ref(0), false}})});
  a.add({structure({{ref(3), false}}), structure({{ref(2), false}})});
  EXPECT_EQ(a.canon[0], a.canon[2]);
  EXPECT_EQ(a.canon[1], a.canon[3]);
  EXPECT_NE(a.canon[0], a.canon[1]) << "members of one group are distinct, even if alike";
  a.add({func({})});
  a.add({func({}), func({})});
  EXPECT_NE(a.canon[4], a.canon[5]) << "alone and in a group are different types";
  EXPECT_NE(a.canon[5], a.canon[6]);
  a.add({structure({{ref(8), false}}), structure({{ref(7), false}}), func({})});
  EXPECT_NE(a.canon[7], a.canon[0]);
}

TEST(TypeRegistry, StoredTypesAreInCanonicalSpace) {
  TypeRegistry registry;
  Space a(registry), b(registry);
  a.add({func({})});
  b.add({func({kI32})});
  b.add({func({})});
  b.add({structure({{ref(1), true}, {ref(2), false}})});
  const CanonSubType& t = registry.type(b.canon[2]);
  EXPECT_EQ(t.kind, CompositeKind::struct_);
  EXPECT_EQ(t.fields[0].type.index(), a.canon[0]);
  EXPECT_EQ(t.fields[1].type.index(), b.canon[2]);
  EXPECT_TRUE(t.fields[0].mut);
  EXPECT_EQ(t.group_first, b.canon[2].value);
}

TEST(TypeRegistry, SubtypingFollowsTheDeclaredChain) {
  TypeRegistry registry;
  Space s(registry);
  s.add({open(structure({}))});
  for (u32 i = 1; i <= 63; ++i) s.add({below(i - 1, structure({}))});
  s.add({open(structure({{kI32, false}}))});
  const u32 other = 64;
  for (u32 i = 0; i <= 63; ++i) {
    for (u32 j = 0; j <= 63; ++j) EXPECT_EQ(registry.is_subtype(s.canon[i], s.canon[j]), j <= i) << i << " " << j;
    EXPECT_FALSE(registry.is_subtype(s.canon[i], s.canon[other]));
    EXPECT_FALSE(registry.is_subtype(s.canon[other], s.canon[i]));
  }
}

TEST(TypeRegistry, ValueTypesMatchWithNullabilityAndKind) {
  TypeRegistry registry;
  Space s(registry);
  s.add({open(structure({}))});
  s.add({below(0, structure({}))});
  s.add({func({})});
  SubType array = structure({{kI32, false}});
  array.kind = CompositeKind::array;
  s.add({array});
  const auto concrete = [&](u32 i, bool null) { return CanonValType::ref(s.canon[i], null); };
  const auto abstract = [](Heap h, bool null) { return CanonValType::ref(h, null); };
  EXPECT_TRUE(registry.matches(concrete(1, false), concrete(0, true)));
  EXPECT_FALSE(registry.matches(concrete(1, true), concrete(0, false)));
  EXPECT_FALSE(registry.matches(concrete(0, false), concrete(1, false)));
  EXPECT_TRUE(registry.matches(concrete(0, false), abstract(Heap::struct_, false)));
  EXPECT_TRUE(registry.matches(concrete(0, false), abstract(Heap::eq, true)));
  EXPECT_FALSE(registry.matches(concrete(0, false), abstract(Heap::array, true)));
  EXPECT_TRUE(registry.matches(concrete(3, false), abstract(Heap::array, true)));
  EXPECT_TRUE(registry.matches(concrete(2, false), abstract(Heap::func, false)));
  EXPECT_FALSE(registry.matches(concrete(2, false), abstract(Heap::any, true)));
  EXPECT_TRUE(registry.matches(abstract(Heap::none, true), concrete(0, true)));
  EXPECT_FALSE(registry.matches(abstract(Heap::none, true), concrete(0, false)));
  EXPECT_FALSE(registry.matches(abstract(Heap::none, true), concrete(2, true)));
  EXPECT_TRUE(registry.matches(abstract(Heap::nofunc, true), concrete(2, true)));
  EXPECT_FALSE(registry.matches(abstract(Heap::struct_, true), concrete(0, true)));
  EXPECT_TRUE(registry.matches(abstract(Heap::bottom, false), concrete(2, false)));
  EXPECT_TRUE(registry.matches(CanonValType(), CanonValType(CanonValType::kI32)));
  EXPECT_FALSE(registry.matches(CanonValType(CanonValType::kI32), CanonValType(CanonValType::kI64)));
}

TEST(TypeRegistry, HostFunctionTypesMeetModuleTypes) {
  TypeRegistry registry;
  Space s(registry);
  const std::vector<CanonValType> params = {CanonValType(CanonValType::kI32)};
  const auto host = registry.func_type(params, {});
  ASSERT_TRUE(host.has_value());
  EXPECT_EQ(s.add({func({kI32})}), *host);
  EXPECT_EQ(*registry.func_type(params, {}), *host);
}

TEST(TypeRegistry, GrowsOverManyChunksAndKeepsReferences) {
  TypeRegistry registry;
  Space s(registry);
  s.add({func({})});
  const CanonSubType* first = &registry.type(s.canon[0]);
  for (u32 i = 1; i < 20'000; ++i) s.add({func({ref(i - 1)})});
  EXPECT_EQ(registry.size(), 20'000u);
  EXPECT_EQ(&registry.type(s.canon[0]), first);
  for (u32 i = 1; i < 20'000; ++i) EXPECT_EQ(registry.type(s.canon[i]).params[0].index(), s.canon[i - 1]);
}

TEST(TypeRegistry, OneBigGroupSpansChunks) {
  TypeRegistry registry;
  Space s(registry), t(registry);
  std::vector<SubType> group;
  for (u32 i = 0; i < 5000; ++i) group.push_back(func({ref((i + 1) % 5000)}));
  s.add(group);
  EXPECT_EQ(t.add(group), s.canon[0]);
  EXPECT_EQ(registry.size(), 5000u);
  group[4999].results.push_back(kI32);
  Space u(registry);
  EXPECT_NE(u.add(group), s.canon[0]);
}

TEST(TypeRegistry, ThreadsAgreeOnIds) {
  TypeRegistry registry;
  constexpr u32 kThreads = 8, kTypes = 400;
  std::vector<std::vector<CanonId>> seen(kThreads);
  std::vector<std::thread> threads;
  for (u32 n = 0; n < kThreads; ++n) {
    threads.emplace_back([&, n] {
      Space s(registry);
      s.add({open(structure({}))});
      for (u32 i = 1; i < kTypes; ++i) {
        // Every thread adds the same chain; readers run against the writers of the others.
        std::vector<FieldType> fields(i % 7, FieldType{kI64, true});
        fields.push_back({ref(i - 1), false});
        s.add({open(structure(fields))});
        EXPECT_EQ(registry.type(s.canon[i]).fields.back().type.index(), s.canon[i - 1]);
        EXPECT_FALSE(registry.is_subtype(s.canon[i], s.canon[i - 1]));
      }
      seen[n] = s.canon;
    });
  }
  for (auto& t : threads) t.join();
  for (u32 n = 1; n < kThreads; ++n) EXPECT_EQ(seen[n], seen[0]);
  EXPECT_EQ(registry.size(), kTypes);
}

}  // namespace
}  // namespace dewar::wasm
