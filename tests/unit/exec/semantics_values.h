// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operands for the semantics tests: a seeded generator that mixes edge cases with random bits, lane access that does
// not use the code under test, and a bit-exact view of floats for comparisons.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "base/types.h"

namespace dewar::exec::test {

inline constexpr u32 kNan32 = 0x7fc00000;
inline constexpr u64 kNan64 = 0x7ff8000000000000;

// Zeros, smallest and largest subnormals, least normal, one and its neighbours, ties and halves around the integers,
// the bounds of every integer type, the largest finite numbers, infinities, quiet and signalling NaNs with payloads.
inline constexpr u32 kEdges32[] = {0x00000000, 0x00000001, 0x00000003, 0x007fffff, 0x00800000, 0x00800001, 0x33800000,
                                   0x3effffff, 0x3f000000, 0x3f000001, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x3fbfffff,
                                   0x3fc00000, 0x3fc00001, 0x3fffffff, 0x40000000, 0x40200000, 0x40600000, 0x4a7fffff,
                                   0x4affffff, 0x4b000000, 0x4b000001, 0x4b800000, 0x4effffff, 0x4f000000, 0x4f000001,
                                   0x4f7fffff, 0x4f800000, 0x4f800001, 0x5effffff, 0x5f000000, 0x5f000001, 0x5f7fffff,
                                   0x5f800000, 0x5f800001, 0x7effffff, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fa00000,
                                   0x7fbfffff, 0x7fc00000, 0x7fc00001, 0x7fffffff};
inline constexpr u64 kEdges64[] = {
    0x0000000000000000, 0x0000000000000001, 0x0000000000000003, 0x000fffffffffffff, 0x0010000000000000,
    0x0010000000000001, 0x36a0000000000000, 0x36a0000000000001, 0x380fffffffffffff, 0x3810000000000000,
    0x3ca0000000000000, 0x3fdfffffffffffff, 0x3fe0000000000000, 0x3fe0000000000001, 0x3fefffffffffffff,
    0x3ff0000000000000, 0x3ff0000000000001, 0x3ff0000010000000, 0x3ff0000030000000, 0x3ff8000000000000,
    0x4000000000000000, 0x4004000000000000, 0x400c000000000000, 0x41dfffffffbfffff, 0x41dfffffffc00000,
    0x41dfffffffe00000, 0x41dfffffffffffff, 0x41e0000000000000, 0x41e00000001fffff, 0x41e0000000200000,
    0x41efffffffdfffff, 0x41efffffffe00000, 0x41efffffffffffff, 0x41f0000000000000, 0x432fffffffffffff,
    0x4330000000000000, 0x4330000000000001, 0x4340000000000000, 0x43dfffffffffffff, 0x43e0000000000000,
    0x43e0000000000001, 0x43efffffffffffff, 0x43f0000000000000, 0x43f0000000000001, 0x47efffffe0000000,
    0x47efffffefffffff, 0x47effffff0000000, 0x47f0000000000000, 0x7fdfffffffffffff, 0x7fefffffffffffff,
    0x7ff0000000000000, 0x7ff0000000000001, 0x7ff4000000000000, 0x7ff7ffffffffffff, 0x7ff8000000000000,
    0x7ff8000000000001, 0x7fffffffffffffff};

/// Reproducible 64-bit random numbers (SplitMix64).
class Random {
 public:
  explicit Random(u64 seed) : state_(seed) {}
  u64 next() {
    state_ += 0x9e3779b97f4a7c15;
    u64 z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  u64 below(u64 bound) { return next() % bound; }

 private:
  u64 state_;
};

/// An operand. Integers: random bits, or a power of two, its neighbours, their complements. Floats: an edge case of
/// either sign, random bits, or a number of a magnitude near one, so that sums cancel and products round.
template <class T>
T operand(Random& random) {
  if constexpr (std::is_same_v<T, V128>) {
    // Lanes of one width per vector: edge cases of that width in every lane.
    V128 v;
    const u64 kind = random.below(6);
    for (u64* half : {&v.lo, &v.hi}) {
      u64 bits = 0;
      for (u32 shift = 0; shift < 64; shift += 8) {
        if (kind == 0) bits |= static_cast<u64>(operand<u8>(random)) << shift;
        if (kind == 1 && shift % 16 == 0) bits |= static_cast<u64>(operand<u16>(random)) << shift;
        if (kind == 2 && shift % 32 == 0) bits |= static_cast<u64>(operand<u32>(random)) << shift;
        if (kind == 3 && shift == 0) bits = operand<u64>(random);
        if (kind == 4 && shift % 32 == 0) bits |= static_cast<u64>(std::bit_cast<u32>(operand<f32>(random))) << shift;
        if (kind == 5 && shift == 0) bits = std::bit_cast<u64>(operand<f64>(random));
      }
      *half = bits;
    }
    return v;
  } else if constexpr (std::is_same_v<T, f32>) {
    const u32 sign = static_cast<u32>(random.below(2)) << 31;
    const u64 kind = random.below(4);
    if (kind < 2) return std::bit_cast<f32>(kEdges32[random.below(std::size(kEdges32))] | sign);
    const u32 any = static_cast<u32>(random.next());
    return std::bit_cast<f32>(kind == 2 ? any : (any & 0x83ffffff) | 0x3c000000);
  } else if constexpr (std::is_same_v<T, f64>) {
    const u64 sign = random.below(2) << 63;
    const u64 kind = random.below(4);
    if (kind < 2) return std::bit_cast<f64>(kEdges64[random.below(std::size(kEdges64))] | sign);
    const u64 any = random.next();
    return std::bit_cast<f64>(kind == 2 ? any : (any & 0x807fffffffffffff) | 0x3f80000000000000);
  } else {
    const u64 kind = random.below(3);
    if (kind == 0) return static_cast<T>(random.next());
    const u64 edge = (u64{1} << random.below(8 * sizeof(T))) + random.below(3) - 1;
    return static_cast<T>(kind == 1 ? edge : ~edge);
  }
}

/// The lanes of a vector, as an array of T.
template <class T>
using Lanes = std::array<T, 16 / sizeof(T)>;
template <class T>
Lanes<T> lanes_of(V128 v) {
  return std::bit_cast<Lanes<T>>(v);
}
template <class T>
V128 vector_of(const Lanes<T>& lanes) {
  return std::bit_cast<V128>(lanes);
}

/// The bits behind a float, or the integer itself: NaNs and zeros compare by bits.
inline u32 bits_of(f32 v) { return std::bit_cast<u32>(v); }
inline u64 bits_of(f64 v) { return std::bit_cast<u64>(v); }
template <class T>
  requires std::is_integral_v<T>
T bits_of(T v) {
  return v;
}

/// Random cases per test.
inline constexpr int kRounds = 10000;

inline testing::Message print(V128 v) { return testing::Message() << std::hex << v.hi << ":" << v.lo; }

/// Runs `expected` on the lanes of random vectors and compares with `actual`, a function on whole vectors. T is the
/// lane type of the operands, R that of the results (as wide as T, or all results in the order of the operands).
template <class T, class R = T, class Expected>
void check_unary(V128 (*actual)(V128) noexcept, Expected expected, u64 seed = 1) {
  Random random(seed);
  for (int i = 0; i < kRounds / 10; i++) {
    const V128 a = operand<V128>(random);
    const Lanes<T> x = lanes_of<T>(a);
    const Lanes<R> r = lanes_of<R>(actual(a));
    for (usize k = 0; k < x.size(); k++) {
      ASSERT_EQ(bits_of(r[k]), bits_of(static_cast<R>(expected(x[k])))) << "lane " << k << " of " << print(a);
    }
  }
}
template <class T, class R = T, class Expected>
void check_binary(V128 (*actual)(V128, V128) noexcept, Expected expected, u64 seed = 2) {
  Random random(seed);
  for (int i = 0; i < kRounds / 10; i++) {
    const V128 a = operand<V128>(random);
    const V128 b = random.below(8) == 0 ? a : operand<V128>(random);
    const Lanes<T> x = lanes_of<T>(a), y = lanes_of<T>(b);
    const Lanes<R> r = lanes_of<R>(actual(a, b));
    for (usize k = 0; k < x.size(); k++) {
      ASSERT_EQ(bits_of(r[k]), bits_of(static_cast<R>(expected(x[k], y[k]))))
          << "lane " << k << " of " << print(a) << " and " << print(b);
    }
  }
}

}  // namespace dewar::exec::test
