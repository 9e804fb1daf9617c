// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How x86-64 instructions become bytes: prefixes, REX, VEX, ModRM, SIB, displacements (Intel SDM volume 2, chapter 2),
// and labels. It knows no instruction; integer.h and assembler.h do. Every put_ function stores at `p`, inside what one
// reserve() admitted, and returns where it ended. Where a byte may be absent it is stored anyway and overwritten by the
// next: which registers an instruction has can not be predicted, so branches on them would be slow.
#pragma once

#include <cstring>
#include <vector>

#include "exec/baseline/masm/code_buffer.h"
#include "exec/baseline/masm/cpu_features.h"
#include "exec/baseline/masm/operand.h"

namespace dewar::exec::baseline {

/// Which bytes come before an opcode: none, 0F, 0F 38, 0F 3A; numbered as VEX does.
enum class OpcodeMap : u8 { kNone, k0f, k38, k3a };
/// Mandatory prefixes (kNP: none), numbered as VEX does.
enum class Prefix : u8 { kNP, k66, kF3, kF2 };

class Encoder {
 public:
  /// What align() fills with: nops where code falls through, int3 where it must not.
  enum class Fill : u8 { kNop, kInt3 };

  Encoder(CpuFeatures features, u32 max_bytes) : buffer_(max_bytes), features_(features) {}

  CpuFeatures features() const { return features_; }
  /// Offset of the next instruction.
  u32 position() const { return buffer_.size(); }
  CodeBuffer& buffer() { return buffer_; }
  CodeError error() const { return buffer_.error(); }
  /// The finished code; empty if there was an error. No label may be awaited any more.
  std::span<const u8> code() const { return buffer_.code(); }
  /// Begins anew. Labels of the code before are dead.
  void reset();

  /// The label is here; everything that waits for it is patched.
  void bind(Label& label) {
    DEWAR_ASSERT(!label.bound(), "a label bound twice");
    label.offset_ = position();
    if (label.links_ != Label::kNone) resolve_all(label);
  }
  /// Up to the next multiple of a power of two, at most 4096.
  void align(u32 alignment, Fill fill = Fill::kNop);
  /// `bytes` bytes of nops, in as few instructions as possible.
  void nop(u32 bytes = 1);
  /// The lowest `count` bytes of a word, as they are: at most 8.
  [[gnu::always_inline]] void raw(u64 bytes, u32 count) {
    u8* p = buffer_.reserve();
    put(p, bytes);
    buffer_.commit(p + count);
  }
  void data32(u32 value) { data(&value, sizeof(value)); }
  void data64(u64 value) { data(&value, sizeof(value)); }
  /// One entry of a jump table: the distance of `target` from the start of the table, which is bound.
  void table_entry(Label& target, const Label& table);

 protected:
  /// An opcode extension in the place of a register (/0 to /7).
  enum class Digit : u8 {};

  static unsigned low(unsigned code) { return code & 7; }
  static unsigned code_of(Gpr reg) { return number(reg); }
  static unsigned code_of(Xmm reg) { return number(reg); }
  static unsigned code_of(Digit digit) { return static_cast<unsigned>(digit); }
  /// REX bits X and B, which an operand in the place of r/m needs.
  static unsigned rex_xb(Gpr reg) { return number(reg) >> 3; }
  static unsigned rex_xb(Xmm reg) { return number(reg) >> 3; }
  static unsigned rex_xb(const Mem& mem) { return (mem.index_ >> 3) << 1 | mem.base_ >> 3; }

  static u8* put8(u8* p, unsigned value) {
    *p = static_cast<u8>(value);
    return p + 1;
  }
  template <class T>
  static u8* put(u8* p, T value) {
    std::memcpy(p, &value, sizeof(value));
    return p + sizeof(value);
  }

  /// Prefix, REX and opcode. `rex` holds W R X B; `plain_rex` wants one even if it is empty (8-bit spl to dil).
  [[gnu::always_inline]] static u8* put_head(u8* p, Prefix prefix, OpcodeMap map, unsigned opcode, unsigned rex,
                                             bool plain_rex = false) {
    constexpr u8 kByte[] = {0, 0x66, 0xf3, 0xf2};
    if (prefix != Prefix::kNP) *p++ = kByte[static_cast<u8>(prefix)];
    put8(p, 0x40 | rex);
    p += rex != 0 || plain_rex;
    if (map != OpcodeMap::kNone) *p++ = 0x0f;
    if (map == OpcodeMap::k38) *p++ = 0x38;
    if (map == OpcodeMap::k3a) *p++ = 0x3a;
    return put8(p, opcode);
  }

  /// ModRM for a register in the place of r/m. `tail` does not matter.
  static u8* put_rm(u8* p, unsigned reg, Gpr rm, unsigned = 0) { return put_rm_code(p, reg, number(rm)); }
  static u8* put_rm(u8* p, unsigned reg, Xmm rm, unsigned = 0) { return put_rm_code(p, reg, number(rm)); }
  /// ModRM, SIB and displacement. `tail` is the number of bytes of the instruction after them: rip is its end.
  [[gnu::always_inline]] u8* put_rm(u8* p, unsigned reg, const Mem& mem, unsigned tail = 0) {
    const unsigned reg_field = low(reg) << 3;
    if (DEWAR_UNLIKELY(mem.label_ != nullptr)) return put_rip(p, reg_field, mem, tail);
    const unsigned base = low(mem.base_);
    // rbp and r13 have no form without displacement: theirs means rip or "no base".
    const bool none = mem.disp_ == 0 && base != 5;
    const bool small = mem.disp_ == static_cast<i8>(mem.disp_);
    const unsigned mod = none ? 0 : small ? 0x40 : 0x80;
    // rsp and r12 have no form without SIB: theirs says that one follows.
    const bool sib = mem.index_ != Mem::kNoIndex || base == 4;
    put8(p, mod | reg_field | (sib ? 4 : base));
    put8(p + 1, unsigned{mem.scale_} << 6 | low(mem.index_) << 3 | base);
    p += 1 + unsigned{sib};
    put(p, mem.disp_);
    return p + (none ? 0 : small ? 1 : 4);
  }

  /// Is it [base + disp], without a SIB byte?
  static bool is_base_and_disp(const Mem& mem) {
    return mem.label_ == nullptr && mem.index_ == Mem::kNoIndex && low(mem.base_) != 4;
  }
  [[gnu::always_inline]] static u8* put_base_and_disp(u8* p, unsigned reg_field, const Mem& mem) {
    const unsigned base = low(mem.base_);
    const bool none = mem.disp_ == 0 && base != 5;
    const bool small = mem.disp_ == static_cast<i8>(mem.disp_);
    p = put8(p, (none ? 0 : small ? 0x40 : 0x80) | reg_field | base);
    put(p, mem.disp_);
    return p + (none ? 0 : small ? 1 : 4);
  }

  /// A whole instruction with ModRM in the legacy encoding, without its immediate.
  template <class Reg, class Rm>
  [[gnu::always_inline]] u8* put_legacy(u8* p, Prefix prefix, OpcodeMap map, unsigned opcode, bool wide, Reg reg,
                                        const Rm& rm, bool plain_rex = false, unsigned tail = 0) {
    const unsigned rex = unsigned{wide} << 3 | (code_of(reg) >> 3) << 2 | rex_xb(rm);
    p = put_head(p, prefix, map, opcode, rex, plain_rex);
    return put_rm(p, code_of(reg), rm, tail);
  }

  /// The same in the VEX encoding, 128 bits or scalar. `source` is the register in vvvv, 0 if there is none.
  template <class Reg, class Rm>
  [[gnu::always_inline]] u8* put_vex(u8* p, Prefix prefix, OpcodeMap map, unsigned opcode, bool wide, Reg reg,
                                     unsigned source, const Rm& rm, unsigned tail = 0) {
    const unsigned rxb = (code_of(reg) >> 3) << 2 | rex_xb(rm);
    const unsigned rest = unsigned{wide} << 7 | (~source & 15) << 3 | static_cast<unsigned>(prefix);
    const bool is_long = map != OpcodeMap::k0f || wide || (rxb & 3) != 0;
    const u32 two = 0xc5 | (rest | (rxb != 0 ? 0 : 0x80)) << 8 | opcode << 16;
    const u32 three = 0xc4 | ((~rxb & 7) << 5 | static_cast<unsigned>(map)) << 8 | rest << 16 | opcode << 24;
    put(p, is_long ? three : two);
    p += 3 + unsigned{is_long};
    return put_rm(p, code_of(reg), rm, tail);
  }

  /// A jump with a short form of one byte, and a long one of `long_map` and one byte.
  [[gnu::always_inline]] void branch(Label& target, Reach reach, u8 short_opcode, OpcodeMap long_map, u8 long_opcode) {
    if (DEWAR_UNLIKELY(target.bound() || reach == Reach::kNear))
      return branch_near(target, short_opcode, long_map, long_opcode);
    branch_forward(target, long_map, long_opcode);
  }
  /// A branch that has only the long form.
  void branch_far(Label& target, OpcodeMap map, u8 opcode);

  void require([[maybe_unused]] CpuLevel level) const {
    DEWAR_ASSERT(features_.has(level), "an instruction above the chosen CPU level");
  }

  CodeBuffer buffer_;

 private:
  /// A field that waits for a label.
  struct alignas(16) Link {
    u32 at;         ///< of the field
    u32 next;       ///< the next field that waits for the same label
    u32 from : 31;  ///< the distance is counted from here
    u32 near : 1;   ///< one byte instead of four
  };

  static u8* put_rm_code(u8* p, unsigned reg, unsigned rm) { return put8(p, 0xc0 | low(reg) << 3 | low(rm)); }
  u8* put_rip(u8* p, unsigned reg_field, const Mem& mem, unsigned tail);
  /// Stores a 32-bit distance field for `target`, plus `addend`, at `p` or makes it wait.
  u8* put_distance(u8* p, Label& target, u32 from, i32 addend);
  [[gnu::always_inline]] void branch_forward(Label& target, OpcodeMap map, u8 opcode) {
    u8* p = buffer_.reserve();
    p = put_head(p, Prefix::kNP, map, opcode, 0);
    const u32 at = buffer_.offset_of(p);
    buffer_.commit(put(p, i32{0}));
    wait_for(target, Link{.at = at, .next = Label::kNone, .from = at + 4, .near = 0});
  }
  void branch_near(Label& target, u8 short_opcode, OpcodeMap long_map, u8 long_opcode);
  void wait_for(Label& target, Link link);
  void resolve_all(Label& label);
  void resolve(const Link& link, u32 target);
  void data(const void* bytes, u32 size);

  CpuFeatures features_;
  std::vector<Link> links_;
  u32 free_link_ = Label::kNone;
};

}  // namespace dewar::exec::baseline
