// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What follows `(module` in a file or script: fields, `binary` strings or `quote` strings. Internal to this folder.
#pragma once

#include "text/module_parser.h"

namespace dewar::text {

struct ModuleSource {
  enum class Form : u8 { kText, kBinary, kQuote } form = Form::kText;
  bool definition = false;  ///< `(module definition ...)`: not instantiated
  std::optional<std::string> id;
  std::vector<u8> bytes;  ///< of forms kText and kBinary
  std::string quoted;     ///< the source, of form kQuote
};

/// With `(module` consumed: reads up to and including the closing parenthesis.
ModuleSource read_module_source(TokenCursor& cursor, const WatOptions& options);

/// Checks the size and the encoding of a source.
Result<void> check_source(std::string_view source, const WatOptions& options);

}  // namespace dewar::text
