// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// GuestAddress: guarded and checked addresses.
#include "exec/baseline/address.h"

namespace dewar::exec::baseline {

namespace {

using runtime::Memory;

}  // namespace

GuestAddress::GuestAddress(EmitContext& c, const GuestAccess& access, Value& index) : c_(c), operand_(kScratch) {
  DEWAR_ASSERT(access.bytes >= 1 && access.bytes <= kMaxInlineBulk, "an access of no or too many bytes");
  if (Memory::is_guarded(access.type, c.options.explicit_bounds)) {
    form_guarded(access, index);
  } else {
    form_checked(access, index);
  }
  c.state.release(index);
}

void GuestAddress::load_index_32(Gpr to, Value& index) {
  if (index.is_const()) return c_.m.mov_imm(to, static_cast<u32>(index.constant));
  zero_extend(c_, to, index);
}

void GuestAddress::load_memory(u32 memory) {
  c_.m.mov(Width::w64, gpr(base_), Mem(kInst, at::kMemories));
  c_.m.mov(Width::w64, gpr(base_), Mem(gpr(base_), static_cast<i32>(memory) * 8));
}

void GuestAddress::form_guarded(const GuestAccess& access, Value& index) {
  DEWAR_ASSERT(!access.type.limits.is64 && access.offset <= ~u32{0}, "a 64-bit access to a guarded memory");
  Gpr base = kMem;
  if (access.memory != 0) {
    base_ = c_.state.take(kGprMask);
    has_base_ = true;
    load_memory(access.memory);
    base = gpr(base_);
    c_.m.mov(Width::w64, base, Mem(base, at::kMemoryBase));
  }
  u64 offset = access.offset;
  if (index.is_const()) {
    // Both are below 2^32, so the sum is inside of what is reserved.
    offset += static_cast<u32>(index.constant);
    if (offset <= kMaxDisp) {
      operand_ = Mem(base, static_cast<i32>(offset));
      return;
    }
    c_.m.mov_imm(kScratch, offset);
    operand_ = Mem(base, kScratch, Scale::x1);
    return;
  }
  load_index_32(kScratch, index);
  if (offset > kMaxDisp) {
    // Displacements have a sign: 2^31 less of one, by subtracting -2^31.
    c_.m.sub(Width::w64, kScratch, Imm{INT32_MIN});
    offset -= u64{1} << 31;
  }
  operand_ = Mem(base, kScratch, Scale::x1, static_cast<i32>(offset));
}

void GuestAddress::form_checked(const GuestAccess& access, Value& index) {
  const bool is64 = access.type.limits.is64;
  base_ = c_.state.take(kGprMask);
  has_base_ = true;
  // kScratch becomes the end of the access.
  u64 end = 0;
  // Bug 10: an offset so large that the end of the access wraps.
  if (__builtin_add_overflow(access.offset, u64{access.bytes}, &end) && SEED(10, true, false)) {
    c_.cold.trap(c_.m, TrapKind::memory_out_of_bounds, c_.pc);
    end = access.bytes;  // not run
  }
  if (!is64) {
    load_index_32(gpr(base_), index);
  } else if (index.is_const()) {
    c_.m.mov_imm(gpr(base_), index.constant);
  } else if (c_.state.in_memory(index)) {
    c_.m.mov(Width::w64, gpr(base_), c_.state.mem_of(index));
  } else {
    c_.m.mov(Width::w64, gpr(base_), gpr(c_.state.in_reg(index)));
  }
  c_.m.mov_imm(kScratch, end);
  c_.m.add(Width::w64, kScratch, gpr(base_));
  if (is64) c_.cold.trap_if(c_.m, Cond::b, TrapKind::memory_out_of_bounds, c_.pc);
  load_memory(access.memory);
  c_.m.cmp(Width::w64, kScratch, Mem(gpr(base_), at::kMemoryBytes));
  // Bug 11: a bound that is off by one.
  c_.cold.trap_if(c_.m, SEED(11, Cond::a, Cond::ae), TrapKind::memory_out_of_bounds, c_.pc);
  c_.m.mov(Width::w64, gpr(base_), Mem(gpr(base_), at::kMemoryBase));
  operand_ = Mem(gpr(base_), kScratch, Scale::x1, -static_cast<i32>(access.bytes));
}

}  // namespace dewar::exec::baseline
