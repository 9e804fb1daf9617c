// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The interpreter's one way to guest memory (design D7). guarded_load/guarded_store form the address from a
// zero-extended 32-bit index and a 32-bit offset and rely on guard pages: the access is inline assembly, so that the
// compiler can neither drop nor widen it, and a fault continues at the landing label. checked_address is for everything
// else.
#pragma once

#include <cstring>

#include "base/seed_bug.h"
#include "exec/interp/handler.h"

namespace dewar::exec::interp {

/// Scalar accesses: X(opcode, type in memory, type it widens to) and X(opcode, type in memory).
// clang-format off: it never settles on lists of macros
#define DEWAR_SCALAR_LOADS(X)                                                                             \
  X(i32_load, u32, u32)                                                                                   \
  X(i64_load, u64, u64)                                                                                   \
  X(f32_load, u32, u32) X(f64_load, u64, u64) X(i32_load8_s, i8, u32) X(i32_load8_u, u8, u32)             \
      X(i32_load16_s, i16, u32) X(i32_load16_u, u16, u32) X(i64_load8_s, i8, u64) X(i64_load8_u, u8, u64) \
          X(i64_load16_s, i16, u64) X(i64_load16_u, u16, u64) X(i64_load32_s, i32, u64) X(i64_load32_u, u32, u64)
#define DEWAR_SCALAR_STORES(X)                                                                                    \
  X(i32_store, u32)                                                                                               \
  X(i64_store, u64)                                                                                               \
  X(f32_store, u32) X(f64_store, u64) X(i32_store8, u8) X(i32_store16, u16) X(i64_store8, u8) X(i64_store16, u16) \
      X(i64_store32, u32)
// clang-format on

/// The access instructions: base register b, 64-bit index register i, value o or v.
#if defined(__x86_64__)
#define DEWAR_INSN_LOAD_U8 "movzbl (%[b],%[i]), %[o]"
#define DEWAR_INSN_LOAD_U16 "movzwl (%[b],%[i]), %[o]"
#define DEWAR_INSN_LOAD_U32 "movl (%[b],%[i]), %[o]"
#define DEWAR_INSN_LOAD_U64 "movq (%[b],%[i]), %[o]"
#define DEWAR_INSN_LOAD_I8_32 "movsbl (%[b],%[i]), %[o]"
#define DEWAR_INSN_LOAD_I8_64 "movsbq (%[b],%[i]), %[o]"
#define DEWAR_INSN_LOAD_I16_32 "movswl (%[b],%[i]), %[o]"
#define DEWAR_INSN_LOAD_I16_64 "movswq (%[b],%[i]), %[o]"
#define DEWAR_INSN_LOAD_I32_64 "movslq (%[b],%[i]), %[o]"
#define DEWAR_INSN_STORE_8 "movb %b[v], (%[b],%[i])"
#define DEWAR_INSN_STORE_16 "movw %w[v], (%[b],%[i])"
#define DEWAR_INSN_STORE_32 "movl %k[v], (%[b],%[i])"
#define DEWAR_INSN_STORE_64 "movq %q[v], (%[b],%[i])"
#elif defined(__aarch64__)
#define DEWAR_INSN_LOAD_U8 "ldrb %w[o], [%[b], %[i]]"
#define DEWAR_INSN_LOAD_U16 "ldrh %w[o], [%[b], %[i]]"
#define DEWAR_INSN_LOAD_U32 "ldr %w[o], [%[b], %[i]]"
#define DEWAR_INSN_LOAD_U64 "ldr %x[o], [%[b], %[i]]"
#define DEWAR_INSN_LOAD_I8_32 "ldrsb %w[o], [%[b], %[i]]"
#define DEWAR_INSN_LOAD_I8_64 "ldrsb %x[o], [%[b], %[i]]"
#define DEWAR_INSN_LOAD_I16_32 "ldrsh %w[o], [%[b], %[i]]"
#define DEWAR_INSN_LOAD_I16_64 "ldrsh %x[o], [%[b], %[i]]"
#define DEWAR_INSN_LOAD_I32_64 "ldrsw %x[o], [%[b], %[i]]"
#define DEWAR_INSN_STORE_8 "strb %w[v], [%[b], %[i]]"
#define DEWAR_INSN_STORE_16 "strh %w[v], [%[b], %[i]]"
#define DEWAR_INSN_STORE_32 "str %w[v], [%[b], %[i]]"
#define DEWAR_INSN_STORE_64 "str %x[v], [%[b], %[i]]"
#else
#error "the interpreter needs the access instructions of this machine"
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
  if (__builtin_add_overflow(at, m.offset, &address) ||
      // Bug 8: a bound that is off by one.
      !memory->in_bounds(address, SEED(8, size, size - 1)))
    return nullptr;
  return memory->base + address;
}

template <class T>
[[gnu::always_inline]] inline T load_bytes(const u8* from) {
  T v;
  std::memcpy(&v, from, sizeof(T));
  return v;
}

#define DEWAR_FAULT_SITE                                \
  "\n.pushsection dewar_fault_sites,\"aw\",@progbits\n" \
  ".balign 8\n.quad 1b, %l[fault]\n.popsection"

#define DEWAR_LOAD_WITH(insn_, result_, out_, mem_, address_)                                           \
  do {                                                                                                  \
    result_ r_;                                                                                         \
    asm goto("1: " insn_ DEWAR_FAULT_SITE : [o] "=r"(r_) : [b] "r"(mem_), [i] "r"(address_) : : fault); \
    out_ = r_;                                                                                          \
  } while (0)
#define DEWAR_STORE_WITH(insn_, value_, mem_, address_) \
  asm goto("1: " insn_ DEWAR_FAULT_SITE : : [v] "r"(value_), [b] "r"(mem_), [i] "r"(address_) : : fault)

/// Reads a `type_` (u8, i8, u16, i16, u32, i32, u64) at mem + address into the slot-wide variable `out_`, extended as
/// the type says to `wide_` (u32 or u64); jumps to the enclosing function's label `fault` on a page fault.
#define DEWAR_GUARDED_LOAD(type_, wide_, out_, mem_, address_)            \
  do {                                                                    \
    if constexpr (std::is_same_v<type_, u8>)                              \
      DEWAR_LOAD_WITH(DEWAR_INSN_LOAD_U8, u32, out_, mem_, address_);     \
    else if constexpr (std::is_same_v<type_, u16>)                        \
      DEWAR_LOAD_WITH(DEWAR_INSN_LOAD_U16, u32, out_, mem_, address_);    \
    else if constexpr (std::is_same_v<type_, u32>)                        \
      DEWAR_LOAD_WITH(DEWAR_INSN_LOAD_U32, u32, out_, mem_, address_);    \
    else if constexpr (std::is_same_v<type_, u64>)                        \
      DEWAR_LOAD_WITH(DEWAR_INSN_LOAD_U64, u64, out_, mem_, address_);    \
    else if constexpr (std::is_same_v<type_, i8> && sizeof(wide_) == 4)   \
      DEWAR_LOAD_WITH(DEWAR_INSN_LOAD_I8_32, u32, out_, mem_, address_);  \
    else if constexpr (std::is_same_v<type_, i8>)                         \
      DEWAR_LOAD_WITH(DEWAR_INSN_LOAD_I8_64, u64, out_, mem_, address_);  \
    else if constexpr (std::is_same_v<type_, i16> && sizeof(wide_) == 4)  \
      DEWAR_LOAD_WITH(DEWAR_INSN_LOAD_I16_32, u32, out_, mem_, address_); \
    else if constexpr (std::is_same_v<type_, i16>)                        \
      DEWAR_LOAD_WITH(DEWAR_INSN_LOAD_I16_64, u64, out_, mem_, address_); \
    else {                                                                \
      static_assert(std::is_same_v<type_, i32> && sizeof(wide_) == 8);    \
      DEWAR_LOAD_WITH(DEWAR_INSN_LOAD_I32_64, u64, out_, mem_, address_); \
    }                                                                     \
  } while (0)

/// Writes the low bytes of `value_` as a `type_` (u8, u16, u32, u64).
#define DEWAR_GUARDED_STORE(type_, mem_, address_, value_)       \
  do {                                                           \
    const u64 v_ = (value_);                                     \
    if constexpr (sizeof(type_) == 1)                            \
      DEWAR_STORE_WITH(DEWAR_INSN_STORE_8, v_, mem_, address_);  \
    else if constexpr (sizeof(type_) == 2)                       \
      DEWAR_STORE_WITH(DEWAR_INSN_STORE_16, v_, mem_, address_); \
    else if constexpr (sizeof(type_) == 4)                       \
      DEWAR_STORE_WITH(DEWAR_INSN_STORE_32, v_, mem_, address_); \
    else                                                         \
      DEWAR_STORE_WITH(DEWAR_INSN_STORE_64, v_, mem_, address_); \
  } while (0)

}  // namespace dewar::exec::interp
