// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// YAML as a plain tree with places, for small files that people write. Only what such files need is taken: one document
// of maps, lists and scalars. Anchors, aliases, tags and merge keys are refused (a few bytes of them can stand for
// gigabytes), and so are keys that come twice, deep nesting and large files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace dewar::cli {

struct YamlNode {
  enum class Kind : u8 { null, scalar, list, map };
  Kind kind = Kind::null;
  std::string text;             ///< of a scalar
  std::vector<YamlNode> items;  ///< of a list, or the values of a map
  std::vector<YamlNode> keys;   ///< of a map, one for each item: scalars, each once
  u32 line = 0, column = 0;     ///< from 1

  const YamlNode* find(std::string_view key) const;
};

inline constexpr usize kMaxYamlBytes = usize{256} << 10;
inline constexpr usize kMaxYamlNodes = 20'000;
inline constexpr usize kMaxYamlDepth = 32;

/// Errors, with line and column: "policy-syntax", "policy-limit", "policy-duplicate".
Result<YamlNode> parse_yaml(std::string_view text);

}  // namespace dewar::cli
