// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instantiation: index spaces, order and effects of segments, traps that leave an instance behind, start functions.
#include <cstring>

#include "unit/runtime/fixture.h"

namespace dewar::runtime {
namespace {

struct InstantiateTest : ::testing::Test {
  World w;

  std::string memory_text(Instance& instance, u64 at, u64 n) {
    return std::string(reinterpret_cast<const char*>(instance.memories[0]->base + at), n);
  }
  void traps(std::string_view wat, TrapKind kind, std::string_view detail) {
    const Instantiated done = must(w.try_instantiate(wat));
    EXPECT_EQ(done.outcome, Outcome::trapped);
    ASSERT_NE(done.instance, nullptr);
    EXPECT_EQ(trap_code(w.stack->trap.kind), trap_code(kind));
    EXPECT_EQ(w.stack->trap.detail, detail);
  }
};

TEST_F(InstantiateTest, ImportsComeFirstInEveryIndexSpace) {
  Instance& a = w.instantiated(R"((module (func (export "f")) (memory (export "m") 1) (table (export "t") 1 funcref)
    (global (export "g") i32 (i32.const 7)) (tag (export "e"))))");
  w.linker.define_instance("a", a);
  Instance& b = w.instantiated(R"((module
    (import "a" "g" (global i32)) (import "a" "e" (tag)) (import "a" "f" (func)) (import "a" "t" (table 1 funcref))
    (import "a" "m" (memory 1))
    (func (export "f2")) (memory 2) (table 3 externref) (global (export "g2") i64 (i64.const -1)) (tag (param i32))))");
  EXPECT_EQ(b.funcs[0], a.funcs[0]);
  EXPECT_EQ(b.globals[0], a.globals[0]);
  EXPECT_EQ(b.tables[0], a.tables[0]);
  EXPECT_EQ(b.memories[0], a.memories[0]);
  EXPECT_EQ(b.tags[0], a.tags[0]);
  EXPECT_EQ(b.funcs[1]->instance, &b);
  EXPECT_EQ(b.memories[1]->pages(), 2u);
  EXPECT_EQ(b.tables[1]->size, 3u);
  EXPECT_EQ(w.global(b, "g2"), ~u64{0});
  EXPECT_NE(b.tags[1], b.tags[0]);
  EXPECT_EQ(b.memory0, a.memories[0]->base);
  EXPECT_EQ(find_export(b, "f2")->func, b.funcs[1]);
  EXPECT_FALSE(find_export(b, "nothing").has_value());
  EXPECT_EQ(w.store.func(func_ref(b.funcs[1]->index)), b.funcs[1]);
}

TEST_F(InstantiateTest, Memory0IsNullUnlessGuarded) {
  EXPECT_EQ(w.instantiated("(module)").memory0, nullptr);
  EXPECT_EQ(w.instantiated("(module (memory i64 1))").memory0, nullptr);
  EXPECT_NE(w.instantiated("(module (memory 1))").memory0, nullptr);
  EngineOptions options;
  options.explicit_bounds = true;
  World explicit_world(options);
  EXPECT_EQ(explicit_world.instantiated("(module (memory 1))").memory0, nullptr);
}

TEST_F(InstantiateTest, SegmentsAreCopiedInOrder) {
  Instance& i = w.instantiated(R"((module (memory 1) (data (i32.const 10) "abcdef") (data (i32.const 12) "XY")
    (data "passive") (table 6 funcref) (func $f) (func $g)
    (elem (i32.const 1) func $f $f $f) (elem (i32.const 2) func $g) (elem func $g) (elem declare func $f)))");
  EXPECT_EQ(memory_text(i, 10, 6), "abXYef");
  EXPECT_EQ(i.dropped_datas, (std::vector<bool>{true, true, false}));
  Table& t = *i.tables[0];
  EXPECT_EQ(t.refs[0], kNullRef);
  EXPECT_EQ(t.cache[1], i.funcs[0]);
  EXPECT_EQ(t.cache[2], i.funcs[1]);
  EXPECT_EQ(t.cache[3], i.funcs[0]);
  EXPECT_EQ(t.cache[4], nullptr);
  EXPECT_EQ(i.dropped_elems, (std::vector<bool>{true, true, false, true}));
  EXPECT_EQ(i.elem_refs[0], nullptr);
  EXPECT_EQ(i.elem_refs[2][0], func_ref(i.funcs[1]->index));
}

TEST_F(InstantiateTest, ExpressionItemsAndTableInitializers) {
  Instance& i = w.instantiated(R"((module (func $f) (global $g funcref (ref.func $f))
    (table $t 3 funcref (ref.func $f)) (table $u 4 i31ref)
    (elem (table $u) (i32.const 1) (ref null i31) (item (ref.i31 (i32.const 5))) (item (ref.null i31)))
    (elem funcref (item (global.get $g)) (item (ref.null func)))))");
  EXPECT_EQ(i.tables[0]->cache[2], i.funcs[0]);
  EXPECT_EQ(i.tables[1]->refs[1], i31_ref(5));
  EXPECT_EQ(i.tables[1]->refs[2], kNullRef);
  EXPECT_EQ(i.elem_refs[1][0], func_ref(i.funcs[0]->index));
  EXPECT_EQ(i.elem_refs[1][1], kNullRef);
}

TEST_F(InstantiateTest, DataEdges) {
  w.instantiated(R"((module (memory 1) (data (i32.const 65535) "a") (data (i32.const 65536) "")))");
  traps(R"((module (memory 1) (data (i32.const 65536) "a")))", TrapKind::memory_out_of_bounds, "data segment 0");
  traps(R"((module (memory 1) (data (i32.const 65537) "")))", TrapKind::memory_out_of_bounds, "data segment 0");
  traps(R"((module (memory 1) (data (i32.const -1) "ab")))", TrapKind::memory_out_of_bounds, "data segment 0");
  traps(R"((module (memory i64 1) (data (i64.const -1) "ab")))", TrapKind::memory_out_of_bounds, "data segment 0");
  traps(R"((module (memory 0) (data (i32.const 0) "") (data (i32.const 0) "a")))", TrapKind::memory_out_of_bounds,
        "data segment 1");
}

TEST_F(InstantiateTest, ElementEdges) {
  w.instantiated(R"((module (table 2 funcref) (func) (elem (i32.const 1) func 0) (elem (i32.const 2) func)))");
  traps(R"((module (table 2 funcref) (func) (elem (i32.const 2) func 0)))", TrapKind::table_out_of_bounds,
        "element segment 0");
  traps(R"((module (table 2 funcref) (elem (i32.const 3) func)))", TrapKind::table_out_of_bounds, "element segment 0");
  traps(R"((module (table 2 funcref) (func) (elem (i32.const -1) func 0 0)))", TrapKind::table_out_of_bounds,
        "element segment 0");
  traps(R"((module (table i64 2 funcref) (func) (elem (i64.const -1) func 0 0)))", TrapKind::table_out_of_bounds,
        "element segment 0");
}

TEST_F(InstantiateTest, EffectsBeforeATrapStay) {
  Instance& a = w.instantiated(R"((module (table (export "t") 4 funcref) (memory (export "m") 1)))");
  w.linker.define_instance("a", a);
  traps(R"((module (import "a" "t" (table 4 funcref)) (import "a" "m" (memory 1)) (func $f)
    (elem (i32.const 0) func $f) (elem (i32.const 9) func $f) (data (i32.const 0) "never")))",
        TrapKind::table_out_of_bounds, "element segment 1");
  ASSERT_NE(a.tables[0]->cache[0], nullptr);
  EXPECT_NE(a.tables[0]->cache[0]->instance, &a);
  EXPECT_EQ(a.memories[0]->base[0], 0);
  traps(R"((module (import "a" "m" (memory 1)) (data (i32.const 0) "kept") (data (i32.const 65536) "x")))",
        TrapKind::memory_out_of_bounds, "data segment 1");
  EXPECT_EQ(memory_text(a, 0, 4), "kept");
}

TEST_F(InstantiateTest, ABadImportHasNoEffects) {
  Instance& a = w.instantiated(R"((module (memory (export "m") 1)))");
  w.linker.define_instance("a", a);
  const usize before = w.store.instances().size();
  w.error_of(R"((module (import "a" "m" (memory 1)) (import "a" "x" (func)) (data (i32.const 0) "never")))");
  EXPECT_EQ(a.memories[0]->base[0], 0);
  EXPECT_EQ(w.store.instances().size(), before);
}

TEST_F(InstantiateTest, LimitsRefuseBeforeAnythingExists) {
  StoreLimits limits;
  limits.max_memory_bytes = 3 * 65536;
  limits.max_table_elements = 10;
  World small({}, limits);
  EXPECT_STREQ(small.error_of("(module (memory 4))").code, "limit-memory");
  EXPECT_STREQ(small.error_of("(module (memory i64 0x1000000000000))").code, "limit-memory");
  EXPECT_STREQ(small.error_of("(module (table 11 funcref))").code, "limit-table");
  EXPECT_TRUE(small.store.instances().empty());
  Instance& i = small.instantiated("(module (memory 3) (table 10 funcref))");
  EXPECT_EQ(i.memories[0]->grow(1), std::nullopt);
}

TEST_F(InstantiateTest, ResolvedImportsAreMatchedToo) {
  Instance& a = w.instantiated(R"((module (func (export "f")) (global (export "g") i32 (i32.const 0))))");
  const auto module = load(w.engine, R"((module (import "x" "y" (func))))");
  const Extern good[] = {*find_export(a, "f")};
  EXPECT_TRUE(instantiate(w.store, module, good, *w.stack).has_value());
  const Extern bad[] = {*find_export(a, "g")};
  EXPECT_STREQ(instantiate(w.store, module, bad, *w.stack).error().code, "link-type-mismatch");
}

Func* g_started = nullptr;
Stack* g_started_on = nullptr;
Outcome g_outcome = Outcome::returned;
u8 g_seen = 0;

TEST_F(InstantiateTest, TheStartFunctionRunsLast) {
  w.store.hooks.invoke = [](Stack& stack, Func& func, const Slot*, Slot*) {
    g_started = &func;
    g_started_on = &stack;
    g_seen = func.instance->memories[0]->base[3];
    return g_outcome;
  };
  const char* wat = R"((module (memory 1) (data (i32.const 3) "z") (func) (func $s) (start $s)))";
  Instance& i = w.instantiated(wat);
  EXPECT_EQ(g_started, i.funcs[1]);
  EXPECT_EQ(g_started_on, w.stack.get());
  EXPECT_EQ(g_seen, 'z');
  for (const Outcome outcome : {Outcome::trapped, Outcome::threw, Outcome::exited, Outcome::pending}) {
    g_outcome = outcome;
    const Instantiated done = must(w.try_instantiate(wat));
    EXPECT_EQ(done.outcome, outcome);
    EXPECT_NE(done.instance, nullptr);
  }
  g_outcome = Outcome::returned;
  g_started = nullptr;
  traps(R"((module (memory 0) (data (i32.const 3) "z") (func $s) (start $s)))", TrapKind::memory_out_of_bounds,
        "data segment 0");
  EXPECT_EQ(g_started, nullptr);
}

}  // namespace
}  // namespace dewar::runtime
