// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Streaming JSON output; see json_writer.h.
#include "base/json_writer.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "base/print.h"
#include "base/utf8.h"

namespace dewar::base {

void JsonWriter::line_break() {
  if (style_ == Style::kCompact) return;
  out_.push_back('\n');
  out_.append(levels_.size() * 2, ' ');
}

void JsonWriter::before_value() {
  if (levels_.empty()) {
    DEWAR_ASSERT(!has_root_, "a second value after the end of the JSON text");
    has_root_ = true;
    return;
  }
  Level& level = levels_.back();
  if (level.kind == '{') {
    DEWAR_ASSERT(level.after_key, "a value in an object needs a key");
    level.after_key = false;
    return;
  }
  if (!level.empty) out_.push_back(',');
  level.empty = false;
  line_break();
}

JsonWriter& JsonWriter::open(char bracket) {
  before_value();
  out_.push_back(bracket);
  levels_.push_back({bracket, true, false});
  return *this;
}

JsonWriter& JsonWriter::close(char open_bracket, char close_bracket) {
  DEWAR_ASSERT(!levels_.empty() && levels_.back().kind == open_bracket && !levels_.back().after_key,
               "JSON brackets do not match");
  bool empty = levels_.back().empty;
  levels_.pop_back();
  if (!empty) line_break();
  out_.push_back(close_bracket);
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  DEWAR_ASSERT(!levels_.empty() && levels_.back().kind == '{' && !levels_.back().after_key, "a key only in an object");
  Level& level = levels_.back();
  if (!level.empty) out_.push_back(',');
  level.empty = false;
  level.after_key = true;
  line_break();
  quoted(name);
  out_ += style_ == Style::kPretty ? ": " : ":";
  return *this;
}

void JsonWriter::quoted(std::string_view text) {
  out_.push_back('"');
  while (!text.empty()) {
    auto decoded = decode_utf8(text);
    if (!decoded) {
      append_utf8(out_, 0xfffd);
      text.remove_prefix(invalid_utf8_length(text));
      continue;
    }
    u32 c = decoded->code_point;
    switch (c) {
      case '"': out_ += "\\\""; break;
      case '\\': out_ += "\\\\"; break;
      case '\n': out_ += "\\n"; break;
      case '\r': out_ += "\\r"; break;
      case '\t': out_ += "\\t"; break;
      case '\b': out_ += "\\b"; break;
      case '\f': out_ += "\\f"; break;
      default:
        // Besides what JSON demands: whatever a terminal obeys or hides.
        if (is_unsafe_on_terminal(c)) {
          if (c > 0xffff) {
            out_ += "\\u";
            append_hex(out_, 0xd800 + ((c - 0x10000) >> 10), 4);
            c = 0xdc00 + (c & 0x3ff);
          }
          out_ += "\\u";
          append_hex(out_, c, 4);
        } else {
          out_.append(text.substr(0, decoded->length));
        }
    }
    text.remove_prefix(decoded->length);
  }
  out_.push_back('"');
}

JsonWriter& JsonWriter::value(std::string_view text) {
  before_value();
  quoted(text);
  return *this;
}

JsonWriter& JsonWriter::value(bool flag) {
  before_value();
  out_ += flag ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::value(u64 number) {
  before_value();
  append_dec(out_, number);
  return *this;
}

JsonWriter& JsonWriter::value(i64 number) {
  before_value();
  append_dec_signed(out_, number);
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  before_value();
  char buffer[40];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), number).ptr;
  out_.append(buffer, end);
  return *this;
}

JsonWriter& JsonWriter::null() {
  before_value();
  out_ += "null";
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  before_value();
  out_ += json;
  return *this;
}

std::string JsonWriter::take() {
  DEWAR_ASSERT(complete(), "the JSON text is not complete");
  has_root_ = false;
  return std::exchange(out_, {});
}

}  // namespace dewar::base
