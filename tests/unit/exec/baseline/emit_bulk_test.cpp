// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// memory.copy and memory.fill of every constant size that is inline: overlapping upwards and downwards, up to the last
// byte before guard pages, and out of bounds, where nothing may have been written.
#include "exec/baseline/address.h"
#include "memory_fixture.h"

namespace dewar::exec::baseline::test {

namespace {

class BulkTest : public MemoryTest {
 protected:
  void push(Function& f, u32 local, u32 memory, bool constant, u64 value) {
    f.state.next_op();
    if (!constant) return f.state.push_local(local);
    f.state.push_const(memory == 2 ? Rep::i64 : Rep::i32, value);
  }

  void copy(u32 to_memory, u64 to, u32 from_memory, u64 from, u32 bytes, bool explicit_bounds, bool constants) {
    SCOPED_TRACE(testing::Message() << bytes << " bytes from " << from << " in " << from_memory << " to " << to
                                    << " in " << to_memory);
    Function f(GetParam(), explicit_bounds);
    f.begin({index_type(to_memory), index_type(from_memory)}, 2);
    push(f, 0, to_memory, constants, to);
    push(f, 1, from_memory, constants, from);
    f.state.next_op();
    f.state.push_const(Rep::i32, bytes);
    f.state.next_op();
    emit_small_copy(f.c, {type(to_memory), to_memory}, {type(from_memory), from_memory});
    ASSERT_EQ(f.state.height(), 0U);
    f.stop();
    const bool in_bounds = to + bytes <= kSize && from + bytes <= kSize;
    std::vector<u8> moved(bytes);
    if (in_bounds) std::memcpy(moved.data(), memories_[from_memory]->base + from, bytes);
    ASSERT_EQ(run(f, {{index_bits(to_memory, to), 0}, {index_bits(from_memory, from), 0}}),
              in_bounds ? kReturned : kOutOfBounds);
    ASSERT_TRUE(f.frame_intact());
    ASSERT_TRUE(holds(to_memory, to, moved.data(), in_bounds ? bytes : 0));
    if (from_memory != to_memory) ASSERT_TRUE(holds(from_memory, 0, nullptr, 0));
    reset(to_memory);
  }

  enum class Byte { kLocal, kConst, kZero };
  void fill(u32 memory, u64 to, Byte byte, u32 bytes, bool explicit_bounds) {
    SCOPED_TRACE(testing::Message() << bytes << " bytes to " << to << " in " << memory);
    Function f(GetParam(), explicit_bounds);
    f.begin({index_type(memory), wasm::kI32}, 2);
    const u32 value = byte == Byte::kZero ? 0 : 0x12345da7;
    push(f, 0, memory, bytes % 2 == 0, to);
    push(f, 1, 0, byte != Byte::kLocal, value);
    f.state.next_op();
    f.state.push_const(Rep::i32, bytes);
    f.state.next_op();
    emit_small_fill(f.c, {type(memory), memory});
    ASSERT_EQ(f.state.height(), 0U);
    f.stop();
    const bool in_bounds = to + bytes <= kSize;
    ASSERT_EQ(run(f, {{index_bits(memory, to), 0}, {value, 0}}), in_bounds ? kReturned : kOutOfBounds);
    const std::vector<u8> want(bytes, static_cast<u8>(value));
    ASSERT_TRUE(holds(memory, to, want.data(), in_bounds ? bytes : 0));
    reset(memory);
  }
};

INSTANTIATE_TEST_SUITE_P(Levels, BulkTest, testing::ValuesIn(kLevels),
                         [](const auto& info) { return "v" + std::to_string(static_cast<int>(info.param) + 1); });

TEST_P(BulkTest, CopiesOfEverySize) {
  for (u32 bytes = 1; bytes <= kMaxInlineBulk; ++bytes) {
    const u64 last = kSize - bytes;
    for (const bool explicit_bounds : {false, true}) {
      const bool constants = bytes % 2 == 0;
      ASSERT_NO_FATAL_FAILURE(copy(0, 200, 0, 1000, bytes, explicit_bounds, constants));
      ASSERT_NO_FATAL_FAILURE(copy(0, 203, 0, 200, bytes, explicit_bounds, constants));  // upwards
      ASSERT_NO_FATAL_FAILURE(copy(0, 200, 0, 203, bytes, explicit_bounds, constants));  // downwards
      ASSERT_NO_FATAL_FAILURE(copy(0, last, 1, 0, bytes, explicit_bounds, constants));
      ASSERT_NO_FATAL_FAILURE(copy(1, 0, 0, last, bytes, explicit_bounds, !constants));
      ASSERT_NO_FATAL_FAILURE(copy(2, last, 0, last, bytes, explicit_bounds, !constants));
    }
    for (const u32 memory : {0u, 2u}) {
      ASSERT_NO_FATAL_FAILURE(copy(memory, last + 1, 1, 0, bytes, true, false));
      ASSERT_NO_FATAL_FAILURE(copy(1, 0, memory, last + 1, bytes, true, true));
    }
  }
}

TEST_P(BulkTest, FillsOfEverySize) {
  for (u32 bytes = 1; bytes <= kMaxInlineBulk; ++bytes) {
    for (const Byte byte : {Byte::kLocal, Byte::kConst, Byte::kZero}) {
      for (const bool explicit_bounds : {false, true})
        for (const u32 memory : {0u, 1u, 2u})
          ASSERT_NO_FATAL_FAILURE(fill(memory, kSize - bytes, byte, bytes, explicit_bounds));
      ASSERT_NO_FATAL_FAILURE(fill(0, 77, byte, bytes, false));
      ASSERT_NO_FATAL_FAILURE(fill(0, kSize - bytes + 1, byte, bytes, true));
      ASSERT_NO_FATAL_FAILURE(fill(2, kSize, byte, bytes, true));
    }
  }
}

TEST_P(BulkTest, TheHighestBytesAreTouchedFirst) {
  // Before guard pages nothing is compared: the first access of each kind has to be the one that faults.
  for (const bool copies : {true, false}) {
    Function f(GetParam());
    std::vector<u32> positions;
    const auto emit = [&] {
      f.begin({wasm::kI32, wasm::kI32}, 2);
      push(f, 0, 0, false, 0);
      push(f, 1, 0, false, 0);
      f.state.next_op();
      f.state.push_const(Rep::i32, 40);
      f.state.next_op();
      if (copies) {
        emit_small_copy(f.c, {type(0), 0}, {type(1), 0});
      } else {
        emit_small_fill(f.c, {type(0), 0});
      }
    };
    emit();
    const u32 end = f.m.position();
    u32 seen = 0;
    for (u32 position = 0; position < end; ++position) {
      const u32 before = seen;
      f.cold.watch({.position = position, .seen = [](void* user, u32) { ++*static_cast<u32*>(user); }, .user = &seen});
      emit();
      if (seen != before) positions.push_back(position);
    }
    f.cold.watch({});
    // Of 40 bytes there are parts at 0, 16 and 24, each an access of its own.
    ASSERT_EQ(positions.size(), copies ? 6U : 3U);
    emit();
    const std::span<const u8> code = f.m.code();
    for (usize i = 0; i < positions.size(); i += 3) {
      // The displacement is the last byte of the instruction; the part at 0 has none.
      EXPECT_EQ(code[positions[i + 1] - 1], 24);
      EXPECT_EQ(code[positions[i + 2] - 1], 16);
    }
  }
}

}  // namespace

}  // namespace dewar::exec::baseline::test
