// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The small compiler of random programs.
#include "emit_program.h"
#include "gtest/gtest.h"

namespace dewar::exec::baseline::test {

namespace {

/// Uses the State as docs/baseline.md says that the compiler does.
class Compiler {
 public:
  Compiler(Function& f, const Program& program) : f_(f), s_(f.state), c_(f.c), program_(program) {}

  Compiled run(usize stop_at) {
    f_.begin(program_.locals, program_.params);
    for (usize pc = 0; pc < program_.code.size(); ++pc) {
      const Instr& instr = program_.code[pc];
      if (pc == stop_at && live_) here();
      instruction(instr);
    }
    if (stop_at >= program_.code.size()) here();
    f_.stop(kReturned);
    f_.finish();
    return std::move(compiled_);
  }

 private:
  struct Block {
    const Instr* instr;
    u32 height;
    bool entered;  ///< its beginning could be reached
    Label target;
    Label other;
    bool fixed = false;
    Snapshot snapshot{};
    Snapshot at_if{};
    bool in_else = false;
  };

  void here() {
    compiled_ = look(f_);
    f_.stop(kStopped);
  }

  static Reg result_reg(const Instr& instr) { return is_float(instr.results[0]) ? Reg::xmm0 : Reg::rax; }
  static bool in_register(const Block& block) {
    return block.instr->kind != Instr::kLoop && block.instr->results.size() == 1;
  }
  static u32 carried(const Block& block) {
    return block.instr->kind == Instr::kLoop ? 0 : static_cast<u32>(block.instr->results.size());
  }

  /// Jumps to the block's label if `flags` say so, else always. Its results are on top.
  void jump(Block& block, const FlagsCond* flags) {
    s_.prepare_jump();
    const u32 count = carried(block);
    if (!block.fixed) {
      block.snapshot = s_.adopt(in_register(block) ? bit(result_reg(*block.instr)) : 0);
      block.fixed = true;
    }
    Value result;
    const bool single = in_register(block);
    if (single) result = s_.pop();
    const Value* const value = single ? &result : nullptr;
    if (count <= 1 && s_.agrees_with(block.snapshot, value)) {
      const u32 before = f_.m.position();
      s_.move_to(block.snapshot, value);
      EXPECT_EQ(f_.m.position(), before) << "states that agree need no moves";
      if (flags) {
        jump_if(f_.m, *flags, block.target);
      } else {
        f_.m.jmp(block.target);
      }
    } else {
      Label skip;
      if (flags) jump_if(f_.m, flags->negated(), skip);
      if (count > 1) s_.copy_results(count, slot_at(block.height));
      s_.move_to(block.snapshot, value);
      f_.m.jmp(block.target);
      f_.m.bind(skip);
    }
    if (single) s_.push_value(result);
  }
  /// Slot of the operand at a height. Those below the block are in their slots, so they can be walked from the top.
  u32 slot_at(u32 height) const {
    u32 slot = s_.next_slot();
    for (u32 i = 0; i < s_.height() - height; ++i) slot -= slots_of(s_.peek(i).rep);
    return slot;
  }

  /// The label's state, with its results, is that of here.
  void arrive(Block& block, const Snapshot& snapshot) {
    s_.cut(block.height);
    s_.enter(snapshot);
    if (in_register(block)) {
      s_.take_fixed(result_reg(*block.instr));
      s_.push_reg(block.instr->results[0], result_reg(*block.instr));
    } else {
      for (u32 i = 0; i < carried(block); ++i) s_.push_slot(block.instr->results[i]);
    }
  }

  void end() {
    Block& block = blocks_.back();
    const Instr& instr = *block.instr;
    if (!block.entered) {
      blocks_.pop_back();
      return;
    }
    if (instr.kind == Instr::kLoop) {
      if (!live_) s_.cut(block.height);
      blocks_.pop_back();
      return;
    }
    const bool lonely_if = instr.kind == Instr::kIf && !block.in_else;
    if (lonely_if && !block.fixed) {
      block.snapshot = block.at_if;
      block.fixed = true;
    }
    if (!block.fixed) {
      // Nobody jumps here: what there is goes on.
      if (!live_) s_.cut(block.height);
      blocks_.pop_back();
      return;
    }
    if (live_) {
      s_.next_op();
      s_.settle_top(carried(block));
      jump_here(block);
    }
    if (lonely_if) {
      Label over;
      if (live_) f_.m.jmp(over);
      f_.m.bind(block.other);
      s_.cut(block.height);
      s_.enter(block.at_if);
      s_.prepare_jump();
      s_.move_to(block.snapshot);
      f_.m.bind(over);
    }
    f_.m.bind(block.target);
    arrive(block, block.snapshot);
    live_ = true;
    blocks_.pop_back();
  }
  /// Falls into the label.
  void jump_here(Block& block) {
    s_.prepare_jump();
    Value result;
    if (in_register(block)) result = s_.pop();
    if (carried(block) > 1) s_.copy_results(carried(block), slot_at(block.height));
    s_.move_to(block.snapshot, in_register(block) ? &result : nullptr);
    if (in_register(block)) s_.push_value(result);
  }

  void instruction(const Instr& instr) {
    if (!live_) {
      switch (instr.kind) {
        case Instr::kBlock:
        case Instr::kLoop:
        case Instr::kIf: blocks_.push_back(Block{&instr, s_.height(), false, {}, {}}); return;
        case Instr::kElse:
          if (!blocks_.back().entered) return;
          break;
        case Instr::kEnd: return end();
        default: return;
      }
    }
    const bool keeps = instr.kind == Instr::kSelect || instr.kind == Instr::kBrIf || instr.kind == Instr::kIf ||
                       instr.kind == Instr::kDrop;
    if (instr.kind == Instr::kNumeric) {
      ASSERT_TRUE(f_.numeric(instr.op));
      return;
    }
    if (keeps) {
      s_.next_op_keeping_flags();
    } else {
      s_.next_op();
    }
    switch (instr.kind) {
      case Instr::kGet: return s_.push_local(instr.index);
      case Instr::kSet: return s_.set_local(instr.index);
      case Instr::kTee: return s_.tee_local(instr.index);
      case Instr::kConst: return s_.push_const(instr.rep, instr.bits);
      case Instr::kDrop: return s_.drop();
      case Instr::kSelect: return emit_select(c_);
      case Instr::kNumeric: return;
      case Instr::kBlock:
        s_.store_operands(s_.height());
        blocks_.push_back(Block{&instr, s_.height(), true, {}, {}});
        return;
      case Instr::kLoop: {
        s_.store_operands(s_.height());
        s_.prepare_jump();
        Block block{&instr, s_.height(), true, {}, {}};
        block.snapshot = s_.for_loop(instr.uses);
        block.fixed = true;
        s_.move_to(block.snapshot);
        s_.enter(block.snapshot);
        f_.m.bind(block.target);
        blocks_.push_back(std::move(block));
        return;
      }
      case Instr::kIf: {
        s_.store_operands(s_.height() - 1);
        const Condition condition = pop_condition(c_);
        s_.prepare_jump();
        Block block{&instr, s_.height(), true, {}, {}};
        block.at_if = s_.adopt();
        if (!condition.known) {
          jump_if(f_.m, condition.flags.negated(), block.other);
        } else if (!condition.taken) {
          f_.m.jmp(block.other);
        }
        blocks_.push_back(std::move(block));
        return;
      }
      case Instr::kElse: {
        Block& block = blocks_.back();
        if (live_) {
          s_.settle_top(carried(block));
          jump(block, nullptr);
        }
        f_.m.bind(block.other);
        s_.cut(block.height);
        s_.enter(block.at_if);
        block.in_else = true;
        live_ = true;
        return;
      }
      case Instr::kEnd: return end();
      case Instr::kBrIf: {
        Block& block = blocks_[blocks_.size() - 1 - instr.index];
        s_.settle_top(carried(block) + 1);
        const Condition condition = pop_condition(c_);
        if (!condition.known) return jump(block, &condition.flags);
        if (!condition.taken) return;
        // A jump that is always taken: in this test code behind it is still emitted, and never run.
        jump(block, nullptr);
        return;
      }
      case Instr::kUnreachable:
        f_.cold.trap(f_.m, TrapKind::unreachable, 0);
        live_ = false;
        return;
      case Instr::kBr: {
        Block& block = blocks_[blocks_.size() - 1 - instr.index];
        s_.settle_top(carried(block));
        jump(block, nullptr);
        live_ = false;
        return;
      }
    }
  }

  Function& f_;
  State& s_;
  EmitContext& c_;
  const Program& program_;
  std::deque<Block> blocks_;
  bool live_ = true;
  Compiled compiled_;
};

}  // namespace

Compiled look(Function& f) {
  Compiled compiled{true, f.locations(), {}};
  u32 slot = f.state.next_slot();
  for (u32 i = 0; i < f.state.height(); ++i) {
    slot -= slots_of(f.state.peek(i).rep);
    compiled.operands.insert(compiled.operands.begin(), {slot, f.state.peek(i).rep});
  }
  return compiled;
}

Compiled compile(Function& f, const Program& program, usize stop_at) { return Compiler(f, program).run(stop_at); }

}  // namespace dewar::exec::baseline::test
