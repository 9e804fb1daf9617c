// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds the test corpora, which the repository does not contain: $DEWAR_CORPORA, else ../shared/corpora from the
// working directory, which for tests is the source root. A test that needs one that is missing skips itself
// (GTEST_SKIP), so that it is counted.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dewar::test {

/// The corpora's folder, or one below it ("spec", "wasi-p1"...); nothing when it is not there.
inline std::optional<std::filesystem::path> corpora(const std::string& part = "") {
  const char* named = std::getenv("DEWAR_CORPORA");
  std::filesystem::path root = named && *named ? named : "../shared/corpora";
  if (!part.empty()) root /= part;
  std::error_code ignored;
  if (!std::filesystem::is_directory(root, ignored)) return std::nullopt;
  return root.lexically_normal();
}

/// All regular files below `folder` whose name ends in `ending`, sorted by path.
inline std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder, std::string_view ending) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().filename().string().ends_with(ending)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace dewar::test
