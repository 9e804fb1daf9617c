// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Integer instructions (Intel SDM volume 2). Operand order is Intel's: destination first. IntPlace: a Gpr or a Mem.
// Where a Width is a parameter, all four are allowed unless said otherwise. A 32-bit result clears the upper half of
// its register; 8- and 16-bit results leave the rest of it alone.
#pragma once

#include <concepts>

#include "exec/baseline/masm/encoder.h"

namespace dewar::exec::baseline {

/// Arithmetic with the common eight forms, by its place in the opcode.
enum class Alu : u8 { add, or_, adc, sbb, and_, sub, xor_, cmp };
/// Shifts and rotates by their opcode extension.
enum class Shift : u8 { rol = 0, ror = 1, shl = 4, shr = 5, sar = 7 };
/// One-operand instructions of group 3 by their opcode extension. mul to idiv use rdx:rax (w8: ax).
enum class Unary : u8 { not_ = 2, neg = 3, mul = 4, imul = 5, div = 6, idiv = 7 };
/// Bit counts by their opcode: bsf and bsr leave the destination undefined for 0. popcnt: v2; lzcnt and tzcnt: v3.
enum class BitScan : u8 { bsf, bsr, tzcnt, lzcnt, popcnt };
/// Three-operand shifts of BMI2 (v3), without flags.
enum class Shiftx : u8 { shlx, sarx, shrx };

template <class T>
concept IntPlace = std::same_as<T, Gpr> || std::same_as<T, Mem>;

class IntegerAssembler : public Encoder {
 public:
  using Encoder::Encoder;

  // Moves.
  void mov(Width w, Gpr dst, Gpr src) { sized(w, 0x88, src, dst); }
  void mov(Width w, Gpr dst, const Mem& src) {
    if (DEWAR_UNLIKELY(!move_plain(w, 0x8b, dst, src))) move_indexed(w, 0x8a, dst, src);
  }
  void mov(Width w, const Mem& dst, Gpr src) {
    if (DEWAR_UNLIKELY(!move_plain(w, 0x89, src, dst))) move_indexed(w, 0x88, src, dst);
  }
  /// [base + disp] with a base that is known where this is written: neither rsp nor r12. 32 or 64 bits.
  [[gnu::always_inline]] void load(Width w, Gpr dst, Gpr base, i32 disp) { move_based(w, 0x8b, dst, base, disp); }
  [[gnu::always_inline]] void store(Width w, Gpr base, i32 disp, Gpr src) { move_based(w, 0x89, src, base, disp); }
  // Of 32 or 64 bits only and always inline, for what is emitted most: few instructions of ours.
  [[gnu::always_inline]] void mov_plain(Width w, Gpr dst, Gpr src) { two_plain(w, 0x89, src, dst); }
  [[gnu::always_inline]] void alu_plain(Alu op, Width w, Gpr dst, Gpr src) {
    two_plain(w, alu_opcode(op) + 1, src, dst);
  }
  [[gnu::always_inline]] void test_plain(Width w, Gpr a, Gpr b) { two_plain(w, 0x85, b, a); }
  [[gnu::always_inline]] void alu_plain(Alu op, Width w, Gpr dst, Imm imm) {
    if (DEWAR_LIKELY(imm.value == static_cast<i8>(imm.value))) return alu_byte(op, w, dst, static_cast<i8>(imm.value));
    const bool short_form = dst == Gpr::rax;
    u8* p = buffer_.reserve();
    p = put_two_plain(p, w, 0x81, static_cast<unsigned>(op), dst);
    if (short_form) *(--p - 1) = static_cast<u8>(alu_opcode(op) + 5);
    buffer_.commit(put(p, imm.value));
  }
  // With [base + disp], where the base is neither rsp nor r12.
  [[gnu::always_inline]] void alu_plain(Alu op, Width w, Gpr dst, Gpr base, i32 disp) {
    move_based(w, alu_opcode(op) + 3, dst, base, disp);
  }
  [[gnu::always_inline]] void alu_plain(Alu op, Width w, Gpr base, i32 disp, Imm imm) {
    const bool small = imm.value == static_cast<i8>(imm.value);
    u8* p = buffer_.reserve();
    p = put_based(p, w, small ? 0x83 : 0x81, static_cast<unsigned>(op), base, disp);
    put(p, imm.value);
    buffer_.commit(p + (small ? 1 : 4));
  }
  [[gnu::always_inline]] void mov_plain(Width w, Gpr base, i32 disp, Imm imm) {
    u8* p = put_based(buffer_.reserve(), w, 0xc7, 0, base, disp);
    buffer_.commit(put(p, imm.value));
  }
  /// A constant of 32 bits, zero-extended.
  [[gnu::always_inline]] void mov_plain(Gpr dst, u32 value) {
    u8* p = buffer_.reserve();
    put8(p, 0x41);
    p = put8(p + (dst >= Gpr::r8), 0xb8 + low(number(dst)));
    buffer_.commit(put(p, value));
  }
  [[gnu::always_inline]] void lea_plain(Width w, Gpr dst, const Mem& src) {
    plain(w, Prefix::kNP, OpcodeMap::kNone, 0x8d, dst, src);
  }
  [[gnu::always_inline]] void lea_plain(Width w, Gpr dst, Gpr base, i32 disp) { move_based(w, 0x8d, dst, base, disp); }
  /// The same with any base but rsp, and a displacement that is not 0.
  [[gnu::always_inline]] void lea_any(Width w, Gpr dst, Gpr base, i32 disp) {
    DEWAR_ASSERT(base != Gpr::rsp && disp != 0, "not such an operand");
    const unsigned rex = unsigned{is_wide(w)} << 3 | (number(dst) >> 3) << 2 | number(base) >> 3;
    const bool small = disp == static_cast<i8>(disp);
    u8* p = buffer_.reserve();
    put8(p, 0x40 | rex);
    p += rex != 0;
    const unsigned mod_rm = (small ? 0x40 : 0x80) | low(number(dst)) << 3 | low(number(base));
    put(p, 0x8du | mod_rm << 8 | 0x24u << 16);
    p += base == Gpr::r12 ? 3 : 2;
    put(p, disp);
    buffer_.commit(p + (small ? 1 : 4));
  }
  [[gnu::always_inline]] void call_plain(Gpr base, i32 disp) {
    buffer_.commit(put_based(buffer_.reserve(), Width::w32, 0xff, 2, base, disp));
  }
  [[gnu::always_inline]] void shift_plain(Shift op, Width w, Gpr place, u8 count) {
    const bool one = count == 1;
    u8* p = buffer_.reserve();
    p = put_two_plain(p, w, one ? 0xd1 : 0xc1, static_cast<unsigned>(op), place);
    put8(p, count);
    buffer_.commit(p + !one);
  }
  [[gnu::always_inline]] void cmov_plain(Cond cond, Width w, Gpr dst, Gpr src) {
    u8* p = buffer_.reserve();
    buffer_.commit(
        put_legacy(p, Prefix::kNP, OpcodeMap::k0f, 0x40 + static_cast<unsigned>(cond), is_wide(w), dst, src));
  }
  /// With an immediate of one byte.
  [[gnu::always_inline]] void alu_byte(Alu op, Width w, Gpr dst, i8 imm) {
    u8* p = put_two_plain(buffer_.reserve(), w, 0x83, static_cast<unsigned>(op), dst);
    buffer_.commit(put8(p, static_cast<u8>(imm)));
  }
  /// Two loads: of 64 bits at [base + disp] into `via`, and of what is at [via] into `dst`.
  [[gnu::always_inline]] void load_through(Width w, Gpr dst, Gpr via, Gpr base, i8 disp) {
    DEWAR_ASSERT(low(number(base)) != 4 && via >= Gpr::r8 && via != Gpr::r12 && via != Gpr::r13, "needs other forms");
    u8* p = buffer_.reserve();
    put(p, 0x48 | (number(via) >> 3) << 2 | number(base) >> 3 | 0x8b00u |
               (0x40 | low(number(via)) << 3 | low(number(base))) << 16 | unsigned{static_cast<u8>(disp)} << 24);
    put(p + 4, 0x41 | unsigned{is_wide(w)} << 3 | (number(dst) >> 3) << 2 | 0x8b00u |
                   (low(number(dst)) << 3 | low(number(via))) << 16);
    buffer_.commit(p + 7);
  }
  /// An integer instruction whose operands are a register and memory that has an index of r8 to r15: its prefixes, REX
  /// and opcode are known beforehand, but for REX's R, X and B.
  struct IndexedForm {
    u32 head;
    u8 bytes;
    u8 rex_at;  ///< bit in `head`
  };
  [[gnu::always_inline]] void indexed(const IndexedForm& form, Gpr reg, const Mem& mem) {
    DEWAR_ASSERT((rex_xb(mem) & 2) != 0, "an instruction without REX");
    u8* p = buffer_.reserve();
    put(p, form.head | ((number(reg) >> 3) << 2 | rex_xb(mem)) << form.rex_at);
    buffer_.commit(put_rm(p + form.bytes, number(reg), mem));
  }
  /// The same with an immediate of `imm_bytes` in the place of the register; opcode extension 0.
  [[gnu::always_inline]] void indexed(const IndexedForm& form, const Mem& mem, Imm imm, u8 imm_bytes) {
    DEWAR_ASSERT((rex_xb(mem) & 2) != 0, "an instruction without REX");
    u8* p = buffer_.reserve();
    put(p, form.head | rex_xb(mem) << form.rex_at);
    p = put_rm(p + form.bytes, 0, mem);
    put(p, imm.value);
    buffer_.commit(p + imm_bytes);
  }
  void mov(Width w, const Mem& dst, Imm imm) { sized_imm(w, 0xc6, Digit{0}, dst, imm); }
  void mov(Width w, Gpr dst, Imm imm);
  /// The shortest move of a constant into all 64 bits that does not change flags.
  void mov_imm(Gpr dst, u64 value);
  /// xor dst, dst: shorter than mov_imm(dst, 0), but changes flags.
  void zero(Gpr dst) { alu(Alu::xor_, Width::w32, dst, dst); }
  /// Zero-extends 8 or 16 bits to 64; mov with w32 does it for 32.
  void movzx(Width from, Gpr dst, const IntPlace auto& src) {
    DEWAR_ASSERT(from <= Width::w16, "mov extends 32 bits");
    extend(Width::w32, from, 0xb6, dst, src);
  }
  /// Sign-extends `from` to a wider `to`; what is above `to` is zero (w32) or kept (w16).
  void movsx(Width to, Width from, Gpr dst, const IntPlace auto& src) {
    DEWAR_ASSERT(from < to, "sign extension to no more bits");
    if (from != Width::w32) return extend(to, from, 0xbe, dst, src);
    u8* p = buffer_.reserve();
    buffer_.commit(put_legacy(p, Prefix::kNP, OpcodeMap::kNone, 0x63, true, dst, src));
  }
  /// w32 or w64.
  void lea(Width w, Gpr dst, const Mem& src) {
    if (DEWAR_UNLIKELY(!move_plain(w, 0x8d, dst, src))) plain(w, Prefix::kNP, OpcodeMap::kNone, 0x8d, dst, src);
  }
  void xchg(Width w, Gpr a, Gpr b) { sized(w, 0x86, a, b); }
  /// Atomic, as every xchg with memory.
  void xchg(Width w, const Mem& place, Gpr reg) { sized(w, 0x86, reg, place); }
  void push(Gpr reg) { push_pop(0x50, reg); }
  void pop(Gpr reg) { push_pop(0x58, reg); }
  void push(const Mem& src) { indirect(0xff, Digit{6}, src); }
  void pop(const Mem& dst) { indirect(0x8f, Digit{0}, dst); }
  void push(Imm imm);

  // Arithmetic.
  void alu(Alu op, Width w, Gpr dst, Gpr src) { sized(w, alu_opcode(op), src, dst); }
  void alu(Alu op, Width w, Gpr dst, const Mem& src) { sized(w, alu_opcode(op) + 2, dst, src); }
  void alu(Alu op, Width w, const Mem& dst, Gpr src) { sized(w, alu_opcode(op), src, dst); }
  template <IntPlace Rm>
  void alu(Alu op, Width w, const Rm& dst, Imm imm) {
    const Digit digit{static_cast<u8>(op)};
    if (fits_byte(w, imm)) {
      u8* p = buffer_.reserve();
      p = put_sized(p, w, OpcodeMap::kNone, 0x82, digit, dst, 1);
      return buffer_.commit(put8(p, static_cast<u8>(imm.value)));
    }
    if constexpr (std::same_as<Rm, Gpr>)
      if (dst == Gpr::rax) return accumulator_imm(w, alu_opcode(op) + 4, imm);
    sized_imm(w, 0x80, digit, dst, imm);
  }
  void add(Width w, const auto& dst, const auto& src) { alu(Alu::add, w, dst, src); }
  void or_(Width w, const auto& dst, const auto& src) { alu(Alu::or_, w, dst, src); }
  void and_(Width w, const auto& dst, const auto& src) { alu(Alu::and_, w, dst, src); }
  void sub(Width w, const auto& dst, const auto& src) { alu(Alu::sub, w, dst, src); }
  void xor_(Width w, const auto& dst, const auto& src) { alu(Alu::xor_, w, dst, src); }
  void cmp(Width w, const auto& dst, const auto& src) { alu(Alu::cmp, w, dst, src); }
  void test(Width w, const IntPlace auto& a, Gpr b) { sized(w, 0x84, b, a); }
  template <IntPlace Rm>
  void test(Width w, const Rm& a, Imm imm) {
    if constexpr (std::same_as<Rm, Gpr>)
      if (a == Gpr::rax) return accumulator_imm(w, 0xa8, imm);
    sized_imm(w, 0xf6, Digit{0}, a, imm);
  }
  /// w16 to w64, as the next.
  void imul(Width w, Gpr dst, const IntPlace auto& src) {
    DEWAR_ASSERT(w != Width::w8, "no such imul");
    u8* p = buffer_.reserve();
    buffer_.commit(put_sized(p, w, OpcodeMap::k0f, 0xae, dst, src));
  }
  void imul(Width w, Gpr dst, const IntPlace auto& src, Imm imm) {
    DEWAR_ASSERT(w != Width::w8, "no such imul");
    u8* p = buffer_.reserve();
    if (fits_byte(w, imm)) {
      p = put_sized(p, w, OpcodeMap::kNone, 0x6a, dst, src, 1);
      return buffer_.commit(put8(p, static_cast<u8>(imm.value)));
    }
    p = put_sized(p, w, OpcodeMap::kNone, 0x68, dst, src, imm_bytes(w));
    buffer_.commit(put_imm(p, w, imm));
  }
  void unary(Unary op, Width w, const IntPlace auto& place) { sized(w, 0xf6, Digit{static_cast<u8>(op)}, place); }
  void cdq() { bytes<0x99>(); }        ///< eax to edx:eax
  void cqo() { bytes<0x48, 0x99>(); }  ///< rax to rdx:rax

  // Shifts and bits.
  /// By cl.
  void shift(Shift op, Width w, const IntPlace auto& place) { sized(w, 0xd2, Digit{static_cast<u8>(op)}, place); }
  void shift(Shift op, Width w, const IntPlace auto& place, u8 count) {
    const Digit digit{static_cast<u8>(op)};
    if (count == 1) return sized(w, 0xd0, digit, place);
    u8* p = buffer_.reserve();
    p = put_sized(p, w, OpcodeMap::kNone, 0xc0, digit, place, 1);
    buffer_.commit(put8(p, count));
  }
  /// w32 or w64, as all below.
  void shiftx(Shiftx op, Width w, Gpr dst, const IntPlace auto& src, Gpr count) {
    constexpr Prefix kPrefix[] = {Prefix::k66, Prefix::kF3, Prefix::kF2};
    require(CpuLevel::v3);
    u8* p = buffer_.reserve();
    p = put_vex(p, kPrefix[static_cast<u8>(op)], OpcodeMap::k38, 0xf7, is_wide(w), dst, number(count), src);
    buffer_.commit(p);
  }
  /// Rotates right without flags (v3).
  void rorx(Width w, Gpr dst, const IntPlace auto& src, u8 count) {
    require(CpuLevel::v3);
    u8* p = buffer_.reserve();
    p = put_vex(p, Prefix::kF2, OpcodeMap::k3a, 0xf0, is_wide(w), dst, 0, src, 1);
    buffer_.commit(put8(p, count));
  }
  void bit_scan(BitScan op, Width w, Gpr dst, const IntPlace auto& src) {
    constexpr u8 kOpcode[] = {0xbc, 0xbd, 0xbc, 0xbd, 0xb8};
    constexpr CpuLevel kLevel[] = {CpuLevel::v1, CpuLevel::v1, CpuLevel::v3, CpuLevel::v3, CpuLevel::v2};
    require(kLevel[static_cast<u8>(op)]);
    plain(w, op >= BitScan::tzcnt ? Prefix::kF3 : Prefix::kNP, OpcodeMap::k0f, kOpcode[static_cast<u8>(op)], dst, src);
  }
  /// Of a register only: with memory, the processor would leave the operand.
  void bt(Width w, Gpr place, Gpr index) { plain(w, Prefix::kNP, OpcodeMap::k0f, 0xa3, index, place); }
  void bt(Width w, const IntPlace auto& place, u8 index) {
    u8* p = buffer_.reserve();
    p = put_legacy(p, Prefix::kNP, OpcodeMap::k0f, 0xba, is_wide(w), Digit{4}, place, false, 1);
    buffer_.commit(put8(p, index));
  }
  /// 0 or 1 in 8 bits.
  void setcc(Cond cond, const IntPlace auto& dst) {
    u8* p = buffer_.reserve();
    const unsigned opcode = 0x90 + static_cast<unsigned>(cond);
    p = put_legacy(p, Prefix::kNP, OpcodeMap::k0f, opcode, false, Digit{0}, dst, byte_rex(Width::w8, dst));
    buffer_.commit(p);
  }
  /// Reads memory whatever the condition; clears the upper half with w32 even where nothing is moved.
  void cmov(Cond cond, Width w, Gpr dst, const IntPlace auto& src) {
    plain(w, Prefix::kNP, OpcodeMap::k0f, 0x40 + static_cast<unsigned>(cond), dst, src);
  }

  // Control. A Reach counts for unbound labels only.
  void jmp(Label& target, Reach reach = Reach::kFar) { branch(target, reach, 0xeb, OpcodeMap::kNone, 0xe9); }
  /// To an offset in the code so far.
  void jmp_back(u32 target) {
    u8* p = buffer_.reserve();
    const i64 distance = i64{target} - i64{position()} - 2;
    const bool is_short = distance == static_cast<i8>(distance);
    p = put8(p, is_short ? 0xeb : 0xe9);
    put(p, static_cast<i32>(is_short ? distance : distance - 3));
    buffer_.commit(p + (is_short ? 1 : 4));
  }
  void jcc(Cond cond, Label& target, Reach reach = Reach::kFar) {
    const auto code = static_cast<u8>(cond);
    branch(target, reach, 0x70 + code, OpcodeMap::k0f, 0x80 + code);
  }
  void call(Label& target) { branch_far(target, OpcodeMap::kNone, 0xe8); }
  void jmp(const IntPlace auto& target) { indirect(0xff, Digit{4}, target); }
  void call(const IntPlace auto& target) { indirect(0xff, Digit{2}, target); }
  /// To code elsewhere: returns the offset of the distance, 4 bytes counted from their end, for whoever places the
  /// code.
  u32 jmp_elsewhere() { return branch_elsewhere(0xe9); }
  u32 call_elsewhere() { return branch_elsewhere(0xe8); }
  [[gnu::always_inline]] u32 jcc_elsewhere(Cond cond) {
    u8* p = buffer_.reserve();
    p = put_head(p, Prefix::kNP, OpcodeMap::k0f, 0x80 + static_cast<unsigned>(cond), 0);
    buffer_.commit(put(p, i32{0}));
    return position() - 4;
  }
  /// The distance of such a field, to a place in this code.
  void patch_distance(u32 field, u32 target) { buffer_.patch32(field, static_cast<i32>(i64{target} - i64{field} - 4)); }
  /// Over what follows, with a distance of one byte: returns its offset for land().
  [[gnu::always_inline]] u32 jcc_over(Cond cond) {
    raw(0x70 + static_cast<unsigned>(cond), 2);
    return position() - 1;
  }
  /// The jump that has its distance at `field` comes here; an error if that is too far for it.
  void land(u32 field) {
    const u32 distance = position() - field - 1;
    if (DEWAR_UNLIKELY(distance > INT8_MAX)) return buffer_.fail(CodeError::kOutOfReach);
    buffer_.patch8(field, static_cast<i8>(distance));
  }
  /// Jumps to what entry `index` of the table says. Both registers change; the index has 64 bits and is in range. The
  /// table is code of ours, so its targets need no endbr64.
  void jmp_table(Label& table, Gpr index, Gpr scratch);
  void ret() { bytes<0xc3>(); }
  void ud2() { bytes<0x0f, 0x0b>(); }
  void int3() { bytes<0xcc>(); }
  void endbr64() { bytes<0xf3, 0x0f, 0x1e, 0xfa>(); }
  void mfence() { bytes<0x0f, 0xae, 0xf0>(); }

  // Atomic read-modify-write.
  template <class Src>
    requires std::same_as<Src, Gpr> || std::same_as<Src, Imm>
  void lock_alu(Alu op, Width w, const Mem& place, const Src& src) {
    DEWAR_ASSERT(op != Alu::cmp, "lock cmp does not exist");
    bytes<0xf0>();
    alu(op, w, place, src);
  }
  /// `reg` gets the old value.
  void lock_xadd(Width w, const Mem& place, Gpr reg) { lock_0f(w, 0xc0, place, reg); }
  /// Compares with rax; rax gets the old value where it differs.
  void lock_cmpxchg(Width w, const Mem& place, Gpr reg) { lock_0f(w, 0xb0, place, reg); }

 protected:
  static bool is_wide(Width w) {
    DEWAR_ASSERT(w >= Width::w32, "32 or 64 bits only");
    return w == Width::w64;
  }

 private:
  static unsigned alu_opcode(Alu op) { return static_cast<unsigned>(op) << 3; }
  static unsigned imm_bytes(Width w) { return w == Width::w8 ? 1 : w == Width::w16 ? 2 : 4; }
  /// The byte that is sign-extended to the width of the operation is enough.
  static bool fits_byte(Width w, Imm imm) {
    if (w == Width::w16 && imm.value >= 0xff80 && imm.value <= 0xffff) return true;
    return w != Width::w8 && imm.value == static_cast<i8>(imm.value);
  }
  static bool byte_rex(Width w, Gpr reg) { return w == Width::w8 && (number(reg) & 0xc) == 4; }
  static bool byte_rex(Width, const Mem&) { return false; }
  static bool byte_rex(Width, Digit) { return false; }

  [[gnu::always_inline]] static u8* put_imm(u8* p, Width w, Imm imm) {
    DEWAR_ASSERT(w != Width::w8 || (imm.value >= -0x80 && imm.value <= 0xff), "an immediate of more than 8 bits");
    DEWAR_ASSERT(w != Width::w16 || (imm.value >= -0x8000 && imm.value <= 0xffff), "an immediate of more than 16 bits");
    put(p, imm.value);
    return p + imm_bytes(w);
  }
  /// `opcode` is the 8-bit form; one more is the form for other widths.
  template <class Reg, class Rm>
  [[gnu::always_inline]] u8* put_sized(u8* p, Width w, OpcodeMap map, unsigned opcode, Reg reg, const Rm& rm,
                                       unsigned tail = 0) {
    return put_legacy(p, w == Width::w16 ? Prefix::k66 : Prefix::kNP, map, opcode + (w != Width::w8), w == Width::w64,
                      reg, rm, byte_rex(w, reg) || byte_rex(w, rm), tail);
  }
  template <class Reg, class Rm>
  [[gnu::always_inline]] void sized(Width w, unsigned opcode, Reg reg, const Rm& rm) {
    u8* p = buffer_.reserve();
    buffer_.commit(put_sized(p, w, OpcodeMap::kNone, opcode, reg, rm));
  }
  template <class Rm>
  [[gnu::always_inline]] void sized_imm(Width w, unsigned opcode, Digit digit, const Rm& rm, Imm imm) {
    u8* p = buffer_.reserve();
    p = put_sized(p, w, OpcodeMap::kNone, opcode, digit, rm, imm_bytes(w));
    buffer_.commit(put_imm(p, w, imm));
  }
  /// The form of rax, one byte shorter.
  [[gnu::always_inline]] void accumulator_imm(Width w, unsigned opcode, Imm imm) {
    u8* p = buffer_.reserve();
    p = put_head(p, w == Width::w16 ? Prefix::k66 : Prefix::kNP, OpcodeMap::kNone, opcode + (w != Width::w8),
                 w == Width::w64 ? 8 : 0);
    buffer_.commit(put_imm(p, w, imm));
  }
  [[gnu::always_inline]] static u8* put_two_plain(u8* p, Width w, unsigned opcode, unsigned reg, Gpr rm) {
    const unsigned rex = unsigned{is_wide(w)} << 3 | (reg >> 3) << 2 | number(rm) >> 3;
    put8(p, 0x40 | rex);
    p += rex != 0;
    return put(p, static_cast<u16>(opcode | (0xc0 | low(reg) << 3 | low(number(rm))) << 8));
  }
  [[gnu::always_inline]] void two_plain(Width w, unsigned opcode, Gpr reg, Gpr rm) {
    buffer_.commit(put_two_plain(buffer_.reserve(), w, opcode, number(reg), rm));
  }
  /// 32 or 64 bits.
  template <class Rm>
  [[gnu::always_inline]] void plain(Width w, Prefix prefix, OpcodeMap map, unsigned opcode, Gpr reg, const Rm& rm) {
    u8* p = buffer_.reserve();
    buffer_.commit(put_legacy(p, prefix, map, opcode, is_wide(w), reg, rm));
  }
  /// movzx and movsx: `opcode` extends 8 bits, one more 16.
  template <class Rm>
  void extend(Width to, Width from, unsigned opcode, Gpr dst, const Rm& src) {
    u8* p = buffer_.reserve();
    p = put_legacy(p, to == Width::w16 ? Prefix::k66 : Prefix::kNP, OpcodeMap::k0f, opcode + (from == Width::w16),
                   to == Width::w64, dst, src, byte_rex(from, src));
    buffer_.commit(p);
  }
  /// 64 bits without REX.W.
  template <class Rm>
  void indirect(unsigned opcode, Digit digit, const Rm& rm) {
    u8* p = buffer_.reserve();
    buffer_.commit(put_legacy(p, Prefix::kNP, OpcodeMap::kNone, opcode, false, digit, rm));
  }
  void push_pop(unsigned opcode, Gpr reg) {
    u8* p = buffer_.reserve();
    buffer_.commit(put_head(p, Prefix::kNP, OpcodeMap::kNone, opcode + low(number(reg)), number(reg) >> 3));
  }
  void lock_0f(Width w, unsigned opcode, const Mem& place, Gpr reg) {
    u8* p = put8(buffer_.reserve(), 0xf0);
    buffer_.commit(put_sized(p, w, OpcodeMap::k0f, opcode, reg, place));
  }
  [[gnu::always_inline]] static u8* put_based(u8* p, Width w, unsigned opcode, unsigned reg, Gpr base, i32 disp) {
    DEWAR_ASSERT(base != Gpr::rsp && base != Gpr::r12, "not a plain operand");
    const unsigned rex = unsigned{is_wide(w)} << 3 | (reg >> 3) << 2 | number(base) >> 3;
    put8(p, 0x40 | rex);
    p = put8(p + (rex != 0), opcode);
    return put_base_and_disp(p, low(reg) << 3, Mem(base, disp));
  }
  [[gnu::always_inline]] void move_based(Width w, unsigned opcode, Gpr reg, Gpr base, i32 disp) {
    buffer_.commit(put_based(buffer_.reserve(), w, opcode, number(reg), base, disp));
  }
  /// The common form of a move: 32 or 64 bits, and no index.
  [[gnu::always_inline]] bool move_plain(Width w, unsigned opcode, Gpr reg, const Mem& mem) {
    if (DEWAR_UNLIKELY(w < Width::w32 || !is_base_and_disp(mem))) return false;
    u8* p = buffer_.reserve();
    p = put_head(p, Prefix::kNP, OpcodeMap::kNone, opcode,
                 unsigned{w == Width::w64} << 3 | (number(reg) >> 3) << 2 | rex_xb(mem));
    buffer_.commit(put_base_and_disp(p, low(number(reg)) << 3, mem));
    return true;
  }
  template <u8... kBytes>
  void bytes() {
    u8* p = buffer_.reserve();
    ((*p++ = kBytes), ...);
    buffer_.commit(p);
  }
  /// All other forms of a move.
  void move_indexed(Width w, unsigned opcode, Gpr reg, const Mem& mem);
  u32 branch_elsewhere(u8 opcode);
};

}  // namespace dewar::exec::baseline
