// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which proposals a spec-suite file is written for, told by the folder it lies in. The suites of some proposals assert
// that other proposals' modules are invalid, so "everything on" is wrong for them.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "wasm/op.h"

namespace dewar::cli {

/// The feature set for a script, from the names of its folders: `proposals/threads`, `proposals/custom-page-sizes`,
/// `proposals/wide-arithmetic`, `legacy`, `custom`; anything else gets Wasm 3.0.
wasm::Features wast_features_for_path(std::string_view path);

/// Wasm 3.0 as released: no threads, custom page sizes, wide arithmetic or legacy exceptions.
wasm::Features wasm_3_features();

/// Parses `--features`: a comma-separated list whose first item may be a base set (`all`, `3.0`, `2.0`, `1.0`, `none`)
/// and whose other items are feature names, each switched off by a leading `-`. Code: "usage-features".
Result<wasm::Features> parse_features(std::string_view text);

}  // namespace dewar::cli
