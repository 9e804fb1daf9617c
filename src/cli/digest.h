// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hashes of packages, as the lock file writes them. (Those of files are base/sha256.h.)
#pragma once

#include <span>
#include <string>

#include "base/types.h"

namespace dewar::cli {

/// "sha512-" and base64, the form of npm's integrity values.
std::string npm_integrity(std::span<const u8> bytes);

}  // namespace dewar::cli
