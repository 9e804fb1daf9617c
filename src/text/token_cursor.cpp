// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Look-ahead, annotation skipping and error positions (spec 6.3.6 for annotations).
#include "text/token_cursor.h"

#include "base/utf8.h"

namespace dewar::text {
namespace {

/// Bytes of a token shown in a message.
constexpr usize kShownBytes = 40;

bool is_known_annotation(std::string_view name) {
  return name == "custom" || name == "name" || name == kDataCountAnnotation || name.starts_with("metadata.code.");
}

}  // namespace

Token TokenCursor::next() {
  constexpr u32 kTokensPerLook = 4096;
  if (++lexed_ % kTokensPerLook == 0 && base::stopped(stop_)) {
    fail(base::stopped_error().message, lexer_.pos(), {}, base::kStopped);
    return {TokenKind::kEof, lexer_.pos(), 0};
  }
  return lexer_.next();
}

void TokenCursor::fill() {
  for (;;) {
    const Token t = next();
    // fail() fills the look-ahead.
    if (failed_) return;
    if (t.kind == TokenKind::kError) return fail(lexer_.error(), lexer_.error_offset());
    if (t.kind == TokenKind::kAnnotation && !is_known_annotation(annotation_name(lexer_.text(t)))) {
      if (annotation_name(lexer_.text(t)).empty()) return fail("empty annotation id", t);
      if (!skip_annotation(t.offset)) return;
      continue;
    }
    tokens_[count_++] = t;
    return;
  }
}

bool TokenCursor::skip_annotation(u32 start) {
  for (u64 depth = 1; depth > 0;) {
    const Token t = next();
    switch (t.kind) {
      case TokenKind::kLeftParen:
      case TokenKind::kAnnotation: ++depth; break;
      case TokenKind::kRightParen: --depth; break;
      case TokenKind::kError: fail(lexer_.error(), lexer_.error_offset()); return false;
      case TokenKind::kEof: fail("unclosed annotation", start); return false;
      default: break;
    }
  }
  return true;
}

void TokenCursor::skip_list() {
  const u32 start = offset();
  if (failed_) return;
  seek(start);
  for (u64 depth = 1; depth > 0;) {
    const Token t = next();
    switch (t.kind) {
      case TokenKind::kLeftParen:
      case TokenKind::kAnnotation: ++depth; break;
      case TokenKind::kRightParen: --depth; break;
      case TokenKind::kError: return fail(lexer_.error(), lexer_.error_offset());
      case TokenKind::kEof: return fail("unexpected end of input, expected ')'", t);
      default: break;
    }
  }
}

void TokenCursor::seek(u32 offset) {
  if (failed_) return;  // the look-ahead stays at the end of input
  lexer_.seek(offset);
  count_ = 0;
}

Token TokenCursor::expect(TokenKind kind, const char* wanted) {
  if (at(kind)) return take();
  unexpected(wanted);
  return peek();
}

std::string TokenCursor::expect_string(const char* wanted) {
  const Token t = expect(TokenKind::kString, wanted);
  return failed_ ? std::string() : string_value(text(t));
}

std::string TokenCursor::expect_name(const char* wanted) {
  const Token t = expect(TokenKind::kString, wanted);
  if (failed_) return {};
  std::string value = string_value(text(t));
  if (!base::is_valid_utf8(value)) fail("malformed UTF-8 encoding", t);
  return value;
}

std::optional<std::string> TokenCursor::accept_id() {
  if (!at(TokenKind::kId)) return std::nullopt;
  return id_name(text(take()));
}

void TokenCursor::fail(std::string message, u32 offset, std::string hint, const char* code) {
  if (!failed_) {
    failed_ = true;
    error_offset_ = offset;
    error_.code = code;
    error_.message = std::move(message);
    error_.hint = std::move(hint);
  }
  tokens_[0] = tokens_[1] = {TokenKind::kEof, error_offset_, 0};
  count_ = 2;
}

void TokenCursor::unexpected(const char* wanted) {
  const Token t = peek();
  if (failed_) return;
  const std::string_view shown = text(t);
  std::string message;
  switch (t.kind) {
    case TokenKind::kEof: message = "unexpected end of input"; break;
    case TokenKind::kAnnotation:
      message = "misplaced @" + base::escape_for_terminal(annotation_name(shown)) + " annotation";
      break;
    case TokenKind::kReserved:
      message =
          shown.starts_with("$\"\"") || shown == "$" ? "empty identifier" : "unknown operator " + show_token(shown);
      break;
    default: message = "unexpected token " + show_token(shown); break;
  }
  fail(message + ", expected " + wanted, t);
}

Error TokenCursor::error() const {
  Error e = error_;
  const Position p = position_of(lexer_.source(), error_offset_);
  e.line = p.line;
  e.column = p.column;
  return e;
}

void TokenCursor::recover(u32 offset) {
  const Lexer fresh(lexer_.source());
  lexer_ = fresh;
  lexer_.seek(offset);
  failed_ = false;
  error_ = {};
  count_ = 0;
}

Position position_of(std::string_view source, u32 offset) { return advance_position({}, source.substr(0, offset)); }

Position advance_position(Position from, std::string_view passed) {
  for (char c : passed) {
    if (c == '\n') {
      ++from.line;
      from.column = 1;
    } else if ((static_cast<u8>(c) & 0xc0) != 0x80) {
      ++from.column;
    }
  }
  return from;
}

std::string show_token(std::string_view text) {
  if (text.size() <= kShownBytes) return "'" + base::escape_for_terminal(text) + "'";
  return "'" + base::escape_for_terminal(text.substr(0, kShownBytes)) + "...'";
}

}  // namespace dewar::text
