// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The scanner of spec 6.3: one class per character, one loop per word. Comment and annotation nesting is counted, never
// recursed into.
#include "text/lexer.h"

#include <array>

#include "base/hex.h"
#include "base/utf8.h"

namespace dewar::text {
namespace {

enum class Class : u8 { kIllegal, kSpace, kIdChar, kLeft, kRight, kQuote, kSemicolon, kOther };

consteval std::array<Class, 256> make_classes() {
  std::array<Class, 256> classes{};
  classes.fill(Class::kIllegal);
  for (char c = '0'; c <= '9'; ++c) classes[static_cast<u8>(c)] = Class::kIdChar;
  for (char c = 'a'; c <= 'z'; ++c) classes[static_cast<u8>(c)] = Class::kIdChar;
  for (char c = 'A'; c <= 'Z'; ++c) classes[static_cast<u8>(c)] = Class::kIdChar;
  for (char c : std::string_view("!#$%&'*+-./:<=>?@\\^_`|~")) classes[static_cast<u8>(c)] = Class::kIdChar;
  for (char c : std::string_view(" \t\n\r")) classes[static_cast<u8>(c)] = Class::kSpace;
  for (char c : std::string_view(",[]{}")) classes[static_cast<u8>(c)] = Class::kOther;
  classes['('] = Class::kLeft;
  classes[')'] = Class::kRight;
  classes['"'] = Class::kQuote;
  classes[';'] = Class::kSemicolon;
  return classes;
}
constexpr std::array<Class, 256> kClasses = make_classes();

Class class_of(char c) { return kClasses[static_cast<u8>(c)]; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

/// A quoted identifier must name something (spec 6.3.5) and be a name (6.3.4).
bool is_valid_quoted_name(std::string_view quoted) {
  const std::string value = string_value(quoted);
  return !value.empty() && base::is_valid_utf8(value);
}

}  // namespace

Token Lexer::fail(const char* message, u32 offset) {
  if (error_ == nullptr) {
    error_ = message;
    error_offset_ = offset;
  }
  return {TokenKind::kError, error_offset_, 0};
}

Token Lexer::next() {
  if (error_ != nullptr || !skip_space()) return fail(error_, error_offset_);
  const u32 start = pos_;
  if (start >= source_.size()) return token(TokenKind::kEof, start);
  switch (class_of(source_[start])) {
    case Class::kLeft:
      ++pos_;
      if (at(pos_) == '@') return annotation(start);
      return token(TokenKind::kLeftParen, start);
    case Class::kRight: ++pos_; return token(TokenKind::kRightParen, start);
    case Class::kIllegal:
    case Class::kSpace: return fail("illegal character", start);
    default: return word(start);
  }
}

bool Lexer::skip_space() {
  const usize size = source_.size();
  while (pos_ < size) {
    const char c = source_[pos_];
    if (class_of(c) == Class::kSpace) {
      ++pos_;
    } else if (c == ';' && at(pos_ + 1) == ';') {
      while (pos_ < size && source_[pos_] != '\n' && source_[pos_] != '\r') ++pos_;
    } else if (c == '(' && at(pos_ + 1) == ';') {
      if (!skip_block_comment()) return false;
    } else {
      break;
    }
  }
  return true;
}

bool Lexer::skip_block_comment() {
  const u32 start = pos_;
  u32 depth = 0;
  while (pos_ + 1 < source_.size()) {
    const char c = source_[pos_];
    const char d = source_[pos_ + 1];
    if (c == '(' && d == ';') {
      ++depth;
      pos_ += 2;
    } else if (c == ';' && d == ')') {
      pos_ += 2;
      if (--depth == 0) return true;
    } else {
      ++pos_;
    }
  }
  fail("unclosed comment", start);
  return false;
}

Token Lexer::annotation(u32 start) {
  ++pos_;  // the @
  const u32 id = pos_;
  if (at(pos_) == '"') {
    if (!scan_string()) return fail(error_, error_offset_);
    if (pos_ - id > 2 && !is_valid_quoted_name(source_.substr(id, pos_ - id)))
      return fail("malformed UTF-8 encoding", id);
  } else {
    while (pos_ < source_.size() && class_of(source_[pos_]) == Class::kIdChar) ++pos_;
  }
  return token(TokenKind::kAnnotation, start);
}

Token Lexer::word(u32 start) {
  u32 strings = 0;
  u32 string_start = start;
  bool other = false;
  bool more = true;
  while (more && pos_ < source_.size()) {
    switch (class_of(source_[pos_])) {
      case Class::kIdChar: ++pos_; break;
      case Class::kOther:
        other = true;
        ++pos_;
        break;
      case Class::kSemicolon:
        more = at(pos_ + 1) != ';';
        if (more) {
          other = true;
          ++pos_;
        }
        break;
      case Class::kQuote:
        ++strings;
        string_start = pos_;
        if (!scan_string()) return fail(error_, error_offset_);
        // A string ends its word only if nothing but a delimiter follows; otherwise the whole run is reserved.
        if (pos_ < source_.size()) {
          const Class next = class_of(source_[pos_]);
          const bool comment = next == Class::kSemicolon && at(pos_ + 1) == ';';
          if (!comment && (next == Class::kIdChar || next == Class::kOther || next == Class::kSemicolon)) other = true;
        }
        break;
      default: more = false; break;
    }
  }
  const char first = source_[start];
  if (other || strings > 1) return token(TokenKind::kReserved, start);
  if (strings == 1) {
    if (string_start == start) return token(TokenKind::kString, start);
    const bool id = string_start == start + 1 && first == '$';
    if (id && is_valid_quoted_name(source_.substr(string_start, pos_ - string_start))) {
      return token(TokenKind::kId, start);
    }
    return token(TokenKind::kReserved, start);
  }
  if (is_lower(first)) return token(TokenKind::kKeyword, start);
  if (is_digit(first) || first == '+' || first == '-') return token(TokenKind::kNumber, start);
  if (first == '$' && pos_ - start > 1) return token(TokenKind::kId, start);
  return token(TokenKind::kReserved, start);
}

bool Lexer::scan_string() {
  const u32 start = pos_++;
  for (;;) {
    if (pos_ >= source_.size()) {
      fail("unclosed string", start);
      return false;
    }
    const u8 c = static_cast<u8>(source_[pos_]);
    if (c == '"') {
      ++pos_;
      return true;
    }
    if (c == '\\') {
      if (!scan_escape()) return false;
    } else if (c < 0x20 || c == 0x7f) {
      fail(c == '\n' || c == '\r' ? "unclosed string" : "illegal character in string", c == '\n' ? start : pos_);
      return false;
    } else {
      ++pos_;
    }
  }
}

bool Lexer::scan_escape() {
  const u32 start = pos_++;
  const char c = at(pos_);
  if (std::string_view("tnr\"'\\").find(c) != std::string_view::npos && c != '\0') {
    ++pos_;
    return true;
  }
  if (c == 'u' && at(pos_ + 1) == '{') {
    pos_ += 2;
    u32 value = 0;
    bool digit_before = false;
    for (; at(pos_) != '}'; ++pos_) {
      const int digit = base::hex_digit(at(pos_));
      const bool separator = at(pos_) == '_' && digit_before && base::hex_digit(at(pos_ + 1)) >= 0;
      if ((digit < 0 && !separator) || value > 0x10ffff) {
        fail("illegal escape", start);
        return false;
      }
      if (digit >= 0) value = value * 16 + static_cast<u32>(digit);
      digit_before = digit >= 0;
    }
    ++pos_;
    if (!digit_before || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) {
      fail("illegal escape", start);
      return false;
    }
    return true;
  }
  if (base::hex_digit(c) >= 0 && base::hex_digit(at(pos_ + 1)) >= 0) {
    pos_ += 2;
    return true;
  }
  fail("illegal escape", start);
  return false;
}

void append_string(std::string& out, std::string_view token) {
  DEWAR_ASSERT(token.size() >= 2, "a string token has its quotes");
  const usize end = token.size() - 1;
  for (usize i = 1; i < end;) {
    if (token[i] != '\\') {
      const usize stop = std::min(token.find('\\', i), end);
      out.append(token.substr(i, stop - i));
      i = stop;
      continue;
    }
    const char c = token[i + 1];
    i += 2;
    switch (c) {
      case 't': out.push_back('\t'); break;
      case 'n': out.push_back('\n'); break;
      case 'r': out.push_back('\r'); break;
      case '"':
      case '\'':
      case '\\': out.push_back(c); break;
      case 'u': {
        u32 value = 0;
        for (++i; token[i] != '}'; ++i) {
          if (token[i] != '_') value = value * 16 + static_cast<u32>(base::hex_digit(token[i]));
        }
        ++i;
        base::append_utf8(out, value);
        break;
      }
      default:
        out.push_back(static_cast<char>(base::hex_digit(c) * 16 + base::hex_digit(token[i])));
        ++i;
        break;
    }
  }
}

std::string string_value(std::string_view token) {
  std::string out;
  out.reserve(token.size() - 2);
  append_string(out, token);
  return out;
}

std::string id_name(std::string_view token) {
  token.remove_prefix(1);
  return token.starts_with('"') ? string_value(token) : std::string(token);
}

std::string annotation_name(std::string_view token) {
  token.remove_prefix(2);
  return token.starts_with('"') ? string_value(token) : std::string(token);
}

}  // namespace dewar::text
