// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads untrusted JSON texts (RFC 8259): the lines that a guest's driver reports, messages of a client. Strict:
// depth, size and number of values are bounded, duplicates keep the first member, strings must be valid UTF-8 and
// escapes whole; whatever is wrong makes the whole text invalid. (Debian's simdjson is a shared library, which would
// pull a second C++ library into the statically linked program and double its start-up time.)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace dewar::api {

/// One JSON value.
class JsonValue {
 public:
  enum class Kind : u8 { null, boolean, integer, number, string, array, object };

  Kind kind = Kind::null;
  bool flag = false;
  u64 integer = 0;   ///< a number without sign, fraction or exponent that fits; other numbers are of kind `number`
  std::string text;  ///< of a string; of a number, how it was written
  std::vector<JsonValue> items;    ///< of an array; of an object: the values of its members
  std::vector<std::string> names;  ///< of an object: the names, beside `items`

  /// The member of an object, or null.
  const JsonValue* find(std::string_view name) const;
  /// The text of a string member, or "".
  std::string_view text_of(std::string_view name) const;
  /// The value of a non-negative integer member, or 0.
  u64 integer_of(std::string_view name) const;
  /// The items of an array member, or none.
  const std::vector<JsonValue>& items_of(std::string_view name) const;
};

struct JsonLimits {
  u32 max_depth = 16;
  u32 max_values = 10'000;
};

/// The one value that `text` consists of, or nothing.
std::optional<JsonValue> read_json(std::string_view text, const JsonLimits& limits = {});

}  // namespace dewar::api
