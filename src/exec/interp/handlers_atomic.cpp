// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Atomic accesses, wait, notify and fence (threads proposal). All accesses are sequentially consistent; alignment and
// bounds are checked explicitly. Works on unshared memories as well, where nobody else can look.
#include "exec/interp/handlers_memory.h"
#include "exec/interp/memory_access.h"
#include "runtime/wait_queue.h"

namespace dewar::exec::interp {

namespace {

/// Address of an aligned atomic access, or null with the trap kind set.
template <class T>
[[gnu::always_inline]] inline T* atomic_address(Stack* stack, const Instance* inst, const u8*& p, Slot index) {
  const MemArg m = read_memarg(p);
  u8* at = checked_address(inst, m, index, sizeof(T));
  if (DEWAR_UNLIKELY(!at)) {
    stack->trap.kind = TrapKind::memory_out_of_bounds;
    // An unaligned address beyond the end is reported as unaligned: the spec checks alignment first.
    const runtime::Memory* memory = inst->memories[m.memory];
    const u64 low = (memory->type.limits.is64 ? index : static_cast<u32>(index)) + m.offset;
    if (low % sizeof(T) != 0) stack->trap.kind = TrapKind::unaligned_atomic;
    return nullptr;
  }
  if (DEWAR_UNLIKELY(reinterpret_cast<std::uintptr_t>(at) % sizeof(T) != 0)) {
    stack->trap.kind = TrapKind::unaligned_atomic;
    return nullptr;
  }
  return reinterpret_cast<T*>(at);
}

template <class T>
DEWAR_HANDLER(atomic_load) {
  const u8* p = pc + 1;
  T* at = atomic_address<T>(stack, inst, p, sp[-1]);
  if (DEWAR_UNLIKELY(!at)) DEWAR_TAIL(exit_trap);
  sp[-1] = __atomic_load_n(at, __ATOMIC_SEQ_CST);
  pc = p;
  DEWAR_DISPATCH();
}

template <class T>
DEWAR_HANDLER(atomic_store) {
  const u8* p = pc + 1;
  T* at = atomic_address<T>(stack, inst, p, sp[-2]);
  if (DEWAR_UNLIKELY(!at)) DEWAR_TAIL(exit_trap);
  __atomic_store_n(at, static_cast<T>(sp[-1]), __ATOMIC_SEQ_CST);
  sp -= 2;
  pc = p;
  DEWAR_DISPATCH();
}

enum class Rmw { add, sub, and_, or_, xor_, xchg };

template <class T, Rmw kOp>
DEWAR_HANDLER(atomic_rmw) {
  const u8* p = pc + 1;
  T* at = atomic_address<T>(stack, inst, p, sp[-2]);
  if (DEWAR_UNLIKELY(!at)) DEWAR_TAIL(exit_trap);
  const T v = static_cast<T>(sp[-1]);
  T old;
  if constexpr (kOp == Rmw::add) old = __atomic_fetch_add(at, v, __ATOMIC_SEQ_CST);
  if constexpr (kOp == Rmw::sub) old = __atomic_fetch_sub(at, v, __ATOMIC_SEQ_CST);
  if constexpr (kOp == Rmw::and_) old = __atomic_fetch_and(at, v, __ATOMIC_SEQ_CST);
  if constexpr (kOp == Rmw::or_) old = __atomic_fetch_or(at, v, __ATOMIC_SEQ_CST);
  if constexpr (kOp == Rmw::xor_) old = __atomic_fetch_xor(at, v, __ATOMIC_SEQ_CST);
  if constexpr (kOp == Rmw::xchg) old = __atomic_exchange_n(at, v, __ATOMIC_SEQ_CST);
  sp[-2] = old;
  --sp;
  pc = p;
  DEWAR_DISPATCH();
}

/// The comparand is wrapped to the width of the access, as engines and the proposal's text agree (threads issue 195).
template <class T>
DEWAR_HANDLER(atomic_cmpxchg) {
  const u8* p = pc + 1;
  T* at = atomic_address<T>(stack, inst, p, sp[-3]);
  if (DEWAR_UNLIKELY(!at)) DEWAR_TAIL(exit_trap);
  T old = static_cast<T>(sp[-2]);
  __atomic_compare_exchange_n(at, &old, static_cast<T>(sp[-1]), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  sp[-3] = old;
  sp -= 2;
  pc = p;
  DEWAR_DISPATCH();
}

template <class T>
DEWAR_HANDLER(atomic_wait) {
  const u8* p = pc + 1;
  const u8* arg = p;
  const MemArg m = read_memarg(arg);
  T* at = atomic_address<T>(stack, inst, p, sp[-3]);
  if (DEWAR_UNLIKELY(!at)) DEWAR_TAIL(exit_trap);
  runtime::Memory* memory = inst->memories[m.memory];
  if (DEWAR_UNLIKELY(!memory->type.shared)) DEWAR_TRAP(TrapKind::expected_shared_memory);
  DEWAR_SAVE_STATE();
  i64 remaining = static_cast<i64>(sp[-1]);
  const auto r = runtime::wait(*stack, *memory, static_cast<u64>(reinterpret_cast<u8*>(at) - memory->base),
                               static_cast<T>(sp[-2]), sizeof(T), remaining, &remaining);
  if (r == runtime::WaitResult::interrupted) {
    // Rewritten in place, so that running it again waits only for the rest (design D12).
    sp[-1] = static_cast<u64>(remaining);
    DEWAR_TAIL(poll_prefixed);
  }
  if (r == runtime::WaitResult::deadlock) DEWAR_TRAP(TrapKind::deadlock);
  sp[-3] = static_cast<u32>(r);
  sp -= 2;
  pc = p;
  DEWAR_DISPATCH();
}

}  // namespace

DEWAR_HANDLER(op_memory_atomic_notify) {
  const u8* p = pc + 1;
  const u8* arg = p;
  const MemArg m = read_memarg(arg);
  u32* at = atomic_address<u32>(stack, inst, p, sp[-2]);
  if (DEWAR_UNLIKELY(!at)) DEWAR_TAIL(exit_trap);
  runtime::Memory* memory = inst->memories[m.memory];
  sp[-2] =
      runtime::notify(*memory, static_cast<u64>(reinterpret_cast<u8*>(at) - memory->base), static_cast<u32>(sp[-1]));
  --sp;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_atomic_fence) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  DEWAR_NEXT(2);
}

#define ACCESSES(X) \
  X(i32, , , u32)   \
  X(i64, , , u64) X(i32, 8, _u, u8) X(i32, 16, _u, u16) X(i64, 8, _u, u8) X(i64, 16, _u, u16) X(i64, 32, _u, u32)

Handler atomic_handler(wasm::Op op) {
  using wasm::Op;
  switch (op) {
    case Op::memory_atomic_wait32: return atomic_wait<u32>;
    case Op::memory_atomic_wait64: return atomic_wait<u64>;
#define X(ty, width, u, t)                                                    \
  case Op::ty##_atomic_load##width##u: return atomic_load<t>;                 \
  case Op::ty##_atomic_store##width: return atomic_store<t>;                  \
  case Op::ty##_atomic_rmw##width##_add##u: return atomic_rmw<t, Rmw::add>;   \
  case Op::ty##_atomic_rmw##width##_sub##u: return atomic_rmw<t, Rmw::sub>;   \
  case Op::ty##_atomic_rmw##width##_and##u: return atomic_rmw<t, Rmw::and_>;  \
  case Op::ty##_atomic_rmw##width##_or##u: return atomic_rmw<t, Rmw::or_>;    \
  case Op::ty##_atomic_rmw##width##_xor##u: return atomic_rmw<t, Rmw::xor_>;  \
  case Op::ty##_atomic_rmw##width##_xchg##u: return atomic_rmw<t, Rmw::xchg>; \
  case Op::ty##_atomic_rmw##width##_cmpxchg##u: return atomic_cmpxchg<t>;
      ACCESSES(X)
#undef X
    default: return nullptr;
  }
}

}  // namespace dewar::exec::interp
