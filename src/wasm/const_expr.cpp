// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The typing rules of constant instructions (spec 3.4.14): constants, references, global.get of an immutable global,
// integer add/sub/mul (extended constants) and allocation (GC). A straight-line operand stack is all it takes.
#include "wasm/const_expr.h"

#include <string>

#include "wasm/diag.h"
#include "wasm/limits.h"
#include "wasm/type_registry.h"

namespace dewar::wasm {
namespace {

bool set(Error& error, Error value) {
  error = std::move(value);
  return false;
}

}  // namespace

bool ConstExprChecker::matches(ValType sub, ValType super) const {
  return sub == super || module_.registry().matches(module_.canonical(sub), module_.canonical(super));
}

bool ConstExprChecker::require(Feature feature, u64 at, Error& error) {
  if (module_.features.has(feature)) return true;
  return set(error, feature_off(op_info(instr_.op).text, feature, at));
}

bool ConstExprChecker::push(ValType type) {
  stack_.push_back(type.unpacked());
  return true;
}

bool ConstExprChecker::pop(ValType expected, u64 at, Error& error) {
  expected = expected.unpacked();
  if (stack_.empty()) {
    return set(error, invalid("type mismatch: expected " + to_string(expected) + " but nothing on the stack", at));
  }
  const ValType got = stack_.back();
  stack_.pop_back();
  if (matches(got, expected)) return true;
  return set(error, invalid("type mismatch: expected " + to_string(expected) + ", found " + to_string(got), at));
}

bool ConstExprChecker::check_type(u32 index, CompositeKind kind, u64 at, Error& error) {
  if (index >= module_.types.size()) return set(error, invalid("unknown type " + std::to_string(index), at));
  if (module_.types[index].kind == kind) return true;
  const char* what = kind == CompositeKind::struct_ ? "struct" : "array";
  return set(error, invalid("type mismatch: type " + std::to_string(index) + " is not a " + what + " type", at));
}

bool ConstExprChecker::struct_new(u64 at, Error& error) {
  if (!check_type(instr_.index, CompositeKind::struct_, at, error)) return false;
  const auto& fields = module_.types[instr_.index].fields;
  for (usize i = fields.size(); i-- > 0;) {
    if (instr_.op == Op::struct_new) {
      if (!pop(fields[i].type, at, error)) return false;
    } else if (!fields[i].type.defaultable()) {
      return set(error, invalid("type mismatch: field " + std::to_string(i) + " has no default value", at));
    }
  }
  return push(ValType::ref(TypeIndex{instr_.index}, false));
}

bool ConstExprChecker::array_new(u64 at, Error& error) {
  if (!check_type(instr_.index, CompositeKind::array, at, error)) return false;
  const ValType element = module_.types[instr_.index].fields[0].type;
  if (instr_.op == Op::array_new_fixed) {
    if (instr_.index2 > kMaxArrayNewFixed) {
      return set(error, over_limit("operands of array.new_fixed", instr_.index2, kMaxArrayNewFixed, at));
    }
    for (u32 i = 0; i < instr_.index2; ++i) {
      if (!pop(element, at, error)) return false;
    }
  } else {
    if (!pop(kI32, at, error)) return false;
    if (instr_.op == Op::array_new) {
      if (!pop(element, at, error)) return false;
    } else if (!element.defaultable()) {
      return set(error, invalid("type mismatch: the array's element type has no default value", at));
    }
  }
  return push(ValType::ref(TypeIndex{instr_.index}, false));
}

bool ConstExprChecker::global_get(u64 at, Error& error) {
  if (instr_.index >= module_.globals.size()) {
    return set(error, invalid("unknown global " + std::to_string(instr_.index), at));
  }
  const GlobalType& type = module_.globals[instr_.index].type;
  if (type.mut) return set(error, invalid("constant expression required: the global is mutable", at));
  if (instr_.index >= module_.num_imported_globals && !module_.features.has(Feature::gc)) {
    return set(error, feature_off("a constant expression that reads a global defined here", Feature::gc, at));
  }
  return push(type.type);
}

bool ConstExprChecker::step(u64 at, Error& error) {
  if (!require(op_info(instr_.op).feature, at, error)) return false;
  switch (instr_.op) {
    case Op::i32_const: return push(kI32);
    case Op::i64_const: return push(kI64);
    case Op::f32_const: return push(kF32);
    case Op::f64_const: return push(kF64);
    case Op::v128_const: return push(kV128);
    case Op::i32_add:
    case Op::i32_sub:
    case Op::i32_mul:
      return require(Feature::extended_const, at, error) && pop(kI32, at, error) && pop(kI32, at, error) && push(kI32);
    case Op::i64_add:
    case Op::i64_sub:
    case Op::i64_mul:
      return require(Feature::extended_const, at, error) && pop(kI64, at, error) && pop(kI64, at, error) && push(kI64);
    case Op::global_get: return global_get(at, error);
    case Op::ref_null:
      if (instr_.heap.is_concrete() && instr_.heap.index().value >= module_.types.size()) {
        return set(error, invalid("unknown type " + std::to_string(instr_.heap.index().value), at));
      }
      return require(required_feature(instr_.heap), at, error) && push(instr_.heap);
    case Op::ref_func: {
      if (instr_.index >= module_.funcs.size()) {
        return set(error, invalid("unknown function " + std::to_string(instr_.index), at));
      }
      Func& func = module_.funcs[instr_.index];
      func.declared = true;
      return push(ValType::ref(func.type, false));
    }
    case Op::ref_i31: return pop(kI32, at, error) && push(ValType::ref(Heap::i31, false));
    case Op::struct_new:
    case Op::struct_new_default: return struct_new(at, error);
    case Op::array_new:
    case Op::array_new_default:
    case Op::array_new_fixed: return array_new(at, error);
    case Op::any_convert_extern:
    case Op::extern_convert_any: {
      const bool to_any = instr_.op == Op::any_convert_extern;
      const bool nullable = stack_.empty() || stack_.back().nullable();
      return pop(ValType::ref(to_any ? Heap::extern_ : Heap::any, true), at, error) &&
             push(ValType::ref(to_any ? Heap::any : Heap::extern_, nullable));
    }
    default: return set(error, invalid("constant expression required: " + std::string(op_info(instr_.op).text), at));
  }
}

bool ConstExprChecker::check(base::Cursor& c, ValType expected, Range& out, Error& error) {
  stack_.clear();
  const u64 start = c.offset();
  for (;;) {
    const u64 at = c.offset();
    if (DEWAR_UNLIKELY(base::stopped(stop_))) return set(error, base::stopped_error());
    if (!read_instr(c, instr_, error)) return false;
    if (instr_.op == Op::end) {
      if (!pop(expected, at, error)) return false;
      if (!stack_.empty()) {
        return set(error, invalid("type mismatch: values remain on the stack at the end of the expression", at));
      }
      out = {static_cast<u32>(start), static_cast<u32>(c.offset() - start)};
      return true;
    }
    if (!step(at, error)) return false;
  }
}

}  // namespace dewar::wasm
