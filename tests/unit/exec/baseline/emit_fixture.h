// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs what the emitters emit, on a fake frame: no compiler, no stubs. A function ends where the test says; all
// registers and conditions are written down there, so that the State's location map can be checked against them.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <vector>

#include "exec/baseline/emit.h"
#include "exec/semantics_base.h"

namespace dewar::exec::baseline::test {

/// Puts code where it can run, in place of what was there before, and calls it. The memory is mapped twice, so that no
/// address is ever writable and executable and nothing has to be asked of the system for every function.
u64 call_code(const Assembler& m, u64 a = 0, u64 b = 0, u64 c = 0, u64 d = 0);

/// What emitted code leaves of the machine.
struct Machine {
  u64 gprs[kGprs + 1];  // and one that keeps the vectors aligned
  V128 xmms[kRegs - kGprs];
  u8 conds[16];
};

/// A value of any representation; `hi` for v128 only.
struct Bits {
  u64 lo = 0;
  u64 hi = 0;
  friend bool operator==(const Bits&, const Bits&) = default;
};

/// The bits that count.
Bits truncated(Rep rep, Bits bits);

/// What kind of end a run had.
inline constexpr u64 kReturned = 0, kTrapBase = 0x100;

class Function {
 public:
  static constexpr u32 kFrameSlots = 1024, kMargin = 16, kHeaderSlots = 5;

  explicit Function(CpuLevel level, bool explicit_bounds = false);

  /// Begins a function with these types of locals, of which the first are parameters, and emits its prologue.
  void begin(const std::vector<wasm::ValType>& locals, u32 params);
  /// Ends it here: the machine is written down and `code` returned.
  void stop(u64 code = kReturned);
  /// One numeric instruction, as a compiler would do it. False if the level has none.
  bool numeric(wasm::Op op);
  /// Emits what is behind the hot code.
  void finish();
  /// The arguments, upper halves filled with garbage. Gives the code of stop(), or kTrapBase plus a TrapKind; the
  /// machine is written down at traps as well, and trap_exit() tells which of the cold exits it was.
  u64 run(const std::vector<Bits>& args, void* instance = nullptr, void* memory0 = nullptr);

  /// The location map now, by slot. To be taken where stop() is called.
  std::map<u32, Location> locations() const;
  /// The value of a local or operand after a run.
  Bits value(u32 slot, Rep rep, const std::map<u32, Location>& locations) const;
  /// Was anything written below the frame, or to its header?
  bool frame_intact() const;

  u32 trap_exit() const { return trap_exit_; }
  u32 local_slots() const { return local_slots_; }

  CompileOptions options;
  Assembler m;
  ColdList cold;
  Literals literals;
  State state{m, cold};
  EmitContext c{m, state, options, cold, literals};
  Machine machine{};
  std::vector<Slot> frame = std::vector<Slot>(kFrameSlots);

 private:
  void write_machine_down();
  void emit_return(u64 code);

  std::vector<Rep> reps_;
  std::vector<u32> slots_;
  u32 params_ = 0;
  u32 local_slots_ = 0;
  u32 trap_exit_ = 0;
  u32 emitted_exit_ = 0;  ///< while finish() runs
};

inline constexpr CpuLevel kLevels[] = {CpuLevel::v1, CpuLevel::v2, CpuLevel::v3};
/// Those that this machine has.
std::vector<CpuLevel> levels();

}  // namespace dewar::exec::baseline::test
