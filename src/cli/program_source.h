// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads a program named on the command line: which kind it is, and its bytes, as binary where it is a module.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace dewar::cli {

inline constexpr u64 kMaxModuleFile = u64{1} << 30;
inline constexpr u64 kMaxScriptFile = u64{16} << 20;

/// The bytes of a file, or of standard input for "-". Codes: "file-...".
Result<std::vector<u8>> read_input(const std::string& path, u64 max_size);

/// A module in the binary format: a file that starts with its magic number as it is, anything else read as text.
/// Codes: "file-...", the text parser's.
Result<std::vector<u8>> read_module(const std::string& path);

/// Turns text into a module, unless the bytes are one. `as_text` forces it.
Result<std::vector<u8>> to_module(std::vector<u8> bytes, bool as_text);

}  // namespace dewar::cli
