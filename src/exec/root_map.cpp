// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/root_map.h"

#include <algorithm>

#include "exec/backtrace.h"
#include "wasm/walker.h"

namespace dewar::exec {

using runtime::FrameState;
using runtime::Ref;

namespace {

/// Records the operand types at every instruction where a collection can happen: calls, allocations, throws, bulk
/// operations and loop headers (a suspended stack stays there while others run).
class RootSink : public wasm::NullSink {
 public:
  static constexpr bool kWantSlots = true;
  RootMaps maps;

  template <class W>
  void begin(W& w, u32) {
    u32 slot = 0;
    for (wasm::ValType t : w.locals()) {
      if (t.is_ref()) maps.locals.push_back(slot);
      slot += t.slots();
    }
  }

  template <class W>
  void op(W& w, wasm::Op op, u32 pc) {
    constexpr u16 kSafe = wasm::kCall | wasm::kGc | wasm::kBulk | wasm::kThrows;
    if (!(wasm::op_info(op).effects & kSafe) && op != wasm::Op::loop) return;
    if (!w.live()) return;
    RootMaps::Point point;
    point.pc = pc;
    point.first = static_cast<u32>(maps.slots.size());
    // Operands in slot order; the hidden exception of each open legacy catch stands where its block begins.
    u32 depth = w.depth(), slot = 0, i = 0;
    const auto operands = w.operands();
    const auto hidden_before = [&](u32 value) {
      while (depth > 0) {
        const wasm::Label& label = w.label(depth - 1);
        if (label.height > value) return;
        if (label.kind == wasm::Op::catch_ || label.kind == wasm::Op::catch_all) maps.slots.push_back(slot++);
        --depth;
      }
    };
    for (wasm::ValType t : operands) {
      hidden_before(i++);
      if (t.is_ref()) maps.slots.push_back(slot);
      slot += t.slots();
    }
    hidden_before(i);
    point.count = static_cast<u32>(maps.slots.size()) - point.first;
    point.own_slots = slot;
    maps.points.push_back(point);
  }

  template <class W>
  void on_call(W& w, wasm::Op, const wasm::SubType&, u32) {
    // Arguments are popped here: they belong to the callee's frame, which may have replaced them.
    if (w.live() && !maps.points.empty()) maps.points.back().own_slots = w.slots();
  }
};

const RootMaps& root_maps(runtime::FuncCode& code) {
  std::lock_guard lock(code.set->mutex());
  if (!code.roots) code.roots = std::make_shared<RootMaps>(make_root_maps(*code.module, code.func));
  return *static_cast<const RootMaps*>(code.roots.get());
}

}  // namespace

RootMaps make_root_maps(const wasm::Module& module, u32 func) {
  RootSink sink;
  wasm::WalkScratch scratch;
  const auto walked = wasm::walk(module, wasm::FuncIndex{func}, sink, scratch);
  DEWAR_ASSERT(walked.has_value(), "root maps of a body that does not validate");
  return std::move(sink.maps);
}

void visit_roots(runtime::Stack& stack, void (*visit)(void* user, Ref ref), void* user) {
  for_each_frame(stack, [&](const FrameState& s, bool innermost) {
    const RootMaps& maps = root_maps(*s.code);
    for (u32 slot : maps.locals) visit(user, static_cast<Ref>(s.fp[slot]));
    const u32 pc = static_cast<u32>(s.pc - s.code->body);
    // pc may point into a prefixed opcode: the last point at or before it is the instruction's.
    auto point = std::upper_bound(maps.points.begin(), maps.points.end(), pc,
                                  [](u32 at, const RootMaps::Point& p) { return at < p.pc; });
    if (point == maps.points.begin()) return;
    --point;
    const Slot* operands = s.fp + s.code->local_slots + runtime::kHeaderSlots;
    const u32 height = static_cast<u32>(s.sp - operands);
    const u32 limit = innermost ? height : point->own_slots;
    for (u32 i = 0; i < point->count; ++i) {
      const u32 slot = maps.slots[point->first + i];
      if (slot < limit) visit(user, static_cast<Ref>(operands[slot]));
    }
  });
}

}  // namespace dewar::exec
