// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// First pass over a module's fields: index spaces, names, order of imports (spec 6.6.1, 6.6.14). Only the heads of
// fields are read; the rest is skipped by parentheses.
#include "text/module_parser.h"

namespace dewar::text {

void ModuleParser::declare_fields() {
  while (!cursor_.failed()) {
    switch (cursor_.peek().kind) {
      case TokenKind::kAnnotation: {
        const Token t = cursor_.peek();
        const std::string name = annotation_name(cursor_.text(t));
        if (name == "name") {
          return cursor_.fail(
              "misplaced @name annotation: it follows the identifier of what it names, and a module "
              "has one",
              t);
        }
        if (name.starts_with("metadata.code.")) return cursor_.fail("@" + name + " annotation: not in a function", t);
        cursor_.take();
        cursor_.skip_list();
        break;
      }
      case TokenKind::kLeftParen: {
        const Token word = cursor_.peek2();
        if (word.kind != TokenKind::kKeyword) {
          cursor_.take();
          return cursor_.unexpected("a module field");
        }
        declare_field(word);
        break;
      }
      case TokenKind::kRightParen:
      case TokenKind::kEof: return;
      default: return cursor_.unexpected("a module field");
    }
  }
}

void ModuleParser::declare_field(const Token& word) {
  const std::string_view kind = cursor_.text(word);
  const u32 field_offset = cursor_.offset();
  cursor_.take();
  if (kind == "type") {
    cursor_.take();
    types_.declare_type(field_offset);
    cursor_.skip_list();
  } else if (kind == "rec") {
    cursor_.take();
    types_.declare_rec(field_offset);
    cursor_.expect_close();
  } else if (kind == "func") {
    declare_entity(c_.funcs, kind);
  } else if (kind == "table") {
    declare_entity(c_.tables, kind);
  } else if (kind == "memory") {
    declare_entity(c_.memories, kind);
  } else if (kind == "global") {
    declare_entity(c_.globals, kind);
  } else if (kind == "tag") {
    declare_entity(c_.tags, kind);
  } else if (kind == "import") {
    declare_import();
  } else if (kind == "elem") {
    cursor_.take();
    declare_name(c_.elems);
    cursor_.skip_list();
  } else if (kind == "data") {
    cursor_.take();
    declare_name(c_.datas);
    cursor_.skip_list();
  } else if (kind == "export" || kind == "start") {
    cursor_.skip_list();
  } else {
    cursor_.unexpected("a module field such as func, type, import or export");
  }
}

void ModuleParser::declare_name(IndexSpace& space) {
  const Token id = cursor_.peek();
  if (!space.add(cursor_.accept_id())) {
    cursor_.fail(std::string("duplicate ") + space.what() + " " + show_token(cursor_.text(id)), id);
  }
}

void ModuleParser::declare_entity(IndexSpace& space, std::string_view word) {
  const Token place = cursor_.take();
  declare_name(space);
  while (cursor_.at(TokenKind::kAnnotation) || cursor_.at_list("export")) {
    cursor_.take();
    cursor_.skip_list();
  }
  if (cursor_.at_list("import")) {
    note_import(place);
    cursor_.skip_list();
    return;
  }
  if (definition_seen_ == nullptr) definition_seen_ = space.what();
  if (word == "table" || word == "memory") {
    // Inline segments take an index of their own.
    while (!cursor_.at(TokenKind::kRightParen) && !cursor_.at_end()) {
      if (word == "table" && cursor_.at_list("elem")) c_.elems.add(std::nullopt);
      if (word == "memory" && cursor_.at_list("data")) c_.datas.add(std::nullopt);
      const TokenKind kind = cursor_.take().kind;
      if (kind == TokenKind::kLeftParen || kind == TokenKind::kAnnotation) cursor_.skip_list();
    }
  }
  cursor_.skip_list();
}

void ModuleParser::declare_import() {
  note_import(cursor_.take());
  cursor_.expect_name("the module name of the import");
  cursor_.expect_name("the name of the import");
  cursor_.expect(TokenKind::kLeftParen, "(func ...), (table ...), (memory ...), (global ...) or (tag ...)");
  if (cursor_.accept("func")) {
    declare_name(c_.funcs);
  } else if (cursor_.accept("table")) {
    declare_name(c_.tables);
  } else if (cursor_.accept("memory")) {
    declare_name(c_.memories);
  } else if (cursor_.accept("global")) {
    declare_name(c_.globals);
  } else if (cursor_.accept("tag")) {
    declare_name(c_.tags);
  } else {
    return cursor_.unexpected("func, table, memory, global or tag");
  }
  cursor_.skip_list();
  cursor_.skip_list();
}

void ModuleParser::note_import(const Token& place) {
  if (definition_seen_ != nullptr) {
    cursor_.fail(std::string("import after ") + definition_seen_, place,
                 "imports come before all definitions, because they take the first indices");
  }
}

}  // namespace dewar::text
