// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What compiled code keeps outside of slots, and where a trap finds it: locals and operands of a frame that trapped in
// straight-line code are those of the interpreter, bit by bit, whatever register or constant they were.
#include "exec_fixture.h"
#include "runtime/stack.h"

namespace dewar::test {
namespace {

using runtime::Outcome;
using runtime::TrapKind;

/// "f" traps; below what the trapping instruction takes are operands of these types.
struct Case {
  const char* name;
  TrapKind trap;
  std::string locals;  ///< types; the first two are parameters
  std::string operand_types;
  std::string body;
};

u64 seen(char type, Slot slot) { return type == 'l' || type == 'd' ? slot : static_cast<u32>(slot); }

const char* type_name(char type) { return type == 'l' ? "i64" : type == 'f' ? "f32" : type == 'd' ? "f64" : "i32"; }

std::string module_of(const Case& c) {
  std::string wat = "(module (memory 1) (func (export \"f\") (param i32 i32)";
  for (usize i = 2; i < c.locals.size(); ++i) wat += std::string(" (local ") + type_name(c.locals[i]) + ")";
  return wat + "\n" + c.body + "\nunreachable))";
}

// Locals: 0, 1 = i32 parameters 7 and 0; 2 = i32, 3 = i64, 4 = f32, 5 = f64.
const std::string kLocals = "iilfdi";
// Each local is written, so that none is in its slot, or a constant.
const std::string kDirty = R"(
    (local.set 2 (i64.mul (i64.extend_i32_u (local.get 0)) (i64.const 0x123456789)))
    (local.set 3 (f32.div (f32.convert_i32_s (local.get 0)) (f32.const 3)))
    (local.set 4 (f64.sub (f64.convert_i32_s (local.get 0)) (f64.const 0.1)))
    (local.set 5 (i32.const -5))
    (local.set 0 (i32.add (local.get 0) (i32.const 1))))";
// Operands of every kind of place; then an alias of a local that changes after it.
const std::string kOperands = R"(
    (local.get 0) (local.get 2) (i32.const 77) (f64.const 2.5) (f32.add (local.get 3) (local.get 3))
    (i64.const -1) (i32.lt_u (local.get 0) (i32.const 100))
    (local.set 0 (i32.mul (local.get 0) (i32.const 1000))))";
const std::string kOperandTypes = "ilidfli";

// A NaN that is not the canonical one: what the processor makes of 0/0 has a sign. It is settled when it is seen.
const std::string kNaN = R"(
    (f64.div (f64.convert_i32_s (local.get 1)) (f64.convert_i32_s (local.get 1)))
    (f32.sqrt (f32.convert_i32_s (i32.sub (local.get 1) (local.get 0)))))";

// clang-format off
const Case kCases[] = {
    {"division", TrapKind::divide_by_zero, kLocals, kOperandTypes, kDirty + kOperands + "(i32.div_s (local.get 0) (local.get 1))"},
    {"remainder", TrapKind::divide_by_zero, kLocals, kOperandTypes,
     kDirty + kOperands + "(i64.rem_u (local.get 2) (i64.extend_i32_u (local.get 1)))"},
    {"by a constant", TrapKind::divide_by_zero, kLocals, kOperandTypes, kDirty + kOperands + "(i32.div_u (local.get 0) (i32.const 0))"},
    {"overflow", TrapKind::integer_overflow, kLocals, kOperandTypes,
     kDirty + kOperands + "(i32.div_s (i32.shl (local.get 0) (i32.const 31)) (i32.sub (local.get 1) (i32.const 1)))"
                          "(i32.div_s (i32.const 0x80000000) (i32.sub (local.get 1) (i32.const 1)))"},
    {"conversion", TrapKind::integer_overflow, kLocals, kOperandTypes, kDirty + kOperands + "(i32.trunc_f64_s (f64.mul (local.get 4) (f64.const 1e30)))"},
    {"conversion to u64", TrapKind::integer_overflow, kLocals, kOperandTypes, kDirty + kOperands + "(i64.trunc_f32_u (f32.neg (local.get 3)))"},
    {"NaN", TrapKind::invalid_conversion, kLocals, kOperandTypes, kDirty + kOperands + "(i64.trunc_f32_s (f32.const nan))"},
    {"load", TrapKind::memory_out_of_bounds, kLocals, kOperandTypes, kDirty + kOperands + "(i64.load offset=65529 (local.get 1))"},
    {"store", TrapKind::memory_out_of_bounds, kLocals, kOperandTypes, kDirty + kOperands + "(f64.store (i32.const -1) (local.get 4))"},
    {"settled NaNs", TrapKind::divide_by_zero, kLocals, "df", kDirty + kNaN + "(i32.div_s (local.get 0) (local.get 1))"},
    {"behind a branch", TrapKind::divide_by_zero, kLocals, kOperandTypes,
     kDirty + kOperands + "(block (br_if 0 (local.get 1)) (local.set 5 (i32.const 6))) (i32.div_s (local.get 5) (local.get 1))"},
};
// clang-format on

/// The frame of "f", which is the first of its stack, after it trapped.
std::vector<u64> trapped_frame(const Case& c, const runtime::EngineOptions& options, Did& did) {
  TestEngine engine(options);
  runtime::Instance* const instance = engine.load(module_of(c));
  if (!instance) return {};
  did = call(engine, *instance, "f", {7, 0});
  const Slot* const fp = engine.stack().base;
  const Slot* const operands = fp + instance->codes->at(0).local_slots + runtime::kHeaderSlots;
  std::vector<u64> values;
  for (usize i = 0; i < c.locals.size(); ++i) values.push_back(seen(c.locals[i], fp[i]));
  for (usize i = 0; i < c.operand_types.size(); ++i) values.push_back(seen(c.operand_types[i], operands[i]));
  return values;
}

TEST(NativeState, ATrapFindsEveryLocalAndOperand) {
  runtime::EngineOptions compiled;
  compiled.tier = runtime::Tier::baseline;
  for (const Case& c : kCases) {
    Did wanted, did;
    const std::vector<u64> frame = trapped_frame(c, {}, wanted);
    ASSERT_EQ(frame.size(), c.locals.size() + c.operand_types.size()) << c.name;
    EXPECT_EQ(wanted.trap, c.trap) << c.name;
    EXPECT_EQ(frame[0], c.operand_types.size() == 7 ? 8000u : 8u)
        << c.name << ": the frame is not where it is looked for";
    EXPECT_EQ(trapped_frame(c, compiled, did), frame) << c.name;
    EXPECT_EQ(did, wanted) << c.name << ": trap, fuel or backtrace";
  }
}

/// The value of an i32 expression reaches its user in a register with garbage in the upper half.
TEST(NativeState, NobodyLooksAtTheUpperHalfOfAnI32) {
  // $wide has a low half of 2 and an upper one that leads far away.
  const std::string wide = "(i32.wrap_i64 (i64.add (global.get $wide) (i64.const 1)))";
  const char* const head = R"((module (memory 1) (table $t 8 funcref) (elem (i32.const 2) $two)
    (type $r (func (result i32))) (global $wide (mut i64) (i64.const 0x7fff123400000001))
    (func $two (result i32) (i32.const 22))
    (func (export "f") (result i32) )";
  const std::string uses[] = {
      "(block (block (block (block (block (block (block (br_table 0 1 2 3 4 5 6 " + wide +
          ")) (return (i32.const 10))) (return (i32.const 11))) (return (i32.const 12))) (return (i32.const 13)))"
          " (return (i32.const 14))) (return (i32.const 15))) (i32.const 16)",
      "(block (block (block (br_table 0 1 2 " + wide +
          ")) (return (i32.const 10))) (return (i32.const 11))) (i32.const 12)",
      "(block $b (result i32) (br $b " + wide + ")) (br_table 0 0 0 0 0 0 0 (i32.const 7) (i32.const 5))",
      "(call_indirect $t (type $r) " + wide + ")",
      "(i32.store offset=6 " + wide + " (i32.const 99)) (i32.load (i32.const 8))",
      "(i32.load8_u (i32.add " + wide + " (i32.const 1)))",
      "(i64.store (i32.const 16) (i64.extend_i32_u " + wide + ")) (i32.load (i32.const 20))",
      "(memory.fill " + wide + " (i32.const 7) (i32.const 5)) (i32.load (i32.const 1))",
      "(i32.atomic.rmw.add (i32.add " + wide + " (i32.const 2)) (i32.const 5))",
      "(select (i32.const 1) (i32.const 2) (i32.shr_u " + wide + " (i32.const 2)))",
      "(i32.trunc_f64_s (f64.convert_i32_u " + wide + "))",
      "(ref.is_null (table.get $t " + wide + "))",
      "(if (result i32) (i32.eqz (i32.sub " + wide + " (i32.const 2))) (then (i32.const 1)) (else (i32.const 0)))",
  };
  for (const std::string& use : uses) {
    SCOPED_TRACE(use);
    const Did did = run_all(head + use + "))");
    EXPECT_EQ(did.outcome, Outcome::returned);
  }
  EXPECT_EQ(static_cast<u32>(run_all(head + uses[0] + "))").results.at(0)), 12U);
}

}  // namespace
}  // namespace dewar::test
