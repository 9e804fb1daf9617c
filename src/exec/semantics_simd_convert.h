// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// V128 conversions between float and integer lanes, and between f32 and f64 lanes.
// Invariant: lane by lane the same bits as the scalar conversion; a lane is brought into range before it is converted,
// since C++ leaves the rest undefined. The *_zero operations clear the upper half.
// Spec: 4.3.4 Conversions, lanewise as in 4.6.3 Vector Instructions.
#pragma once

#include "exec/semantics_float.h"

namespace dewar::exec::sem {
namespace detail {

using F32x2 = Vec<f32, 2>;
using I32x2 = Vec<i32, 2>;
using U32x2 = Vec<u32, 2>;

/// Lanes with NaNs as 0 and at least `low`. The NaNs have to be gone before the compiler sees the clamp: LLVM (22)
/// makes a maximum instruction of "x > low ? x : low", and AArch64's gives NaN for a signalling NaN.
template <class V, class T>
DEWAR_SEM V at_least(V x, T low) noexcept {
  const V number = opaque(x == x ? x : V{});
  return number > low ? number : V{} + low;
}

}  // namespace detail

// 2^31 - 1 and 2^32 - 1 are no f32 values, so lanes past the range are converted as 0 and their bits set afterwards.
DEWAR_SEM V128 i32x4_trunc_sat_f32x4_s(V128 a) noexcept {
  using namespace detail;
  const auto x = at_least(bits<F32x4>(a), -0x1p31f);
  const auto too_high = x >= 0x1p31f;
  const I32x4 value = __builtin_convertvector(too_high ? F32x4{} : x, I32x4);
  return pack(value | (too_high & 0x7fffffff));
}
DEWAR_SEM V128 i32x4_trunc_sat_f32x4_u(V128 a) noexcept {
  using namespace detail;
  const auto x = at_least(bits<F32x4>(a), 0.0f);
  const auto too_high = x >= 0x1p32f;
  const U32x4 value = __builtin_convertvector(too_high ? F32x4{} : x, U32x4);
  return pack(value | bits<U32x4>(too_high));
}

// Every i32 and u32 is an f64 value, so clamping is enough.
DEWAR_SEM V128 i32x4_trunc_sat_f64x2_s_zero(V128 a) noexcept {
  using namespace detail;
  const auto x = at_least(bits<F64x2>(a), -2147483648.0);
  const auto clamped = x < 2147483647.0 ? x : F64x2{} + 2147483647.0;
  return {bits<u64>(__builtin_convertvector(clamped, I32x2)), 0};
}
DEWAR_SEM V128 i32x4_trunc_sat_f64x2_u_zero(V128 a) noexcept {
  using namespace detail;
  const auto x = at_least(bits<F64x2>(a), 0.0);
  const auto clamped = x < 4294967295.0 ? x : F64x2{} + 4294967295.0;
  return {bits<u64>(__builtin_convertvector(clamped, U32x2)), 0};
}

DEWAR_SEM V128 f32x4_convert_i32x4_s(V128 a) noexcept {
  return detail::pack(__builtin_convertvector(detail::bits<detail::I32x4>(a), detail::F32x4));
}
DEWAR_SEM V128 f32x4_convert_i32x4_u(V128 a) noexcept {
  return detail::pack(__builtin_convertvector(detail::bits<detail::U32x4>(a), detail::F32x4));
}
DEWAR_SEM V128 f64x2_convert_low_i32x4_s(V128 a) noexcept {
  return detail::pack(__builtin_convertvector(detail::low_half<i32>(a), detail::F64x2));
}
DEWAR_SEM V128 f64x2_convert_low_i32x4_u(V128 a) noexcept {
  return detail::pack(__builtin_convertvector(detail::low_half<u32>(a), detail::F64x2));
}

DEWAR_SEM V128 f32x4_demote_f64x2_zero(V128 a) noexcept {
  using namespace detail;
  const V128 narrow{bits<u64>(__builtin_convertvector(bits<F64x2>(a), F32x2)), 0};
  return pack(canonical(bits<F32x4>(narrow)));
}
DEWAR_SEM V128 f64x2_promote_low_f32x4(V128 a) noexcept {
  using namespace detail;
  return pack(canonical(__builtin_convertvector(low_half<f32>(a), F64x2)));
}

}  // namespace dewar::exec::sem
