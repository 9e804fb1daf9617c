// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Scalar and vector loads and stores, memory.size and memory.grow. Each access has two handlers: checked (any memory)
// and guarded (memory 0 with guard pages; falls back to checked for any other memarg form).
#include "exec/interp/handlers_memory.h"

#include "exec/interp/memory_access.h"
#include "exec/semantics.h"

namespace dewar::exec::interp {

namespace {

/// Load of T, widened to W (u32 or u64; floats as bits).
template <class T, class W>
struct Load {
  static DEWAR_HANDLER(checked) {
    const u8* p = pc + 1;
    const MemArg m = read_memarg(p);
    const u8* at = checked_address(inst, m, sp[-1], sizeof(T));
    if (DEWAR_UNLIKELY(!at)) DEWAR_TRAP(TrapKind::memory_out_of_bounds);
    sp[-1] = static_cast<W>(load_bytes<T>(at));
    pc = p;
    DEWAR_DISPATCH();
  }
  static DEWAR_HANDLER(guarded) {
    if (DEWAR_UNLIKELY(pc[1] >= 64)) DEWAR_TAIL(checked);
    const u8* p = pc + 2;
    const u64 address = static_cast<u32>(sp[-1]) + u64{leb_u32(p)};
    Slot out;
    DEWAR_GUARDED_LOAD(T, W, out, mem, address);
    sp[-1] = out;
    pc = p;
    DEWAR_DISPATCH();
  fault:
    DEWAR_TRAP(TrapKind::memory_out_of_bounds);
  }
};

template <class T>
struct Store {
  static DEWAR_HANDLER(checked) {
    const u8* p = pc + 1;
    const MemArg m = read_memarg(p);
    u8* at = checked_address(inst, m, sp[-2], sizeof(T));
    if (DEWAR_UNLIKELY(!at)) DEWAR_TRAP(TrapKind::memory_out_of_bounds);
    const T v = static_cast<T>(sp[-1]);
    std::memcpy(at, &v, sizeof(T));
    sp -= 2;
    pc = p;
    DEWAR_DISPATCH();
  }
  static DEWAR_HANDLER(guarded) {
    if (DEWAR_UNLIKELY(pc[1] >= 64)) DEWAR_TAIL(checked);
    const u8* p = pc + 2;
    const u64 address = static_cast<u32>(sp[-2]) + u64{leb_u32(p)};
    DEWAR_GUARDED_STORE(T, mem, address, sp[-1]);
    sp -= 2;
    pc = p;
    DEWAR_DISPATCH();
  fault:
    DEWAR_TRAP(TrapKind::memory_out_of_bounds);
  }
};

/// Vector load: F turns the T in memory into a v128.
template <class T, auto kMake>
DEWAR_HANDLER(vector_load) {
  const u8* p = pc + 1;
  const MemArg m = read_memarg(p);
  const u8* at = checked_address(inst, m, sp[-1], sizeof(T));
  if (DEWAR_UNLIKELY(!at)) DEWAR_TRAP(TrapKind::memory_out_of_bounds);
  const V128 v = kMake(load_bytes<T>(at));
  sp[-1] = v.lo;
  sp[0] = v.hi;
  ++sp;
  pc = p;
  DEWAR_DISPATCH();
}

template <class T, auto kPut>
DEWAR_HANDLER(lane_load) {
  const u8* p = pc + 1;
  const MemArg m = read_memarg(p);
  const u8* at = checked_address(inst, m, sp[-3], sizeof(T));
  if (DEWAR_UNLIKELY(!at)) DEWAR_TRAP(TrapKind::memory_out_of_bounds);
  const V128 v = kPut(V128{sp[-2], sp[-1]}, load_bytes<T>(at), *p++);
  sp[-3] = v.lo;
  sp[-2] = v.hi;
  --sp;
  pc = p;
  DEWAR_DISPATCH();
}

template <class T, auto kTake>
DEWAR_HANDLER(lane_store) {
  const u8* p = pc + 1;
  const MemArg m = read_memarg(p);
  u8* at = checked_address(inst, m, sp[-3], sizeof(T));
  if (DEWAR_UNLIKELY(!at)) DEWAR_TRAP(TrapKind::memory_out_of_bounds);
  const T v = kTake(V128{sp[-2], sp[-1]}, *p++);
  std::memcpy(at, &v, sizeof(T));
  sp -= 3;
  pc = p;
  DEWAR_DISPATCH();
}

constexpr V128 same(V128 v) { return v; }

}  // namespace

DEWAR_HANDLER(op_v128_store) {
  const u8* p = pc + 1;
  const MemArg m = read_memarg(p);
  u8* at = checked_address(inst, m, sp[-3], 16);
  if (DEWAR_UNLIKELY(!at)) DEWAR_TRAP(TrapKind::memory_out_of_bounds);
  std::memcpy(at, sp - 2, 16);
  sp -= 3;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_memory_size) {
  const u8* p = pc + 1;
  *sp++ = inst->memories[leb_u32(p)]->pages();
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_memory_grow) {
  const u8* p = pc + 1;
  runtime::Memory* memory = inst->memories[leb_u32(p)];
  const bool is64 = memory->type.limits.is64;
  if (DEWAR_UNLIKELY(stack->interrupts() != 0)) DEWAR_TAIL(poll_within);  // a system call
  const auto old = memory->grow(is64 ? sp[-1] : static_cast<u32>(sp[-1]));
  sp[-1] = old ? *old : is64 ? ~u64{0} : u64{0xffffffff};
  pc = p;
  DEWAR_DISPATCH();
}

Handler memory_handler(wasm::Op op, bool guarded) {
  switch (op) {
#define PICK(...) guarded ? __VA_ARGS__::guarded : __VA_ARGS__::checked
#define X(id, t, w) \
  case wasm::Op::id: return PICK(Load<t, w>);
    DEWAR_SCALAR_LOADS(X)
#undef X
#define X(id, t) \
  case wasm::Op::id: return PICK(Store<t>);
    DEWAR_SCALAR_STORES(X)
#undef X
    case wasm::Op::v128_load: return vector_load<V128, same>;
#define X(id, t) \
  case wasm::Op::v128_load##id: return vector_load<t, sem::v128_load##id>;
      // clang-format off: it never settles on lists of macros
      X(8x8_s, u64)
      X(8x8_u, u64)
      X(16x4_s, u64) X(16x4_u, u64) X(32x2_s, u64) X(32x2_u, u64) X(8_splat, u8) X(16_splat, u16) X(32_splat, u32)
          X(64_splat, u64) X(32_zero, u32) X(64_zero, u64)
      // clang-format on
#undef X
#define X(bits, t)                                                                         \
  case wasm::Op::v128_load##bits##_lane: return lane_load<t, sem::v128_load##bits##_lane>; \
  case wasm::Op::v128_store##bits##_lane: return lane_store<t, sem::v128_store##bits##_lane>;
              X(8, u8) X(16, u16) X(32, u32) X(64, u64)
#undef X
                  default : return nullptr;
  }
}

}  // namespace dewar::exec::interp
