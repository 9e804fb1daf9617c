// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/deopt.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "exec/frame_walk.h"
#include "exec/interp/calls.h"
#include "exec/native_calls.h"
#include "exec/prepare.h"
#include "exec/random_tiers.h"

namespace dewar::exec {

using runtime::Activation;
using runtime::DeoptedReturn;
using runtime::FrameState;
using runtime::FuncCode;
using runtime::Stack;

namespace {

bool is_outside(const DeoptedReturn& entry, const u64* word) { return entry.word > word; }

/// Replaces the word, and tells what it was; nothing if it is replaced already.
std::optional<DeoptedReturn> replace(const Stack& stack, u64* word, u32 result_slots) {
  const u64 stub = stack.native.stubs->deopt_return;
  if (*word == stub) return std::nullopt;
  return DeoptedReturn{word, std::exchange(*word, stub), result_slots};
}

/// Of all compiled frames, or those that run `only`.
void tier_down_frames(Stack& stack, const FuncCode* only) {
  const auto wanted = [only](const FrameState& s) {
    return s.code != nullptr && s.side == nullptr && (only == nullptr || s.code == only);
  };
  if (wanted(stack.state)) tier_down(stack);
  std::vector<DeoptedReturn> replaced;  // innermost first
  FrameCursor at = FrameCursor::innermost(stack);
  for (Activation* activation = stack.activation;; activation = activation->parent) {
    if (at.state.code) {
      for (u32 results = at.state.code->result_slots; at.to_caller(); results = at.state.code->result_slots)
        if (wanted(at.state))
          if (const auto entry = replace(stack, const_cast<u64*>(at.record) - 1, results)) replaced.push_back(*entry);
    }
    if (activation == nullptr) break;
    activation->tiers_down |= wanted(activation->below);
    at = {activation->below, activation->native_below.sp, &stack};
  }
  if (replaced.empty()) return;
  std::vector<DeoptedReturn> all;
  all.reserve(stack.deopted.size() + replaced.size());
  std::merge(stack.deopted.begin(), stack.deopted.end(), replaced.rbegin(), replaced.rend(), std::back_inserter(all),
             [](const DeoptedReturn& a, const DeoptedReturn& b) { return a.word > b.word; });
  stack.deopted = std::move(all);
}

}  // namespace

void tier_down(Stack& stack) {
  FrameState& s = stack.state;
  if (s.code == nullptr || s.side != nullptr) return;
  prepare_body(*s.code->set, *s.code, stack.store.engine().options());
  take_record(stack, s.fp, *s.code, s.instance);
  s.side = s.code->side + locate(*s.code->module, s.code->func, static_cast<u32>(s.pc - s.code->body)).side;
}

void tier_down_all(Stack& stack) { tier_down_frames(stack, nullptr); }

void tier_down_frames_of(runtime::Store& store, const FuncCode& code) {
  for (Stack* stack : store.stacks()) tier_down_frames(*stack, &code);
}

void deopt_return(Stack& stack, u64* word, u32 result_slots) {
  std::vector<DeoptedReturn>& all = stack.deopted;
  if (const auto entry = replace(stack, word, result_slots))
    all.insert(std::lower_bound(all.begin(), all.end(), word, is_outside), *entry);
}

u64 original_of(const Stack& stack, const u64* word) {
  const auto entry = std::lower_bound(stack.deopted.begin(), stack.deopted.end(), word, is_outside);
  if (entry == stack.deopted.end() || entry->word != word) DEWAR_UNREACHABLE("a record was replaced by nobody");
  return entry->original;
}

void cut_deopted(Stack& stack) {
  while (!stack.deopted.empty() && stack.deopted.back().word < stack.native.sp) stack.deopted.pop_back();
}

namespace interp {

DEWAR_HANDLER(native_deopt_return) {
  if (stack->deopted.empty() || stack->deopted.back().word != stack->native.sp - 1)
    DEWAR_UNREACHABLE("a frame returned to where it was not called from");
  const DeoptedReturn returned = stack->deopted.back();
  stack->deopted.pop_back();
  const baseline::CallSite site = baseline::call_site(*stack->native.stubs, returned.original);
  code = site.code;
  sp = fp + returned.result_slots;
  fp -= site.distance;
  if (stack->dice) {
    const u32 first_operand = code->local_slots + runtime::kHeaderSlots;
    count_move(*stack, runtime::TierMove::return_down,
               {{fp, sp, code->body + site.pc, nullptr, code, inst}, stack->native.sp, stack},
               site.distance - first_operand);
  }
  prepare_body(*code->set, *code, stack->store.engine().options());
  take_record(*stack, fp, *code, inst);
  const SideEntry* const call = code->side + locate(*code->module, code->func, site.pc).side;
  pc = code->body + site.pc + call->keep;
  side = call + 1;
  table = instance_dispatch(inst);
  DEWAR_CHARGE(call->cost_next);
  DEWAR_DISPATCH();
}

}  // namespace interp

}  // namespace dewar::exec
