// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Allocation and sweeping of blocks; see blocks.h. All choices depend on nothing but earlier calls: lowest address
// first for single blocks and cells, next fit for runs.
#include "gc/blocks.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace dewar::gc {
namespace {

/// Blocks that become accessible at once: 1 MiB.
constexpr u32 kCommitBlocks = 64;
/// Runs from this length on are given back to the system when they die.
constexpr u32 kDiscardBlocks = 64;

/// Bits of word `word` that stand for cells of the class.
u64 valid_bits(u32 size_class, u32 word) {
  const u32 cells = cells_per_block(size_class);
  if (cells >= (word + 1) * 64) return ~u64{0};
  return cells <= word * 64 ? 0 : (u64{1} << (cells - word * 64)) - 1;
}

}  // namespace

u64 give_back(base::Mapping& mapping, u64 begin, u64 bytes, base::StopBits stop) {
  constexpr u64 kPiece = u64{4} << 20;
  u64 done = 0;
  while (done < bytes && !stop.stopped()) {
    const u64 piece = std::min(kPiece, bytes - done);
    if (!mapping.discard(begin + done, piece)) break;
    done += piece;
  }
  return done;
}

bool Blocks::reserve(u64 region_bytes) {
  region_bytes = std::min(region_bytes, kMaxRegion) & ~u64{kBlockBytes - 1};
  const u32 count = static_cast<u32>(region_bytes >> kBlockLog2);
  if (count < 2) return false;
  const auto side = [&](base::Mapping& mapping, usize entry) {
    auto made = base::Mapping::reserve(count * entry);
    if (!made || !made->commit(0, made->size())) return false;
    mapping = std::move(*made);
    return true;
  };
  auto region = base::Mapping::reserve(region_bytes);
  if (!region || !side(table_, sizeof(Block)) || !side(alloc_map_, sizeof(Bits)) || !side(mark_map_, sizeof(Bits))) {
    return false;
  }
  region_ = std::move(*region);
  blocks_ = reinterpret_cast<Block*>(table_.data());
  allocated_ = reinterpret_cast<Bits*>(alloc_map_.data());
  marked_ = reinterpret_cast<Bits*>(mark_map_.data());
  count_ = count;
  return true;
}

bool Blocks::extend(u32 new_top) {
  if (new_top > count_) return false;
  if (new_top > committed_) {
    const u32 until = std::min(count_, std::max(new_top, committed_ + kCommitBlocks));
    // A page of the system may be larger than a block: whole pages around what is wanted.
    const u64 page = std::max<u64>(base::os_page_size(), kBlockBytes);
    const u64 begin = (u64{committed_} << kBlockLog2) & ~(page - 1);
    const u64 end = std::min<u64>(region_.size(), ((u64{until} << kBlockLog2) + page - 1) & ~(page - 1));
    if (!region_.commit(begin, end - begin)) return false;
    committed_ = until;
  }
  top_ = new_top;
  return true;
}

u32 Blocks::take_block() {
  while (free_hint_ < top_ && blocks_[free_hint_].kind != Kind::free) free_hint_ += next_used(free_hint_);
  if (free_hint_ >= top_ && !extend(top_ + 1)) return 0;
  return free_hint_++;
}

u32 Blocks::allocate_small(u32 size_class) {
  Class& c = classes_[size_class];
  for (;;) {
    if (c.current != 0) {
      u64* bits = allocated_[c.current];
      for (; c.word < kWords; ++c.word) {
        const u64 free = ~bits[c.word] & valid_bits(size_class, c.word);
        if (free == 0) continue;
        const u32 bit = static_cast<u32>(std::countr_zero(free));
        bits[c.word] |= u64{1} << bit;
        const u32 offset = (c.current << kBlockLog2) + (c.word * 64 + bit) * cell_bytes(size_class);
        if (blocks_[c.current].dirty) std::memset(region_.data() + offset, 0, cell_bytes(size_class));
        return offset;
      }
      c.current = 0;
    }
    c.word = 0;
    if (c.next < c.partial.size()) {
      c.current = c.partial[c.next++];
      continue;
    }
    c.current = take_block();
    if (c.current == 0) return 0;
    blocks_[c.current].kind = Kind::small;
    blocks_[c.current].size_class = static_cast<u8>(size_class);
    std::memset(allocated_[c.current], 0, sizeof(Bits));
  }
}

/// First block of a free run of `count` blocks, searched from block `from`; grows the row if need be. 0 = none.
u32 Blocks::find_run(u32 from, u32 count) {
  u32 start = from;
  for (u32 b = from; b < top_;) {
    if (blocks_[b].kind == Kind::free) {
      if (++b - start == count) return start;
    } else {
      b += next_used(b);
      start = b;
    }
  }
  if (count > count_ - start) return 0;
  return extend(start + count) ? start : 0;
}

u32 Blocks::allocate_large(u64 bytes, base::StopBits stop) {
  const u64 wanted = (bytes + kBlockBytes - 1) >> kBlockLog2;
  if (wanted >= count_) return 0;
  const u32 count = static_cast<u32>(wanted);
  u32 first = find_run(run_hint_, count);
  if (first == 0 && run_hint_ > 1) first = find_run(1, count);
  if (first == 0) return 0;
  for (u32 b = first; b < first + count; ++b) {
    if (!blocks_[b].dirty) continue;
    if (stop.stopped()) return 0;
    std::memset(region_.data() + (u64{b} << kBlockLog2), 0, kBlockBytes);
    blocks_[b].dirty = false;
  }
  run_hint_ = first + count;
  for (u32 b = first; b < first + count; ++b) blocks_[b] = {Kind::large, 0, true, 0};
  blocks_[first].run = count;
  return first << kBlockLog2;
}

u64 Blocks::undo_large(u32 offset, base::StopBits stop) {
  const u32 first = offset >> kBlockLog2;
  DEWAR_ASSERT(is_object(offset) && blocks_[first].kind == Kind::large, "only a large object can be taken back");
  const u64 bytes = u64{blocks_[first].run} << kBlockLog2;
  free_run(first, stop);
  run_hint_ = first;
  return bytes;
}

bool Blocks::clear_marks(base::StopBits stop) {
  constexpr u32 kPiece = 4096;  // half a MiB of bits
  for (u32 b = 0; count_ != 0 && b < top_; b += kPiece) {
    if (stop.stopped()) return false;
    std::memset(marked_ + b, 0, usize{std::min(kPiece, top_ - b)} * sizeof(Bits));
  }
  return true;
}

bool Blocks::mark(u32 offset) {
  DEWAR_ASSERT(is_object(offset), "marking something that is no object");
  const u32 b = offset >> kBlockLog2;
  const u32 cell =
      blocks_[b].kind == Kind::small ? (offset & (kBlockBytes - 1)) / cell_bytes(blocks_[b].size_class) : 0;
  u64& word = marked_[b][cell / 64];
  const u64 bit = u64{1} << (cell % 64);
  if (word & bit) return false;
  word |= bit;
  return true;
}

void Blocks::free_run(u32 first, base::StopBits stop) {
  const u32 count = blocks_[first].run;
  // Large runs go back to the system and come back as zeros.
  u64 clean = 0;
  if (count >= kDiscardBlocks && kBlockBytes % base::os_page_size() == 0)
    clean = give_back(region_, u64{first} << kBlockLog2, u64{count} << kBlockLog2, stop) >> kBlockLog2;
  for (u32 i = 0; i < count; ++i) blocks_[first + i] = {Kind::free, 0, i >= clean, 0};
}

u64 Blocks::sweep(base::StopBits stop) {
  for (Class& c : classes_) {
    c.current = 0;
    c.word = 0;
    c.next = 0;
    c.partial.clear();
  }
  u64 live_bytes = 0;
  u32 last_used = 0;
  for (u32 b = 1; b < top_;) {
    Block& block = blocks_[b];
    const u32 step = next_used(b);
    if (block.kind == Kind::small) {
      const u32 size_class = block.size_class;
      u32 live = 0;
      for (u32 w = 0; w < kWords; ++w) {
        allocated_[b][w] = marked_[b][w];
        live += static_cast<u32>(std::popcount(marked_[b][w]));
      }
      block.dirty = true;
      if (live == 0) {
        block.kind = Kind::free;
      } else if (live < cells_per_block(size_class)) {
        classes_[size_class].partial.push_back(b);
      }
      live_bytes += u64{live} * cell_bytes(size_class);
    } else if (block.kind == Kind::large) {
      if (marked_[b][0] & 1) {
        live_bytes += u64{block.run} << kBlockLog2;
      } else {
        free_run(b, stop);
      }
    }
    if (block.kind != Kind::free) last_used = b + step - 1;
    b += step;
  }
  top_ = last_used + 1;
  free_hint_ = 1;
  run_hint_ = 1;
  return live_bytes;
}

bool Blocks::is_object(u32 offset) const {
  const u32 b = offset >> kBlockLog2;
  if (b == 0 || b >= top_) return false;
  const Block& block = blocks_[b];
  const u32 within = offset & (kBlockBytes - 1);
  if (block.kind == Kind::large) return block.run != 0 && within == 0;
  if (block.kind != Kind::small || within % cell_bytes(block.size_class) != 0) return false;
  const u32 cell = within / cell_bytes(block.size_class);
  return (allocated_[b][cell / 64] >> (cell % 64)) & 1;
}

u32 Blocks::next_object(u32 offset) const {
  u32 within = (offset & (kBlockBytes - 1)) + 8;
  for (u32 b = offset >> kBlockLog2; b < top_; ++b, within = 0) {
    const Block& block = blocks_[b];
    if (b == 0 || block.kind == Kind::free) continue;
    if (block.kind == Kind::large) {
      if (block.run != 0 && within == 0) return b << kBlockLog2;
      continue;
    }
    const u32 bytes = cell_bytes(block.size_class);
    for (u32 cell = (within + bytes - 1) / bytes; cell < cells_per_block(block.size_class); ++cell) {
      if ((allocated_[b][cell / 64] >> (cell % 64)) & 1) return (b << kBlockLog2) + cell * bytes;
    }
  }
  return 0;
}

}  // namespace dewar::gc
