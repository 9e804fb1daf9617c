// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Layouts, headers, zeroing, the exact limit and determinism of the GC heap.
#include <algorithm>
#include <atomic>
#include <cstring>

#include "gc/size_classes.h"
#include "unit/gc/gc_types.h"

namespace dewar::gc {
namespace {

using runtime::kNullRef;
using wasm::kF64;
using wasm::kI32;
using wasm::kI64;
using wasm::kV128;

constexpr u64 kMiB = u64{1} << 20;

void collect(Heap& heap, std::initializer_list<Ref> roots = {}) {
  heap.begin_mark();
  for (const Ref r : roots) heap.mark(r);
  heap.sweep();
}

TEST(HeapLayout, StructFieldsAreNaturallyAligned) {
  GcTypes types;
  const CanonId id = types.add_struct({kI8, kI16, kI8, kI32, kAnyRef, kI8, kI64, kI8, kV128, kI16, kF64, kAnyRef});
  Heap heap(types.registry, kMiB);
  const Layout& layout = heap.layout(id);
  EXPECT_EQ(layout.offsets, (std::vector<u32>{0, 2, 4, 8, 12, 16, 24, 32, 40, 56, 64, 72}));
  EXPECT_EQ(layout.ref_offsets, (std::vector<u32>{12, 72}));
  EXPECT_EQ(layout.size, 76u);
  EXPECT_FALSE(layout.is_array);
  EXPECT_EQ(&layout, &heap.layout(id));
}

TEST(HeapLayout, SubtypesExtendTheirSupertype) {
  GcTypes types;
  SubType super;
  super.kind = wasm::CompositeKind::struct_;
  super.is_final = false;
  super.fields = {{kI8, false}, {kAnyRef, false}};
  const CanonId super_id = types.add(super);
  SubType sub = super;
  sub.has_super = true;
  sub.super = wasm::TypeIndex{0};
  sub.fields.push_back({kI64, true});
  const CanonId sub_id = types.add(sub);
  Heap heap(types.registry, kMiB);
  const auto& small = heap.layout(super_id).offsets;
  const auto& big = heap.layout(sub_id).offsets;
  EXPECT_TRUE(std::equal(small.begin(), small.end(), big.begin()));
  EXPECT_EQ(big.size(), 3u);
}

TEST(HeapLayout, ArraysAndExceptions) {
  GcTypes types;
  const CanonId bytes = types.add_array(kI8);
  const CanonId vectors = types.add_array(kV128);
  const CanonId refs = types.add_array(kAnyRef);
  const CanonId tag = types.add_func({kI32, kV128, kAnyRef, kI64});
  Heap heap(types.registry, kMiB);
  EXPECT_EQ(heap.layout(bytes).size, 1u);
  EXPECT_TRUE(heap.layout(bytes).ref_offsets.empty());
  EXPECT_EQ(heap.layout(vectors).size, 16u);
  EXPECT_EQ(heap.layout(refs).ref_offsets, std::vector<u32>{0});
  EXPECT_TRUE(heap.layout(refs).is_array);
  EXPECT_EQ(heap.layout(tag).offsets, (std::vector<u32>{0, 8, 24, 32}));
  EXPECT_EQ(heap.layout(tag).ref_offsets, std::vector<u32>{24});
  EXPECT_EQ(heap.layout(tag).size, 40u);
}

TEST(Heap, HeadersTellWhatAnObjectIs) {
  GcTypes types;
  const CanonId s = types.add_struct({kI64});
  const CanonId a = types.add_array(kI16);
  const CanonId f = types.add_func({kI32});
  Heap heap(types.registry, kMiB);
  const Ref r1 = heap.new_struct(s);
  const Ref r2 = heap.new_array(a, 7);
  const Ref r3 = heap.new_exception(5, f);
  EXPECT_EQ(runtime::ref_kind(r1), runtime::RefKind::object);
  EXPECT_EQ(heap.type_of(r1), s);
  EXPECT_FALSE(heap.is_exception(r1));
  EXPECT_EQ(heap.type_of(r2), a);
  EXPECT_EQ(heap.array_length(r2), 7u);
  EXPECT_TRUE(heap.is_exception(r3));
  EXPECT_EQ(heap.type_of(r3), f);
  EXPECT_EQ(heap.exception_tag(r3), 5u);
  EXPECT_EQ(heap.allocated_bytes(), 16u + 24u + 16u);
}

TEST(Heap, EmptyObjectsExist) {
  GcTypes types;
  const CanonId s = types.add_struct({});
  const CanonId a = types.add_array(kV128);
  Heap heap(types.registry, kMiB);
  const Ref r1 = heap.new_struct(s);
  const Ref r2 = heap.new_array(a, 0);
  EXPECT_NE(r1, kNullRef);
  EXPECT_NE(r2, kNullRef);
  EXPECT_NE(r1, r2);
}

TEST(Heap, ReusedSpaceIsZero) {
  GcTypes types;
  const CanonId bytes = types.add_array(kI8);
  Heap heap(types.registry, 64 * kMiB);
  const auto is_zero = [&](Ref r, u64 n) {
    return std::all_of(heap.payload(r), heap.payload(r) + n, [](u8 b) { return b == 0; });
  };
  // Small cells, a run that is kept, and one that goes back to the system.
  for (const u32 length : {1u, 100u, 8000u, 20'000u, 3'000'000u}) {
    const Ref first = heap.new_array(bytes, length);
    ASSERT_NE(first, kNullRef);
    EXPECT_TRUE(is_zero(first, length));
    std::memset(heap.payload(first), 0xaa, length);
    collect(heap);
    EXPECT_EQ(heap.allocated_bytes(), 0u);
    EXPECT_FALSE(heap.is_object(first));
    const Ref second = heap.new_array(bytes, length);
    EXPECT_EQ(first, second);
    EXPECT_TRUE(is_zero(second, length)) << length;
    collect(heap);
  }
}

TEST(Heap, LimitIsExactForEverySizeClass) {
  GcTypes types;
  const CanonId bytes = types.add_array(kI8);
  for (u32 c = 0; c < kClassCount; ++c) {
    const u32 cell = cell_bytes(c);
    const u32 length = cell - Heap::kHeaderBytes;
    const u64 objects = 300;
    for (const i64 slack : {-1, 0, 1}) {
      const u64 max = cell * objects + static_cast<u64>(slack);
      Heap heap(types.registry, max);
      u64 made = 0;
      while (heap.new_array(bytes, length) != kNullRef) ++made;
      EXPECT_EQ(made, slack < 0 ? objects - 1 : objects) << cell << " " << slack;
      EXPECT_EQ(heap.allocated_bytes(), made * cell);
      collect(heap);
      EXPECT_NE(heap.new_array(bytes, length), kNullRef);
    }
  }
}

TEST(Heap, LimitIsExactForLargeObjects) {
  GcTypes types;
  const CanonId bytes = types.add_array(kI8);
  const u32 length = 100 * kBlockBytes - Heap::kHeaderBytes;
  const u64 size = u64{100} * kBlockBytes;
  for (const i64 slack : {-1, 0, 1}) {
    Heap heap(types.registry, 3 * size + static_cast<u64>(slack));
    const u64 fit = slack < 0 ? 2 : 3;
    for (u64 i = 0; i < fit; ++i) EXPECT_NE(heap.new_array(bytes, length), kNullRef);
    EXPECT_EQ(heap.new_array(bytes, length), kNullRef);
    EXPECT_EQ(heap.new_array(bytes, length + 1), kNullRef);
  }
}

TEST(Heap, HugeLengthsAreRefused) {
  GcTypes types;
  const CanonId vectors = types.add_array(kV128);
  const CanonId bytes = types.add_array(kI8);
  Heap heap(types.registry, u64{4} << 30);
  EXPECT_EQ(heap.new_array(vectors, 0xffff'ffff), kNullRef);
  EXPECT_EQ(heap.new_array(vectors, 0x1000'0000), kNullRef);
  EXPECT_EQ(heap.new_array(bytes, 0xffff'ffff), kNullRef);
  EXPECT_EQ(heap.allocated_bytes(), 0u);
  const Ref r = heap.new_array(bytes, 0xffff'0000);
  ASSERT_NE(r, kNullRef);
  heap.payload(r)[0xffff'0000 - 1] = 1;
  EXPECT_EQ(heap.new_array(bytes, 0x1'0000), kNullRef);
}

TEST(Heap, AZeroLimitRefusesEverything) {
  GcTypes types;
  const CanonId s = types.add_struct({});
  Heap heap(types.registry, 0);
  EXPECT_EQ(heap.new_struct(s), kNullRef);
  collect(heap);
  EXPECT_EQ(heap.collections(), 1u);
  EXPECT_FALSE(heap.is_object(8));
}

TEST(Heap, FreedRunsAreReusedBySmallObjectsAndBack) {
  GcTypes types;
  const CanonId bytes = types.add_array(kI8);
  Heap heap(types.registry, 8 * kMiB);
  for (int round = 0; round < 5; ++round) {
    const Ref big = heap.new_array(bytes, 7 * kMiB);
    ASSERT_NE(big, kNullRef) << round;
    collect(heap);
    u64 small = 0;
    while (heap.new_array(bytes, 100) != kNullRef) ++small;
    EXPECT_EQ(small, 8 * kMiB / rounded_bytes(108));
    collect(heap);
  }
}

TEST(Heap, LongChainsAndWideArraysAreMarkedWithoutRecursion) {
  GcTypes types;
  const CanonId node = types.add_struct({kAnyRef, kI32});
  const CanonId refs = types.add_array(kAnyRef);
  Heap heap(types.registry, 64 * kMiB);
  constexpr u32 kCount = 1'000'000;
  Ref head = kNullRef;
  for (u32 i = 0; i < kCount; ++i) {
    const Ref r = heap.new_struct(node);
    ASSERT_NE(r, kNullRef);
    std::memcpy(heap.payload(r), &head, 4);
    head = r;
  }
  const u64 chain = heap.allocated_bytes();
  collect(heap, {head});
  EXPECT_EQ(heap.allocated_bytes(), chain);
  const Ref wide = heap.new_array(refs, kCount);
  u32 at = 0;
  for (Ref r = head; r != kNullRef; ++at) {
    std::memcpy(heap.payload(wide) + at * 4, &r, 4);
    Ref next;
    std::memcpy(&next, heap.payload(r), 4);
    const Ref none = kNullRef;
    std::memcpy(heap.payload(r), &none, 4);
    r = next;
  }
  ASSERT_EQ(at, kCount);
  const u64 all = heap.allocated_bytes();
  collect(heap, {wide});
  EXPECT_EQ(heap.allocated_bytes(), all);
  collect(heap);
  EXPECT_EQ(heap.allocated_bytes(), 0u);
}

TEST(Heap, ExceptionsTraceTheirPayload) {
  GcTypes types;
  const CanonId s = types.add_struct({kI64});
  const CanonId tag = types.add_func({kV128, kAnyRef, kI32});
  Heap heap(types.registry, kMiB);
  const Ref inner = heap.new_struct(s);
  const Ref lost = heap.new_struct(s);
  const Ref exn = heap.new_exception(0, tag);
  // Garbage in the upper half of the slot, and numbers that look like references in the others.
  const u64 slots[4] = {lost, lost, u64{0xdeadbeef} << 32 | inner, lost};
  std::memcpy(heap.payload(exn), slots, sizeof slots);
  collect(heap, {exn});
  EXPECT_TRUE(heap.is_object(exn));
  EXPECT_TRUE(heap.is_object(inner));
  EXPECT_FALSE(heap.is_object(lost));
}

TEST(Heap, WantsACollectionInProportion) {
  GcTypes types;
  const CanonId bytes = types.add_array(kI8);
  Heap heap(types.registry, 64 * kMiB);
  EXPECT_FALSE(heap.wants_collection());
  const Ref kept = heap.new_array(bytes, 8 * kMiB - 8);
  EXPECT_TRUE(heap.wants_collection());
  collect(heap, {kept});
  EXPECT_FALSE(heap.wants_collection());
  EXPECT_NE(heap.new_array(bytes, 8 * kMiB - 8 - kBlockBytes), kNullRef);
  EXPECT_FALSE(heap.wants_collection());
  EXPECT_NE(heap.new_array(bytes, kBlockBytes - 8), kNullRef);
  EXPECT_TRUE(heap.wants_collection());
}

TEST(Heap, CollectionsThatAreNotDueChangeNothingElse) {
  GcTypes types;
  const CanonId bytes = types.add_array(kI8);
  Heap heap(types.registry, 8 * kMiB);
  const Ref kept = heap.new_array(bytes, 4 * kMiB - 8);
  ASSERT_NE(heap.new_array(bytes, 4 * kMiB - 8), kNullRef);
  heap.begin_mark();
  heap.mark(kept);
  heap.sweep(false);
  EXPECT_EQ(heap.allocated_bytes(), 4 * kMiB);
  EXPECT_EQ(heap.counted_bytes(), 8 * kMiB);
  EXPECT_TRUE(heap.wants_collection());
  EXPECT_EQ(heap.new_array(bytes, 100), kNullRef) << "refused as without that collection";
  collect(heap, {kept});
  EXPECT_EQ(heap.counted_bytes(), 4 * kMiB);
  EXPECT_NE(heap.new_array(bytes, 100), kNullRef);
}

TEST(Heap, TheLastLargeObjectCanBeTakenBack) {
  GcTypes types;
  const CanonId bytes = types.add_array(kI8);
  Heap heap(types.registry, 8 * kMiB);
  const Ref before = heap.new_array(bytes, 100'000);
  const u64 counted = heap.counted_bytes();
  Ref r = kNullRef;
  // More often than there is room for.
  for (int i = 0; i < 10; ++i) {
    const Ref again = heap.new_array(bytes, 3 * kMiB);
    ASSERT_NE(again, kNullRef);
    if (r != kNullRef) EXPECT_EQ(again, r);
    r = again;
    EXPECT_EQ(heap.payload(r)[0], 0) << "zeroed again";
    heap.payload(r)[0] = 1;
    heap.undo_large(r);
    EXPECT_FALSE(heap.is_object(r));
    EXPECT_EQ(heap.counted_bytes(), counted);
    EXPECT_EQ(heap.allocated_bytes(), counted);
  }
  EXPECT_TRUE(heap.is_object(before));
  EXPECT_FALSE(heap.wants_collection());
}

TEST(HeapStop, MarkingThatIsStoppedFreesNothing) {
  GcTypes types;
  const CanonId bytes = types.add_array(kI8), refs = types.add_array(kAnyRef);
  Heap heap(types.registry, 64 * kMiB);
  const Ref list = heap.new_array(refs, 100'000), child = heap.new_array(bytes, 5);
  std::memcpy(heap.payload(list) + 99'999 * sizeof(Ref), &child, sizeof child);
  const Ref garbage = heap.new_array(bytes, 100'000);
  std::atomic<u32> word{0};
  const base::StopBits stop{&word, 2};
  const auto expect_all = [&] {
    EXPECT_FALSE(heap.sweep());
    EXPECT_EQ(heap.collections(), 0u);
    for (const Ref r : {list, child, garbage}) EXPECT_TRUE(heap.is_object(r));
  };
  word = 2;  // before
  heap.begin_mark(stop);
  word = 0;
  heap.mark(list);
  expect_all();
  heap.begin_mark(stop);  // before a root
  word = 2;
  heap.mark(list);
  word = 0;
  heap.mark(child);
  expect_all();
  heap.begin_mark(stop);  // by the one who looks for roots
  heap.mark(list);
  heap.abandon_mark();
  expect_all();
  word = 1;  // no bit that counts
  heap.begin_mark(stop);
  heap.mark(list);
  EXPECT_TRUE(heap.sweep());
  EXPECT_TRUE(heap.is_object(list));
  EXPECT_TRUE(heap.is_object(child));
  EXPECT_FALSE(heap.is_object(garbage));
}

TEST(HeapStop, WhatTheSystemDidNotGetBackIsZeroedLater) {
  GcTypes types;
  const CanonId bytes = types.add_array(kI8);
  Heap heap(types.registry, 16 * kMiB);
  std::atomic<u32> word{1};
  const base::StopBits stop{&word, 1};
  constexpr u32 kSize = 9 * kMiB;
  const auto scribble = [&](Ref r) { std::memset(heap.payload(r), 0xa5, kSize); };
  Ref r = heap.new_array(bytes, kSize);
  scribble(r);
  heap.undo_large(r, stop);
  EXPECT_EQ(heap.new_array(bytes, kSize, stop), kNullRef) << "clearing it is stopped";
  EXPECT_EQ(heap.counted_bytes(), 0u);
  for (int i = 0; i < 2; ++i) {
    r = heap.new_array(bytes, kSize);
    ASSERT_NE(r, kNullRef);
    EXPECT_EQ(std::count(heap.payload(r), heap.payload(r) + kSize, 0), kSize);
    scribble(r);
    // All is marked when the stop comes: what is garbage is freed all the same.
    word = 0;
    heap.begin_mark(stop);
    word = 1;
    EXPECT_TRUE(heap.sweep());
    EXPECT_EQ(heap.counted_bytes(), 0u);
  }
}

}  // namespace
}  // namespace dewar::gc
