// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A module while it is being made or reduced: everything of wasm::Module that a generated module has, but owned and
// changeable. Function bodies are bytes already, so that making them is fast; the reducer cuts those bytes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wasm/module.h"

namespace dewar::diff {

using wasm::ExternKind;
using wasm::ValType;
using Code = std::vector<u8>;

struct DraftImport {
  std::string module, name;
  ExternKind kind = ExternKind::func;
  u32 type = 0;  ///< func, tag
  wasm::TableType table;
  wasm::MemoryType memory;
  wasm::GlobalType global;
};

/// A defined function. `code` starts after the local declarations and includes the final `end`.
struct DraftFunc {
  u32 type = 0;
  std::vector<ValType> locals;  ///< without the parameters
  Code code;
};

/// `init` and `offset` are constant expressions with their `end`; an empty one means there is none.
struct DraftTable {
  wasm::TableType type;
  Code init;
};
struct DraftGlobal {
  wasm::GlobalType type;
  Code init;
};
struct DraftElem {
  wasm::SegmentMode mode = wasm::SegmentMode::passive;
  ValType type;
  u32 table = 0;
  Code offset;
  std::vector<Code> items;
};
struct DraftData {
  wasm::SegmentMode mode = wasm::SegmentMode::passive;
  u32 memory = 0;
  Code offset;
  std::vector<u8> bytes;
};
struct DraftExport {
  std::string name;
  ExternKind kind = ExternKind::func;
  u32 index = 0;
};

/// Index spaces are imports first, in the order of `imports`, then the definitions.
struct Draft {
  std::vector<wasm::SubType> types;
  std::vector<DraftImport> imports;
  std::vector<DraftFunc> funcs;
  std::vector<DraftTable> tables;
  std::vector<wasm::MemoryType> memories;
  std::vector<u32> tags;  ///< function types
  std::vector<DraftGlobal> globals;
  std::vector<DraftExport> exports;
  std::vector<DraftElem> elems;
  std::vector<DraftData> datas;
  std::optional<u32> start;

  u32 imported(ExternKind kind) const {
    u32 n = 0;
    for (const DraftImport& import : imports) n += import.kind == kind;
    return n;
  }
};

/// The module in binary form.
std::vector<u8> encode(const Draft& draft);

/// A program to compare: a provider that the main module imports from, which may be missing, and the main module.
struct Case {
  u64 seed = 0;
  std::optional<Draft> provider;
  Draft main;
};

}  // namespace dewar::diff
