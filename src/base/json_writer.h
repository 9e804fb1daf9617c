// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes JSON (RFC 8259) into a string, value after value. The output is always valid JSON and valid UTF-8 whatever
// bytes a guest put into a string; a wrong order of calls is a bug of ours and asserts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace dewar::base {

/// A streaming writer. Usage: begin_object().key("a").value(1).end_object().take().
class JsonWriter {
 public:
  enum class Style : u8 { kCompact, kPretty };

  explicit JsonWriter(Style style = Style::kCompact) : style_(style) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('{', '}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close('[', ']'); }
  /// The name of the next member; only inside an object.
  JsonWriter& key(std::string_view name);

  /// A string of any bytes; what is not UTF-8 becomes U+FFFD.
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool flag);
  JsonWriter& value(u64 number);
  JsonWriter& value(i64 number);
  JsonWriter& value(u32 number) { return value(u64{number}); }
  JsonWriter& value(i32 number) { return value(i64{number}); }
  /// A finite number in the shortest form that reads back the same; NaN and infinities become null.
  JsonWriter& value(double number);
  JsonWriter& null();
  /// Text that is one JSON value already, produced by a JsonWriter. Not re-indented.
  JsonWriter& raw(std::string_view json);

  /// key(name).value(v)
  template <class T>
  JsonWriter& member(std::string_view name, const T& v) {
    return key(name).value(v);
  }

  /// True when one whole value has been written.
  bool complete() const { return levels_.empty() && has_root_; }
  /// The text so far.
  const std::string& text() const { return out_; }
  /// Gives the text away; asserts that the value is complete.
  std::string take();

 private:
  struct Level {
    char kind;
    bool empty;
    bool after_key;
  };

  JsonWriter& open(char bracket);
  JsonWriter& close(char open_bracket, char close_bracket);
  void before_value();
  void line_break();
  void quoted(std::string_view text);

  std::string out_;
  std::vector<Level> levels_;
  Style style_;
  bool has_root_ = false;
};

}  // namespace dewar::base
