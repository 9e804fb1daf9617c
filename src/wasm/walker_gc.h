// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// GC instructions of the body walker (spec 3.3.4 to 3.3.6: struct, array, i31, casts). Included by walker_ops.h.
#pragma once

#include "wasm/walker.h"

namespace dewar::wasm {

template <class Sink>
bool Walker<Sink>::step_gc(Op op) {
  const SubType* type = nullptr;
  u32 index = 0;
  ValType t;
  switch (op) {
    case Op::struct_new:
    case Op::struct_new_default: {
      if (!type_index(type, CompositeKind::struct_, index) || !go_on_if_many(type->fields.size())) return false;
      for (usize i = type->fields.size(); i-- > 0;) {
        const ValType field = type->fields[i].type;
        if (op == Op::struct_new) {
          if (any_operands()) break;
          if (!pop(field.unpacked())) return false;
        } else if (!field.defaultable()) {
          return invalid("field type is not defaultable");
        }
      }
      push(ValType::ref(TypeIndex{index}, false));
      return true;
    }
    case Op::struct_get:
    case Op::struct_get_s:
    case Op::struct_get_u:
    case Op::struct_set: {
      if (!type_index(type, CompositeKind::struct_, index)) return false;
      const u32 field = c_.leb_u32();
      if (field >= type->fields.size()) return c_.ok() && invalid("unknown field");
      const FieldType& f = type->fields[field];
      if (op == Op::struct_set) {
        if (!f.mut) return invalid("field is immutable");
        return pop(f.type.unpacked()) && pop(ValType::ref(TypeIndex{index}, true));
      }
      if (f.type.is_packed() != (op != Op::struct_get))
        return invalid("field is packed: use struct.get_s or struct.get_u, else struct.get");
      if (!pop(ValType::ref(TypeIndex{index}, true))) return false;
      push(f.type.unpacked());
      return true;
    }
    case Op::ref_test:
    case Op::ref_test_null:
    case Op::ref_cast:
    case Op::ref_cast_null: {
      if (!read_heap_type(t)) return false;
      const bool null = op == Op::ref_test_null || op == Op::ref_cast_null;
      // The operand may be anything in the target's hierarchy.
      const ValType top = ValType::ref(
          t.is_concrete() ? (m_.types[t.index().value].kind == CompositeKind::func ? Heap::func : Heap::any)
                          : heap_top(t.heap()),
          true);
      if (!pop(top)) return false;
      push(op == Op::ref_test || op == Op::ref_test_null ? kI32 : t.with_null(null));
      return true;
    }
    case Op::any_convert_extern:
    case Op::extern_convert_any: {
      ValType found;
      if (!pop_ref(found)) return false;
      const bool to_any = op == Op::any_convert_extern;
      if (!type_matches(found, ValType::ref(to_any ? Heap::extern_ : Heap::any, true))) return invalid("type mismatch");
      push(ValType::ref(to_any ? Heap::any : Heap::extern_, found.nullable()));
      return true;
    }
    case Op::ref_i31:
      if (!pop(kI32)) return false;
      push(ValType::ref(Heap::i31, false));
      return true;
    case Op::i31_get_s:
    case Op::i31_get_u:
      if (!pop(ValType::ref(Heap::i31, true))) return false;
      push(kI32);
      return true;
    case Op::array_len:
      if (!pop(ValType::ref(Heap::array, true))) return false;
      push(kI32);
      return true;
    default: return step_array_bulk(op);
  }
}

template <class Sink>
bool Walker<Sink>::step_array_bulk(Op op) {
  const SubType* type = nullptr;
  u32 index = 0;
  if (!type_index(type, CompositeKind::array, index)) return false;
  const FieldType field = type->fields[0];
  const ValType elem = field.type.unpacked();
  const ValType self = ValType::ref(TypeIndex{index}, true);
  switch (op) {
    case Op::array_new:
      if (!pop(kI32) || !pop(elem)) return false;
      break;
    case Op::array_new_default:
      if (!field.type.defaultable()) return invalid("array type is not defaultable");
      if (!pop(kI32)) return false;
      break;
    case Op::array_new_fixed: {
      const u32 count = c_.leb_u32();
      if (!c_.ok()) return false;
      if (count > kMaxArrayNewFixed) return error("wasm-limit", "array.new_fixed has too many operands");
      if (!go_on_if_many(count)) return false;
      for (u32 i = 0; i < count && !any_operands(); ++i)
        if (!pop(elem)) return false;
      break;
    }
    case Op::array_new_data:
      if (!data_index()) return false;
      if (elem.is_ref()) return invalid("array type is not numeric or vector");
      if (!pop(kI32) || !pop(kI32)) return false;
      break;
    case Op::array_new_elem: {
      u32 segment;
      if (!elem_index(segment)) return false;
      if (!type_matches(m_.elems[segment].type, field.type))
        return invalid("type mismatch: segment does not fit the array");
      if (!pop(kI32) || !pop(kI32)) return false;
      break;
    }
    case Op::array_get:
    case Op::array_get_s:
    case Op::array_get_u:
      if (field.type.is_packed() != (op != Op::array_get))
        return invalid("array is packed: use array.get_s or array.get_u, else array.get");
      if (!pop(kI32) || !pop(self)) return false;
      push(elem);
      return true;
    case Op::array_set:
      if (!field.mut) return invalid("array is immutable");
      return pop(elem) && pop(kI32) && pop(self);
    case Op::array_fill:
      if (!field.mut) return invalid("array is immutable");
      return pop(kI32) && pop(elem) && pop(kI32) && pop(self);
    case Op::array_copy: {
      const SubType* source = nullptr;
      u32 from = 0;
      if (!type_index(source, CompositeKind::array, from)) return false;
      if (!field.mut) return invalid("array is immutable");
      const ValType s = source->fields[0].type;
      if (s.is_packed() || field.type.is_packed() ? s != field.type : !type_matches(s, field.type))
        return invalid("array types do not match");
      return pop(kI32) && pop(kI32) && pop(ValType::ref(TypeIndex{from}, true)) && pop(kI32) && pop(self);
    }
    case Op::array_init_data:
      if (!data_index()) return false;
      if (!field.mut) return invalid("array is immutable");
      if (elem.is_ref()) return invalid("array type is not numeric or vector");
      return pop(kI32) && pop(kI32) && pop(kI32) && pop(self);
    case Op::array_init_elem: {
      u32 segment;
      if (!elem_index(segment)) return false;
      if (!field.mut) return invalid("array is immutable");
      if (!type_matches(m_.elems[segment].type, field.type))
        return invalid("type mismatch: segment does not fit the array");
      return pop(kI32) && pop(kI32) && pop(kI32) && pop(self);
    }
    default: DEWAR_UNREACHABLE("an array instruction without a rule");
  }
  push(ValType::ref(TypeIndex{index}, false));
  return true;
}

}  // namespace dewar::wasm
