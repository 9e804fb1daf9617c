// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compiled frames that catch: at labels of every kind, with locals in registers before, and legacy catch blocks. They
// stay compiled, and do what the interpreter does, for every amount of fuel.
#include "exec_fixture.h"

namespace dewar::test {
namespace {

using runtime::Outcome;

constexpr std::string_view kWat = R"((module
  (import "env" "look" (func $look (param i32))) (import "env" "throws" (func $host_throws))
  (tag $six (param i32 i32 i32 i32 i32 i32))
  (tag $none) (tag $i (param i32)) (tag $d (param f64)) (tag $v (param v128)) (tag $many (param i32 i64 f32))
  (func (export "throw") (throw $none))
  (func $throw (param $kind i32) (param $n i32)
    (block $v (block $many (block $d (block $i (block $none
      (br_table $none $i $d $many $v (local.get $kind)))
      (throw $none))
      (throw $i (local.get $n)))
      (throw $d (f64.convert_i32_s (local.get $n))))
      (throw $many (local.get $n) (i64.extend_i32_u (local.get $n)) (f32.const 2.5)))
    (throw $v (i32x4.splat (local.get $n))))
  ;; Each adds what it caught to what its locals have.
  (func $word (param $n i32) (result i32) (local $a i32) (local $b i32)
    (local.set $a (i32.mul (local.get $n) (i32.const 3)))
    (local.set $b (i32.const 7))
    (block $h (result i32)
      (try_table (catch $i $h) (local.set $a (i32.add (local.get $a) (local.get $n))) (call $throw (i32.const 1) (local.get $n)))
      (i32.const -1))
    (call $look (i32.const 1))
    (i32.add (local.get $a)) (i32.add (local.get $b)))
  (func $double (param $n i32) (result i32) (local $x f64)
    (local.set $x (f64.mul (f64.convert_i32_s (local.get $n)) (f64.const 0.5)))
    (f64.const 100)
    (block $h (result f64)
      (try_table (catch $d $h) (call $throw (i32.const 2) (local.get $n)))
      (f64.const -1))
    (call $look (i32.const 2))
    (f64.add) (i32.trunc_f64_s (f64.add (local.get $x))))
  (func $vector (param $n i32) (result i32)
    (block $h (result v128)
      (try_table (catch $v $h) (call $throw (i32.const 4) (local.get $n)))
      (v128.const i32x4 0 0 0 0))
    (call $look (i32.const 3))
    (i32x4.extract_lane 2) (i32.add (local.get $n)))
  (func $several (param $n i32) (result i32) (local $f f32) (local $l i64)
    (i32.const 5)
    (block $h (result i32 i64 f32)
      (try_table (catch $many $h) (call $throw (i32.const 3) (local.get $n)))
      (i32.const 0) (i64.const 0) (f32.const 0))
    (local.set $f) (local.set $l)
    (call $look (i32.const 4))
    (i32.add) (i32.add (i32.wrap_i64 (local.get $l))) (i32.add (i32.trunc_f32_s (local.get $f))))
  (func $with_ref (param $n i32) (result i32) (local $e exnref)
    (block $out (result i32)
      (block $h (result i32 exnref)
        (try_table (catch_ref $i $h) (call $throw (i32.const 1) (local.get $n)))
        (br $out (i32.const -1)))
      (local.set $e)
      (call $look (i32.const 5))
      (drop)
      (block $again (result i32) (try_table (catch $i $again) (throw_ref (local.get $e))) (unreachable)))
    (call $look (i32.const 6)))
  ;; Back to a loop, with a parameter and without; the block's end and the loop are at the same place.
  (func $around (param $n i32) (result i32) (local $s i32)
    (block $first (try_table (catch_all $first) (call $throw (i32.const 0) (i32.const 0))))
    (loop $l
      (call $look (i32.const 7))
      (local.set $s (i32.add (local.get $s) (local.get $n)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (if (local.get $n) (then (try_table (catch $none $l) (call $throw (i32.const 0) (i32.const 0))))))
    (local.get $s))
  (func $around_with (param $n i32) (result i32)
    (i32.const 3)
    (loop $l (param i32) (result i32)
      (call $look (i32.const 8))
      (local.set $n)
      (if (i32.lt_u (local.get $n) (i32.const 9))
        (then (try_table (catch $i $l) (call $throw (i32.const 1) (i32.add (local.get $n) (i32.const 2))))))
      (local.get $n)))
  ;; The function's own label, where the end of a block is as well: the interpreter returns from there.
  (func $leaves (param $n i32) (result i32)
    (block $b
      (try_table (catch $i 1) (catch_all $b) (call $throw (local.get $n) (i32.const 40)))
      (return (i32.const -1)))
    (i32.const 2))
  (func $leaves_nothing (param $n i32)
    (block $b (try_table (catch $none 1) (catch_all $b) (call $throw (local.get $n) (i32.const 0)))))
  (func $in_if (param $n i32) (result i32)
    (if $h (result i32) (local.get $n)
      (then (try_table (catch $i $h) (call $throw (i32.const 1) (local.get $n))) (i32.const -1))
      (else (try_table (catch $i $h) (call $throw (i32.const 1) (i32.const 77))) (i32.const -2)))
    (call $look (i32.const 9)))
  (func $legacy (param $n i32) (result i32) (local $a i32)
    (local.set $a (i32.add (local.get $n) (i32.const 100)))
    (i32.const 1000)
    (try (result i32)
      (do (try (result i32) (do (local.set $a (i32.const 11)) (call $throw (local.get $n) (i32.const 6)) (i32.const 0))
            (catch $i (call $look (i32.const 10)) (i32.add (local.get $a)))
            (catch $d (call $look (i32.const 11)) (i32.trunc_f64_s))))
      (catch_all (call $look (i32.const 12)) (local.get $a)))
    (i32.add) (i32.add (local.get $a)))
  ;; A label that a branch comes to first, with other locals in registers; more locals in a loop than registers; many
  ;; results; what a host function throws; and a handler that throws again what it caught.
  (func $after_a_branch (param $n i32) (result i32) (local $a i32) (local $b i32) (local $x f64)
    (local.set $a (i32.add (local.get $n) (i32.const 1)))
    (local.set $x (f64.convert_i32_s (local.get $a)))
    (block $h
      (br_if $h (i32.eqz (local.get $n)))
      (local.set $b (i32.mul (local.get $a) (i32.const 3)))
      (try_table (catch_all $h) (local.set $x (f64.add (local.get $x) (f64.const 2))) (call $throw (i32.const 0) (i32.const 0))))
    (call $look (i32.const 14))
    (i32.add (i32.add (local.get $a) (local.get $b)) (i32.trunc_f64_s (local.get $x))))
  (func $crowded (param $n i32) (result i32)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32) (local $e i32) (local $f i32) (local $g i32) (local $h i64)
    (local $i i64) (local $j i32) (local $k i32) (local $x f32) (local $y f64)
    (loop $l
      (local.set $a (i32.add (local.get $a) (local.get $n))) (local.set $b (i32.add (local.get $b) (local.get $a)))
      (local.set $c (i32.add (local.get $c) (local.get $b))) (local.set $d (i32.add (local.get $d) (local.get $c)))
      (local.set $e (i32.add (local.get $e) (local.get $d))) (local.set $f (i32.add (local.get $f) (local.get $e)))
      (local.set $g (i32.add (local.get $g) (local.get $f))) (local.set $h (i64.add (local.get $h) (i64.const 3)))
      (local.set $i (i64.add (local.get $i) (local.get $h))) (local.set $j (i32.add (local.get $j) (local.get $g)))
      (local.set $k (i32.add (local.get $k) (i32.const 1))) (local.set $x (f32.add (local.get $x) (f32.const 1.5)))
      (local.set $y (f64.add (local.get $y) (f64.promote_f32 (local.get $x))))
      (if (i32.lt_u (local.get $k) (i32.const 5))
        (then (try_table (catch_all $l) (call $throw (i32.const 0) (i32.const 0))))))
    (call $look (i32.const 15))
    (i32.add (i32.add (local.get $j) (i32.wrap_i64 (local.get $i))) (i32.trunc_f64_s (local.get $y))))
  (func $six (param $n i32) (result i32)
    (block $h (result i32 i32 i32 i32 i32 i32)
      (try_table (catch $six $h) (throw $six (local.get $n) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (i32.const 6)))
      (unreachable))
    (call $look (i32.const 16))
    (i32.add) (i32.add) (i32.add) (i32.add) (i32.add))
  (func $of_the_host (param $n i32) (result i32)
    (block $h (try_table (catch_all $h) (call $host_throws)) (return (i32.const -5)))
    (call $look (i32.const 17))
    (i32.mul (local.get $n) (i32.const 9)))
  (func $again (param $n i32) (result i32)
    (try (result i32)
      (do (try (result i32) (do (call $throw (i32.const 1) (local.get $n)) (i32.const 0))
            (catch $i (call $look (i32.const 18)) (drop) (rethrow 0))))
      (catch $i (call $look (i32.const 19)) (i32.add (local.get $n)))))
  (func $delegates (param $n i32) (result i32)
    (try (result i32)
      (do (try (do (call $throw (local.get $n) (i32.const 6))) (delegate 0)) (i32.const 0))
      (catch_all (call $look (i32.const 13)) (i32.add (local.get $n) (i32.const 1)))))
  (func (export "f") (param $n i32) (result i32)
    (call $word (local.get $n))
    (i32.add (call $double (local.get $n)))
    (i32.add (call $vector (local.get $n)))
    (i32.add (call $several (local.get $n)))
    (i32.add (call $with_ref (local.get $n)))
    (i32.add (call $around (local.get $n)))
    (i32.add (call $around_with (local.get $n)))
    (i32.add (call $leaves (i32.const 1)))
    (i32.add (call $leaves (i32.const 2)))
    (call $leaves_nothing (i32.const 0))
    (call $leaves_nothing (i32.const 1))
    (i32.add (call $in_if (local.get $n)))
    (i32.add (call $in_if (i32.const 0)))
    (i32.add (call $legacy (i32.const 1)))
    (i32.add (call $legacy (i32.const 2)))
    (i32.add (call $legacy (i32.const 4)))
    (i32.add (call $after_a_branch (local.get $n)))
    (i32.add (call $after_a_branch (i32.const 0)))
    (i32.add (call $crowded (local.get $n)))
    (i32.add (call $six (local.get $n)))
    (i32.add (call $of_the_host (local.get $n)))
    (i32.add (call $again (local.get $n)))
    (i32.add (call $delegates (i32.const 3))))))";

struct Looks {
  std::vector<u32> at;
  u32 compiled = 0;
};

Did run(const runtime::EngineOptions& options, i64 fuel, Looks& looks) {
  TestEngine engine(options);
  engine.host("look", {kCanonI32}, {}, [&](runtime::CallContext& ctx, const Slot* args, Slot*) {
    looks.at.push_back(static_cast<u32>(args[0]));
    looks.compiled += ctx.stack.state.side == nullptr;
    return runtime::HostStatus::ok;
  });
  runtime::Instance* instance = nullptr;
  engine.host("throws", {}, {}, [&](runtime::CallContext& ctx, const Slot*, Slot*) {
    const Outcome outcome = exec::invoke(ctx.stack, engine.func(*instance, "throw"), {}, {});
    return outcome == Outcome::threw ? runtime::HostStatus::throw_ : runtime::HostStatus::trap;
  });
  instance = engine.load(kWat);
  if (instance == nullptr) return {};
  return call(engine, *instance, "f", {5}, fuel);
}

TEST(NativeLanding, AFrameThatCatchesStaysCompiled) {
  runtime::EngineOptions options;
  Looks wanted_looks;
  const Did wanted = run(options, kPlenty, wanted_looks);
  ASSERT_EQ(wanted.outcome, Outcome::returned);
  EXPECT_EQ(wanted_looks.compiled, 0u);
  options.tier = runtime::Tier::baseline;
  Looks looks;
  EXPECT_EQ(run(options, kPlenty, looks), wanted);
  EXPECT_EQ(looks.at, wanted_looks.at);
  EXPECT_EQ(looks.compiled, kCompiles ? looks.at.size() : 0u);
}

TEST(NativeLanding, EveryAmountOfFuelAndRandomTiers) {
  runtime::EngineOptions compiled, at_random;
  compiled.tier = runtime::Tier::baseline;
  at_random.tier = runtime::Tier::random;
  Looks none;
  const Did all = run({}, kPlenty, none);
  ASSERT_EQ(all.outcome, Outcome::returned);
  for (i64 fuel = 0; fuel <= all.fuel; ++fuel) {
    Looks a, b, c;
    const Did wanted = run({}, fuel, a);
    ASSERT_EQ(run(compiled, fuel, b), wanted) << fuel;
    ASSERT_EQ(b.at, a.at) << fuel;
    at_random.tiering.seed = static_cast<u64>(fuel) + 1;
    ASSERT_EQ(run(at_random, fuel, c), wanted) << fuel;
    ASSERT_EQ(c.at, a.at) << fuel;
  }
}

}  // namespace
}  // namespace dewar::test
