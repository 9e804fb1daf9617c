// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Evaluation of constant expressions (spec 3.4.14 and 4.6): globals, table initializers, segment offsets and items.
// They are validated already, so types and indices are right; sizes and the heap's limit are still checked here.
#pragma once

#include <vector>

#include "runtime/store.h"
#include "wasm/instr.h"

namespace dewar::runtime {

/// Evaluates expressions of one instance's module; keeps its scratch memory between calls. The instance needs its
/// functions, and the globals that the expressions read. May collect garbage: the caller's references must be roots.
class ConstEvaluator {
 public:
  /// Values that an expression may hold at once (no figure in the specifications; bounds our memory).
  static constexpr usize kMaxDepth = usize{1} << 20;

  /// `payer` pays for collections.
  ConstEvaluator(Store& store, Instance& instance, Stack& payer) : store_(store), instance_(instance), payer_(payer) {}

  /// The value in canonical slots (out[1] only for v128, else 0). The only traps are those of runtime::allocate, and
  /// TrapKind::none means success. Error: "limit-const-expr".
  Result<TrapKind> eval(wasm::Range expression, Slot out[2]);

 private:
  struct Value {
    Slot slot[2] = {0, 0};
    bool is_ref = false;
  };

  TrapKind step();
  void push(Slot lo, Slot hi = 0) { stack_.push_back({{lo, hi}, false}); }
  void push_ref(Ref r) { stack_.push_back({{r, 0}, true}); }
  Value pop();
  template <class Op>
  void binary(Op op);
  template <class Make>
  Ref allocate_rooted(Make make);
  TrapKind new_struct(bool with_values);
  TrapKind new_array(u32 length, bool with_value);
  TrapKind new_array_fixed(u32 count);

  Store& store_;
  Instance& instance_;
  Stack& payer_;
  wasm::Instr instr_;
  std::vector<Value> stack_;
};

}  // namespace dewar::runtime
