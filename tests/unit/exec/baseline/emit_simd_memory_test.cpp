// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Vector loads and stores, of lanes too, against semantics.h: at the last byte, before guard pages, where one byte more
// would fault; one byte beyond, where they trap; in all kinds of memories.
#include "exec/baseline/emit.h"
#include "exec/semantics.h"
#include "memory_fixture.h"

namespace dewar::exec::baseline::test {

namespace {

using wasm::Op;

class SimdMemoryTest : public MemoryTest {
 protected:
  struct Place {
    u32 memory;
    u64 index, offset;
    bool explicit_bounds;
    u64 at() const { return index + offset; }
  };

  /// Places of accesses of this width; all but the last two are in bounds.
  static std::vector<Place> places(u32 bytes) {
    const u64 last = kSize - bytes;
    std::vector<Place> all;
    for (u32 memory : {0u, 1u, 2u}) {
      for (bool explicit_bounds : {false, true}) {
        all.push_back({memory, last, 0, explicit_bounds});
        all.push_back({memory, 0, last, explicit_bounds});
        all.push_back({memory, 5, 1000, explicit_bounds});
      }
      all.push_back({memory, last + 1, 0, true});
      all.push_back({memory, 1, last, true});
    }
    return all;
  }

  /// `vector_below`: an operand above the index. Gives false if the level has no encoding.
  bool emit(Function& f, Op op, const Place& place, u8 lane, bool has_vector) {
    f.begin({index_type(place.memory), wasm::kV128}, 2);
    f.state.push_local(0);
    if (has_vector) {
      f.state.next_op();
      f.state.push_local(1);
    }
    f.state.next_op();
    return emit_simd_access(f.c, op, type(place.memory), place.memory, place.offset, lane);
  }

  static constexpr Bits kVector{0x8182838485868788, 0x1112131415161718};

  /// make(bytes at the place, vector) is what is loaded.
  template <class T, class Make>
  void check_load(Op op, u8 lane, bool has_vector, bool at_v1, Make&& make) {
    SCOPED_TRACE(wasm::op_info(op).text);
    for (const Place& place : places(sizeof(T))) {
      SCOPED_TRACE(testing::Message() << "memory " << place.memory << " at " << place.at() << " lane " << int{lane});
      Function f(GetParam(), place.explicit_bounds);
      const bool done = emit(f, op, place, lane, has_vector);
      ASSERT_EQ(done, at_v1 || GetParam() > CpuLevel::v1);
      if (!done) {
        ASSERT_EQ(f.state.height(), has_vector ? 2U : 1U);
        continue;
      }
      const auto map = f.locations();
      f.stop();
      const bool in_bounds = place.at() <= kSize - sizeof(T);
      ASSERT_EQ(run(f, {{index_bits(place.memory, place.index), 0}, kVector}), in_bounds ? kReturned : kOutOfBounds);
      if (!in_bounds) continue;
      T loaded;
      std::memcpy(&loaded, memories_[place.memory]->base + place.at(), sizeof loaded);
      const V128 want = make(loaded, V128{kVector.lo, kVector.hi});
      ASSERT_EQ(f.value(f.local_slots() + Function::kHeaderSlots, Rep::v128, map), (Bits{want.lo, want.hi}));
      ASSERT_EQ(f.value(f.state.local_slot(1), Rep::v128, map), kVector);
    }
  }

  template <class T, class Take>
  void check_store(Op op, u8 lane, bool at_v1, Take&& take) {
    SCOPED_TRACE(wasm::op_info(op).text);
    for (const Place& place : places(sizeof(T))) {
      SCOPED_TRACE(testing::Message() << "memory " << place.memory << " at " << place.at() << " lane " << int{lane});
      Function f(GetParam(), place.explicit_bounds);
      const bool done = emit(f, op, place, lane, true);
      ASSERT_EQ(done, at_v1 || GetParam() > CpuLevel::v1);
      if (!done) continue;
      f.stop();
      const bool in_bounds = place.at() <= kSize - sizeof(T);
      ASSERT_EQ(run(f, {{index_bits(place.memory, place.index), 0}, kVector}), in_bounds ? kReturned : kOutOfBounds);
      const T stored = take(V128{kVector.lo, kVector.hi});
      ASSERT_TRUE(holds(place.memory, place.at(), &stored, in_bounds ? sizeof stored : 0));
      reset(place.memory);
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Levels, SimdMemoryTest, testing::ValuesIn(kLevels),
                         [](const auto& info) { return "v" + std::to_string(static_cast<int>(info.param) + 1); });

TEST_P(SimdMemoryTest, LoadsOfWholeVectors) {
  const auto same = [](V128 loaded, V128) { return loaded; };
  check_load<V128>(Op::v128_load, 0, false, true, same);
#define LOAD(id, T, at_v1) check_load<T>(Op::id, 0, false, at_v1, [](T loaded, V128) { return sem::id(loaded); });
  LOAD(v128_load8x8_s, u64, false)
  LOAD(v128_load8x8_u, u64, false)
  LOAD(v128_load16x4_s, u64, false)
  LOAD(v128_load16x4_u, u64, false)
  LOAD(v128_load32x2_s, u64, false)
  LOAD(v128_load32x2_u, u64, false)
  LOAD(v128_load8_splat, u8, true)
  LOAD(v128_load16_splat, u16, true)
  LOAD(v128_load32_splat, u32, true)
  LOAD(v128_load64_splat, u64, true)
  LOAD(v128_load32_zero, u32, true)
  LOAD(v128_load64_zero, u64, true)
#undef LOAD
}

TEST_P(SimdMemoryTest, LoadsOfLanes) {
#define LOAD(id, T, at_v1)                         \
  for (u8 lane = 0; lane < 16 / sizeof(T); ++lane) \
    check_load<T>(Op::id, lane, true, at_v1, [lane](T loaded, V128 v) { return sem::id(v, loaded, lane); });
  LOAD(v128_load8_lane, u8, false)
  LOAD(v128_load16_lane, u16, true)
  LOAD(v128_load32_lane, u32, false)
  LOAD(v128_load64_lane, u64, true)
#undef LOAD
}

TEST_P(SimdMemoryTest, Stores) {
  check_store<V128>(Op::v128_store, 0, true, [](V128 v) { return v; });
#define STORE(id, T, at_v1)                        \
  for (u8 lane = 0; lane < 16 / sizeof(T); ++lane) \
    check_store<T>(Op::id, lane, at_v1, [lane](V128 v) { return sem::id(v, lane); });
  STORE(v128_store8_lane, u8, false)
  STORE(v128_store16_lane, u16, false)
  STORE(v128_store32_lane, u32, lane == 0)
  STORE(v128_store64_lane, u64, true)
#undef STORE
}

TEST_P(SimdMemoryTest, AccessesAreWatchedWhereTheyBegin) {
  // A fault is looked for by the native offset at which the access begins: exactly one instruction of each is one.
  for (const Op op : {Op::v128_load, Op::v128_load8_splat, Op::v128_load64_lane, Op::v128_store64_lane}) {
    const bool has_vector = op == Op::v128_load64_lane || op == Op::v128_store64_lane;
    Function f(GetParam());
    ASSERT_TRUE(emit(f, op, {0, 0, 64, false}, 1, has_vector));
    const u32 end = f.m.position();
    u32 seen = 0;
    for (u32 position = 0; position < end; ++position) {
      f.cold.watch({.position = position, .seen = [](void* user, u32) { ++*static_cast<u32*>(user); }, .user = &seen});
      ASSERT_TRUE(emit(f, op, {0, 0, 64, false}, 1, has_vector));
    }
    EXPECT_EQ(seen, 1U) << wasm::op_info(op).text;
    f.cold.watch({});
  }
}

}  // namespace

}  // namespace dewar::exec::baseline::test
