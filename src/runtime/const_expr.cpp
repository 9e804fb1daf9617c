// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The evaluator behind const_expr.h. References on its stack become temporary roots around every allocation.
#include "runtime/const_expr.h"

#include <algorithm>
#include <cstring>

#include "runtime/gc_alloc.h"

namespace dewar::runtime {
namespace {

/// Writes a value to a field or element (spec 4.2.13: packing).
void write_field(u8* to, wasm::CanonValType type, const Slot slot[2]) {
  using V = wasm::CanonValType;
  usize size = 8;
  switch (type.kind()) {
    case V::kI8: size = 1; break;
    case V::kI16: size = 2; break;
    case V::kV128: size = 16; break;
    case V::kI64:
    case V::kF64: break;
    default: size = 4; break;  // i32, f32, references
  }
  std::memcpy(to, slot, size);  // little endian: the low bytes come first
}

}  // namespace

ConstEvaluator::Value ConstEvaluator::pop() {
  DEWAR_ASSERT(!stack_.empty(), "constant expression without an operand");
  const Value v = stack_.back();
  stack_.pop_back();
  return v;
}

template <class Op>
void ConstEvaluator::binary(Op op) {
  const Slot right = pop().slot[0];
  const Slot left = pop().slot[0];
  push(op(left, right));
}

template <class Make>
Ref ConstEvaluator::allocate_rooted(Make make) {
  auto& roots = store_.temp_roots();
  const usize before = roots.size();
  for (const Value& v : stack_) {
    if (v.is_ref) roots.push_back(static_cast<Ref>(v.slot[0]));
  }
  const Ref r = allocate(store_, payer_, make);
  roots.resize(before);
  return r;
}

TrapKind ConstEvaluator::new_struct(bool with_values) {
  gc::Heap& heap = store_.heap();
  const wasm::CanonId type = instance_.module->canon[instr_.index];
  const Ref r = allocate_rooted([&] { return heap.new_struct(type); });
  if (r == kNullRef) return payer_.trap.kind;
  if (with_values) {
    const auto& fields = store_.engine().types().type(type).fields;
    const gc::Layout& layout = heap.layout(type);
    for (usize i = fields.size(); i-- > 0;) {
      const Value v = pop();
      write_field(heap.payload(r) + layout.offsets[i], fields[i].type, v.slot);
    }
  }
  push_ref(r);
  return TrapKind::none;
}

TrapKind ConstEvaluator::new_array(u32 length, bool with_value) {
  gc::Heap& heap = store_.heap();
  const wasm::CanonId type = instance_.module->canon[instr_.index];
  const u64 size = heap.layout(type).size;
  // As for the instruction in a function.
  const i64 surcharge = static_cast<i64>(length * size / kBulkUnit);
  if (surcharge > payer_.fuel) return TrapKind::out_of_fuel;
  payer_.fuel -= surcharge;
  payer_.bulk_surcharge += static_cast<u64>(surcharge);
  const Ref r = allocate_rooted([&] { return heap.new_array(type, length, payer_.kill_bits()); });
  if (r == kNullRef) return payer_.trap.kind;
  if (with_value) {
    constexpr u32 kElements = 4096;  // between two looks at whether to stop
    const Value v = pop();
    const wasm::CanonValType element = store_.engine().types().type(type).fields[0].type;
    for (u64 i = 0; i < length;) {
      if (payer_.kill_bits().stopped()) return TrapKind::interrupted;
      for (const u64 until = std::min<u64>(length, i + kElements); i < until; ++i)
        write_field(heap.payload(r) + i * size, element, v.slot);
    }
  }
  push_ref(r);
  return TrapKind::none;
}

TrapKind ConstEvaluator::new_array_fixed(u32 count) {
  gc::Heap& heap = store_.heap();
  const wasm::CanonId type = instance_.module->canon[instr_.index];
  const Ref r = allocate_rooted([&] { return heap.new_array(type, count); });
  if (r == kNullRef) return payer_.trap.kind;
  const wasm::CanonValType element = store_.engine().types().type(type).fields[0].type;
  const u64 size = heap.layout(type).size;
  for (u64 i = count; i-- > 0;) {
    const Value v = pop();
    write_field(heap.payload(r) + i * size, element, v.slot);
  }
  push_ref(r);
  return TrapKind::none;
}

TrapKind ConstEvaluator::step() {
  using wasm::Op;
  switch (instr_.op) {
    case Op::i32_const:
    case Op::f32_const: push(static_cast<u32>(instr_.bits)); break;
    case Op::i64_const:
    case Op::f64_const: push(instr_.bits); break;
    case Op::v128_const: push(instr_.v128.lo, instr_.v128.hi); break;
    case Op::i32_add: binary([](Slot a, Slot b) { return static_cast<u32>(a + b); }); break;
    case Op::i32_sub: binary([](Slot a, Slot b) { return static_cast<u32>(a - b); }); break;
    case Op::i32_mul: binary([](Slot a, Slot b) { return static_cast<u32>(a * b); }); break;
    case Op::i64_add: binary([](Slot a, Slot b) { return a + b; }); break;
    case Op::i64_sub: binary([](Slot a, Slot b) { return a - b; }); break;
    case Op::i64_mul: binary([](Slot a, Slot b) { return a * b; }); break;
    case Op::global_get: {
      const Global* global = instance_.globals[instr_.index];
      DEWAR_ASSERT(global, "constant expression reads a global that does not exist yet");
      if (global->type.type.is_ref()) {
        push_ref(static_cast<Ref>(global->value[0]));
      } else {
        push(global->value[0], global->type.type.is_v128() ? global->value[1] : 0);
      }
      break;
    }
    case Op::ref_null: push_ref(kNullRef); break;
    case Op::ref_func: push_ref(func_ref(instance_.funcs[instr_.index]->index)); break;
    case Op::ref_i31: push_ref(i31_ref(static_cast<u32>(pop().slot[0]))); break;
    case Op::struct_new: return new_struct(true);
    case Op::struct_new_default: return new_struct(false);
    case Op::array_new: return new_array(static_cast<u32>(pop().slot[0]), true);
    case Op::array_new_default: return new_array(static_cast<u32>(pop().slot[0]), false);
    case Op::array_new_fixed: return new_array_fixed(instr_.index2);
    case Op::any_convert_extern:
    case Op::extern_convert_any: break;  // the bits stay
    default: DEWAR_UNREACHABLE("constant expression that was not validated");
  }
  return TrapKind::none;
}

Result<TrapKind> ConstEvaluator::eval(wasm::Range expression, Slot out[2]) {
  base::Cursor cursor(instance_.module->slice(expression), expression.offset);
  stack_.clear();
  for (;;) {
    Error error;
    if (!wasm::read_instr(cursor, instr_, error)) DEWAR_UNREACHABLE("constant expression that was not decoded");
    if (instr_.op == wasm::Op::end) break;
    if (stack_.size() >= kMaxDepth) {
      return fail("limit-const-expr", "constant expression holds too many values at once", expression.offset);
    }
    if (const TrapKind trap = step(); trap != TrapKind::none) return trap;
  }
  const Value v = pop();
  out[0] = v.slot[0];
  out[1] = v.slot[1];
  return TrapKind::none;
}

}  // namespace dewar::runtime
