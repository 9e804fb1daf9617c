// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fuel blocks (design D11, docs/ABI.md): which instructions are paid for together. Every instruction that is executed
// counts 1; a block is paid for when it begins, so its cost has to be told to every place that leads to it once it is
// known. What ends a block is said here for both tiers; FuelBlocks is the interpreter's, the compiler has at most one
// place to pay for (Compiler::close_block). Tests compare the two to the unit.
#pragma once

#include <vector>

#include "wasm/op.h"

namespace dewar::exec {

/// Does a block end after this instruction? Besides, one ends before every `loop`.
constexpr bool ends_block(wasm::Op op) {
  switch (op) {
    using enum wasm::Op;
    case unreachable:
    case if_:
    case else_:
    case end:
    case delegate:
    case catch_:
    case catch_all:
    case br:
    case br_if:
    case br_table:
    case br_on_null:
    case br_on_non_null:
    case br_on_cast:
    case br_on_cast_fail:
    case return_:
    case call:
    case call_indirect:
    case call_ref:
    case return_call:
    case return_call_indirect:
    case return_call_ref:
    case throw_:
    case rethrow:
    case throw_ref: return true;
    default: return false;
  }
}

/// The block that a walk is in. `Place` says where the cost of a block has to be written.
template <class Place>
class FuelBlocks {
 public:
  /// Instructions that can be reached.
  void executes(u32 count = 1) { count_ += count; }
  /// Instructions of the current block so far.
  u32 count() const { return count_; }
  /// Whoever comes by `place` pays for the current block.
  void paid_at(const Place& place) { places_.push_back(place); }
  /// The current block ends: tell(place, cost) for its places, and the next one begins.
  template <class Tell>
  void close(Tell tell) {
    for (const Place& place : places_) tell(place, count_);
    places_.clear();
    count_ = 0;
  }

 private:
  u32 count_ = 0;
  std::vector<Place> places_;
};

}  // namespace dewar::exec
