// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the walker says, handed to the Compiler: the only templates between them.
#pragma once

#include <array>

#include "exec/baseline/compiler.h"

namespace dewar::exec::baseline {

class CompileSink : public wasm::NullSink {
 public:
  static constexpr bool kWantSlots = true;
  static constexpr bool kWantLocals = true;
  static constexpr bool kBounded = true;
  static constexpr bool kTakesCommon = true;

  explicit CompileSink(Compiler& compiler) : c_(compiler) {}
  bool full() const { return c_.m().error() != CodeError::kNone || c_.needs_wide_charges() || c_.has_seen(); }

  template <class W>
  void begin(W& w, u32 pc) {
    c_.begin(pc, w.locals());
  }

  template <class W>
  void op(W& w, wasm::Op op, u32 pc) {
    live_ = w.live();
    instr_.op = op;
    instr_.pc = instr_.last = pc;
    instr_.slots = w.slots();
    if (!live_) return;
    c_.mark(CodeMark::Kind::instruction, pc);
    if (op == wasm::Op::loop) c_.close_block();
    c_.executes();
    instr_.last = pc + opcode_bytes(c_.immediates_at(pc)) - 1;
    if (op == wasm::Op::select || op == wasm::Op::select_t) instr_.rep = rep_of(w.operand(1));
  }

  template <class W>
  void after(W& w, wasm::Op op, u32) {
    using wasm::Op;
    if (w.depth() != 0) c_.need_room(w.slots());
    if (!live_) return;
    if (DEWAR_LIKELY(!kHasHook[static_cast<usize>(op)])) return c_.instruction(instr_);
    switch (op) {
      case Op::br_table: c_.branch_table(instr_); return;
      case Op::unreachable:
      case Op::throw_:
      case Op::throw_ref: c_.nothing_follows(instr_); return;
      case Op::rethrow: {
        base::Cursor c(w.module().slice(w.module().funcs[w.func().value].body));
        c.seek(instr_.pc + 1);
        const u32 depth = c.leb_u32();
        c_.count_entry();
        c_.rethrow(instr_, w.label(depth));
        return;
      }
      default: break;
    }
    DEWAR_ASSERT(!ends_block(op) || !c_.in_block(), "a fuel block goes on where one has to end");
  }

  // ---- straight-line code, told of at once ----
  bool takes_common() const { return !c_.lists_marks(); }
  void common_local_get(u32 slots, u32 local) { c_.local_get(slots, local); }
  void common_local_set(u32 slots, u32 local, bool tee) { c_.local_set(slots, local, tee); }
  void common_const(u32 slots, wasm::ValType type, u64 bits) { c_.constant(slots, rep_of(type), bits); }
  void common_numeric(u32 slots, wasm::Op op, u32 pc) { c_.numeric(slots, op, pc); }
  void common_const_numeric(u32 slots, wasm::ValType type, u64 bits, wasm::Op op, u32 pc) {
    c_.const_numeric(slots, rep_of(type), bits, op, pc);
  }
  void common_local_const_numeric(u32 slots, u32 local, wasm::ValType type, u64 bits, wasm::Op op, u32 pc) {
    c_.local_const_numeric(slots, local, rep_of(type), bits, op, pc);
  }
  void common_local_load(u32 slots, u32 local, wasm::Op op, u32 pc, u32 offset) {
    c_.local_load(slots, local, op, pc, offset);
  }
  void common_access(u32 slots, wasm::Op op, u32 pc, u32 offset) { c_.access(slots, op, pc, offset); }
  void common_drop() { c_.drop(); }
  void common_global_get(u32 slots, u32 index, wasm::ValType type) { c_.global_get(slots, index, rep_of(type)); }
  void common_global_set(u32 slots, u32 index) { c_.global_set(slots, index); }
  void common_select(u32 slots, wasm::ValType type, u32 pc) { c_.select(slots, rep_of(type), pc); }
  void common_done(u32 count, u32 most_slots) {
    c_.executes(count);
    c_.need_room(most_slots);
  }
  // Control: after common_done(). `slots` are those before the instruction, as pc is its own.
  void common_open(const wasm::Label& label, u32 slots, u32 next_pc) {
    if (label.kind == wasm::Op::loop) c_.close_block();
    c_.executes();
    if (label.kind != wasm::Op::block) c_.count_entry();
    c_.open_block(label, plain(label.kind, label.pc, slots), next_pc);
  }
  void common_end(const wasm::Label& label, u32 pc, u32 slots, u32 next_pc) {
    c_.executes(!label.unreachable);
    c_.count_entry();
    c_.end_block(label, plain(wasm::Op::end, pc, slots), !label.unreachable, next_pc);
  }
  void common_branch(const wasm::Label& target, wasm::Op op, u32 depth, u32 pc, u32 slots, u32 values_end,
                     u32 next_pc) {
    c_.executes();
    c_.count_entry();
    c_.branch(target, plain(op, pc, slots), depth, values_end, next_pc);
  }
  void common_call(u32 index, u32 pc, u32 slots, u32 args_at, u32 result_slots, u32 next_pc) {
    c_.executes();
    c_.count_entry();
    c_.call(plain(wasm::Op::call, pc, slots), index, args_at, result_slots, next_pc);
  }

  template <class W>
  void open(W& w, wasm::Label& label) {
    if (label.dead) return c_.open_dead();
    if (label.kind == wasm::Op::loop || label.kind == wasm::Op::if_) c_.count_entry();
    c_.open_block(label, instr_, w.pc());
  }
  template <class W>
  void on_else(W& w, wasm::Label& label) {
    if (label.dead) return;
    c_.count_entry();
    c_.else_part(label, instr_, live_, w.pc());
  }
  template <class W>
  void on_end(W& w, wasm::Label& label) {
    if (label.kind == wasm::Op::kCount || !label.dead) c_.count_entry();
    if (label.kind == wasm::Op::kCount) return c_.end_function(instr_, live_);
    if (label.dead) return c_.close_dead();
    c_.end_block(label, instr_, live_, w.pc());
  }
  template <class W>
  void on_legacy_catch(W& w, wasm::Label& label, u32 tag) {
    if (label.dead) return;
    c_.count_entry();
    c_.count_row();
    const wasm::Module& m = w.module();
    const u32 payload = tag == ~u32{0} ? 0 : wasm::slots_of(m.types[m.tags[tag].value].params);
    c_.catch_part(label, instr_, live_, payload, w.pc());
  }
  template <class W>
  void on_delegate(W& w, wasm::Label& label, u32) {
    if (label.dead) return c_.close_dead();
    c_.count_entry();
    c_.count_row();
    c_.end_block(label, instr_, live_, w.pc());
  }
  template <class W>
  void branch(W& w, wasm::Op op, u32 depth, u32 slots) {
    if (!live_) return;
    c_.count_entry();
    if (op == wasm::Op::br_table) return c_.table_target(w.label(depth), depth);
    c_.branch(w.label(depth), instr_, depth, slots, w.pc());
  }
  template <class W>
  void on_call(W& w, wasm::Op op, const wasm::SubType& type, u32 index) {
    using wasm::Op;
    if (!live_) return;
    if (op == Op::call || op == Op::call_indirect || op == Op::call_ref) {
      c_.count_entry();
      return c_.call(instr_, index, w.slots(), wasm::slots_of(type.results), w.pc());
    }
    // A host function called in tail position leaves its results on this frame's operands before they are returned.
    c_.need_room(w.slots() + wasm::slots_of(type.results));
    c_.tail_call(instr_);
  }
  template <class W>
  void on_return(W&) {
    if (!live_) return;
    c_.count_entry();
    c_.return_values(instr_);
  }
  template <class W>
  void on_catch_clause(W& w, u8, u32, u32 depth) {
    const wasm::Label& target = w.label(depth);
    c_.count_row();
    c_.need_room(target.slots + wasm::slots_of(target.branch_types()));
    if (live_) c_.catch_clause(target, depth);
  }

 private:
  /// Is it told by another hook than after()?
  static constexpr auto kHasHook = [] {
    std::array<bool, wasm::kOpCount> table{};
    for (usize i = 0; i < wasm::kOpCount; ++i) table[i] = ends_block(static_cast<wasm::Op>(i));
    for (const wasm::Op op : {wasm::Op::block, wasm::Op::loop, wasm::Op::if_, wasm::Op::try_})
      table[static_cast<usize>(op)] = true;
    return table;
  }();
  /// An instruction with an opcode of one byte.
  static Instr plain(wasm::Op op, u32 pc, u32 slots) { return {.op = op, .pc = pc, .last = pc, .slots = slots}; }
  static u32 opcode_bytes(const u8* at) {
    if (DEWAR_LIKELY(at[0] < 0xfb || at[0] == 0xff)) return 1;
    u32 bytes = 2;
    while (at[bytes - 1] & 0x80) ++bytes;
    return bytes;
  }

  Compiler& c_;
  Instr instr_;
  bool live_ = false;
};

}  // namespace dewar::exec::baseline
