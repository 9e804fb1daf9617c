// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Guest addresses: every load and store at the last byte and one beyond, with indexes whose upper half is garbage, with
// small and huge offsets, in guarded and checked memories, 32- and 64-bit, memory 0 and others. Guarded accesses are
// not run out of bounds: what they would touch is computed from the operands that were formed.
#include "exec/baseline/address.h"

#include <cstring>

#include "emit_fixture.h"
#include "gtest/gtest.h"
#include "runtime/store.h"

namespace dewar::exec::baseline::test {

namespace {

using runtime::Instance;
using runtime::Memory;
using wasm::Op;

constexpr u64 kOutOfBounds = kTrapBase + static_cast<u64>(TrapKind::memory_out_of_bounds);
constexpr u64 kGarbageHigh = 0xabcdef01'00000000;

struct Access {
  Op load, store;
  wasm::ValType type;
  u32 bytes;
  bool extends_sign = false;
};
constexpr Access kAccesses[] = {
    {Op::i32_load, Op::i32_store, wasm::kI32, 4},       {Op::i64_load, Op::i64_store, wasm::kI64, 8},
    {Op::f32_load, Op::f32_store, wasm::kF32, 4},       {Op::f64_load, Op::f64_store, wasm::kF64, 8},
    {Op::i32_load8_u, Op::i32_store8, wasm::kI32, 1},   {Op::i32_load8_s, Op::i32_store8, wasm::kI32, 1, true},
    {Op::i32_load16_u, Op::i32_store16, wasm::kI32, 2}, {Op::i32_load16_s, Op::i32_store16, wasm::kI32, 2, true},
    {Op::i64_load8_u, Op::i64_store8, wasm::kI64, 1},   {Op::i64_load8_s, Op::i64_store8, wasm::kI64, 1, true},
    {Op::i64_load16_u, Op::i64_store16, wasm::kI64, 2}, {Op::i64_load16_s, Op::i64_store16, wasm::kI64, 2, true},
    {Op::i64_load32_u, Op::i64_store32, wasm::kI64, 4}, {Op::i64_load32_s, Op::i64_store32, wasm::kI64, 4, true},
    {Op::v128_load, Op::v128_store, wasm::kV128, 16},
};

/// How the index gets to the access. kWrapped: an i64 of which i32.wrap_i64 left the upper half in the register.
enum class Index : u8 { kAlias, kRegister, kSlot, kConst, kWrapped };
constexpr Index kWays[] = {Index::kAlias, Index::kRegister, Index::kSlot, Index::kConst, Index::kWrapped};

class AddressTest : public testing::TestWithParam<CpuLevel> {
 protected:
  static constexpr u32 kPages = 2;
  static constexpr u64 kSize = kPages * 65536;

  void SetUp() override {
    if (!CpuFeatures::host().has(GetParam())) GTEST_SKIP() << "this machine has a lower level";
    make(memories_[0], {});
    make(memories_[1], {});
    wasm::MemoryType wide;
    wide.limits.is64 = true;
    make(memories_[2], wide);
    instance_.memories = std::make_unique<Memory*[]>(3);
    for (u32 i = 0; i < 3; ++i) instance_.memories[i] = memories_[i].get();
  }
  static void make(std::shared_ptr<Memory>& memory, wasm::MemoryType type) {
    type.limits.min = type.limits.max = kPages;
    type.limits.has_max = true;
    auto made = Memory::create(type, false, u64{1} << 30);
    ASSERT_TRUE(made);
    memory = *made;
    for (u64 i = 0; i < kSize; ++i) memory->base[i] = static_cast<u8>(i * 37 + (i >> 8));
  }

  void push_index(Function& f, Index way, u64 index, bool is64) {
    f.state.next_op();
    if (way == Index::kConst) return f.state.push_const(is64 ? Rep::i64 : Rep::i32, is64 ? index : index & ~u32{0});
    f.state.push_local(0);
    if (way == Index::kAlias) return;
    Value value = f.state.pop();
    f.state.push_reg(value.rep, f.state.in_own_reg(value));
    if (way == Index::kSlot) f.state.store_operands(1);
    if (way == Index::kWrapped && !is64) ASSERT_TRUE(f.numeric(Op::i32_wrap_i64));
  }
  u64 run(Function& f, u64 index, Bits value = {}) {
    f.finish();
    return f.run({{index, 0}, value}, &instance_, memories_[0]->base);
  }

  /// What a load has to give.
  Bits loaded(const Access& access, u32 memory, u64 at) const {
    Bits bits;
    std::memcpy(&bits, memories_[memory]->base + at, access.bytes);
    if (access.extends_sign) {
      const u32 shift = 64 - 8 * access.bytes;
      bits.lo = static_cast<u64>(static_cast<i64>(bits.lo << shift) >> shift);
    }
    return truncated(rep_of(access.type), bits);
  }

  /// Emits it, the common way where that is possible.
  bool emit(Function& f, Op op, const wasm::MemoryType& type, u32 memory, u64 offset) {
    const bool loads = op < Op::i32_store || op == Op::v128_load;
    if (op > Op::i64_store32 || memory != 0 || !GuestAddress::is_plain(f.c, f.state.peek(!loads), offset))
      return loads ? emit_load(f.c, op, type, memory, offset) : emit_store(f.c, op, type, memory, offset);
    ++plain_;
    if (loads) {
      emit_plain_load(f.c, op, f.state.pop(), static_cast<u32>(offset));
    } else {
      emit_plain_store(f.c, op, static_cast<u32>(offset));
    }
    return true;
  }

  /// A load and a store at index + offset; `in_bounds` says whether they are.
  void check(const Access& access, u32 memory, u64 index, u64 offset, Index way, bool explicit_bounds) {
    const wasm::MemoryType& type = memories_[memory]->type;
    const bool is64 = type.limits.is64;
    const wasm::ValType index_type = is64 || way == Index::kWrapped ? wasm::kI64 : wasm::kI32;
    u64 at = 0;
    const bool overflows = __builtin_add_overflow(is64 ? index : index & ~u32{0}, offset, &at);
    const bool in_bounds = !overflows && memories_[memory]->in_bounds(at, access.bytes);
    SCOPED_TRACE(testing::Message() << wasm::op_info(access.load).text << " memory " << memory << " index " << std::hex
                                    << index << " offset " << offset << " way " << static_cast<int>(way));
    Function f(GetParam(), explicit_bounds);
    f.begin({index_type, access.type}, 2);
    push_index(f, way, index, is64);
    f.state.next_op();
    f.c.guarded0 = memory == 0 && Memory::is_guarded(type, explicit_bounds);
    ASSERT_TRUE(emit(f, access.load, type, memory, offset));
    const auto map = f.locations();
    f.stop();
    ASSERT_EQ(run(f, index), in_bounds ? kReturned : kOutOfBounds);
    const Rep rep = rep_of(access.type);
    const u32 slot = f.local_slots() + Function::kHeaderSlots;
    if (in_bounds) ASSERT_EQ(f.value(slot, rep, map), loaded(access, memory, at));

    // Stores of a local, and of a constant.
    for (const bool constant : {false, true}) {
      const Bits value{0x8182'8384'8586'8788 + index, rep == Rep::v128 ? 0x1122'3344'5566'7788u : 0};
      if (constant && rep == Rep::v128) continue;
      f.begin({index_type, access.type}, 2);
      push_index(f, way, index, is64);
      f.state.next_op();
      if (constant) {
        f.state.push_const(rep, truncated(rep, value).lo);
      } else {
        f.state.push_local(1);
      }
      f.state.next_op();
      ASSERT_TRUE(emit(f, access.store, type, memory, offset));
      f.stop();
      std::vector<u8> before(memories_[memory]->base, memories_[memory]->base + kSize);
      ASSERT_EQ(run(f, index, value), in_bounds ? kReturned : kOutOfBounds);
      if (in_bounds) std::memcpy(before.data() + at, &value, access.bytes);
      ASSERT_EQ(std::memcmp(before.data(), memories_[memory]->base, kSize), 0);
      if (in_bounds)
        for (u64 i = at; i < at + access.bytes; ++i) memories_[memory]->base[i] = static_cast<u8>(i * 37 + (i >> 8));
    }
  }

  std::shared_ptr<Memory> memories_[3];
  Instance instance_;
  u32 plain_ = 0;  ///< accesses emitted the common way
};

INSTANTIATE_TEST_SUITE_P(Levels, AddressTest, testing::ValuesIn(kLevels),
                         [](const auto& info) { return "v" + std::to_string(static_cast<int>(info.param) + 1); });

TEST_P(AddressTest, GuardedMemoriesIgnoreTheUpperHalfOfIndexes) {
  for (const Access& access : kAccesses)
    for (u32 memory : {0u, 1u})
      for (Index way : kWays)
        for (u64 offset : {u64{0}, u64{8}, u64{200}, kSize - 64})
          for (u64 index : {u64{0}, u64{13}, 64 - u64{access.bytes}})
            ASSERT_NO_FATAL_FAILURE(check(access, memory, kGarbageHigh | index, offset, way, false));
  EXPECT_GT(plain_, 1000u);
}

TEST_P(AddressTest, CheckedMemoriesTrapBeyondTheLastByte) {
  for (const Access& access : kAccesses) {
    const u64 last = kSize - access.bytes;
    for (u32 memory : {0u, 1u, 2u}) {
      const u64 garbage = memory == 2 ? 0 : kGarbageHigh;
      for (Index way : kWays) {
        ASSERT_NO_FATAL_FAILURE(check(access, memory, garbage | last, 0, way, true));
        ASSERT_NO_FATAL_FAILURE(check(access, memory, garbage | (last + 1), 0, way, true));
        ASSERT_NO_FATAL_FAILURE(check(access, memory, garbage, last, way, true));
        ASSERT_NO_FATAL_FAILURE(check(access, memory, garbage | 1, last, way, true));
        ASSERT_NO_FATAL_FAILURE(check(access, memory, garbage | 0xffffffff, 0, way, true));
        ASSERT_NO_FATAL_FAILURE(check(access, memory, garbage | 0xffffffff, 0xffffffff, way, true));
        ASSERT_NO_FATAL_FAILURE(check(access, memory, garbage | 0x80000000, 0x80000000, way, true));
        ASSERT_NO_FATAL_FAILURE(check(access, memory, garbage | 5, 0x7fffffff, way, true));
      }
    }
  }
}

TEST_P(AddressTest, SumsOf64BitsDoNotWrap) {
  for (const Access& access : {kAccesses[0], kAccesses[4], kAccesses[14]})
    for (Index way : kWays)
      for (u64 index : {u64{0}, u64{1}, u64{16}, ~u64{0}, ~u64{0} - 15, u64{1} << 63, ~u64{0} - 0x7fffffff})
        for (u64 offset : {u64{0}, u64{1}, u64{16}, ~u64{0}, ~u64{0} - 3, ~u64{0} - 15, ~u64{0} - 16, u64{1} << 63,
                           u64{1} << 31, u64{1} << 32})
          ASSERT_NO_FATAL_FAILURE(check(access, 2, index, offset, way, false));
}

TEST_P(AddressTest, LargeOffsetsOfGuardedMemories) {
  // The address is written down instead of used: lea of the operand that was formed.
  for (Index way : kWays) {
    for (u64 index : {u64{0}, u64{7}, u64{0x7fffffff}, u64{0x80000000}, u64{0xffffffff}}) {
      for (u64 offset : {u64{0}, u64{1}, u64{0x7ffffffe}, u64{0x7fffffff}, u64{0x80000000}, u64{0x80000001},
                         u64{0xfffffffe}, u64{0xffffffff}}) {
        for (u32 memory : {0u, 1u}) {
          SCOPED_TRACE(testing::Message() << std::hex << index << " + " << offset << " memory " << memory << " way "
                                          << static_cast<int>(way));
          Function f(GetParam());
          f.begin({way == Index::kWrapped ? wasm::kI64 : wasm::kI32}, 1);
          push_index(f, way, kGarbageHigh | index, false);
          f.state.next_op();
          Value popped = f.state.pop();
          const u32 before = f.m.position();
          {
            GuestAddress address(f.c, {memories_[memory]->type, memory, offset, 16}, popped);
            address.access([&](const Mem& mem) { f.m.lea(Width::w64, Gpr::rax, mem); });
          }
          EXPECT_GT(f.m.position(), before);
          f.stop();
          ASSERT_EQ(run(f, kGarbageHigh | index), kReturned);
          const u64 base = reinterpret_cast<u64>(memories_[memory]->base);
          EXPECT_EQ(f.machine.gprs[0] - base, index + offset);
          // Below what a guarded memory reserves.
          EXPECT_LE(index + offset + 16, Memory::kReachBytes + Memory::kGuardBytes);
        }
      }
    }
  }
}

TEST_P(AddressTest, NansAreSettledBeforeTheyAreStored) {
  for (const bool wide : {false, true}) {
    Function f(GetParam());
    const wasm::ValType type = wide ? wasm::kF64 : wasm::kF32;
    f.begin({type}, 1);
    f.state.push_const(Rep::i32, 24);
    f.state.push_local(0);
    f.state.push_local(0);
    ASSERT_TRUE(f.numeric(wide ? Op::f64_mul : Op::f32_mul));
    f.state.next_op();
    ASSERT_TRUE(emit_store(f.c, wide ? Op::f64_store : Op::f32_store, memories_[0]->type, 0, 8));
    f.stop();
    ASSERT_EQ(run(f, wide ? 0xfff4000000000123 : 0xffa00123), kReturned);
    u64 stored = 0;
    std::memcpy(&stored, memories_[0]->base + 32, wide ? 8 : 4);
    EXPECT_EQ(stored, wide ? 0x7ff8000000000000 : 0x7fc00000);
  }
}

TEST_P(AddressTest, AccessesAreWatchedWhereTheyBegin) {
  // A re-run for a fault looks for the native offset of the access.
  Function f(GetParam());
  const auto emit = [&] {
    f.begin({wasm::kI32}, 1);
    f.state.push_local(0);
    emit_load(f.c, Op::i32_load8_u, memories_[0]->type, 0, 4);
    const u32 after = f.m.position();
    f.stop();
    f.finish();
    return after;
  };
  // movzx eax, byte [rbx + r11 + 4]: six bytes.
  const u32 begin = emit() - 6;
  u32 seen = 0;
  for (u32 position = begin - 3; position < begin + 4; ++position) {
    f.cold.watch({.position = position, .seen = [](void* user, u32) { ++*static_cast<u32*>(user); }, .user = &seen});
    emit();
    EXPECT_EQ(seen, position >= begin ? 1U : 0U);
  }
  f.cold.watch({});
}

}  // namespace

}  // namespace dewar::exec::baseline::test
