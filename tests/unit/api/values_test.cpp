// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values typed and shown; what is shown reads back to the same bits.
#include "api/values.h"

#include <gtest/gtest.h>

namespace dewar::api {
namespace {

using wasm::CanonValType;

std::string through(const char* text, CanonValType type) {
  Slot slots[2] = {~u64{0}, ~u64{0}};
  auto ok = parse_value(text, type, slots);
  return ok ? value_text(type, slots) : ok.error().code;
}

TEST(Values, Numbers) {
  const CanonValType i32{CanonValType::kI32}, i64{CanonValType::kI64}, f32{CanonValType::kF32}, f64{CanonValType::kF64};
  EXPECT_EQ(through("4294967295", i32), "-1");
  EXPECT_EQ(through("-2147483648", i32), "-2147483648");
  EXPECT_EQ(through("4294967296", i32), "invoke-argument");
  EXPECT_EQ(through("0xffff_ffff", i32), "-1");
  EXPECT_EQ(through("18446744073709551615", i64), "-1");
  EXPECT_EQ(through("1.5", i64), "invoke-argument");
  EXPECT_EQ(through("0.1", f32), "0.1");
  EXPECT_EQ(through("0.1", f64), "0.1");
  EXPECT_EQ(through("-0", f64), "-0");
  EXPECT_EQ(through("1e400", f64), "invoke-argument");
  EXPECT_EQ(through("inf", f32), "inf");
  EXPECT_EQ(through("-nan:0x123", f64), "-nan:0x123");
  EXPECT_EQ(through("", f64), "invoke-argument");
}

TEST(Values, Vectors) {
  const CanonValType v128{CanonValType::kV128};
  EXPECT_EQ(through("0x1", v128), "0x00000000000000000000000000000001");
  EXPECT_EQ(through("0x0123456789abcdef0123456789ABCDEF", v128), "0x0123456789abcdef0123456789abcdef");
  EXPECT_EQ(through("0x100000000000000000000000000000000", v128), "invoke-argument");
  EXPECT_EQ(through("0x", v128), "invoke-argument");
  EXPECT_EQ(through("1", v128), "invoke-argument");
}

TEST(Values, References) {
  EXPECT_EQ(through("null", CanonValType::ref(wasm::Heap::extern_, true)), "null");
  EXPECT_EQ(through("null", CanonValType::ref(wasm::Heap::func, false)), "invoke-argument");
  EXPECT_EQ(through("7", CanonValType::ref(wasm::Heap::extern_, true)), "invoke-argument");
  const Slot i31 = runtime::i31_ref(static_cast<u32>(-5));
  EXPECT_EQ(value_text(CanonValType::ref(wasm::Heap::any, true), &i31), "i31 -5");
}

}  // namespace
}  // namespace dewar::api
