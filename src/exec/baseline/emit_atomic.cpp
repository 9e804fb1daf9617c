// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Atomic accesses, all sequentially consistent: loads are plain, stores exchange. The address must be aligned, which is
// looked at before the bounds. Threads proposal, "Atomic Memory Accesses".
#include "base/seed_bug.h"
#include "exec/baseline/address.h"
#include "exec/baseline/emit_operand.h"

namespace dewar::exec::baseline {

namespace {

using wasm::Op;

/// Opcodes come in groups of seven, which differ in type and width only.
enum class Group : u8 { kLoad, kStore, kAdd, kSub, kAnd, kOr, kXor, kXchg, kCmpxchg };
struct Form {
  Rep rep;
  Width width;
};
constexpr Form kForms[] = {{Rep::i32, Width::w32}, {Rep::i64, Width::w64}, {Rep::i32, Width::w8},
                           {Rep::i32, Width::w16}, {Rep::i64, Width::w8},  {Rep::i64, Width::w16},
                           {Rep::i64, Width::w32}};
static_assert(static_cast<usize>(Op::i64_atomic_rmw32_cmpxchg_u) - static_cast<usize>(Op::i32_atomic_load) ==
              9 * 7 - 1);

struct Atomic {
  EmitContext& c;
  const Form form;
  const GuestAccess access;

  /// Traps unless index + offset is aligned. Changes flags and kScratch.
  void check_alignment(Value& index) const {
    const u32 low = static_cast<u32>(access.offset) & (access.bytes - 1);
    const Imm mask{static_cast<i32>(access.bytes - 1)};
    if (access.bytes == 1) return;
    if (index.is_const()) {
      if (((index.constant + low) & (access.bytes - 1)) != 0) c.cold.trap(c.m, TrapKind::unaligned_atomic, c.pc);
      return;
    }
    if (low == 0) {
      with_place(c, index, [&](const auto& place) { c.m.test(Width::w8, place, mask); });
    } else {
      c.m.lea(Width::w32, kScratch, Mem(gpr(c.state.in_reg(index)), static_cast<i32>(low)));
      c.m.test(Width::w8, kScratch, mask);
    }
    c.cold.trap_if(c.m, Cond::ne, TrapKind::unaligned_atomic, c.pc);
  }
  void load_from(Gpr dst, const Mem& from) const {
    if (form.width <= Width::w16) return c.m.movzx(form.width, dst, from);
    c.m.mov(form.width, dst, from);
  }
  /// What is above the access is 0 in the result.
  void push(Reg reg) const {
    // Bug 27: the old value with bits of the operand.
    if (form.width <= SEED(27, Width::w16, Width::w8)) {
      c.m.movzx(form.width, gpr(reg), gpr(reg));
    } else if (form.width == Width::w32 && form.rep == Rep::i64) {
      c.m.mov(Width::w32, gpr(reg), gpr(reg));
    }
    c.state.push_reg(form.rep, reg);
  }

  void load() const {
    Value index = c.state.pop();
    check_alignment(index);
    GuestAddress address(c, access, index);
    const Reg dst = c.state.take(kGprMask);
    address.access([&](const Mem& from) { load_from(gpr(dst), from); });
    c.state.push_reg(form.rep, dst);
  }

  /// The value is exchanged for the old one, or added to it.
  void exchange(Group group) const {
    Value value = c.state.pop();
    Value index = c.state.pop();
    check_alignment(index);
    const Reg reg = c.state.in_own_reg(value);
    if (group == Group::kSub) c.m.unary(Unary::neg, width_of(form.rep), gpr(reg));
    {
      GuestAddress address(c, access, index);
      address.access([&](const Mem& place) {
        if (group == Group::kAdd || group == Group::kSub) return c.m.lock_xadd(form.width, place, gpr(reg));
        c.m.xchg(form.width, place, gpr(reg));
      });
    }
    if (group == Group::kStore) return c.state.release(reg);
    push(reg);
  }

  /// Until nobody came between the load and the store.
  void repeat(Alu op) const {
    c.state.take_fixed(Reg::rax);
    Value value = c.state.pop();
    Value index = c.state.pop();
    check_alignment(index);
    const Gpr with = gpr(c.state.in_reg(value));
    const Reg wanted = c.state.take(kGprMask);
    {
      GuestAddress address(c, access, index);
      address.access([&](const Mem& from) { load_from(Gpr::rax, from); });
      Label again;
      c.m.bind(again);
      c.m.mov(width_of(form.rep), gpr(wanted), Gpr::rax);
      c.m.alu(op, width_of(form.rep), gpr(wanted), with);
      address.access([&](const Mem& place) { c.m.lock_cmpxchg(form.width, place, gpr(wanted)); });
      c.m.jcc(Cond::ne, again);
    }
    c.state.release(wanted);
    c.state.release(value);
    // Nothing was ever in rax above the access.
    c.state.push_reg(form.rep, Reg::rax);
  }

  void compare_exchange() const {
    c.state.take_fixed(Reg::rax);
    Value value = c.state.pop();
    Value expected = c.state.pop();
    Value index = c.state.pop();
    check_alignment(index);
    const Gpr with = gpr(c.state.in_reg(value));
    c.state.load_into(Reg::rax, expected);
    {
      GuestAddress address(c, access, index);
      address.access([&](const Mem& place) { c.m.lock_cmpxchg(form.width, place, with); });
    }
    c.state.release(value);
    push(Reg::rax);
  }
};

}  // namespace

bool emit_atomic(EmitContext& c, Op op, const wasm::MemoryType& type, u32 memory, u64 offset) {
  if (op < Op::i32_atomic_load) return false;
  const u32 n = static_cast<u32>(op) - static_cast<u32>(Op::i32_atomic_load);
  const Form form = kForms[n % 7];
  const Atomic atomic{c, form, {type, memory, offset, bytes_of(form.width)}};
  switch (const Group group = static_cast<Group>(n / 7)) {
    case Group::kLoad: atomic.load(); break;
    case Group::kAnd: atomic.repeat(Alu::and_); break;
    case Group::kOr: atomic.repeat(Alu::or_); break;
    case Group::kXor: atomic.repeat(Alu::xor_); break;
    case Group::kCmpxchg: atomic.compare_exchange(); break;
    default: atomic.exchange(group); break;
  }
  return true;
}

}  // namespace dewar::exec::baseline
