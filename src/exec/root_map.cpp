// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/root_map.h"

#include <algorithm>
#include <utility>

#include "exec/frame_walk.h"
#include "wasm/walker.h"

namespace dewar::exec {

using runtime::FrameState;
using runtime::Ref;

namespace {

/// Records the operands at every instruction where a collection can happen or a stack can be suspended while others
/// run: calls, allocations, throws, bulk operations, waits and loop headers.
class RootSink : public wasm::NullSink {
 public:
  static constexpr bool kWantSlots = true;
  static constexpr bool kWantLocals = true;
  static constexpr bool kWantLowWater = true;
  static constexpr bool kBounded = true;

  explicit RootSink(u32 exact_pc, u64 room) : exact_pc_(exact_pc), room_(room) {}

  RootMaps maps;

  /// Vectors may have twice the room that they use.
  bool full() const { return 2 * maps.byte_size() > room_; }

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
    forget(std::min(w.take_low_water(), count(w)), w.depth());
    if (closes(op)) forget(w.label(0).height, w.depth() - 1);
    u32 slots = w.slots();
    if (w.live()) {
      if (!is_safe_point(op) && pc != exact_pc_) return;
      follow(w);
    } else {
      // The function's `end` also runs where only branches lead to it; its operands are then the results.
      if (op != wasm::Op::end || w.depth() != 1 || pc != exact_pc_) return;
      for (wasm::ValType t : w.label(0).results()) push(false, values_++, t.is_ref(), t.slots());
      slots = followed_.empty() ? 0 : followed_.back().slots;
    }
    RootMaps::Point point;
    point.pc = pc;
    point.bytes = wasm::op_info(op).prefix == 0 ? 1 : opcode_bytes(w, pc);
    point.top = followed_.empty() ? RootMaps::kNone : followed_.back().top;
    point.own_slots = slots;
    maps.points.push_back(point);
  }

  template <class W>
  void on_call(W& w, wasm::Op, const wasm::SubType&, u32) {
    // Arguments are popped here: they belong to the callee's frame, which may have replaced them.
    if (w.live() && !maps.points.empty()) maps.points.back().own_slots = w.slots();
  }

 private:
  /// An operand, or the hidden exception of an open legacy catch, which stands where its block begins.
  struct Followed {
    bool hidden;
    u32 index;  ///< of the value on the stack; hidden: of the label, from the outermost
    u32 top;    ///< topmost reference so far
    u32 slots;  ///< so far
  };

  static bool is_safe_point(wasm::Op op) {
    using enum wasm::Op;
    constexpr u16 kSafe = wasm::kCall | wasm::kGc | wasm::kBulk | wasm::kThrows;
    return (wasm::op_info(op).effects & kSafe) || op == loop || op == memory_atomic_wait32 ||
           op == memory_atomic_wait64 || op == array_fill || op == array_copy || op == array_init_data ||
           op == array_init_elem;
  }
  static bool closes(wasm::Op op) {
    using enum wasm::Op;
    return op == catch_ || op == catch_all || op == end || op == delegate || op == else_;
  }
  template <class W>
  static u32 count(W& w) {
    return static_cast<u32>(w.operands().size());
  }
  template <class W>
  static u32 opcode_bytes(W& w, u32 pc) {
    const auto body = w.module().slice(w.module().funcs[w.func().value].body);
    u32 bytes = 2;
    while (body[pc + bytes - 1] & 0x80) ++bytes;
    return bytes;
  }

  /// Drops what is not below value `values` and label `labels`.
  void forget(u32 values, u32 labels) {
    while (!followed_.empty()) {
      const Followed& f = followed_.back();
      if (f.hidden ? f.index < labels : f.index < values) break;
      if (!f.hidden) values_ = f.index;
      followed_.pop_back();
    }
    labels_ = std::min(labels_, labels);
  }
  void push(bool hidden, u32 index, bool is_ref, u32 slots) {
    Followed f{hidden, index, RootMaps::kNone, 0};
    if (!followed_.empty()) f.top = followed_.back().top, f.slots = followed_.back().slots;
    if (is_ref) {
      maps.nodes.push_back({f.slots, f.top});
      f.top = static_cast<u32>(maps.nodes.size() - 1);
    }
    f.slots += slots;
    followed_.push_back(f);
  }
  template <class W>
  void follow_values(W& w, u32 until) {
    for (; values_ < until; ++values_) {
      const wasm::ValType t = w.operands()[values_];
      push(false, values_, t.is_ref(), t.slots());
    }
  }
  /// Brings followed_ up to the current operands.
  template <class W>
  void follow(W& w) {
    for (; labels_ < w.depth(); ++labels_) {
      const wasm::Label& label = w.label(w.depth() - 1 - labels_);
      if (label.kind != wasm::Op::catch_ && label.kind != wasm::Op::catch_all) continue;
      follow_values(w, label.height);
      push(true, labels_, true, 1);
    }
    follow_values(w, count(w));
  }

  u32 exact_pc_;
  u64 room_;
  std::vector<Followed> followed_;
  u32 values_ = 0;  ///< values in followed_
  u32 labels_ = 0;  ///< labels that were looked at
};

/// With a payer null, and payer->trap.kind set, if it is killed or its store has no room left for code.
const RootMaps* root_maps(runtime::FuncCode& code, runtime::Stack* payer = nullptr) {
  std::lock_guard lock(code.set->mutex());
  if (!code.roots) {
    const auto refuse = [payer](runtime::TrapKind kind) { return payer->trap.kind = kind, nullptr; };
    const u64 room = payer ? payer->store.code_room() : ~u64{0};
    auto made = make_root_maps(*code.module, code.func, ~u32{0}, payer ? payer->kill_bits() : base::StopBits{}, room);
    if (!made && payer->kill_bits().stopped()) return refuse(runtime::TrapKind::interrupted);
    // Twice, as full() has it: less room would have ended the walk.
    if (!made || (payer && !payer->store.take_code(made->byte_size(), 2 * made->byte_size())))
      return refuse(runtime::TrapKind::code_memory);
    code.roots = std::make_shared<RootMaps>(std::move(*made));
  }
  return static_cast<const RootMaps*>(code.roots.get());
}

}  // namespace

const RootMaps::Point* RootMaps::find(u32 pc) const {
  const auto after =
      std::upper_bound(points.begin(), points.end(), pc, [](u32 at, const Point& p) { return at < p.pc; });
  return after != points.begin() && pc < after[-1].pc + after[-1].bytes ? &after[-1] : nullptr;
}

std::optional<RootMaps> make_root_maps(const wasm::Module& module, u32 func, u32 exact_pc, base::StopBits stop,
                                       u64 room) {
  RootSink sink(exact_pc, room);
  wasm::WalkScratch scratch;
  scratch.stop_bits = stop;
  const auto walked = wasm::walk(module, wasm::FuncIndex{func}, sink, scratch);
  if (sink.full() || (!walked && std::string_view(walked.error().code) == base::kStopped)) return std::nullopt;
  DEWAR_ASSERT(walked.has_value(), "root maps of a body that does not validate");
  return std::move(sink.maps);
}

bool prepare_roots(runtime::Stack& stack, runtime::Stack& payer) {
  bool ready = true;
  const runtime::FuncCode* last = nullptr;
  for_each_frame(stack, [&](const FrameState& s, bool) {
    if (s.code != std::exchange(last, s.code)) ready = ready && root_maps(*s.code, &payer);
  });
  return ready;
}

void visit_roots(runtime::Stack& stack, void (*visit)(void* user, Ref ref), void* user) {
  for_each_frame(stack, [&](const FrameState& s, bool innermost) {
    const RootMaps& maps = *root_maps(*s.code);
    for (u32 slot : maps.locals) visit(user, static_cast<Ref>(s.fp[slot]));
    const u32 pc = static_cast<u32>(s.pc - s.code->body);
    const RootMaps::Point* point = maps.find(pc);
    const RootMaps* from = &maps;
    RootMaps exact;
    if (!point) {
      // Not a place where the interpreter itself collects: an observer stopped the frame here.
      exact = *make_root_maps(*s.code->module, s.code->func, pc);
      from = &exact;
      point = exact.find(pc);
      DEWAR_ASSERT(point, "a frame stands at no instruction");
      if (!point) return;
    }
    const Slot* operands = s.fp + s.code->local_slots + runtime::kHeaderSlots;
    const u32 limit = innermost ? static_cast<u32>(s.sp - operands) : point->own_slots;
    for (u32 n = point->top; n != RootMaps::kNone; n = from->nodes[n].below) {
      const u32 slot = from->nodes[n].slot;
      if (slot < limit) visit(user, static_cast<Ref>(operands[slot]));
    }
  });
}

}  // namespace dewar::exec
