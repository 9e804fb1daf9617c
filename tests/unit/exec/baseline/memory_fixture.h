// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memories for tests of instructions that access them: 0 and 1 have 32-bit indexes and guard pages right behind them,
// 2 has 64-bit indexes. An access that is wider than it may be faults, or is seen in what it changes.
#pragma once

#include <cstring>

#include "emit_fixture.h"
#include "gtest/gtest.h"
#include "runtime/store.h"

namespace dewar::exec::baseline::test {

class MemoryTest : public testing::TestWithParam<CpuLevel> {
 protected:
  static constexpr u32 kPages = 1;
  static constexpr u64 kSize = kPages * 65536;
  static constexpr u64 kOutOfBounds = kTrapBase + static_cast<u64>(TrapKind::memory_out_of_bounds);

  void SetUp() override {
    if (!CpuFeatures::host().has(GetParam())) GTEST_SKIP() << "this machine has a lower level";
    instance_.memories = std::make_unique<runtime::Memory*[]>(3);
    for (u32 i = 0; i < 3; ++i) {
      wasm::MemoryType type;
      type.limits.is64 = i == 2;
      type.limits.min = type.limits.max = kPages;
      type.limits.has_max = true;
      auto made = runtime::Memory::create(type, false, u64{1} << 30);
      ASSERT_TRUE(made);
      memories_[i] = *made;
      instance_.memories[i] = made->get();
      reset(i);
    }
  }
  static u8 byte_at(u64 at) { return static_cast<u8>(at * 37 + (at >> 8)); }
  void reset(u32 memory) {
    for (u64 i = 0; i < kSize; ++i) memories_[memory]->base[i] = byte_at(i);
  }
  const wasm::MemoryType& type(u32 memory) const { return memories_[memory]->type; }
  wasm::ValType index_type(u32 memory) const { return memory == 2 ? wasm::kI64 : wasm::kI32; }
  /// With garbage where an i32 has none.
  u64 index_bits(u32 memory, u64 index) const { return memory == 2 ? index : index | 0xabcdef01'00000000; }
  u64 run(Function& f, const std::vector<Bits>& args) {
    f.finish();
    return f.run(args, &instance_, memories_[0]->base);
  }
  /// Does the memory hold what it held at first, but for `count` bytes at `at`, which are `bytes`?
  testing::AssertionResult holds(u32 memory, u64 at, const void* bytes, usize count) const {
    const u8* const base = memories_[memory]->base;
    for (u64 i = 0; i < kSize; ++i) {
      const u8 want = i >= at && i - at < count ? static_cast<const u8*>(bytes)[i - at] : byte_at(i);
      if (base[i] != want) return testing::AssertionFailure() << "byte " << i << " is " << u32{base[i]};
    }
    return testing::AssertionSuccess();
  }

  std::shared_ptr<runtime::Memory> memories_[3];
  runtime::Instance instance_;
};

}  // namespace dewar::exec::baseline::test
