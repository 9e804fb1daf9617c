// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/baseline/code_object.h"

#include <algorithm>

#if defined(__x86_64__)
#include "exec/baseline/compiler.h"
#endif

namespace dewar::exec::baseline {

namespace {

const CodeObject& object_at(const runtime::NativeStubs& stubs, const u8* address) {
  // An address behind a call may be the end of the code: what counts is the call.
  const auto owner = static_cast<const NativeSupport&>(stubs).arena->find(address - 1);
  DEWAR_ASSERT(owner && owner->object, "a record names no code");
  return *static_cast<const CodeObject*>(owner->object);
}

}  // namespace

CodeObject::~CodeObject() {
  if (range.code) support->arena->release(range.code);
}

CallSite call_site(const runtime::NativeStubs& stubs, u64 return_address) {
  const u8* const address = reinterpret_cast<const u8*>(return_address);
  const CodeObject& object = object_at(stubs, address);
  const u32 after = static_cast<u32>(address - object.range.code);
  const auto row = std::lower_bound(object.calls.begin(), object.calls.end(), after,
                                    [](const CallRow& r, u32 at) { return r.after < at; });
  DEWAR_ASSERT(row != object.calls.end() && row->after == after, "a record names no call");
  return {object.func, row->pc, row->distance};
}

ExitSite exit_site(const runtime::NativeStubs& stubs, const u8* after, Slot* fp,
                   const runtime::SavedRegisters& registers) {
#if defined(__x86_64__)
  const CodeObject& object = object_at(stubs, after);
  return find_exit(object, static_cast<u32>(after - object.range.code), fp, registers);
#else
  (void)stubs, (void)after, (void)fp, (void)registers;
  DEWAR_UNREACHABLE("compiled code on a machine without a compiler");
#endif
}

TrapSite trap_site(const runtime::NativeStubs& stubs, const u8* after, Slot* fp,
                   const runtime::SavedRegisters& registers) {
#if defined(__x86_64__)
  const CodeObject& object = object_at(stubs, after);
  return find_trap(object, static_cast<u32>(after - object.range.code), fp, registers);
#else
  (void)stubs, (void)after, (void)fp, (void)registers;
  DEWAR_UNREACHABLE("compiled code on a machine without a compiler");
#endif
}

}  // namespace dewar::exec::baseline
