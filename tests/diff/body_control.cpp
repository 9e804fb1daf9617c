// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Blocks, branches, calls, exceptions.
#include <algorithm>

#include "diff/body.h"
#include "wasm/instr_writer.h"

namespace dewar::diff {

using wasm::kExnRef;
using wasm::kI32;

void Body::block_type(std::span<const ValType> params, std::span<const ValType> results) {
  if (params.empty() && results.empty() && dice_.chance(90)) return out_.push_back(0x40);
  if (params.empty() && results.size() == 1 && dice_.chance(90)) return wasm::write_val_type(out_, results[0]);
  base::append_s33(out_, plan_.func_type(params, results));
}

Body::Types Body::some_results() {
  static constexpr u32 kCounts[] = {0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 5};
  Types types;
  for (u32 n = dice_.of(kCounts); n > 0; --n) types.push_back(plan_.value_type(dice_));
  return types;
}

/// Emits the opcode and block type. The parameters are on the stack.
void Body::open(Op kind, Types params, Types results) {
  op(kind);
  block_type(params, results);
  Label label{kind, std::move(params), std::move(results)};
  label.height = stack_.size() - label.params.size();
  std::copy(label.params.begin(), label.params.end(), stack_.begin() + static_cast<i64>(label.height));
  labels_.push_back(std::move(label));
  dead_ = false;  // a block in dead code is typed as if it were not
}

/// Emits `end`. The stack holds the results.
void Body::close() {
  op(Op::end);
  Label label = std::move(labels_.back());
  labels_.pop_back();
  stack_.resize(label.height);
  stack_.insert(stack_.end(), label.results.begin(), label.results.end());
  dead_ = false;
}

/// The counted branch to the loop label at `depth`. Its parameters are on the stack.
void Body::back_edge(u32 depth) {
  const u32 counter = labels_[labels_.size() - 1 - depth].counter;
  op_u(Op::local_get, counter);
  if (dice_.chance(50)) {
    i32_const(1);
    op(Op::i32_sub);
  } else {
    i32_const(~u32{0});
    op(Op::i32_add);
  }
  op_u(Op::local_tee, counter);
  switch (dice_.below(3)) {
    case 0:
      i32_const(0);
      op(Op::i32_gt_s);
      break;
    case 1:
      i32_const(1);
      op(Op::i32_ge_s);
      break;
    default:
      i32_const(0);
      op(Op::i32_le_s);
      op(Op::i32_eqz);
      break;
  }
  if (labels_[labels_.size() - 1 - depth].params.empty() && dice_.chance(25)) {
    op(Op::if_);
    out_.push_back(0x40);
    op_u(Op::br, depth + 1);
    op(Op::end);
  } else {
    op_u(Op::br_if, depth);
  }
}

/// Pushes an i32 for a branch: half of the time straight from a comparison.
void Body::condition() {
  static constexpr Op kCompare[] = {Op::i32_eqz,  Op::i64_eqz,  Op::i32_eq, Op::i32_lt_s, Op::i32_gt_u, Op::i64_ne,
                                    Op::i64_le_s, Op::i64_ge_u, Op::f32_lt, Op::f32_ne,   Op::f64_eq,   Op::f64_ge,
                                    Op::f64_gt,   Op::i32_and,  Op::f32_le, Op::i64_lt_u, Op::i32_ge_u, Op::i32_ne};
  dice_.chance(50) ? simple(dice_.of(kCompare), 1) : value(kI32, 0);
}

/// A block, loop or if with parameters from the stack and a body of about `size` choices.
void Body::nested(Op kind, u32 size) {
  u32 trips = 1, counter = 0;
  if (kind == Op::loop) {
    trips = dice_.chance(10) ? dice_.between(8, 20) : dice_.between(1, 4);
    if (!loop_fits(trips)) kind = Op::block, trips = 1;
  }
  const usize count = std::min<usize>(available(), dice_.below(4));
  const Types params(stack_.end() - static_cast<i64>(count), stack_.end());
  Types results = some_results();
  if (dice_.chance(20)) results = params;
  if (kind == Op::loop) {
    counter = new_local(kI32, true);
    i32_const(trips);
    op_u(Op::local_set, counter);
    pointers_.push_back({counter, 31, false});
  }
  if (kind == Op::if_) {
    condition();
    pop(1);
  }
  open(kind, params, results);
  if (kind == Op::loop) {
    labels_.back().counter = counter;
    mult_ *= trips;
  }
  statements(size);
  if (kind == Op::loop) {
    if (!dead_) {
      operands(params);
      back_edge(0);
      std::copy(params.begin(), params.end(), stack_.end() - static_cast<i64>(params.size()));
    }
    mult_ /= trips;
  }
  finish(results);
  if (kind == Op::if_ && (params != results || dice_.chance(70))) {
    op(Op::else_);
    stack_.resize(labels_.back().height);
    stack_.insert(stack_.end(), params.begin(), params.end());
    dead_ = false;
    statements(size / 2 + 1);
    finish(results);
  }
  close();
}

bool Body::branch(Op o) {
  const u32 depth = dice_.below(labels_.size());
  const Label& target = labels_[labels_.size() - 1 - depth];
  const Types types = target.branch_types();
  operands(types);
  if (target.kind == Op::loop) {
    back_edge(depth);
    std::copy(types.begin(), types.end(), stack_.end() - static_cast<i64>(types.size()));
    return true;
  }
  if (o == Op::br_if) {
    condition();
    pop(1);
  }
  op_u(o, depth);
  if (o == Op::br_if) {
    std::copy(types.begin(), types.end(), stack_.end() - static_cast<i64>(types.size()));
  } else {
    make_unreachable();
  }
  return true;
}

bool Body::branch_table() {
  const u32 depth = dice_.below(labels_.size());
  const Label& target = labels_[labels_.size() - 1 - depth];
  if (target.kind == Op::loop) return false;
  const Types types = target.branch_types();
  std::vector<u32> same;
  for (u32 d = 0; d < labels_.size(); ++d) {
    const Label& other = labels_[labels_.size() - 1 - d];
    if (other.kind != Op::loop && other.branch_types() == types) same.push_back(d);
  }
  operands(types);
  const u32 count = dice_.chance(5) ? 150 : dice_.below(12);
  if (dice_.chance(30)) {
    // By way of 64 bits, the upper ones of which must not count.
    value(wasm::kI64, 0);
    pop(1);
    i64_const(dice_.next() << 32 | 7);
    op(dice_.chance(50) ? Op::i64_and : Op::i64_or);
    op(Op::i32_wrap_i64);
  } else {
    value(kI32, 0);
    pop(1);
  }
  if (dice_.chance(30)) {
    i32_const(7);
    op(Op::i32_and);
  }
  op_u(Op::br_table, count);
  for (u32 i = 0; i <= count; ++i) u(dice_.of(same));
  make_unreachable();
  return true;
}

bool Body::control_op(Op o) {
  const u32 size = dice_.between(2, 10);
  switch (o) {
    case Op::unreachable:
      if (!dead_ && !danger()) return false;
      op(o);
      make_unreachable();
      return true;
    case Op::block:
    case Op::loop:
    case Op::if_:
      if (labels_.size() > 7) return false;
      nested(o, size);
      return true;
    case Op::br:
    case Op::return_:
      // Leaving is rare, so that most of a body is reached; inside an arm of an if it does less harm.
      if (!dice_.chance(labels_.back().kind == Op::if_ ? 60 : 15)) return false;
      if (o == Op::br) return branch(o);
      operands(type_.results);
      op(o);
      make_unreachable();
      return true;
    case Op::br_if: return branch(o);
    case Op::br_table: return dice_.chance(40) && branch_table();
    default: return false;  // else and end come with their blocks, nop has a fixed signature
  }
}

/// When a function counts down its first parameter: returns at once when it is used up.
void Body::recursion_guard() {
  recursion_ = new_local(kI32, true);
  op_u(Op::local_get, 0);
  i32_const(dice_.chance(20) ? 31 : 3);
  op(Op::i32_and);
  op_u(Op::local_tee, recursion_);
  pointers_.push_back({recursion_, 31, false});
  op(Op::i32_eqz);
  open(Op::if_, {}, {});
  for (const ValType t : type_.results) value(t, 2);
  op(Op::return_);
  make_unreachable();
  close();
}

/// A function after this one, or an imported one, that does not cost too much. `tail`: with this function's results.
u32 Body::some_callee(bool tail) {
  const u32 count = static_cast<u32>(plan_.funcs.size()), from = dice_.below(count);
  for (u32 i = 0; i < count; ++i) {
    const u32 f = (from + i) % count;
    if (plan_.func_cost[f] == 0 || !call_fits(plan_.func_cost[f])) continue;
    if (!tail || plan_.type_of_func(f).results == type_.results) return f;
  }
  return kNone;
}

bool Body::call_op(Op o) {
  const bool tail = o == Op::return_call || o == Op::return_call_indirect || o == Op::return_call_ref;
  if (tail && !dice_.chance(30)) return false;
  u32 callee = some_callee(tail), slot = 0;
  const bool indirect = o == Op::call_indirect || o == Op::return_call_indirect;
  const bool careless = danger(4);
  bool again = false;
  if (indirect) {
    // A slot of the table whose function comes later.
    u32 found = kNone;
    for (u32 i = 0; i < plan_.call_slots.size(); ++i) {
      slot = dice_.below(plan_.call_slots.size());
      const u32 f = plan_.call_slots[slot];
      if (plan_.func_cost[f] != 0 && call_fits(plan_.func_cost[f]) &&
          (!tail || plan_.type_of_func(f).results == type_.results)) {
        found = f;
        break;
      }
    }
    callee = found;
  } else if ((o == Op::call || o == Op::return_call) && recursion_ != kNone && mult_ == 1 && call_fits(cost_ * 4)) {
    callee = func_;
    again = true;
  }
  if (callee == kNone) return false;
  if (!indirect) {
    const auto found = std::ranges::find(plan_.call_slots, callee);
    slot = found == plan_.call_slots.end() || dice_.chance(50) ? kNone
                                                               : static_cast<u32>(found - plan_.call_slots.begin());
  }
  const wasm::SubType type = plan_.type_of_func(callee);
  if (again) {
    op_u(Op::local_get, recursion_);
    i32_const(1);
    op(Op::i32_sub);
    push(kI32);
    for (usize i = 1; i < type.params.size(); ++i) value(type.params[i], 1);
    recursion_ = kNone;
    cost_ *= 4;
  } else {
    operands(type.params);
    cost_ += mult_ * plan_.func_cost[callee];
  }
  const u32 type_index = plan_.funcs[callee];
  if (indirect) {
    const bool is64 = plan_.tables[plan_.call_table].limits.is64;
    if (careless) {
      dice_.chance(50) ? index_const(dice_.below(plan_.call_slots.size()), is64)
                       : index_up_to(dice_.chance(50) ? 40 : 0xffffffff, is64);
    } else {
      // Half of the indices are made by code.
      if (dice_.chance(50)) {
        value(is64 ? wasm::kI64 : kI32, 2);
        pop(1);
        index_const(0, is64);
        op(is64 ? Op::i64_and : Op::i32_and);
        index_const(slot, is64);
        op(is64 ? Op::i64_or : Op::i32_or);
      } else {
        index_const(slot, is64);
      }
    }
    op_u(o, type_index);
    u(plan_.call_table);
  } else if (o == Op::call_ref || o == Op::return_call_ref) {
    if (careless && dice_.chance(50)) {
      op(Op::ref_null);
      base::append_s33(out_, type_index);
    } else if (slot != kNone) {
      // From the table, by a cast that holds.
      index_const(slot, plan_.tables[plan_.call_table].limits.is64);
      op_u(Op::table_get, plan_.call_table);
      op(dice_.chance(50) ? Op::ref_cast : Op::ref_cast_null);
      base::append_s33(out_, type_index);
    } else {
      op_u(Op::ref_func, callee);
    }
    op_u(o, type_index);
  } else {
    op_u(o, callee);
  }
  if (tail) {
    make_unreachable();
  } else {
    pop(type.params.size());
    for (const ValType t : type.results) push(t);
  }
  return true;
}

/// Number of labels around that catch everything thrown inside.
u32 Body::catching() const {
  u32 n = 0;
  for (const Label& l : labels_) n += l.catches;
  return n;
}

/// throw, throw_ref, try_table. Shape of the last: an outer block with the results, inside it one block per catch
/// clause that takes what the clause gives, and in the innermost the try_table. Each handler goes on to the results.
/// Some clauses name a label outside of it instead, which takes the same.
bool Body::exception_op(Op o) {
  const bool legacy = plan_.legacy_exceptions;
  if (o == Op::throw_) {
    if (plan_.tags.empty() || !dice_.chance(30)) return false;
    const u32 tag = dice_.below(plan_.tags.size());
    const Types payload = plan_.draft.types[plan_.tags[tag]].params;
    if (catching() == 0) {
      // To a caller, or out of everything: now and then, and not always.
      if (!dice_.chance(20)) return false;
      condition();
      pop(1);
      open(Op::if_, {}, {});
      for (const ValType t : payload) value(t, 1);
      op_u(o, tag);
      make_unreachable();
      close();
      return true;
    }
    operands(payload);
    op_u(o, tag);
    make_unreachable();
    return true;
  }
  if (legacy || labels_.size() > 6) return false;
  if (o == Op::throw_ref) {
    // One that is here, or null, which traps.
    if (available() > 0 && stack_.back() == kExnRef && catching() > 0) {
      op_u(Op::local_set, scratch(kExnRef));
      pop(1);
      op_u(Op::local_get, scratch(kExnRef));
      op(Op::ref_is_null);
      op(Op::i32_eqz);
      open(Op::if_, {}, {});
      op_u(Op::local_get, scratch(kExnRef));
    } else if (danger()) {
      open(Op::block, {}, {});
      value(kExnRef);
      pop(1);
    } else {
      return false;
    }
    op(o);
    make_unreachable();
    close();
    return true;
  }
  // try_table
  const Types results = some_results();
  struct Clause {
    u32 kind, tag;
    Types gives;
    usize outer = 0;  ///< depth of a label outside, and one more
  };
  std::vector<Clause> clauses;
  bool all = false;
  for (u32 n = dice_.between(1, 2); n > 0; --n) {
    Clause c{dice_.below(4), 0, {}};
    if (c.kind < 2) {
      if (plan_.tags.empty())
        c.kind += 2;
      else
        c.tag = dice_.below(plan_.tags.size());
    }
    if (c.kind < 2) c.gives = plan_.draft.types[plan_.tags[c.tag]].params;
    if (c.kind & 1) c.gives.push_back(kExnRef);
    all |= c.kind >= 2;
    for (usize depth = 0; depth < labels_.size() && c.outer == 0; ++depth) {
      const Label& label = labels_[labels_.size() - 1 - depth];
      // Around a loop nothing bounds these.
      if (label.branch_types() == c.gives && dice_.chance(label.kind == Op::loop ? 8 : 25)) c.outer = depth + 1;
    }
    clauses.push_back(std::move(c));
  }
  open(Op::block, {}, results);
  for (usize i = clauses.size(); i-- > 0;) open(Op::block, {}, clauses[i].gives);
  op(Op::try_table);
  block_type({}, results);
  u(clauses.size());
  for (u32 i = 0; i < clauses.size(); ++i) {
    u(clauses[i].kind);
    if (clauses[i].kind < 2) u(clauses[i].tag);
    u(clauses[i].outer != 0 ? clauses.size() + clauses[i].outer : i);
  }
  Label label{Op::try_table, {}, results};
  label.height = stack_.size();
  label.catches = all;
  labels_.push_back(std::move(label));
  statements(dice_.between(2, 10));
  finish(results);
  close();
  op_u(Op::br, clauses.size());
  make_unreachable();
  for (u32 i = 0; i < clauses.size(); ++i) {
    // Nothing falls into the end of this block: dead code needs no values here.
    close();
    statements(2);
    finish(results);
    if (i + 1 < clauses.size()) {
      op_u(Op::br, clauses.size() - 1 - i);
      make_unreachable();
    }
  }
  close();
  return true;
}

/// The label becomes that of a handler, which is given `payload`.
void Body::begin_handler(Op kind, const Types& payload) {
  labels_.back().kind = kind;
  labels_.back().catches = false;
  stack_.resize(labels_.back().height);
  stack_.insert(stack_.end(), payload.begin(), payload.end());
  dead_ = false;
}

/// rethrow to a handler around, if there is one and the exception stays inside of the function.
bool Body::rethrow_out() {
  if (catching() == 0 && !dice_.chance(3)) return false;
  for (u32 depth = 0; depth < labels_.size(); ++depth) {
    const Op kind = labels_[labels_.size() - 1 - depth].kind;
    if ((kind != Op::catch_ && kind != Op::catch_all) || !dice_.chance(60)) continue;
    op_u(Op::rethrow, depth);
    make_unreachable();
    return true;
  }
  return false;
}

/// An exception that is thrown, caught, thrown again and caught for good.
bool Body::rethrow_again() {
  if (labels_.size() > 6 || plan_.tags.empty()) return false;
  const u32 tag = dice_.below(plan_.tags.size());
  const Types payload = plan_.draft.types[plan_.tags[tag]].params;
  open(Op::try_, {}, {});
  labels_.back().catches = true;
  open(Op::try_, {}, {});
  for (const ValType t : payload) value(t, 1);
  op_u(Op::throw_, tag);
  make_unreachable();
  op_u(Op::catch_, tag);
  begin_handler(Op::catch_, payload);
  statements(2);
  if (!dead_) {
    op_u(Op::rethrow, 0);
    make_unreachable();
  }
  finish({});
  close();
  finish({});
  op(Op::catch_all);
  begin_handler(Op::catch_all, {});
  close();
  return true;
}

/// try with catch, catch_all or delegate, and rethrow inside a catch.
bool Body::legacy_op(Op o) {
  if (!plan_.legacy_exceptions) return false;
  if (o == Op::rethrow) return dice_.chance(50) ? rethrow_out() : rethrow_again();
  if (labels_.size() > 7) return false;
  const usize count = std::min<usize>(available(), dice_.below(3));
  const Types params(stack_.end() - static_cast<i64>(count), stack_.end());
  const Types results = some_results();
  const bool delegates = o == Op::delegate;
  const bool all = o == Op::catch_all || (o == Op::try_ && dice_.chance(50));
  open(Op::try_, params, results);
  labels_.back().catches = all || delegates;
  statements(dice_.between(2, 10));
  finish(results);
  if (delegates) {
    const u32 depth = dice_.below(labels_.size() - 1);
    op_u(Op::delegate, depth);
    const usize height = labels_.back().height;
    labels_.pop_back();
    stack_.resize(height);
    stack_.insert(stack_.end(), results.begin(), results.end());
    dead_ = false;
    return true;
  }
  const auto handler = [&](Op kind, const Types& payload) {
    begin_handler(kind, payload);
    statements(3);
    finish(results);
  };
  if (!plan_.tags.empty() && !(o == Op::catch_all && dice_.chance(50))) {
    const u32 tag = dice_.below(plan_.tags.size());
    op_u(Op::catch_, tag);
    handler(Op::catch_, plan_.draft.types[plan_.tags[tag]].params);
  }
  if (all || plan_.tags.empty()) {
    op(Op::catch_all);
    handler(Op::catch_all, {});
  }
  close();
  return true;
}

}  // namespace dewar::diff
