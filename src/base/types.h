// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fixed-width names, assertions and the v128 value used everywhere. Depends on nothing but the language.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dewar {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using f32 = float;
using f64 = double;
using usize = std::size_t;

/// A 128-bit Wasm vector. Lane 0 is in the lowest bytes (little endian). Element access goes through memcpy or the
/// lane views of exec/semantics_simd.h; two consecutive 8-byte stack slots hold one v128 (design D5).
struct alignas(8) V128 {
  u64 lo = 0;
  u64 hi = 0;
  friend bool operator==(const V128&, const V128&) = default;
};
static_assert(sizeof(V128) == 16);

/// One untagged 8-byte stack slot. The upper 32 bits are undefined where the type is i32, f32 or a reference.
using Slot = u64;

namespace base {
/// Prints "file:line: bug: what" to stderr and aborts. Never returns.
[[noreturn]] void assertion_failed(const char* file, int line, const char* what);
}  // namespace base

}  // namespace dewar

#define DEWAR_LIKELY(x) __builtin_expect(!!(x), 1)
#define DEWAR_UNLIKELY(x) __builtin_expect(!!(x), 0)

/// For bugs of ours only, never for bad input. Stays on in dev, sanitizer, fuzz and CI builds (DEWAR_ASSERTS=1).
#if DEWAR_ASSERTS
#define DEWAR_ASSERT(cond, what) \
  (DEWAR_LIKELY(cond) ? (void)0 : ::dewar::base::assertion_failed(__FILE__, __LINE__, what))
#else
#define DEWAR_ASSERT(cond, what) ((void)0)
#endif
#define DEWAR_UNREACHABLE(what) ::dewar::base::assertion_failed(__FILE__, __LINE__, what)
