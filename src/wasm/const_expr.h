// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Validation of constant expressions (spec 3.4.14): globals, table initializers, segment offsets and items.
// Context: whatever of the module has been decoded so far, which is exactly what the spec lets an expression see.
#pragma once

#include <vector>

#include "base/cursor.h"
#include "base/stop.h"
#include "wasm/instr.h"
#include "wasm/module.h"

namespace dewar::wasm {

/// Checks constant expressions of one module; keeps its scratch memory between calls.
class ConstExprChecker {
 public:
  explicit ConstExprChecker(Module& module, const base::StopFlag* stop = nullptr) : module_(module), stop_(stop) {}

  /// Reads one expression up to and including its `end`, and checks that it yields one value matching `expected`.
  /// `out` becomes its range in the module. Marks functions it names as declared. On failure fills `error`.
  bool check(base::Cursor& c, ValType expected, Range& out, Error& error);

 private:
  bool step(u64 at, Error& error);
  bool push(ValType type);
  bool pop(ValType expected, u64 at, Error& error);
  bool check_type(u32 index, CompositeKind kind, u64 at, Error& error);
  bool struct_new(u64 at, Error& error);
  bool array_new(u64 at, Error& error);
  bool global_get(u64 at, Error& error);
  bool require(Feature feature, u64 at, Error& error);
  bool matches(ValType sub, ValType super) const;

  Module& module_;
  const base::StopFlag* stop_;
  Instr instr_;
  std::vector<ValType> stack_;
};

}  // namespace dewar::wasm
