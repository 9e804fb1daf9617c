// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What x86-64 instructions are made of: registers, operand widths, conditions, memory operands, immediates, labels. All
// are types of their own, so that a register in the place of a number does not compile. Numbers of registers and
// conditions are those of the encoding (Intel SDM volume 2, 2.1 and appendix B).
#pragma once

#include <utility>

#include "base/types.h"

namespace dewar::exec::baseline {

/// General-purpose registers by their 64-bit names; the Width of an instruction says which part is meant. 8-bit
/// operations always mean the lowest byte (spl, bpl, sil, dil included), never ah..bh.
enum class Gpr : u8 { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15 };

enum class Xmm : u8 {
  xmm0,
  xmm1,
  xmm2,
  xmm3,
  xmm4,
  xmm5,
  xmm6,
  xmm7,
  xmm8,
  xmm9,
  xmm10,
  xmm11,
  xmm12,
  xmm13,
  xmm14,
  xmm15
};

constexpr unsigned number(Gpr reg) { return static_cast<unsigned>(reg); }
constexpr unsigned number(Xmm reg) { return static_cast<unsigned>(reg); }

/// Operand width of an integer instruction.
enum class Width : u8 { w8, w16, w32, w64 };

constexpr unsigned bytes_of(Width width) { return 1U << static_cast<unsigned>(width); }

/// Conditions by their encoding; an odd one is the opposite of the one before it.
enum class Cond : u8 { o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g };

constexpr Cond negate(Cond cond) { return static_cast<Cond>(static_cast<u8>(cond) ^ 1); }

/// What an index register is multiplied by.
enum class Scale : u8 { x1, x2, x4, x8 };

/// How far an unbound label will turn out to be. kNear is a promise (a jump of one byte); breaking it is
/// CodeError::kOutOfReach. Backward jumps are always as short as they can be.
enum class Reach : u8 { kFar, kNear };

/// An immediate. In 64-bit operations it is sign-extended; in 8- and 16-bit operations it must fit, with or without
/// sign.
struct Imm {
  i32 value;
  constexpr explicit Imm(i32 v) : value(v) {}
};

/// A place in the code. Unbound, it heads a list of the fields that wait for it. Not copyable: two heads would
/// patch one list. It must not outlive a reset() of its Encoder.
class Label {
 public:
  static constexpr u32 kNone = ~u32{0};

  Label() = default;
  Label(const Label&) = delete;
  Label& operator=(const Label&) = delete;
  Label(Label&& other) noexcept
      : offset_(std::exchange(other.offset_, kNone)), links_(std::exchange(other.links_, kNone)) {}
  Label& operator=(Label&& other) noexcept {
    offset_ = std::exchange(other.offset_, kNone);
    links_ = std::exchange(other.links_, kNone);
    return *this;
  }

  bool bound() const { return offset_ != kNone; }
  /// Code refers to it, but it is not bound yet.
  bool awaited() const { return links_ != kNone; }
  /// Bytes from the start of the code; only when bound.
  u32 offset() const {
    DEWAR_ASSERT(bound(), "offset of an unbound label");
    return offset_;
  }

 private:
  friend class Encoder;
  u32 offset_ = kNone;
  u32 links_ = kNone;
};

/// A memory operand: [base + disp], [base + index * scale + disp], or [label + disp] (relative to rip).
class Mem {
 public:
  constexpr explicit Mem(Gpr base, i32 disp = 0) : disp_(disp), base_(number(base)) {}
  /// The index may be any register but rsp.
  constexpr Mem(Gpr base, Gpr index, Scale scale, i32 disp = 0)
      : disp_(disp), base_(number(base)), index_(number(index)), scale_(static_cast<u8>(scale)) {
    DEWAR_ASSERT(index != Gpr::rsp, "rsp can not be an index");
  }
  constexpr explicit Mem(Label& target, i32 disp = 0) : label_(&target), disp_(disp) {}
  /// So many bytes behind it.
  constexpr Mem plus(i32 more) const {
    Mem mem = *this;
    mem.disp_ += more;
    return mem;
  }

 private:
  friend class Encoder;
  /// "No index", and the register number that says so in a SIB byte.
  static constexpr u8 kNoIndex = 4;

  Label* label_ = nullptr;
  i32 disp_ = 0;
  u8 base_ = 0;
  u8 index_ = kNoIndex;
  u8 scale_ = 0;
};
static_assert(sizeof(Mem) == 16, "passed in two registers");

}  // namespace dewar::exec::baseline
