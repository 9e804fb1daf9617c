// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Splits WebAssembly text into tokens (spec 6.3). Owns white space, nested comments, string escapes and the rule that a
// token is the longest run of non-delimiting characters, so that `0$l` or `"a""b"` is one reserved token and no two.
// Tokens are ranges of the source; nothing is copied. The source must already be valid UTF-8.
#pragma once

#include <string>
#include <string_view>

#include "base/types.h"

namespace dewar::text {

enum class TokenKind : u8 {
  kEof,
  kLeftParen,
  kRightParen,
  kAnnotation,  ///< `(@id`, opening an annotation; closed by a kRightParen. An empty id is legal inside others only.
  kKeyword,     ///< starts with a lower-case letter
  kId,          ///< `$id` or `$"id"`
  kString,
  kNumber,    ///< starts with a digit or sign; its grammar is checked by literals.h
  kReserved,  ///< any other word; legal only inside annotations
  kError,     ///< the lexer's error() says why
};

struct Token {
  TokenKind kind = TokenKind::kEof;
  u32 offset = 0;
  u32 length = 0;
};

/// A source longer than this cannot be addressed by tokens.
inline constexpr u64 kMaxAddressableSource = 0xffff'0000;

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  /// The next token. After a kError token every call gives the same one again.
  Token next();

  u32 pos() const { return pos_; }
  /// Continues at `offset`, which must be the start of a token; a previous error is kept.
  void seek(u32 offset) { pos_ = offset; }
  std::string_view source() const { return source_; }
  std::string_view text(Token t) const { return source_.substr(t.offset, t.length); }
  /// Message and place of the kError token.
  const char* error() const { return error_; }
  u32 error_offset() const { return error_offset_; }

 private:
  bool skip_space();
  bool skip_block_comment();
  bool scan_string();
  bool scan_escape();
  Token annotation(u32 start);
  Token word(u32 start);
  Token token(TokenKind kind, u32 start) const { return {kind, start, pos_ - start}; }
  Token fail(const char* message, u32 offset);
  char at(u32 offset) const { return offset < source_.size() ? source_[offset] : '\0'; }

  std::string_view source_;
  u32 pos_ = 0;
  const char* error_ = nullptr;
  u32 error_offset_ = 0;
};

/// Appends the bytes that a string token (with its quotes) denotes. The token must come from the lexer.
void append_string(std::string& out, std::string_view token);
/// The bytes of a string token.
std::string string_value(std::string_view token);
/// The name of an identifier token, without `$` and quotes; two spellings of one name give the same result.
std::string id_name(std::string_view token);
/// Our own annotation `(@dewar.data_count)` among the module fields: write a data count section even though no
/// instruction needs one. The printer uses it so that such modules come back byte for byte; other tools ignore it.
inline constexpr std::string_view kDataCountAnnotation = "dewar.data_count";

/// The id of an annotation token, without `(@` and quotes.
std::string annotation_name(std::string_view token);

}  // namespace dewar::text
