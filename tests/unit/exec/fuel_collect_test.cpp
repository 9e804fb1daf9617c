// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Collections are paid for (docs/runtime.md): a unit per 64 bytes of heap and roots, before the work, the same in every
// mode. What observers and the stress mode collect on top costs nothing.
#include "exec/probe_point.h"
#include "exec_fixture.h"

namespace dewar::test {
namespace {

using runtime::Outcome;
using runtime::TrapKind;

constexpr u64 kMiB = u64{1} << 20;

/// Keeps `local 0` objects of 16 bytes alive, then allocates for ever.
constexpr std::string_view kChurn = R"((module (type $node (struct (field (ref null $node))))
    (global $all (mut (ref null $node)) (ref.null $node))
    (func (export "f") (param i32)
      (loop $fill (global.set $all (struct.new $node (global.get $all)))
        (br_if $fill (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (loop $churn (drop (struct.new_default $node)) (br $churn)))))";

TEST(FuelOfCollections, AFullHeapCanNotBeChurnedForFree) {
  constexpr u64 kHeap = 32 << 10;
  constexpr i64 kFuel = 600'000;
  runtime::StoreLimits limits;
  limits.max_gc_bytes = kHeap;
  Did first;
  for (const Mode& mode : matrix_modes()) {
    TestEngine engine(mode.options, runtime::Stack::kDefaultBytes, limits);
    runtime::Instance* instance = engine.load(kChurn);
    ASSERT_NE(instance, nullptr);
    // Room for one object more than what lives: each allocation but the first needs a collection of everything.
    const Did did = call(engine, *instance, "f", {kHeap / 16 - 1}, kFuel);
    EXPECT_EQ(did.outcome, Outcome::trapped);
    EXPECT_EQ(did.trap, TrapKind::out_of_fuel);
    if (first.fuel == 0) first = did;
    EXPECT_EQ(did, first) << mode.name << ": fuel " << did.fuel << ", surcharge " << did.surcharge;
    EXPECT_EQ(engine.store().heap().counted_bytes(), kHeap);
    if (mode.options.gc_stress) continue;
    // 512 units for the heap, one for the roots (a global and a frame).
    const u64 collections = engine.store().heap().collections();
    EXPECT_EQ(did.surcharge, collections * 513) << mode.name;
    EXPECT_GT(collections, 1000u);
    EXPECT_LT(collections, kFuel / 512);
  }
  EXPECT_LT(first.instructions(), 40'000u) << "what is left after the collections";
}

constexpr std::string_view kTwoArrays = R"((module (type $a (array i8)) (func (export "f")
    (drop (array.new_default $a (i32.const 5242880))) (drop (array.new_default $a (i32.const 5242880))))))";
// 1280 units to zero each array, and one collection: 5 MiB and a header in blocks of 16 KiB, and a frame of six slots.
constexpr u64 kTwoArraysSurcharge = 2 * 1280 + (5 * kMiB + (16 << 10) + 6 * 8) / 64;

TEST(FuelOfCollections, IsExactAndPaidBefore) {
  const Did did = run_all(kTwoArrays);
  EXPECT_EQ(did.outcome, Outcome::returned);
  EXPECT_EQ(did.surcharge, kTwoArraysSurcharge);
  EXPECT_EQ(run_all(kTwoArrays, {}, did.fuel), did);
  const Did less = run_all(kTwoArrays, {}, did.fuel - 1);
  EXPECT_EQ(less.trap, TrapKind::out_of_fuel);
  EXPECT_EQ(less.surcharge, 2 * 1280u);
  TestEngine engine;
  runtime::Instance* instance = engine.load(kTwoArrays);
  EXPECT_EQ(call(engine, *instance, "f", {}, did.fuel - 1), less);
  EXPECT_EQ(engine.store().heap().collections(), 0u);
  // The stack is usable, and more fuel is all it takes.
  EXPECT_EQ(call(engine, *instance, "f", {}, kPlenty).outcome, Outcome::returned);
}

TEST(FuelOfCollections, RootsCount) {
  const Did did = run_all(R"((module (type $a (array i8)) (table 64000 anyref) (table 64000 funcref)
      (global i64 (i64.const 0)) (global i64 (i64.const 0)) (elem anyref (ref.null any)) (elem externref)
      (func (export "f")
    (drop (array.new_default $a (i32.const 5242880))) (drop (array.new_default $a (i32.const 5242880))))))");
  // Two globals of 16 bytes, a segment with one item; only the table that can hold objects.
  EXPECT_EQ(did.surcharge, 2 * 1280 + (5 * kMiB + (16 << 10) + 6 * 8 + 2 * 16 + 4 + 64000 * 4) / 64);
}

TEST(FuelOfCollections, AnInterruptedArrayCountsOnce) {
  constexpr std::string_view kWat = R"((module (type $a (array (mut i32))) (func (export "f")
      (drop (array.new $a (i32.const 7) (i32.const 900000))) (drop (array.new $a (i32.const 7) (i32.const 900000)))
      (drop (array.new $a (i32.const 7) (i32.const 900000))))))";
  const Did undisturbed = run_all(kWat);
  ASSERT_EQ(undisturbed.outcome, Outcome::returned);
  TestEngine engine;
  runtime::Instance* instance = engine.load(kWat);
  ASSERT_NE(instance, nullptr);
  u32 fired = 0;
  for (u32 nth = 0; nth < 3; ++nth) {
    const auto interrupt = [](void* user, runtime::Stack& stack, const runtime::FrameState&) {
      ++*static_cast<u32*>(user);
      stack.interrupt(runtime::kInterruptSignal);
    };
    ASSERT_TRUE(exec::insert_probe(*instance->store, *instance->codes, 0,
                                   pc_of(*instance->module, 0, wasm::Op::array_new, nth), interrupt, &fired)
                    .has_value());
  }
  EXPECT_EQ(call(engine, *instance, "f"), undisturbed);
  EXPECT_EQ(fired, 3u);
  EXPECT_EQ(engine.store().heap().collections(), 1u);
  EXPECT_EQ(engine.stack().interrupts(), 0u);
}

TEST(FuelOfCollections, AKillComesBeforeACollection) {
  TestEngine engine;
  runtime::Instance* instance = engine.load(kTwoArrays);
  ASSERT_NE(instance, nullptr);
  const auto kill = [](void*, runtime::Stack& stack, const runtime::FrameState&) {
    stack.interrupt(runtime::kInterruptKill);
  };
  const u32 second = pc_of(*instance->module, 0, wasm::Op::array_new_default, 1);
  ASSERT_TRUE(exec::insert_probe(*instance->store, *instance->codes, 0, second, kill, nullptr).has_value());
  const Did did = call(engine, *instance, "f");
  EXPECT_EQ(did.trap, TrapKind::interrupted);
  EXPECT_EQ(did.pcs, std::vector<u32>{second});
  EXPECT_EQ(engine.store().heap().collections(), 0u);
}

}  // namespace
}  // namespace dewar::test
