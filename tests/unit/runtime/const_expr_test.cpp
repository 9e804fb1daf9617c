// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Constant expressions: every instruction that may stand in one, alone and with a collection at every allocation.
#include "runtime/const_expr.h"

#include <cstring>

#include "unit/runtime/fixture.h"

namespace dewar::runtime {
namespace {

/// The parameter is EngineOptions::gc_stress.
class ConstExprTest : public ::testing::TestWithParam<bool> {
 protected:
  static EngineOptions options() {
    EngineOptions o;
    o.gc_stress = GetParam();
    return o;
  }
  World w{options()};

  /// Value of `(global TYPE EXPR)`.
  Slot value(std::string_view type, std::string_view expr) {
    Instance& i =
        w.instantiated("(module (global (export \"g\") " + std::string(type) + " " + std::string(expr) + "))");
    return w.global(i, "g");
  }
  template <class T>
  T read(Ref r, u32 offset) {
    T out;
    std::memcpy(&out, w.store.heap().payload(r) + offset, sizeof out);
    return out;
  }
};

TEST_P(ConstExprTest, Numbers) {
  EXPECT_EQ(static_cast<u32>(value("i32", "(i32.const -7)")), static_cast<u32>(-7));
  EXPECT_EQ(value("i64", "(i64.const -7)"), static_cast<u64>(-7));
  EXPECT_EQ(static_cast<u32>(value("f32", "(f32.const nan:0x200001)")), 0x7fa00001u);
  EXPECT_EQ(value("f64", "(f64.const -0.0)"), u64{1} << 63);
}

TEST_P(ConstExprTest, Vectors) {
  Instance& i =
      w.instantiated(R"((module (global $a v128 (v128.const i64x2 1 -2)) (global (export "g") v128 (global.get $a))))");
  EXPECT_EQ(i.globals[1]->value[0], 1u);
  EXPECT_EQ(i.globals[1]->value[1], static_cast<u64>(-2));
}

TEST_P(ConstExprTest, ExtendedArithmeticWraps) {
  EXPECT_EQ(static_cast<u32>(value("i32", "(i32.add (i32.const 0x7fffffff) (i32.const 1))")), 0x8000'0000u);
  EXPECT_EQ(static_cast<u32>(value("i32", "(i32.sub (i32.const 0) (i32.const 1))")), 0xffff'ffffu);
  EXPECT_EQ(static_cast<u32>(value("i32", "(i32.mul (i32.const 0x10001) (i32.const 0x10001))")), 0x20001u);
  EXPECT_EQ(value("i64", "(i64.add (i64.const -1) (i64.const 2))"), 1u);
  EXPECT_EQ(value("i64", "(i64.sub (i64.const 3) (i64.const 5))"), static_cast<u64>(-2));
  EXPECT_EQ(value("i64", "(i64.mul (i64.const 0x100000001) (i64.const 0x100000001))"), 0x200000001u);
}

TEST_P(ConstExprTest, GlobalsInOrder) {
  w.linker.define_instance("m", w.instantiated(R"((module (global (export "x") i32 (i32.const 40))))"));
  Instance& i = w.instantiated(R"((module (import "m" "x" (global $x i32))
    (global $y i32 (i32.add (global.get $x) (i32.const 1))) (global (export "g") i32 (i32.add (global.get $y) (i32.const 1)))))");
  EXPECT_EQ(static_cast<u32>(w.global(i, "g")), 42u);
}

TEST_P(ConstExprTest, ImmediateReferences) {
  EXPECT_EQ(static_cast<Ref>(value("funcref", "(ref.null func)")), kNullRef);
  EXPECT_EQ(static_cast<Ref>(value("(ref i31)", "(ref.i31 (i32.const -1))")), i31_ref(~u32{0}));
  EXPECT_EQ(static_cast<Ref>(value("anyref", "(any.convert_extern (ref.null extern))")), kNullRef);
  EXPECT_EQ(static_cast<Ref>(value("externref", "(extern.convert_any (ref.i31 (i32.const 9)))")), i31_ref(9));
  Instance& i = w.instantiated(R"((module (func) (func $f) (global (export "g") (ref func) (ref.func $f))))");
  EXPECT_EQ(w.ref(i, "g"), func_ref(i.funcs[1]->index));
}

TEST_P(ConstExprTest, Structs) {
  Instance& i = w.instantiated(R"((module
    (type $s (struct (field i8) (field i16) (field f32) (field i64) (field v128) (field anyref)))
    (global (export "full") (ref $s) (struct.new $s (i32.const 0x1ff) (i32.const 0x12345) (f32.const 1) (i64.const -3)
      (v128.const i32x4 1 2 3 4) (ref.i31 (i32.const 6))))
    (global (export "empty") (ref $s) (struct.new_default $s))))");
  gc::Heap& heap = w.store.heap();
  const Ref full = w.ref(i, "full"), empty = w.ref(i, "empty");
  const gc::Layout& layout = heap.layout(heap.type_of(full));
  EXPECT_EQ(read<u8>(full, layout.offsets[0]), 0xff);
  EXPECT_EQ(read<u16>(full, layout.offsets[1]), 0x2345);
  EXPECT_EQ(read<f32>(full, layout.offsets[2]), 1.0f);
  EXPECT_EQ(read<i64>(full, layout.offsets[3]), -3);
  EXPECT_EQ(read<u64>(full, layout.offsets[4]), u64{2} << 32 | 1);
  EXPECT_EQ(read<u64>(full, layout.offsets[4] + 8), u64{4} << 32 | 3);
  EXPECT_EQ(read<Ref>(full, layout.offsets[5]), i31_ref(6));
  for (u32 k = 0; k < layout.size; ++k) EXPECT_EQ(heap.payload(empty)[k], 0);
}

TEST_P(ConstExprTest, Arrays) {
  Instance& i = w.instantiated(R"((module (type $b (array i8)) (type $v (array v128)) (type $l (array (mut i64)))
    (global (export "fill") (ref $b) (array.new $b (i32.const 0x1ab) (i32.const 5)))
    (global (export "zero") (ref $l) (array.new_default $l (i32.const 3)))
    (global (export "fixed") (ref $l) (array.new_fixed $l 3 (i64.const 7) (i64.const 8) (i64.const 9)))
    (global (export "none") (ref $v) (array.new_fixed $v 0))
    (global (export "vec") (ref $v) (array.new $v (v128.const i64x2 5 6) (i32.const 2)))))");
  gc::Heap& heap = w.store.heap();
  EXPECT_EQ(heap.array_length(w.ref(i, "fill")), 5u);
  for (u32 k = 0; k < 5; ++k) EXPECT_EQ(heap.payload(w.ref(i, "fill"))[k], 0xab);
  EXPECT_EQ(heap.array_length(w.ref(i, "zero")), 3u);
  EXPECT_EQ(read<u64>(w.ref(i, "zero"), 16), 0u);
  for (u32 k = 0; k < 3; ++k) EXPECT_EQ(read<u64>(w.ref(i, "fixed"), 8 * k), 7u + k);
  EXPECT_EQ(heap.array_length(w.ref(i, "none")), 0u);
  EXPECT_EQ(read<u64>(w.ref(i, "vec"), 16), 5u);
  EXPECT_EQ(read<u64>(w.ref(i, "vec"), 24), 6u);
}

TEST_P(ConstExprTest, TemporariesSurviveCollections) {
  // Each allocation of the tree happens while its elder siblings are only on the evaluator's stack.
  Instance& i = w.instantiated(R"((module (type $n (struct (field i32) (field (ref null $n)) (field (ref null $n))))
    (global (export "tree") (ref $n) (struct.new $n (i32.const 1)
      (struct.new $n (i32.const 2) (struct.new $n (i32.const 4) (ref.null $n) (ref.null $n))
                                   (struct.new $n (i32.const 5) (ref.null $n) (ref.null $n)))
      (struct.new $n (i32.const 3) (struct.new $n (i32.const 6) (ref.null $n) (ref.null $n)) (ref.null $n))))
    (type $a (array (ref $n)))
    (elem (ref $n) (item (struct.new $n (i32.const 7) (ref.null $n) (ref.null $n)))
                   (item (struct.new $n (i32.const 8) (global.get 0) (ref.null $n))))
    (table (export "t") 2 (ref null $n) (struct.new $n (i32.const 9) (ref.null $n) (ref.null $n)))
    (global (export "list") (ref $a) (array.new_fixed $a 2 (struct.new_default $n) (global.get 0)))))");
  w.store.collect();
  const Ref root = w.ref(i, "tree");
  EXPECT_EQ(read<u32>(root, 0), 1u);
  const Ref left = read<Ref>(root, 4), right = read<Ref>(root, 8);
  EXPECT_EQ(read<u32>(left, 0), 2u);
  EXPECT_EQ(read<u32>(right, 0), 3u);
  EXPECT_EQ(read<u32>(read<Ref>(left, 4), 0), 4u);
  EXPECT_EQ(read<u32>(read<Ref>(left, 8), 0), 5u);
  EXPECT_EQ(read<u32>(read<Ref>(right, 4), 0), 6u);
  EXPECT_EQ(read<u32>(i.elem_refs[0][0], 0), 7u);
  EXPECT_EQ(read<Ref>(i.elem_refs[0][1], 4), root);
  EXPECT_EQ(read<u32>(i.tables[0]->refs[1], 0), 9u);
  EXPECT_EQ(read<Ref>(w.ref(i, "list"), 4), root);
  // 6 in the tree, 3 in segment and table, 2 for the list.
  u32 objects = 0;
  w.store.heap().for_each_object([&](Ref) { ++objects; });
  EXPECT_EQ(objects, 11u);
  EXPECT_TRUE(w.store.temp_roots().empty());
}

INSTANTIATE_TEST_SUITE_P(Stress, ConstExprTest, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "CollectAlways" : "Plain"; });

TEST(ConstExprLimits, AFullHeapTraps) {
  StoreLimits limits;
  limits.max_gc_bytes = 1 << 16;
  World w({}, limits);
  for (const char* expr : {"(array.new_default $b (i32.const 65529))", "(array.new $b (i32.const 1) (i32.const -1))"}) {
    const Instantiated done =
        must(w.try_instantiate("(module (type $b (array i8)) (global (ref $b) " + std::string(expr) + "))"));
    EXPECT_EQ(done.outcome, Outcome::trapped);
    EXPECT_EQ(w.stack->trap.kind, TrapKind::gc_heap_exhausted);
    EXPECT_EQ(w.stack->trap.detail, "global 0");
  }
  w.instantiated("(module (type $b (array i8)) (global (ref $b) (array.new_default $b (i32.const 65528))))");
}

TEST(ConstExprLimits, GarbageIsCollectedBeforeARefusal) {
  StoreLimits limits;
  limits.max_gc_bytes = 1 << 16;
  World w({}, limits);
  // Each segment is garbage once it was copied over by the next.
  std::string wat = "(module (type $b (array i8)) (table 1 (ref null $b))";
  for (int i = 0; i < 50; ++i) {
    Instance& one = w.instantiated(
        R"((module (type $b (array i8)) (table 1 (ref null $b) (array.new_default $b (i32.const 40000)))))");
    one.tables[0]->set(w.store, 0, kNullRef);
  }
  EXPECT_GE(w.store.heap().collections(), 49u);
}

TEST(ConstExprLimits, CollectionsArePaidFor) {
  // Each array costs a unit per 4 KiB. The second is due for a collection, too: 5 MiB and 16 KiB at a unit per 64
  // bytes, and the first global.
  constexpr std::string_view kWat = R"((module (type $b (array i8))
    (global (ref $b) (array.new_default $b (i32.const 5242880)))
    (global (ref $b) (array.new_default $b (i32.const 5242880)))))";
  constexpr i64 kArray = 5242880 / 4096, kCost = 2 * kArray + (5242880 + 16384 + 16) / 64;
  for (const i64 missing : {0, 1}) {
    World w;
    w.stack->fuel = kCost - missing;
    const Instantiated done = must(w.try_instantiate(kWat));
    EXPECT_EQ(done.outcome, missing ? Outcome::trapped : Outcome::returned);
    EXPECT_EQ(w.stack->trap.kind, missing ? TrapKind::out_of_fuel : TrapKind::none);
    EXPECT_EQ(w.stack->fuel, missing ? kCost - 2 * kArray - 1 : 0);
    EXPECT_EQ(w.stack->bulk_surcharge, static_cast<u64>(missing ? 2 * kArray : kCost));
    EXPECT_EQ(w.store.heap().collections(), missing ? 0u : 1u);
  }
}

TEST(ConstExprLimits, AKilledStackMakesNoLargeArray) {
  constexpr std::string_view kWat = R"((module (type $b (array i8))
    (global (ref $b) (array.new $b (i32.const 1) (i32.const 100000000)))))";
  World w;
  w.stack->fuel = 1'000'000;
  w.stack->interrupt(kInterruptKill);
  const Instantiated done = must(w.try_instantiate(kWat));
  EXPECT_EQ(done.outcome, Outcome::trapped);
  EXPECT_EQ(w.stack->trap.kind, TrapKind::interrupted);
}

TEST(ConstExprLimits, LargeArraysArePaidFor) {
  constexpr std::string_view kWat = R"((module (type $b (array i64))
    (global (ref $b) (array.new $b (i64.const 1) (i32.const 5120)))))";  // 10 x 4 KiB
  for (const i64 fuel : {10, 9}) {
    World w;
    w.stack->fuel = fuel;
    const Instantiated done = must(w.try_instantiate(kWat));
    EXPECT_EQ(done.outcome, fuel == 10 ? Outcome::returned : Outcome::trapped);
    EXPECT_EQ(w.stack->fuel, fuel == 10 ? 0 : 9);
    if (fuel == 9) EXPECT_EQ(w.stack->trap.kind, TrapKind::out_of_fuel);
  }
}

}  // namespace
}  // namespace dewar::runtime
