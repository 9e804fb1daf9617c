// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// UTF-8 as in Unicode chapter 3 (table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF. Also the one
// place where text that a guest chose is made safe to show on a terminal.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/types.h"

namespace dewar::base {

/// One decoded code point and the number of bytes it took.
struct Decoded {
  u32 code_point = 0;
  u32 length = 0;
};

/// Decodes the code point at the start of `bytes`; nothing if the bytes are not valid there (or empty).
std::optional<Decoded> decode_utf8(std::string_view bytes);

/// True if the whole string is valid UTF-8.
bool is_valid_utf8(std::string_view bytes);
inline bool is_valid_utf8(std::span<const u8> bytes) {
  return is_valid_utf8(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

/// Appends a code point; one that is no Unicode scalar value becomes U+FFFD.
void append_utf8(std::string& out, u32 code_point);

/// The length (at least 1) of the maximal ill-formed part at the start of `bytes`, to be replaced by one U+FFFD.
/// Call it only where decode_utf8 gave nothing, and never with an empty string.
usize invalid_utf8_length(std::string_view bytes);

/// A copy with every invalid part replaced by U+FFFD.
std::string replace_invalid_utf8(std::string_view bytes);

/// At most `max` bytes from the start, cut between characters; "..." follows what was cut.
std::string cut_text(std::string_view text, usize max);

/// Would a terminal obey or hide it, or could it reorder the text around it? What escape_for_terminal escapes.
bool is_unsafe_on_terminal(u32 code_point);

/// A copy that is safe to print: control characters (C0, DEL, C1), line separators, and characters that reorder or
/// hide text become \u{..}, invalid bytes \xNN, and a backslash \\. With `keep_newlines`, newline and tab stay.
std::string escape_for_terminal(std::string_view bytes, bool keep_newlines = false);

}  // namespace dewar::base
