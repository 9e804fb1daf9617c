// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every atomic access at every level over random values, operands in every place, in all kinds of memories: what it
// gives, what it leaves in memory, and that alignment is looked at before the bounds.
#include "../semantics_values.h"
#include "exec/baseline/emit.h"
#include "memory_fixture.h"

namespace dewar::exec::baseline::test {

namespace {

using dewar::exec::test::operand;
using dewar::exec::test::Random;
using wasm::Op;

constexpr u64 kUnaligned = kTrapBase + static_cast<u64>(TrapKind::unaligned_atomic);

/// What an opcode means, read off its name.
struct Meaning {
  std::string verb;
  wasm::ValType type;
  u32 bytes = 0;
};
Meaning meaning_of(Op op) {
  const std::string name(wasm::op_info(op).text);
  Meaning m;
  m.type = name.starts_with("i64") ? wasm::kI64 : wasm::kI32;
  m.bytes = m.type == wasm::kI64 ? 8 : 4;
  std::string rest = name.substr(11);
  if (rest.starts_with("rmw")) rest = rest.substr(3);
  for (const u32 bits : {8u, 16u, 32u}) {
    const usize at = rest.find(std::to_string(bits));
    if (at == std::string::npos) continue;
    m.bytes = bits / 8;
    rest.erase(at, bits == 8 ? 1 : 2);
  }
  if (rest.starts_with(".")) rest = rest.substr(1);
  m.verb = rest.substr(0, rest.find('_'));
  return m;
}

class AtomicTest : public MemoryTest {
 protected:
  enum class Way : u8 { kAlias, kConst, kRegister, kSlot, kCount };

  void push(Function& f, u32 local, Rep rep, Way way, u64 bits) {
    f.state.next_op();
    if (way == Way::kConst) return f.state.push_const(rep, truncated(rep, {bits, 0}).lo);
    f.state.push_local(local);
    if (way == Way::kAlias) return;
    Value value = f.state.pop();
    f.state.push_reg(rep, f.state.in_own_reg(value));
    if (way == Way::kSlot) f.state.store_operands(f.state.height());
  }
};

INSTANTIATE_TEST_SUITE_P(Levels, AtomicTest, testing::ValuesIn(kLevels),
                         [](const auto& info) { return "v" + std::to_string(static_cast<int>(info.param) + 1); });

TEST_P(AtomicTest, EveryAccess) {
  Random random(3);
  u32 opcodes = 0;
  for (u32 n = static_cast<u32>(Op::i32_atomic_load); n <= static_cast<u32>(Op::i64_atomic_rmw32_cmpxchg_u); ++n) {
    const Op op = static_cast<Op>(n);
    const Meaning m = meaning_of(op);
    const u64 mask = ~u64{0} >> (64 - 8 * m.bytes);
    const Rep rep = rep_of(m.type);
    ++opcodes;
    const u32 values = m.verb == "load" ? 0 : m.verb == "cmpxchg" ? 2 : 1;
    for (u32 round = 0; round < 48; ++round) {
      const u32 memory = round % 3;
      const bool explicit_bounds = round % 2 == 0;
      // In bounds; the last place; unaligned, also out of bounds; aligned and out of bounds where that is compared.
      u64 offset = random.below(4) * 8 + (round % 8 == 7 ? 1 : 0);
      u64 index = random.below(1000) * 8;
      if (round % 8 == 1) index = kSize - m.bytes - offset;
      if (round % 8 == 2) index += 1;
      if (round % 8 == 3) index = kSize + 1;
      if (round % 8 == 4 && (explicit_bounds || memory == 2)) index = kSize - offset;
      const u64 at = index + offset;
      const u64 want_code = at % m.bytes != 0 ? kUnaligned : at + m.bytes > kSize ? kOutOfBounds : kReturned;
      if (want_code == kOutOfBounds && !explicit_bounds && memory != 2) continue;  // would fault

      u64 old = 0;
      if (want_code == kReturned) std::memcpy(&old, memories_[memory]->base + at, m.bytes);
      u64 args[2] = {operand<u64>(random), operand<u64>(random)};
      if (m.verb == "cmpxchg" && round % 3 != 0) args[0] = old | (args[0] & ~mask);  // what is above does not count
      SCOPED_TRACE(testing::Message() << wasm::op_info(op).text << " round " << round << std::hex << " at " << at
                                      << " of " << old << " with " << args[0] << ", " << args[1]);
      Function f(GetParam(), explicit_bounds);
      f.begin({index_type(memory), m.type, m.type}, 3);
      const Way way = static_cast<Way>(random.below(static_cast<u64>(Way::kCount)));
      push(f, 0, rep_of(index_type(memory)), way, index);
      // The same local twice, too.
      const bool twice = values == 2 && round % 5 == 0;
      if (twice) args[1] = args[0];
      for (u32 i = 0; i < values; ++i)
        push(f, twice ? 1 : 1 + i, rep, static_cast<Way>(random.below(static_cast<u64>(Way::kCount))), args[i]);
      f.state.next_op();
      ASSERT_TRUE(emit_atomic(f.c, op, type(memory), memory, offset));
      ASSERT_EQ(f.state.height(), m.verb == "store" ? 0U : 1U);
      const auto map = f.locations();
      f.stop();
      ASSERT_EQ(run(f, {{index_bits(memory, index), 0}, {args[0], 0}, {args[1], 0}}), want_code);
      ASSERT_TRUE(f.frame_intact());
      u64 left = old;
      if (m.verb == "add") left = old + args[0];
      if (m.verb == "sub") left = old - args[0];
      if (m.verb == "and") left = old & args[0];
      if (m.verb == "or") left = old | args[0];
      if (m.verb == "xor") left = old ^ args[0];
      if (m.verb == "xchg" || m.verb == "store") left = args[0];
      if (m.verb == "cmpxchg" && (args[0] & mask) == old) left = args[1];
      ASSERT_TRUE(holds(memory, at, &left, want_code == kReturned ? m.bytes : 0));
      if (want_code == kReturned) reset(memory);
      if (want_code != kReturned || m.verb == "store") continue;
      ASSERT_EQ(f.value(f.local_slots() + Function::kHeaderSlots, rep, map).lo, old);
      for (u32 i = 0; i < 2; ++i)
        ASSERT_EQ(f.value(f.state.local_slot(1 + i), rep, map).lo, truncated(rep, {args[i], 0}).lo) << "local " << i;
    }
  }
  EXPECT_EQ(opcodes, 63U);
}

TEST_P(AtomicTest, WaitAndNotifyHaveNoEncoding) {
  for (const Op op : {Op::memory_atomic_notify, Op::memory_atomic_wait32, Op::memory_atomic_wait64}) {
    Function f(GetParam());
    f.begin({}, 0);
    EXPECT_FALSE(emit_atomic(f.c, op, type(0), 0, 0));
  }
}

}  // namespace

}  // namespace dewar::exec::baseline::test
