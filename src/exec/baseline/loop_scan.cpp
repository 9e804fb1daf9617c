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

enum Special : u8 { kPlain, kRare, kBlock, kLoop, kEnd };
struct Skip {
  u8 shift = 0;        ///< which of the possible lengths
  u8 more = 0;         ///< where these bits are in the next byte, the instruction is a rare one
  u8 special = kRare;  ///< what is not passed by length
  u8 use = 0;          ///< local instructions: 1 = reads, 2 = writes, 3 = both
};

/// The possible lengths of immediates, as bytes of a word: none, one LEB128, two, 4 bytes, 8 bytes.
enum : u8 { kNone = 0, kOneLeb = 8, kTwoLebs = 16, kFour = 24, kEight = 32 };

constexpr Skip skip_of(Op op, Imm imm) {
  switch (op) {
    case Op::loop: return {.special = kLoop};
    case Op::block:
    case Op::if_:
    case Op::try_: return {.special = kBlock};
    case Op::end: return {.special = kEnd};
    case Op::local_get: return {.shift = kOneLeb, .special = kPlain, .use = 1};
    case Op::local_set: return {.shift = kOneLeb, .special = kPlain, .use = 2};
    case Op::local_tee: return {.shift = kOneLeb, .special = kPlain, .use = 3};
    case Op::delegate: return {.special = kRare};
    default: break;
  }
  switch (imm) {
    case Imm::none: return {.shift = kNone, .special = kPlain};
    case Imm::label:
    case Imm::func:
    case Imm::type:
    case Imm::tag:
    case Imm::global:
    case Imm::table:
    case Imm::memory:
    case Imm::i32:
    case Imm::i64:
    case Imm::heap_type: return {.shift = kOneLeb, .special = kPlain};
    case Imm::call_indirect: return {.shift = kTwoLebs, .special = kPlain};
    case Imm::memarg: return {.shift = kTwoLebs, .more = 0x40, .special = kPlain};
    case Imm::f32: return {.shift = kFour, .special = kPlain};
    case Imm::f64: return {.shift = kEight, .special = kPlain};
    default: return {.special = kRare};
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

const u8* LoopScan::skip_rare(const u8* p, const u8* end) {
  const u8 byte = *p++;
  Op op;
  if (byte >= 0xfb && byte <= 0xfe) {
    const u32 code = read_leb(p, end);
    op = code < wasm::op_page_size(byte) ? wasm::op_from_code(byte, code) : Op::kCount;
  } else {
    op = wasm::op_from_code(0, byte);
  }
  if (op == Op::kCount) return nullptr;
  if (op == Op::try_table) open(false, 0);
  if (op == Op::delegate) close();
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

void LoopScan::open(bool is_loop, u32 pc) {
  open_.push_back(is_loop ? static_cast<u32>(loops_.size()) : kNoLoop);
  if (!is_loop) return;
  ++open_loops_;
  loops_.push_back({pc, log_size_, 0, 0});
}

void LoopScan::close() {
  if (open_.empty()) return;
  const u32 index = open_.back();
  open_.pop_back();
  if (index == kNoLoop) return;
  --open_loops_;
  Loop& loop = loops_[index];
  seen_.clear();
  for (u32 i = loop.log; i < log_size_; ++i) {
    const LocalUse& use = log_[i];
    u32& weight = weights_[use.local];
    if (weight == 0) {
      if (seen_.size() == kMostUses) continue;
      seen_.push_back(use.local);
    }
    weight = std::min(weight + (use.weight << 1), kMaxWeight << 1) | (weight & 1) | u32{use.written};
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
  log_size_ = loop.log;
  if (open_loops_ == 0) return;
  for (auto use = begin; use != uses_.end(); ++use) {
    if (log_size_ == log_.size()) grow_log();
    log_[log_size_++] = {use->local, use->written, std::min(use->weight * 8, kMaxWeight)};
  }
}

void LoopScan::run(std::span<const u8> body, u32 pc, u32 num_locals) {
  loops_.clear();
  uses_.clear();
  open_.clear();
  log_size_ = open_loops_ = asked_ = 0;
  if (pc >= body.size()) return;
  // Many functions have no byte that could be a loop.
  if (std::memchr(body.data() + pc, 0x03, body.size() - pc) == nullptr) return;
  if (weights_.size() < num_locals) weights_.resize(num_locals);
  const u8* const begin = body.data();
  const u8* const end = begin + body.size();
  const u8* p = begin + pc;
  // In the last bytes there is no loop of any weight: those that are open are closed where the rest is too short.
  while (static_cast<usize>(end - p) >= kReadAhead) {
    const Skip skip = kSkips[*p];
    u64 next;
    std::memcpy(&next, p + 1, sizeof(next));
    const u64 ends = ~next & 0x8080808080808080;
    const u64 more_ends = ends & (ends - 1);
    if (DEWAR_UNLIKELY(skip.special != kPlain || (next & skip.more) != 0 || more_ends == 0)) {
      if (skip.special == kEnd) {
        close();
        ++p;
        continue;
      }
      if (skip.special == kBlock || skip.special == kLoop) open(skip.special == kLoop, static_cast<u32>(p - begin));
      p = skip_rare(p, end);
      if (p == nullptr) break;
      continue;
    }
    const u64 first = static_cast<u64>(std::countr_zero(ends) + 1) >> 3;
    const u64 second = static_cast<u64>(std::countr_zero(more_ends) + 1) >> 3;
    const u64 lengths = first << kOneLeb | second << kTwoLebs | u64{4} << kFour | u64{8} << kEight;
    if (skip.use != 0 && open_loops_ != 0) {
      u32 local = static_cast<u32>(next) & 0x7f;
      if (first > 1) {
        const u8* q = p + 1;
        local = read_leb(q, end);
      }
      if (DEWAR_UNLIKELY(log_size_ == log_.size())) grow_log();
      if (local < num_locals) log_[log_size_++] = {static_cast<u16>(local), skip.use >= 2, 1};
    }
    p += 1 + (lengths >> skip.shift & 0xff);
  }
  while (!open_.empty()) close();
}

std::span<const LocalUse> LoopScan::uses(u32 pc) {
  while (asked_ < loops_.size() && loops_[asked_].pc < pc) ++asked_;
  if (asked_ == loops_.size() || loops_[asked_].pc != pc) return {};
  return std::span(uses_).subspan(loops_[asked_].first, loops_[asked_].count);
}

}  // namespace dewar::exec::baseline
