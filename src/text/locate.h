// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From a byte of the module that a text was turned into, back to the place in the text. What validation finds has byte
// offsets only; whoever wrote text needs line and column. Nothing is recorded while text is parsed: the place is found
// by parsing it again, which gives the same bytes, and watching for the one that is wanted. So it costs nothing where
// there is no error, and no memory.
#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"
#include "text/module_writer.h"
#include "text/token_cursor.h"
#include "text/wat.h"

namespace dewar::text {

/// What the parser watches for, and what it found.
struct Locator {
  Section section = Section::kCode;
  u64 offset = 0;             ///< in the entries of the section; of Section::kCode: in the body
  u32 body = 0;               ///< Section::kCode: which body
  std::optional<u32> source;  ///< of what starts last at or before it: an instruction, a field, or a type

  /// Something starts at `at` in the source whose bytes start at `position` of `in`.
  void note(Section in, u64 position, u32 at) {
    if (in == section && position <= offset) source = at;
  }
};

/// Where in the text the byte at `offset` of wat_to_wasm's result comes from. Nothing for custom sections, for modules
/// given as bytes or as quoted text, and for what is not in the result.
std::optional<Position> locate_in_wat(std::string_view source, u64 offset, const WatOptions& options = {});

/// Gives an error that decoding or validation found in the module of a text its line and column, where there are any.
Error with_position(Error error, std::string_view source, const WatOptions& options = {});

}  // namespace dewar::text
