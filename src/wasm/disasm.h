// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Listings of a module for people: sections with their contents, and function bodies instruction by instruction with
// module offset, raw bytes, mnemonic and immediates. Works on bodies that were not validated (a damaged body is listed
// up to the damage). Every line is bounded in length, and names are escaped so that no module can drive a terminal.
#pragma once

#include <functional>
#include <string>

#include "wasm/module.h"
#include "wasm/names.h"

namespace dewar::wasm {

/// Lists one module; reads its names once.
class Disassembler {
 public:
  explicit Disassembler(const Module& module);

  /// Section table, then types, imports, functions, tables, memories, tags, globals, exports, segments, customs.
  void headers(std::string& out) const;
  /// One function. An imported one gives a single line; an unknown index gives nothing. A body of 7.6 MB has a listing
  /// of half a GB: whenever `out` has more than a MiB, `full` is called, if there is one, to take it away.
  /// `before(pc, out)` may add lines of its own before the one of the instruction at that offset in the body, and is
  /// called once more at the end, with the body's size.
  void function(FuncIndex func, std::string& out, const std::function<void(std::string& out)>& full = {},
                const std::function<void(u32 pc, std::string& out)>& before = {}) const;

 private:
  friend class BodyLister;
  friend class HeaderLister;
  /// " <name>" escaped and cut, or nothing.
  std::string label(std::string_view name) const;
  std::string func_label(u32 func) const;

  const Module& module_;
  Names names_;
  NameMap<u32> exported_funcs_;
};

/// Shorthands for a single listing.
void dump_headers(const Module& module, std::string& out);
void disassemble(const Module& module, FuncIndex func, std::string& out);

/// Text of a function, struct or array type, e.g. "(func (param i32) (result i64))"; at most `max_chars` long.
std::string type_text(const SubType& type, usize max_chars = 160);

}  // namespace dewar::wasm
