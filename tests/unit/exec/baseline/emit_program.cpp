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
      if (op.traps ? !chance(shape_.trap_percent) : chance(shape_.trap_percent / 2)) continue;
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
    if (chance(25)) {
      emit(Instr::kBr).index = depth;
    } else if (chance(25)) {
      // What is known of constants here is not what the label promises.
      for (u32 n = 1 + pick(3); n > 0; --n) {
        emit(Instr::kConst).bits = 1000 + n;
        stack_.push_back(Rep::i32);
        store_to_local(false);
      }
      emit(Instr::kUnreachable);
    }
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
  constexpr const char* kNames[] = {"get", "set",  "tee", "const",       "",      "select", "drop", "block", "loop",
                                    "if",  "else", "end", "unreachable", "br_if", "br"};
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
      case Instr::kUnreachable: s.code = kTrapBase + static_cast<u64>(TrapKind::unreachable); return s;
      case Instr::kBr: pc = branch(instr.index); break;
      case Instr::kBrIf:
        if (pop().bits.lo != 0) pc = branch(instr.index);
        break;
    }
  }
  return s;
}

}  // namespace dewar::exec::baseline::test
