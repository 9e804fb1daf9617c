// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The sticky-error reader: LEB128 limits of every width (Wasm core specification, section 5.2.2), the three kinds of
// error and their positions, and that nothing is ever read outside the span.
#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "base/cursor.h"
#include "base/leb128.h"

namespace dewar::base {
namespace {

using Bytes = std::vector<u8>;

/// Reads one value with `read`, and tells value, error, bytes used.
template <class Read>
auto read_one(const Bytes& bytes, Read read) {
  Cursor cursor(bytes);
  auto value = read(cursor);
  struct Outcome {
    decltype(value) value;
    ReadError error;
    usize used;
  };
  return Outcome{value, cursor.error(), cursor.pos()};
}

auto u32_of(const Bytes& b) {
  return read_one(b, [](Cursor& c) { return c.leb_u32(); });
}
auto s32_of(const Bytes& b) {
  return read_one(b, [](Cursor& c) { return c.leb_s32(); });
}
auto u64_of(const Bytes& b) {
  return read_one(b, [](Cursor& c) { return c.leb_u64(); });
}
auto s64_of(const Bytes& b) {
  return read_one(b, [](Cursor& c) { return c.leb_s64(); });
}
auto s33_of(const Bytes& b) {
  return read_one(b, [](Cursor& c) { return c.leb_s33(); });
}

TEST(CursorTest, OneByteIntegers) {
  for (u32 i = 0; i < 0x80; ++i) {
    Bytes bytes = {static_cast<u8>(i)};
    i32 expected = i < 0x40 ? static_cast<i32>(i) : static_cast<i32>(i) - 0x80;
    EXPECT_EQ(u32_of(bytes).value, i);
    EXPECT_EQ(u64_of(bytes).value, i);
    EXPECT_EQ(s32_of(bytes).value, expected);
    EXPECT_EQ(s33_of(bytes).value, expected);
    EXPECT_EQ(s64_of(bytes).value, expected);
    EXPECT_EQ(s64_of(bytes).used, 1u);
  }
}

TEST(CursorTest, LargestEncodings) {
  EXPECT_EQ(u32_of({0xff, 0xff, 0xff, 0xff, 0x0f}).value, 0xffffffffu);
  EXPECT_EQ(s32_of({0xff, 0xff, 0xff, 0xff, 0x07}).value, INT32_MAX);
  EXPECT_EQ(s32_of({0x80, 0x80, 0x80, 0x80, 0x78}).value, INT32_MIN);
  EXPECT_EQ(s33_of({0xff, 0xff, 0xff, 0xff, 0x0f}).value, 0xffffffffLL);
  EXPECT_EQ(s33_of({0x80, 0x80, 0x80, 0x80, 0x70}).value, -0x100000000LL);
  EXPECT_EQ(u64_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}).value, UINT64_MAX);
  EXPECT_EQ(s64_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00}).value, INT64_MAX);
  EXPECT_EQ(s64_of({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}).value, INT64_MIN);
}

TEST(CursorTest, PaddedEncodingsAreLegalUpToTheLimit) {
  EXPECT_EQ(u32_of({0x83, 0x80, 0x80, 0x80, 0x00}).value, 3u);
  EXPECT_EQ(s32_of({0xff, 0xff, 0xff, 0xff, 0x7f}).value, -1);
  EXPECT_EQ(s33_of({0xff, 0xff, 0xff, 0xff, 0x7f}).value, -1);
  EXPECT_EQ(s64_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}).value, -1);
  EXPECT_EQ(u64_of({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}).value, 0u);
}

TEST(CursorTest, TooLong) {
  EXPECT_EQ(u32_of({0x80, 0x80, 0x80, 0x80, 0x80, 0x00}).error, ReadError::kIntTooLong);
  EXPECT_EQ(s32_of({0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}).error, ReadError::kIntTooLong);
  EXPECT_EQ(s33_of({0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}).error, ReadError::kIntTooLong);
  EXPECT_EQ(u64_of({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}).error, ReadError::kIntTooLong);
  EXPECT_EQ(s64_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}).error, ReadError::kIntTooLong);
  // Known without reading a sixth byte.
  EXPECT_EQ(u32_of({0x80, 0x80, 0x80, 0x80, 0x80}).error, ReadError::kIntTooLong);
}

TEST(CursorTest, TooLarge) {
  EXPECT_EQ(u32_of({0x80, 0x80, 0x80, 0x80, 0x10}).error, ReadError::kIntTooLarge);
  EXPECT_EQ(u32_of({0x83, 0x80, 0x80, 0x80, 0x40}).error, ReadError::kIntTooLarge);
  EXPECT_EQ(s32_of({0x80, 0x80, 0x80, 0x80, 0x70}).error, ReadError::kIntTooLarge);
  EXPECT_EQ(s32_of({0xff, 0xff, 0xff, 0xff, 0x0f}).error, ReadError::kIntTooLarge);
  EXPECT_EQ(s33_of({0x80, 0x80, 0x80, 0x80, 0x60}).error, ReadError::kIntTooLarge);
  EXPECT_EQ(s33_of({0xff, 0xff, 0xff, 0xff, 0x1f}).error, ReadError::kIntTooLarge);
  EXPECT_EQ(u64_of({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02}).error, ReadError::kIntTooLarge);
  EXPECT_EQ(s64_of({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7e}).error, ReadError::kIntTooLarge);
  EXPECT_EQ(s64_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}).error, ReadError::kIntTooLarge);
  // Both wrong bits and a continuation: the bits are looked at first.
  EXPECT_EQ(u32_of({0x80, 0x80, 0x80, 0x80, 0x90, 0x00}).error, ReadError::kIntTooLarge);
}

TEST(CursorTest, LastByteOfEveryKindIsExactlyLimited) {
  // All 128 final bytes of the longest encoding, against the definition.
  for (int last = 0; last < 0x80; ++last) {
    auto longest = [last](usize length) {
      Bytes bytes(length, 0x80);
      bytes.back() = static_cast<u8>(last);
      return bytes;
    };
    auto fits_unsigned = [last](int bits) { return last >> bits == 0; };
    auto fits_signed = [last](int bits) {
      int value = last < 0x40 ? last : last - 0x80;
      return value >= -(1 << (bits - 1)) && value < (1 << (bits - 1));
    };
    EXPECT_EQ(u32_of(longest(5)).error == ReadError::kNone, fits_unsigned(4)) << last;
    EXPECT_EQ(s32_of(longest(5)).error == ReadError::kNone, fits_signed(4)) << last;
    EXPECT_EQ(s33_of(longest(5)).error == ReadError::kNone, fits_signed(5)) << last;
    EXPECT_EQ(u64_of(longest(10)).error == ReadError::kNone, fits_unsigned(1)) << last;
    EXPECT_EQ(s64_of(longest(10)).error == ReadError::kNone, fits_signed(1)) << last;
  }
}

TEST(CursorTest, EndInsideAnInteger) {
  for (usize length = 0; length < 5; ++length) {
    Bytes bytes(length, 0x80);
    EXPECT_EQ(u32_of(bytes).error, ReadError::kUnexpectedEnd);
    EXPECT_EQ(s64_of(bytes).error, ReadError::kUnexpectedEnd);
    EXPECT_EQ(u32_of(bytes).used, 0u) << "a failed read consumes nothing";
  }
}

TEST(CursorTest, RoundTripOfManyValues) {
  std::vector<u64> samples;
  for (int shift = 0; shift < 64; ++shift) {
    for (u64 near : {u64{0}, u64{1}, u64{2}, ~u64{0}, ~u64{1}}) samples.push_back((u64{1} << shift) + near);
  }
  for (u64 sample : samples) {
    Bytes bytes;
    append_u64(bytes, sample);
    EXPECT_EQ(bytes.size(), size_of_u64(sample));
    append_s64(bytes, static_cast<i64>(sample));
    append_u32(bytes, static_cast<u32>(sample));
    append_s32(bytes, static_cast<i32>(sample));
    i64 narrow = static_cast<i64>(sample << 31) >> 31;
    append_s33(bytes, narrow);
    append_u32_padded(bytes, static_cast<u32>(sample));
    Cursor cursor(bytes);
    EXPECT_EQ(cursor.leb_u64(), sample);
    EXPECT_EQ(cursor.leb_s64(), static_cast<i64>(sample));
    EXPECT_EQ(cursor.leb_u32(), static_cast<u32>(sample));
    EXPECT_EQ(cursor.leb_s32(), static_cast<i32>(sample));
    EXPECT_EQ(cursor.leb_s33(), narrow);
    EXPECT_EQ(cursor.leb_u32(), static_cast<u32>(sample));
    EXPECT_TRUE(cursor.ok());
    EXPECT_TRUE(cursor.at_end());
  }
}

TEST(CursorTest, ErrorSticksAndKeepsItsPlace) {
  Bytes bytes = {1, 2, 0x80, 0x80, 0x80, 0x80, 0x10, 7};
  Cursor cursor(bytes, 100);
  EXPECT_EQ(cursor.byte(), 1);
  EXPECT_EQ(cursor.offset(), 101u);
  EXPECT_EQ(cursor.byte(), 2);
  EXPECT_EQ(cursor.leb_u32(), 0u);
  EXPECT_FALSE(cursor.ok());
  EXPECT_EQ(cursor.error_offset(), 102u);
  EXPECT_EQ(cursor.error_byte_offset(), 106u);
  // Everything afterwards gives nothing and changes nothing.
  EXPECT_EQ(cursor.byte(), 0);
  EXPECT_EQ(cursor.leb_s64(), 0);
  EXPECT_EQ(cursor.fixed_u64(), 0u);
  EXPECT_TRUE(cursor.bytes(1).empty());
  EXPECT_TRUE(cursor.bytes(0).empty());
  EXPECT_EQ(cursor.peek(), 0);
  cursor.seek(0);
  cursor.skip(1);
  EXPECT_EQ(cursor.pos(), 2u);
  EXPECT_EQ(cursor.remaining(), 0u);
  EXPECT_TRUE(cursor.at_end());
  EXPECT_EQ(cursor.error(), ReadError::kIntTooLarge);
  EXPECT_EQ(cursor.error_offset(), 102u);
}

TEST(CursorTest, SizesThatWouldOverflow) {
  Bytes bytes = {1, 2, 3};
  for (u64 size : {u64{4}, u64{1} << 32, ~u64{0}, ~u64{0} - 2}) {
    Cursor cursor(bytes);
    EXPECT_TRUE(cursor.bytes(size).empty());
    EXPECT_EQ(cursor.error(), ReadError::kUnexpectedEnd);
    EXPECT_EQ(cursor.error_offset(), 0u);
    EXPECT_EQ(cursor.error_byte_offset(), 3u);
    Cursor other(bytes);
    EXPECT_EQ(other.sub(size).size(), 0u);
    EXPECT_FALSE(other.ok());
  }
}

TEST(CursorTest, FixedWidthIsLittleEndian) {
  Bytes bytes = {0x00, 0x61, 0x73, 0x6d, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  Cursor cursor(bytes);
  EXPECT_EQ(cursor.fixed_u32(), 0x6d736100u);
  EXPECT_EQ(cursor.fixed_u64(), 0x0807060504030201u);
  EXPECT_EQ(cursor.fixed_u32(), 0u);
  EXPECT_EQ(cursor.error(), ReadError::kUnexpectedEnd);
  EXPECT_EQ(cursor.error_offset(), 12u);
}

TEST(CursorTest, SubCursorReportsPositionsOfTheWholeInput) {
  Bytes bytes = {9, 9, 0x80, 0x80, 5};
  Cursor outer(bytes, 1000);
  outer.skip(2);
  Cursor inner = outer.sub(2);
  EXPECT_EQ(outer.byte(), 5);
  EXPECT_TRUE(outer.ok());
  inner.leb_u32();
  EXPECT_EQ(inner.error(), ReadError::kUnexpectedEnd);
  EXPECT_EQ(inner.error_offset(), 1002u);
  EXPECT_EQ(inner.error_byte_offset(), 1004u);
}

TEST(CursorTest, SeekIsBounded) {
  Bytes bytes = {1, 2, 3};
  Cursor cursor(bytes);
  cursor.seek(3);
  EXPECT_TRUE(cursor.ok());
  EXPECT_TRUE(cursor.at_end());
  cursor.seek(1);
  EXPECT_EQ(cursor.peek(), 2);
  EXPECT_EQ(cursor.byte(), 2);
  cursor.seek(4);
  EXPECT_FALSE(cursor.ok());
}

TEST(CursorTest, EmptyInput) {
  Cursor nothing;
  EXPECT_TRUE(nothing.at_end());
  EXPECT_TRUE(nothing.ok());
  EXPECT_EQ(nothing.peek(), 0);
  EXPECT_TRUE(nothing.ok());
  EXPECT_EQ(nothing.byte(), 0);
  EXPECT_EQ(nothing.error(), ReadError::kUnexpectedEnd);
}

}  // namespace
}  // namespace dewar::base
