// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Moving lanes: splat, extract, replace, shuffle, swizzle, and the value part of the V128 loads and stores (the memory
// access itself is the caller's).
// Invariant: bits are moved, never computed with; floats pass through as they are. Lane numbers are validated in
// advance, and taken modulo the lane count all the same, so that no value of a lane byte reads outside the vector.
// Spec: 4.6.3 Vector Instructions, 4.6.10 Memory Instructions.
#pragma once

#include "exec/semantics_base.h"

namespace dewar::exec::sem {
namespace detail {

template <class T>
inline constexpr u8 kLastLane = 16 / sizeof(T) - 1;

template <class T>
DEWAR_SEM T extract(V128 a, u8 lane) noexcept {
  return bits<Vec<T, 16 / sizeof(T)>>(a)[lane & kLastLane<T>];
}
template <class T>
DEWAR_SEM V128 replace(V128 a, T value, u8 lane) noexcept {
  auto lanes = bits<Vec<T, 16 / sizeof(T)>>(a);
  lanes[lane & kLastLane<T>] = value;
  return pack(lanes);
}

/// a[index] for each lane of `index`, of which only the low four bits count.
DEWAR_SEM U8x16 pick(U8x16 a, U8x16 index) noexcept { return __builtin_shufflevector(a, index & 15); }

}  // namespace detail

DEWAR_SEM V128 i8x16_splat(u32 a) noexcept { return detail::pack(detail::splat<detail::U8x16>(static_cast<u8>(a))); }
DEWAR_SEM V128 i16x8_splat(u32 a) noexcept { return detail::pack(detail::splat<detail::U16x8>(static_cast<u16>(a))); }
DEWAR_SEM V128 i32x4_splat(u32 a) noexcept { return detail::pack(detail::splat<detail::U32x4>(a)); }
DEWAR_SEM V128 i64x2_splat(u64 a) noexcept { return {a, a}; }
DEWAR_SEM V128 f32x4_splat(f32 a) noexcept { return i32x4_splat(detail::bits<u32>(a)); }
DEWAR_SEM V128 f64x2_splat(f64 a) noexcept { return i64x2_splat(detail::bits<u64>(a)); }

DEWAR_SEM u32 i8x16_extract_lane_s(V128 a, u8 lane) noexcept {
  return static_cast<u32>(i32{detail::extract<i8>(a, lane)});
}
DEWAR_SEM u32 i8x16_extract_lane_u(V128 a, u8 lane) noexcept { return detail::extract<u8>(a, lane); }
DEWAR_SEM u32 i16x8_extract_lane_s(V128 a, u8 lane) noexcept {
  return static_cast<u32>(i32{detail::extract<i16>(a, lane)});
}
DEWAR_SEM u32 i16x8_extract_lane_u(V128 a, u8 lane) noexcept { return detail::extract<u16>(a, lane); }
DEWAR_SEM u32 i32x4_extract_lane(V128 a, u8 lane) noexcept { return detail::extract<u32>(a, lane); }
DEWAR_SEM u64 i64x2_extract_lane(V128 a, u8 lane) noexcept { return (lane & 1) != 0 ? a.hi : a.lo; }
DEWAR_SEM f32 f32x4_extract_lane(V128 a, u8 lane) noexcept { return detail::bits<f32>(i32x4_extract_lane(a, lane)); }
DEWAR_SEM f64 f64x2_extract_lane(V128 a, u8 lane) noexcept { return detail::bits<f64>(i64x2_extract_lane(a, lane)); }

DEWAR_SEM V128 i8x16_replace_lane(V128 a, u32 value, u8 lane) noexcept {
  return detail::replace<u8>(a, static_cast<u8>(value), lane);
}
DEWAR_SEM V128 i16x8_replace_lane(V128 a, u32 value, u8 lane) noexcept {
  return detail::replace<u16>(a, static_cast<u16>(value), lane);
}
DEWAR_SEM V128 i32x4_replace_lane(V128 a, u32 value, u8 lane) noexcept { return detail::replace<u32>(a, value, lane); }
DEWAR_SEM V128 i64x2_replace_lane(V128 a, u64 value, u8 lane) noexcept {
  return (lane & 1) != 0 ? V128{a.lo, value} : V128{value, a.hi};
}
DEWAR_SEM V128 f32x4_replace_lane(V128 a, f32 value, u8 lane) noexcept {
  return i32x4_replace_lane(a, detail::bits<u32>(value), lane);
}
DEWAR_SEM V128 f64x2_replace_lane(V128 a, f64 value, u8 lane) noexcept {
  return i64x2_replace_lane(a, detail::bits<u64>(value), lane);
}

/// Lane i of the result is lane lanes[i] of the 32 lanes of `a` followed by `b`.
DEWAR_SEM V128 i8x16_shuffle(V128 a, V128 b, const u8 lanes[16]) noexcept {
  using namespace detail;
  V128 copy;
  __builtin_memcpy(&copy, lanes, sizeof copy);
  const auto index = bits<U8x16>(copy);
  return pack((index & 16) == 0 ? pick(bits<U8x16>(a), index) : pick(bits<U8x16>(b), index));
}
/// Lane i of the result is lane b[i] of `a`, or 0 where b[i] >= 16.
DEWAR_SEM V128 i8x16_swizzle(V128 a, V128 b) noexcept {
  using namespace detail;
  const auto index = bits<U8x16>(b);
  return pack(index < 16 ? pick(bits<U8x16>(a), index) : U8x16{});
}

// Loads: from the loaded bits to the vector.
#define LOAD_EXTEND(name, T, W)                                                                    \
  DEWAR_SEM V128 name(u64 loaded) noexcept {                                                       \
    return detail::pack(__builtin_convertvector(detail::low_half<T>(V128{loaded, 0}), detail::W)); \
  }
LOAD_EXTEND(v128_load8x8_s, i8, I16x8)
LOAD_EXTEND(v128_load8x8_u, u8, U16x8)
LOAD_EXTEND(v128_load16x4_s, i16, I32x4)
LOAD_EXTEND(v128_load16x4_u, u16, U32x4)
LOAD_EXTEND(v128_load32x2_s, i32, I64x2)
LOAD_EXTEND(v128_load32x2_u, u32, U64x2)
#undef LOAD_EXTEND

DEWAR_SEM V128 v128_load8_splat(u8 loaded) noexcept { return i8x16_splat(loaded); }
DEWAR_SEM V128 v128_load16_splat(u16 loaded) noexcept { return i16x8_splat(loaded); }
DEWAR_SEM V128 v128_load32_splat(u32 loaded) noexcept { return i32x4_splat(loaded); }
DEWAR_SEM V128 v128_load64_splat(u64 loaded) noexcept { return i64x2_splat(loaded); }
DEWAR_SEM V128 v128_load32_zero(u32 loaded) noexcept { return {loaded, 0}; }
DEWAR_SEM V128 v128_load64_zero(u64 loaded) noexcept { return {loaded, 0}; }

DEWAR_SEM V128 v128_load8_lane(V128 a, u8 loaded, u8 lane) noexcept { return i8x16_replace_lane(a, loaded, lane); }
DEWAR_SEM V128 v128_load16_lane(V128 a, u16 loaded, u8 lane) noexcept { return i16x8_replace_lane(a, loaded, lane); }
DEWAR_SEM V128 v128_load32_lane(V128 a, u32 loaded, u8 lane) noexcept { return i32x4_replace_lane(a, loaded, lane); }
DEWAR_SEM V128 v128_load64_lane(V128 a, u64 loaded, u8 lane) noexcept { return i64x2_replace_lane(a, loaded, lane); }

// Stores: the bits to store.
DEWAR_SEM u8 v128_store8_lane(V128 a, u8 lane) noexcept { return detail::extract<u8>(a, lane); }
DEWAR_SEM u16 v128_store16_lane(V128 a, u8 lane) noexcept { return detail::extract<u16>(a, lane); }
DEWAR_SEM u32 v128_store32_lane(V128 a, u8 lane) noexcept { return i32x4_extract_lane(a, lane); }
DEWAR_SEM u64 v128_store64_lane(V128 a, u8 lane) noexcept { return i64x2_extract_lane(a, lane); }

}  // namespace dewar::exec::sem
