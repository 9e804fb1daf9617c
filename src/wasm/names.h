// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The "name" custom section (spec 7.4.1 and the extended-name-section proposal), read lazily and leniently: a damaged
// section yields the names before the damage, never an error.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "wasm/module.h"

namespace dewar::wasm {

/// Names of a module's entities; views into the module's bytes (keep the module alive).
struct Names {
  std::string_view module;
  std::unordered_map<u32, std::string_view> funcs, types, tables, memories, globals, elems, datas, tags;
  std::unordered_map<u64, std::string_view> locals, labels, fields;  ///< key = outer index << 32 | inner index
};

Names read_names(const Module& module);

/// Name for messages: the name section's, else an export's, else "func[N]". Borrowed or owned as needed.
std::string func_display_name(const Module& module, const Names& names, FuncIndex func);

}  // namespace dewar::wasm
