// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Comparison of results with the script grammar's patterns. NaN classes as in spec 4.3.3: a canonical NaN has only the
// top payload bit set, an arithmetic one at least that; the sign is free in both.
#include "cli/wast_values.h"

#include "base/print.h"
#include "gc/heap.h"

namespace dewar::cli {

using text::LaneShape;
using text::NanPattern;
using text::ScriptValue;
using text::ValueKind;
using wasm::CanonValType;
using wasm::Heap;

namespace {

constexpr u64 kF32Exponent = 0x7f800000, kF32Quiet = 0x00400000, kF32Sign = 0x80000000;
constexpr u64 kF64Exponent = 0x7ff0000000000000, kF64Quiet = 0x0008000000000000, kF64Sign = 0x8000000000000000;

/// A float of `wide ? 64 : 32` bits against exact bits or a NaN class.
bool float_fits(u64 bits, u64 expected, NanPattern nan, bool wide) {
  const u64 quiet = wide ? (kF64Exponent | kF64Quiet) : (kF32Exponent | kF32Quiet);
  const u64 sign = wide ? kF64Sign : kF32Sign;
  switch (nan) {
    case NanPattern::kNone: return bits == expected;
    case NanPattern::kCanonical: return (bits & ~sign) == quiet;
    case NanPattern::kArithmetic: return (bits & quiet) == quiet;
  }
  return false;
}

bool v128_fits(const Slot* slots, const ScriptValue& pattern) {
  const u64 expected[2] = {pattern.v128.lo, pattern.v128.hi};
  const bool f32x4 = pattern.shape == LaneShape::kF32x4;
  if (!f32x4 && pattern.shape != LaneShape::kF64x2) return slots[0] == expected[0] && slots[1] == expected[1];
  const u32 lanes = f32x4 ? 4 : 2;
  for (u32 lane = 0; lane < lanes; ++lane) {
    const u32 word = f32x4 ? lane / 2 : lane;
    const u32 shift = f32x4 ? (lane % 2) * 32 : 0;
    const u64 mask = f32x4 ? 0xffffffff : ~u64{0};
    if (!float_fits((slots[word] >> shift) & mask, (expected[word] >> shift) & mask, pattern.lane_nans[lane], !f32x4)) {
      return false;
    }
  }
  return true;
}

/// Top heap type of a canonical reference type.
Heap top_of(runtime::Store& store, CanonValType type) {
  if (!type.is_concrete()) return wasm::heap_top(type.heap());
  const auto& sub = store.engine().types().type(type.index());
  return sub.kind == wasm::CompositeKind::func ? Heap::func : Heap::any;
}

Heap heap_of_code(u8 code) {
  switch (code) {
    case 0x70:
    case 0x73: return Heap::func;
    case 0x6f:
    case 0x72: return Heap::extern_;
    case 0x69:
    case 0x74: return Heap::exn;
    default: return Heap::any;
  }
}

bool ref_fits(runtime::Store& store, const ScriptValue& pattern, CanonValType type, runtime::Ref ref) {
  const Heap top = top_of(store, type);
  const auto is = [&](Heap heap) {
    return ref != runtime::kNullRef && store.ref_matches(ref, CanonValType::ref(heap, false));
  };
  const auto is_host = [&] {
    return runtime::ref_kind(ref) == runtime::RefKind::host && store.host_ref_value(ref) == pattern.bits;
  };
  switch (pattern.kind) {
    case ValueKind::kRefNull: return ref == runtime::kNullRef && (pattern.any || heap_of_code(pattern.heap) == top);
    case ValueKind::kRefExtern: return top == Heap::extern_ && ref != runtime::kNullRef && (pattern.any || is_host());
    case ValueKind::kRefHost: return top == Heap::any && ref != runtime::kNullRef && (pattern.any || is_host());
    case ValueKind::kRefFunc: return top == Heap::func && is(Heap::func);
    case ValueKind::kRefAny: return top == Heap::any && ref != runtime::kNullRef;
    case ValueKind::kRefEq: return top == Heap::any && is(Heap::eq);
    case ValueKind::kRefI31: return top == Heap::any && is(Heap::i31);
    case ValueKind::kRefStruct: return top == Heap::any && is(Heap::struct_);
    case ValueKind::kRefArray: return top == Heap::any && is(Heap::array);
    case ValueKind::kRefExn: return top == Heap::exn && ref != runtime::kNullRef;
    default: return false;
  }
}

std::string hex_of(u64 bits, unsigned digits) { return base::hex(bits, digits); }

const char* nan_text(NanPattern nan) { return nan == NanPattern::kCanonical ? "nan:canonical" : "nan:arithmetic"; }

}  // namespace

bool append_argument(runtime::Store& store, const ScriptValue& value, CanonValType type, std::vector<Slot>& out) {
  const auto push = [&](bool fits, Slot slot) {
    out.push_back(slot);
    return fits;
  };
  switch (value.kind) {
    case ValueKind::kI32: return push(type.kind() == CanonValType::kI32, value.bits);
    case ValueKind::kI64: return push(type.kind() == CanonValType::kI64, value.bits);
    case ValueKind::kF32: return push(type.kind() == CanonValType::kF32 && value.nan == NanPattern::kNone, value.bits);
    case ValueKind::kF64: return push(type.kind() == CanonValType::kF64 && value.nan == NanPattern::kNone, value.bits);
    case ValueKind::kV128: out.push_back(value.v128.lo); return push(type.is_v128(), value.v128.hi);
    case ValueKind::kRefNull:
      return push(type.is_ref() && type.nullable() && heap_of_code(value.heap) == top_of(store, type),
                  runtime::kNullRef);
    case ValueKind::kRefExtern:
    case ValueKind::kRefHost: {
      const Heap heap = value.kind == ValueKind::kRefExtern ? Heap::extern_ : Heap::any;
      auto ref = store.new_host_ref(value.bits);
      return push(ref.has_value() && type.is_ref() && !type.is_concrete() && type.heap() == heap,
                  ref ? *ref : runtime::kNullRef);
    }
    default: return false;
  }
}

bool matches_pattern(runtime::Store& store, const ScriptValue& pattern, CanonValType type, const Slot* slots) {
  const u64 low = static_cast<u32>(slots[0]);
  switch (pattern.kind) {
    case ValueKind::kI32: return type.kind() == CanonValType::kI32 && low == pattern.bits;
    case ValueKind::kI64: return type.kind() == CanonValType::kI64 && slots[0] == pattern.bits;
    case ValueKind::kF32: return type.kind() == CanonValType::kF32 && float_fits(low, pattern.bits, pattern.nan, false);
    case ValueKind::kF64:
      return type.kind() == CanonValType::kF64 && float_fits(slots[0], pattern.bits, pattern.nan, true);
    case ValueKind::kV128: return type.is_v128() && v128_fits(slots, pattern);
    case ValueKind::kEither:
      for (const ScriptValue& alternative : pattern.alternatives) {
        if (matches_pattern(store, alternative, type, slots)) return true;
      }
      return false;
    default: return type.is_ref() && ref_fits(store, pattern, type, static_cast<runtime::Ref>(slots[0]));
  }
}

std::string describe_value(runtime::Store& store, CanonValType type, const Slot* slots) {
  const u32 low = static_cast<u32>(slots[0]);
  switch (type.kind()) {
    case CanonValType::kI32: return "i32 " + base::dec_signed(static_cast<i32>(low)) + " (" + hex_of(low, 1) + ")";
    case CanonValType::kI64:
      return "i64 " + base::dec_signed(static_cast<i64>(slots[0])) + " (" + hex_of(slots[0], 1) + ")";
    case CanonValType::kF32: return "f32 bits " + hex_of(low, 8);
    case CanonValType::kF64: return "f64 bits " + hex_of(slots[0], 16);
    case CanonValType::kV128: return "v128 i64x2 " + hex_of(slots[0], 16) + " " + hex_of(slots[1], 16);
    default: break;
  }
  switch (runtime::ref_kind(low)) {
    case runtime::RefKind::null: return "ref.null";
    case runtime::RefKind::i31: return "ref.i31 " + base::dec(runtime::i31_u(low));
    case runtime::RefKind::func: return "ref.func";
    case runtime::RefKind::host: return "host reference " + base::dec(store.host_ref_value(low));
    case runtime::RefKind::object: return store.heap().is_exception(low) ? "ref.exn" : "heap object";
  }
  return "unknown";
}

std::string describe_pattern(const ScriptValue& pattern) {
  switch (pattern.kind) {
    case ValueKind::kI32:
      return "i32 " + base::dec_signed(static_cast<i32>(static_cast<u32>(pattern.bits))) + " (" +
             hex_of(pattern.bits, 1) + ")";
    case ValueKind::kI64:
      return "i64 " + base::dec_signed(static_cast<i64>(pattern.bits)) + " (" + hex_of(pattern.bits, 1) + ")";
    case ValueKind::kF32:
      return pattern.nan == NanPattern::kNone ? "f32 bits " + hex_of(pattern.bits, 8)
                                              : std::string("f32 ") + nan_text(pattern.nan);
    case ValueKind::kF64:
      return pattern.nan == NanPattern::kNone ? "f64 bits " + hex_of(pattern.bits, 16)
                                              : std::string("f64 ") + nan_text(pattern.nan);
    case ValueKind::kV128: {
      std::string out = "v128 i64x2 " + hex_of(pattern.v128.lo, 16) + " " + hex_of(pattern.v128.hi, 16);
      for (usize i = 0; i < pattern.lane_nans.size(); ++i) {
        if (pattern.lane_nans[i] != NanPattern::kNone)
          out += ", lane " + base::dec(i) + " " + nan_text(pattern.lane_nans[i]);
      }
      return out;
    }
    case ValueKind::kRefNull: return "ref.null";
    case ValueKind::kRefExtern: return pattern.any ? "ref.extern" : "ref.extern " + base::dec(pattern.bits);
    case ValueKind::kRefHost: return pattern.any ? "ref.host" : "ref.host " + base::dec(pattern.bits);
    case ValueKind::kRefFunc: return "ref.func";
    case ValueKind::kRefAny: return "ref.any";
    case ValueKind::kRefEq: return "ref.eq";
    case ValueKind::kRefI31: return "ref.i31";
    case ValueKind::kRefStruct: return "ref.struct";
    case ValueKind::kRefArray: return "ref.array";
    case ValueKind::kRefExn: return "ref.exn";
    case ValueKind::kEither: break;
  }
  std::string out = "either";
  for (const ScriptValue& alternative : pattern.alternatives) out += " (" + describe_pattern(alternative) + ")";
  return out;
}

}  // namespace dewar::cli
