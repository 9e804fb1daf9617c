// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the parsers of one module share: the cursor, the identifier context (spec 6.1.4), the output. Owns the reading
// of indices and small numbers.
#pragma once

#include "text/literals.h"
#include "text/locate.h"
#include "text/module_writer.h"
#include "text/names.h"
#include "text/token_cursor.h"
#include "text/wat.h"

namespace dewar::text {

struct Context {
  Context(TokenCursor& source, const WatOptions& wat_options, Locator* wanted)
      : cursor(source), options(wat_options), locator(wanted), names(wat_options.names) {}

  TokenCursor& cursor;
  const WatOptions& options;
  Locator* locator;  ///< usually null
  IndexSpace types{"type"};
  IndexSpace funcs{"func"};
  IndexSpace tables{"table"};
  IndexSpace memories{"memory"};
  IndexSpace globals{"global"};
  IndexSpace tags{"tag"};
  IndexSpace elems{"elem segment"};
  IndexSpace datas{"data segment"};
  NameCollector names;
  ModuleWriter out;
  bool needs_data_count = false;  ///< an instruction names a data segment (spec 5.5.16), or an annotation asks

  /// Something that starts at `at` in the source will write to any section: tells the locator.
  void note_field(u32 at) {
    if (!locator || locator->section == Section::kCode) return;
    locator->note(locator->section, out.entries(locator->section).size(), at);
  }
  /// True if an index, number or identifier, is next.
  bool at_index() { return cursor.at(TokenKind::kNumber) || cursor.at(TokenKind::kId); }
  /// Reads an index into `space`.
  u32 index(const IndexSpace& space);
  /// Reads an index if one is next, else gives 0.
  u32 index_or_zero(const IndexSpace& space) { return at_index() ? index(space) : 0; }
  /// Reads an unsigned number of at most `bits` bits; `what` names it in messages.
  u64 number(u32 bits, const char* what);
  /// Reads `@name` annotations (spec 7.4.2) where they are allowed; the given name, if any.
  std::optional<std::string> name_annotation();
  /// Records the name of an entity: the annotation's, else the identifier's.
  void record_name(NameCollector::Kind kind, u32 index, const std::optional<std::string>& id,
                   std::optional<std::string> annotation);
  /// Fails because a number has the wrong form or size. Returns true if it is fine.
  bool check_literal(Literal status, const Token& token, const char* what);
};

}  // namespace dewar::text
