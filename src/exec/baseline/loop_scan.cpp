// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The scan: instructions with up to two LEB128 immediates are passed without a branch on their kind, with a table made
// from ops.def; blocks and what is rare take a slower way.
#include "exec/baseline/loop_scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "wasm/op.h"

namespace dewar::exec::baseline {

namespace {

using wasm::Imm;
using wasm::Op;

/// Bytes that are read at once: an opcode and what follows.
constexpr usize kReadAhead = 9;
constexpr u32 kMaxWeight = u32{1} << 24;
/// Bytes of a loop, with all inside of it, that are read at once. Larger ones do not fit into registers anyway, and
/// what begins behind is read when it is asked for.
constexpr usize kMostBytes = 512;

/// How an instruction is passed, as one word, so that it is one load in the chain from an instruction to the next.
/// Bits 0 to 5: which of the possible lengths. Bits 8 to 23: it is a rare one if the next byte, with this mask, has
/// this value. Bits 24, 25: a use of a local, a write. The upper half: how many blocks it opens.
using Skip = u64;
constexpr u64 kUses = u64{1} << 24, kWrites = u64{1} << 25;

/// The possible lengths of immediates, as bytes of a word: none, one LEB128, two, 4 bytes, 8 bytes.
enum : u8 { kNone = 0, kOneLeb = 8, kTwoLebs = 16, kFour = 24, kEight = 32 };

constexpr Skip plain(u8 shift, u64 flags = 0) { return shift | u64{1} << 16 | flags; }
constexpr Skip rare_if(u8 shift, u8 mask, u8 value) { return shift | u64{mask} << 8 | u64{value} << 16; }
constexpr Skip kRare = 0;
constexpr u64 kOpens = u64{1} << 32, kCloses = ~u64{0} << 32;

constexpr Skip skip_of(Op op, Imm imm) {
  switch (op) {
    case Op::loop:
    case Op::call:
    case Op::call_indirect:
    case Op::call_ref:
    case Op::delegate: return kRare;
    // The block types 0x63 and 0x64 are followed by a heap type.
    case Op::block:
    case Op::if_:
    case Op::try_: return rare_if(kOneLeb, 0x78, 0x60) | kOpens;
    case Op::end: return plain(kNone) | kCloses;
    case Op::local_get: return plain(kOneLeb, kUses);
    case Op::local_set:
    case Op::local_tee: return plain(kOneLeb, kUses | kWrites);
    default: break;
  }
  switch (imm) {
    case Imm::none: return plain(kNone);
    case Imm::label:
    case Imm::func:
    case Imm::type:
    case Imm::tag:
    case Imm::global:
    case Imm::table:
    case Imm::memory:
    case Imm::i32:
    case Imm::i64:
    case Imm::heap_type: return plain(kOneLeb);
    case Imm::call_indirect: return plain(kTwoLebs);
    // With bit 6 the index of a memory follows.
    case Imm::memarg: return rare_if(kTwoLebs, 0x40, 0x40);
    case Imm::f32: return plain(kFour);
    case Imm::f64: return plain(kEight);
    default: return kRare;
  }
}

constexpr auto kSkips = [] {
  std::array<Skip, 256> table{};
  for (usize i = 0; i < wasm::kOpCount; ++i) {
    const wasm::OpInfo& info = wasm::op_info(static_cast<Op>(i));
    if (info.prefix == 0) table[info.code] = skip_of(static_cast<Op>(i), info.imm);
  }
  return table;
}();

/// An entry of the log: a use as it was found (the index's first two bytes, and whether kWrites), or what a loop that
/// is closed used, with kSummed and its weight in the upper half.
constexpr u64 kSummed = u64{1} << 26;
u32 local_of(u64 entry) {
  if ((entry & kSummed) != 0 || (entry & 0x80) == 0)
    return static_cast<u32>(entry) & ((entry & kSummed) != 0 ? 0xffff : 0x7f);
  return static_cast<u32>((entry & 0x7f) | (entry >> 1 & 0x3f80));
}

u32 read_leb(const u8*& p, const u8* end) {
  u32 value = 0;
  for (u32 shift = 0; p < end; shift += 7) {
    const u8 byte = *p++;
    if (shift < 32) value |= u32{byte & 0x7fu} << shift;
    if (byte < 0x80) break;
  }
  return value;
}

/// A value type or block type: one number, and for references with a heap type another.
void skip_type(const u8*& p, const u8* end) {
  if (p < end && (*p == 0x63 || *p == 0x64)) ++p;
  read_leb(p, end);
}

/// Past `count` bytes, or to the end.
const u8* past(const u8* p, const u8* end, u64 count) { return static_cast<u64>(end - p) < count ? end : p + count; }

const u8* skip_memarg(const u8* p, const u8* end) {
  if ((read_leb(p, end) & 0x40) != 0) read_leb(p, end);
  read_leb(p, end);
  return p;
}

}  // namespace

const u8* LoopScan::skip_rare(const u8* p, const u8* end, u32 at) {
  const u8 byte = *p++;
  Op op;
  if (byte >= 0xfb && byte <= 0xfe) {
    const u32 code = read_leb(p, end);
    op = code < wasm::op_page_size(byte) ? wasm::op_from_code(byte, code) : Op::kCount;
  } else {
    op = wasm::op_from_code(0, byte);
  }
  if (op == Op::kCount) return nullptr;
  if (op == Op::block || op == Op::if_ || op == Op::try_ || op == Op::try_table) ++depth_;
  if (op == Op::end || op == Op::delegate) --depth_;
  if (op == Op::loop) open(at);
  calls_ |= op == Op::call || op == Op::call_indirect || op == Op::call_ref;
  u32 lebs = 1;
  switch (wasm::op_info(op).imm) {
    case Imm::none: return p;
    case Imm::lane:
    case Imm::fence: return past(p, end, 1);
    case Imm::f32: return past(p, end, 4);
    case Imm::f64: return past(p, end, 8);
    case Imm::shuffle:
    case Imm::v128: return past(p, end, 16);
    case Imm::memarg: return skip_memarg(p, end);
    case Imm::memarg_lane: return past(skip_memarg(p, end), end, 1);
    case Imm::call_indirect:
    case Imm::table_table:
    case Imm::elem_table:
    case Imm::data_memory:
    case Imm::memory_memory:
    case Imm::type_field:
    case Imm::type_count:
    case Imm::type_data:
    case Imm::type_elem:
    case Imm::type_type: lebs = 2; break;
    case Imm::br_on_cast: p = past(p, end, 1), lebs = 3; break;
    case Imm::br_table: {
      for (u32 count = read_leb(p, end); count > 0 && p < end; --count) read_leb(p, end);
      break;
    }
    case Imm::select_types: {
      for (u32 count = read_leb(p, end); count > 0 && p < end; --count) skip_type(p, end);
      return p;
    }
    case Imm::try_table: {
      skip_type(p, end);
      for (u32 count = read_leb(p, end); count > 0 && p < end; --count) {
        // 0 and 1 name a tag before the label.
        if (*p++ < 2) read_leb(p, end);
        read_leb(p, end);
      }
      return p;
    }
    case Imm::block: return skip_type(p, end), p;
    default: break;
  }
  for (; lebs > 0; --lebs) read_leb(p, end);
  return p;
}

void LoopScan::grow_log() { log_.resize(std::max<usize>(1024, log_.size() * 2)); }

void LoopScan::open(u32 pc) {
  open_.push_back({static_cast<u32>(loops_.size()), depth_, log_size_});
  loops_.push_back({pc, 0, 0});
  ++depth_;
}

void LoopScan::close() {
  const Open open = open_.back();
  open_.pop_back();
  Loop& loop = loops_[open.loop];
  if (uses_.size() >= most_uses_) {
    log_size_ = open.log;
    return;
  }
  seen_.clear();
  for (u32 i = open.log; i < log_size_; ++i) {
    const u64 entry = log_[i];
    const u32 local = local_of(entry);
    if (local >= num_locals_) continue;
    u32& weight = weights_[local];
    if (weight == 0) {
      if (seen_.size() == kMostUses) continue;
      seen_.push_back(static_cast<u16>(local));
    }
    const u32 more = (entry & kSummed) != 0 ? static_cast<u32>(entry >> 32) : 1;
    weight = std::min(weight + (more << 1), kMaxWeight << 1) | (weight & 1) | u32{(entry & kWrites) != 0};
  }
  loop.first = static_cast<u32>(uses_.size());
  loop.count = static_cast<u32>(seen_.size());
  for (const u16 local : seen_) {
    uses_.push_back({local, (weights_[local] & 1) != 0, weights_[local] >> 1});
    weights_[local] = 0;
  }
  const auto begin = uses_.begin() + loop.first;
  std::sort(begin, uses_.end(), [](const LocalUse& a, const LocalUse& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.local < b.local;
  });
  // For the loops around, what it used is at most kMostUses entries: so the whole work stays linear.
  log_size_ = open.log;
  if (open_.empty()) return;
  for (auto use = begin; use != uses_.end(); ++use) {
    if (log_size_ == log_.size()) grow_log();
    log_[log_size_++] =
        use->local | kSummed | (use->written ? kWrites : 0) | u64{std::min(use->weight * 8, kMaxWeight)} << 32;
  }
}

void LoopScan::run(std::span<const u8> body, u32 pc, u32 num_locals) {
  loops_.clear();
  uses_.clear();
  body_ = body;
  next_ = pc;
  asked_ = 0;
  num_locals_ = num_locals;
  // Real code has a use for each 6 to 20 bytes; loops in loops in loops would have 64 for each 3.
  most_uses_ = 4096 + body.size() / 2;
}

void LoopScan::scan(u32 pc) {
  open_.clear();
  log_size_ = depth_ = 0;
  calls_ = false;
  if (weights_.size() < num_locals_) weights_.resize(num_locals_);
  if (log_.empty()) grow_log();
  const u8* const begin = body_.data();
  const u8* const end = begin + body_.size();
  const u8* p = begin + pc;
  // In the last bytes there is no loop of any weight: those that are open are closed where the rest is too short, or
  // where enough was seen.
  const u8* const stop = body_.size() - pc > kMostBytes ? p + kMostBytes : end;
  // What the members say is kept in registers between the rare ones.
  u64* log = log_.data();
  u32 log_size = 0, depth = 0, close_at = 0;
  u64 in_loop = 0;
  while (p < stop && static_cast<usize>(end - p) >= kReadAhead) {
    const Skip skip = kSkips[*p];
    u64 next;
    std::memcpy(&next, p + 1, sizeof(next));
    const u64 ends = ~next & 0x8080808080808080;
    const u64 more_ends = ends & (ends - 1);
    bool is_rare = ((next & skip >> 8) & 0xff) == (skip >> 16 & 0xff) || more_ends == 0;
    if (DEWAR_LIKELY(!is_rare)) {
      const u64 first = static_cast<u64>(__builtin_ctzll(ends) + 1) >> 3;
      const u64 second = static_cast<u64>(__builtin_ctzll(more_ends) + 1) >> 3;
      const u64 lengths = first << kOneLeb | second << kTwoLebs | u64{4} << kFour | u64{8} << kEight;
      p += 1 + (lengths >> (skip & 0x3f) & 0xff);
      // Written always, kept only where it is a use: a branch would be a matter of chance.
      log[log_size] = (next & 0xffff) | (skip & kWrites);
      log_size += static_cast<u32>(skip >> 24 & in_loop);
      depth += static_cast<u32>(skip >> 32);
      if (DEWAR_LIKELY((depth != close_at || in_loop == 0) && log_size != log_.size())) continue;
    }
    log_size_ = log_size;
    depth_ = depth;
    if (is_rare) p = skip_rare(p, end, static_cast<u32>(p - begin));
    while (!open_.empty() && depth_ == open_.back().depth) close();
    if (log_size_ == log_.size()) grow_log();
    log = log_.data();
    log_size = log_size_;
    depth = depth_;
    in_loop = open_.empty() ? 0 : 1;
    close_at = open_.empty() ? 0 : open_.back().depth;
    if (p == nullptr || in_loop == 0 || calls_) break;
  }
  log_size_ = log_size;
  // Registers hold nothing behind a call: what a loop with one has in registers at its begin would be loaded at its
  // end.
  if (calls_) open_.clear();
  while (!open_.empty()) close();
  next_ = p == nullptr ? static_cast<u32>(body_.size()) : static_cast<u32>(p - begin);
}

std::span<const LocalUse> LoopScan::uses(u32 pc) {
  constexpr u8 kLoop = 0x03;
  if (pc >= next_ && pc < body_.size() && body_[pc] == kLoop) scan(pc);
  while (asked_ < loops_.size() && loops_[asked_].pc < pc) ++asked_;
  if (asked_ == loops_.size() || loops_[asked_].pc != pc) return {};
  return std::span(uses_).subspan(loops_[asked_].first, loops_[asked_].count);
}

}  // namespace dewar::exec::baseline
