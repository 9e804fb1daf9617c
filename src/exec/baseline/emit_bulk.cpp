// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// memory.copy and memory.fill of a few bytes, whose number is a constant. Nothing is written unless all of it can be:
// the range is compared at once, or, before guard pages, its highest bytes are touched first. A copy has read all
// before it writes, so that ranges may overlap. The surcharge of so few bytes is 0. Spec 4.4.7.
#include "base/seed_bug.h"
#include "exec/baseline/address.h"
#include "exec/baseline/emit_simd.h"

namespace dewar::exec::baseline {

namespace {

/// A range as accesses of one width, of which the last two may overlap.
struct Parts {
  u32 width = 1, count = 0;
  u32 at[kMaxInlineBulk / 16 + 1];

  explicit Parts(u32 bytes) {
    while (width < 16 && width * 2 <= bytes) width *= 2;
    for (u32 next = 0; next + width <= bytes; next += width) at[count++] = next;
    // Bug 13: the last byte of some ranges is left out.
    if (at[count - 1] + SEED(13, width, width + 1) < bytes) at[count++] = bytes - width;
  }
};

void load(Assembler& m, u32 width, Reg to, const Mem& from) {
  switch (width) {
    case 1: return m.movzx(Width::w8, gpr(to), from);
    case 2: return m.movzx(Width::w16, gpr(to), from);
    case 4: return m.vec(op::movss_load, xmm(to), from);
    case 8: return m.vec(op::movsd_load, xmm(to), from);
    default: return m.vec(op::movups, xmm(to), from);
  }
}
void store(Assembler& m, u32 width, const Mem& to, Reg from) {
  switch (width) {
    case 1: return m.mov(Width::w8, to, gpr(from));
    case 2: return m.mov(Width::w16, to, gpr(from));
    case 4: return m.vec(op::movss_store, to, xmm(from));
    case 8: return m.vec(op::movsd_store, to, xmm(from));
    default: return m.vec(op::movups_store, to, xmm(from));
  }
}
constexpr RegMask mask_for(u32 width) { return width <= 2 ? kGprMask : kXmmMask; }

/// A register full of the byte.
Reg repeated(EmitContext& c, Value& byte, u32 width) {
  const Reg reg = c.state.take(mask_for(width));
  if (byte.is_const()) {
    const u64 all = (byte.constant & 0xff) * 0x0101010101010101;
    if (width <= 2) {
      c.m.mov_imm(gpr(reg), all & 0xffff);
    } else {
      c.m.vec(op::movups, xmm(reg), c.literals.at(all, all));
    }
    return reg;
  }
  const Gpr from = gpr(c.state.in_reg(byte));
  if (width <= 2) {
    // Bug 14: bits of the value above the byte.
    c.m.movzx(SEED(14, Width::w8, Width::w16), gpr(reg), from);
    c.m.imul(Width::w32, gpr(reg), gpr(reg), Imm{0x0101});
  } else {
    c.m.vec(op::movd_from, xmm(reg), from);
    simd::spread(c, simd::kI8, xmm(reg));
  }
  c.state.release(byte);
  return reg;
}

}  // namespace

void emit_small_copy(EmitContext& c, const BulkMemory& to_memory, const BulkMemory& from_memory) {
  const u32 bytes = static_cast<u32>(c.state.pop().constant);
  const Parts parts(bytes);
  Value from = c.state.pop();
  Value to = c.state.pop();
  Reg regs[std::size(parts.at)];
  {
    GuestAddress address(c, {from_memory.type, from_memory.index, 0, bytes}, from);
    for (u32 i = parts.count; i-- > 0;) {
      regs[i] = c.state.take(mask_for(parts.width));
      address.access_part(parts.at[i], [&](const Mem& mem) { load(c.m, parts.width, regs[i], mem); });
    }
  }
  {
    GuestAddress address(c, {to_memory.type, to_memory.index, 0, bytes}, to);
    for (u32 i = parts.count; i-- > 0;) {
      address.access_part(parts.at[i], [&](const Mem& mem) { store(c.m, parts.width, mem, regs[i]); });
      c.state.release(regs[i]);
    }
  }
}

void emit_small_fill(EmitContext& c, const BulkMemory& memory) {
  const u32 bytes = static_cast<u32>(c.state.pop().constant);
  const Parts parts(bytes);
  Value byte = c.state.pop();
  Value to = c.state.pop();
  const Reg reg = repeated(c, byte, parts.width);
  {
    GuestAddress address(c, {memory.type, memory.index, 0, bytes}, to);
    for (u32 i = parts.count; i-- > 0;)
      address.access_part(parts.at[i], [&](const Mem& mem) { store(c.m, parts.width, mem, reg); });
  }
  c.state.release(reg);
}

}  // namespace dewar::exec::baseline
