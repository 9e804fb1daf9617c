// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where compiled code finds what it reads: the pinned registers and offsets in runtime's objects.
#pragma once

#include <cstddef>

#include "exec/baseline/masm/assembler.h"
#include "exec/baseline/masm/charge.h"
#include "runtime/store.h"

namespace dewar::exec::baseline {

// Pinned registers (docs/baseline.md, "Registers").
inline constexpr Gpr kFp = Gpr::rbp, kMem = Gpr::rbx, kFuel = Gpr::r10, kInst = Gpr::r14, kStack = Gpr::r15;
static_assert(kFuel == Charge::kFuel);

// The classes are no "standard layout", but have no bases: their offsets are what every compiler here makes them.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winvalid-offsetof"
namespace at {
using runtime::FuncCode, runtime::Func, runtime::Instance, runtime::Stack, runtime::NativeState;
constexpr i32 native(usize member) { return static_cast<i32>(offsetof(Stack, native) + member); }
inline constexpr i32 kSavedGprs = offsetof(Stack, trapped_registers) + offsetof(runtime::SavedRegisters, gprs);
inline constexpr i32 kSavedXmms = offsetof(Stack, trapped_registers) + offsetof(runtime::SavedRegisters, xmms);
inline constexpr i32 kLimit = offsetof(Stack, limit);
inline constexpr i32 kInterruptWord = offsetof(Stack, interrupt_word);
inline constexpr i32 kStackFuel = offsetof(Stack, fuel);
inline constexpr i32 kStateFp = offsetof(Stack, state) + offsetof(runtime::FrameState, fp);
inline constexpr i32 kScratchFunc = offsetof(Stack, scratch) + offsetof(Stack::Scratch, func);
inline constexpr i32 kNativeSp = native(offsetof(NativeState, sp));
inline constexpr i32 kHostSp = native(offsetof(NativeState, host_sp));
inline constexpr i32 kHostBp = native(offsetof(NativeState, host_bp));
inline constexpr i32 kResume = native(offsetof(NativeState, resume));
inline constexpr i32 kStepHandler = native(offsetof(NativeState, step_handler));
inline constexpr i32 kStepResult = native(offsetof(NativeState, step_result));
inline constexpr i32 kMemory0 = offsetof(Instance, memory0);
inline constexpr i32 kCodeTable = offsetof(Instance, code_table);
inline constexpr i32 kFuncs = offsetof(Instance, funcs);
inline constexpr i32 kTables = offsetof(Instance, tables);
inline constexpr i32 kMemories = offsetof(Instance, memories);
inline constexpr i32 kGlobals = offsetof(Instance, globals);
inline constexpr i32 kNearGlobals = offsetof(Instance, near_globals);
inline constexpr i32 kGlobalValue = offsetof(runtime::Global, value);
inline constexpr i32 kMemoryBase = offsetof(runtime::Memory, base);
inline constexpr i32 kMemoryBytes = offsetof(runtime::Memory, bytes);
inline constexpr i32 kTableSize = offsetof(runtime::Table, size);
inline constexpr i32 kTableRefs = offsetof(runtime::Table, refs);
inline constexpr i32 kTableCache = offsetof(runtime::Table, cache);
inline constexpr i32 kFuncType = offsetof(Func, type);
inline constexpr i32 kFuncIndex = offsetof(Func, index);
inline constexpr i32 kFuncCode = offsetof(Func, code);
inline constexpr i32 kFuncInstance = offsetof(Func, instance);
inline constexpr i32 kEntry = offsetof(FuncCode, entry);
}  // namespace at
#pragma clang diagnostic pop

static_assert(sizeof(std::unique_ptr<runtime::Func*[]>) == 8 && sizeof(std::atomic<const void*>) == 8);
static_assert(at::kNearGlobals + runtime::Instance::kNearGlobals * sizeof(void*) <= 128, "displacements of one byte");
static_assert(at::kGlobalValue == 0, "no displacement");
static_assert(sizeof(runtime::Table::refs) == 8 && sizeof(runtime::Table::cache) == 8);
static_assert(sizeof(runtime::Memory::bytes) == 8 && sizeof(wasm::CanonId) == 4);

}  // namespace dewar::exec::baseline
