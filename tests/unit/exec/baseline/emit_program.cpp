// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "emit_program.h"

#include "exec/numeric_dispatch.h"
#include "gtest/gtest.h"

namespace dewar::exec::baseline::test {

namespace {

using dewar::exec::test::Random;
using wasm::Op;

struct NumericOp {
  Op op;
  std::vector<Rep> operands, results;
  bool traps;
};

Rep rep_of_letter(char letter) {
  return letter == 'i' ? Rep::i32 : letter == 'l' ? Rep::i64 : letter == 'f' ? Rep::f32 : Rep::f64;
}

/// All scalar rows that every level has instructions for.
const std::vector<NumericOp>& numeric_ops() {
  static const std::vector<NumericOp> all = [] {
    std::vector<NumericOp> found;
    for (usize i = 0; i < wasm::kOpCount; ++i) {
      const Op op = static_cast<Op>(i);
      const wasm::OpInfo& info = wasm::op_info(op);
      if (info.imm != wasm::Imm::none || numeric_fn(op) == nullptr || info.prefix == 0xfd) continue;
      const std::string_view text = info.text;
      if (text.ends_with(".ceil") || text.ends_with(".floor") || text.ends_with(".trunc") || text.ends_with(".nearest"))
        continue;
      NumericOp row{op, {}, {}, (info.effects & wasm::kTrap) != 0};
      auto* list = &row.operands;
      for (const char* p = info.sig; *p; ++p) {
        if (*p == ':') {
          list = &row.results;
        } else {
          list->push_back(rep_of_letter(*p));
        }
      }
      found.push_back(std::move(row));
    }
    return found;
  }();
  return all;
}
const NumericOp& numeric_op(Op op) {
  for (const NumericOp& row : numeric_ops())
    if (row.op == op) return row;
  ADD_FAILURE() << "no such operation";
  return numeric_ops()[0];
}

class Generator {
 public:
  Generator(Random& random, const Shape& shape) : random_(random), shape_(shape) {}

  Program run() {
    program_.params = shape_.params;
    for (u32 i = 0; i < shape_.params + shape_.locals; ++i) {
      const wasm::ValType types[] = {wasm::kI32, wasm::kI64, wasm::kF64, wasm::kF32,
                                     wasm::kI32, wasm::kI64, wasm::kV128};
      program_.locals.push_back(types[shape_.floats ? (i < 4 ? i : pick(7)) : pick(2)]);
    }
    // Counters of loops; nothing else writes them.
    counters_ = static_cast<u32>(program_.locals.size());
    for (u32 i = 0; i < kMaxLoops; ++i) program_.locals.push_back(wasm::kI32);
    while (program_.code.size() < shape_.size) step();
    while (!open_.empty()) close();
    return std::move(program_);
  }

 private:
  static constexpr u32 kMaxLoops = 3;
  struct Open {
    usize at;
    Instr::Kind kind;
    usize floor;  ///< operands below
    std::vector<Rep> results;
    u32 counter = 0;
    bool has_else = false;
  };

  u32 pick(u64 n) { return static_cast<u32>(random_.next() % n); }
  bool chance(u32 percent) { return pick(100) < percent; }
  usize floor() const { return open_.empty() ? 0 : open_.back().floor; }
  Instr& emit(Instr::Kind kind) {
    program_.code.push_back({.kind = kind});
    return program_.code.back();
  }
  u64 bits_of(Rep rep) {
    using namespace dewar::exec::test;
    const bool edge = chance(70);
    switch (rep) {
      case Rep::i32:
        return edge ? std::array<u32, 8>{0, 1, 2, 0xffffffff, 0x80000000, 31, 8, 5}[pick(8)]
                    : static_cast<u32>(random_.next());
      case Rep::i64:
        return edge ? std::array<u64, 8>{0, 1, 16, ~u64{0}, u64{1} << 63, 63, u64{1} << 32, 9}[pick(8)]
                    : random_.next();
      case Rep::f32: return edge ? kEdges32[pick(std::size(kEdges32))] : static_cast<u32>(random_.next());
      case Rep::f64: return edge ? kEdges64[pick(std::size(kEdges64))] : random_.next();
      default: return 0;
    }
  }
  void push(Rep rep) {
    std::vector<u32> candidates;
    for (u32 i = 0; i < program_.locals.size(); ++i)
      if (rep_of(program_.locals[i]) == rep) candidates.push_back(i);
    if (rep == Rep::v128 ? !candidates.empty() : (!candidates.empty() && chance(75))) {
      emit(Instr::kGet).index = candidates[pick(candidates.size())];
    } else {
      Instr& instr = emit(Instr::kConst);
      instr.rep = rep;
      instr.bits = bits_of(rep);
    }
    stack_.push_back(rep);
  }
  void numeric() {
    const auto& ops = numeric_ops();
    for (u32 attempt = 0; attempt < 30; ++attempt) {
      const NumericOp& op = ops[pick(ops.size())];
      if (op.traps && !chance(8)) continue;
      if (!shape_.floats && (is_float(op.operands[0]) || is_float(op.results[0]))) continue;
      bool fits = stack_.size() - floor() >= op.operands.size();
      for (usize i = 0; fits && i < op.operands.size(); ++i)
        fits = stack_[stack_.size() - op.operands.size() + i] == op.operands[i];
      // Where the operands are not there: pushed, not too often.
      if (!fits && attempt < 20) continue;
      if (!fits)
        for (Rep rep : op.operands) push(rep);
      emit(Instr::kNumeric).op = op.op;
      stack_.resize(stack_.size() - op.operands.size());
      stack_.insert(stack_.end(), op.results.begin(), op.results.end());
      return;
    }
  }
  void select() {
    const Rep rep = static_cast<Rep>(shape_.floats ? pick(5) : pick(2));
    push(rep);
    if (chance(50) && !numeric_on(rep)) return;
    push(rep);
    push(Rep::i32);
    if (chance(60)) {
      emit(Instr::kNumeric).op = chance(50) ? Op::i32_eqz : Op::i32_popcnt;
    } else if (shape_.floats && chance(70)) {
      // A float comparison right before.
      emit(Instr::kDrop);
      push(Rep::f64);
      push(Rep::f64);
      emit(Instr::kNumeric).op = std::array<Op, 3>{Op::f64_eq, Op::f64_ne, Op::f64_lt}[pick(3)];
      stack_.resize(stack_.size() - 3);
      stack_.push_back(Rep::i32);
    }
    emit(Instr::kSelect);
    stack_.resize(stack_.size() - 2);
  }
  /// A float becomes the result of an arithmetic operation, so that it is raw.
  bool numeric_on(Rep rep) {
    if (rep != Rep::f32 && rep != Rep::f64) return true;
    emit(Instr::kNumeric).op = rep == Rep::f32 ? Op::f32_sqrt : Op::f64_sqrt;
    return true;
  }
  void store_to_local(bool tee) {
    if (stack_.size() == floor()) return;
    std::vector<u32> candidates;
    for (u32 i = 0; i < counters_; ++i)
      if (rep_of(program_.locals[i]) == stack_.back()) candidates.push_back(i);
    if (candidates.empty()) return;
    emit(tee ? Instr::kTee : Instr::kSet).index = candidates[pick(candidates.size())];
    if (!tee) stack_.pop_back();
  }
  void drop() {
    if (stack_.size() == floor()) return;
    emit(Instr::kDrop);
    stack_.pop_back();
  }
  /// Exactly these operands above the floor.
  void make(const std::vector<Rep>& results) {
    while (stack_.size() > floor() + results.size()) drop();
    usize alike = 0;
    while (floor() + alike < stack_.size() && stack_[floor() + alike] == results[alike]) ++alike;
    while (stack_.size() > floor() + alike) drop();
    for (usize i = alike; i < results.size(); ++i) push(results[i]);
  }
  void open(Instr::Kind kind) {
    std::vector<Rep> results;
    if (kind != Instr::kLoop && chance(50))
      for (u32 n = chance(70) ? 1 : 2 + pick(2); n > 0; --n)
        results.push_back(static_cast<Rep>(shape_.floats ? pick(5) : pick(2)));
    u32 counter = 0;
    if (kind == Instr::kLoop) {
      if (loops_ == kMaxLoops) return;
      counter = counters_ + loops_++;
      Instr& start = emit(Instr::kConst);
      start.bits = 1 + pick(3);
      emit(Instr::kSet).index = counter;
    }
    if (kind == Instr::kIf) {
      push(Rep::i32);
      if (chance(50)) emit(Instr::kNumeric).op = Op::i32_eqz;
      stack_.pop_back();
    }
    Instr& instr = emit(kind);
    instr.results = results;
    if (kind == Instr::kLoop) {
      for (u32 i = 0; i < program_.locals.size(); ++i)
        if (chance(60)) instr.uses.push_back({static_cast<u16>(i), chance(50), pick(100)});
    }
    open_.push_back({program_.code.size() - 1, kind, stack_.size(), results, counter});
  }
  void close() {
    Open& top = open_.back();
    if (top.kind == Instr::kLoop) {
      make({});
      emit(Instr::kGet).index = top.counter;
      emit(Instr::kConst).bits = 1;
      emit(Instr::kNumeric).op = Op::i32_sub;
      emit(Instr::kTee).index = top.counter;
      emit(Instr::kBrIf).index = 0;
      --loops_;
    } else {
      make(top.results);
      if (top.kind == Instr::kIf && !top.has_else && (!top.results.empty() || chance(50))) {
        program_.code[top.at].other = program_.code.size();
        emit(Instr::kElse);
        top.has_else = true;
        stack_.resize(top.floor);
        for (u32 n = 3 + pick(5); n > 0; --n) simple_step();
        make(top.results);
      }
    }
    emit(Instr::kEnd);
    Instr& start = program_.code[top.at];
    start.end = program_.code.size() - 1;
    if (start.kind == Instr::kIf && start.other == 0) start.other = start.end;
    if (top.has_else) program_.code[start.other].end = start.end;
    open_.pop_back();
  }
  /// br_if, or an if around a br: the code after it goes on. The label's results are on the stack.
  void branch() {
    if (open_.empty()) return;
    const u32 depth = pick(std::min<usize>(open_.size(), 3));
    const Open target = open_[open_.size() - 1 - depth];
    if (target.kind == Instr::kLoop) return;  // only its own counter ends it
    for (Rep rep : target.results) {
      push(rep);
      if (chance(40)) numeric_on(rep);
    }
    push(Rep::i32);
    if (chance(30)) emit(Instr::kNumeric).op = Op::i32_eqz;
    emit(Instr::kBrIf).index = depth;
    stack_.pop_back();
    // Sometimes the way on is dead.
    if (chance(25)) emit(Instr::kBr).index = depth;
  }
  void simple_step() {
    const u32 choice = pick(100);
    if (choice < 30 || stack_.size() < floor() + 2)
      push(static_cast<Rep>(shape_.floats ? pick(5) : pick(2)));
    else if (choice < 60)
      numeric();
    else if (choice < 72)
      store_to_local(false);
    else if (choice < 82)
      store_to_local(true);
    else if (choice < 92)
      select();
    else if (stack_.size() > shape_.depth)
      drop();
  }
  void step() {
    if (!shape_.control || chance(84)) return simple_step();
    const u32 choice = pick(10);
    if (choice < 4 && open_.size() < 4)
      open(std::array<Instr::Kind, 4>{Instr::kBlock, Instr::kIf, Instr::kLoop, Instr::kBlock}[pick(4)]);
    else if (choice < 7)
      branch();
    else if (!open_.empty())
      close();
  }

  Random& random_;
  Shape shape_;
  Program program_;
  std::vector<Rep> stack_;
  std::vector<Open> open_;
  u32 counters_ = 0;
  u32 loops_ = 0;
};

}  // namespace

Program generate(Random& random, const Shape& shape) { return Generator(random, shape).run(); }

std::string to_text(const Program& program) {
  constexpr const char* kNames[] = {"get",   "set",  "tee", "const", "",    "select", "drop",
                                    "block", "loop", "if",  "else",  "end", "br_if",  "br"};
  std::string text;
  usize pc = 0;
  for (const Instr& instr : program.code) {
    text += std::to_string(pc++) + ' ' + kNames[instr.kind];
    if (instr.kind == Instr::kNumeric) text += wasm::op_info(instr.op).text;
    if (instr.kind <= Instr::kTee || instr.kind >= Instr::kBrIf) text += ' ' + std::to_string(instr.index);
    if (instr.kind == Instr::kConst)
      text += ' ' + std::to_string(instr.bits) + " rep " + std::to_string(static_cast<int>(instr.rep));
    for (Rep rep : instr.results) text += " result " + std::to_string(static_cast<int>(rep));
    text += '\n';
  }
  return text;
}

SlotState interpret(const Program& program, const std::vector<Bits>& args, usize stop_at) {
  struct Block {
    const Instr* instr;
    usize at;
    usize height;
  };
  SlotState s;
  std::vector<Block> blocks;
  for (u32 i = 0; i < program.locals.size(); ++i) {
    const Rep rep = rep_of(program.locals[i]);
    s.locals.push_back({rep, i < program.params ? truncated(rep, args[i]) : Bits{}});
  }
  const auto pop = [&] {
    const Typed top = s.operands.back();
    s.operands.pop_back();
    return top;
  };
  /// Where to go on.
  const auto branch = [&](u32 depth) -> usize {
    blocks.resize(blocks.size() - depth);
    const Block target = blocks.back();
    if (target.instr->kind == Instr::kLoop) {
      s.operands.resize(target.height);
      return target.at + 1;
    }
    const usize keep = target.instr->results.size();
    s.operands.erase(s.operands.begin() + static_cast<i64>(target.height), s.operands.end() - static_cast<i64>(keep));
    blocks.pop_back();
    return target.instr->end + 1;
  };
  usize pc = 0;
  while (pc < program.code.size()) {
    if (pc == stop_at) {
      s.code = kStopped;
      return s;
    }
    const Instr& instr = program.code[pc++];
    switch (instr.kind) {
      case Instr::kGet: s.operands.push_back(s.locals[instr.index]); break;
      case Instr::kSet: s.locals[instr.index] = pop(); break;
      case Instr::kTee: s.locals[instr.index] = s.operands.back(); break;
      case Instr::kConst: s.operands.push_back({instr.rep, {instr.bits, 0}}); break;
      case Instr::kDrop: pop(); break;
      case Instr::kSelect: {
        const bool first = pop().bits.lo != 0;
        const Typed second = pop();
        if (!first) s.operands.back() = second;
        break;
      }
      case Instr::kNumeric: {
        const NumericOp& op = numeric_op(instr.op);
        std::array<Slot, 4> slots{};
        for (usize i = op.operands.size(); i-- > 0;) slots[i] = pop().bits.lo;
        switch (numeric_fn(instr.op)(slots.data())) {
          case sem::NumTrap::none: break;
          case sem::NumTrap::divide_by_zero: s.code = kTrapBase + static_cast<u64>(TrapKind::divide_by_zero); return s;
          case sem::NumTrap::integer_overflow:
            s.code = kTrapBase + static_cast<u64>(TrapKind::integer_overflow);
            return s;
          case sem::NumTrap::invalid_conversion:
            s.code = kTrapBase + static_cast<u64>(TrapKind::invalid_conversion);
            return s;
        }
        for (usize i = 0; i < op.results.size(); ++i)
          s.operands.push_back({op.results[i], truncated(op.results[i], {slots[i], 0})});
        break;
      }
      case Instr::kBlock:
      case Instr::kLoop: blocks.push_back({&instr, pc - 1, s.operands.size()}); break;
      case Instr::kIf: {
        const bool taken = pop().bits.lo != 0;
        if (!taken) pc = instr.other == instr.end ? instr.end + 1 : instr.other + 1;
        if (taken || instr.other != instr.end) blocks.push_back({&instr, pc - 1, s.operands.size()});
        break;
      }
      case Instr::kElse:
        // As a branch: compiled code does not come to the end either.
        blocks.pop_back();
        pc = instr.end + 1;
        break;
      case Instr::kEnd: blocks.pop_back(); break;
      case Instr::kBr: pc = branch(instr.index); break;
      case Instr::kBrIf:
        if (pop().bits.lo != 0) pc = branch(instr.index);
        break;
    }
  }
  return s;
}

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
    compiled_.reached = true;
    compiled_.map = f_.locations();
    u32 slot = s_.next_slot();
    for (u32 i = 0; i < s_.height(); ++i) {
      slot -= slots_of(s_.peek(i).rep);
      compiled_.operands.insert(compiled_.operands.begin(), {slot, s_.peek(i).rep});
    }
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

Compiled compile(Function& f, const Program& program, usize stop_at) { return Compiler(f, program).run(stop_at); }

}  // namespace dewar::exec::baseline::test
