// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The budget of memory for code: what is kept is paid for once, a function that does not fit traps before it is
// entered, a module with too many is refused, and the same in every mode.
#include "exec/prepare.h"
#include "exec/root_map.h"
#include "exec_fixture.h"
#include "text/wat.h"
#include "wasm/decoder.h"

namespace dewar::test {
namespace {

using runtime::FuncCode;
using runtime::kFuncCodeCharge;
using runtime::Outcome;
using runtime::TrapKind;

/// "f" calls a function with a br_table of so many labels, "h" a small one.
std::string with_table(int labels) {
  std::string wat = "(module (func $g (block (br_table";
  for (int i = 0; i < labels; ++i) wat += " 0";
  return wat + R"( (i32.const 0)))) (func $s (nop))
      (func (export "f") (call $g)) (func (export "h") (call $s)) (func (export "t") (return_call $g))))";
}

runtime::StoreLimits limited(u64 bytes) {
  runtime::StoreLimits limits;
  limits.max_code_bytes = bytes;
  return limits;
}

TEST(CodeBudget, AFunctionThatDoesNotFitTraps) {
  const std::string wat = with_table(10'000);
  for (const Mode& mode : matrix_modes()) {
    TestEngine engine(mode.options, runtime::Stack::kDefaultBytes, limited(200'000));
    runtime::Instance* instance = engine.load(wat);
    ASSERT_NE(instance, nullptr);
    for (const char* name : {"f", "t"}) {
      const Did did = call(engine, *instance, name);
      EXPECT_EQ(did.outcome, Outcome::trapped) << mode.name;
      EXPECT_EQ(did.trap, TrapKind::code_memory) << mode.name;
      EXPECT_EQ(did.pcs.size(), 1u) << "it was not entered";
      EXPECT_EQ(did.fuel, 1) << "the call";
    }
    EXPECT_EQ(instance->codes->at(0).frame_slots.load(), FuncCode::kUnprepared);
    EXPECT_GT(engine.store().code_room(), 190'000u) << "only the callers are prepared";
    EXPECT_EQ(call(engine, *instance, "h").outcome, Outcome::returned) << "what fits goes on working";
  }
}

TEST(CodeBudget, AnEntryFromTheHostTrapsToo) {
  TestEngine engine({}, runtime::Stack::kDefaultBytes, limited(kFuncCodeCharge + 10));
  runtime::Instance* instance =
      engine.load(R"((module (func (export "f") (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop) (nop))))");
  ASSERT_NE(instance, nullptr);
  const Did did = call(engine, *instance, "f");
  EXPECT_EQ(did.trap, TrapKind::code_memory);
  EXPECT_EQ(did.fuel, 0);
  EXPECT_EQ(engine.store().code_room(), 10u);
}

TEST(CodeBudget, WhatIsKeptIsPaidForOnce) {
  TestEngine engine;
  runtime::Instance* instance = engine.load(with_table(1'000));
  ASSERT_NE(instance, nullptr);
  const u64 before = engine.store().code_room();
  EXPECT_EQ(before, runtime::StoreLimits{}.max_code_bytes - 5 * kFuncCodeCharge);
  EXPECT_EQ(engine.store().code_peak(), 5 * kFuncCodeCharge);
  EXPECT_EQ(call(engine, *instance, "f").outcome, Outcome::returned);
  const FuncCode &g = instance->codes->at(0), &f = instance->codes->at(2);
  const u64 kept = g.body_size + f.body_size + (g.side_count + f.side_count) * sizeof(runtime::SideEntry) +
                   8 * runtime::CodeSet::kBlockBytes;
  EXPECT_GT(g.side_count, 1'000u);
  EXPECT_EQ(before - engine.store().code_room(), kept);
  EXPECT_EQ(call(engine, *instance, "f").outcome, Outcome::returned);
  EXPECT_EQ(before - engine.store().code_room(), kept);
}

TEST(CodeBudget, AShapeCostsWhatTheTablesWouldTake) {
  // A tier that needs no tables pays for them, too.
  const std::string wat = with_table(1'000);
  TestEngine both, halves;
  runtime::Instance* instance = both.load(wat);
  ASSERT_TRUE(exec::prepare(*instance->codes, instance->codes->at(0), {}, &both.stack()));
  const FuncCode& whole = instance->codes->at(0);
  instance = halves.load(wat);
  FuncCode& code = instance->codes->at(0);
  ASSERT_TRUE(exec::prepare_shape(*instance->codes, code, {}, &halves.stack()));
  EXPECT_EQ(halves.store().code_room(), both.store().code_room());
  EXPECT_EQ(halves.store().code_peak(), both.store().code_peak());
  EXPECT_LT(halves.store().code_room(), runtime::StoreLimits{}.max_code_bytes - 24'000);
  EXPECT_EQ(code.frame_slots.load(), whole.frame_slots.load());
  EXPECT_EQ(code.entry_cost, whole.entry_cost);
  EXPECT_EQ(code.body, nullptr);
  EXPECT_EQ(code.side, nullptr);
  ASSERT_TRUE(exec::prepare(*instance->codes, code, {}, &halves.stack()));
  EXPECT_EQ(halves.store().code_room(), both.store().code_room()) << "paid for already";
  EXPECT_EQ(code.side_count, whole.side_count);
  ASSERT_NE(code.body, nullptr);
  EXPECT_EQ(call(halves, *instance, "f").outcome, Outcome::returned);
}

TEST(CodeBudget, TheLimitIsExact) {
  const std::string wat = with_table(1'000);
  const auto fits = [&](u64 bytes) {
    TestEngine engine({}, runtime::Stack::kDefaultBytes, limited(bytes));
    runtime::Instance* instance = engine.load(wat);
    return instance && call(engine, *instance, "f").outcome == Outcome::returned;
  };
  u64 low = 0, high = 1 << 20;
  while (low < high) {
    const u64 middle = low + (high - low) / 2;
    if (fits(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  // 24 bytes remain of each label; while they are found they take more than four times as much.
  EXPECT_GT(low, 1'000u * sizeof(runtime::SideEntry));
  EXPECT_LT(low, 1'100u * 5 * sizeof(runtime::SideEntry));
  for (const Mode& mode : matrix_modes()) {
    for (const u64 bytes : {low - 1, low, ~u64{0}}) {
      TestEngine engine(mode.options, runtime::Stack::kDefaultBytes, limited(bytes));
      runtime::Instance* instance = engine.load(wat);
      EXPECT_EQ(call(engine, *instance, "f").outcome, bytes < low ? Outcome::trapped : Outcome::returned) << mode.name;
      if (bytes >= low) EXPECT_EQ(engine.store().code_peak(), low) << mode.name;
      EXPECT_LE(engine.store().code_peak(), bytes) << mode.name;
    }
  }
}

TEST(CodeBudget, OpenBlocksCount) {
  std::string wat = "(module (func (export \"f\")";
  for (int i = 0; i < 2'000; ++i) wat += "(block ";
  wat += std::string(2'000, ')') + "))";
  TestEngine engine;
  runtime::Instance* instance = engine.load(wat);
  ASSERT_NE(instance, nullptr);
  EXPECT_EQ(call(engine, *instance, "f").outcome, Outcome::returned);
  const u64 tables = engine.store().code_peak() - kFuncCodeCharge;
  EXPECT_GT(tables, 2'000u * (2 * sizeof(runtime::SideEntry) + 2 * sizeof(std::vector<int>)));
}

TEST(CodeBudget, EveryFunctionOfAModuleCounts) {
  // The code of a module's functions is there before any runs, and once for all its instances.
  const std::string wat = "(module (func (export \"f\")) (func) (func) (func) (func))";
  TestEngine enough({}, runtime::Stack::kDefaultBytes, limited(5 * kFuncCodeCharge));
  runtime::Instance* instance = enough.load(wat);
  ASSERT_NE(instance, nullptr);
  EXPECT_EQ(enough.store().code_room(), 0u);
  EXPECT_TRUE(enough.store().new_instance(instance->module).has_value()) << "its code is there";
  EXPECT_EQ(call(enough, *instance, "f").trap, TrapKind::code_memory);
  TestEngine other({}, runtime::Stack::kDefaultBytes, limited(5 * kFuncCodeCharge - 1));
  auto module = wasm::load_module(*text::wat_to_wasm(wat), other.engine().types());
  ASSERT_TRUE(module.has_value());
  const auto refused = other.store().new_instance(*module);
  ASSERT_FALSE(refused.has_value());
  EXPECT_STREQ(refused.error().code, "limit-code");
  EXPECT_EQ(other.store().code_room(), 5 * kFuncCodeCharge - 1) << "nothing was taken";
  EXPECT_EQ(other.store().code_peak(), 0u);
  EXPECT_FALSE(other.store().new_instance(*module).has_value()) << "and nothing is left of the attempt";
}

TEST(CodeBudget, RootMapsArePaidForByTheCollectionThatNeedsThem) {
  runtime::StoreLimits limits;
  limits.max_gc_bytes = 1 << 17;
  TestEngine engine({}, runtime::Stack::kDefaultBytes, limits);
  bool empty = true;
  engine.host("spend", {}, {}, [&](runtime::CallContext& ctx, const Slot*, Slot*) {
    if (empty) ctx.store.code_room() = 0;
    return runtime::HostStatus::ok;
  });
  runtime::Instance* instance = engine.load(R"((module (import "env" "spend" (func $spend)) (type $a (array (mut i64)))
      (func (export "f") (local i32) (call $spend)
        (loop (drop (array.new_default $a (i32.const 1000)))
          (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 100)))))))");
  ASSERT_NE(instance, nullptr);
  EXPECT_EQ(call(engine, *instance, "f").trap, TrapKind::code_memory);
  EXPECT_EQ(instance->codes->at(0).roots, nullptr);
  EXPECT_GT(engine.store().code_peak(), 0u);
  engine.store().code_room() = 1'000'000;
  empty = false;
  EXPECT_EQ(call(engine, *instance, "f").outcome, Outcome::returned);
  const auto maps = exec::make_root_maps(*instance->module, 1);
  EXPECT_EQ(engine.store().code_room(), 1'000'000 - maps->byte_size()) << "once";
  EXPECT_FALSE(exec::make_root_maps(*instance->module, 1, ~u32{0}, {}, 2 * maps->byte_size() - 1).has_value());
  EXPECT_TRUE(exec::make_root_maps(*instance->module, 1, ~u32{0}, {}, 2 * maps->byte_size()).has_value());
}

}  // namespace
}  // namespace dewar::test
