// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// SideTableSink: the walker sink that lays out a function for the interpreter. One SideEntry per taken-or-not decision,
// in pc order; fuel of a block is known when the block ends and is then written to every entry that leads to it
// (fuel_blocks.h). A branch to the function's own label runs the final `end`.
// ShapeSink is the same without entries, which it only counts: for functions that are not interpreted.
#pragma once

#include <vector>

#include "exec/fuel_blocks.h"
#include "exec/function_shape.h"
#include "exec/interp/handler.h"
#include "exec/interp/quicken.h"
#include "wasm/walker.h"

namespace dewar::exec {

template <bool kTable>
class BasicSideTableSink : public wasm::NullSink {
 public:
  static constexpr bool kWantSlots = true;
  static constexpr bool kWantLocals = true;
  static constexpr bool kBounded = true;

  /// `body` is the private copy to rewrite, or null to only count; `room` = bytes that the tables may take.
  BasicSideTableSink(u8* body, u32 locate_pc, u64 room = ~u64{0}) : body_(body), locate_pc_(locate_pc), room_(room) {}

  FunctionShape shape() const {
    return {entry_pc, entry_cost, max_operands, count_, rows_.size(), instr_count_, locals_, most_open_};
  }
  /// Bytes of what remains after the walk.
  static u64 kept_bytes(const FunctionShape& shape) {
    return shape.entries * sizeof(runtime::SideEntry) + shape.rows * sizeof(runtime::HandlerRow);
  }
  /// Bytes that the walk took so far, where vectors may have twice the room that they use. It only grows, so that the
  /// room that a function needs is what this gives at its end.
  static u64 needed_bytes(const FunctionShape& shape) {
    // An entry may be a call, and two places wait for its fuel or target.
    constexpr u64 kPerEntry = sizeof(runtime::SideEntry) + sizeof(u32) + 2 * sizeof(Ref) + sizeof(DirectCall);
    constexpr u64 kPerRow = 2 * sizeof(runtime::HandlerRow) + sizeof(u32) + sizeof(Ref);
    return 2 * (shape.entries * kPerEntry + shape.rows * kPerRow + shape.instrs * sizeof(interp::InstrAt) +
                shape.most_open * sizeof(Open));
  }
  /// Is there no room for what was found so far?
  bool full() const { return needed_bytes(shape()) > room_; }

  std::vector<runtime::SideEntry> entries;  ///< of a ShapeSink none
  std::vector<runtime::HandlerRow> handlers;
  std::vector<interp::InstrAt> instrs;  ///< every instruction that can be reached; only with a body
  struct DirectCall {
    u32 entry, func;
  };
  std::vector<DirectCall> direct_calls;
  u32 entry_pc = 0, entry_cost = 0, max_operands = 0;
  u32 found_pc = 0, found_rest = 0, found_side = 0;  ///< of locate_pc

  template <class W>
  void begin(W& w, u32 pc) {
    entry_pc = pc;
    paid_at({Ref::kEntry, 0});
    open_.push_back({});
    locals_ = w.locals().size();
    for (wasm::ValType t : w.locals()) mapped_ |= t.is_v128();
  }

  template <class W>
  void op(W& w, wasm::Op op, u32 pc) {
    if (op == wasm::Op::try_table) clause_begin_ = static_cast<u32>(rows_.size());
    if (!w.live()) {
      op_pc_ = pc;
      // The function's `end` also runs where only branches lead to it.
      if (op == wasm::Op::end && w.depth() == 1 && pc <= locate_pc_)
        found_pc = pc, found_side = next_entry(), found_rest = 0;
      return;
    }
    if (op == wasm::Op::loop) close_block();
    op_pc_ = pc;
    blocks_.executes();
    ++instr_count_;
    if (pc <= locate_pc_) {
      found_pc = pc;
      found_at_ = blocks_.count();
      found_side = next_entry();
      found_here_ = true;
    }
    if (op == wasm::Op::rethrow) last_live_ = true;
    if (body_) {
      instrs.push_back({pc, op});
      rewrite_before(w, op, pc);
    }
  }

  template <class W>
  void after(W& w, wasm::Op op, u32 pc) {
    using wasm::Op;
    switch (op) {
      case Op::unreachable:
      case Op::throw_:
      case Op::throw_ref:
      case Op::rethrow: close_block(); break;
      default: break;
    }
    DEWAR_ASSERT(!ends_block(op) || blocks_.count() == 0, "a fuel block goes on where one has to end");
    switch (op) {
      case Op::unreachable:
      case Op::throw_:
      case Op::throw_ref: return;
      case Op::rethrow: {
        if (!last_live_) return;
        last_live_ = false;
        base::Cursor c(w.module().slice(w.module().funcs[w.func().value].body));
        c.seek(pc + 1);
        const u32 depth = c.leb_u32();
        at(emit()).drop = w.label(depth).slots;
        return;
      }
      case Op::call:
      case Op::call_indirect:
      case Op::call_ref:
        if (call_entry_ != kNone) at(call_entry_).keep = w.pc() - pc;
        call_entry_ = kNone;
        break;
      case Op::global_get:
        if (body_ && w.live() && w.operand(0).is_v128()) body_[pc] = interp::kGlobalGetWide;
        break;
      case Op::end:
        if (w.depth() == 0) return;
        break;
      default: break;
    }
    need_room(w.slots());
  }

  template <class W>
  void open(W&, wasm::Label& label) {
    using wasm::Op;
    Open o;
    o.begin = label.pc;
    if (label.kind == Op::try_table) o.first_row = clause_begin_;
    if (!label.dead) {
      if (label.kind == Op::loop) {
        o.loop_entry = emit();
        paid_at({Ref::kNext, o.loop_entry});
      } else if (label.kind == Op::if_) {
        o.if_entry = emit();
        if constexpr (kTable) entry_pcs_[o.if_entry] = label.pc;
        close_block();
        paid_at({Ref::kNext, o.if_entry});
      }
    }
    if (label.kind == Op::try_table) o.row_count = static_cast<u32>(rows_.size()) - o.first_row;
    open_.push_back(o);
    most_open_ = std::max(most_open_, open_.size());
  }

  template <class W>
  void on_else(W& w, wasm::Label& label) {
    if (label.dead) return;
    const u32 e = emit();
    wait_for(open_.back(), {Ref::kTaken, e});
    close_block();
    set_target(open_.back().if_entry, w.pc());
    paid_at({Ref::kTaken, open_.back().if_entry});
    open_.back().if_entry = kNone;
  }

  template <class W>
  void on_end(W& w, wasm::Label& label) {
    using wasm::Op;
    Open o = std::move(open_.back());
    open_.pop_back();
    if (label.kind == Op::kCount) return finish(label, o);
    if (label.kind == Op::try_table && !label.dead) {
      for (u32 i = 0; i < o.row_count; ++i) {
        rows_[o.first_row + i].begin = o.begin;
        rows_[o.first_row + i].end = op_pc_;
        order_.push_back(o.first_row + i);
      }
    }
    if (label.dead) return;
    const u32 e = emit();
    if (label.kind == Op::catch_ || label.kind == Op::catch_all) {
      at(e).drop = 1;
      at(e).keep = wasm::slots_of(label.results());
      if (body_) body_[op_pc_] = interp::kCatchEnd;
    }
    join(w, o, e);
  }

  template <class W>
  void branch(W& w, wasm::Op op, u32 depth, u32 slots) {
    if (!w.live()) return;
    const wasm::Label& target = w.label(depth);
    Open& o = open_[open_.size() - 1 - depth];
    if (o.keep == kNone) o.keep = wasm::slots_of(target.branch_types());
    const u32 keep = o.keep;
    const u32 e = emit();
    at(e) = entry(slots - keep - target.slots, keep);
    if (target.kind == wasm::Op::loop) {
      at(e).delta_pc = static_cast<i32>(target.pc) - static_cast<i32>(op_pc_);
      at(e).delta_side = side_bytes(e, o.loop_entry);
    } else {
      wait_for(o, {Ref::kTaken, e});
    }
    // Each label of a br_table has an entry of its own, even where many lead to the same place: the handler adds the
    // index and is there. Shared entries would cost every br_table one more load; the code budget bounds them instead.
    if (op == wasm::Op::br_table) return;
    close_block();
    if (op != wasm::Op::br) paid_at({Ref::kNext, e});
  }

  template <class W>
  void on_br_table(W& w, u32) {
    if (w.live()) close_block();
  }

  template <class W>
  void on_call(W& w, wasm::Op op, const wasm::SubType& type, u32 index) {
    using wasm::Op;
    call_entry_ = kNone;
    if (!w.live()) return;
    const bool tail = op == Op::return_call || op == Op::return_call_indirect || op == Op::return_call_ref;
    if (tail) {
      // A host function called in tail position leaves its results on this frame's operands before they are returned.
      need_room(w.slots() + wasm::slots_of(type.results));
      return close_block();
    }
    const u32 e = emit();
    if (op == Op::call) {
      if (index < w.module().num_imported_funcs) {
        if (body_) body_[op_pc_] = interp::kCallImport;
      } else {
        if constexpr (kTable) direct_calls.push_back({e, index});
      }
    }
    call_entry_ = e;
    close_block();
    paid_at({Ref::kNext, e});
  }

  template <class W>
  void on_return(W& w) {
    if (!w.live()) return;
    at(emit()).keep = wasm::slots_of(w.module().func_type(w.func()).results);
    close_block();
  }

  template <class W>
  void on_catch_clause(W& w, u8 kind, u32 tag, u32 depth) {
    const wasm::Label& target = w.label(depth);
    runtime::HandlerRow row;
    row.tag = kind < 2 ? tag : ~u32{0};
    row.with_ref = kind & 1;
    row.height = target.slots;
    // What is caught lands there even if nothing was ever pushed so high: the function's own label, for example.
    need_room(target.slots + wasm::slots_of(target.branch_types()));
    const u32 index = static_cast<u32>(rows_.size());
    if (target.kind == wasm::Op::loop) {
      row.target_pc = target.pc;
      row.target_st = open_[open_.size() - 1 - depth].loop_entry;
    } else if (w.live()) {
      wait_for(open_[open_.size() - 1 - depth], {Ref::kRow, index});
    }
    rows_.push_back(row);
  }

  template <class W>
  void on_legacy_catch(W& w, wasm::Label& label, u32 tag) {
    if (label.dead) return;
    Open& o = open_.back();
    if (label.kind == wasm::Op::try_) o.end = op_pc_;
    const u32 e = emit();
    at(e).drop = label.kind == wasm::Op::try_ ? 0 : 1;
    at(e).keep = wasm::slots_of(label.results());
    wait_for(o, {Ref::kTaken, e});
    close_block();
    runtime::HandlerRow row;
    row.begin = o.begin;
    row.end = o.end;
    row.tag = tag;
    row.legacy = true;
    row.height = label.slots;
    row.target_pc = w.pc();
    row.target_st = count_;
    paid_at({Ref::kRow, static_cast<u32>(rows_.size())});
    order_.push_back(static_cast<u32>(rows_.size()));
    rows_.push_back(row);
  }

  template <class W>
  void on_delegate(W& w, wasm::Label& label, u32 depth) {
    Open o = std::move(open_.back());
    open_.pop_back();
    if (label.dead) return;
    runtime::HandlerRow row;
    row.begin = o.begin;
    row.end = op_pc_;
    row.delegate = true;
    row.outer = w.label(depth).pc;
    order_.push_back(static_cast<u32>(rows_.size()));
    rows_.push_back(row);
    join(w, o, emit());
  }

 private:
  static constexpr u32 kNone = ~u32{0};

  /// Where the fuel of the current block has to be written.
  struct Ref {
    enum Kind : u8 { kEntry, kTaken, kNext, kRow } kind;
    u32 index;
  };
  struct Open {
    u32 begin = 0, end = 0;
    u32 loop_entry = kNone, if_entry = kNone;
    u32 keep = kNone;  ///< slots that a branch to the label carries, once known
    u32 first_row = 0, row_count = 0;
    std::vector<Ref> pending;  ///< entries and rows that jump to the label's end
  };

  static i32 side_bytes(u32 from, u32 to) {
    // A body has at most 7.6 MB, and an entry belongs to at least one byte of it: 24 bytes each fit 31 bits.
    return (static_cast<i32>(to) - static_cast<i32>(from)) * static_cast<i32>(sizeof(runtime::SideEntry));
  }
  static runtime::SideEntry entry(u32 drop, u32 keep) {
    runtime::SideEntry e{};
    e.drop = drop;
    e.keep = keep;
    return e;
  }
  u32 emit() {
    if constexpr (kTable) {
      entries.push_back(entry(0, 0));
      entry_pcs_.push_back(op_pc_);
    }
    return count_++;
  }
  runtime::SideEntry& at(u32 e) {
    if constexpr (kTable) {
      return entries[e];
    } else {
      return nobodys_;
    }
  }
  /// Who waits for a label, or pays for a block. Without a table only rows, and the function's entry, matter.
  static bool matters(const Ref& r) { return kTable || r.kind == Ref::kRow || r.kind == Ref::kEntry; }
  void wait_for(Open& o, const Ref& r) {
    if (matters(r)) o.pending.push_back(r);
  }
  void paid_at(const Ref& r) {
    if (matters(r)) blocks_.paid_at(r);
  }
  void set_target(u32 e, u32 pc) {
    if constexpr (!kTable) return;
    at(e).delta_pc = static_cast<i32>(pc) - static_cast<i32>(entry_pcs_[e]);
    at(e).delta_side = side_bytes(e, count_);
  }
  u32 next_entry() const { return count_; }
  void need_room(u32 slots) {
    if (slots > max_operands) max_operands = slots;
  }
  void close_block() {
    if (found_here_) found_rest = blocks_.count() - found_at_;
    found_here_ = false;
    blocks_.close([this](const Ref& r, u32 cost) {
      switch (r.kind) {
        case Ref::kEntry: entry_cost = cost; break;
        case Ref::kTaken: at(r.index).cost_taken = cost; break;
        case Ref::kNext: at(r.index).cost_next = cost; break;
        case Ref::kRow: rows_[r.index].cost = cost; break;
      }
    });
  }
  /// The end of a label: falls through `e`, and everything pending lands behind it.
  template <class W>
  void join(W& w, Open& o, u32 e) {
    close_block();
    paid_at({Ref::kNext, e});
    if (o.if_entry != kNone) wait_for(o, {Ref::kTaken, o.if_entry});
    for (const Ref& r : o.pending) {
      if (r.kind == Ref::kTaken) {
        set_target(r.index, w.pc());
      } else {
        rows_[r.index].target_pc = w.pc();
        rows_[r.index].target_st = count_;
      }
      paid_at(r);
    }
  }
  void finish(wasm::Label& label, Open& o) {
    const u32 e = emit();
    at(e).keep = wasm::slots_of(label.results());
    for (const Ref& r : o.pending) {
      if (r.kind == Ref::kTaken) {
        at(r.index).delta_pc = static_cast<i32>(op_pc_) - static_cast<i32>(entry_pcs_[r.index]);
        at(r.index).delta_side = side_bytes(r.index, e);
        at(r.index).cost_taken = 1;
      } else {
        rows_[r.index].target_pc = op_pc_;
        rows_[r.index].target_st = e;
        rows_[r.index].cost = 1;
        rows_[r.index].leaves = true;
      }
    }
    close_block();
    if (body_) body_[op_pc_] = static_cast<u8>(wasm::op_info(wasm::Op::return_).code);
    for (u32 i : order_) handlers.push_back(rows_[i]);
  }

  template <class W>
  void rewrite_before(W& w, wasm::Op op, u32 pc) {
    using wasm::Op;
    switch (op) {
      case Op::local_get:
        if (mapped_) body_[pc] = interp::kLocalGetMap;
        break;
      case Op::local_set:
        if (mapped_) body_[pc] = interp::kLocalSetMap;
        break;
      case Op::local_tee:
        if (mapped_) body_[pc] = interp::kLocalTeeMap;
        break;
      case Op::drop:
        if (w.operand(0).is_v128()) body_[pc] = interp::kDropWide;
        break;
      case Op::select:
        if (w.operand(1).is_v128()) body_[pc] = interp::kSelectWide;
        break;
      case Op::select_t:
        if (w.operand(1).is_v128()) body_[pc] = interp::kSelectTypedWide;
        break;
      case Op::global_set:
        if (w.operand(0).is_v128()) body_[pc] = interp::kGlobalSetWide;
        break;
      default: break;
    }
  }

  u8* body_;
  u32 locate_pc_;
  u64 room_;
  bool mapped_ = false;
  bool last_live_ = false;
  u32 op_pc_ = 0;
  usize instr_count_ = 0, locals_ = 0;
  u32 count_ = 0;  ///< entries
  runtime::SideEntry nobodys_{};
  u32 found_at_ = 0;
  bool found_here_ = false;
  u32 call_entry_ = kNone;
  u32 clause_begin_ = 0;
  FuelBlocks<Ref> blocks_;
  std::vector<Open> open_;
  usize most_open_ = 1;
  std::vector<u32> entry_pcs_;
  std::vector<runtime::HandlerRow> rows_;
  std::vector<u32> order_;
};

using SideTableSink = BasicSideTableSink<true>;
using ShapeSink = BasicSideTableSink<false>;

}  // namespace dewar::exec
