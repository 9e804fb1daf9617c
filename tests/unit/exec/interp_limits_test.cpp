// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What hostile modules try with encodings and sizes: padded immediates, payloads and results wider than anything a
// function pushes, handlers of both exception proposals in one body, operand stacks of a thousand values per call.
#include <cstring>

#include "exec_fixture.h"
#include "text/wat.h"
#include "wasm/validate.h"

namespace dewar::test {
namespace {

using runtime::HostStatus;
using runtime::Outcome;
using runtime::TrapKind;

/// Loads bytes instead of text.
runtime::Instance* load_bytes(TestEngine& engine, std::vector<u8> bytes) {
  auto module = wasm::load_module(std::move(bytes), engine.engine().types(), {});
  EXPECT_TRUE(module.has_value()) << (module ? "" : module.error().message);
  if (!module) return nullptr;
  auto made = runtime::instantiate(engine.store(), *module, engine.linker(), engine.stack());
  EXPECT_TRUE(made.has_value());
  return made ? made->instance : nullptr;
}

/// A module with memory 0 of one page whose exported "f" has this body (without locals and end), result i32.
std::vector<u8> module_with(const std::vector<u8>& code) {
  std::vector<u8> m = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 5, 1, 0x60, 0,   1, 0x7f, 3,
                       2, 1,   0,   5,   3, 1, 0, 1, 7, 5, 1, 1,    'f', 0, 0,    10};
  const u8 body = static_cast<u8>(code.size() + 2);
  m.insert(m.end(), {static_cast<u8>(body + 2), 1, body, 0});
  m.insert(m.end(), code.begin(), code.end());
  m.push_back(0x0b);
  return m;
}

TEST(Limits, APaddedOffsetIsReadWhole) {
  // Offsets are u64 in the format, so ten bytes are valid for a 32-bit memory, too. What follows the fifth byte must
  // not be taken for instructions: 0x80 and 0x00 would be an unknown opcode and `unreachable`.
  for (u32 bytes = 1; bytes <= 10; ++bytes) {
    std::vector<u8> offset(bytes, 0x80);
    offset[0] = static_cast<u8>(8 | (bytes > 1 ? 0x80 : 0));
    if (bytes > 1) offset.back() = 0;
    std::vector<u8> code = {0x41, 0, 0x41, 42, 0x36, 2};  // i32.const 0, i32.const 42, i32.store offset=8
    code.insert(code.end(), offset.begin(), offset.end());
    code.insert(code.end(), {0x41, 0, 0x28, 2});  // i32.const 0, i32.load offset=8
    code.insert(code.end(), offset.begin(), offset.end());
    for (const Mode& mode : matrix_modes()) {
      TestEngine engine(mode.options);
      runtime::Instance* instance = load_bytes(engine, module_with(code));
      ASSERT_NE(instance, nullptr);
      ASSERT_EQ(engine.call(*instance, "f"), Outcome::returned) << bytes << " " << mode.name;
      EXPECT_EQ(engine.result_i32(), 42);
    }
  }
}

TEST(Limits, ACaughtPayloadFitsTheFrame) {
  // Nothing is ever pushed in the function that catches: only its results make room for the payload. The stacks are so
  // small that a byte too many lands in the guard pages.
  std::string wat = "(module (type $many (func (param";
  for (int i = 0; i < 400; ++i) wat += " i64";
  wat += "))) (tag $e (type $many)) (func $t ";
  for (int i = 0; i < 400; ++i) wat += "(i64.const " + std::to_string(i) + ")";
  wat += "(throw $e)) (func $c (result";
  for (int i = 0; i < 400; ++i) wat += " i64";
  wat += ") (try_table (catch $e 0) (call $t)) (unreachable)) (func (export \"f\") (result i64) (call $c) ";
  for (int i = 0; i < 399; ++i) wat += "(i64.add)";
  wat += "))";
  for (const Mode& mode : matrix_modes()) {
    u32 returned = 0;
    for (u64 bytes = 3200; bytes < 8000; bytes += 64) {
      TestEngine engine(mode.options, bytes);
      runtime::Instance* instance = engine.load(wat);
      ASSERT_NE(instance, nullptr);
      const Outcome outcome = engine.call(*instance, "f");
      if (outcome == Outcome::returned) {
        ++returned;
        EXPECT_EQ(engine.results()[0], 400u * 399 / 2);
      } else {
        EXPECT_EQ(engine.stack().trap.kind, TrapKind::stack_exhausted);
      }
    }
    EXPECT_GT(returned, 0u);
  }
}

TEST(Limits, ResultsOfAHostFunctionInTailPositionFitTheFrame) {
  std::vector<wasm::CanonValType> many(500, kCanonI64);
  std::string wat = R"((module (import "env" "many" (func $many (result)";
  std::string results;
  for (int i = 0; i < 500; ++i) results += " i64";
  wat +=
      results + "))) (func $g (result" + results + ") (return_call $many)) (func (export \"f\") (result i64) (call $g)";
  for (int i = 0; i < 499; ++i) wat += "(i64.add)";
  wat += "))";
  u32 returned = 0;
  for (u64 bytes = 3800; bytes < 9600; bytes += 64) {
    TestEngine engine({}, bytes);
    engine.host("many", {}, many, [](runtime::CallContext&, const Slot*, Slot* out) {
      for (u32 i = 0; i < 500; ++i) out[i] = i;
      return HostStatus::ok;
    });
    runtime::Instance* instance = engine.load(wat);
    ASSERT_NE(instance, nullptr);
    if (engine.call(*instance, "f") == Outcome::returned) {
      ++returned;
      EXPECT_EQ(engine.results()[0], 500u * 499 / 2);
    }
  }
  EXPECT_GT(returned, 0u);
}

TEST(Limits, HandlersOfBothProposalsInOneBody) {
  // A legacy try before a try_table must keep its own range: a throw outside of it is not its business.
  const Did did = run_all(R"((module (tag $a (param i32)) (tag $b (param i32))
      (func (export "f") (result i32) (local $n i32)
        (try (do (throw $a (i32.const 1))) (catch $a (local.set $n)))
        (local.set $n (i32.add (local.get $n) (block $h (result i32)
          (try_table (catch $b $h)
            (try (do (throw $a (i32.const 10))) (catch $a (local.set $n (i32.add (local.get $n)))))
            (throw $b (i32.const 100)))
          (unreachable))))
        (try (do (throw $b (i32.const 1000))) (catch $b (local.set $n (i32.add (local.get $n)))))
        (block $h (result i32)
          (try_table (catch $a $h) (throw $a (i32.const 10000))) (unreachable))
        (i32.add (local.get $n)))))");
  EXPECT_EQ(did.outcome, Outcome::returned);
  EXPECT_EQ(static_cast<u32>(did.results.at(0)), 11101u);
  // Thrown inside the try_table, with the tag of a legacy try that is over: nobody catches it.
  const Did lost = run_all(R"((module (tag $a (param i32)) (tag $b)
      (func (export "f") (result i32)
        (drop (try (result i32) (do (i32.const 0)) (catch $a)))
        (block $h (try_table (catch $b $h) (throw $a (i32.const 7))))
        (i32.const 0))))");
  EXPECT_EQ(lost.outcome, Outcome::threw);
}

TEST(Limits, ManyOperandsAreRefusedBeforeTheyCostMemory) {
  // Each call pushes a thousand values and takes two bytes.
  std::string wat = "(module (func $g (result";
  for (int i = 0; i < 1000; ++i) wat += " i64";
  wat += ") (unreachable)) (func (export \"f\")";
  for (int i = 0; i < 1100; ++i) wat += "(call $g)";
  wat += "(unreachable)))";
  auto bytes = text::wat_to_wasm(wat);
  ASSERT_TRUE(bytes.has_value());
  runtime::Engine engine;
  const auto module = wasm::load_module(std::move(*bytes), engine.types(), {});
  ASSERT_FALSE(module.has_value());
  EXPECT_STREQ(module.error().code, "wasm-limit");
}

TEST(Limits, AnExceptionFromTheFirstFrameLeavesTheStackUsable) {
  for (const Mode& mode : matrix_modes()) {
    TestEngine engine(mode.options);
    runtime::Instance* instance = engine.load(R"((module (tag $e (export "e") (param i64))
        (func $deep (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))))
          (throw $e (i64.const 77)))
        (func (export "throw") (call $deep (i32.const 1000)))
        (func (export "fine") (result i32) (i32.const 5))))");
    ASSERT_NE(instance, nullptr);
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(engine.call(*instance, "throw"), Outcome::threw);
      // The exception lives as long as nothing else runs.
      engine.store().collect();
      gc::Heap& heap = engine.store().heap();
      ASSERT_TRUE(heap.is_object(engine.stack().exception));
      u64 payload;
      std::memcpy(&payload, heap.payload(engine.stack().exception), 8);
      EXPECT_EQ(payload, 77u);
      ASSERT_EQ(engine.call(*instance, "fine"), Outcome::returned);
      EXPECT_EQ(engine.result_i32(), 5);
      engine.store().collect();
      EXPECT_EQ(heap.allocated_bytes(), 0u);
    }
  }
}

}  // namespace
}  // namespace dewar::test
