// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Entry point of the text parser: checks size and encoding of the source, then reads one module (spec 6.6.15, and the
// script grammar's binary and quoted modules).
#include "text/wat.h"

#include "base/utf8.h"
#include "text/module_source.h"

namespace dewar::text {

Result<void> check_source(std::string_view source, const WatOptions& options) {
  const u64 max = options.max_source < kMaxAddressableSource ? options.max_source : kMaxAddressableSource;
  if (source.size() > max) {
    return std::unexpected(Error{
        "wat-limit", "the source has " + std::to_string(source.size()) + " bytes, the limit is " + std::to_string(max),
        Error::kNoOffset, 0, 0, "compile it to a binary module elsewhere"});
  }
  if (base::is_valid_utf8(source)) return {};
  usize good = 0;
  while (const auto decoded = base::decode_utf8(source.substr(good))) good += decoded->length;
  const Position p = position_of(source, static_cast<u32>(good));
  return std::unexpected(Error{"wat-syntax", "malformed UTF-8 encoding", Error::kNoOffset, p.line, p.column,
                               "text files must be UTF-8; in strings, write other bytes as \\hh"});
}

ModuleSource read_module_source(TokenCursor& cursor, const WatOptions& options) {
  ModuleSource m;
  if (cursor.at_keyword("definition")) {
    cursor.take();
    m.definition = true;
  }
  m.id = cursor.accept_id();
  if (cursor.at_keyword("binary") || cursor.at_keyword("quote")) {
    m.form = cursor.at_keyword("binary") ? ModuleSource::Form::kBinary : ModuleSource::Form::kQuote;
    cursor.take();
    std::string bytes;
    while (cursor.at(TokenKind::kString)) append_string(bytes, cursor.text(cursor.take()));
    if (!cursor.at(TokenKind::kRightParen)) cursor.unexpected("strings or ')'");
    if (m.form == ModuleSource::Form::kBinary) {
      m.bytes.assign(bytes.begin(), bytes.end());
    } else {
      m.quoted = std::move(bytes);
    }
  } else {
    m.bytes = ModuleParser(cursor, options).parse(m.id);
  }
  cursor.expect_close();
  return m;
}

Result<std::vector<u8>> wat_to_wasm(std::string_view source, const WatOptions& options) {
  // A quoted module is a source of its own; it may again hold one. Each is shorter than the last.
  std::string quoted;
  for (;;) {
    if (auto ok = check_source(source, options); !ok) return std::unexpected(std::move(ok.error()));
    TokenCursor cursor(source, options.stop);
    ModuleSource m;
    if (cursor.accept_list("module")) {
      m = read_module_source(cursor, options);
    } else {
      m.bytes = ModuleParser(cursor, options).parse(std::nullopt);
    }
    if (!cursor.failed() && !cursor.at_end()) cursor.unexpected("the end of the source");
    if (cursor.failed()) return std::unexpected(cursor.error());
    if (m.form != ModuleSource::Form::kQuote) return std::move(m.bytes);
    quoted = std::move(m.quoted);
    source = quoted;
  }
}

}  // namespace dewar::text
