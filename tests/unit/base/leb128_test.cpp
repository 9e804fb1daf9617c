// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The writing side of LEB128: shortest forms, and the padded form with its patching.
#include <vector>

#include <gtest/gtest.h>

#include "base/cursor.h"
#include "base/leb128.h"

namespace dewar::base {
namespace {

using Bytes = std::vector<u8>;

template <class Append>
Bytes written(Append append) {
  Bytes bytes;
  append(bytes);
  return bytes;
}

TEST(Leb128Test, ShortestUnsigned) {
  EXPECT_EQ(written([](Bytes& b) { append_u32(b, 0); }), (Bytes{0}));
  EXPECT_EQ(written([](Bytes& b) { append_u32(b, 127); }), (Bytes{0x7f}));
  EXPECT_EQ(written([](Bytes& b) { append_u32(b, 128); }), (Bytes{0x80, 0x01}));
  EXPECT_EQ(written([](Bytes& b) { append_u32(b, 624485); }), (Bytes{0xe5, 0x8e, 0x26}));
  EXPECT_EQ(written([](Bytes& b) { append_u64(b, UINT64_MAX); }).size(), 10u);
}

TEST(Leb128Test, ShortestSigned) {
  EXPECT_EQ(written([](Bytes& b) { append_s32(b, 0); }), (Bytes{0}));
  EXPECT_EQ(written([](Bytes& b) { append_s32(b, 63); }), (Bytes{0x3f}));
  EXPECT_EQ(written([](Bytes& b) { append_s32(b, 64); }), (Bytes{0xc0, 0x00}));
  EXPECT_EQ(written([](Bytes& b) { append_s32(b, -64); }), (Bytes{0x40}));
  EXPECT_EQ(written([](Bytes& b) { append_s32(b, -65); }), (Bytes{0xbf, 0x7f}));
  EXPECT_EQ(written([](Bytes& b) { append_s32(b, -123456); }), (Bytes{0xc0, 0xbb, 0x78}));
  EXPECT_EQ(written([](Bytes& b) { append_s64(b, INT64_MIN); }).size(), 10u);
  EXPECT_EQ(written([](Bytes& b) { append_s33(b, -(i64{1} << 32)); }), (Bytes{0x80, 0x80, 0x80, 0x80, 0x70}));
}

TEST(Leb128Test, SizesMatch) {
  for (int shift = 0; shift < 64; ++shift) {
    for (u64 value : {u64{1} << shift, (u64{1} << shift) - 1}) {
      EXPECT_EQ(written([value](Bytes& b) { append_u64(b, value); }).size(), size_of_u64(value)) << value;
    }
  }
}

TEST(Leb128Test, PaddedCanBePatched) {
  Bytes bytes;
  append_u32_padded(bytes, 0);
  ASSERT_EQ(bytes.size(), 5u);
  for (u32 value : {0u, 1u, 127u, 128u, 0xffffffffu}) {
    patch_u32_padded(bytes.data(), value);
    Cursor cursor(bytes);
    EXPECT_EQ(cursor.leb_u32(), value);
    EXPECT_TRUE(cursor.ok() && cursor.at_end());
  }
}

}  // namespace
}  // namespace dewar::base
