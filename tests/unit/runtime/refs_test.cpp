// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Dynamic types of references, and the roots of a collection.
#include <cstring>

#include "unit/runtime/fixture.h"

namespace dewar::runtime {
namespace {

using wasm::CanonValType;
using wasm::Heap;

CanonValType nullable(Heap h) { return CanonValType::ref(h, true); }

TEST(Refs, EncodingRoundTrips) {
  EXPECT_EQ(ref_kind(kNullRef), RefKind::null);
  for (const u32 v : {0u, 1u, 0x3fff'ffffu, 0x4000'0000u, 0x7fff'ffffu}) {
    EXPECT_EQ(ref_kind(i31_ref(v)), RefKind::i31);
    EXPECT_EQ(i31_u(i31_ref(v)), v & 0x7fff'ffff);
  }
  EXPECT_EQ(i31_s(i31_ref(0x4000'0000)), 0xc000'0000u);
  EXPECT_EQ(i31_u(i31_ref(0xffff'ffff)), 0x7fff'ffffu);
  for (const u32 v : {0u, 1u, kMaxHandles - 1}) {
    EXPECT_EQ(ref_kind(func_ref(v)), RefKind::func);
    EXPECT_EQ(ref_index(func_ref(v)), v);
    EXPECT_EQ(ref_kind(host_ref(v)), RefKind::host);
    EXPECT_EQ(ref_index(host_ref(v)), v);
  }
}

struct MatchTest : ::testing::Test {
  World w;
  Instance& types = w.instantiated(R"((module
    (type $base (sub (struct (field i32))))
    (type $derived (sub $base (struct (field i32) (field i32))))
    (type $array (array i8))
    (type $fbase (sub (func)))
    (type $fderived (sub $fbase (func)))
    (func (type $fderived)) (func (param i32))))");
  CanonValType concrete(u32 index, bool null = false) { return CanonValType::ref(types.module->canon[index], null); }
  bool is(Ref r, Heap h) { return w.store.ref_matches(r, CanonValType::ref(h, false)); }
  bool is(Ref r, u32 index) { return w.store.ref_matches(r, concrete(index)); }
  /// The abstract heap types a reference belongs to, as text.
  std::string hierarchy(Ref r) {
    std::string out;
    for (u32 h = 0; h < static_cast<u32>(Heap::bottom); ++h) {
      if (is(r, static_cast<Heap>(h))) out += to_string(CanonValType::ref(static_cast<Heap>(h), true)) + " ";
      EXPECT_EQ(w.store.ref_matches(r, nullable(static_cast<Heap>(h))), is(r, static_cast<Heap>(h)));
    }
    return out;
  }
};

TEST_F(MatchTest, NullBelongsToNullableTypesOnly) {
  for (u32 h = 0; h < static_cast<u32>(Heap::bottom); ++h) {
    EXPECT_TRUE(w.store.ref_matches(kNullRef, nullable(static_cast<Heap>(h))));
    EXPECT_FALSE(is(kNullRef, static_cast<Heap>(h)));
  }
  EXPECT_TRUE(w.store.ref_matches(kNullRef, concrete(0, true)));
  EXPECT_FALSE(w.store.ref_matches(kNullRef, concrete(0)));
}

TEST_F(MatchTest, AbstractHierarchies) {
  gc::Heap& heap = w.store.heap();
  EXPECT_EQ(hierarchy(i31_ref(1)), "externref anyref eqref i31ref ");
  EXPECT_EQ(hierarchy(heap.new_struct(types.module->canon[0])), "externref anyref eqref structref ");
  EXPECT_EQ(hierarchy(heap.new_array(types.module->canon[2], 1)), "externref anyref eqref arrayref ");
  EXPECT_EQ(hierarchy(must(w.store.new_host_ref(1))), "externref anyref ");
  EXPECT_EQ(hierarchy(func_ref(types.funcs[0]->index)), "funcref ");
  EXPECT_EQ(hierarchy(heap.new_exception(0, types.module->canon[5])), "exnref ");
}

TEST_F(MatchTest, ConcreteTypes) {
  gc::Heap& heap = w.store.heap();
  const Ref base = heap.new_struct(types.module->canon[0]);
  const Ref derived = heap.new_struct(types.module->canon[1]);
  EXPECT_TRUE(is(base, 0));
  EXPECT_FALSE(is(base, 1));
  EXPECT_TRUE(is(derived, 0));
  EXPECT_TRUE(is(derived, 1));
  EXPECT_FALSE(is(derived, 2));
  EXPECT_TRUE(is(heap.new_array(types.module->canon[2], 0), 2));
  const Ref f = func_ref(types.funcs[0]->index), g = func_ref(types.funcs[1]->index);
  EXPECT_TRUE(is(f, 3));
  EXPECT_TRUE(is(f, 4));
  EXPECT_FALSE(is(g, 3));
  EXPECT_TRUE(is(g, 5));
  EXPECT_FALSE(is(i31_ref(0), 0));
  EXPECT_FALSE(is(must(w.store.new_host_ref(1)), 0));
  // An exception is not a function, though it carries a function type.
  EXPECT_FALSE(is(heap.new_exception(0, types.module->canon[5]), 5));
}

struct RootTest : ::testing::Test {
  World w;
  Instance& instance = w.instantiated(R"((module (type $s (struct (field anyref)))
    (global (export "g") (mut anyref) (ref.null any)) (global (export "f") (mut funcref) (ref.null func))
    (table (export "t") 3 anyref) (func) (table 2 funcref) (elem (table 1) (i32.const 0) func 0)
    (elem anyref (item (struct.new_default $s)) (item (ref.null any)))))");

  Ref make() { return w.store.heap().new_struct(instance.module->canon[0]); }
  bool alive(Ref r) { return w.store.heap().is_object(r); }
};

TEST_F(RootTest, EachKindOfRootKeepsItsObject) {
  const Ref in_global = make(), in_table = make(), in_host = make(), in_temp = make(), in_stack = make(), lost = make();
  const Ref in_elem = instance.elem_refs[1][0];
  instance.globals[0]->value[0] = u64{0xdeadbeef} << 32 | in_global;
  instance.globals[1]->value[0] = func_ref(instance.funcs[0]->index);
  instance.tables[0]->set(w.store, 2, in_table);
  instance.tables[0]->set(w.store, 1, i31_ref(3));
  w.store.host_roots() = {kNullRef, in_host, must(w.store.new_host_ref(1)), i31_ref(1)};
  w.store.temp_roots().push_back(in_temp);
  w.stack->exception = in_stack;
  w.store.collect();
  for (const Ref r : {in_global, in_table, in_host, in_temp, in_stack, in_elem}) EXPECT_TRUE(alive(r));
  EXPECT_FALSE(alive(lost));

  instance.globals[0]->value[0] = 0;
  instance.tables[0]->set(w.store, 2, kNullRef);
  w.store.host_roots().clear();
  w.store.temp_roots().clear();
  w.stack->exception = kNullRef;
  instance.elem_refs[1].reset();
  instance.dropped_elems[1] = true;
  w.store.collect();
  for (const Ref r : {in_global, in_table, in_host, in_temp, in_stack, in_elem}) EXPECT_FALSE(alive(r));
  EXPECT_EQ(w.store.heap().allocated_bytes(), 0u);
}

Ref g_frame_root = kNullRef;
std::vector<Stack*> g_visited;

TEST_F(RootTest, FramesOfEveryStackAreAsked) {
  const auto second = must(Stack::create(w.store));
  g_frame_root = make();
  g_visited.clear();
  w.store.hooks.visit_roots = [](Stack& stack, void (*visit)(void*, Ref), void* user) {
    g_visited.push_back(&stack);
    visit(user, g_frame_root);
    visit(user, kNullRef);
    visit(user, i31_ref(4));
    visit(user, func_ref(0));
  };
  w.store.collect();
  EXPECT_TRUE(alive(g_frame_root));
  EXPECT_EQ(g_visited, (std::vector<Stack*>{w.stack.get(), second.get()}));
}

TEST_F(RootTest, ObjectsReachableThroughObjects) {
  const Ref a = make(), b = make(), c = make();
  std::memcpy(w.store.heap().payload(a), &b, 4);
  std::memcpy(w.store.heap().payload(b), &c, 4);
  std::memcpy(w.store.heap().payload(c), &a, 4);
  w.store.host_roots() = {b};
  w.store.collect();
  EXPECT_TRUE(alive(a) && alive(b) && alive(c));
  w.store.host_roots().clear();
  w.store.collect();
  EXPECT_FALSE(alive(a) || alive(b) || alive(c));
}

}  // namespace
}  // namespace dewar::runtime
