// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Annotations that become custom sections: `@custom` (spec 7.4.3), `@metadata.code.*` (code metadata, branch hinting)
// and the name section made of identifiers and `@name` (7.4.2).
#include <array>

#include "base/leb128.h"
#include "base/utf8.h"
#include "text/module_parser.h"

namespace dewar::text {
namespace {

struct SectionWord {
  std::string_view word;
  Section section;
};
constexpr std::array<SectionWord, 13> kSectionWords = {{
    {"type", Section::kType},
    {"import", Section::kImport},
    {"func", Section::kFunc},
    {"table", Section::kTable},
    {"memory", Section::kMemory},
    {"tag", Section::kTag},
    {"global", Section::kGlobal},
    {"export", Section::kExport},
    {"start", Section::kStart},
    {"elem", Section::kElem},
    {"datacount", Section::kDataCount},
    {"code", Section::kCode},
    {"data", Section::kData},
}};

}  // namespace

void ModuleParser::custom_annotation() {
  cursor_.take();
  if (!cursor_.at(TokenKind::kString)) {
    return cursor_.fail("@custom annotation: missing section name", cursor_.peek());
  }
  const Token name_token = cursor_.take();
  const std::string name = string_value(cursor_.text(name_token));
  if (!base::is_valid_utf8(name)) {
    return cursor_.fail("@custom annotation: malformed UTF-8 encoding in the section name", name_token);
  }
  const auto place = custom_place();
  if (!place) return;
  const std::string bytes = data_strings();
  if (!cursor_.at(TokenKind::kRightParen)) {
    return cursor_.fail("@custom annotation: unexpected token, expected strings or ')'", cursor_.peek());
  }
  cursor_.take();
  c_.out.add_custom(*place, name, std::vector<u8>(bytes.begin(), bytes.end()));
}

/// `(before first)`, `(after last)`, `(before SECTION)`, `(after SECTION)`; the end of the module if it is left out.
std::optional<CustomPlace> ModuleParser::custom_place() {
  if (!cursor_.at(TokenKind::kLeftParen)) return CustomPlace{};
  cursor_.take();
  const bool before = cursor_.accept("before");
  if (!before && !cursor_.accept("after")) {
    cursor_.fail("@custom annotation: malformed placement, expected 'before' or 'after'", cursor_.peek());
    return std::nullopt;
  }
  std::optional<CustomPlace> place;
  const Token t = cursor_.peek();
  const std::string_view word = t.kind == TokenKind::kKeyword ? cursor_.text(t) : std::string_view{};
  if (before && word == "first") place = CustomPlace{CustomPlace::kFirst, Section::kData};
  if (!before && word == "last") place = CustomPlace{CustomPlace::kLast, Section::kData};
  for (const SectionWord& s : kSectionWords) {
    if (s.word == word) place = CustomPlace{before ? CustomPlace::kBefore : CustomPlace::kAfter, s.section};
  }
  if (!place) {
    cursor_.fail("@custom annotation: malformed section kind " + show_token(cursor_.text(t)), t,
                 "one of first, last, type, import, func, table, memory, tag, global, export, start, elem, datacount, "
                 "code, data");
    return std::nullopt;
  }
  cursor_.take();
  cursor_.expect_close();
  return place;
}

/// Adds the last function's code metadata to the sections of their kinds.
void ModuleParser::flush_metadata(u32 function) {
  std::map<std::string_view, std::vector<const CodeMetadata*>> kinds;
  for (const CodeMetadata& m : code_.metadata()) kinds[m.kind].push_back(&m);
  for (const auto& [kind, entries] : kinds) {
    MetadataSection& section = metadata_[std::string(kind)];
    ++section.functions;
    base::append_u32(section.bytes, function);
    base::append_u64(section.bytes, entries.size());
    for (const CodeMetadata* m : entries) {
      base::append_u32(section.bytes, m->offset);
      append_bytes(section.bytes, m->data);
    }
  }
}

void ModuleParser::finish_customs() {
  for (const auto& [kind, section] : metadata_) {
    std::vector<u8> payload;
    base::append_u32(payload, section.functions);
    payload.insert(payload.end(), section.bytes.begin(), section.bytes.end());
    c_.out.add_custom({CustomPlace::kBefore, Section::kCode}, kind, std::move(payload));
  }
  std::vector<u8> names = c_.names.payload();
  if (!names.empty()) c_.out.add_custom({CustomPlace::kAfter, Section::kData}, "name", std::move(names));
}

}  // namespace dewar::text
