// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Binary module -> text that wat_to_wasm reads back to a module of the same meaning (and to the same bytes where those
// were canonical). Instructions are flat, one per line, indented by nesting. Names of the name section become
// identifiers, made unique where they are not, with the exact name in a `@name` annotation; numbers of floats are
// exact; other custom sections become `@custom` annotations.
#pragma once

#include <span>
#include <string>

#include "base/error.h"
#include "wasm/module.h"

namespace dewar::text {

struct PrintOptions {
  /// Use the name section. Without it everything is referred to by number, and the section is printed as `@custom`.
  bool names = true;
  /// Longer texts are refused with "wat-limit", in bytes (a small module can have a huge text).
  u64 max_output = u64{1} << 30;
};

/// Prints a module given as bytes. Errors: the decoder's ("wasm-malformed", "wasm-invalid", "wasm-limit"), "wat-limit".
/// Function bodies need not be valid, but must consist of known instructions with balanced blocks.
Result<std::string> wasm_to_wat(std::span<const u8> bytes, const PrintOptions& options = {});

/// Prints a decoded module.
Result<std::string> print_module(const wasm::Module& module, const PrintOptions& options = {});

}  // namespace dewar::text
