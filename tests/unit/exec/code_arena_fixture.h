// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions that return a number, in the machine's own code, and a way to call them.
#pragma once

#include <cstring>
#include <vector>

#include "exec/code_arena.h"
#include "gtest/gtest.h"

namespace dewar::exec {

/// Code of a function without parameters that returns `value`.
inline std::vector<u8> returns(u16 value) {
#if defined(__x86_64__)
  return {0xb8, static_cast<u8>(value), static_cast<u8>(value >> 8), 0, 0, 0xc3};  // mov eax, value; ret
#else
  const u32 words[] = {0x52800000u | u32{value} << 5, 0xd65f03c0u};  // mov w0, value; ret
  std::vector<u8> bytes(sizeof words);
  std::memcpy(bytes.data(), words, sizeof words);
  return bytes;
#endif
}

/// Does the machine notice code that was written by another address than the one it runs at? QEMU's user mode did not
/// before version 8.1, and AArch64 is only tested there.
#if defined(__x86_64__)
inline constexpr bool kSeesRewrites = true;
#else
inline constexpr bool kSeesRewrites = false;
#endif

/// Puts code into an arena; what is left of `size` bytes stays traps.
inline CodeArena::Range put(CodeArena& arena, const std::vector<u8>& code, void* owner, u32 size = 0) {
  const auto range = arena.allocate(std::max(size, static_cast<u32>(code.size())), owner);
  if (!range) {
    ADD_FAILURE() << "the arena is full";
    return {};
  }
  std::memcpy(range->write, code.data(), code.size());
  arena.publish(*range);
  return *range;
}

// The check of function types that the sanitizer makes reads in front of the function, where its type is not.
__attribute__((no_sanitize("function"))) inline int run(const u8* code) {
  return reinterpret_cast<int (*)()>(reinterpret_cast<usize>(code))();
}

}  // namespace dewar::exec
