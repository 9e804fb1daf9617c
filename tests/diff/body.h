// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes one valid function body. It keeps the types on the operand stack as the validator would, chooses an opcode,
// makes its operands from what lies on the stack or anew, and emits it. Invariants: what is emitted so far is valid;
// every backward branch counts down a counter of its own, so the code ends; `cost_` bounds what a call executes as long
// as nothing careless happens.
#pragma once

#include "base/leb128.h"
#include "diff/plan.h"

namespace dewar::diff {

class Body {
 public:
  Body(Plan& plan, Dice& dice, u32 func) : plan_(plan), dice_(dice), func_(func), type_(plan.type_of_func(func)) {}

  /// `size` = about how many choices to make.
  DraftFunc make(u32 size);
  /// Estimated instructions of a call of what was made.
  u64 cost() const { return cost_; }

 private:
  using Types = std::vector<ValType>;
  struct Label {
    Op kind;
    Types params, results;
    usize height = 0;      ///< of the stack below the parameters
    u32 counter = 0;       ///< loop: local that bounds its backward branches
    bool catches = false;  ///< an exception thrown inside does not leave the function
    const Types& branch_types() const { return kind == Op::loop ? params : results; }
  };

  // body.cpp: bytes, stack, choices
  void op(Op o);
  void u(u64 value) { base::append_u64(out_, value); }
  void op_u(Op o, u64 value) { op(o), u(value); }
  void i32_const(u32 value) { op(Op::i32_const), base::append_s32(out_, static_cast<i32>(value)); }
  void i64_const(u64 value) { op(Op::i64_const), base::append_s64(out_, static_cast<i64>(value)); }
  void fixed(u64 value, u32 bytes) {
    for (u32 i = 0; i < bytes; ++i) out_.push_back(static_cast<u8>(value >> (8 * i)));
  }
  void index_const(u64 value, bool is64) { is64 ? i64_const(value) : i32_const(static_cast<u32>(value)); }
  void constant(ValType type);
  void push(ValType t) { stack_.push_back(t); }
  void pop(usize n) { stack_.resize(stack_.size() - n); }
  usize available() const { return stack_.size() - labels_.back().height; }
  /// `times`: for what comes up rarely.
  bool danger(u32 times = 1) { return dice_.below(1000) < plan_.danger * times; }
  u32 new_local(ValType type, bool readable);
  u32 scratch(ValType type);
  u32 some_local(ValType type, bool writable);
  /// A local that holds an index of at most `bound`, and that other code only reads.
  struct Pointer {
    u32 local;
    u64 bound;
    bool is64;
  };
  void make_pointer(bool is64);
  void move_pointer();
  /// Puts a value of the type on the stack (and into stack_); a reference type must have a value.
  void value(ValType type, u32 depth = 0);
  void number(ValType type, u32 depth);
  void reference(ValType type, u32 depth);
  /// Emits values so that the stack ends with these types, using what is there if `reuse`.
  void operands(std::span<const ValType> types, u32 depth = 0, bool reuse = true);
  void pop_to_local_or_drop();
  void statements(u32 count);
  bool statement();
  bool special(Op o);
  /// Makes the stack of the innermost label exactly its results, whatever it is now.
  void finish(const Types& types);
  void make_unreachable();
  void simple(Op o, u32 depth);
  bool careful_operand(Op o, u32 depth);
  void shuffle_lanes();
  void keep_locals();
  void canonical_nan(Op o);
  bool simple_wanted(Op o) const;

  // body_memory.cpp: memories, tables, globals, locals
  /// An index in [0, max], as a constant or computed; into bytes only.
  void index_up_to(u64 max, bool is64, u64 align = 1);
  bool memory_operand(Op o, u64& offset, u32& memory);
  bool memory_access(Op o, u32 depth);
  bool memory_bulk(Op o);
  bool table_op(Op o);
  bool variable_op(Op o);
  void exchange_locals();
  u32 pick_table(ValType elem);

  // body_control.cpp
  bool control_op(Op o);
  bool call_op(Op o);
  bool exception_op(Op o);
  bool legacy_op(Op o);
  void begin_handler(Op kind, const Types& payload);
  bool rethrow_out();
  bool rethrow_again();
  void block_type(std::span<const ValType> params, std::span<const ValType> results);
  Types some_results();
  void open(Op kind, Types params, Types results);
  void close();
  void nested(Op kind, u32 size);
  void back_edge(u32 depth);
  void condition();
  bool loop_fits(u32 trips) const { return mult_ * trips <= 64; }
  bool call_fits(u64 callee) const { return cost_ + mult_ * callee < kMaxCost; }
  bool branch(Op o);
  bool branch_table();
  u32 some_callee(bool tail);
  void recursion_guard();
  u32 catching() const;

  // body_gc.cpp
  bool reference_op(Op o);
  bool gc_op(Op o);
  bool array_op(Op o);
  bool branch_on_reference(Op o);
  bool cast_op(Op o);
  /// A reference of exactly this heap type that is not null, unless the code is careless.
  void object(ValType type, u32 depth);
  u32 func_of_type(u32 type);
  ValType cast_target();

  static constexpr u64 kMaxCost = 6000;
  static constexpr u32 kNone = ~u32{0};

  Plan& plan_;
  Dice& dice_;
  const u32 func_;
  const wasm::SubType type_;  ///< a copy: the plan's types move
  Code out_;
  Types locals_;                           ///< parameters included
  std::vector<bool> readable_, writable_;  ///< by code that chooses a local by chance
  std::array<u32, 8> scratch_{};
  std::vector<Pointer> pointers_;
  Types stack_;
  std::vector<Label> labels_;
  bool dead_ = false;
  u32 budget_ = 0;
  u32 most_operands_ = 12;  ///< of the innermost block, between choices
  u64 mult_ = 1;            ///< product of the trips of the loops around
  u64 cost_ = 0;
  u32 recursion_ = kNone;  ///< local that counts the depth left for a call of itself
};

}  // namespace dewar::diff
