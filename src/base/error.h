// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The one error value of everything that can fail on input: a stable code, the place, one line, and what to do.
// Run-time failures of guest code are runtime::Trap values instead; bugs of ours are DEWAR_ASSERT.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/types.h"

namespace dewar {

/// A failure caused by input or environment.
struct Error {
  static constexpr u64 kNoOffset = ~u64{0};

  /// Stable machine-readable code, a string literal such as "wasm-invalid" (the list is docs/errors.md).
  const char* code = "internal";
  /// One line for a person, without a final full stop.
  std::string message;
  /// Byte offset into the binary input, or kNoOffset.
  u64 offset = kNoOffset;
  /// Position in a text input, counted from 1; 0 where it does not apply.
  u32 line = 0;
  u32 column = 0;
  /// What to do next, or empty.
  std::string hint;
};

template <class T>
using Result = std::expected<T, Error>;

/// Shorthand: `return fail("wasm-invalid", "type mismatch", offset);`
inline std::unexpected<Error> fail(const char* code, std::string message, u64 offset = Error::kNoOffset,
                                   std::string hint = {}) {
  return std::unexpected(Error{code, std::move(message), offset, 0, 0, std::move(hint)});
}

}  // namespace dewar
