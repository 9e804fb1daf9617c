// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/baseline/code_object.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

#if defined(__x86_64__)
#include "base/seed_bug.h"
#include "exec/baseline/compiler.h"
#endif

namespace dewar::exec::baseline {

namespace {

/// Whoever asks knows the address from a record, a stub or a fault: if nothing is there, all is in doubt.
const CodeObject& object_at(const runtime::NativeStubs& stubs, const u8* inside) {
  const auto owner = static_cast<const NativeSupport&>(stubs).arena->find(inside);
  if (!owner || !owner->object) DEWAR_UNREACHABLE("an address in compiled code that no function has");
  return *static_cast<const CodeObject*>(owner->object);
}

#if !defined(__x86_64__)
ExitSite find_poll(const CodeObject&, usize, Slot*, const runtime::SavedRegisters&) {
  DEWAR_UNREACHABLE("compiled code on a machine without a compiler");
}
ExitSite find_charge(const CodeObject&, u32, Slot*, const runtime::SavedRegisters&) {
  DEWAR_UNREACHABLE("compiled code on a machine without a compiler");
}
TrapSite find_trap(const CodeObject&, u32, Slot*, const runtime::SavedRegisters&) {
  DEWAR_UNREACHABLE("compiled code on a machine without a compiler");
}
TrapSite find_fault(const CodeObject&, u32, Slot*, const runtime::SavedRegisters&) {
  DEWAR_UNREACHABLE("compiled code on a machine without a compiler");
}
#endif

/// Index of the poll whose call ends there.
usize poll_index(const CodeObject& object, const u8* address) {
  const u32 after = static_cast<u32>(address - object.range.code);
  const auto row = std::ranges::lower_bound(object.polls, after, {}, &PollRow::after);
  if (row == object.polls.end() || row->after != after) DEWAR_UNREACHABLE("no poll of compiled code is there");
  return static_cast<usize>(row - object.polls.begin());
}

}  // namespace

CodeObject::~CodeObject() {
  if (range.code) support->arena->release(range.code);
}

CallSite call_site(const runtime::NativeStubs& stubs, u64 return_address) {
  const u8* const address = reinterpret_cast<const u8*>(return_address);
  // An address behind a call may be the end of the code: what counts is the call.
  const CodeObject& object = object_at(stubs, address - 1);
  const u32 after = static_cast<u32>(address - object.range.code);
  const auto row = std::ranges::lower_bound(object.calls, after, {}, &CallRow::after);
  if (row == object.calls.end() || row->after != after) DEWAR_UNREACHABLE("a record names no call");
  return {object.func, row->pc, row->distance};
}

ExitSite poll_site(const runtime::NativeStubs& stubs, const u8* after, Slot* fp,
                   const runtime::SavedRegisters& registers) {
  const CodeObject& object = object_at(stubs, after - 1);
  return find_poll(object, poll_index(object, after), fp, registers);
}

ExitSite poll_place(const runtime::NativeStubs& stubs, const u8* after) {
  const CodeObject& object = object_at(stubs, after - 1);
  const PollRow& row = object.polls[poll_index(object, after)];
  return {object.func, row.pc, row.slots, 0};
}

ExitSite charge_site(const runtime::NativeStubs& stubs, const u8* at, Slot* fp,
                     const runtime::SavedRegisters& registers) {
  const CodeObject& object = object_at(stubs, at);
  return find_charge(object, static_cast<u32>(at - object.range.code), fp, registers);
}

TrapSite trap_site(const runtime::NativeStubs& stubs, const u8* after, Slot* fp,
                   const runtime::SavedRegisters& registers) {
  const CodeObject& object = object_at(stubs, after - 1);
  return find_trap(object, static_cast<u32>(after - object.range.code), fp, registers);
}

TrapSite fault_site(const runtime::NativeStubs& stubs, const u8* at, Slot* fp,
                    const runtime::SavedRegisters& registers) {
  const CodeObject& object = object_at(stubs, at);
  return find_fault(object, static_cast<u32>(at - object.range.code), fp, registers);
}

#if defined(__x86_64__)

namespace {

/// Loops of a function that were looked for. A guest can come to one from the interpreter as often as it likes, so each
/// is found once, and not more than these.
struct FoundLoops {
  static constexpr usize kMost = 256;
  std::vector<std::pair<u32, std::optional<LoopSite>>> sites;  ///< by pc
};

std::optional<LoopSite> known_loop(const CodeObject& object, u32 pc) {
  static std::mutex mutex;
  {
    std::lock_guard lock(mutex);
    if (!object.loops) object.loops = std::make_shared<FoundLoops>();
    const auto& sites = static_cast<const FoundLoops*>(object.loops.get())->sites;
    for (const auto& [at, site] : sites)
      if (at == pc) return site;
    if (sites.size() >= FoundLoops::kMost) return std::nullopt;
  }
  std::optional<LoopSite> site = find_loop(object, pc);
  std::lock_guard lock(mutex);
  static_cast<FoundLoops*>(object.loops.get())->sites.emplace_back(pc, site);
  return site;
}

}  // namespace

#endif

const u8* landing(const runtime::NativeCode& native, const runtime::HandlerRow& row) {
  if (row.leaves) return nullptr;
  const auto& object = static_cast<const CodeObject&>(native);
  // A loop is around what is caught, all else ends behind it.
  const u32 key = landing_key(row.target_pc, row.target_pc < row.begin);
  const auto at = std::ranges::lower_bound(object.landings, key, {}, &LandingRow::target);
  return at != object.landings.end() && at->target == key ? object.range.code + at->at : nullptr;
}

const u8* loop_entry(const runtime::NativeCode& native, u32 pc, const Slot* fp, runtime::SavedRegisters& registers) {
#if defined(__x86_64__)
  const auto& object = static_cast<const CodeObject&>(native);
  const std::optional<LoopSite> loop = known_loop(object, pc);
  if (!loop) return nullptr;
  for (u8 i = 0; i < kRegs; ++i) {
    const Reg reg = static_cast<Reg>(i);
    if ((loop->registers.held & bit(reg)) == 0) continue;
    void* const to = is_xmm(reg) ? static_cast<void*>(registers.xmms[i - kGprs]) : &registers.gprs[i];
    // Bug 38: a register of a loop is filled with half of its local.
    std::memcpy(to, fp + loop->homes[i], SEED(38, slots_of(loop->reps[i]) * sizeof(Slot), sizeof(u32)));
  }
  return object.range.code + loop->header;
#else
  (void)native, (void)pc, (void)fp, (void)registers;
  return nullptr;
#endif
}

}  // namespace dewar::exec::baseline
