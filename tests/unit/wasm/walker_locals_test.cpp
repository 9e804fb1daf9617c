// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Locals that a few bytes declare by the ten thousand: they are not laid out one by one, and those far from the first
// are typed and initialized as the others are.
#include <gtest/gtest.h>

#include "module_bytes.h"
#include "wasm/limits.h"
#include "wasm/walker.h"

namespace dewar::wasm {
namespace {

using namespace test;

// One parameter (i64), 20,000 i32, 20,000 (ref func), 9,000 funcref. Functions are [i64] -> [].
Bytes with_code(const Bytes& code) {
  const Bytes locals =
      Bytes{3} + leb(20'000) + Bytes{0x7f} + leb(20'000) + Bytes{0x64, 0x70} + leb(9'000) + Bytes{0x70};
  return module({section(1, vec({{0x60, 1, 0x7e, 0}})), section(3, {1, 0}), section(7, Bytes{1, 1, 'f', 0, 0}),
                 section(10, Bytes{1} + body(locals + code + Bytes{0x0b}))});
}
constexpr u32 kLastI32 = 20'000, kFirstRef = 20'001, kLastRef = 40'000, kFirstNullable = 40'001, kLast = 49'000;

Bytes get(u32 i) { return Bytes{0x20} + leb(i); }
Bytes set(u32 i) { return Bytes{0x21} + leb(i); }
Bytes tee(u32 i) { return Bytes{0x22} + leb(i); }
const Bytes kZero = {0x41, 0}, kFunc = {0xd2, 0}, kDrop = {0x1a};

struct EverythingSink : NullSink {
  static constexpr bool kWantLocals = true;
};

template <class Sink>
std::string walked(const Bytes& code, WalkScratch& scratch) {
  TypeRegistry registry;
  auto m = decode(with_code(code), registry);
  if (!m) return m.error().message;
  Sink sink;
  const auto ok = walk(**m, FuncIndex{0}, sink, scratch);
  return ok ? "" : ok.error().message;
}

/// The same answer whether the locals are laid out or not, and when the memory was used before.
std::string check(const Bytes& code) {
  static WalkScratch used;
  WalkScratch fresh, all;
  const std::string near = walked<NullSink>(code, fresh), everything = walked<EverythingSink>(code, all);
  EXPECT_EQ(near, everything);
  EXPECT_EQ(walked<NullSink>(code, used), near);
  EXPECT_LE(fresh.locals.size(), 1u + std::max<usize>(64, code.size() + 20));
  EXPECT_EQ(all.locals.size(), 49'001u);
  return near;
}

TEST(WalkerLocals, FarOnesHaveTheirTypes) {
  EXPECT_EQ(check(get(kLastI32) + set(100)), "");
  EXPECT_EQ(check(kZero + tee(kLastI32) + set(1)), "");
  EXPECT_EQ(check(get(kFirstNullable) + set(kLast)), "");
  EXPECT_EQ(check(get(kLastI32) + set(kLast)), "type mismatch");
  EXPECT_EQ(check(get(kLast) + set(kLastI32)), "type mismatch");
  EXPECT_EQ(check(get(kLast) + tee(kLast) + set(0)), "type mismatch");
  EXPECT_EQ(check(get(kLast + 1) + kDrop), "unknown local");
  EXPECT_EQ(check(kZero + set(kLast + 1)), "unknown local");
  EXPECT_EQ(check(kZero + tee(~u32{0}) + kDrop), "unknown local");
}

TEST(WalkerLocals, FarOnesAreInitialized) {
  EXPECT_EQ(check(get(kFirstRef) + kDrop), "uninitialized local");
  EXPECT_EQ(check(kFunc + set(kFirstRef) + get(kFirstRef) + kDrop), "");
  EXPECT_EQ(check(kFunc + set(kFirstRef) + get(kLastRef) + kDrop), "uninitialized local");
  EXPECT_EQ(check(kFunc + tee(kLastRef) + set(kFirstRef) + get(kLastRef) + kDrop), "");
  // What a block sets is not set behind it.
  EXPECT_EQ(check(Bytes{0x02, 0x40} + kFunc + set(kFirstRef) + Bytes{0x0b} + get(kFirstRef) + kDrop),
            "uninitialized local");
  EXPECT_EQ(
      check(kFunc + set(kFirstRef) + Bytes{0x02, 0x40} + kFunc + set(kFirstRef) + Bytes{0x0b} + get(kFirstRef) + kDrop),
      "");
  // A walk that ended with an error leaves nothing behind (check() uses the same memory again).
  EXPECT_EQ(check(kFunc + set(kFirstRef) + kDrop), "type mismatch: the operand stack is empty");
  EXPECT_EQ(check(get(kFirstRef) + kDrop), "uninitialized local");
}

}  // namespace
}  // namespace dewar::wasm
