// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The heap's region as a row of 16 KiB blocks: each is free, holds cells of one size class, or belongs to a run that
// holds one large object. Bits per cell say what is allocated and what is marked; they live outside the blocks, so
// sweeping never touches dead objects. Block 0 stays inaccessible: offset 0 is null. Invariant: every block at or above
// top() is free; a block that is not `dirty` reads as zero.
#pragma once

#include <array>
#include <vector>

#include "base/mmap.h"
#include "base/stop.h"
#include "gc/size_classes.h"

namespace dewar::gc {

/// Gives memory back to the system, piece by piece, until that is stopped or refused. Bytes from `begin` on that read
/// as zero now. `begin` and `bytes` are multiples of the system's pages.
u64 give_back(base::Mapping& mapping, u64 begin, u64 bytes, base::StopBits stop);

/// Whatever takes longer for many bytes can be stopped.
class Blocks {
 public:
  static constexpr u64 kMaxRegion = u64{1} << 32;

  /// Reserves address space. False if the system refuses.
  bool reserve(u64 region_bytes);
  u8* base() const { return region_.data(); }

  /// Offset of a zeroed cell / run; 0 if there is no room, or if that was stopped. `bytes` > kMaxSmall for a run.
  u32 allocate_small(u32 size_class);
  u32 allocate_large(u64 bytes, base::StopBits stop);

  /// Frees the run that was allocated last; the next allocation of its size takes it again. Its rounded bytes. Stopped,
  /// it is freed all the same, but the system has less of its memory.
  u64 undo_large(u32 offset, base::StopBits stop);

  /// False if that was stopped: there are marks then.
  bool clear_marks(base::StopBits stop);
  /// Sets the mark of the object at `offset`; false if it was set.
  bool mark(u32 offset);
  /// Frees what is not marked. Returns the rounded bytes of what is left. Stopped, it does so all the same, but the
  /// system has less of the memory.
  u64 sweep(base::StopBits stop);

  bool is_object(u32 offset) const;
  /// The first object beyond `offset`, 0 if there is none.
  u32 next_object(u32 offset) const;

 private:
  enum class Kind : u8 { free, small, large };
  struct Block {
    Kind kind;
    u8 size_class;
    bool dirty;
    u32 run;  ///< large: blocks of the object, in the first one; the others keep kind `large` and run 0
  };
  static constexpr u32 kWords = kBlockBytes / kMinCell / 64;
  using Bits = u64[kWords];

  /// Where allocation in a class goes on.
  struct Class {
    u32 current = 0;  ///< block, 0 = none
    u32 word = 0;
    usize next = 0;            ///< in `partial`
    std::vector<u32> partial;  ///< blocks with free cells at the last sweep, in order
  };

  u32 take_block();
  u32 find_run(u32 from, u32 count);
  bool extend(u32 new_top);
  u32 next_used(u32 block) const { return blocks_[block].kind == Kind::large ? blocks_[block].run : 1; }
  void free_run(u32 first, base::StopBits stop);

  base::Mapping region_, table_, alloc_map_, mark_map_;
  Block* blocks_ = nullptr;
  Bits* allocated_ = nullptr;
  Bits* marked_ = nullptr;
  u32 count_ = 0;      ///< blocks in the region
  u32 top_ = 1;        ///< blocks from here on are free
  u32 committed_ = 1;  ///< blocks from here on are not accessible yet
  u32 free_hint_ = 1;  ///< no free block between 1 and here
  u32 run_hint_ = 1;   ///< where the search for a run starts
  std::array<Class, kClassCount> classes_;
};

}  // namespace dewar::gc
