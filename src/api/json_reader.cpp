// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A recursive-descent reader whose recursion is bounded by JsonLimits::max_depth.
#include "api/json_reader.h"

#include "base/hex.h"
#include "base/utf8.h"

namespace dewar::api {

namespace {

class Reader {
 public:
  Reader(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  std::optional<JsonValue> whole() {
    JsonValue value;
    if (!read_value(value, 0)) return std::nullopt;
    skip_space();
    if (at_ != text_.size()) return std::nullopt;
    return value;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  bool read_value(JsonValue& out, u32 depth) {
    if (depth > limits_.max_depth || ++values_ > limits_.max_values) return false;
    skip_space();
    switch (peek()) {
      case '{': return read_object(out, depth);
      case '[': return read_array(out, depth);
      case '"': out.kind = JsonValue::Kind::string; return read_string(out.text);
      case 't':
        out.kind = JsonValue::Kind::boolean;
        out.flag = true;
        return take_word("true");
      case 'f': out.kind = JsonValue::Kind::boolean; return take_word("false");
      case 'n': return take_word("null");
      default: return read_number(out);
    }
  }

  bool read_object(JsonValue& out, u32 depth) {
    out.kind = JsonValue::Kind::object;
    ++at_;
    skip_space();
    if (take('}')) return true;
    do {
      skip_space();
      if (!read_string(out.names.emplace_back())) return false;
      skip_space();
      if (!take(':') || !read_value(out.items.emplace_back(), depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take('}');
  }

  bool read_array(JsonValue& out, u32 depth) {
    out.kind = JsonValue::Kind::array;
    ++at_;
    skip_space();
    if (take(']')) return true;
    do {
      if (!read_value(out.items.emplace_back(), depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take(']');
  }

  bool read_number(JsonValue& out) {
    const usize start = at_;
    const bool negative = take('-');
    if (!is_digit(peek())) return false;
    u64 value = 0;
    bool fits = true;
    if (!take('0')) {
      while (is_digit(peek())) {
        fits &= !__builtin_mul_overflow(value, u64{10}, &value);
        fits &= !__builtin_add_overflow(value, static_cast<u64>(text_[at_] - '0'), &value);
        ++at_;
      }
    }
    bool whole = true;
    if (take('.')) {
      whole = false;
      if (!is_digit(peek())) return false;
      while (is_digit(peek())) ++at_;
    }
    if (take('e') || take('E')) {
      whole = false;
      if (!take('+')) take('-');
      if (!is_digit(peek())) return false;
      while (is_digit(peek())) ++at_;
    }
    const bool integer = whole && fits && !negative;
    out.kind = integer ? JsonValue::Kind::integer : JsonValue::Kind::number;
    if (integer) out.integer = value;
    out.text = text_.substr(start, at_ - start);
    return true;
  }

  bool read_hex4(u32& out) {
    out = 0;
    for (int i = 0; i < 4; ++i) {
      const int digit = at_ < text_.size() ? base::hex_digit(text_[at_]) : -1;
      if (digit < 0) return false;
      out = out << 4 | static_cast<u32>(digit);
      ++at_;
    }
    return true;
  }

  bool read_escape(std::string& out) {
    const char c = peek();
    ++at_;
    switch (c) {
      case '"':
      case '\\':
      case '/': out.push_back(c); return true;
      case 'b': out.push_back('\b'); return true;
      case 'f': out.push_back('\f'); return true;
      case 'n': out.push_back('\n'); return true;
      case 'r': out.push_back('\r'); return true;
      case 't': out.push_back('\t'); return true;
      case 'u': break;
      default: return false;
    }
    u32 unit = 0;
    if (!read_hex4(unit)) return false;
    if (unit >= 0xd800 && unit < 0xdc00 && text_.substr(at_, 2) == "\\u") {
      const usize before = at_;
      u32 low = 0;
      at_ += 2;
      if (!read_hex4(low)) return false;
      if (low >= 0xdc00 && low < 0xe000) {
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
      } else {
        at_ = before;
      }
    }
    base::append_utf8(out, unit);  // a lone surrogate becomes U+FFFD
    return true;
  }

  bool read_string(std::string& out) {
    if (!take('"')) return false;
    const usize start = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        const bool valid = base::is_valid_utf8(text_.substr(start, at_ - start));
        ++at_;
        return valid;
      }
      if (static_cast<u8>(c) < 0x20) return false;
      ++at_;
      if (c != '\\') {
        out.push_back(c);
      } else if (!read_escape(out)) {
        return false;
      }
    }
    return false;
  }

  std::string_view text_;
  const JsonLimits& limits_;
  usize at_ = 0;
  u32 values_ = 0;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  for (usize i = 0; i < names.size(); ++i) {
    if (names[i] == name) return &items[i];
  }
  return nullptr;
}

std::string_view JsonValue::text_of(std::string_view name) const {
  const JsonValue* value = find(name);
  return value && value->kind == Kind::string ? std::string_view(value->text) : std::string_view();
}

u64 JsonValue::integer_of(std::string_view name) const {
  const JsonValue* value = find(name);
  return value && value->kind == Kind::integer ? value->integer : 0;
}

const std::vector<JsonValue>& JsonValue::items_of(std::string_view name) const {
  static const std::vector<JsonValue> kNone;
  const JsonValue* value = find(name);
  return value && value->kind == Kind::array ? value->items : kNone;
}

std::optional<JsonValue> read_json(std::string_view text, const JsonLimits& limits) {
  return Reader(text, limits).whole();
}

}  // namespace dewar::api
