// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The tree is built from yaml-cpp's events, not from its nodes: so the caps hold while the text is being read, and what
// is not wanted ends the reading at once. Exceptions stay in here.
#include "cli/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

#include "base/utf8.h"

namespace dewar::cli {

namespace {

struct Refusal {
  Error error;
};

[[noreturn]] void refuse(const char* code, const YAML::Mark& at, std::string message, std::string hint = {}) {
  Error error{code, std::move(message), Error::kNoOffset, 0, 0, std::move(hint)};
  if (at.line >= 0) {
    error.line = static_cast<u32>(at.line) + 1;
    error.column = static_cast<u32>(at.column) + 1;
  }
  throw Refusal{std::move(error)};
}

class Builder final : public YAML::EventHandler {
 public:
  YamlNode root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override { add(at, anchor, "", YamlNode::Kind::null, {}); }
  void OnAlias(const YAML::Mark& at, YAML::anchor_t) override {
    refuse("policy-syntax", at, "aliases are not allowed here", "write the value out");
  }
  void OnAnchor(const YAML::Mark& at, const std::string&) override {
    refuse("policy-syntax", at, "anchors are not allowed here", "write the value out where it is needed");
  }
  void OnScalar(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool null = tag == "?" && (value == "~" || value == "null");
    add(at, anchor, tag, null ? YamlNode::Kind::null : YamlNode::Kind::scalar, value);
  }
  void OnSequenceStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(at, add(at, anchor, tag, YamlNode::Kind::list, {}));
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(at, add(at, anchor, tag, YamlNode::Kind::map, {}));
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  // A map's members alternate: a key without a value yet is the last.
  struct Level {
    YamlNode* node;
    bool has_key = false;
  };

  void open(const YAML::Mark& at, YamlNode* node) {
    if (open_.size() >= kMaxYamlDepth) refuse("policy-limit", at, "nested deeper than 32 levels");
    open_.push_back({node});
  }

  YamlNode* add(const YAML::Mark& at, YAML::anchor_t anchor, std::string_view tag, YamlNode::Kind kind,
                const std::string& text) {
    if (anchor) refuse("policy-syntax", at, "anchors are not allowed here", "write the value out where it is needed");
    if (!tag.empty() && tag != "?" && tag != "!") refuse("policy-syntax", at, "tags are not allowed here");
    if (++count_ > kMaxYamlNodes) refuse("policy-limit", at, "more than 20000 values");
    YamlNode node;
    node.kind = kind;
    node.text = text;
    node.line = static_cast<u32>(at.line) + 1;
    node.column = static_cast<u32>(at.column) + 1;
    if (open_.empty()) {
      root = std::move(node);
      return &root;
    }
    Level& level = open_.back();
    if (level.node->kind == YamlNode::Kind::list || level.has_key) {
      if (level.has_key && kind == YamlNode::Kind::null) {  // nothing is there to have a place
        node.line = level.node->keys.back().line;
        node.column = level.node->keys.back().column;
      }
      level.has_key = false;
      level.node->items.push_back(std::move(node));
      return &level.node->items.back();
    }
    if (kind != YamlNode::Kind::scalar) refuse("policy-syntax", at, "a key is a plain word");
    if (text == "<<") refuse("policy-syntax", at, "merge keys are not allowed here", "write the members out");
    if (const YamlNode* before = key_of(*level.node, text)) {
      refuse("policy-duplicate", at, "the key \"" + text + "\" is there twice",
             "the first is in line " + std::to_string(before->line));
    }
    level.has_key = true;
    level.node->keys.push_back(std::move(node));
    return &level.node->keys.back();
  }

  static const YamlNode* key_of(const YamlNode& map, std::string_view text) {
    for (const YamlNode& key : map.keys) {
      if (key.text == text) return &key;
    }
    return nullptr;
  }

  std::vector<Level> open_;
  usize count_ = 0;
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
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    Builder builder;
    if (!parser.HandleNextDocument(builder)) return YamlNode{};
    Builder rest;
    if (parser.HandleNextDocument(rest)) {
      refuse("policy-syntax", YAML::Mark::null_mark(), "more than one document", "keep one, without a second \"---\"");
    }
    return std::move(builder.root);
  } catch (Refusal& refusal) {
    return std::unexpected(std::move(refusal.error));
  } catch (const YAML::Exception& error) {
    Error out{"policy-syntax", "not valid YAML: " + error.msg, Error::kNoOffset, 0, 0, ""};
    if (error.mark.line >= 0) {
      out.line = static_cast<u32>(error.mark.line) + 1;
      out.column = static_cast<u32>(error.mark.column) + 1;
    }
    return std::unexpected(std::move(out));
  }
}

}  // namespace dewar::cli
