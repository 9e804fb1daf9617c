// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Labels, jumps to them, padding and data. Fields that wait for a label are kept in a list beside the code, never in
// it.
#include "exec/baseline/masm/encoder.h"

#include <algorithm>

namespace dewar::exec::baseline {

void Encoder::reset() {
  buffer_.reset();
  links_.clear();
  free_link_ = Label::kNone;
}

void Encoder::wait_for(Label& target, Link link) {
  // Without this the list would grow without limit; each link is otherwise paid for by a byte of code.
  if (error() != CodeError::kNone) return;
  link.next = target.links_;
  if (free_link_ != Label::kNone) {
    target.links_ = free_link_;
    free_link_ = links_[target.links_].next;
    links_[target.links_] = link;
  } else {
    target.links_ = static_cast<u32>(links_.size());
    links_.push_back(link);
  }
}

void Encoder::resolve(const Link& link, u32 target) {
  const i64 distance = i64{target} - i64{link.from};
  if (link.near == 0) {
    buffer_.patch32(link.at, static_cast<i32>(distance + buffer_.read32(link.at)));
  } else if (distance == static_cast<i8>(distance)) {
    buffer_.patch8(link.at, static_cast<i8>(distance));
  } else {
    buffer_.fail(CodeError::kOutOfReach);
  }
}

void Encoder::resolve_all(Label& label) {
  // The comparison also ends the list at kNone.
  for (u32 index = label.links_; index < links_.size();) {
    Link& link = links_[index];
    resolve(link, label.offset_);
    const u32 next = link.next;
    link.next = free_link_;
    free_link_ = index;
    index = next;
  }
  label.links_ = Label::kNone;
}

u8* Encoder::put_distance(u8* p, Label& target, u32 from, i32 addend) {
  if (target.bound()) return put(p, static_cast<i32>(i64{target.offset_} - from + addend));
  wait_for(target, Link{.at = buffer_.offset_of(p), .next = Label::kNone, .from = from, .near = 0});
  return put(p, addend);
}

u8* Encoder::put_rip(u8* p, unsigned reg_field, const Mem& mem, unsigned tail) {
  p = put8(p, reg_field | 5);
  return put_distance(p, *mem.label_, buffer_.offset_of(p) + 4 + tail, mem.disp_);
}

void Encoder::branch_near(Label& target, u8 short_opcode, OpcodeMap long_map, u8 long_opcode) {
  const u32 after_short = position() + 2;
  const i64 distance = target.bound() ? i64{target.offset_} - after_short : 0;
  if (distance != static_cast<i8>(distance)) return branch_far(target, long_map, long_opcode);
  u8* p = buffer_.reserve();
  p = put8(p, short_opcode);
  if (!target.bound())
    wait_for(target,
             Link{.at = buffer_.offset_of(p), .next = Label::kNone, .from = buffer_.offset_of(p) + 1, .near = 1});
  p = put8(p, static_cast<u8>(distance));
  buffer_.commit(p);
}

void Encoder::branch_far(Label& target, OpcodeMap map, u8 opcode) {
  u8* p = buffer_.reserve();
  p = put_head(p, Prefix::kNP, map, opcode, 0);
  p = put_distance(p, target, buffer_.offset_of(p) + 4, 0);
  buffer_.commit(p);
}

void Encoder::table_entry(Label& target, const Label& table) {
  u8* p = buffer_.reserve();
  buffer_.commit(put_distance(p, target, table.offset(), 0));
}

void Encoder::nop(u32 bytes) {
  // The forms the manuals of both makers recommend (Intel SDM volume 2, NOP).
  constexpr u8 kNops[9][9] = {{0x90},
                              {0x66, 0x90},
                              {0x0f, 0x1f, 0x00},
                              {0x0f, 0x1f, 0x40, 0x00},
                              {0x0f, 0x1f, 0x44, 0x00, 0x00},
                              {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
                              {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
                              {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
                              {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00}};
  while (bytes > 0) {
    const u32 size = std::min<u32>(bytes, 9);
    data(kNops[size - 1], size);
    bytes -= size;
  }
}

void Encoder::align(u32 alignment, Fill fill) {
  DEWAR_ASSERT(alignment != 0 && (alignment & (alignment - 1)) == 0 && alignment <= 4096, "odd alignment");
  const u32 bytes = (0 - position()) & (alignment - 1);
  if (fill == Fill::kNop) return nop(bytes);
  constexpr u8 kInt3 = 0xcc;
  for (u32 i = 0; i < bytes; ++i) data(&kInt3, 1);
}

void Encoder::data(const void* bytes, u32 size) {
  DEWAR_ASSERT(size <= CodeBuffer::kSlack, "data in pieces, please");
  u8* p = buffer_.reserve();
  std::memcpy(p, bytes, size);
  buffer_.commit(p + size);
}

}  // namespace dewar::exec::baseline
