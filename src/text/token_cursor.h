// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The parsers' view of a source: significant tokens with a look-ahead of two, and a sticky error. After the first
// failure every peek gives the end of input, so that parsing loops end by themselves and one check at the end suffices.
// Annotations (spec 6.3.6) that we do not know are skipped here; the known ones (`@custom`, `@name`,
// `@metadata.code.*`) show up as tokens, so that one in the wrong place is an error and never ignored.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/stop.h"
#include "text/lexer.h"

namespace dewar::text {

class TokenCursor {
 public:
  explicit TokenCursor(std::string_view source, const base::StopFlag* stop = nullptr) : lexer_(source), stop_(stop) {}

  const Token& peek() {
    if (count_ == 0) fill();
    return tokens_[0];
  }
  const Token& peek2() {
    while (count_ < 2) fill();
    return tokens_[1];
  }
  Token take() {
    const Token t = peek();
    if (t.kind != TokenKind::kEof) {
      tokens_[0] = tokens_[1];
      --count_;
    }
    return t;
  }
  std::string_view text(const Token& t) const { return lexer_.text(t); }
  std::string_view source() const { return lexer_.source(); }

  bool at(TokenKind kind) { return peek().kind == kind; }
  bool at_end() { return at(TokenKind::kEof); }
  bool at_keyword(std::string_view word) { return at(TokenKind::kKeyword) && text(tokens_[0]) == word; }
  /// True at `(word`.
  bool at_list(std::string_view word) {
    return at(TokenKind::kLeftParen) && peek2().kind == TokenKind::kKeyword && text(tokens_[1]) == word;
  }
  /// True at the annotation `(@name`.
  bool at_annotation(std::string_view name) {
    return at(TokenKind::kAnnotation) && annotation_name(text(tokens_[0])) == name;
  }
  /// Consumes the keyword if it is next.
  bool accept(std::string_view word) {
    if (!at_keyword(word)) return false;
    take();
    return true;
  }
  /// Consumes `(word` if it is next.
  bool accept_list(std::string_view word) {
    if (!at_list(word)) return false;
    take();
    take();
    return true;
  }
  /// Consumes a token of that kind, or fails with "unexpected token"; `wanted` says what was expected.
  Token expect(TokenKind kind, const char* wanted);
  void expect_close() { expect(TokenKind::kRightParen, "')'"); }

  /// A string token's bytes.
  std::string expect_string(const char* wanted);
  /// A string that must be valid UTF-8 (spec 6.3.4).
  std::string expect_name(const char* wanted);
  /// The identifier if one is next.
  std::optional<std::string> accept_id();

  /// With the opening parenthesis consumed: skips to after its closing one. Contents are only lexed.
  void skip_list();

  /// Where the next unread significant token starts.
  u32 offset() { return peek().offset; }
  /// Continues at the token that starts at `offset`.
  void seek(u32 offset);

  bool failed() const { return failed_; }
  /// Records the first failure. `offset` is its place in the source.
  void fail(std::string message, u32 offset, std::string hint = {}, const char* code = "wat-syntax");
  void fail(std::string message, const Token& at, std::string hint = {}) {
    fail(std::move(message), at.offset, std::move(hint));
  }
  /// Fails because of the next token: "unexpected token X, expected Y".
  void unexpected(const char* wanted);
  /// The failure, with line and column.
  Error error() const;
  /// The failure without its place, and its offset.
  const Error& failure() const { return error_; }
  u32 failure_offset() const { return error_offset_; }
  /// Forgets a failure and continues at `offset` (script.cpp skips a module that cannot be parsed).
  void recover(u32 offset);

 private:
  void fill();
  /// The next token of the source, or an end of input once the work is to end.
  Token next();
  bool skip_annotation(u32 start);

  Lexer lexer_;
  const base::StopFlag* stop_;
  u32 lexed_ = 0;  ///< tokens since the start, wrapping
  Token tokens_[2];
  u32 count_ = 0;
  bool failed_ = false;
  Error error_;
  u32 error_offset_ = 0;
};

/// Line and column, both from 1, of a byte offset; columns count code points.
struct Position {
  u32 line = 1;
  u32 column = 1;
};
Position position_of(std::string_view source, u32 offset);
/// Where the text that follows `passed` starts, if `passed` starts at `from`.
Position advance_position(Position from, std::string_view passed);

/// How a token is shown in a message: its text, shortened and made safe to print.
std::string show_token(std::string_view text);

}  // namespace dewar::text
