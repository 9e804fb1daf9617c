// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Moving lanes: splat, extract, replace, shuffle, swizzle, and the value part of V128 loads and stores, against arrays.
#include "exec/semantics.h"
#include "unit/exec/semantics_values.h"

namespace dewar::exec::test {
namespace {

// T = lane type, V = type of the scalar operand or result.
template <class T, class V>
void check_lanes(V128 (*splat)(V) noexcept, V (*extract)(V128, u8) noexcept, V128 (*replace)(V128, V, u8) noexcept) {
  Random random(1);
  for (int i = 0; i < kRounds / 5; i++) {
    const V128 a = operand<V128>(random);
    const V value = operand<V>(random);
    const T lane_value = std::is_same_v<T, V> ? static_cast<T>(value) : static_cast<T>(bits_of(value));
    Lanes<T> all;
    all.fill(lane_value);
    ASSERT_EQ(splat(value), vector_of<T>(all));
    for (u8 lane = 0; lane < 16 / sizeof(T); lane++) {
      ASSERT_EQ(bits_of(extract(a, lane)), bits_of(static_cast<V>(lanes_of<T>(a)[lane])));
      Lanes<T> changed = lanes_of<T>(a);
      changed[lane] = lane_value;
      ASSERT_EQ(replace(a, value, lane), vector_of<T>(changed));
    }
  }
}

TEST(SemanticsLane, SplatExtractReplace) {
  check_lanes<u8>(sem::i8x16_splat, sem::i8x16_extract_lane_u, sem::i8x16_replace_lane);
  check_lanes<u16>(sem::i16x8_splat, sem::i16x8_extract_lane_u, sem::i16x8_replace_lane);
  check_lanes<u32>(sem::i32x4_splat, sem::i32x4_extract_lane, sem::i32x4_replace_lane);
  check_lanes<u64>(sem::i64x2_splat, sem::i64x2_extract_lane, sem::i64x2_replace_lane);
  check_lanes<f32>(sem::f32x4_splat, sem::f32x4_extract_lane, sem::f32x4_replace_lane);
  check_lanes<f64>(sem::f64x2_splat, sem::f64x2_extract_lane, sem::f64x2_replace_lane);
}

TEST(SemanticsLane, SignedExtract) {
  check_lanes<i8>(sem::i8x16_splat, sem::i8x16_extract_lane_s, sem::i8x16_replace_lane);
  check_lanes<i16>(sem::i16x8_splat, sem::i16x8_extract_lane_s, sem::i16x8_replace_lane);
}

TEST(SemanticsLane, SignallingNansPassThrough) {
  const f32 nan32 = std::bit_cast<f32>(0xff812345u);
  const f64 nan64 = std::bit_cast<f64>(u64{0xfff0000000012345});
  EXPECT_EQ(sem::f32x4_splat(nan32), sem::i32x4_splat(0xff812345));
  EXPECT_EQ(bits_of(sem::f32x4_extract_lane(sem::f32x4_splat(nan32), 3)), 0xff812345u);
  EXPECT_EQ(sem::f64x2_replace_lane({1, 2}, nan64, 1), (V128{1, 0xfff0000000012345}));
  EXPECT_EQ(bits_of(sem::f64x2_extract_lane({0, 0xfff0000000012345}, 1)), 0xfff0000000012345u);
}

TEST(SemanticsLane, LaneNumbersWrapInsteadOfReadingOutside) {
  const V128 a{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  for (u32 lane = 0; lane < 256; lane++) {
    const u8 n = static_cast<u8>(lane);
    ASSERT_EQ(sem::i8x16_extract_lane_u(a, n), lane % 16);
    ASSERT_EQ(sem::i16x8_extract_lane_u(a, n), sem::i16x8_extract_lane_u(a, n % 8));
    ASSERT_EQ(sem::i32x4_replace_lane(a, 5, n), sem::i32x4_replace_lane(a, 5, n % 4));
    ASSERT_EQ(sem::i64x2_replace_lane(a, 5, n), sem::i64x2_replace_lane(a, 5, n % 2));
  }
}

TEST(SemanticsLane, ShuffleAndSwizzle) {
  Random random(2);
  for (int i = 0; i < kRounds; i++) {
    const V128 a = {random.next(), random.next()}, b = {random.next(), random.next()};
    const Lanes<u8> x = lanes_of<u8>(a), y = lanes_of<u8>(b);
    Lanes<u8> lanes, index, shuffled, swizzled;
    for (usize k = 0; k < 16; k++) {
      lanes[k] = static_cast<u8>(random.below(32));
      index[k] = static_cast<u8>(i % 2 == 0 ? random.below(32) : random.next());
      shuffled[k] = lanes[k] < 16 ? x[lanes[k]] : y[lanes[k] - 16u];
      swizzled[k] = index[k] < 16 ? x[index[k]] : u8{0};
    }
    ASSERT_EQ(sem::i8x16_shuffle(a, b, lanes.data()), vector_of<u8>(shuffled));
    ASSERT_EQ(sem::i8x16_swizzle(a, vector_of<u8>(index)), vector_of<u8>(swizzled));
  }
}

// The loaded bytes as lanes T, each extended to R.
template <class T, class R>
void check_extending_load(V128 (*load)(u64) noexcept) {
  Random random(3);
  for (int i = 0; i < kRounds / 10; i++) {
    const u64 loaded = operand<u64>(random);
    const Lanes<T> narrow = lanes_of<T>(V128{loaded, 0});
    Lanes<R> want;
    for (usize k = 0; k < want.size(); k++) want[k] = static_cast<R>(narrow[k]);
    ASSERT_EQ(load(loaded), vector_of<R>(want)) << std::hex << loaded;
  }
}

TEST(SemanticsLane, Loads) {
  check_extending_load<i8, i16>(sem::v128_load8x8_s);
  check_extending_load<u8, u16>(sem::v128_load8x8_u);
  check_extending_load<i16, i32>(sem::v128_load16x4_s);
  check_extending_load<u16, u32>(sem::v128_load16x4_u);
  check_extending_load<i32, i64>(sem::v128_load32x2_s);
  check_extending_load<u32, u64>(sem::v128_load32x2_u);
  EXPECT_EQ(sem::v128_load8_splat(0x9a), (V128{0x9a9a9a9a9a9a9a9a, 0x9a9a9a9a9a9a9a9a}));
  EXPECT_EQ(sem::v128_load16_splat(0x9abc), (V128{0x9abc9abc9abc9abc, 0x9abc9abc9abc9abc}));
  EXPECT_EQ(sem::v128_load32_splat(0x9abcdef0), (V128{0x9abcdef09abcdef0, 0x9abcdef09abcdef0}));
  EXPECT_EQ(sem::v128_load64_splat(0x9abcdef012345678), (V128{0x9abcdef012345678, 0x9abcdef012345678}));
  EXPECT_EQ(sem::v128_load32_zero(0x9abcdef0), (V128{0x9abcdef0, 0}));
  EXPECT_EQ(sem::v128_load64_zero(0x9abcdef012345678), (V128{0x9abcdef012345678, 0}));
}

template <class T>
void check_lane_access(V128 (*load)(V128, T, u8) noexcept, T (*store)(V128, u8) noexcept) {
  Random random(4);
  for (int i = 0; i < kRounds / 10; i++) {
    const V128 a = operand<V128>(random);
    const T value = operand<T>(random);
    for (u8 lane = 0; lane < 16 / sizeof(T); lane++) {
      Lanes<T> want = lanes_of<T>(a);
      ASSERT_EQ(store(a, lane), want[lane]);
      want[lane] = value;
      ASSERT_EQ(load(a, value, lane), vector_of<T>(want));
    }
  }
}

TEST(SemanticsLane, LaneLoadsAndStores) {
  check_lane_access<u8>(sem::v128_load8_lane, sem::v128_store8_lane);
  check_lane_access<u16>(sem::v128_load16_lane, sem::v128_store16_lane);
  check_lane_access<u32>(sem::v128_load32_lane, sem::v128_store32_lane);
  check_lane_access<u64>(sem::v128_load64_lane, sem::v128_store64_lane);
}

}  // namespace
}  // namespace dewar::exec::test
