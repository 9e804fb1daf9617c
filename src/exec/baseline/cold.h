// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a function keeps for its end: rare code that its hot path jumps to, and constants that it loads. Both are lists
// in memory reused between functions; emitting them is for whoever finishes a function (emit.h has the code of the
// kinds below).
#pragma once

#include <vector>

#include "exec/baseline/masm/assembler.h"
#include "exec/baseline/value.h"
#include "runtime/trap.h"

namespace dewar::exec::baseline {

using runtime::TrapKind;

/// Kinds of cold code. All but kTrap come back to `back`, or trap.
enum class ColdKind : u8 {
  kTrap,        ///< detail = TrapKind
  kNan,         ///< xmm a = the canonical NaN of Rep detail
  kNanLanes,    ///< lanes of xmm a where b has all bits = the canonical NaN of f32, or f64 if detail
  kDivByMinus,  ///< rax = -rax of Rep detail; overflow traps
  kRemByMinus,  ///< rdx = 0
  kTruncTrap,   ///< xmm b of Rep detail is no integer in range: a NaN or not says which trap
  kTruncS64,    ///< gpr a is the least i64: right for xmm b = -2^63 only, else a trap
  kTruncU64,    ///< gpr a is negative: xmm b is 2^63 and more, or a trap
  kSatS32,      ///< gpr a = saturated xmm b; NaN gives 0. The same for the others
  kSatU32,
  kSatS64,
  kSatU64,
  kConvertU64,  ///< xmm b = u64 gpr a with its top bit set
};

struct ColdExit {
  Label entry;  ///< what jumps here waits for it
  Label back;   ///< bound in the hot path
  u32 pc = 0;   ///< of the Wasm instruction
  ColdKind kind = ColdKind::kTrap;
  u8 detail = 0;
  Reg a{}, b{};
};
static_assert(sizeof(ColdExit) == 24);

class ColdList {
 public:
  /// How a re-run finds what it is for: seen(user) is called when the state is that of the place looked for.
  struct Watch {
    u32 exit = ~u32{0};                          ///< the exit with this index is added: its jump is about to be emitted
    u32 position = ~u32{0};                      ///< the access at this native offset is about to be emitted
    void (*seen)(void* user, u32 pc) = nullptr;  ///< pc of the Wasm instruction
    void* user = nullptr;
  };

  void reset() { exits_.clear(); }
  std::vector<ColdExit>& exits() { return exits_; }
  /// For as long as the function is compiled; `{}` ends it.
  void watch(const Watch& what) { watch_ = what; }

  ColdExit& add(ColdKind kind, u32 pc, u8 detail = 0, Reg a = {}, Reg b = {}) {
    if (DEWAR_UNLIKELY(exits_.size() == watch_.exit)) watch_.seen(watch_.user, pc);
    exits_.push_back({Label(), Label(), pc, kind, detail, a, b});
    return exits_.back();
  }
  /// The next instruction may fault; `position` is where it begins.
  void at_access(u32 position, u32 pc) {
    if (DEWAR_UNLIKELY(position == watch_.position)) watch_.seen(watch_.user, pc);
  }
  void trap_if(Assembler& m, Cond cond, TrapKind kind, u32 pc) {
    m.jcc(cond, add(ColdKind::kTrap, pc, static_cast<u8>(kind)).entry);
  }
  void trap(Assembler& m, TrapKind kind, u32 pc) { m.jmp(add(ColdKind::kTrap, pc, static_cast<u8>(kind)).entry); }

 private:
  std::vector<ColdExit> exits_;
  Watch watch_;
};

/// Constants of 8 or 16 bytes behind a function's code.
class Literals {
 public:
  void reset() {
    wide_.clear();
    narrow_.clear();
  }
  /// Where `bits` will be, until the next call.
  Mem at(u64 bits) { return find(narrow_, bits, 0); }
  Mem at(u64 lo, u64 hi) { return find(wide_, lo, hi); }
  void emit(Assembler& m) {
    if (!wide_.empty()) m.align(16, Encoder::Fill::kInt3);
    for (Entry& entry : wide_) {
      m.bind(entry.label);
      m.data64(entry.lo);
      m.data64(entry.hi);
    }
    if (!narrow_.empty()) m.align(8, Encoder::Fill::kInt3);
    for (Entry& entry : narrow_) {
      m.bind(entry.label);
      m.data64(entry.lo);
    }
  }

 private:
  struct Entry {
    u64 lo, hi;
    Label label;
  };
  static Mem find(std::vector<Entry>& list, u64 lo, u64 hi) {
    constexpr usize kLooks = 8;  // repeated constants are near each other
    const usize size = list.size();
    for (usize i = size; i > 0 && size - i < kLooks; --i)
      if (list[i - 1].lo == lo && list[i - 1].hi == hi) return Mem(list[i - 1].label);
    list.push_back({lo, hi, Label()});
    return Mem(list.back().label);
  }

  std::vector<Entry> wide_, narrow_;
};

}  // namespace dewar::exec::baseline
