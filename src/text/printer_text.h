// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lexical side of the printer: strings, identifiers, and the choice of unique identifiers for a module's names.
// Internal to this folder.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wasm/names.h"

namespace dewar::text {

/// Appends a quoted string that denotes exactly `bytes`. Valid UTF-8 stays readable; characters that could steer a
/// terminal or hide text are escaped.
void append_quoted(std::string& out, std::string_view bytes);
/// The same for binary data: everything but printable ASCII as \hh.
void append_quoted_data(std::string& out, std::string_view bytes);
/// Appends `$name`, or `$"name"` where the name has characters that identifiers may not have.
void append_identifier(std::string& out, std::string_view name);

/// The identifiers of one index space: unique, and only for names that can be one (not empty, valid UTF-8).
class Identifiers {
 public:
  Identifiers() = default;
  /// `names` in ascending order of index; indices from `size` on are ignored.
  Identifiers(const wasm::NameMap<u32>& names, u32 size);
  /// Gives index `index` (ascending from call to call) an identifier for `name`.
  void add(u32 index, std::string_view name);

  /// Appends the identifier of `index`, or its number.
  void append_reference(std::string& out, u32 index) const { append_reference(out, index, index); }
  /// Appends the identifier of `index`, or `number` if it has none.
  void append_reference(std::string& out, u32 index, u32 number) const;
  /// Appends ` $id`, if there is one, and ` (@name "...")`, if the name is not the identifier.
  void append_definition(std::string& out, u32 index) const;
  bool has(u32 index) const { return symbols_.contains(index); }

 private:
  struct Symbol {
    std::string id;  ///< empty: only an annotation
    std::string name;
  };
  std::map<u32, Symbol> symbols_;
  std::map<std::string, u32, std::less<>> taken_;  ///< identifier -> next suffix to try
};

}  // namespace dewar::text
