// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diff/plan.h"

#include <algorithm>

namespace dewar::diff {

using wasm::CompositeKind;
using wasm::Heap;

u32 Plan::func_type(std::span<const ValType> params, std::span<const ValType> results) {
  for (u32 i = 0; i < draft.types.size(); ++i) {
    const wasm::SubType& t = draft.types[i];
    if (t.kind == CompositeKind::func && std::ranges::equal(t.params, params) && std::ranges::equal(t.results, results))
      return i;
  }
  wasm::SubType type;
  type.params.assign(params.begin(), params.end());
  type.results.assign(results.begin(), results.end());
  type.group_first = static_cast<u32>(draft.types.size());
  draft.types.push_back(std::move(type));
  return static_cast<u32>(draft.types.size() - 1);
}

bool Plan::matches(ValType sub, ValType super) const {
  if (sub == super) return true;
  if (!sub.is_ref() || !super.is_ref() || (sub.nullable() && !super.nullable())) return false;
  if (!sub.is_concrete()) return !super.is_concrete() && wasm::heap_matches(sub.heap(), super.heap());
  for (u32 index = sub.index().value;;) {
    const wasm::SubType& type = draft.types[index];
    if (super.is_concrete()) {
      if (index == super.index().value) return true;
      if (!type.has_super) return false;
      index = type.super.value;
      continue;
    }
    const Heap own = type.kind == CompositeKind::func      ? Heap::func
                     : type.kind == CompositeKind::struct_ ? Heap::struct_
                                                           : Heap::array;
    return wasm::heap_matches(own, super.heap());
  }
}

ValType Plan::signature_type(Dice& dice) const {
  static constexpr ValType kRefs[] = {wasm::kFuncRef, wasm::kExternRef, kAnyRef, kEqRef, kI31Ref, kStructRef};
  static constexpr ValType kNumbers[] = {wasm::kI32, wasm::kI32, wasm::kI64, wasm::kI64, wasm::kF32, wasm::kF64};
  const u32 roll = dice.below(20);
  if (roll == 0) return dice.of(kRefs);
  if (roll <= 3 && weights[static_cast<usize>(OpClass::v128_move)] != 0) return wasm::kV128;
  return dice.of(kNumbers);
}

ValType Plan::value_type(Dice& dice) const {
  if (dice.chance(8)) {
    const u32 kinds = static_cast<u32>(structs.size() + arrays.size());
    const u32 roll = dice.below(kinds + 2);
    if (roll < structs.size()) return ValType::ref(wasm::TypeIndex{structs[roll]}, true);
    if (roll < kinds) return ValType::ref(wasm::TypeIndex{arrays[roll - structs.size()]}, true);
    if (roll == kinds && !legacy_exceptions) return wasm::kExnRef;
    return kArrayRef;
  }
  return signature_type(dice);
}

}  // namespace dewar::diff
