// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What docs/ABI.md promises about layouts, checked when this is compiled: code that other tiers generate will contain
// these offsets as numbers. The register order of handlers is checked when the tests run (interp_abi_test.cpp).
#include <cstddef>

#include "exec/interp/bulk.h"
#include "exec/interp/handler.h"
#include "wasm/limits.h"
#include "wasm/op.h"

namespace dewar::exec {

namespace {

using runtime::FrameHeader;
using runtime::FrameState;
using runtime::SideEntry;

static_assert(sizeof(Slot) == 8 && alignof(FrameHeader) == alignof(Slot), "a header lies between slots");
static_assert(runtime::kHeaderSlots == 5 && sizeof(FrameHeader) == 40);
static_assert(offsetof(FrameHeader, return_pc) == 0);
static_assert(offsetof(FrameHeader, return_side) == 8);
static_assert(offsetof(FrameHeader, caller_fp) == 16);
static_assert(offsetof(FrameHeader, caller_code) == 24);
static_assert(offsetof(FrameHeader, caller_instance) == 32);

// What the limit of memory for code counts: the same on every machine.
static_assert(sizeof(runtime::FuncCode) == 152);
static_assert(sizeof(SideEntry) == 24);
static_assert(offsetof(SideEntry, delta_pc) == 0 && offsetof(SideEntry, delta_side) == 4);
static_assert(offsetof(SideEntry, callee) == 0, "a call's entry has its callee where a branch has its target");
static_assert(offsetof(SideEntry, cost_taken) == 8 && offsetof(SideEntry, cost_next) == 12);
static_assert(offsetof(SideEntry, drop) == 16 && offsetof(SideEntry, keep) == 20);

static_assert(offsetof(FrameState, fp) == 0 && offsetof(FrameState, sp) == 8 && offsetof(FrameState, pc) == 16);
static_assert(offsetof(FrameState, side) == 24 && offsetof(FrameState, code) == 32 &&
              offsetof(FrameState, instance) == 40);

// A slot count that can not fit any stack sends a call of an unprepared function to the slow path.
static_assert(u64{runtime::FuncCode::kUnprepared} * sizeof(Slot) > runtime::Stack::kMaxBytes);
// The largest frame: locals, header, operands; all v128.
static_assert(u64{wasm::kMaxLocals + wasm::kMaxParams + wasm::kMaxOperands} * 2 + runtime::kHeaderSlots <
              runtime::FuncCode::kUnprepared);
// Charging bulk work chunk by chunk gives the same sum as charging it at once.
static_assert(interp::kBulkChunk % interp::kBulkUnit == 0);

constexpr bool is_free(u8 byte) {
  for (const wasm::OpInfo& info : wasm::detail::kOps)
    if ((info.prefix == 0 && info.code == byte) || info.prefix == byte) return false;
  return true;
}
static_assert(is_free(interp::kLocalGetMap) && is_free(interp::kLocalSetMap) && is_free(interp::kLocalTeeMap) &&
                  is_free(interp::kDropWide) && is_free(interp::kSelectWide) && is_free(interp::kSelectTypedWide) &&
                  is_free(interp::kGlobalGetWide) && is_free(interp::kGlobalSetWide) && is_free(interp::kCallImport) &&
                  is_free(interp::kCatchEnd) && is_free(interp::kProbe),
              "an internal opcode is an opcode of the format");

}  // namespace

}  // namespace dewar::exec
