// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads a program named on the command line: which kind it is, and its bytes, as binary where it is a module.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace dewar::cli {

inline constexpr u64 kMaxModuleFile = u64{1} << 30;
inline constexpr u64 kMaxScriptFile = u64{16} << 20;

/// The bytes of a file, or of standard input for "-". Codes: "file-...".
Result<std::vector<u8>> read_input(const std::string& path, u64 max_size);

/// A module in the binary format, and the text it was made from, if any.
struct ModuleInput {
  std::vector<u8> bytes;
  std::string text;

  /// Gives an error found in the bytes its line and column in the text.
  Error located(Error error) const;
};

/// A file that starts with the magic number of a module as it is, anything else read as text. Codes: "file-...", the
/// text parser's.
Result<ModuleInput> read_module(const std::string& path);

/// The bytes are to be read as text, not as a binary module. `as_text`: whatever they look like.
bool is_text(std::span<const u8> bytes, bool as_text);

}  // namespace dewar::cli
