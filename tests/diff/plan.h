// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a generated module consists of, decided before any body is written: types, index spaces, tables' contents, and
// how careful its code is. Bodies read the plan; only function types (for blocks) are added while they are written.
#pragma once

#include <array>

#include "diff/dice.h"
#include "diff/draft.h"
#include "diff/op_class.h"

namespace dewar::diff {

inline constexpr ValType kAnyRef = ValType::ref(wasm::Heap::any, true), kEqRef = ValType::ref(wasm::Heap::eq, true),
                         kI31Ref = ValType::ref(wasm::Heap::i31, true),
                         kStructRef = ValType::ref(wasm::Heap::struct_, true),
                         kArrayRef = ValType::ref(wasm::Heap::array, true);

struct Plan {
  explicit Plan(OpCounts& op_counts) : counts(op_counts) {}

  Draft draft;
  OpCounts& counts;
  /// Of 1000 operations that can trap, so many are written without care.
  u32 danger = 0;
  bool common = false;             ///< what V8 runs too, with nothing left open
  bool legacy_exceptions = false;  ///< the old instructions, else the new ones: no engine takes both in one module
  std::array<u32, kOpClasses> weights{};

  // Index spaces, imports first.
  std::vector<u32> funcs;      ///< type of each function
  std::vector<u64> func_cost;  ///< estimated instructions of a call; 0 = not written yet
  std::vector<wasm::MemoryType> memories;
  std::vector<wasm::TableType> tables;
  std::vector<wasm::GlobalType> globals;
  std::vector<u32> tags;

  std::vector<u32> structs, arrays;  ///< type indices
  /// The table of indirect calls, which careful code does not change, and the function in each slot.
  u32 call_table = 0;
  std::vector<u32> call_slots;

  /// Index of a function type, added if it is new.
  u32 func_type(std::span<const ValType> params, std::span<const ValType> results);
  const wasm::SubType& type_of_func(u32 func) const { return draft.types[funcs[func]]; }

  /// Value subtyping in module space (spec 3.3.4), for the types that occur here.
  bool matches(ValType sub, ValType super) const;
  /// A type that can be in a function's signature: no reference to this module's own types.
  ValType signature_type(Dice& dice) const;
  /// Any type that has a default value.
  ValType value_type(Dice& dice) const;
};

/// Sizes that careful code relies on.
inline constexpr u32 kArrayMin = 8;  ///< elements of every array
inline constexpr u32 kTableMin = 8;  ///< elements of every table
inline constexpr u32 kSegmentBytes = 160;
inline constexpr u32 kSegmentItems = 12;

}  // namespace dewar::diff
