// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Command lines: which verb is meant, and its options and arguments, checked against the table in spec.h.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/spec.h"

namespace dewar::cli {

struct ParsedArgs {
  const VerbSpec* verb = nullptr;
  bool help = false;                                            ///< -h or --help was given
  std::map<std::string_view, std::vector<std::string>> values;  ///< of the options given, by name; flags have no value
  std::vector<std::string> arguments;
  std::vector<std::string> program_args;  ///< what follows the first argument, where the verb takes programs

  bool has(std::string_view option) const { return values.contains(option); }
  /// The last value given, or `otherwise`.
  std::string_view get(std::string_view option, std::string_view otherwise = {}) const {
    const auto it = values.find(option);
    return it == values.end() || it->second.empty() ? otherwise : std::string_view(it->second.back());
  }
  const std::vector<std::string>& all(std::string_view option) const {
    static const std::vector<std::string> kNone;
    const auto it = values.find(option);
    return it == values.end() ? kNone : it->second;
  }
};

/// Parses everything after the program's name. No verb at all gives one with verb == null and help == true.
/// Errors: "usage-verb", "usage-option".
Result<ParsedArgs> parse_command_line(const std::vector<std::string>& args);

}  // namespace dewar::cli
