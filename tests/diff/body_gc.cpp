// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// References, structs, arrays, casts. Careful code dereferences what it has just made, or what it has tested.
#include <algorithm>

#include "diff/body.h"
#include "wasm/instr_writer.h"

namespace dewar::diff {

using wasm::CompositeKind;
using wasm::Heap;
using wasm::kI32;
using wasm::TypeIndex;

u32 Body::func_of_type(u32 type) {
  const u32 count = static_cast<u32>(plan_.funcs.size()), from = dice_.below(count);
  for (u32 i = 0; i < count; ++i)
    if (plan_.funcs[(from + i) % count] == type) return (from + i) % count;
  return 0;  // not reached: types of references to functions are chosen by function
}

void Body::object(ValType type, u32 depth) {
  if (danger()) return reference(type.with_null(true), depth);
  // Half of the time a value that may be null, with another in its place if it is.
  const u32 local = dice_.chance(50) ? some_local(type.with_null(true), false) : kNone;
  if (local == kNone || locals_[local] != type.with_null(true)) return reference(type.with_null(false), depth + 1);
  op_u(Op::local_get, local);
  op(Op::ref_is_null);
  op(Op::if_);
  wasm::write_val_type(out_, type.with_null(false));
  labels_.push_back({Op::if_, {}, {type.with_null(false)}, stack_.size()});
  reference(type.with_null(false), depth + 1);
  op(Op::else_);
  pop(1);
  op_u(Op::local_get, local);
  op(Op::ref_as_non_null);
  op(Op::end);
  labels_.pop_back();
  push(type.with_null(false));
}

bool Body::reference_op(Op o) {
  switch (o) {
    case Op::ref_null: {
      static constexpr Heap kHeaps[] = {Heap::func, Heap::nofunc, Heap::extern_, Heap::noextern, Heap::any,
                                        Heap::eq,   Heap::i31,    Heap::struct_, Heap::array,    Heap::none};
      const ValType t = ValType::ref(dice_.of(kHeaps), true);
      op(o);
      wasm::write_heap_type(out_, t);
      push(t);
      return true;
    }
    case Op::ref_is_null: {
      if (available() == 0 || !stack_.back().is_ref()) reference(dice_.chance(50) ? kAnyRef : wasm::kFuncRef, 0);
      op(o);
      pop(1);
      push(kI32);
      return true;
    }
    case Op::ref_func: {
      const u32 func = dice_.below(plan_.funcs.size());
      op_u(o, func);
      push(ValType::ref(TypeIndex{plan_.funcs[func]}, false));
      return true;
    }
    case Op::ref_eq: {
      const ValType types[] = {kEqRef, kEqRef};
      operands(types);
      if (dice_.chance(30)) {
        // The same object twice.
        const u32 local = some_local(kEqRef, false);
        if (local != kNone) {
          op_u(Op::local_get, local);
          op_u(Op::local_get, local);
          op(o);
          push(kI32);
          return true;
        }
      }
      op(o);
      pop(2);
      push(kI32);
      return true;
    }
    case Op::ref_as_non_null: {
      object(ValType::ref(TypeIndex{dice_.of(plan_.structs)}, true), 1);
      op(o);
      stack_.back() = stack_.back().with_null(false);
      return true;
    }
    default: return branch_on_reference(o);
  }
}

/// A block with a reference as its last result and one of the conditional branches on references inside.
bool Body::branch_on_reference(Op o) {
  if (labels_.size() > 7) return false;
  if (o == Op::br_on_null) {
    // To any label ahead.
    const u32 depth = dice_.below(labels_.size());
    const Label& target = labels_[labels_.size() - 1 - depth];
    if (target.kind == Op::loop) return false;
    const Types types = target.branch_types();
    operands(types);
    reference(plan_.danger != 0 || dice_.chance(70) ? kAnyRef : wasm::kFuncRef, 1);
    const ValType ref = stack_.back();
    op_u(o, depth);
    std::copy(types.begin(), types.end(), stack_.end() - 1 - static_cast<i64>(types.size()));
    stack_.back() = ref.with_null(false);
    return true;
  }
  Types results = some_results();
  const ValType target = cast_target();
  const bool cast = o == Op::br_on_cast || o == Op::br_on_cast_fail;
  results.push_back(o == Op::br_on_cast_fail ? kAnyRef : o == Op::br_on_cast ? target : kAnyRef);
  open(Op::block, {}, results);
  const Types before(results.begin(), results.end() - 1);
  for (const ValType t : before) value(t, 1);
  reference(kAnyRef, 1);
  op(o);
  if (cast) {
    // From anyref to the target.
    out_.push_back(static_cast<u8>(1 | (target.nullable() ? 2 : 0)));
    u(0);
    wasm::write_heap_type(out_, kAnyRef);
    wasm::write_heap_type(out_, target);
    stack_.back() = o == Op::br_on_cast_fail ? target : target.nullable() ? kAnyRef.with_null(false) : kAnyRef;
  } else {
    u(0);
    pop(1);
  }
  std::copy(before.begin(), before.end(), stack_.begin() + static_cast<i64>(labels_.back().height));
  statements(2);
  finish(results);
  close();
  return true;
}

ValType Body::cast_target() {
  const bool nullable = dice_.chance(50);
  static constexpr Heap kHeaps[] = {Heap::any, Heap::eq, Heap::i31, Heap::struct_, Heap::array, Heap::none};
  switch (dice_.below(3)) {
    case 0: return ValType::ref(TypeIndex{dice_.of(plan_.structs)}, nullable);
    case 1: return ValType::ref(TypeIndex{dice_.of(plan_.arrays)}, nullable);
    default: {
      const Heap heap = dice_.of(kHeaps);
      return ValType::ref(heap, nullable || heap == Heap::none);
    }
  }
}

bool Body::cast_op(Op o) {
  const bool test = o == Op::ref_test || o == Op::ref_test_null;
  const bool null = o == Op::ref_test_null || o == Op::ref_cast_null;
  if (test) {
    const bool func = dice_.chance(20);
    const ValType target = func ? ValType::ref(TypeIndex{dice_.of(plan_.funcs)}, null) : cast_target();
    reference(func ? wasm::kFuncRef : kAnyRef, 1);
    op(o);
    wasm::write_heap_type(out_, target);
    pop(1);
    push(kI32);
    return true;
  }
  if (danger()) {
    ValType target = cast_target();
    if (!null && !target.is_concrete() && target.heap() == Heap::none) target = kI31Ref;
    reference(kAnyRef, 1);
    op(o);
    wasm::write_heap_type(out_, target);
    pop(1);
    push(target.with_null(null));
    return true;
  }
  // Up to an abstract type, and down again.
  const u32 type = dice_.of(plan_.structs);
  const ValType own = ValType::ref(TypeIndex{type}, false);
  reference(own.with_null(null), 1);
  op(o);
  wasm::write_heap_type(out_, dice_.chance(50) ? kStructRef : kEqRef);
  op(o);
  const wasm::SubType& sub = plan_.draft.types[type];
  const ValType to = sub.has_super && dice_.chance(30) ? ValType::ref(sub.super, null) : own.with_null(null);
  wasm::write_heap_type(out_, to);
  pop(1);
  push(to);
  return true;
}

bool Body::gc_op(Op o) {
  const bool get = o == Op::struct_get || o == Op::struct_get_s || o == Op::struct_get_u;
  switch (o) {
    case Op::struct_new: {
      const u32 type = dice_.of(plan_.structs);
      Types fields;
      for (const wasm::FieldType& f : plan_.draft.types[type].fields) fields.push_back(f.type.unpacked());
      operands(fields);
      op_u(o, type);
      pop(fields.size());
      push(ValType::ref(TypeIndex{type}, false));
      return true;
    }
    case Op::struct_new_default: {
      const u32 type = dice_.of(plan_.structs);
      op_u(o, type);
      push(ValType::ref(TypeIndex{type}, false));
      return true;
    }
    case Op::struct_get:
    case Op::struct_get_s:
    case Op::struct_get_u:
    case Op::struct_set: {
      const u32 type = dice_.of(plan_.structs);
      const auto& fields = plan_.draft.types[type].fields;
      const u32 field = dice_.below(fields.size());
      const wasm::FieldType f = fields[field];
      if (get ? f.type.is_packed() != (o != Op::struct_get) : !f.mut) return false;
      object(ValType::ref(TypeIndex{type}, true), 1);
      if (!get) {
        value(f.type.unpacked(), 1);
        pop(1);
      }
      op_u(o, type);
      u(field);
      pop(1);
      if (get) push(f.type.unpacked());
      return true;
    }
    case Op::ref_test:
    case Op::ref_test_null:
    case Op::ref_cast:
    case Op::ref_cast_null: return cast_op(o);
    case Op::br_on_cast:
    case Op::br_on_cast_fail: return branch_on_reference(o);
    case Op::any_convert_extern:
    case Op::extern_convert_any: {
      const bool to_any = o == Op::any_convert_extern;
      reference(to_any ? wasm::kExternRef : kAnyRef, 1);
      op(o);
      stack_.back() = ValType::ref(to_any ? Heap::any : Heap::extern_, stack_.back().nullable());
      return true;
    }
    case Op::ref_i31:
      operands({&kI32, 1});
      op(o);
      pop(1);
      push(kI31Ref.with_null(false));
      return true;
    case Op::i31_get_s:
    case Op::i31_get_u:
      object(kI31Ref, 1);
      op(o);
      pop(1);
      push(kI32);
      return true;
    case Op::array_len: {
      object(ValType::ref(TypeIndex{dice_.of(plan_.arrays)}, true), 1);
      op(o);
      pop(1);
      push(kI32);
      return true;
    }
    default: return array_op(o);
  }
}

/// Arrays have kArrayMin elements at least, and careful code stays among those.
bool Body::array_op(Op o) {
  const u32 type = dice_.of(plan_.arrays);
  const wasm::FieldType field = plan_.draft.types[type].fields[0];
  const ValType elem = field.type.unpacked(), self = ValType::ref(TypeIndex{type}, true);
  const bool careless = danger();
  const u32 length = careless ? dice_.below(400) : dice_.between(kArrayMin, kArrayMin + 12);
  const u32 n = careless ? dice_.below(30) : dice_.below(5);
  const auto operand = [&](ValType t) {
    value(t, 1);
    pop(1);
  };
  const auto target = [&] {
    object(self, 1);
    pop(1);
  };
  const auto data_segment = [&] { return dice_.below(plan_.draft.datas.size() - (careless ? 0 : 1)); };
  const auto elem_segment = [&] {
    for (u32 i = 0; i + 1 < plan_.draft.elems.size(); ++i)
      if (plan_.draft.elems[i].mode == wasm::SegmentMode::passive &&
          plan_.matches(plan_.draft.elems[i].type, field.type))
        return i;
    return kNone;
  };
  switch (o) {
    case Op::array_new:
      operand(elem);
      i32_const(length);
      op_u(o, type);
      break;
    case Op::array_new_default:
      i32_const(length);
      op_u(o, type);
      break;
    case Op::array_new_fixed:
      for (u32 i = 0; i < kArrayMin; ++i) operand(elem);
      op_u(o, type);
      u(kArrayMin);
      break;
    case Op::array_new_data:
    case Op::array_init_data: {
      if (elem.is_ref() || (o == Op::array_init_data && !field.mut)) return false;
      const u32 segment = data_segment();
      if (o == Op::array_init_data) {
        target();
        i32_const(dice_.below(4));
      }
      i32_const(dice_.below(careless ? 200 : 17));
      i32_const(o == Op::array_init_data ? n : careless ? length : kArrayMin);
      op_u(o, type);
      u(segment);
      if (o == Op::array_init_data) return true;
      break;
    }
    case Op::array_new_elem:
    case Op::array_init_elem: {
      if (!elem.is_ref() || (o == Op::array_init_elem && !field.mut)) return false;
      const u32 segment = elem_segment();
      if (segment == kNone) return false;
      if (o == Op::array_init_elem) {
        target();
        i32_const(dice_.below(4));
      }
      i32_const(dice_.below(careless ? 20 : 4));
      i32_const(o == Op::array_init_elem ? n : kArrayMin);
      op_u(o, type);
      u(segment);
      if (o == Op::array_init_elem) return true;
      break;
    }
    case Op::array_get:
    case Op::array_get_s:
    case Op::array_get_u:
      if (field.type.is_packed() != (o != Op::array_get)) return false;
      target();
      index_up_to(careless ? 0xffffffff : kArrayMin - 1, false);
      op_u(o, type);
      push(elem);
      return true;
    case Op::array_set:
      if (!field.mut) return false;
      target();
      index_up_to(careless ? 0xffffffff : kArrayMin - 1, false);
      operand(elem);
      op_u(o, type);
      return true;
    case Op::array_fill:
      if (!field.mut) return false;
      target();
      i32_const(dice_.below(4));
      operand(elem);
      i32_const(n);
      op_u(o, type);
      return true;
    case Op::array_copy: {
      if (!field.mut) return false;
      target();
      i32_const(dice_.below(4));
      target();
      i32_const(dice_.below(4));
      i32_const(n);
      op_u(o, type);
      u(type);
      return true;
    }
    default: return false;
  }
  push(self.with_null(false));
  return true;
}

}  // namespace dewar::diff
