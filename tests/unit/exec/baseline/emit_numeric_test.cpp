// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every numeric instruction that has an encoding, run at every level over edge values and compared with semantics.h:
// operands in registers, slots, constants and aliases of locals in all combinations, and the same local twice.
#include <array>

#include "../semantics_values.h"
#include "emit_fixture.h"
#include "exec/numeric_dispatch.h"
#include "gtest/gtest.h"

namespace dewar::exec::baseline::test {

namespace {

using wasm::Op;

/// Operand and result types of a row, or nothing if it is not scalar.
struct Signature {
  std::vector<wasm::ValType> operands, results;
};
std::optional<Signature> scalar_signature(Op op) {
  const wasm::OpInfo& info = wasm::op_info(op);
  if (info.imm != wasm::Imm::none || numeric_fn(op) == nullptr || info.prefix == 0xfd) return std::nullopt;
  Signature signature;
  auto* list = &signature.operands;
  for (const char* p = info.sig; *p; ++p) {
    switch (*p) {
      case ':': list = &signature.results; break;
      case 'i': list->push_back(wasm::kI32); break;
      case 'l': list->push_back(wasm::kI64); break;
      case 'f': list->push_back(wasm::kF32); break;
      case 'd': list->push_back(wasm::kF64); break;
      default: return std::nullopt;
    }
  }
  return signature;
}

/// Edge values of a type: for numbers and for shift counts, divisors, bounds of conversions.
std::vector<u64> edges(Rep rep) {
  switch (rep) {
    case Rep::i32:
      return {0,          1,          2,          3,          7,          8,         31,     32,
              33,         100,        0x7f,       0x80,       0xff,       0x7fff,    0x8000, 0xffff,
              0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff, 0x12345678};
    case Rep::i64:
      return {0, 1, 2, 5, 16, 63, 64, 65, 0x7f, 0x80, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
              0x8000000000000000, 0x7fffffffffffffff, 0xfffffffffffffffe, 0xffffffffffffffff, 0xffffffff80000000,
              0x8000000000000001, 0xfffffffffffffbff, 0x123456789abcdef0,
              // Rounded up because of their last bit.
              0x8000000000000401, 0x8000008000000001};
    case Rep::f32: {
      std::vector<u64> all;
      for (u32 bits : dewar::exec::test::kEdges32) {
        all.push_back(bits);
        all.push_back(bits ^ 0x80000000);
      }
      return all;
    }
    default: {
      std::vector<u64> all;
      for (u64 bits : dewar::exec::test::kEdges64) {
        all.push_back(bits);
        all.push_back(bits ^ u64{1} << 63);
      }
      return all;
    }
  }
}

/// How an operand gets to its instruction.
enum class Way : u8 { kAlias, kConst, kRegister, kSlot, kDirty, kCount };

/// What semantics.h says.
struct Expected {
  u64 code = kReturned;
  std::array<u64, 2> results{};
};
Expected expected(Op op, const Signature& signature, const std::vector<u64>& args) {
  std::array<Slot, 4> slots{};
  for (usize i = 0; i < args.size(); ++i) slots[i] = args[i];
  Expected e;
  switch (numeric_fn(op)(slots.data())) {
    case sem::NumTrap::none: break;
    case sem::NumTrap::divide_by_zero: e.code = kTrapBase + static_cast<u64>(TrapKind::divide_by_zero); break;
    case sem::NumTrap::integer_overflow: e.code = kTrapBase + static_cast<u64>(TrapKind::integer_overflow); break;
    case sem::NumTrap::invalid_conversion: e.code = kTrapBase + static_cast<u64>(TrapKind::invalid_conversion); break;
  }
  for (usize i = 0; i < signature.results.size(); ++i)
    e.results[i] = truncated(rep_of(signature.results[i]), {slots[i], 0}).lo;
  return e;
}

/// Which opcodes the emitters have to know at each level.
bool must_have(Op op, CpuLevel level) {
  switch (op) {
    case Op::f32_ceil:
    case Op::f32_floor:
    case Op::f32_trunc:
    case Op::f32_nearest:
    case Op::f64_ceil:
    case Op::f64_floor:
    case Op::f64_trunc:
    case Op::f64_nearest: return level >= CpuLevel::v2;
    default: return true;
  }
}

class NumericTest : public testing::TestWithParam<CpuLevel> {
 protected:
  void SetUp() override {
    if (!CpuFeatures::host().has(GetParam())) GTEST_SKIP() << "this machine has a lower level";
  }

  void push(Function& f, u32 local, Rep rep, Way way, u64 bits) {
    f.state.next_op();
    switch (way) {
      case Way::kAlias: return f.state.push_local(local);
      case Way::kConst: return f.state.push_const(rep, bits);
      case Way::kDirty:
        // A local that was computed: its register is dirty.
        f.state.push_local(local);
        f.state.set_local(local + kSpare);
        return f.state.push_local(local + kSpare);
      default: {
        f.state.push_local(local);
        Value value = f.state.pop();
        f.state.push_reg(rep, f.state.in_own_reg(value));
        if (way == Way::kSlot) f.state.store_operands(f.state.height());
        return;
      }
    }
  }

  void check(Op op, const Signature& signature, const std::vector<Way>& ways, const std::vector<u64>& args,
             bool same_local) {
    Function& f = function_;
    std::vector<wasm::ValType> locals = signature.operands;
    locals.resize(kSpare, wasm::kI32);
    for (wasm::ValType type : signature.operands) locals.push_back(type);
    f.begin(locals, kSpare);
    std::vector<Bits> values(kSpare);
    for (u32 i = 0; i < args.size(); ++i) {
      values[i] = {args[i], 0};
      push(f, same_local ? 0 : i, rep_of(signature.operands[i]), ways[i], args[same_local ? 0 : i]);
    }
    std::vector<u64> effective = args;
    if (same_local) std::fill(effective.begin(), effective.end(), args[0]);
    ASSERT_EQ(f.numeric(op), must_have(op, GetParam()));
    if (!must_have(op, GetParam())) return;
    ASSERT_EQ(f.state.height(), signature.results.size());
    // Results as the map has them, and as they are in slots after a flush.
    const Expected e = expected(op, signature, effective);
    for (const bool flushed : {false, true}) {
      if (flushed) {
        f.begin(locals, kSpare);
        for (u32 i = 0; i < args.size(); ++i)
          push(f, same_local ? 0 : i, rep_of(signature.operands[i]), ways[i], effective[i]);
        f.numeric(op);
        f.state.flush();
      }
      const auto map = f.locations();
      if (flushed) EXPECT_TRUE(map.empty());
      f.stop();
      f.finish();
      ASSERT_EQ(f.run(values), e.code);
      ASSERT_TRUE(f.frame_intact());
      if (e.code != kReturned) continue;
      u32 slot = f.local_slots() + Function::kHeaderSlots;
      for (usize i = 0; i < signature.results.size(); ++i, ++slot)
        ASSERT_EQ(f.value(slot, rep_of(signature.results[i]), map).lo, e.results[i]);
      // What is read stays as it was.
      u32 local_slot = 0;
      for (u32 i = 0; i < args.size(); ++i, ++local_slot)
        ASSERT_EQ(f.value(local_slot, rep_of(signature.operands[i]), map).lo,
                  truncated(rep_of(signature.operands[i]), {args[i], 0}).lo);
    }
  }

  Function function_{GetParam()};
  static constexpr u32 kSpare = 6;  ///< locals of parameters; those above are for Way::kDirty
};

INSTANTIATE_TEST_SUITE_P(Levels, NumericTest, testing::ValuesIn(kLevels),
                         [](const auto& info) { return "v" + std::to_string(static_cast<int>(info.param) + 1); });

TEST_P(NumericTest, EveryOpcodeOverEdgesInEveryPlace) {
  u32 opcodes = 0;
  u64 random = 1;
  for (usize i = 0; i < wasm::kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    const auto signature = scalar_signature(op);
    if (!signature) continue;
    ++opcodes;
    SCOPED_TRACE(wasm::op_info(op).text);
    const usize count = signature->operands.size();
    std::vector<std::vector<u64>> values;
    for (wasm::ValType type : signature->operands) values.push_back(edges(rep_of(type)));
    // Binary: all pairs of edges, each with one of the combinations of places; others: all edges in all places.
    const usize pairs = count == 1 ? values[0].size() : count == 2 ? values[0].size() * values[1].size() : 400;
    const bool is_float_pair = count == 2 && is_float(rep_of(signature->operands[0]));
    for (usize n = 0; n < pairs; ++n) {
      random = random * 6364136223846793005 + 1442695040888963407;
      // Pairs of floats are many: a third of them, others at each level.
      if (is_float_pair && (n + static_cast<usize>(GetParam())) % 3 != 0) continue;
      std::vector<u64> args;
      std::vector<Way> ways;
      u64 choice = random >> 20;
      for (usize k = 0; k < count; ++k) {
        const usize at =
            count <= 2 ? (k == 0 ? n % values[0].size() : n / values[0].size()) : (choice >> 8) % values[k].size();
        args.push_back(values[k][at]);
        ways.push_back(static_cast<Way>(choice % static_cast<u64>(Way::kCount)));
        choice = choice * 6364136223846793005 + 99;
        choice >>= 7;
      }
      SCOPED_TRACE(testing::Message() << std::hex << args[0] << " " << (count > 1 ? args[1] : 0) << " ways "
                                      << static_cast<int>(ways[0]) << " "
                                      << (count > 1 ? static_cast<int>(ways[1]) : 0));
      ASSERT_NO_FATAL_FAILURE(check(op, *signature, ways, args, false));
    }
    // All combinations of places on a few values; and both operands the same local.
    for (u32 combination = 0; combination < 25; ++combination) {
      std::vector<Way> ways = {static_cast<Way>(combination % 5), static_cast<Way>(combination / 5), Way::kAlias,
                               static_cast<Way>(combination % 5)};
      for (usize n = 0; n < 3; ++n) {
        std::vector<u64> args;
        for (usize k = 0; k < count; ++k)
          args.push_back(values[k][(combination * 7 + n * 5 + k * 3) % values[k].size()]);
        SCOPED_TRACE(testing::Message() << "combination " << combination << " of " << std::hex << args[0]);
        ASSERT_NO_FATAL_FAILURE(check(op, *signature, ways, args, false));
        bool alike = count >= 2;
        for (usize k = 1; k < count; ++k) alike &= signature->operands[k] == signature->operands[0];
        if (alike) ASSERT_NO_FATAL_FAILURE(check(op, *signature, ways, args, true));
      }
    }
  }
  EXPECT_EQ(opcodes, 140U);
}

/// Floats of which the processor makes NaNs that are not canonical: with signs and payloads.
std::vector<u64> nans(Rep rep) {
  if (rep == Rep::f32) return {0x7fc00000, 0xffc00000, 0x7fa00001, 0xff812345, 0x7fc54321, 0x3f800000, 0x80000000};
  if (rep == Rep::f64)
    return {0x7ff8000000000000, 0xfff8000000000000, 0x7ff4000000000001, 0xfff0000012345678,
            0x7ff8dead00000000, 0x3ff0000000000000, 0x8000000000000000};
  return edges(rep);
}

TEST_P(NumericTest, NansAreSettledBeforeSomebodySeesTheirBits) {
  // The result of one float operation is an operand of another, in each place, or selected, stored in a local, spilled.
  Function& f = function_;
  u32 chains = 0;
  u64 random = 5;
  const auto next = [&](usize n) {
    random = random * 6364136223846793005 + 1442695040888963407;
    return static_cast<usize>(random >> 33) % n;
  };
  for (usize i = 0; i < wasm::kOpCount; ++i) {
    const Op first = static_cast<Op>(i);
    const auto make = scalar_signature(first);
    if (!make || !is_float(rep_of(make->results[0])) || !must_have(first, GetParam())) continue;
    if (!is_float(rep_of(make->operands[0]))) continue;
    for (usize k = 0; k < wasm::kOpCount; ++k) {
      const Op second = static_cast<Op>(k);
      const auto use = scalar_signature(second);
      if (!use || !must_have(second, GetParam())) continue;
      for (usize place = 0; place < use->operands.size(); ++place) {
        if (use->operands[place] != make->results[0]) continue;
        for (u32 round = 0; round < 6; ++round) {
          SCOPED_TRACE(testing::Message() << wasm::op_info(first).text << " then " << wasm::op_info(second).text
                                          << " operand " << place << " round " << round);
          ++chains;
          std::vector<wasm::ValType> locals = make->operands;
          for (wasm::ValType type : use->operands) locals.push_back(type);
          std::vector<Bits> values;
          for (wasm::ValType type : locals) values.push_back({nans(rep_of(type))[next(nans(rep_of(type)).size())], 0});
          const u32 params = static_cast<u32>(locals.size());
          locals.push_back(make->results[0]);
          const bool spilled = round == 4, through_local = round == 5;
          // What is right.
          std::vector<u64> args;
          for (usize n = 0; n < make->operands.size(); ++n) args.push_back(values[n].lo);
          const u64 made = expected(first, *make, args).results[0];
          args.clear();
          for (usize n = 0; n < use->operands.size(); ++n)
            args.push_back(n == place ? made : values[make->operands.size() + n].lo);
          const Expected e = expected(second, *use, args);
          // What is emitted.
          f.begin(locals, params);
          for (u32 n = 0; n < use->operands.size(); ++n) {
            f.state.next_op();
            if (n != place) {
              f.state.push_local(static_cast<u32>(make->operands.size()) + n);
              continue;
            }
            for (u32 m = 0; m < make->operands.size(); ++m) {
              f.state.next_op();
              f.state.push_local(m);
            }
            ASSERT_TRUE(f.numeric(first));
            if (through_local) f.state.tee_local(params);
            if (!spilled) continue;
            // All registers are wanted at once, so that the value goes to its slot as it is.
            f.state.next_op();
            std::vector<Reg> taken;
            for (u32 r = 0; r < kRegs - kGprs; ++r) taken.push_back(f.state.take(kXmmMask));
            for (Reg reg : taken) f.state.release(reg);
            ASSERT_TRUE(f.state.in_memory(f.state.peek()));
          }
          ASSERT_TRUE(f.numeric(second));
          const auto map = f.locations();
          f.stop();
          f.finish();
          ASSERT_EQ(f.run(values), e.code);
          if (e.code != kReturned) continue;
          u32 slot = f.local_slots() + Function::kHeaderSlots;
          for (usize n = 0; n < use->results.size(); ++n, ++slot)
            ASSERT_EQ(f.value(slot, rep_of(use->results[n]), map).lo, e.results[n]);
          if (through_local) ASSERT_EQ(f.value(f.state.local_slot(params), rep_of(make->results[0]), map).lo, made);
        }
      }
    }
  }
  EXPECT_GT(chains, 5000U);
}

TEST_P(NumericTest, SelectByEveryComparison) {
  Function& f = function_;
  constexpr wasm::ValType kTypes[] = {wasm::kI32, wasm::kI64, wasm::kF32, wasm::kF64, wasm::kV128};
  u32 comparisons = 0;
  for (usize i = 0; i < wasm::kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    const auto signature = scalar_signature(op);
    const bool compares = signature && signature->operands.size() == 2 && signature->results[0] == wasm::kI32;
    const std::string_view name = wasm::op_info(op).text;
    const std::string_view verb = name.substr(name.find('.') + 1, 2);
    if (!compares || (verb != "eq" && verb != "ne" && verb != "lt" && verb != "gt" && verb != "le" && verb != "ge"))
      continue;
    ++comparisons;
    const Rep rep = rep_of(signature->operands[0]);
    const std::vector<u64> values =
        is_float(rep) ? nans(rep) : std::vector<u64>{0, 1, 5, 0xffffffff, 0x80000000, ~u64{0}};
    for (wasm::ValType type : kTypes) {
      for (u64 a : values) {
        for (u64 b : values) {
          for (u32 way = 0; way < 4; ++way) {
            SCOPED_TRACE(testing::Message()
                         << name << std::hex << " " << a << " " << b << " type " << type.kind() << " way " << way);
            f.begin({type, type, signature->operands[0], signature->operands[1]}, 4);
            // Each value an alias of a local, or in a register of its own.
            for (u32 local : {0u, 1u}) {
              f.state.next_op();
              f.state.push_local(local);
              if ((way >> local & 1) == 0) continue;
              Value value = f.state.pop();
              f.state.push_reg(value.rep, f.state.in_own_reg(value));
            }
            f.state.next_op();
            f.state.push_local(2);
            f.state.push_local(3);
            ASSERT_TRUE(f.numeric(op));
            f.state.next_op_keeping_flags();
            emit_select(f.c);
            ASSERT_EQ(f.state.height(), 1U);
            const auto map = f.locations();
            f.stop();
            f.finish();
            const Bits yes{0x1111111122222222, 0x33333333}, no{0x4444444455555555, 0x66666666};
            ASSERT_EQ(f.run({yes, no, {a, 0}, {b, 0}}), kReturned);
            const bool taken = expected(op, *signature, {a, b}).results[0] != 0;
            const u32 slot = f.local_slots() + Function::kHeaderSlots;
            ASSERT_EQ(f.value(slot, rep_of(type), map), truncated(rep_of(type), taken ? yes : no));
          }
        }
      }
    }
  }
  EXPECT_EQ(comparisons, 32U);
}

TEST_P(NumericTest, ZeroFlagIsUsedWhereItIsRight) {
  // and, then eqz of the result: itself, or through a local. No test is emitted; with anything between, there is.
  Function& f = function_;
  for (u32 way = 0; way < 3; ++way) {
    SCOPED_TRACE(way);
    f.begin({wasm::kI32, wasm::kI32, wasm::kI32}, 2);
    f.state.push_local(0);
    f.state.next_op();
    f.state.push_local(1);
    ASSERT_TRUE(f.numeric(Op::i32_and));
    f.state.next_op();
    if (way >= 1) f.state.tee_local(2);
    if (way == 2) f.m.cmp(Width::w32, slot_mem(0), Imm{0});
    const u32 before = f.m.position();
    ASSERT_TRUE(f.numeric(Op::i32_eqz));
    EXPECT_EQ(f.m.position() == before, way < 2);
    const auto map = f.locations();
    f.stop();
    f.finish();
    for (u64 a : {u64{6}, u64{4}}) {
      ASSERT_EQ(f.run({{a, 0}, {3, 0}}), kReturned);
      EXPECT_EQ(f.value(f.local_slots() + Function::kHeaderSlots, Rep::i32, map).lo, a == 4 ? 1U : 0U);
    }
  }
}

TEST_P(NumericTest, ZeroFlagIsForgottenAtLabels) {
  // and leaves its result and the zero flag; from the label on another way may have left another result there.
  for (const bool jumps : {false, true}) {
    Function& f = function_;
    f.begin({wasm::kI32, wasm::kI32}, 2);
    Label label;
    f.state.prepare_jump();
    const Snapshot snapshot = f.state.adopt(bit(Reg::rax));
    f.state.next_op();
    f.state.take_fixed(Reg::rax);
    f.m.mov_imm(Gpr::rax, 0);
    f.m.cmp(Width::w32, slot_mem(0), Imm{1});
    f.m.jcc(Cond::ne, label);
    f.state.push_local(0);
    Value left = f.state.pop();
    f.state.load_into(Reg::rax, left);
    f.state.push_reg(Rep::i32, Reg::rax);
    f.state.next_op();
    f.state.push_local(1);
    ASSERT_TRUE(f.numeric(Op::i32_and));
    Value result = f.state.pop();
    ASSERT_EQ(result.reg, Reg::rax);
    ASSERT_TRUE(f.state.has_zero_flag(result));
    f.state.move_to(snapshot, &result);
    f.state.release(result);
    f.m.bind(label);
    f.state.enter(snapshot);
    f.state.take_fixed(Reg::rax);
    f.state.push_reg(Rep::i32, Reg::rax);
    ASSERT_TRUE(f.numeric(Op::i32_eqz));
    const auto map = f.locations();
    f.stop();
    f.finish();
    ASSERT_EQ(f.run({{jumps ? 6u : 1u, 0}, {3, 0}}), kReturned);
    EXPECT_EQ(f.value(f.local_slots() + Function::kHeaderSlots, Rep::i32, map).lo, jumps ? 1U : 0U);
  }
}

}  // namespace

}  // namespace dewar::exec::baseline::test
