// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Interruption inside bulk operations (design D12): after the request at most 64 KiB more may be written. Another
// thread watches how far the operation got, asks, and looks again; what is written after that second look counts as
// work done after the request (so the measure can only be too small, never a false alarm). No clock is involved.
#include <gtest/gtest.h>

#include <thread>

#include "gc/heap.h"
#include "interrupt/engine_fixture.h"

namespace dewar::test {
namespace {

using runtime::Outcome;
using runtime::TrapKind;

constexpr u64 kMostBytes = 64 << 10;
constexpr int kAttempts = 200;

/// What an operation writes: `count` cells of `width` bytes at `cells`, all zero before, all non-zero after.
struct Cells {
  const u8* cells = nullptr;
  u64 count = 0;
  u32 width = 1;
  bool backward = false;  ///< a copy may go from the last cell to the first

  /// Not instrumented: reading what the guest writes is a race that the test wants.
  __attribute__((no_sanitize("thread", "address"))) bool done(u64 i) const {
    const volatile u8* cell = cells + (backward ? count - 1 - i : i) * width;
    u8 bits = 0;
    for (u32 b = 0; b < width; ++b) bits |= cell[b];
    return bits != 0;
  }
  /// Has the operation begun? Finds out in which direction it goes. At the end of a short one both ends are done.
  bool begun() {
    backward = false;
    if (done(0)) return true;
    backward = true;
    return done(0);
  }
  /// Number of cells done; they are done in order.
  u64 progress() const {
    u64 low = 0, high = count;
    while (low < high) {
      const u64 middle = low + (high - low) / 2;
      if (done(middle))
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }
};

struct BulkCase {
  const char* name;
  const char* fields;  ///< exports "prepare" (empties the cells) and "run" (the operation)
  enum class Where { memory, table, array } where;
  u64 offset;  ///< first cell; memory: byte offset, table: element
  u64 count;
  u32 width;
};

using enum BulkCase::Where;

constexpr u64 kMiB = u64{1} << 20;

// Arrays announce themselves to the host with `show`, so that the watcher knows their payload.
const BulkCase kCases[] = {
    {"memory_fill", R"((memory (export "m") 1024) (func (export "prepare"))
        (func (export "run") (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x4000000))))",
     memory, 0, 64 * kMiB, 1},
    {"memory_fill_64", R"((memory (export "m") i64 1024) (func (export "prepare"))
        (func (export "run") (memory.fill (i64.const 0) (i32.const 7) (i64.const 0x4000000))))",
     memory, 0, 64 * kMiB, 1},
    {"memory_copy", R"((memory (export "m") 1024) (func (export "prepare")
          (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x2000000)))
        (func (export "run") (memory.copy (i32.const 0x2000000) (i32.const 0) (i32.const 0x2000000))))",
     memory, 32 * kMiB, 32 * kMiB, 1},
    {"memory_copy_between", R"((memory (export "m") 512) (memory $src 512) (func (export "prepare")
          (memory.fill $src (i32.const 0) (i32.const 7) (i32.const 0x2000000)))
        (func (export "run") (memory.copy 0 $src (i32.const 0) (i32.const 0) (i32.const 0x2000000))))",
     memory, 0, 32 * kMiB, 1},
    // Source [0, 32 MiB) and target [24 MiB, 56 MiB) overlap: only the part beyond the source is watched, which an
    // overlapping copy to higher addresses writes first, from its end.
    {"memory_copy_overlapping", R"((memory (export "m") 1024) (func (export "prepare")
          (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x2000000)))
        (func (export "run") (memory.copy (i32.const 0x1800000) (i32.const 0) (i32.const 0x2000000))))",
     memory, 32 * kMiB, 24 * kMiB, 1},
    {"table_fill", R"((table (export "t") 4000000 anyref) (func (export "prepare"))
        (func (export "run") (table.fill (i32.const 0) (ref.i31 (i32.const 7)) (i32.const 4000000))))",
     table, 0, 4'000'000, 4},
    {"table_fill_func",
     R"((table (export "t") 4000000 funcref) (func $f) (elem declare func $f) (func (export "prepare"))
        (func (export "run") (table.fill (i32.const 0) (ref.func $f) (i32.const 4000000))))",
     table, 0, 4'000'000, 4},
    {"table_copy", R"((table (export "t") 8000000 anyref) (func (export "prepare")
          (table.fill (i32.const 0) (ref.i31 (i32.const 7)) (i32.const 4000000)))
        (func (export "run") (table.copy (i32.const 4000000) (i32.const 0) (i32.const 4000000))))",
     table, 4'000'000, 4'000'000, 4},
    {"table_copy_overlapping", R"((table (export "t") 8000000 anyref) (func (export "prepare")
          (table.fill (i32.const 0) (ref.i31 (i32.const 7)) (i32.const 4000000)))
        (func (export "run") (table.copy (i32.const 3000000) (i32.const 0) (i32.const 4000000))))",
     table, 4'000'000, 3'000'000, 4},
    {"array_fill", R"((type $a (array (mut i64))) (global $g (mut (ref null $a)) (ref.null $a))
        (func (export "prepare") (global.set $g (array.new_default $a (i32.const 4000000))) (call $show (global.get $g)))
        (func (export "run") (array.fill $a (global.get $g) (i32.const 0) (i64.const 7) (i32.const 4000000))))",
     array, 0, 4'000'000, 8},
    {"array_fill_ref", R"((type $a (array (mut anyref))) (global $g (mut (ref null $a)) (ref.null $a))
        (func (export "prepare") (global.set $g (array.new_default $a (i32.const 4000000))) (call $show (global.get $g)))
        (func (export "run")
          (array.fill $a (global.get $g) (i32.const 0) (ref.i31 (i32.const 7)) (i32.const 4000000))))",
     array, 0, 4'000'000, 4},
    {"array_copy", R"((type $a (array (mut i32))) (global $g (mut (ref null $a)) (ref.null $a))
        (global $s (mut (ref null $a)) (ref.null $a))
        (func (export "prepare") (global.set $g (array.new_default $a (i32.const 4000000))) (call $show (global.get $g))
          (global.set $s (array.new_default $a (i32.const 4000000)))
          (array.fill $a (global.get $s) (i32.const 0) (i32.const 7) (i32.const 4000000)))
        (func (export "run") (array.copy $a $a (global.get $g) (i32.const 0)
          (global.get $s) (i32.const 0) (i32.const 4000000))))",
     array, 0, 4'000'000, 4},
    {"array_copy_overlapping", R"((type $a (array (mut i8))) (global $g (mut (ref null $a)) (ref.null $a))
        (func (export "prepare") (global.set $g (array.new_default $a (i32.const 24000000))) (call $show (global.get $g))
          (array.fill $a (global.get $g) (i32.const 0) (i32.const 7) (i32.const 12000000)))
        (func (export "run") (array.copy $a $a (global.get $g) (i32.const 8000000)
          (global.get $g) (i32.const 0) (i32.const 12000000))))",
     array, 12'000'000, 8'000'000, 1},
};

/// Cases whose source is a segment, which must be large: the text is made here.
struct SegmentCase {
  const char* name;
  const char* fields;
  bool data;  ///< $seg is a data segment of kSegment bytes, else an element segment of as many i31 expressions
  BulkCase::Where where;
  u32 width;
};

constexpr u64 kDataSegment = 16 * kMiB;
constexpr u64 kElemSegment = 400'000;

const SegmentCase kSegmentCases[] = {
    {"memory_init", R"((memory (export "m") 256) (func (export "prepare"))
        (func (export "run") (memory.init $seg (i32.const 0) (i32.const 0) (i32.const 16777216))))",
     true, memory, 1},
    {"array_init_data", R"((type $a (array (mut i8))) (global $g (mut (ref null $a)) (ref.null $a))
        (func (export "prepare") (global.set $g (array.new_default $a (i32.const 16777216))) (call $show (global.get $g)))
        (func (export "run")
          (array.init_data $a $seg (global.get $g) (i32.const 0) (i32.const 0) (i32.const 16777216))))",
     true, array, 1},
    {"table_init", R"((table (export "t") 400000 anyref) (func (export "prepare"))
        (func (export "run") (table.init $seg (i32.const 0) (i32.const 0) (i32.const 400000))))",
     false, table, 4},
    {"array_init_elem", R"((type $a (array (mut anyref))) (global $g (mut (ref null $a)) (ref.null $a))
        (func (export "prepare") (global.set $g (array.new_default $a (i32.const 400000))) (call $show (global.get $g)))
        (func (export "run")
          (array.init_elem $a $seg (global.get $g) (i32.const 0) (i32.const 0) (i32.const 400000))))",
     false, array, 4},
};

/// One store with a case's module, prepared so that every cell is empty.
class Prepared {
 public:
  Prepared(runtime::Tier tier, const std::string& fields, BulkCase::Where where, u64 offset, u64 count, u32 width)
      : engine_(in_tier(tier)) {
    engine_.host("show", {wasm::CanonValType::ref(wasm::Heap::any, true)}, {},
                 [this](runtime::CallContext& ctx, const Slot* args, Slot*) {
                   payload_ = ctx.store.heap().payload(static_cast<runtime::Ref>(args[0]));
                   return runtime::HostStatus::ok;
                 });
    instance_ = engine_.load("(module (import \"env\" \"show\" (func $show (param anyref))) " + fields + ")");
    if (instance_ == nullptr || engine_.call(*instance_, "prepare") != Outcome::returned) {
      ADD_FAILURE() << "the case could not be prepared";
      return;
    }
    const u8* base = nullptr;
    switch (where) {
      case memory: base = engine_.memory(*instance_, "m")->base; break;
      case table: base = reinterpret_cast<const u8*>(runtime::find_export(*instance_, "t")->table->refs.get()); break;
      case array: base = payload_; break;
    }
    cells_ = {base + offset * width, count, width};
  }

  bool ready() const { return cells_.cells != nullptr; }
  TestEngine& engine() { return engine_; }
  runtime::Instance& instance() { return *instance_; }
  Cells& cells() { return cells_; }

 private:
  static runtime::EngineOptions in_tier(runtime::Tier tier) {
    runtime::EngineOptions options;
    options.tier = tier;
    return options;
  }

  TestEngine engine_;
  runtime::Instance* instance_ = nullptr;
  const u8* payload_ = nullptr;
  Cells cells_;
};

/// Runs the operation with a watcher that asks for `reasons` once the first cell is done. False if the operation had
/// ended before, which says nothing.
bool interrupted_midway(Prepared& prepared, u32 reasons, Outcome& outcome) {
  TestEngine& engine = prepared.engine();
  Cells& cells = prepared.cells();
  std::atomic<bool> over = false;
  u64 seen = 0;
  std::thread watcher([&] {
    while (!cells.begun() && !over) {
    }
    engine.stack().interrupt(reasons);
    seen = cells.progress();
  });
  outcome = engine.call(prepared.instance(), "run");
  over = true;
  watcher.join();
  const u64 end = cells.progress();
  if (end == cells.count) return false;
  EXPECT_GT(end, 0u);
  EXPECT_LE((end - seen) * cells.width, kMostBytes);
  return true;
}

void expect_interruptible(runtime::Tier tier, const std::string& fields, BulkCase::Where where, u64 offset, u64 count,
                          u32 width) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Prepared prepared(tier, fields, where, offset, count, width);
    ASSERT_TRUE(prepared.ready());
    Outcome outcome = Outcome::returned;
    if (!interrupted_midway(prepared, runtime::kInterruptKill, outcome)) continue;
    EXPECT_EQ(outcome, Outcome::trapped);
    EXPECT_EQ(prepared.engine().stack().trap.kind, TrapKind::interrupted);
    return;
  }
  FAIL() << "the operation always ran to its end: it is not interruptible";
}

/// Stops the operation in the middle with `freeze`, resumes it, and requires that every cell got done once.
void expect_resumable(runtime::Tier tier, const std::string& fields, BulkCase::Where where, u64 offset, u64 count,
                      u32 width) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Prepared prepared(tier, fields, where, offset, count, width);
    ASSERT_TRUE(prepared.ready());
    Outcome outcome = Outcome::returned;
    if (!interrupted_midway(prepared, runtime::kInterruptFreeze, outcome)) continue;
    ASSERT_EQ(outcome, Outcome::pending);
    prepared.engine().stack().clear_interrupt(runtime::kInterruptFreeze);
    EXPECT_EQ(exec::resume(prepared.engine().stack(), {}, {}), Outcome::returned)
        << runtime::trap_message(prepared.engine().stack().trap.kind);
    for (u64 i = 0; i < count; ++i) ASSERT_TRUE(prepared.cells().done(i)) << "cell " << i;
    return;
  }
  FAIL() << "the operation always ran to its end: it is not interruptible";
}

std::string segment_fields(const SegmentCase& c) {
  std::string text;
  if (c.data) {
    text = "(data $seg \"" + std::string(kDataSegment, 'x') + "\") ";
  } else {
    text = "(elem $seg anyref";
    for (u64 i = 0; i < kElemSegment; ++i) text += " (ref.i31 (i32.const 7))";
    text += ") ";
  }
  return text + c.fields;
}

/// The operation's instruction is interpreted, or a step of compiled code.
constexpr runtime::Tier kTiers[] = {runtime::Tier::interp, runtime::Tier::baseline};
template <class C>
std::string name_of(const testing::TestParamInfo<std::tuple<C, runtime::Tier>>& info) {
  const bool compiled = std::get<1>(info.param) == runtime::Tier::baseline;
  return std::string(std::get<0>(info.param).name) + (compiled ? "_baseline" : "");
}

class BulkInterrupt : public testing::TestWithParam<std::tuple<BulkCase, runtime::Tier>> {};
TEST_P(BulkInterrupt, StopsWithin64KiB) {
  const auto& [c, tier] = GetParam();
  expect_interruptible(tier, c.fields, c.where, c.offset, c.count, c.width);
}
TEST_P(BulkInterrupt, ResumesWhereItStopped) {
  const auto& [c, tier] = GetParam();
  expect_resumable(tier, c.fields, c.where, c.offset, c.count, c.width);
}
INSTANTIATE_TEST_SUITE_P(Operations, BulkInterrupt,
                         testing::Combine(testing::ValuesIn(kCases), testing::ValuesIn(kTiers)), name_of<BulkCase>);

class SegmentInterrupt : public testing::TestWithParam<std::tuple<SegmentCase, runtime::Tier>> {};
TEST_P(SegmentInterrupt, StopsWithin64KiB) {
  const auto& [c, tier] = GetParam();
  expect_interruptible(tier, segment_fields(c), c.where, 0, c.data ? kDataSegment : kElemSegment, c.width);
}
TEST_P(SegmentInterrupt, ResumesWhereItStopped) {
  const auto& [c, tier] = GetParam();
  expect_resumable(tier, segment_fields(c), c.where, 0, c.data ? kDataSegment : kElemSegment, c.width);
}
INSTANTIATE_TEST_SUITE_P(Operations, SegmentInterrupt,
                         testing::Combine(testing::ValuesIn(kSegmentCases), testing::ValuesIn(kTiers)),
                         name_of<SegmentCase>);

}  // namespace
}  // namespace dewar::test
