// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Control instructions of the body walker: labels, branches, calls, exceptions (spec 3.3.8; legacy exceptions as in the
// archived exception-handling proposal). Included by walker.h.
#pragma once

#include "wasm/walker.h"

namespace dewar::wasm {

template <class Sink>
bool Walker<Sink>::read_block_type(Label& label) {
  switch (c_.peek()) {
    case 0x40: c_.byte(); return true;
    case 0x7f:
      c_.byte();
      label.single = kI32;
      return true;
    case 0x7e:
      c_.byte();
      label.single = kI64;
      return true;
    case 0x7d:
      c_.byte();
      label.single = kF32;
      return true;
    case 0x7c:
      c_.byte();
      label.single = kF64;
      return true;
    default: break;
  }
  base::Cursor ahead = c_;
  const i64 index = ahead.leb_s33();
  if (ahead.ok() && index >= 0) {
    c_ = ahead;
    if (static_cast<u64>(index) >= m_.types.size()) return invalid("unknown type");
    if (!m_.features.has(Feature::multi_value)) {
      return fail_with(feature_off("a block type by index", Feature::multi_value, c_.pos()));
    }
    label.type = &m_.types[static_cast<usize>(index)];
    return label.type->kind == CompositeKind::func || invalid("block type is not a function type");
  }
  return read_val_type(label.single);
}

template <class Sink>
bool Walker<Sink>::push_label(Op kind, u32 pc, Label& label) {
  if (!go_on()) return false;
  if (labels_.size() >= kMaxNesting) return error("wasm-limit", "blocks nested too deeply");
  const auto params = label.type ? std::span<const ValType>(label.type->params) : std::span<const ValType>{};
  if (!pop(params)) return false;
  label.kind = kind;
  label.pc = pc;
  label.dead = top_->dead || top_->unreachable;
  label.height = static_cast<u32>(sp_ - stack_.data());
  label.wide = wide_;
  label.slots = slots();
  label.inits = static_cast<u32>(init_log_.size());
  labels_.push_back(label);
  top_ = &labels_.back();
  floor_ = sp_;
  push(params);
  return true;
}

template <class Sink>
bool Walker<Sink>::check_label_end(std::span<const ValType> results) {
  if (!pop(results)) return false;
  return sp_ == floor_ || invalid("type mismatch: values remain on the stack at the end of the block");
}

template <class Sink>
void Walker<Sink>::undo_inits(u32 to) {
  while (init_log_.size() > to) {
    const u32 i = init_log_.back();
    (i < local_set_.size() ? local_set_[i] : far_set_[i]) = 0;
    init_log_.pop_back();
  }
}

/// After labels_.pop_back(): makes the next label the innermost.
template <class Sink>
void Walker<Sink>::pop_label_state() {
  top_ = labels_.empty() ? nullptr : &labels_.back();
  floor_ = stack_.data() + (top_ ? top_->height : 0);
}

template <class Sink>
bool Walker<Sink>::step_block(Op op, u32 pc) {
  Label label;
  if (!read_block_type(label)) return false;
  if (op == Op::if_ && !pop(kI32)) return false;
  if (!push_label(op, pc, label)) return false;
  sink_.open(*this, *top_);
  return true;
}

template <class Sink>
bool Walker<Sink>::step_else() {
  if (top_->kind != Op::if_) return malformed("else without if");
  if (!check_label_end(top_->results())) return false;
  sink_.on_else(*this, *top_);
  undo_inits(top_->inits);
  top_->kind = Op::else_;
  top_->unreachable = false;
  if constexpr (Sink::kWantSlots) wide_ = top_->wide;
  push(top_->params());
  return true;
}

template <class Sink>
bool Walker<Sink>::step_end() {
  if (!check_label_end(top_->results())) return false;
  if (top_->kind == Op::if_) {
    // An `if` without `else`: the missing arm passes the parameters through.
    const auto params = top_->params(), results = top_->results();
    if (params.size() != results.size()) return invalid("type mismatch: if without else must not change the stack");
    for (usize i = 0; i < params.size(); ++i)
      if (!type_matches(params[i], results[i])) return invalid("type mismatch in if without else");
  }
  Label closed = *top_;
  undo_inits(closed.inits);
  if constexpr (Sink::kWantSlots) {
    wide_ = closed.wide;
    hidden_ -= closed.kind == Op::catch_ || closed.kind == Op::catch_all;
  }
  labels_.pop_back();
  pop_label_state();
  if (!top_) {
    done_ = true;
  } else {
    push(closed.results());
  }
  sink_.on_end(*this, closed);
  return true;
}

template <class Sink>
bool Walker<Sink>::step_branch(Op op) {
  u32 depth;
  if (op == Op::br || op == Op::br_if) {
    if (!label_index(depth)) return false;
    if (op == Op::br_if && !pop(kI32)) return false;
    const auto types = label(depth).branch_types();
    if (op == Op::br) {
      // The values' own types matter only for matching, so popping them is enough.
      const u32 at = slots();
      if (!pop(types)) return false;
      sink_.branch(*this, op, depth, at);
      set_unreachable();
      return true;
    }
    const u32 at = slots();
    if (!pop(types)) return false;
    push(types);
    sink_.branch(*this, op, depth, at);
    return true;
  }
  // br_on_null, br_on_non_null
  if (!label_index(depth)) return false;
  auto types = label(depth).branch_types();
  ValType ref;
  if (op == Op::br_on_null) {
    if (!pop_ref(ref)) return false;
    const u32 at = slots();
    if (!pop(types)) return false;
    push(types);
    sink_.branch(*this, op, depth, at);
    push(ref.with_null(false));
    return true;
  }
  if (types.empty() || !types.back().is_ref()) return invalid("type mismatch: label does not take a reference");
  const u32 at = slots();
  if (!pop_ref(ref)) return false;
  if (!type_matches(ref.with_null(false), types.back())) return invalid("type mismatch");
  types = types.first(types.size() - 1);
  if (!pop(types)) return false;
  push(types);
  sink_.branch(*this, op, depth, at);
  return true;
}

template <class Sink>
bool Walker<Sink>::step_br_table() {
  const u32 count = c_.leb_u32();
  if (!c_.ok()) return false;
  if (count > kMaxBrTable) return error("wasm-limit", "br_table has too many labels");
  if (count >= c_.remaining()) return malformed("unexpected end of br_table");
  if (!go_on()) return false;
  if (!pop(kI32)) return false;
  sink_.on_br_table(*this, count);
  const u32 at = slots();
  const u32 stamp = static_cast<u32>(c_.pos());
  usize arity = 0;
  for (u32 i = 0; i <= count; ++i) {
    u32 depth;
    if (!label_index(depth)) return false;
    if (!c_.ok()) return false;
    Label& target = label(depth);
    if (target.br_table_stamp != stamp) {
      // Each label once: a table can name one label with a thousand results 65,520 times.
      target.br_table_stamp = stamp;
      const auto types = target.branch_types();
      if (i == 0) arity = types.size();
      if (types.size() != arity) return invalid("type mismatch: labels of br_table differ in arity");
      if (!peek(types)) return false;
    }
    sink_.branch(*this, Op::br_table, depth, at);
  }
  set_unreachable();
  return true;
}

template <class Sink>
bool Walker<Sink>::step_br_on_cast(Op op) {
  const u8 flags = c_.byte();
  if (flags > 3) return malformed("malformed br_on_cast flags");
  u32 depth;
  if (!label_index(depth)) return false;
  ValType from, to;
  if (!read_heap_type(from) || !read_heap_type(to)) return false;
  from = from.with_null(flags & 1);
  to = to.with_null(flags & 2);
  if (!matches(m_, to, from)) return invalid("type mismatch: cast target is not a subtype of its source");
  const ValType diff = to.nullable() ? from.with_null(false) : from;
  const ValType taken = op == Op::br_on_cast ? to : diff;
  const ValType kept = op == Op::br_on_cast ? diff : to;
  auto types = label(depth).branch_types();
  if (types.empty()) return invalid("type mismatch: label takes no value");
  if (!type_matches(taken, types.back())) return invalid("type mismatch: label does not take the cast value");
  types = types.first(types.size() - 1);
  const u32 at = slots();
  if (!pop(from) || !pop(types)) return false;
  push(types);
  sink_.branch(*this, op, depth, at);
  push(kept);
  return true;
}

template <class Sink>
bool Walker<Sink>::tail_results(const SubType& callee) {
  const auto mine = m_.func_type(func_).results;
  if (callee.results.size() != mine.size()) return invalid("type mismatch: tail call results differ");
  for (usize i = 0; i < mine.size(); ++i)
    if (!type_matches(callee.results[i], mine[i])) return invalid("type mismatch: tail call results differ");
  return true;
}

template <class Sink>
bool Walker<Sink>::step_call(Op op) {
  if (!go_on()) return false;
  const SubType* type = nullptr;
  u32 index = 0;
  switch (op) {
    case Op::call:
    case Op::return_call:
      index = c_.leb_u32();
      if (index >= m_.funcs.size()) return invalid("unknown function");
      type = &m_.func_type(FuncIndex{index});
      break;
    case Op::call_indirect:
    case Op::return_call_indirect: {
      if (!type_index(type, CompositeKind::func, index)) return false;
      const TableType* table = nullptr;
      if (!table_index(table)) return false;
      if (!matches(m_, table->elem, kFuncRef))
        return invalid("type mismatch: call_indirect needs a table of functions");
      if (!pop(table->limits.is64 ? kI64 : kI32)) return false;
      break;
    }
    default:  // call_ref, return_call_ref
      if (!type_index(type, CompositeKind::func, index)) return false;
      if (!pop(ValType::ref(TypeIndex{index}, true))) return false;
      break;
  }
  if (!pop(type->params)) return false;
  const bool tail = op == Op::return_call || op == Op::return_call_indirect || op == Op::return_call_ref;
  if (tail) {
    if (!tail_results(*type)) return false;
    sink_.on_call(*this, op, *type, index);
    set_unreachable();
    return true;
  }
  sink_.on_call(*this, op, *type, index);
  push(type->results);
  return true;
}

template <class Sink>
bool Walker<Sink>::step_try_table(u32 pc) {
  Label label;
  if (!read_block_type(label)) return false;
  const u32 count = c_.leb_u32();
  if (!c_.ok()) return false;
  if (count > kMaxTryTableCatches) return error("wasm-limit", "try_table has too many catch clauses");
  for (u32 i = 0; i < count; ++i) {
    const u8 kind = c_.byte();
    if (kind > 3) return malformed("malformed catch clause");
    u32 tag = ~u32{0}, depth;
    std::span<const ValType> payload;
    if (kind < 2) {
      tag = c_.leb_u32();
      if (tag >= m_.tags.size()) return invalid("unknown tag");
      payload = m_.types[m_.tags[tag].value].params;
    }
    if (!label_index(depth)) return false;
    if (!c_.ok() || !go_on_if_many(payload.size())) return false;
    const auto types = this->label(depth).branch_types();
    const bool with_ref = kind & 1;
    if (types.size() != payload.size() + with_ref) return invalid("type mismatch: label does not fit the catch clause");
    for (usize k = 0; k < payload.size(); ++k)
      if (!type_matches(payload[k], types[k])) return invalid("type mismatch in catch clause");
    if (with_ref && !type_matches(ValType::ref(Heap::exn, false), types.back()))
      return invalid("type mismatch: label does not take an exception reference");
    sink_.on_catch_clause(*this, kind, tag, depth);
  }
  if (!push_label(Op::try_table, pc, label)) return false;
  sink_.open(*this, *top_);
  return true;
}

template <class Sink>
bool Walker<Sink>::step_legacy(Op op) {
  const Op kind = top_->kind;
  if (op == Op::rethrow) {
    u32 depth;
    if (!label_index(depth)) return false;
    const Op target = label(depth).kind;
    if (target != Op::catch_ && target != Op::catch_all) return invalid("rethrow label is not a catch block");
    set_unreachable();
    return true;
  }
  if (op == Op::delegate) {
    if (kind != Op::try_) return malformed("delegate without try");
    const u32 depth = c_.leb_u32();
    if (static_cast<u64>(depth) + 1 >= labels_.size()) return invalid("unknown label");
    if (!check_label_end(top_->results())) return false;
    Label closed = *top_;
    undo_inits(closed.inits);
    if constexpr (Sink::kWantSlots) wide_ = closed.wide;
    labels_.pop_back();
    pop_label_state();
    push(closed.results());
    sink_.on_delegate(*this, closed, depth);
    return true;
  }
  // catch, catch_all
  if (!go_on()) return false;
  if (kind != Op::try_ && kind != Op::catch_) return malformed("catch without try");
  u32 tag = ~u32{0};
  std::span<const ValType> payload;
  if (op == Op::catch_) {
    tag = c_.leb_u32();
    if (tag >= m_.tags.size()) return invalid("unknown tag");
    payload = m_.types[m_.tags[tag].value].params;
  }
  if (!check_label_end(top_->results())) return false;
  sink_.on_legacy_catch(*this, *top_, tag);
  undo_inits(top_->inits);
  if constexpr (Sink::kWantSlots) {
    wide_ = top_->wide;
    hidden_ += kind == Op::try_;
  }
  top_->kind = op;
  top_->unreachable = false;
  push(payload);
  return true;
}

template <class Sink>
bool Walker<Sink>::step_control(Op op, u32 pc) {
  switch (op) {
    case Op::unreachable: set_unreachable(); return true;
    case Op::block:
    case Op::loop:
    case Op::if_:
    case Op::try_: return step_block(op, pc);
    case Op::else_: return step_else();
    case Op::end: return step_end();
    case Op::br:
    case Op::br_if:
    case Op::br_on_null:
    case Op::br_on_non_null: return step_branch(op);
    case Op::br_table: return step_br_table();
    case Op::br_on_cast:
    case Op::br_on_cast_fail: return step_br_on_cast(op);
    case Op::return_:
      if (!pop(m_.func_type(func_).results)) return false;
      sink_.on_return(*this);
      set_unreachable();
      return true;
    case Op::try_table: return step_try_table(pc);
    case Op::throw_: {
      const u32 tag = c_.leb_u32();
      if (tag >= m_.tags.size()) return invalid("unknown tag");
      if (!pop(m_.types[m_.tags[tag].value].params)) return false;
      set_unreachable();
      return true;
    }
    case Op::throw_ref:
      if (!pop(kExnRef)) return false;
      set_unreachable();
      return true;
    case Op::catch_:
    case Op::catch_all:
    case Op::delegate:
    case Op::rethrow: return step_legacy(op);
    default: return step_call(op);
  }
}

}  // namespace dewar::wasm
