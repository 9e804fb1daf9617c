// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Metering (design D11): exact counts, the same in every mode; used-1, used, used+1; what a trap in the middle of a
// block gives back; where lack of fuel stops; the surcharge of bulk work. Counts follow docs/ABI.md: every executed
// instruction is one unit, `end` included; a branch to the function's own label runs the final `end`.
#include "exec_fixture.h"

namespace dewar::test {
namespace {

using runtime::Outcome;
using runtime::TrapKind;

struct Count {
  const char* wat;
  i64 instructions;
  Slot argument = 0;
};

// clang-format off
const Count kCounts[] = {
    {R"((module (func (export "f") (param i32))))", 1},
    {R"((module (func (export "f") (param i32) (nop) (nop))))", 3},
    {R"((module (func (export "f") (param i32) (block (nop)))))", 4},                             // block nop end end
    {R"((module (func (export "f") (param i32) (block (br 0) (nop) (nop)))))", 3},                // block br end
    {R"((module (func (export "f") (param i32) (br 0) (nop))))", 2},                              // br end
    {R"((module (func (export "f") (param i32) (return) (nop))))", 1},
    {R"((module (func (export "f") (param i32) (if (local.get 0) (then (nop))))))", 3, 0},        // get if end
    {R"((module (func (export "f") (param i32) (if (local.get 0) (then (nop))))))", 5, 1},        // get if nop end end
    {R"((module (func (export "f") (param i32) (if (local.get 0) (then (nop)) (else (nop) (nop))))))", 6, 0},
    {R"((module (func (export "f") (param i32) (if (local.get 0) (then (nop)) (else (nop) (nop))))))", 5, 1},  // + else
    {R"((module (func (export "f") (param i32) (loop (nop)))))", 4},
    // Each trip: loop, get, const, sub, tee, br_if.
    {R"((module (func (export "f") (param i32)
         (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))))", 6 * 10 + 2, 10},
    {R"((module (func (export "f") (param i32)
         (block (loop (br_if 1 (i32.eqz (local.get 0)))
           (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br 0))))))", 1 + 9 * 4 + 4 + 1, 4},
    {R"((module (func (export "f") (param i32) (block (block (block (br_table 0 1 2 (local.get 0))) (nop)) (nop)))))",
     3 + 2 + 1 + 1 + 1 + 1 + 1, 0},
    {R"((module (func (export "f") (param i32) (block (block (block (br_table 0 1 2 (local.get 0))) (nop)) (nop)))))",
     3 + 2 + 1, 7},
    {R"((module (func $g (nop)) (func (export "f") (param i32) (call $g) (call $g))))", 2 * 3 + 1},
    {R"((module (func $g (nop)) (func (export "f") (param i32) (return_call $g))))", 3},
    {R"((module (tag $e) (func (export "f") (param i32) (block $h (try_table (catch $e $h) (throw $e))))))", 4},
    {R"((module (tag $e) (func (export "f") (param i32) (try (do (throw $e)) (catch $e (nop))))))", 5},  // try throw nop end end
    {R"((module (tag $e) (func (export "f") (param i32) (try (do (nop)) (catch $e (nop))))))", 4},       // try nop catch end
    {R"((module (tag $e) (func (export "f") (param i32)
         (try (do (try (do (throw $e)) (delegate 0))) (catch_all (nop))))))", 6},      // try try throw nop end end
};
// clang-format on

TEST(Fuel, CountsEveryInstruction) {
  for (const Count& c : kCounts) {
    const Did did = run_all(c.wat, {c.argument});
    EXPECT_EQ(did.outcome, Outcome::returned);
    EXPECT_EQ(did.fuel, c.instructions) << c.wat;
    EXPECT_EQ(did.surcharge, 0u);
  }
}

/// Runs with one unit too few, enough, and one more.
void expect_tight(std::string_view wat, std::initializer_list<Slot> args = {}) {
  const Did full = run_all(wat, args);
  ASSERT_EQ(full.outcome, Outcome::returned);
  const Did enough = run_all(wat, args, full.fuel), more = run_all(wat, args, full.fuel + 1);
  EXPECT_EQ(enough, full);
  EXPECT_EQ(more, full);
  for (i64 fuel = 0; fuel < full.fuel; fuel += fuel < 64 ? 1 : 97) {
    const Did less = run_all(wat, args, fuel);
    EXPECT_EQ(less.outcome, Outcome::trapped) << fuel;
    EXPECT_EQ(less.trap, TrapKind::out_of_fuel) << fuel;
    EXPECT_LE(less.fuel, fuel);
  }
  const Did less = run_all(wat, args, full.fuel - 1);
  EXPECT_EQ(less.trap, TrapKind::out_of_fuel);
}

TEST(Fuel, OneUnitLessIsTooLittle) {
  expect_tight(R"((module (func (export "f") (param i32) (result i32)
      (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 0))))",
               {20});
  expect_tight(R"((module (func $fib (export "f") (param i32) (result i32)
      (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                       (call $fib (i32.sub (local.get 0) (i32.const 2)))))))))",
               {7});
  expect_tight(R"((module (tag $e (param i32)) (func $t (param i32) (throw $e (local.get 0)))
      (func (export "f") (param i32) (result i32)
        (block $h (result i32) (try_table (catch $e $h) (call $t (local.get 0))) (unreachable)))))",
               {5});
  expect_tight(R"((module (memory 64) (func (export "f")
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 300000))
      (memory.copy (i32.const 5) (i32.const 0) (i32.const 200000)))))");
}

TEST(Fuel, ATrapGivesTheRestOfItsBlockBack) {
  struct {
    const char* wat;
    i64 instructions;
    TrapKind trap;
  } const cases[] = {
      {R"((module (memory 1) (func (export "f") (nop) (drop (i32.load (i32.const -1))) (nop) (nop) (nop))))", 3,
       TrapKind::memory_out_of_bounds},
      {R"((module (memory 1) (func (export "f") (local i32 i32) (local.set 0 (i32.const -1))
           (drop (i32.load (local.get 0))) (nop) (nop))))",
       4, TrapKind::memory_out_of_bounds},
      {R"((module (memory 1) (func (export "f") (local i32 i32) (local.set 0 (i32.const -1))
           (i32.store (local.get 0) (local.get 1)) (nop) (nop))))",
       5, TrapKind::memory_out_of_bounds},
      {R"((module (memory 1) (func (export "f") (local i32 i32) (local.set 0 (i32.const -8))
           (local.set 1 (i32.load (i32.add (local.get 0) (local.get 1)))) (nop) (nop))))",
       6, TrapKind::memory_out_of_bounds},
      {R"((module (func (export "f") (drop (i32.div_s (i32.const 1) (i32.const 0))) (nop) (nop))))", 3,
       TrapKind::divide_by_zero},
      {R"((module (func (export "f") (unreachable) (nop))))", 1, TrapKind::unreachable},
      {R"((module (func (export "f") (drop (struct.get 0 0 (ref.null 0))) (nop)) (type (struct (field i32)))
           ))",
       2, TrapKind::null_structure_reference},
      {R"((module (memory 1) (func (export "f")
           (memory.fill (i32.const 65530) (i32.const 0) (i32.const 7)) (nop) (nop))))",
       4, TrapKind::memory_out_of_bounds},
      {R"((module (table 1 funcref) (func (export "f") (call_indirect (i32.const 0)) (nop))))", 2,
       TrapKind::uninitialized_element},
      {R"((module (memory 1) (func $g (param i32) (result i32) (i32.load8_u (local.get 0)) (nop) (nop))
           (func (export "f") (nop) (drop (call $g (i32.const 70000))) (nop))))",
       5, TrapKind::memory_out_of_bounds},
  };
  for (const auto& c : cases) {
    const Did did = run_all(c.wat);
    EXPECT_EQ(did.trap, c.trap) << c.wat;
    EXPECT_EQ(did.fuel, c.instructions) << c.wat;
    EXPECT_EQ(did.surcharge, 0u);
  }
}

TEST(Fuel, StopsBeforeTheBlockThatCanNotBePaid) {
  // The global tells how far it came: blocks are all or nothing.
  const char* wat = R"((module (global $g (export "g") (mut i32) (i32.const 0))
      (func $count (global.set $g (i32.add (global.get $g) (i32.const 1))))
      (func (export "f") (loop (call $count) (br 0)))))";
  for (const Mode& mode : matrix_modes()) {
    TestEngine engine(mode.options);
    runtime::Instance* instance = engine.load(wat);
    ASSERT_NE(instance, nullptr);
    // A trip: loop call | get const add set end | br. Before the n-th count 7n units are gone, its block needs 5 more.
    u32 before = 0;
    for (const i64 fuel : {0, 1, 2, 6, 7, 8, 9, 13, 14, 15, 16, 100}) {
      const Did did = call(engine, *instance, "f", {}, fuel);
      EXPECT_EQ(did.trap, TrapKind::out_of_fuel);
      const u32 now = engine.global_u32(*instance, "g");
      EXPECT_EQ(now - before, static_cast<u32>((fuel + 1) / 8)) << mode.name << " " << fuel;
      before = now;
    }
  }
}

TEST(Fuel, IsNeverNegativeAndNeverGrows) {
  for (i64 fuel = 0; fuel < 40; ++fuel) {
    const Did did = run_all(R"((module (tag $e) (memory 2)
        (func $t (throw $e)) (func $u (call $t) (nop))
        (func (export "f") (block $h (try_table (catch $e $h) (call $u)))
          (memory.fill (i32.const 0) (i32.const 1) (i32.const 70000))
          (drop (i32.load offset=70000 (i32.const 70000))))))",
                            {}, fuel);
    EXPECT_EQ(did.outcome, Outcome::trapped);
    EXPECT_GE(did.fuel, 0);
    EXPECT_LE(did.fuel, fuel);
  }
}

TEST(Fuel, BulkWorkCostsAUnitPer4KiB) {
  struct {
    const char* wat;
    u64 surcharge;
  } const cases[] = {
      {R"((module (memory 4) (func (export "f") (memory.fill (i32.const 0) (i32.const 1) (i32.const 4095)))))", 0},
      {R"((module (memory 4) (func (export "f") (memory.fill (i32.const 0) (i32.const 1) (i32.const 4096)))))", 1},
      {R"((module (memory 4) (func (export "f") (memory.fill (i32.const 0) (i32.const 1) (i32.const 262144)))))", 64},
      {R"((module (memory 4) (func (export "f") (memory.copy (i32.const 1) (i32.const 0) (i32.const 262143)))))", 63},
      {R"((module (memory 4) (func (export "f") (memory.copy (i32.const 0) (i32.const 9) (i32.const 131073)))))", 32},
      {R"((module (table 9000 funcref) (func (export "f")
           (table.fill (i32.const 0) (ref.null func) (i32.const 8192)))))",
       16},
      {R"((module (table 0 funcref) (func (export "f") (drop (table.grow (ref.null func) (i32.const 1024))))))", 2},
      {R"((module (type $a (array (mut i64))) (func (export "f")
           (drop (array.new $a (i64.const 1) (i32.const 512))))))",
       1},
      {R"((module (type $a (array (mut i8))) (func (export "f") (local $x (ref null $a))
           (local.set $x (array.new_default $a (i32.const 8192)))
           (array.fill $a (local.get $x) (i32.const 0) (i32.const 1) (i32.const 8192)))))",
       4},
  };
  for (const auto& c : cases) {
    const Did did = run_all(c.wat);
    EXPECT_EQ(did.outcome, Outcome::returned);
    EXPECT_EQ(did.surcharge, c.surcharge) << c.wat;
  }
}

TEST(Fuel, LackOfItInBulkWorkStopsBetweenChunks) {
  const char* wat = R"((module (memory (export "m") 16)
      (func (export "f") (memory.fill (i32.const 0) (i32.const 7) (i32.const 1000000)))))";
  for (const Mode& mode : matrix_modes()) {
    TestEngine engine(mode.options);
    runtime::Instance* instance = engine.load(wat);
    ASSERT_NE(instance, nullptr);
    // The block (four constants and operations, end) and two chunks of 16 units; 15 are not enough for a third.
    const Did did = call(engine, *instance, "f", {}, 5 + 16 + 16 + 15);
    EXPECT_EQ(did.trap, TrapKind::out_of_fuel);
    EXPECT_EQ(did.surcharge, 32u);
    EXPECT_EQ(did.instructions(), 4u) << "the end of the function was not reached";
    const auto memory = engine.memory(*instance, "m");
    EXPECT_EQ(memory->base[2 * 65536 - 1], 7);
    EXPECT_EQ(memory->base[2 * 65536], 0) << mode.name;
  }
}

std::string repeat(int n, std::string_view text) {
  std::string out;
  for (int i = 0; i < n; ++i) out += text;
  return out;
}

// What control instructions move and clear is bulk work too: 512 slots are 4 KiB.
TEST(Fuel, ManyLocalsAndManyValuesCostASurcharge) {
  const auto locals = [](int n, std::string_view type = "i64") {
    return "(local" + repeat(n, " " + std::string(type)) + ")";
  };
  const std::string thousand = "(result" + repeat(1000, " v128") + ")", values = repeat(1000, "(v128.const i64x2 0 0)");
  const struct {
    const char* name;
    std::string wat;
    u64 surcharge;
  } cases[] = {
      {"511 locals", "(func $g " + locals(511) + ") (func (export \"f\") (call $g))", 0},
      {"512 locals", "(func $g " + locals(512) + ") (func (export \"f\") (call $g))", 1},
      {"49,000 v128, twice", "(func $g " + locals(49'000, "v128") + ") (func (export \"f\") (call $g) (call $g))", 382},
      {"parameters are not cleared",
       "(func $g (param i64)" + locals(511) + ") (func (export \"f\") (call $g (i64.const 1)))", 0},
      {"an indirect call",
       "(table funcref (elem $g)) (func $g " + locals(1024) + ") (func (export \"f\") (call_indirect (i32.const 0)))",
       2},
      {"a call by reference",
       "(type $t (func)) (elem declare func $g) (func $g (type $t) " + locals(1024) +
           ") (func (export \"f\") (call_ref $t (ref.func $g)))",
       2},
      {"a tail call", "(func $g " + locals(1024) + ") (func (export \"f\") (return_call $g))", 2},
      {"a call from the host", "(func (export \"f\") " + locals(1535) + ")", 2},
      {"a branch",
       "(func (export \"f\") (block " + thousand + values + "(i32.const 0) " + values + "(br 0))" +
           repeat(1000, "(drop)") + ")",
       3},
      {"a return",
       "(func $g " + thousand + values + "(i32.const 0) " + values + "(return)) (func (export \"f\") (call $g)" +
           repeat(1000, "(drop)") + ")",
       3 + 3},  // and the slots of the results are cleared with the locals
      {"the end of a function",
       "(func $g " + thousand + values + ") (func (export \"f\") (call $g)" + repeat(1000, "(drop)") + ")", 3 + 3},
      {"the end of a catch",
       "(tag $e) (func (export \"f\") (try " + thousand + "(do (throw $e)) (catch $e " + values + "))" +
           repeat(1000, "(drop)") + ")",
       3},
      {"127 clauses", "(tag $e) (func (export \"f\") (block (try_table " + repeat(127, "(catch $e 0)") + ")))", 0},
      {"300 clauses", "(tag $e) (func (export \"f\") (block (try_table " + repeat(300, "(catch $e 0)") + ")))", 2},
  };
  for (const auto& c : cases) {
    const std::string wat = "(module " + c.wat + ")";
    const Did did = run_all(wat);
    EXPECT_EQ(did.outcome, Outcome::returned) << c.name;
    EXPECT_EQ(did.surcharge, c.surcharge) << c.name;
    EXPECT_EQ(run_all(wat, {}, did.fuel), did) << c.name;
    const Did less = run_all(wat, {}, did.fuel - 1);
    EXPECT_EQ(less.trap, TrapKind::out_of_fuel) << c.name;
  }
}

TEST(Fuel, LocalsThatCanNotBePaidForAreNotCleared) {
  const std::string wat =
      "(module (func $g (local" + repeat(49'000, " v128") + ")) (func (export \"f\") (nop) (call $g)))";
  for (const i64 fuel : {2, 100, 192}) {
    const Did did = run_all(wat, {}, fuel);
    EXPECT_EQ(did.trap, TrapKind::out_of_fuel);
    EXPECT_EQ(did.fuel, 2) << "nop and call";
    EXPECT_EQ(did.surcharge, 0u);
    ASSERT_EQ(did.pcs.size(), 1u) << "the callee was not entered";
  }
}

TEST(Fuel, SearchingForAHandlerCostsToo) {
  // 200 clauses that do not match, at each of 100 frames: 20,000 rows and 101 frames looked at, a unit per 128. And
  // each time stepped over before, one unit.
  std::string wat = "(module (tag $e) (tag $x)";
  wat += "(func $r (param i32) (if (i32.eqz (local.get 0)) (then (throw $e))) (block $h (try_table ";
  for (int i = 0; i < 200; ++i) wat += "(catch $x $h)";
  wat += "(call $r (i32.sub (local.get 0) (i32.const 1))))))";
  wat += "(func (export \"f\") (block $h (try_table (catch $e $h) (call $r (i32.const 100))))))";
  const Did did = run_all(wat);
  EXPECT_EQ(did.outcome, Outcome::returned);
  EXPECT_NEAR(static_cast<double>(did.surcharge), 101 * 200 / 128.0 + 100, 3);
  const Did less = run_all(wat, {}, did.fuel - 10);
  EXPECT_EQ(less.trap, TrapKind::out_of_fuel);
}

}  // namespace
}  // namespace dewar::test
