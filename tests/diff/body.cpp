// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diff/body.h"

#include "diff/edges.h"
#include "wasm/instr_writer.h"

namespace dewar::diff {

using wasm::Heap;
using wasm::Imm;
using wasm::kF32;
using wasm::kF64;
using wasm::kI32;
using wasm::kI64;
using wasm::kV128;

void Body::op(Op o) {
  const wasm::OpInfo& info = wasm::op_info(o);
  if (info.prefix != 0) {
    out_.push_back(info.prefix);
    base::append_u32(out_, info.code);
  } else {
    out_.push_back(static_cast<u8>(info.code));
  }
  ++plan_.counts[static_cast<usize>(o)];
  cost_ += mult_;
}

void Body::constant(ValType type) {
  switch (type.kind()) {
    case ValType::kI32: i32_const(edge32(dice_)); break;
    case ValType::kI64: i64_const(edge64(dice_)); break;
    case ValType::kF32:
      op(Op::f32_const);
      fixed(edge_f32(dice_), 4);
      break;
    case ValType::kF64:
      op(Op::f64_const);
      fixed(edge_f64(dice_), 8);
      break;
    default:
      op(Op::v128_const);
      fixed(edge_half(dice_), 8);
      fixed(edge_half(dice_), 8);
      break;
  }
  push(type);
}

u32 Body::new_local(ValType type, bool readable) {
  locals_.push_back(type);
  readable_.push_back(readable);
  writable_.push_back(false);
  return static_cast<u32>(locals_.size() - 1);
}

/// A local that nothing else uses, for a value that is needed twice at once. Nothing else reads it either: it can hold
/// a NaN that is not canonical yet.
u32 Body::scratch(ValType type) {
  u32& index = scratch_[type.kind()];
  if (index == 0) index = new_local(type, false) + 1;
  return index - 1;
}

u32 Body::some_local(ValType type, bool writable) {
  const u32 count = static_cast<u32>(locals_.size());
  if (count == 0) return kNone;
  const u32 from = dice_.below(count);
  for (u32 i = 0; i < count; ++i) {
    const u32 at = (from + i) % count;
    if (writable ? writable_[at] && plan_.matches(type, locals_[at])
                 : readable_[at] && plan_.matches(locals_[at], type))
      return at;
  }
  return kNone;
}

void Body::value(ValType type, u32 depth) { type.is_ref() ? reference(type, depth) : number(type, depth); }

void Body::number(ValType type, u32 depth) {
  const u32 roll = dice_.below(100);
  if (depth < 3 && roll < 30) {
    const std::vector<Op>& ops = ops_giving(type);
    const Op o = dice_.of(ops);
    if (simple_wanted(o)) {
      const usize height = stack_.size();
      simple(o, depth + 1);
      if (stack_.size() > height) return;
    }
  } else if (roll < 62) {
    if (const u32 local = some_local(type, false); local != kNone) {
      op_u(Op::local_get, local);
      return push(type);
    }
  } else if (roll < 68 && !plan_.globals.empty()) {
    const u32 global = dice_.below(plan_.globals.size());
    if (plan_.globals[global].type == type) {
      op_u(Op::global_get, global);
      return push(type);
    }
  }
  constant(type);
}

void Body::reference(ValType type, u32 depth) {
  const u32 roll = dice_.below(100);
  if (roll < 35) {
    // Locals can be null, so they only do where null does.
    if (const u32 local = some_local(type, false); local != kNone) {
      op_u(Op::local_get, local);
      return push(locals_[local]);
    }
  }
  const bool only_null =
      !type.is_concrete() && (type.heap() == Heap::exn || wasm::heap_bottom(type.heap()) == type.heap());
  if (type.nullable() && (roll < 55 || depth > 3 || only_null)) {
    op(Op::ref_null);
    wasm::write_heap_type(out_, type);
    return push(type);
  }
  if (type.is_concrete()) {
    const u32 index = type.index().value;
    const wasm::SubType& sub = plan_.draft.types[index];
    if (sub.kind == wasm::CompositeKind::func) {
      op_u(Op::ref_func, func_of_type(index));
    } else if (sub.kind == wasm::CompositeKind::struct_) {
      op_u(Op::struct_new_default, index);
    } else {
      i32_const(dice_.between(kArrayMin, kArrayMin + 12));
      op_u(Op::array_new_default, index);
    }
    return push(type.with_null(false));
  }
  switch (type.heap()) {
    case Heap::func: {
      const u32 func = dice_.below(plan_.funcs.size());
      op_u(Op::ref_func, func);
      return push(ValType::ref(wasm::TypeIndex{plan_.funcs[func]}, false));
    }
    case Heap::extern_:
      reference(kAnyRef.with_null(type.nullable()), depth + 1);
      op(Op::extern_convert_any);
      stack_.back() = ValType::ref(Heap::extern_, stack_.back().nullable());
      return;
    case Heap::struct_:
      return reference(ValType::ref(wasm::TypeIndex{dice_.of(plan_.structs)}, type.nullable()), depth + 1);
    case Heap::array:
      return reference(ValType::ref(wasm::TypeIndex{dice_.of(plan_.arrays)}, type.nullable()), depth + 1);
    case Heap::any:
    case Heap::eq: {
      const u32 kind = dice_.below(3);
      if (kind != 0) return reference((kind == 1 ? kStructRef : kArrayRef).with_null(type.nullable()), depth + 1);
      [[fallthrough]];
    }
    default:  // i31
      value(kI32, depth + 1);
      op(Op::ref_i31);
      pop(1);
      return push(kI31Ref.with_null(false));
  }
}

void Body::operands(std::span<const ValType> types, u32 depth, bool reuse) {
  usize have = 0;
  if (reuse && depth == 0 && !dice_.chance(15)) {
    for (usize k = std::min(types.size(), available()); k > 0; --k) {
      bool fits = true;
      for (usize i = 0; i < k && fits; ++i) fits = plan_.matches(stack_[stack_.size() - k + i], types[i]);
      if (fits) {
        have = k;
        break;
      }
    }
  }
  for (usize i = have; i < types.size(); ++i) value(types[i], depth);
}

bool Body::simple_wanted(Op o) const {
  const wasm::OpInfo& info = wasm::op_info(o);
  return plan_.weights[static_cast<usize>(op_class(o))] != 0 && unreachable_reason(o, plan_.common).empty() &&
         !((info.effects & wasm::kAtomic) && info.imm == Imm::memarg && info.code <= 2) && o != Op::memory_grow;
}

/// Operands of a division or conversion that does not trap. False if the operation can not trap anyway.
bool Body::careful_operand(Op o, u32 depth) {
  const wasm::OpInfo& info = wasm::op_info(o);
  const std::string_view text = info.text;
  const SimpleSig& sig = simple_sig(o);
  if (text.find("div_") != text.npos || text.find("rem_") != text.npos) {
    const bool wide = sig.results[0] == kI64;
    const bool has_sign = text.ends_with("_s"), rem = text.find("rem_") != text.npos;
    if (has_sign && dice_.chance(15)) {
      // By -1, which nobody knows; a remainder of the least number, where the quotient would not be one.
      value(sig.params[0], depth + 1);
      const u64 with = rem && dice_.chance(50) ? u64{1} << (wide ? 63 : 31) : 0;
      pop(1);
      wide ? (i64_const(with ? 0 : ~(u64{1} << 63)), op(Op::i64_and))
           : (i32_const(with ? 0 : ~u32{0} >> 1), op(Op::i32_and));
      wide ? (i64_const(with), op(Op::i64_or)) : (i32_const(static_cast<u32>(with)), op(Op::i32_or));
      value(sig.params[1], depth + 1);
      pop(1);
      wide ? (i64_const(~u64{0}), op(Op::i64_or)) : (i32_const(~u32{0}), op(Op::i32_or));
      push(sig.params[0]);
      push(sig.params[1]);
      return true;
    }
    operands({sig.params.data(), 1}, depth);
    if (dice_.chance(40)) {
      static constexpr i32 kDivisors[] = {1, 2, 3, 5, 7, 8, 10, 16, 100, 641, 65536, -2, -3, -10, INT32_MIN, INT32_MAX};
      const i32 by = dice_.of(kDivisors);
      wide ? i64_const(dice_.chance(20) ? u64{1} << 63 : static_cast<u64>(i64{by})) : i32_const(static_cast<u32>(by));
    } else {
      value(sig.params[1], depth + 1);
      pop(1);
      if (o == Op::i32_div_s) i32_const(0x7fffffff), op(Op::i32_and);
      if (o == Op::i64_div_s) i64_const(0x7fffffffffffffff), op(Op::i64_and);
      wide ? (i64_const(1), op(Op::i64_or)) : (i32_const(1), op(Op::i32_or));
    }
    push(sig.params[1]);
    return true;
  }
  if (info.prefix != 0 || text.find("trunc_f") == text.npos) return false;
  // A number that any of the target types holds, or the last one that this target holds.
  const bool to64 = sig.results[0] == kI64, from64 = sig.params[0] == kF64, is_signed = text.ends_with("_s");
  if (dice_.chance(50)) {
    value(kI32, depth + 1);
    i32_const(0x7fffffff >> (from64 ? 0 : 7));
    op(Op::i32_and);
    op(from64 ? Op::f64_convert_i32_u : Op::f32_convert_i32_u);
    if (dice_.chance(50)) {
      op(from64 ? Op::f64_const : Op::f32_const);
      from64 ? fixed(0x3fe4cccccccccccd, 8) : fixed(0x3f266666, 4);
      op(from64 ? Op::f64_mul : Op::f32_mul);
    }
    pop(1);
  } else if (from64) {
    static constexpr u64 kLast[2][2] = {{0x41efffffffffffff, 0x41dfffffffffffff},
                                        {0x43efffffffffffff, 0x43dfffffffffffff}};
    static constexpr u64 kFirst[2] = {0xc1e00000001fffff, 0xc3e0000000000000};
    op(Op::f64_const);
    const u32 roll = dice_.below(3);
    fixed(roll == 0 ? 0xbfefffffffffffff : roll == 1 || !is_signed ? kLast[to64][is_signed] : kFirst[to64], 8);
  } else {
    static constexpr u32 kLast[2][2] = {{0x4f7fffff, 0x4effffff}, {0x5f7fffff, 0x5effffff}};
    static constexpr u32 kFirst[2] = {0xcf000000, 0xdf000000};
    op(Op::f32_const);
    const u32 roll = dice_.below(3);
    fixed(roll == 0 ? 0xbf7fffff : roll == 1 || !is_signed ? kLast[to64][is_signed] : kFirst[to64], 4);
  }
  push(sig.params[0]);
  return true;
}

/// V8 leaves NaN bits as the machine makes them: gives the canonical ones, as this project's rule does by itself.
void Body::canonical_nan(Op o) {
  const u32 lane = open_nan_lane(o);
  if (lane == 0 || !plan_.common) return;
  const ValType type = simple_sig(o).results[0];
  const u32 temp = scratch(type);
  op_u(Op::local_tee, temp);
  const u64 nan64 = lane == 64 ? 0x7ff8000000000000 : 0x7fc000007fc00000;
  if (type == kV128) {
    op(Op::v128_const);
    fixed(nan64, 8), fixed(nan64, 8);
  } else {
    op(lane == 64 ? Op::f64_const : Op::f32_const);
    lane == 64 ? fixed(nan64, 8) : fixed(0x7fc00000, 4);
  }
  op_u(Op::local_get, temp);
  op_u(Op::local_get, temp);
  if (type == kV128) {
    op(lane == 64 ? Op::f64x2_eq : Op::f32x4_eq);
    op(Op::v128_bitselect);
  } else {
    op(lane == 64 ? Op::f64_eq : Op::f32_eq);
    op(Op::select);
  }
}

/// Emits a row with a fixed signature, operands and all; nothing if the module lacks what it needs.
void Body::simple(Op o, u32 depth) {
  const wasm::OpInfo& info = wasm::op_info(o);
  if (info.imm == Imm::memarg || info.imm == Imm::memarg_lane) {
    memory_access(o, depth);
    return;
  }
  if (info.imm == Imm::memory) {
    memory_bulk(o);
    return;
  }
  const SimpleSig& sig = simple_sig(o);
  if (!(info.effects & wasm::kTrap) || danger(4) || !careful_operand(o, depth)) operands(sig.params, depth);
  switch (info.imm) {
    case Imm::i32:
    case Imm::i64:
    case Imm::f32:
    case Imm::f64:
    case Imm::v128: return constant(sig.results[0]);
    default: break;
  }
  op(o);
  if (info.imm == Imm::fence) out_.push_back(0);
  if (info.imm == Imm::shuffle) shuffle_lanes();
  if (info.imm == Imm::lane) {
    const std::string_view text = info.text;
    const u32 lanes = text.starts_with("i8") ? 16 : text.starts_with("i16") ? 8 : text[1] == '3' ? 4 : 2;
    out_.push_back(static_cast<u8>(dice_.below(lanes)));
  }
  canonical_nan(o);
  pop(sig.params.size());
  for (const ValType t : sig.results) push(t);
}

/// Lane numbers of a shuffle: mostly such as compilers have an instruction for.
void Body::shuffle_lanes() {
  const u32 kind = dice_.below(8), first = dice_.below(32), n = 1u << dice_.below(4), half = dice_.below(2) * 8;
  const u32 mask = dice_.below(0x10000), other = dice_.chance(50) ? 16 : 0;
  u32 wide = 0;
  for (u32 i = 0; i < 16; ++i) {
    if (i % 4 == 0) wide = dice_.below(8) * 4;
    u32 lane = dice_.below(32);
    switch (kind) {
      case 0: lane = first + i; break;                                      // out of both, one behind the other
      case 1: lane = (first & 16) + ((first + i) & 15); break;              // one, rotated
      case 2: lane = i + (mask >> i / 2 & 1) * 16; break;                   // words of the one or the other
      case 3: lane = i / n % 2 * 16 + i / n / 2 * n + i % n + half; break;  // in turns
      case 4: lane = wide + i % 4; break;
      case 5: lane &= 15; break;  // of one operand
      default: break;
    }
    out_.push_back(static_cast<u8>((lane ^ other) & 31));
  }
}

void Body::pop_to_local_or_drop() {
  const u32 local = dice_.chance(70) ? some_local(stack_.back(), true) : kNone;
  local != kNone ? op_u(Op::local_set, local) : op(Op::drop);
  pop(1);
}

void Body::make_unreachable() {
  stack_.resize(labels_.back().height);
  dead_ = true;
}

void Body::finish(const Types& types) {
  const usize floor = labels_.back().height;
  if (dead_ && stack_.size() == floor && dice_.chance(60)) {
    stack_.insert(stack_.end(), types.begin(), types.end());
    return;
  }
  usize same = 0;
  while (same < types.size() && floor + same < stack_.size() && plan_.matches(stack_[floor + same], types[same]))
    ++same;
  while (stack_.size() > floor + same) pop_to_local_or_drop();
  for (usize i = same; i < types.size(); ++i) value(types[i], 1);
}

bool Body::special(Op o) {
  switch (op_class(o)) {
    case OpClass::control: return control_op(o);
    case OpClass::exception: return exception_op(o);
    case OpClass::legacy: return legacy_op(o);
    case OpClass::call: return call_op(o);
    case OpClass::parametric:
    case OpClass::variable: return variable_op(o);
    case OpClass::table: return table_op(o);
    case OpClass::bulk: return memory_bulk(o);
    case OpClass::reference: return reference_op(o);
    case OpClass::gc: return gc_op(o);
    default: return false;
  }
}

bool Body::statement() {
  u32 total = 0;
  for (const u32 w : plan_.weights) total += w;
  u32 roll = dice_.below(total);
  usize at = 0;
  while (roll >= plan_.weights[at]) roll -= plan_.weights[at++];
  const Op o = dice_.of(ops_of(static_cast<OpClass>(at)));
  if (!unreachable_reason(o, plan_.common).empty()) return false;
  if (!has_simple_sig(o)) return special(o);
  simple(o, 0);
  return true;
}

void Body::statements(u32 count) {
  for (u32 i = 0; i < count && budget_ > 0 && cost_ < kMaxCost; ++i) {
    if (dead_ && dice_.chance(60)) return;
    --budget_;
    statement();
    while (available() > most_operands_) pop_to_local_or_drop();
  }
}

/// What locals have at the end goes to memory, where it is seen.
void Body::keep_locals() {
  if (dead_ || plan_.memories.empty()) return;
  const wasm::MemoryType& type = plan_.memories[0];
  const u64 bytes = type.limits.min << type.page_log2;
  if (bytes < 16) return;
  for (u32 n = 8; n > 0; --n) {
    const u32 local = dice_.below(locals_.size() + 8);
    if (local >= locals_.size() || !readable_[local] || locals_[local].is_ref()) continue;
    index_const(dice_.next() % (bytes - 15), type.limits.is64);
    op_u(Op::local_get, local);
    switch (locals_[local].kind()) {
      case ValType::kI32: op(Op::i32_store); break;
      case ValType::kI64: op(Op::i64_store); break;
      case ValType::kF32: op(Op::f32_store); break;
      case ValType::kF64: op(Op::f64_store); break;
      default: op(Op::v128_store); break;
    }
    u(0);
    u(0);
  }
}

DraftFunc Body::make(u32 size) {
  for (const ValType t : type_.params) {
    locals_.push_back(t);
    readable_.push_back(true);
    writable_.push_back(true);
  }
  const u32 extra = dice_.chance(3) ? dice_.between(100, 200) : dice_.below(9);
  for (u32 i = 0; i < extra; ++i) {
    locals_.push_back(i > 0 && dice_.chance(40) ? locals_.back() : plan_.value_type(dice_));
    readable_.push_back(true);
    writable_.push_back(true);
  }
  budget_ = size;
  most_operands_ = dice_.chance(20) ? 45 : 12;
  Label whole{Op::block, {}, type_.results};
  labels_.push_back(whole);
  if (!type_.params.empty() && type_.params[0] == kI32 && dice_.chance(12)) recursion_guard();
  if (dice_.chance(60)) make_pointer(false);
  if (dice_.chance(20)) make_pointer(true);
  statements(size);
  if (dice_.chance(60)) keep_locals();
  finish(type_.results);
  op(Op::end);
  DraftFunc made;
  made.type = plan_.funcs[func_];
  made.locals.assign(locals_.begin() + static_cast<i64>(type_.params.size()), locals_.end());
  made.code = std::move(out_);
  return made;
}

}  // namespace dewar::diff
