// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Abstract values: what the compiler knows of an operand or a local instead of having it in its slot (docs/baseline.md,
// "Abstract state"), and the 24 registers that hold values. Plain data; state.h owns the rules.
// i32, f32 and references: the upper half of a register or slot is undefined (design D5).
#pragma once

#include <bit>

#include "exec/baseline/layout.h"
#include "wasm/types.h"

namespace dewar::exec::baseline {

/// How a value is represented. References are i32.
enum class Rep : u8 { i32, i64, f32, f64, v128 };

constexpr bool is_float(Rep rep) { return rep >= Rep::f32; }
constexpr u32 slots_of(Rep rep) { return rep == Rep::v128 ? 2 : 1; }
constexpr Rep rep_of(wasm::ValType type) {
  using enum Rep;
  static_assert(wasm::ValType::kI64 == 2 && wasm::ValType::kV128 == 5);
  constexpr Rep kReps[16] = {i32, i32, i64, f32, f64, v128};  // all others are references
  return kReps[type.kind()];
}
/// Of integers: the part of a register that counts.
constexpr Width width_of(Rep rep) { return rep == Rep::i64 ? Width::w64 : Width::w32; }

/// The registers that hold values, in the order in which they are taken. All others are pinned or scratch.
enum class Reg : u8 {
  rax,
  rcx,
  rdx,
  rsi,
  rdi,
  r8,
  r9,
  r12,
  r13,
  xmm0,
  xmm14 = xmm0 + 14,
};
inline constexpr u32 kRegs = 24, kGprs = 9;

/// A set of them.
using RegMask = u32;
inline constexpr RegMask kGprMask = (RegMask{1} << kGprs) - 1;
inline constexpr RegMask kXmmMask = ((RegMask{1} << kRegs) - 1) & ~kGprMask;

constexpr RegMask bit(Reg reg) { return RegMask{1} << static_cast<u8>(reg); }
constexpr RegMask class_of(Rep rep) { return is_float(rep) ? kXmmMask : kGprMask; }
constexpr Reg lowest(RegMask set) { return static_cast<Reg>(std::countr_zero(set)); }
/// The register in which a label takes a single result.
constexpr Reg result_reg(Rep rep) { return is_float(rep) ? Reg::xmm0 : Reg::rax; }
constexpr bool is_xmm(Reg reg) { return static_cast<u8>(reg) >= kGprs; }
constexpr Gpr gpr(Reg reg) {
  constexpr Gpr kNames[] = {Gpr::rax, Gpr::rcx, Gpr::rdx, Gpr::rsi, Gpr::rdi, Gpr::r8, Gpr::r9, Gpr::r12, Gpr::r13};
  DEWAR_ASSERT(!is_xmm(reg), "a vector register as an integer one");
  return kNames[static_cast<u8>(reg)];
}
constexpr Xmm xmm(Reg reg) {
  DEWAR_ASSERT(is_xmm(reg), "an integer register as a vector one");
  return static_cast<Xmm>(static_cast<u8>(reg) - kGprs);
}

/// Scratch inside one emitted sequence; neither holds a value. The pinned registers are in layout.h.
inline constexpr Gpr kScratch = Gpr::r11;
inline constexpr Xmm kScratchXmm = Xmm::xmm15;
/// A place in the frame.
constexpr i32 slot_disp(u32 slot) { return static_cast<i32>(slot) * 8; }
constexpr Mem slot_mem(u32 slot) { return Mem(kFp, slot_disp(slot)); }

/// A comparison whose result is in the flags. With `parity`, e means "equal and ordered", ne the opposite.
struct FlagsCond {
  Cond cond = Cond::e;
  bool parity = false;
  constexpr FlagsCond negated() const { return {negate(cond), parity}; }
  friend constexpr bool operator==(FlagsCond, FlagsCond) = default;
};

/// An operand.
struct Value {
  enum Where : u8 {
    kConst,  ///< `constant`; of v128 only zero
    kLocal,  ///< what local `local` has: a local.get that nobody has read yet
    kReg,    ///< in `reg`
    kFlags,  ///< i32; only on top of the stack
    kSlot,   ///< in its slot
  };
  Where where = kSlot;
  Rep rep = Rep::i32;
  Reg reg{};  ///< kReg
  /// kReg, kSlot: not 0 for an arithmetic result whose NaN may not be the canonical one (design D10). Of vectors: the
  /// bytes of a lane.
  u8 raw = 0;
  u32 slot = 0;  ///< its home: index of an 8-byte slot from fp
  union {
    u64 constant = 0;
    u32 local;
    FlagsCond flags;
  };
  static Value of_const(Rep rep, u64 bits) {
    Value value;
    value.where = kConst;
    value.rep = rep;
    value.constant = bits;
    return value;
  }
  bool is_const() const { return where == kConst; }
  bool is_const(u64 value) const { return where == kConst && constant == value; }
};
static_assert(sizeof(Value) == 16);

/// A local. In a register or constant it is also in its slot unless it is dirty: `dirty` of constants; of registers the
/// RegFile knows.
struct Local {
  Value::Where where = Value::kSlot;  ///< kConst, kReg or kSlot
  Rep rep = Rep::i32;
  Reg reg{};
  u8 aliases = 0;  ///< operands that are kLocal and mean it
  u32 slot : 29 = 0;
  u32 dirty : 1 = 0;
  u32 listed_dirty : 1 = 0;  ///< in the State's list of constants to be stored
  u32 listed : 1 = 0;        ///< in its list of other constants
  u64 constant = 0;
};
static_assert(sizeof(Local) == 16);

}  // namespace dewar::exec::baseline
