// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The interpreter's one way to guest memory (design D7). guarded_load/guarded_store form the address from a
// zero-extended 32-bit index and a 32-bit offset and rely on guard pages: the access is inline assembly, so that the
// compiler can neither drop nor widen it, and a fault continues at the landing label. checked_address is for everything
// else.
#pragma once

#include <cstring>

#include "exec/interp/handler.h"

namespace dewar::exec::interp {

/// Scalar accesses: X(opcode, type in memory, type it widens to) and X(opcode, type in memory).
#define DEWAR_SCALAR_LOADS(X)                                                                                                    \
  X(i32_load, u32, u32)                                                                                             \
  X(i64_load, u64, u64) X(f32_load, u32, u32) X(f64_load, u64, u64) X(i32_load8_s, i8, u32) X(i32_load8_u, u8, u32) \
      X(i32_load16_s, i16, u32) X(i32_load16_u, u16, u32) X(i64_load8_s, i8, u64) X(i64_load8_u, u8, u64)           \
          X(i64_load16_s, i16, u64) X(i64_load16_u, u16, u64) X(i64_load32_s, i32, u64) X(i64_load32_u, u32, u64)
#define DEWAR_SCALAR_STORES(X)                                                                                               \
  X(i32_store, u32)                                                                                             \
  X(i64_store, u64) X(f32_store, u32) X(f64_store, u64) X(i32_store8, u8) X(i32_store16, u16) X(i64_store8, u8) \
      X(i64_store16, u16) X(i64_store32, u32)


#if defined(__x86_64__)
#define DEWAR_GUARDED_ACCESS 1
#else
/// Without an assembly form every access takes the checked path.
#define DEWAR_GUARDED_ACCESS 0
#endif

/// Decoded memarg in a validated body.
struct MemArg {
  u32 memory = 0;
  u64 offset = 0;
};
[[gnu::always_inline]] inline MemArg read_memarg(const u8*& p) {
  MemArg m;
  const u32 flags = leb_u32(p);
  if (flags & 64) m.memory = leb_u32(p);
  m.offset = leb_u64(p);
  return m;
}

/// Host address of `size` bytes at index + offset, or null if they are out of bounds.
[[gnu::always_inline]] inline u8* checked_address(const Instance* inst, const MemArg& m, Slot index, u32 size) {
  runtime::Memory* memory = inst->memories[m.memory];
  const u64 at = memory->type.limits.is64 ? index : static_cast<u32>(index);
  u64 address;
  if (__builtin_add_overflow(at, m.offset, &address) || !memory->in_bounds(address, size)) return nullptr;
  return memory->base + address;
}

template <class T>
[[gnu::always_inline]] inline T load_bytes(const u8* from) {
  T v;
  std::memcpy(&v, from, sizeof(T));
  return v;
}

#if DEWAR_GUARDED_ACCESS

#define DEWAR_FAULT_SITE                                \
  "\n.pushsection dewar_fault_sites,\"aw\",@progbits\n" \
  ".balign 8\n.quad 1b, %l[fault]\n.popsection"

/// Reads a `type_` (u8, i8, u16, i16, u32, i32, u64) at mem + address into the slot-wide variable `out_`, extended as
/// the type says to `wide_` (u32 or u64); jumps to the enclosing function's label `fault` on a page fault.
#define DEWAR_GUARDED_LOAD(type_, wide_, out_, mem_, address_)  \
  do {                                                          \
    if constexpr (std::is_same_v<type_, u8>) {                  \
      u32 r_;                                                   \
      asm goto("1: movzbl (%[b],%[i]), %[o]" DEWAR_FAULT_SITE   \
               : [o] "=r"(r_)                                   \
               : [b] "r"(mem_), [i] "r"(address_)               \
               :                                                \
               : fault);                                        \
      out_ = r_;                                                \
    } else if constexpr (std::is_same_v<type_, u16>) {          \
      u32 r_;                                                   \
      asm goto("1: movzwl (%[b],%[i]), %[o]" DEWAR_FAULT_SITE   \
               : [o] "=r"(r_)                                   \
               : [b] "r"(mem_), [i] "r"(address_)               \
               :                                                \
               : fault);                                        \
      out_ = r_;                                                \
    } else if constexpr (std::is_same_v<type_, u32>) {          \
      u32 r_;                                                   \
      asm goto("1: movl (%[b],%[i]), %[o]" DEWAR_FAULT_SITE     \
               : [o] "=r"(r_)                                   \
               : [b] "r"(mem_), [i] "r"(address_)               \
               :                                                \
               : fault);                                        \
      out_ = r_;                                                \
    } else if constexpr (std::is_same_v<type_, u64>) {          \
      u64 r_;                                                   \
      asm goto("1: movq (%[b],%[i]), %[o]" DEWAR_FAULT_SITE     \
               : [o] "=r"(r_)                                   \
               : [b] "r"(mem_), [i] "r"(address_)               \
               :                                                \
               : fault);                                        \
      out_ = r_;                                                \
    } else if constexpr (std::is_same_v<type_, i8>) {           \
      wide_ r_;                                                 \
      if constexpr (sizeof(wide_) == 4)                         \
        asm goto("1: movsbl (%[b],%[i]), %[o]" DEWAR_FAULT_SITE \
                 : [o] "=r"(r_)                                 \
                 : [b] "r"(mem_), [i] "r"(address_)             \
                 :                                              \
                 : fault);                                      \
      else                                                      \
        asm goto("1: movsbq (%[b],%[i]), %[o]" DEWAR_FAULT_SITE \
                 : [o] "=r"(r_)                                 \
                 : [b] "r"(mem_), [i] "r"(address_)             \
                 :                                              \
                 : fault);                                      \
      out_ = r_;                                                \
    } else if constexpr (std::is_same_v<type_, i16>) {          \
      wide_ r_;                                                 \
      if constexpr (sizeof(wide_) == 4)                         \
        asm goto("1: movswl (%[b],%[i]), %[o]" DEWAR_FAULT_SITE \
                 : [o] "=r"(r_)                                 \
                 : [b] "r"(mem_), [i] "r"(address_)             \
                 :                                              \
                 : fault);                                      \
      else                                                      \
        asm goto("1: movswq (%[b],%[i]), %[o]" DEWAR_FAULT_SITE \
                 : [o] "=r"(r_)                                 \
                 : [b] "r"(mem_), [i] "r"(address_)             \
                 :                                              \
                 : fault);                                      \
      out_ = r_;                                                \
    } else {                                                    \
      static_assert(std::is_same_v<type_, i32>);                \
      u64 r_;                                                   \
      asm goto("1: movslq (%[b],%[i]), %[o]" DEWAR_FAULT_SITE   \
               : [o] "=r"(r_)                                   \
               : [b] "r"(mem_), [i] "r"(address_)               \
               :                                                \
               : fault);                                        \
      out_ = r_;                                                \
    }                                                           \
  } while (0)

/// Writes the low bytes of `value_` as a `type_` (u8, u16, u32, u64).
#define DEWAR_GUARDED_STORE(type_, mem_, address_, value_)     \
  do {                                                         \
    const u64 v_ = (value_);                                   \
    if constexpr (sizeof(type_) == 1)                          \
      asm goto("1: movb %b[v], (%[b],%[i])" DEWAR_FAULT_SITE   \
               :                                               \
               : [v] "r"(v_), [b] "r"(mem_), [i] "r"(address_) \
               :                                               \
               : fault);                                       \
    else if constexpr (sizeof(type_) == 2)                     \
      asm goto("1: movw %w[v], (%[b],%[i])" DEWAR_FAULT_SITE   \
               :                                               \
               : [v] "r"(v_), [b] "r"(mem_), [i] "r"(address_) \
               :                                               \
               : fault);                                       \
    else if constexpr (sizeof(type_) == 4)                     \
      asm goto("1: movl %k[v], (%[b],%[i])" DEWAR_FAULT_SITE   \
               :                                               \
               : [v] "r"(v_), [b] "r"(mem_), [i] "r"(address_) \
               :                                               \
               : fault);                                       \
    else                                                       \
      asm goto("1: movq %q[v], (%[b],%[i])" DEWAR_FAULT_SITE   \
               :                                               \
               : [v] "r"(v_), [b] "r"(mem_), [i] "r"(address_) \
               :                                               \
               : fault);                                       \
  } while (0)

#endif  // DEWAR_GUARDED_ACCESS

}  // namespace dewar::exec::interp
