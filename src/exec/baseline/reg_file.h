// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Who holds the registers. A register is free, or held by one local, or by any number of operands and operations in
// progress, never by both; emits nothing. What locals are in registers, and which of them are dirty, is a Snapshot: all
// that a label has to remember.
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "exec/baseline/value.h"

namespace dewar::exec::baseline {

inline constexpr u16 kNoLocal = 0xffff;

/// Which local each register has; kNoLocal where it has none. Locals in none are in their slots.
struct alignas(64) Snapshot {
  u16 local[kRegs];
  RegMask held;
  RegMask dirty;  ///< of those held: the slot may be out of date
};
static_assert(sizeof(Snapshot) == 64, "copied at every label");
/// All locals are in their slots.
inline constexpr Snapshot kNowhere = {};

/// The registers that have the same local in both.
inline RegMask agreeing(const Snapshot& a, const Snapshot& b) {
  RegMask same = 0;
#if defined(__SSE2__)
  const auto equal = [&](u32 first) {
    return _mm_cmpeq_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(a.local + first)),
                           _mm_load_si128(reinterpret_cast<const __m128i*>(b.local + first)));
  };
  same = static_cast<u32>(_mm_movemask_epi8(_mm_packs_epi16(equal(0), equal(8)))) |
         static_cast<u32>(_mm_movemask_epi8(_mm_packs_epi16(equal(16), _mm_setzero_si128()))) << 16;
#else
  for (u32 i = 0; i < kRegs; ++i) same |= RegMask{a.local[i] == b.local[i]} << i;
#endif
  return same & a.held & b.held;
}

class RegFile {
 public:
  void reset();

  RegMask free(RegMask among) const { return free_ & among; }
  bool is_free(Reg reg) const { return (free_ & bit(reg)) != 0; }
  bool has_local(Reg reg) const { return (locals_.held & bit(reg)) != 0; }
  u16 local_in(Reg reg) const { return locals_.local[static_cast<u8>(reg)]; }
  RegMask locals() const { return locals_.held; }
  RegMask dirty() const { return locals_.dirty; }
  const Snapshot& snapshot() const { return locals_; }

  /// One more operand or operation holds a register that no local has.
  void hold(Reg reg, u32 times = 1) {
    DEWAR_ASSERT(!has_local(reg), "a local's register held by an operand");
    free_ &= ~bit(reg);
    holders_[static_cast<u8>(reg)] += times;
  }
  void release(Reg reg) {
    DEWAR_ASSERT(!has_local(reg) && holders_[static_cast<u8>(reg)] > 0, "a register released too often");
    if (--holders_[static_cast<u8>(reg)] == 0) free_ |= bit(reg);
  }
  u32 holders(Reg reg) const { return holders_[static_cast<u8>(reg)]; }

  /// A local gets a free register, or the one that only the caller holds.
  void give(Reg reg, u16 local, bool dirty) {
    DEWAR_ASSERT(!has_local(reg) && holders(reg) <= 1, "a register given away while somebody holds it");
    holders_[static_cast<u8>(reg)] = 0;
    free_ &= ~bit(reg);
    locals_.held |= bit(reg);
    locals_.local[static_cast<u8>(reg)] = local;
    set_dirty(reg, dirty);
    touch(reg);
  }
  /// It has none any more.
  void take_from_local(Reg reg) {
    DEWAR_ASSERT(has_local(reg), "no local here");
    locals_.held &= ~bit(reg);
    locals_.dirty &= ~bit(reg);
    locals_.local[static_cast<u8>(reg)] = kNoLocal;
    free_ |= bit(reg);
  }
  /// All locals are in their slots, too.
  void clean_locals() { locals_.dirty = 0; }
  /// No local has a register any more.
  void forget_locals() {
    for (RegMask rest = locals_.held; rest != 0; rest &= rest - 1)
      locals_.local[static_cast<u8>(lowest(rest))] = kNoLocal;
    free_ |= locals_.held;
    locals_.held = locals_.dirty = 0;
  }
  void set_dirty(Reg reg, bool dirty) { locals_.dirty = dirty ? locals_.dirty | bit(reg) : locals_.dirty & ~bit(reg); }

  /// Only what a label says is held; of that, `stay` was there before.
  void become(const Snapshot& from, RegMask stay) {
    DEWAR_ASSERT((free_ | locals_.held) == (kGprMask | kXmmMask), "an operand in a register at a label");
    locals_ = from;
    free_ = (kGprMask | kXmmMask) & ~from.held;
    for (RegMask rest = from.held & ~stay; rest != 0; rest &= rest - 1) {
      holders_[static_cast<u8>(lowest(rest))] = 0;
      touch(lowest(rest));
    }
  }

  /// A local's register that the operation at hand reads: it must not be taken away before unpin_all().
  void pin(Reg reg) {
    pinned_ |= bit(reg);
    touch(reg);
  }
  void unpin_all() { pinned_ = 0; }

  /// The local's register used longest ago, clean ones first. False if all are pinned or held by operands.
  bool choose_victim(RegMask among, Reg& victim) const;

 private:
  void touch(Reg reg) { used_[static_cast<u8>(reg)] = ++clock_; }

  RegMask free_ = 0;
  RegMask pinned_ = 0;
  u32 clock_ = 0;
  Snapshot locals_ = {};
  u32 used_[kRegs] = {};    ///< when a local's register was last read or written
  u8 holders_[kRegs] = {};  ///< operands and operations
};

}  // namespace dewar::exec::baseline
