// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Custom sections whose contents the runtime knows: branch hints (branch-hinting proposal) and names (spec 7.4.1).
// A damaged custom section never makes a module invalid (spec 5.5.3), so loading reads them leniently; the strict
// check is a separate step for tools and for the scripts that assert on it.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "wasm/module.h"

namespace dewar::wasm {

inline constexpr std::string_view kNameSection = "name";
inline constexpr std::string_view kBranchHintSection = "metadata.code.branch_hint";

/// The hints of a module, ordered by function and pc; none if the section is absent, misplaced or damaged.
std::vector<BranchHint> read_branch_hints(const Module& module);

/// Checks the known custom sections strictly: form ("wasm-malformed") and meaning ("wasm-invalid": a branch hint that
/// names no `if` or `br_if`, or no function defined here). Offsets are module offsets. The module must be decoded; its
/// bodies need not be valid.
Result<void> check_custom_sections(const Module& module);

}  // namespace dewar::wasm
