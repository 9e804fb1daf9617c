// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The values of -W: limits of a run and switches of proposals, spelled as in wasmtime where it has them.
#pragma once

#include <string>
#include <vector>

#include "api/run.h"
#include "base/error.h"
#include "wasm/op.h"

namespace dewar::cli {

/// Applies "KEY=VALUE,..." lists in order. `limits` may be null where only features make sense. Code: "usage-wasm".
Result<void> apply_wasm_options(const std::vector<std::string>& lists, api::RunLimits* limits,
                                wasm::Features& features);

}  // namespace dewar::cli
