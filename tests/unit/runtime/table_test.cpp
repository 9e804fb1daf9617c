// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tables: edges of size, maximum and limit, and the call cache beside the references.
#include "unit/runtime/fixture.h"

namespace dewar::runtime {
namespace {

using wasm::CanonValType;
using wasm::Heap;

wasm::CanonTableType type_of(Heap heap, u64 min, std::optional<u64> max = {}) {
  wasm::CanonTableType t;
  t.elem = CanonValType::ref(heap, true);
  t.limits = {min, max.value_or(0), max.has_value(), false};
  return t;
}

StoreLimits limited(u64 elements) {
  StoreLimits limits;
  limits.max_table_elements = elements;
  return limits;
}

HostStatus nothing(CallContext&, const Slot*, Slot*) { return HostStatus::ok; }

TEST(Table, StartsWithItsInitialValue) {
  World w;
  const Ref r = must(w.store.new_host_ref(42));
  Table& null_table = *must(w.store.new_table(type_of(Heap::extern_, 3), kNullRef));
  Table& table = *must(w.store.new_table(type_of(Heap::extern_, 3), r));
  for (u64 i = 0; i < 3; ++i) {
    EXPECT_EQ(null_table.refs[i], kNullRef);
    EXPECT_EQ(table.refs[i], r);
  }
  EXPECT_FALSE(table.is_func);
  EXPECT_EQ(table.cache, nullptr);
}

TEST(Table, TheCacheFollowsTheReferences) {
  World w;
  const auto type = must(w.engine.types().func_type({}, {}));
  Func* f = must(w.store.new_host_func(type, nothing, nullptr));
  Func* g = must(w.store.new_host_func(type, nothing, nullptr));
  Table& table = *must(w.store.new_table(type_of(Heap::func, 2), func_ref(f->index)));
  ASSERT_TRUE(table.is_func);
  EXPECT_EQ(table.cache[1], f);
  table.set(w.store, 1, func_ref(g->index));
  EXPECT_EQ(table.cache[1], g);
  table.set(w.store, 0, kNullRef);
  EXPECT_EQ(table.cache[0], nullptr);
  EXPECT_EQ(w.store.grow_table(table, 1000, func_ref(g->index)), 2u);
  EXPECT_EQ(w.store.grow_table(table, 5, kNullRef), 1002u);
  for (u64 i = 0; i < table.size; ++i) {
    Func* expected = table.refs[i] == kNullRef ? nullptr : w.store.func(table.refs[i]);
    ASSERT_EQ(table.cache[i], expected) << i;
  }
  EXPECT_EQ(table.cache[1001], g);
  EXPECT_EQ(table.cache[1002], nullptr);
}

TEST(Table, ATableOfAConcreteFunctionTypeHasACache) {
  World w;
  const auto type = must(w.engine.types().func_type({}, {}));
  wasm::CanonTableType t;
  t.elem = CanonValType::ref(type, true);
  t.limits.min = 1;
  EXPECT_TRUE(must(w.store.new_table(t, kNullRef))->is_func);
  EXPECT_TRUE(must(w.store.new_table(type_of(Heap::nofunc, 1), kNullRef))->is_func);
  EXPECT_FALSE(must(w.store.new_table(type_of(Heap::any, 1), kNullRef))->is_func);
}

TEST(Table, GrowthStopsExactlyAtTheMaximum) {
  World w;
  Table& table = *must(w.store.new_table(type_of(Heap::extern_, 1, 10), kNullRef));
  EXPECT_EQ(w.store.grow_table(table, 10, kNullRef), std::nullopt);
  EXPECT_EQ(w.store.grow_table(table, 8, kNullRef), 1u);
  EXPECT_EQ(w.store.grow_table(table, 2, kNullRef), std::nullopt);
  EXPECT_EQ(w.store.grow_table(table, 1, i31_ref(3)), 9u);
  EXPECT_EQ(w.store.grow_table(table, 1, kNullRef), std::nullopt);
  EXPECT_EQ(w.store.grow_table(table, 0, kNullRef), 10u);
  EXPECT_EQ(table.refs[9], i31_ref(3));
  EXPECT_EQ(table.current_type().limits.min, 10u);
}

TEST(Table, LimitOfTheStoreIsExact) {
  World w({}, limited(100));
  EXPECT_TRUE(w.store.new_table(type_of(Heap::extern_, 100), kNullRef).has_value());
  const auto refused = w.store.new_table(type_of(Heap::extern_, 101), kNullRef);
  ASSERT_FALSE(refused.has_value());
  EXPECT_STREQ(refused.error().code, "limit-table");
  EXPECT_EQ(refused.error().message, "table needs at least 101 elements; the limit is 100");
  Table& table = *must(w.store.new_table(type_of(Heap::extern_, 98, 1000), kNullRef));
  for (const u64 delta : {u64{3}, u64{0xffff'ffff}, ~u64{0}, ~u64{0} - 97}) {
    EXPECT_EQ(w.store.grow_table(table, delta, kNullRef), std::nullopt);
  }
  EXPECT_EQ(w.store.grow_table(table, 2, kNullRef), 98u);
  EXPECT_EQ(w.store.grow_table(table, 1, kNullRef), std::nullopt);
}

TEST(Table, NumberOfTablesIsLimited) {
  StoreLimits limits;
  limits.max_tables = 3;
  World w({}, limits);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(w.store.new_table(type_of(Heap::extern_, 0), kNullRef).has_value());
  EXPECT_STREQ(w.store.new_table(type_of(Heap::extern_, 0), kNullRef).error().code, "limit-table");
}

TEST(Table, RefusalsAreCountedByTheirCause) {
  StoreLimits limits;
  limits.max_table_elements = 10;
  limits.max_memory_bytes = 2 << 16;
  World w({}, limits);
  wasm::CanonTableType bounded = type_of(Heap::extern_, 1);
  bounded.limits.has_max = true;
  bounded.limits.max = 5;
  Table& small = *must(w.store.new_table(bounded, kNullRef));
  EXPECT_EQ(w.store.grow_table(small, 5, kNullRef), std::nullopt);
  EXPECT_EQ(w.store.growth().refused_table.load(), 0u) << "its own maximum forbids it";
  Table& table = *must(w.store.new_table(type_of(Heap::extern_, 1), kNullRef));
  EXPECT_EQ(w.store.grow_table(table, 10, kNullRef), std::nullopt);
  EXPECT_EQ(w.store.growth().refused_table.load(), 1u);
  EXPECT_EQ(w.store.grow_table(table, u64{1} << 40, kNullRef), std::nullopt);
  EXPECT_EQ(w.store.growth().refused_table.load(), 1u) << "no table has so many";
  wasm::MemoryType type;
  type.limits.min = 1;
  auto memory = *w.store.new_memory(type);
  EXPECT_EQ(memory->grow(2), std::nullopt);
  EXPECT_EQ(memory->grow(65535), std::nullopt);
  EXPECT_EQ(memory->grow(65536), std::nullopt) << "more than 4 GiB";
  EXPECT_EQ(w.store.growth().refused_memory.load(), 2u);
  EXPECT_EQ(memory->grow(1), 1u);
  EXPECT_EQ(w.store.growth().refused_total.load() + w.store.growth().refused_system.load(), 0u);
}

TEST(Table, CountsTowardsTheTotal) {
  StoreLimits limits;
  limits.max_total_bytes = 65536 + 4 * 100;
  World w({}, limits);
  wasm::MemoryType memory;
  memory.limits.min = 1;
  EXPECT_TRUE(w.store.new_memory(memory).has_value());
  Table& table = *must(w.store.new_table(type_of(Heap::extern_, 90), kNullRef));
  EXPECT_EQ(w.store.grow_table(table, 11, kNullRef), std::nullopt);
  EXPECT_EQ(w.store.growth().refused_total.load(), 1u);
  EXPECT_EQ(w.store.grow_table(table, 10, kNullRef), 90u);
  EXPECT_EQ(w.store.total_bytes(), limits.max_total_bytes);
  EXPECT_EQ(w.store.growth().refused_total.load(), 1u);
  EXPECT_STREQ(w.store.new_table(type_of(Heap::extern_, 1), kNullRef).error().code, "limit-table");
  EXPECT_STREQ(w.store.new_memory(memory).error().code, "limit-memory");
}

}  // namespace
}  // namespace dewar::runtime
