// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Scalar loads and stores, and those of whole vectors. Every access is one instruction of exactly the width that the
// opcode has, never an operand of arithmetic, and is emitted also where its result is dropped. Spec 4.4.7.
#include "base/seed_bug.h"
#include "exec/baseline/address.h"

namespace dewar::exec::baseline {

namespace {

using wasm::Op;

/// An access: `bytes` of memory and what becomes of them in a register.
struct Form {
  Rep rep{};
  u8 bytes = 0;  ///< 0: no such access
  bool extends_sign = false;
};

constexpr Form load_form(Op op) {
  switch (op) {
    case Op::i32_load: return {Rep::i32, 4};
    case Op::i64_load: return {Rep::i64, 8};
    case Op::f32_load: return {Rep::f32, 4};
    case Op::f64_load: return {Rep::f64, 8};
    case Op::i32_load8_s: return {Rep::i32, 1, true};
    case Op::i32_load8_u: return {Rep::i32, 1};
    case Op::i32_load16_s: return {Rep::i32, 2, true};
    case Op::i32_load16_u: return {Rep::i32, 2};
    case Op::i64_load8_s: return {Rep::i64, 1, true};
    case Op::i64_load8_u: return {Rep::i64, 1};
    case Op::i64_load16_s: return {Rep::i64, 2, true};
    case Op::i64_load16_u: return {Rep::i64, 2};
    case Op::i64_load32_s: return {Rep::i64, 4, true};
    case Op::i64_load32_u: return {Rep::i64, 4};
    case Op::v128_load: return {Rep::v128, 16};
    default: return {};
  }
}

constexpr Form store_form(Op op) {
  switch (op) {
    case Op::i32_store: return {Rep::i32, 4};
    case Op::i64_store: return {Rep::i64, 8};
    case Op::f32_store: return {Rep::f32, 4};
    case Op::f64_store: return {Rep::f64, 8};
    case Op::i32_store8: return {Rep::i32, 1};
    case Op::i32_store16: return {Rep::i32, 2};
    case Op::i64_store8: return {Rep::i64, 1};
    case Op::i64_store16: return {Rep::i64, 2};
    case Op::i64_store32: return {Rep::i64, 4};
    case Op::v128_store: return {Rep::v128, 16};
    default: return {};
  }
}

constexpr Width width_of_bytes(u32 bytes) {
  return bytes == 1 ? Width::w8 : bytes == 2 ? Width::w16 : bytes == 4 ? Width::w32 : Width::w64;
}

void load_int(Assembler& m, const Form& form, Gpr dst, const Mem& from) {
  const Width w = width_of_bytes(form.bytes);
  if (form.extends_sign) return m.movsx(width_of(form.rep), w, dst, from);
  if (w <= Width::w16) return m.movzx(w, dst, from);
  m.mov(w, dst, from);
}

}  // namespace

bool emit_load(EmitContext& c, Op op, const wasm::MemoryType& type, u32 memory, u64 offset) {
  const Form form = load_form(op);
  if (form.bytes == 0) return false;
  Value index = c.state.pop();
  GuestAddress address(c, {type, memory, offset, form.bytes}, index);
  const Reg dst = c.state.take_for(form.rep);
  address.access([&](const Mem& from) {
    switch (form.rep) {
      case Rep::f32: return c.m.vec(op::movss_load, xmm(dst), from);
      case Rep::f64: return c.m.vec(op::movsd_load, xmm(dst), from);
      case Rep::v128: return c.m.vec(op::movups, xmm(dst), from);
      default: return load_int(c.m, form, gpr(dst), from);
    }
  });
  c.state.push_reg(form.rep, dst);
  return true;
}

bool emit_store(EmitContext& c, Op op, const wasm::MemoryType& type, u32 memory, u64 offset) {
  const Form form = store_form(op);
  if (form.bytes == 0) return false;
  Value value = c.state.pop();
  Value index = c.state.pop();
  c.state.settle(value);
  const Width w = width_of_bytes(form.bytes);
  const auto as_signed = static_cast<i64>(value.constant);
  // Bits of a constant go directly, also those of floats.
  // Bug 12: an immediate whose sign-extension is another number.
  const bool direct =
      value.is_const() && form.bytes <= 8 &&
      (form.bytes < 8 || as_signed == SEED(12, i64{static_cast<i32>(as_signed)}, i64{static_cast<u32>(as_signed)}));
  const Reg from = direct ? Reg{} : c.state.in_reg(value);
  {
    GuestAddress address(c, {type, memory, offset, form.bytes}, index);
    address.access([&](const Mem& to) {
      if (direct) {
        const i32 bits = w == Width::w8    ? static_cast<i8>(as_signed)
                         : w == Width::w16 ? static_cast<i16>(as_signed)
                                           : static_cast<i32>(as_signed);
        return c.m.mov(w, to, Imm{bits});
      }
      switch (form.rep) {
        case Rep::f32: return c.m.vec(op::movss_store, to, xmm(from));
        case Rep::f64: return c.m.vec(op::movsd_store, to, xmm(from));
        case Rep::v128: return c.m.vec(op::movups_store, to, xmm(from));
        default: return c.m.mov(w, to, gpr(from));
      }
    });
  }
  c.state.release(value);
  return true;
}

}  // namespace dewar::exec::baseline
