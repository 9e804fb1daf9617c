// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/random_tiers.h"

namespace dewar::exec {

using runtime::FrameState;
using runtime::Stack;
using runtime::TierDice;
using runtime::TierMove;
using runtime::TierPlace;

namespace {

u64 operands_of(const FrameState& s) {
  return static_cast<u64>(s.sp - (s.fp + s.code->local_slots + runtime::kHeaderSlots));
}

}  // namespace

bool draw(TierDice& dice, u32 of) {
  // splitmix64
  u64 z = dice.state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return (z ^ (z >> 31)) % of == 0;
}

void count_move(Stack& stack, TierMove move, FrameCursor at, u64 operands) {
  constexpr u32 kDeep = 3;
  u64* const counts = stack.dice->moves[static_cast<usize>(move)];
  const auto count = [counts](TierPlace place, bool yes) { counts[static_cast<usize>(place)] += yes; };
  count(TierPlace::any, true);
  count(TierPlace::operands, operands != 0);
  count(TierPlace::handler, at.state.fp == stack.dice->caught);
  count(TierPlace::tail_called, at.state.fp == stack.dice->tail_called);
  u32 depth = 1;
  while (depth < kDeep && at.to_caller()) ++depth;
  count(TierPlace::deep, depth == kDeep);
}

void count_move(Stack& stack, TierMove move) {
  const FrameCursor at = FrameCursor::innermost(stack);
  count_move(stack, move, at, operands_of(at.state));
}

bool draw_entry(Stack& stack, Slot* fp, runtime::FuncCode& code, runtime::Instance* instance, bool from_compiled,
                bool tail_call) {
  TierDice& dice = *stack.dice;
  // Frames from here on are gone.
  if (dice.caught >= fp) dice.caught = nullptr;
  if (tail_call) {
    dice.tail_called = fp;
  } else if (dice.tail_called >= fp) {
    dice.tail_called = nullptr;
  }
  const bool compiled = code.native.load(std::memory_order_acquire) != nullptr && draw(dice, 2);
  if (compiled != from_compiled) {
    // Where the caller stands; a frame that was tail-called, if it is about that, or has no caller here.
    FrameCursor at{{fp, fp, nullptr, nullptr, &code, instance}, stack.native.sp, &stack};
    const bool called = !tail_call && at.to_caller();
    count_move(stack, compiled ? TierMove::call_up : TierMove::call_down, at, called ? operands_of(at.state) : 0);
  }
  u64* const record = stack.native.sp;
  const runtime::NativeStubs& stubs = *stack.native.stubs;
  if (*record != stubs.to_host && *record != stubs.to_interp && draw(dice, 4))
    deopt_return(stack, record + (*record == stubs.cross_return ? runtime::kCrossRecordWords - 1 : 0),
                 code.result_slots);
  return compiled;
}

}  // namespace dewar::exec
