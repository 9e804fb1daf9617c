// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Token boundaries, strings, identifiers, comments (spec 6.3).
#include "text/lexer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dewar::text {
namespace {

std::string kinds(std::string_view source) {
  Lexer lexer(source);
  std::string out;
  for (;;) {
    const Token t = lexer.next();
    switch (t.kind) {
      case TokenKind::kEof: return out;
      case TokenKind::kLeftParen: out += '('; break;
      case TokenKind::kRightParen: out += ')'; break;
      case TokenKind::kAnnotation: out += '@'; break;
      case TokenKind::kKeyword: out += 'k'; break;
      case TokenKind::kId: out += '$'; break;
      case TokenKind::kString: out += '"'; break;
      case TokenKind::kNumber: out += '1'; break;
      case TokenKind::kReserved: out += 'r'; break;
      case TokenKind::kError: return out + "!" + lexer.error();
    }
  }
}

TEST(Lexer, TokensEndAtDelimiters) {
  EXPECT_EQ(kinds("(func(nop))"), "(k(k))");
  EXPECT_EQ(kinds("i32.const 0 $x \"a\" -1 +inf nan:0x1"), "k1$\"11k");
  EXPECT_EQ(kinds("func;;comment\nnop;;"), "kk");
  EXPECT_EQ(kinds("\"a\";;c"), "\"");
  EXPECT_EQ(kinds("0(;c;)1"), "11");
}

TEST(Lexer, RunsWithoutSpaceAreOneReservedToken) {
  // `$` may stand inside a number's word; no number has that form, so literals.h rejects it.
  EXPECT_EQ(kinds("0$l"), "1");
  EXPECT_EQ(kinds("0$\"l\""), "r");
  EXPECT_EQ(kinds("\"a\"\"b\""), "r");
  EXPECT_EQ(kinds("$x\"a\""), "r");
  EXPECT_EQ(kinds("$\"x\"0"), "r");
  EXPECT_EQ(kinds("data\"a\""), "r");
  EXPECT_EQ(kinds("a,b [c] {d;e}"), "rrr");
  EXPECT_EQ(kinds("$l0"), "$");
  EXPECT_EQ(kinds("i32.const0"), "k");
  EXPECT_EQ(kinds("$"), "r");
  EXPECT_EQ(kinds("$\"\""), "r");
  EXPECT_EQ(kinds("$\"\\ef\""), "r");
}

TEST(Lexer, CommentsNestAndEndAtAnyNewline) {
  EXPECT_EQ(kinds("(; (; a ;) ; ) b ;;;)x"), "k");
  EXPECT_EQ(kinds("(;(;;);)x"), "k");
  EXPECT_EQ(kinds(";; a\rx"), "k");
  EXPECT_EQ(kinds(";; a\r\nx"), "k");
  EXPECT_EQ(kinds("(; (; ;)"), "!unclosed comment");
  EXPECT_EQ(kinds("(;"), "!unclosed comment");
  EXPECT_EQ(kinds("(;\x01 \xc3\x9f;)x"), "k");
}

TEST(Lexer, IllegalCharacters) {
  EXPECT_EQ(kinds("a \x01"), "k!illegal character");
  EXPECT_EQ(kinds(std::string_view("\0", 1)), "!illegal character");
  EXPECT_EQ(kinds("x\xc3\x9f"), "k!illegal character");
  EXPECT_EQ(kinds("\x7f"), "!illegal character");
}

TEST(Lexer, Strings) {
  EXPECT_EQ(kinds("\"abc"), "!unclosed string");
  EXPECT_EQ(kinds("\"abc\n\""), "!unclosed string");
  EXPECT_EQ(kinds("\"a\tb\""), "!illegal character in string");
  EXPECT_EQ(kinds("\"\\x\""), "!illegal escape");
  EXPECT_EQ(kinds("\"\\4\""), "!illegal escape");
  EXPECT_EQ(kinds("\"\\u{}\""), "!illegal escape");
  EXPECT_EQ(kinds("\"\\u{110000}\""), "!illegal escape");
  EXPECT_EQ(kinds("\"\\u{d800}\""), "!illegal escape");
  EXPECT_EQ(kinds("\"\\u{ffffffffffffffff}\""), "!illegal escape");
  EXPECT_EQ(kinds("\"\\u{1__0}\""), "!illegal escape");
  EXPECT_EQ(kinds("\"\\u{1_0}\""), "\"");
  EXPECT_EQ(kinds("\"\\"), "!illegal escape");
  EXPECT_EQ(string_value(R"("a\t\n\r\"\'\\\00\ff\u{1F600}\u{41}z")"),
            std::string("a\t\n\r\"'\\\0\xff\xf0\x9f\x98\x80", 13) + "Az");
  EXPECT_EQ(string_value("\"\""), "");
}

TEST(Lexer, IdentifiersAreTheirNames) {
  EXPECT_EQ(id_name("$fh"), "fh");
  EXPECT_EQ(id_name("$\"fh\""), "fh");
  EXPECT_EQ(id_name("$\"\\41\\u{42}\""), "AB");
  EXPECT_EQ(annotation_name("(@custom"), "custom");
  EXPECT_EQ(annotation_name("(@\"a b\""), "a b");
}

TEST(Lexer, TokensAreRanges) {
  Lexer lexer("  (func");
  EXPECT_EQ(lexer.next().offset, 2u);
  const Token t = lexer.next();
  EXPECT_EQ(t.offset, 3u);
  EXPECT_EQ(lexer.text(t), "func");
  EXPECT_EQ(lexer.next().kind, TokenKind::kEof);
  EXPECT_EQ(lexer.next().kind, TokenKind::kEof);
}

TEST(Lexer, AnErrorStays) {
  Lexer lexer("\x01 x");
  EXPECT_EQ(lexer.next().kind, TokenKind::kError);
  EXPECT_EQ(lexer.next().kind, TokenKind::kError);
  EXPECT_EQ(lexer.error_offset(), 0u);
}

}  // namespace
}  // namespace dewar::text
