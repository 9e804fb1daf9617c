// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two parses: the first for the bytes, which say in which section (and body) the offset lies, the second to watch.
#include "text/locate.h"

#include "base/cursor.h"
#include "text/module_parser.h"
#include "text/module_source.h"

namespace dewar::text {
namespace {

/// The section and place in it of a byte; nothing if it is in a custom section or in none.
std::optional<Locator> find_target(std::span<const u8> module, u64 offset) {
  constexpr usize kHeader = 8;
  base::Cursor c(module);
  c.skip(kHeader);
  while (c.ok() && !c.at_end()) {
    const u8 id = c.byte();
    base::Cursor payload = c.sub(c.leb_u32());
    if (!c.ok() || offset < payload.offset()) return std::nullopt;
    if (offset >= payload.offset() + payload.size()) continue;
    const auto section = section_of(id);
    if (!section) return std::nullopt;
    Locator target;
    target.section = *section;
    if (*section == Section::kStart || *section == Section::kDataCount) return target;
    const u32 count = payload.leb_u32();
    if (*section != Section::kCode) {
      target.offset = offset > payload.offset() ? offset - payload.offset() : 0;
      return target;
    }
    for (; target.body < count; ++target.body) {
      const base::Cursor body = payload.sub(payload.leb_u32());
      if (!payload.ok()) return std::nullopt;
      if (offset >= body.offset() + body.size()) continue;
      target.offset = offset > body.offset() ? offset - body.offset() : 0;
      return target;
    }
    return std::nullopt;
  }
  return std::nullopt;
}

/// The bytes of a text module; nothing if it fails or has another form.
std::optional<std::vector<u8>> parse(std::string_view source, const WatOptions& options, Locator* locator) {
  TokenCursor cursor(source, options.stop);
  std::optional<std::string> id;
  if (cursor.accept_list("module")) {
    if (cursor.accept("definition") || cursor.at_keyword("binary") || cursor.at_keyword("quote")) return std::nullopt;
    id = cursor.accept_id();
    if (cursor.at_keyword("binary") || cursor.at_keyword("quote")) return std::nullopt;
  }
  std::vector<u8> bytes = ModuleParser(cursor, options, locator).parse(id);
  if (cursor.failed()) return std::nullopt;
  return bytes;
}

}  // namespace

std::optional<Position> locate_in_wat(std::string_view source, u64 offset, const WatOptions& options) {
  const auto bytes = parse(source, options, nullptr);
  if (!bytes) return std::nullopt;
  auto locator = find_target(*bytes, offset);
  if (!locator) return std::nullopt;
  parse(source, options, &*locator);
  if (!locator->source) return std::nullopt;
  return position_of(source, *locator->source);
}

Error with_position(Error error, std::string_view source, const WatOptions& options) {
  if (error.line != 0 || error.offset == Error::kNoOffset) return error;
  if (const auto position = locate_in_wat(source, error.offset, options)) {
    error.line = position->line;
    error.column = position->column;
  }
  return error;
}

}  // namespace dewar::text
