// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Satisfies any module's imports, so that fuzzed modules get to run: host functions that return zeros or nulls (or trap
// where a result has no default), and fresh memories, tables, globals and tags of the wanted types.
#pragma once

#include <span>
#include <vector>

#include "runtime/store.h"

namespace dewar::fuzz {

/// The module's imports in its order; nothing if one can not be made under the store's limits.
std::optional<std::vector<runtime::Extern>> stub_imports(runtime::Store& store, const wasm::Module& module);

/// Default slots (zeros, nulls) for a list of types; nothing if one has no default.
std::optional<std::vector<Slot>> default_slots(std::span<const wasm::CanonValType> types);

}  // namespace dewar::fuzz
