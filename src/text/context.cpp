// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Indices, numbers and name annotations (spec 6.3.1, 6.6.1, 7.4.2).
#include "text/context.h"

#include "base/utf8.h"

namespace dewar::text {

u32 Context::index(const IndexSpace& space) {
  if (cursor.at(TokenKind::kId)) {
    const Token t = cursor.take();
    const std::string name = id_name(cursor.text(t));
    if (const auto found = space.find(name)) return *found;
    cursor.fail(std::string("unknown ") + space.what() + " " + show_token(cursor.text(t)), t,
                "declare it in this module, or use a number");
    return 0;
  }
  return static_cast<u32>(number(32, "an index"));
}

u64 Context::number(u32 bits, const char* what) {
  const Token t = cursor.expect(TokenKind::kNumber, what);
  if (cursor.failed()) return 0;
  u64 value = 0;
  const Literal status = parse_nat(cursor.text(t), bits, value);
  return check_literal(status, t, what) ? value : 0;
}

bool Context::check_literal(Literal status, const Token& token, const char* what) {
  switch (status) {
    case Literal::kOk: return true;
    case Literal::kMalformed:
      cursor.fail("unknown operator " + show_token(cursor.text(token)) + ", expected " + what, token);
      return false;
    case Literal::kOutOfRange:
      cursor.fail("constant out of range: " + show_token(cursor.text(token)) + " does not fit " + what, token);
      return false;
  }
  return false;
}

std::optional<std::string> Context::name_annotation() {
  if (!cursor.at_annotation("name")) return std::nullopt;
  cursor.take();
  if (!cursor.at(TokenKind::kString)) {
    cursor.fail("@name annotation: unexpected token, expected a string", cursor.peek());
    return std::nullopt;
  }
  const Token t = cursor.take();
  std::string name = string_value(cursor.text(t));
  if (!base::is_valid_utf8(name)) cursor.fail("@name annotation: malformed UTF-8 encoding", t);
  cursor.expect_close();
  if (cursor.at_annotation("name")) cursor.fail("@name annotation: multiple names for one entity", cursor.peek());
  return name;
}

void Context::record_name(NameCollector::Kind kind, u32 index, const std::optional<std::string>& id,
                          std::optional<std::string> annotation) {
  if (annotation) {
    names.set(kind, index, std::move(*annotation));
  } else if (id) {
    names.set(kind, index, *id);
  }
}

}  // namespace dewar::text
