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
  /// Of integers, with an address that has an index of r8 to r15.
  IntegerAssembler::IndexedForm indexed = {};
  /// The same of stores of a constant.
  IntegerAssembler::IndexedForm immediate = {};
};

constexpr u8 kRex = 0x40, kRexW = 0x48;
/// Stores of constants of 4 and 8 bytes.
constexpr IntegerAssembler::IndexedForm kStoreWord{kRex | 0xc700u, 2, 0}, kStoreLong{kRexW | 0xc700u, 2, 0};

constexpr Form int_load(Rep rep, u8 bytes, bool extends_sign = false) {
  const bool wide = rep == Rep::i64 && (extends_sign || bytes == 8);
  const u32 rex = wide ? kRexW : kRex;
  if (bytes <= 2)
    return {rep, bytes, extends_sign, {rex | 0x0f00u | ((extends_sign ? 0xbeu : 0xb6u) + (bytes == 2)) << 16, 3, 0}};
  return {rep, bytes, extends_sign, {rex | (extends_sign ? 0x6300u : 0x8b00u), 2, 0}};
}
constexpr Form int_store(Rep rep, u8 bytes) {
  constexpr u32 k16 = 0x66;
  if (bytes == 1) return {rep, bytes, false, {kRex | 0x8800u, 2, 0}, {kRex | 0xc600u, 2, 0}};
  if (bytes == 2)
    return {rep, bytes, false, {k16 | u32{kRex} << 8 | 0x890000u, 3, 8}, {k16 | u32{kRex} << 8 | 0xc70000u, 3, 8}};
  if (bytes == 4) return {rep, bytes, false, {kRex | 0x8900u, 2, 0}, kStoreWord};
  return {rep, bytes, false, {kRexW | 0x8900u, 2, 0}, kStoreLong};
}

constexpr Form form_of(Op op) {
  switch (op) {
    case Op::i32_load: return int_load(Rep::i32, 4);
    case Op::i64_load: return int_load(Rep::i64, 8);
    case Op::f32_load: return {Rep::f32, 4};
    case Op::f64_load: return {Rep::f64, 8};
    case Op::i32_load8_s: return int_load(Rep::i32, 1, true);
    case Op::i32_load8_u: return int_load(Rep::i32, 1);
    case Op::i32_load16_s: return int_load(Rep::i32, 2, true);
    case Op::i32_load16_u: return int_load(Rep::i32, 2);
    case Op::i64_load8_s: return int_load(Rep::i64, 1, true);
    case Op::i64_load8_u: return int_load(Rep::i64, 1);
    case Op::i64_load16_s: return int_load(Rep::i64, 2, true);
    case Op::i64_load16_u: return int_load(Rep::i64, 2);
    case Op::i64_load32_s: return int_load(Rep::i64, 4, true);
    case Op::i64_load32_u: return int_load(Rep::i64, 4);
    case Op::i32_store: return int_store(Rep::i32, 4);
    case Op::i64_store: return int_store(Rep::i64, 8);
    case Op::f32_store: return {Rep::f32, 4, false, {}, kStoreWord};
    case Op::f64_store: return {Rep::f64, 8, false, {}, kStoreLong};
    case Op::i32_store8: return int_store(Rep::i32, 1);
    case Op::i32_store16: return int_store(Rep::i32, 2);
    case Op::i64_store8: return int_store(Rep::i64, 1);
    case Op::i64_store16: return int_store(Rep::i64, 2);
    case Op::i64_store32: return int_store(Rep::i64, 4);
    case Op::v128_load:
    case Op::v128_store: return {Rep::v128, 16};
    default: return {};
  }
}

/// Of i32.load to i64.store32.
constexpr auto kForms = [] {
  constexpr auto kFirst = static_cast<u32>(Op::i32_load);
  std::array<Form, static_cast<u32>(Op::i64_store32) - kFirst + 1> table{};
  for (u32 i = 0; i < table.size(); ++i) table[i] = form_of(static_cast<Op>(kFirst + i));
  return table;
}();

constexpr Width width_of_bytes(u32 bytes) {
  return bytes == 1 ? Width::w8 : bytes == 2 ? Width::w16 : bytes == 4 ? Width::w32 : Width::w64;
}

void load(Assembler& m, const Form& form, Reg dst, Mem from) {
  const Width w = width_of_bytes(form.bytes);
  switch (form.rep) {
    case Rep::f32: return m.vec(op::movss_load, xmm(dst), from);
    case Rep::f64: return m.vec(op::movsd_load, xmm(dst), from);
    case Rep::v128: return m.vec(op::movups, xmm(dst), from);
    default:
      if (form.extends_sign) return m.movsx(width_of(form.rep), w, gpr(dst), from);
      if (w <= Width::w16) return m.movzx(w, gpr(dst), from);
      m.mov(w, gpr(dst), from);
  }
}

void store(Assembler& m, const Form& form, Mem to, Reg from) {
  switch (form.rep) {
    case Rep::f32: return m.vec(op::movss_store, to, xmm(from));
    case Rep::f64: return m.vec(op::movsd_store, to, xmm(from));
    case Rep::v128: return m.vec(op::movups_store, to, xmm(from));
    default: return m.mov(width_of_bytes(form.bytes), to, gpr(from));
  }
}

}  // namespace

bool emit_load(EmitContext& c, Op op, const wasm::MemoryType& type, u32 memory, u64 offset) {
  const Form form = form_of(op);
  if (form.bytes == 0) return false;
  Value index = c.state.pop();
  GuestAddress address(c, {type, memory, offset, form.bytes}, index);
  const Reg dst = c.state.take_for(form.rep);
  address.access([&](const Mem& from) { load(c.m, form, dst, from); });
  c.state.push_reg(form.rep, dst);
  return true;
}

void emit_plain_load(EmitContext& c, Op op, Value index, u32 offset) {
  const Form& form = kForms[static_cast<u32>(op) - static_cast<u32>(Op::i32_load)];
  GuestAddress::begin_plain(c, index);
  const Reg dst = c.state.take_for(form.rep);
  const Mem from = GuestAddress::plain(c, index, offset);
  if (DEWAR_LIKELY(form.indexed.bytes != 0 && !index.is_const())) {
    c.m.indexed(form.indexed, gpr(dst), from);
  } else {
    load(c.m, form, dst, from);
  }
  c.state.push_reg(form.rep, dst);
}

namespace {

/// Bits of a constant go directly, also those of floats.
bool is_direct(const Value& value, u32 bytes) {
  const auto as_signed = static_cast<i64>(value.constant);
  // Bug 12: an immediate whose sign-extension is another number.
  return value.is_const() && bytes <= 8 &&
         (bytes < 8 || as_signed == SEED(12, i64{static_cast<i32>(as_signed)}, i64{static_cast<u32>(as_signed)}));
}

void store_const(Assembler& m, u32 bytes, const Mem& to, u64 bits) {
  const Width w = width_of_bytes(bytes);
  const i32 value = w == Width::w8    ? static_cast<i8>(bits)
                    : w == Width::w16 ? static_cast<i16>(bits)
                                      : static_cast<i32>(bits);
  m.mov(w, to, Imm{value});
}

}  // namespace

bool emit_store(EmitContext& c, Op op, const wasm::MemoryType& type, u32 memory, u64 offset) {
  const Form form = form_of(op);
  if (form.bytes == 0) return false;
  Value value = c.state.pop();
  Value index = c.state.pop();
  c.state.settle(value);
  const bool direct = is_direct(value, form.bytes);
  const Reg from = direct ? Reg{} : c.state.in_reg(value);
  {
    GuestAddress address(c, {type, memory, offset, form.bytes}, index);
    address.access([&](const Mem& to) {
      if (direct) return store_const(c.m, form.bytes, to, value.constant);
      store(c.m, form, to, from);
    });
  }
  c.state.release(value);
  return true;
}

void emit_plain_store(EmitContext& c, Op op, u32 offset) {
  const Form& form = kForms[static_cast<u32>(op) - static_cast<u32>(Op::i32_load)];
  Value value = c.state.pop();
  Value index = c.state.pop();
  if (DEWAR_UNLIKELY(value.raw)) value = c.state.settled(value);
  if (is_direct(value, form.bytes)) {
    GuestAddress::begin_plain(c, index);
    const Mem to = GuestAddress::plain(c, index, offset);
    if (index.is_const()) return store_const(c.m, form.bytes, to, value.constant);
    return c.m.indexed(form.immediate, to, Imm{static_cast<i32>(value.constant)}, std::min<u8>(form.bytes, 4));
  }
  const Reg from = c.state.in_reg(value);
  GuestAddress::begin_plain(c, index);
  const Mem to = GuestAddress::plain(c, index, offset);
  if (DEWAR_LIKELY(form.indexed.bytes != 0 && !index.is_const())) {
    c.m.indexed(form.indexed, gpr(from), to);
  } else {
    store(c.m, form, to, from);
  }
  c.state.release(value);
}

}  // namespace dewar::exec::baseline
