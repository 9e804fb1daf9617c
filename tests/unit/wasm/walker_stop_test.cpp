// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A stop flag ends a walk at every instruction that can mean much work for few bytes: one of each kind alone, with the
// flag set from the start. And: operands that unreachable code does not have are not looked at.
#include <gtest/gtest.h>

#include "module_bytes.h"
#include "wasm/limits.h"
#include "wasm/validate.h"
#include "wasm/walker.h"

namespace dewar::wasm {
namespace {

using namespace test;

constexpr u32 kMany = 1'000;

// Types: 0 = [] -> [], 1 = [] -> [i32 x 1000], 2 = [i32 x 1000] -> [], 3 = struct of 10,000 i32, 4 = array of i32,
// 5 = [] -> [i32 x 999, funcref].
Bytes with_body(u8 type, const Bytes& code) {
  const Bytes many = repeat(kMany, {0x7f});
  return module({section(1, vec({kVoidType,
                                 Bytes{0x60, 0} + many,
                                 Bytes{0x60} + many + Bytes{0},
                                 Bytes{0x5f} + repeat(kMaxStructFields, {0x7f, 0}),
                                 {0x5e, 0x7f, 0},
                                 Bytes{0x60, 0} + leb(kMany) + Bytes(kMany - 1, 0x7f) + Bytes{0x70}})),
                 section(3, {1, type}), section(13, {1, 0, 2}), section(10, Bytes{1} + body(Bytes{0} + code))});
}

Bytes constants(u32 count) {
  Bytes out;
  for (u32 i = 0; i < count; ++i) out.insert(out.end(), {0x41, 0});
  return out;
}

Result<void> walked(const Bytes& bytes, WalkScratch& scratch) {
  TypeRegistry registry;
  Features features;
  features.set(Feature::legacy_exceptions, true);
  auto m = decode(bytes, registry, {features});
  if (!m) return std::unexpected(m.error());
  NullSink sink;
  return walk(**m, FuncIndex{0}, sink, scratch);
}

std::string code_of(const Result<void>& ok) {
  return ok ? "" : std::string(ok.error().code) + ": " + ok.error().message;
}

/// The work of a body that a set flag allows to be finished, in types looked at plus times asked.
u64 work_of(const Bytes& bytes) {
  const base::StopFlag flag{true};
  WalkScratch scratch;
  scratch.stop = &flag;
  u64 low = 0, high = 1'000'000;
  while (low < high) {
    scratch.stop_after = low + (high - low) / 2;
    if (walked(bytes, scratch)) {
      high = scratch.stop_after;
    } else {
      low = scratch.stop_after + 1;
    }
  }
  return low;
}

TEST(WalkerStop, EveryInstructionWithManyTypes) {
  const Bytes many = constants(kMany);
  const u32 one = kMany + 1, fields = kMaxStructFields + 1, elements = kMaxArrayNewFixed + 1;
  struct {
    const char* name;
    u8 type;
    Bytes code;
    u64 work;  // of the instruction, and of the function's `end` if it has results
  } const cases[] = {
      {"struct.new", 0, constants(kMaxStructFields) + Bytes{0xfb, 0, 3, 0x1a, 0x0b}, fields},
      {"struct.new_default", 0, {0xfb, 1, 3, 0x1a, 0x0b}, fields},
      {"array.new_fixed", 0,
       constants(kMaxArrayNewFixed) + Bytes{0xfb, 8, 4} + leb(kMaxArrayNewFixed) + Bytes{0x1a, 0x0b}, elements},
      {"br", 1, many + Bytes{0x0c, 0, 0x0b}, one + one},
      {"br_if", 1, many + Bytes{0x41, 0, 0x0d, 0, 0x00, 0x0b}, one + one},
      {"br_table", 1, many + Bytes{0x41, 0, 0x0e, 0, 0, 0x0b}, 1 + one + one},
      {"return", 1, many + Bytes{0x0f, 0x0b}, one + one},
      {"end", 1, many + Bytes{0x0b}, one},
      {"throw", 0, many + Bytes{0x08, 0, 0x0b}, one},
      {"br_on_null", 1, many + Bytes{0xd0, 0x70, 0xd5, 0, 0x00, 0x0b}, one + one},
      {"br_on_non_null", 5, constants(kMany - 1) + Bytes{0xd0, 0x70, 0xd6, 0, 0x00, 0x0b}, kMany + one},
      {"br_on_cast", 5, constants(kMany - 1) + Bytes{0xd0, 0x70, 0xfb, 24, 3, 0, 0x70, 0x70, 0x00, 0x0b}, kMany + one},
      {"catch clause", 1, {0x1f, 0x40, 1, 0, 0, 0, 0x00, 0x0b, 0x00, 0x0b}, one + 1 + one},
      {"catch", 0, {0x06, 0x40, 0x07, 0, 0x00, 0x0b, 0x0b}, 1 + 1},
  };
  for (const auto& c : cases) {
    const Bytes bytes = with_body(c.type, c.code);
    WalkScratch scratch;
    EXPECT_EQ(code_of(walked(bytes, scratch)), "") << c.name;
    EXPECT_EQ(work_of(bytes), c.work) << c.name;
  }
}

TEST(WalkerStop, ByAFlagOrByBitsOfAWord) {
  const Bytes bytes = with_body(0, {0xfb, 1, 3, 0x1a, 0x0b});
  base::StopFlag flag{false};
  std::atomic<u32> word{4};
  WalkScratch scratch;
  scratch.stop = &flag;
  scratch.stop_bits = {&word, 2};
  EXPECT_EQ(code_of(walked(bytes, scratch)), "") << "only another bit is set";
  word = 6;
  EXPECT_EQ(code_of(walked(bytes, scratch)), "stopped: loading was stopped from outside");
  word = 0;
  flag = true;
  EXPECT_EQ(code_of(walked(bytes, scratch)), "stopped: loading was stopped from outside");
}

// 700,000 times ten thousand operands that unreachable code does not have: to look at each would take a minute.
TEST(WalkerStop, UnreachableCodeHasNoOperandsToLookAt) {
  Bytes code = {0x00};
  for (u32 i = 0; i < 700'000; ++i) code.insert(code.end(), {0xfb, 0, 3, 0x1a});
  code.push_back(0x0b);
  WalkScratch scratch;
  EXPECT_EQ(code_of(walked(with_body(0, code), scratch)), "");
}

}  // namespace
}  // namespace dewar::wasm
