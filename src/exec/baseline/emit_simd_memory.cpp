// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Vector loads that extend, repeat, or replace lanes, and stores of lanes. Each reads or writes exactly the bytes that
// the opcode has, with one instruction (address.h). Spec 4.4.7.
#include "base/seed_bug.h"
#include "exec/baseline/address.h"
#include "exec/baseline/emit_simd.h"

namespace dewar::exec::baseline {

namespace {

using namespace simd;
using wasm::Op;

struct Memory {
  const wasm::MemoryType& type;
  u32 index;
  u64 offset;

  GuestAccess access(u32 bytes) const { return {type, index, offset, bytes}; }
};

/// load(dst, address) is the one instruction that touches memory.
template <class Load>
Reg load_vector(EmitContext& c, const Memory& memory, u32 bytes, Load&& load) {
  Value index = c.state.pop();
  GuestAddress address(c, memory.access(bytes), index);
  const Reg dst = temp(c);
  address.access([&](const Mem& from) { load(xmm(dst), from); });
  return dst;
}

template <Shape kShape>
bool load_with(EmitContext& c, const Memory& memory, VecOp<kShape> op) {
  if (!has(c, op.info().level)) return false;
  push(c, load_vector(c, memory, op.info().mem_bytes(), [&](Xmm dst, const Mem& from) { c.m.vec(op, dst, from); }));
  return true;
}

bool load_splat(EmitContext& c, const Memory& memory, Lane lane, VecOp<Shape::rm> broadcast) {
  if (has(c, broadcast.info().level)) return load_with(c, memory, broadcast);
  const u32 bytes = broadcast.info().mem_bytes();
  const Reg dst = load_vector(c, memory, bytes, [&](Xmm to, const Mem& from) {
    switch (bytes) {
      case 1: return c.m.movzx(Width::w8, kScratch, from);
      case 2: return c.m.movzx(Width::w16, kScratch, from);
      case 4: return c.m.vec(op::movss_load, to, from);
      default: return c.m.vec(op::movsd_load, to, from);
    }
  });
  if (bytes <= 2) c.m.vec(op::movd_from, xmm(dst), kScratch);
  spread(c, lane, xmm(dst));
  push(c, dst);
  return true;
}

/// emit(vector, address, lane).
template <Shape kShape>
bool load_lane(EmitContext& c, const Memory& memory, VecOp<kShape> op, u8 lane) {
  if (!has(c, op.info().level)) return false;
  Value vector = c.state.pop();
  Value index = c.state.pop();
  c.state.settle(vector);
  // Without AVX, another destination than the source would be a second instruction.
  const Reg dst = c.state.in_own_reg(vector);
  {
    GuestAddress address(c, memory.access(op.info().mem_bytes()), index);
    address.access([&](const Mem& from) {
      if constexpr (kShape == Shape::rvg_i) {
        c.m.vec(op, xmm(dst), xmm(dst), from, lane);
      } else {
        c.m.vec(op, xmm(dst), xmm(dst), from);
      }
    });
  }
  push(c, dst);
  return true;
}

template <Shape kShape>
bool store_lane(EmitContext& c, const Memory& memory, VecOp<kShape> op, u8 lane) {
  if (!has(c, op.info().level)) return false;
  Value vector = c.state.pop();
  Value index = c.state.pop();
  // Bug 24: lanes with NaNs that are not settled.
  const Xmm from = in(c, vector, SEED(24, u8{0}, vector.raw));
  {
    GuestAddress address(c, memory.access(op.info().mem_bytes()), index);
    address.access([&](const Mem& to) {
      if constexpr (kShape == Shape::mr) {
        c.m.vec(op, to, from);
      } else {
        c.m.vec(op, to, from, lane);
      }
    });
  }
  c.state.release(vector);
  return true;
}

}  // namespace

bool emit_simd_access(EmitContext& c, Op op, const wasm::MemoryType& type, u32 memory_index, u64 offset, u8 lane) {
  const Memory memory{type, memory_index, offset};
  switch (op) {
    case Op::v128_load: return emit_load(c, op, type, memory_index, offset);
    case Op::v128_store: return emit_store(c, op, type, memory_index, offset);
    case Op::v128_load8x8_s: return load_with(c, memory, op::pmovsxbw);
    case Op::v128_load8x8_u: return load_with(c, memory, op::pmovzxbw);
    case Op::v128_load16x4_s: return load_with(c, memory, op::pmovsxwd);
    case Op::v128_load16x4_u: return load_with(c, memory, op::pmovzxwd);
    case Op::v128_load32x2_s: return load_with(c, memory, op::pmovsxdq);
    case Op::v128_load32x2_u: return load_with(c, memory, op::pmovzxdq);
    case Op::v128_load8_splat: return load_splat(c, memory, kI8, op::pbroadcastb);
    case Op::v128_load16_splat: return load_splat(c, memory, kI16, op::pbroadcastw);
    case Op::v128_load32_splat: return load_splat(c, memory, kI32, op::broadcastss);
    case Op::v128_load64_splat: return load_splat(c, memory, kI64, op::movddup);
    case Op::v128_load32_zero: return load_with(c, memory, op::movss_load);
    case Op::v128_load64_zero: return load_with(c, memory, op::movsd_load);
    case Op::v128_load8_lane: return load_lane(c, memory, op::pinsrb, lane);
    case Op::v128_load16_lane: return load_lane(c, memory, op::pinsrw, lane);
    case Op::v128_load32_lane: return load_lane(c, memory, op::pinsrd, lane);
    case Op::v128_load64_lane: return load_lane(c, memory, lane == 0 ? op::movlps_load : op::movhps_load, lane);
    case Op::v128_store8_lane: return store_lane(c, memory, op::pextrb, lane);
    case Op::v128_store16_lane: return store_lane(c, memory, op::pextrw_store, lane);
    case Op::v128_store32_lane:
      return lane == 0 ? store_lane(c, memory, op::movss_store, lane) : store_lane(c, memory, op::pextrd, lane);
    case Op::v128_store64_lane: return store_lane(c, memory, lane == 0 ? op::movlps_store : op::movhps_store, lane);
    default: return false;
  }
}

}  // namespace dewar::exec::baseline
