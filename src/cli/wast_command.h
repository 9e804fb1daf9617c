// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `dewar wast FILES...`: runs scripts of the official test suite and sums up.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "runtime/store.h"

namespace dewar::cli {

struct WastOptions {
  /// How code is run; its features are used only if `features_named`.
  runtime::EngineOptions engine;
  /// False: the features follow from each file's folder (wast_features.h).
  bool features_named = false;
  bool verbose = false;  ///< also what "spectest" printed
  bool json = false;     ///< one JSON object on standard output instead of text
};

/// Runs every file (every *.wast below a folder, in order of paths). Prints a line per file, its failures, and a sum.
/// 0 if all commands of all files did what they say, 1 if not, 125 if a file could not be read or there is none.
int wast_main(std::span<const std::string> files, const WastOptions& options);

}  // namespace dewar::cli
