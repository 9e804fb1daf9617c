// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The tree is built from libyaml's events, not from its documents: so the caps hold while the text is being read, and
// what is not wanted ends the reading at once.
#include "cli/yaml_tree.h"

#include <yaml.h>

#include <algorithm>

#include "base/utf8.h"

namespace dewar::cli {

namespace {

std::unexpected<Error> refuse(const char* code, const yaml_mark_t& at, std::string message, std::string hint = {}) {
  return std::unexpected(Error{code, std::move(message), Error::kNoOffset, static_cast<u32>(at.line) + 1,
                               static_cast<u32>(at.column) + 1, std::move(hint)});
}

// What a person who reads the file, in an editor or a change, would not see as the parser does. YAML 1.1 ends lines,
// and so comments, at characters that editors show as part of the line; marks of byte order count as columns.
Result<void> check_lines(std::string_view text) {
  yaml_mark_t at{};
  const auto here = [&](const char* what, const char* hint) { return refuse("policy-syntax", at, what, hint); };
  while (at.index < text.size()) {
    const std::string_view rest = text.substr(at.index);
    const base::Decoded c = *base::decode_utf8(rest);
    if (c.code_point == 0x85 || c.code_point == 0x2028 || c.code_point == 0x2029) {
      return here("a line ends in a character that editors may not show as an end", "end lines with a newline");
    }
    if (c.code_point == '\r' && !rest.starts_with("\r\n")) {
      return here("a carriage return without a newline after it", "end lines with a newline");
    }
    if (c.code_point == 0xfeff) return here("a byte order mark within the text", "remove it");
    if (c.code_point == '%' && at.column == 0) return here("directives are not taken here", "remove the line");
    at.index += c.length;
    ++at.column;
    if (c.code_point == '\n') {
      ++at.line;
      at.column = 0;
    }
  }
  return {};
}

// What every event of a value has, whatever its kind.
struct Value {
  YamlNode::Kind kind;
  const yaml_char_t *anchor, *tag;
  std::string_view text;
};

class Builder {
 public:
  explicit Builder(std::string_view text) : text_(text) {
    ready_ = yaml_parser_initialize(&parser_);
    if (!ready_) return;
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  ~Builder() {
    if (ready_) yaml_parser_delete(&parser_);
  }
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

  Result<YamlNode> build() {
    if (!ready_) return fail("policy-limit", "no memory to read it");
    for (;;) {
      yaml_event_t event;
      if (!yaml_parser_parse(&parser_, &event)) return std::unexpected(syntax_error());
      const bool end = event.type == YAML_STREAM_END_EVENT;
      Result<void> ok = take(event);
      yaml_event_delete(&event);
      if (!ok) return std::unexpected(std::move(ok.error()));
      if (end) return std::move(root_);
    }
  }

 private:
  // A map's members alternate: a key without a value yet is the last.
  struct Level {
    YamlNode* node;
    bool has_key = false;
  };

  Result<void> take(const yaml_event_t& event) {
    const yaml_mark_t& at = event.start_mark;
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        if (++documents_ == 1) return {};
        return refuse("policy-syntax", at, "more than one document", "keep one, without a second \"---\"");
      case YAML_ALIAS_EVENT: return refuse("policy-syntax", at, "aliases are not allowed here", "write the value out");
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event.data.scalar;
        const std::string_view text(reinterpret_cast<const char*>(scalar.value), scalar.length);
        if (text.find('\0') != std::string_view::npos) return refuse("policy-syntax", at, "a zero byte in a text");
        const bool null =
            scalar.style == YAML_PLAIN_SCALAR_STYLE && !scalar.tag && (text.empty() || text == "~" || text == "null");
        return add(at, {null ? YamlNode::Kind::null : YamlNode::Kind::scalar, scalar.anchor, scalar.tag, text});
      }
      case YAML_SEQUENCE_START_EVENT: {
        const auto& list = event.data.sequence_start;
        return add(at, {YamlNode::Kind::list, list.anchor, list.tag, {}});
      }
      case YAML_MAPPING_START_EVENT: {
        const auto& map = event.data.mapping_start;
        return add(at, {YamlNode::Kind::map, map.anchor, map.tag, {}});
      }
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT: open_.pop_back(); return {};
      default: return {};
    }
  }

  Result<void> add(const yaml_mark_t& at, const Value& value) {
    if (value.anchor) {
      return refuse("policy-syntax", at, "anchors are not allowed here", "write the value out where it is needed");
    }
    if (value.tag) return refuse("policy-syntax", at, "tags are not allowed here");
    if (++count_ > kMaxYamlNodes) return refuse("policy-limit", at, "more than 20000 values");
    YamlNode node;
    node.kind = value.kind;
    node.text = value.text;
    node.line = static_cast<u32>(at.line) + 1;
    node.column = static_cast<u32>(at.column) + 1;
    YamlNode* made = nullptr;
    if (open_.empty()) {
      root_ = std::move(node);
      made = &root_;
    } else if (Level& level = open_.back(); level.node->kind == YamlNode::Kind::list || level.has_key) {
      if (level.has_key && value.kind == YamlNode::Kind::null) {  // nothing is there to have a place
        node.line = level.node->keys.back().line;
        node.column = level.node->keys.back().column;
      }
      level.has_key = false;
      level.node->items.push_back(std::move(node));
      made = &level.node->items.back();
    } else {
      if (value.kind != YamlNode::Kind::scalar) return refuse("policy-syntax", at, "a key is a plain word");
      if (value.text == "<<") {
        return refuse("policy-syntax", at, "merge keys are not allowed here", "write the members out");
      }
      if (const YamlNode* before = key_of(*level.node, value.text)) {
        return refuse("policy-duplicate", at, "the key \"" + std::string(value.text) + "\" is there twice",
                      "the first is in line " + std::to_string(before->line));
      }
      level.has_key = true;
      level.node->keys.push_back(std::move(node));
      return {};
    }
    if (value.kind != YamlNode::Kind::list && value.kind != YamlNode::Kind::map) return {};
    if (open_.size() >= kMaxYamlDepth) return refuse("policy-limit", at, "nested deeper than 32 levels");
    open_.push_back({made});
    return {};
  }

  Error syntax_error() const {
    Error error;
    error.code = "policy-syntax";
    error.message = "not valid YAML: " + std::string(parser_.problem ? parser_.problem : "no memory to read it");
    if (parser_.error == YAML_MEMORY_ERROR) return error;
    if (parser_.context) error.message += " " + std::string(parser_.context);
    yaml_mark_t at = parser_.problem_mark;
    // What is missing at the end was wanted where the context began.
    if (parser_.context && at.index >= parser_.mark.index && parser_.eof) at = parser_.context_mark;
    if (parser_.error == YAML_READER_ERROR) {  // what is no character of YAML is found before there are lines
      const std::string_view before = text_.substr(0, parser_.problem_offset);
      at.line = static_cast<usize>(std::count(before.begin(), before.end(), '\n'));
      at.column = before.size() - (before.rfind('\n') + 1);
    }
    error.line = static_cast<u32>(at.line) + 1;
    error.column = static_cast<u32>(at.column) + 1;
    return error;
  }

  static const YamlNode* key_of(const YamlNode& map, std::string_view text) {
    for (const YamlNode& key : map.keys) {
      if (key.text == text) return &key;
    }
    return nullptr;
  }

  std::string_view text_;
  yaml_parser_t parser_;
  bool ready_ = false;
  YamlNode root_;
  std::vector<Level> open_;
  usize count_ = 0, documents_ = 0;
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (usize i = 0; i < keys.size(); ++i) {
    if (keys[i].text == key) return &items[i];
  }
  return nullptr;
}

Result<YamlNode> parse_yaml(std::string_view text) {
  if (text.size() > kMaxYamlBytes) return fail("policy-limit", "longer than 256 KiB");
  if (!base::is_valid_utf8(text) || text.find('\0') != std::string_view::npos) {
    return fail("policy-syntax", "not a text in UTF-8");
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (Result<void> ok = check_lines(text); !ok) return std::unexpected(std::move(ok.error()));
  return Builder(text).build();
}

}  // namespace dewar::cli
