// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Places in compiled code, found by compiling again: exits, traps, where the compiler's state says what is not in its
// slot, and headers of loops (docs/baseline.md, "Getting out of compiled code").
#include <algorithm>
#include <cstring>

#include "base/seed_bug.h"
#include "exec/baseline/compiler.h"

namespace dewar::exec::baseline {

namespace {

/// The canonical NaN for any other; of f32 in both halves.
u32 settled(u32 bits) { return (bits & ~(u32{1} << 31)) > 0x7f800000 ? 0x7fc00000 : bits; }
u64 settled(bool wide, u64 bits) {
  if (!wide) return settled(static_cast<u32>(bits)) | u64{settled(static_cast<u32>(bits >> 32))} << 32;
  return (bits & ~(u64{1} << 63)) > 0x7ff0000000000000 ? 0x7ff8000000000000 : bits;
}

/// What is somewhere else goes to its slot. All is read before anything is written: an operand may be what a local's
/// slot still has.
void materialise(std::span<const Location> locations, Slot* fp, const runtime::SavedRegisters& registers) {
  struct Written {
    u32 slot;
    u64 bits[2];
  };
  std::vector<Written> written;
  for (const Location& at : locations) {
    Written w{at.slot, {}};
    switch (at.from) {
      case Location::kConst: w.bits[0] = at.constant; break;
      case Location::kReg:
        if (is_xmm(at.reg)) {
          std::memcpy(w.bits, registers.xmms[static_cast<u8>(at.reg) - kGprs], sizeof w.bits);
        } else {
          w.bits[0] = registers.gprs[static_cast<u8>(at.reg)];
        }
        break;
      case Location::kOtherSlot: std::memcpy(w.bits, fp + at.other_slot, slots_of(at.rep) * sizeof(Slot)); break;
      case Location::kHome: std::memcpy(w.bits, fp + at.slot, slots_of(at.rep) * sizeof(Slot)); break;
      case Location::kFlags: DEWAR_UNREACHABLE("a comparison is in the flags where code leaves");
    }
    if (at.raw != 0)
      for (u64& half : w.bits) half = settled(at.rep == Rep::f64 || at.raw == sizeof(f64), half);
    written.push_back(w);
  }
  for (usize i = 0; i < written.size(); ++i)
    // Bug 37: half of a vector is lost where a frame goes on in the interpreter.
    std::memcpy(fp + written[i].slot, written[i].bits, SEED(37, slots_of(locations[i].rep), 1) * sizeof(Slot));
}

/// Compiles again up to what `compiler` watches, and brings everything into its slot that is in none there.
const Compiler::PlaceState& stand_at(Compiler& compiler, const CodeObject& object, Slot* fp,
                                     const runtime::SavedRegisters& registers) {
  static_cast<void>(run(compiler, *object.func, {}));
  const Compiler::PlaceState& at = compiler.seen();
  if (!compiler.has_seen()) DEWAR_UNREACHABLE("compiled code stopped where no instruction of the guest can");
  materialise(at.locations, fp, registers);
  return at;
}

}  // namespace

ExitSite find_poll(const CodeObject& object, usize index, Slot* fp, const runtime::SavedRegisters& registers) {
  Compiler compiler(*object.func, *object.support, object.options, object.wide_charges);
  compiler.watch_poll(index);
  const Compiler::PlaceState& at = stand_at(compiler, object, fp, registers);
  const PollRow& row = object.polls[index];
  if (at.pc != row.pc || at.slots != row.slots) DEWAR_UNREACHABLE("a poll is elsewhere in code compiled again");
  return {object.func, at.pc, at.slots, 0};
}

ExitSite find_charge(const CodeObject& object, u32 at, Slot* fp, const runtime::SavedRegisters& registers) {
  Compiler compiler(*object.func, *object.support, object.options, object.wide_charges);
  compiler.watch_charge(at - Charge::kFaultAt);
  const Compiler::PlaceState& place = stand_at(compiler, object, fp, registers);
  return {object.func, place.pc, place.slots, SEED(34, place.cost, 0)};  // Bug 34: what was not paid is not given back.
}

TrapSite find_trap(const CodeObject& object, u32 after, Slot* fp, const runtime::SavedRegisters& registers) {
  const auto row = std::ranges::lower_bound(object.traps, after, {}, &TrapRow::after);
  if (row == object.traps.end() || row->after != after) DEWAR_UNREACHABLE("no trap of compiled code is there");
  Compiler compiler(*object.func, *object.support, object.options, object.wide_charges);
  compiler.watch_trap(row->exit);
  const Compiler::PlaceState& at = stand_at(compiler, object, fp, registers);
  return {object.func, at.pc, at.slots, static_cast<runtime::TrapKind>(row->kind)};
}

TrapSite find_fault(const CodeObject& object, u32 at, Slot* fp, const runtime::SavedRegisters& registers) {
  Compiler compiler(*object.func, *object.support, object.options, object.wide_charges);
  compiler.watch_access(at);
  const Compiler::PlaceState& place = stand_at(compiler, object, fp, registers);
  return {object.func, place.pc, place.slots, runtime::TrapKind::memory_out_of_bounds};
}

std::optional<LoopSite> find_loop(const CodeObject& object, u32 pc) {
  Compiler compiler(*object.func, *object.support, object.options, object.wide_charges);
  compiler.watch_loop(pc);
  static_cast<void>(run(compiler, *object.func, {}));
  return compiler.seen_loop();
}

}  // namespace dewar::exec::baseline
