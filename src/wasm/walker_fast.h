// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The walker's fast path: instructions that are common and plainly right, with position and operand stack in registers.
// It accepts only what step() accepts, and reports nothing: what is not plainly right (another type, a long LEB128, a
// full stack, the end of the module) is left to step(), with nothing changed. Only for sinks that need not see every
// instruction, and with all features on. Included by walker.h.
#pragma once

#include <array>

#include "wasm/walker.h"

namespace dewar::wasm {

namespace detail {

enum class Common : u8 {
  other,
  local_get,
  local_set,
  local_tee,
  leb_const,   ///< i32, i64
  wide_const,  ///< f32, f64
  unary,
  test,
  binary,
  compare,
  load,
  store,
  block,
  end,
  br,
  br_if,
  call,
  drop,
  select,
  global_get,
  global_set,
};

/// 16 bytes, so that a shift finds one.
struct alignas(16) CommonOp {
  Common kind = Common::other;
  u8 align = 0;  ///< load, store: natural alignment; wide_const: bytes
  Op op = Op::kCount;
  ValType operand, result;
  /// binary or compare
  bool takes_two() const {
    static_assert(static_cast<u8>(Common::compare) == static_cast<u8>(Common::binary) + 1);
    return static_cast<u8>(static_cast<u8>(kind) - static_cast<u8>(Common::binary)) <= 1;
  }
};

constexpr Common common_kind(Op op) {
  switch (op) {
    case Op::local_get: return Common::local_get;
    case Op::local_set: return Common::local_set;
    case Op::local_tee: return Common::local_tee;
    case Op::i32_const:
    case Op::i64_const: return Common::leb_const;
    case Op::f32_const:
    case Op::f64_const: return Common::wide_const;
    case Op::block:
    case Op::loop:
    case Op::if_: return Common::block;
    case Op::end: return Common::end;
    case Op::br: return Common::br;
    case Op::br_if: return Common::br_if;
    case Op::call: return Common::call;
    case Op::drop: return Common::drop;
    case Op::select: return Common::select;
    case Op::global_get: return Common::global_get;
    case Op::global_set: return Common::global_set;
    default: return Common::other;
  }
}

inline constexpr auto kCommonOps = [] {
  std::array<CommonOp, 256> table{};
  for (usize i = 0; i < kOpCount; ++i) {
    const OpInfo& info = kOps[i];
    if (info.prefix != 0) continue;
    CommonOp& c = table[info.code];
    c.op = static_cast<Op>(i);
    c.kind = common_kind(c.op);
    if (!is_simple(info)) continue;
    const SimpleSig s = parse_sig(info.sig);
    c.result = s.push[0];
    if (c.kind == Common::wide_const) c.align = info.imm == Imm::f64 ? 8 : 4;
    if (info.imm == Imm::none && s.pushes == 1 && s.pops > 0) {
      c.operand = s.pop[0];
      if (s.pops == 1) c.kind = c.operand == c.result ? Common::unary : Common::test;
      if (s.pops == 2) c.kind = c.operand == c.result ? Common::binary : Common::compare;
    }
    if (info.imm == Imm::memarg) {
      c.kind = s.pushes ? Common::load : Common::store;
      c.align = info.align;
      c.operand = s.pop[1];
    }
  }
  return table;
}();

/// Skips an i32 (or an i64 that fits): linkers pad what they may have to change to five bytes.
[[gnu::always_inline]] inline bool skip_short_signed(const u8*& q) {
  if (DEWAR_LIKELY(q[0] < 0x80)) return q += 1, true;
  if (q[1] < 0x80) return q += 2, true;
  if (q[2] < 0x80) return q += 3, true;
  if (q[3] < 0x80) return q += 4, true;
  const u8 last = q[4];
  q += 5;
  return last < 0x08 || (last >= 0x78 && last < 0x80);
}

/// Reads a u32.
[[gnu::always_inline]] inline bool read_short_u32(const u8*& q, u32& value) {
  value = q[0];
  if (DEWAR_LIKELY(value < 0x80)) return q += 1, true;
  value = (value & 0x7f) | u32{q[1]} << 7;
  if (q[1] < 0x80) return q += 2, true;
  value = (value & 0x3fff) | u32{q[2]} << 14;
  if (q[2] < 0x80) return q += 3, true;
  value = (value & 0x1fffff) | u32{q[3]} << 21;
  if (q[3] < 0x80) return q += 4, true;
  value = (value & 0xfffffff) | u32{q[4]} << 28;
  q += 5;
  return q[-1] < 0x10;
}

}  // namespace detail

template <class Sink>
void Walker<Sink>::skip_common() {
  static_assert(!Sink::kWantSlots && !Sink::kWantLowWater);
  using detail::Common;
  constexpr usize kReadAhead = 16;  // more than the longest instructions that are passed at once
  constexpr usize kMostValues = 32;
  const auto module_bytes = m_.bytes();
  if (!all_features_ || module_bytes.size() < kReadAhead || !c_.ok()) return;
  const auto body = m_.slice(m_.funcs[func_.value].body);
  const u8* const end = body.data() + body.size();
  const u8* const stop = std::min(end, module_bytes.data() + (module_bytes.size() - kReadAhead));
  const ValType* const locals = locals_.data();
  const usize num_locals = always_set_, num_funcs = m_.funcs.size();
  ValType* const stack_end = stack_end_;
  const bool memory32 = !m_.memories.empty() && !m_.memories[0].limits.is64;
  const u8* p = body.data() + c_.pos();
  ValType* sp = sp_;
  ValType* floor = floor_;
  usize depth = labels_.size();
  while (p < stop) {
    const detail::CommonOp& c = detail::kCommonOps[*p];
    const u8* q = p + 1;
    u32 index;
    switch (c.kind) {
      case Common::local_get:
        if (!detail::read_short_u32(q, index) || index >= num_locals) goto out;
        if (q > end || sp == stack_end) goto out;
        // Many are the address of what follows, and many constants its second operand: both at once is one jump less.
        if (const detail::CommonOp& next = detail::kCommonOps[*q];
            next.kind == Common::load && memory32 && locals[index] == kI32 && q[1] <= next.align) {
          const u8* r = q + 2;
          if (!detail::read_short_u32(r, index) || r > end) goto out;
          *sp++ = next.result;
          q = r;
          break;
        } else if (next.kind == Common::leb_const && locals[index] == next.result) {
          const u8* r = q + 1;
          if (!detail::skip_short_signed(r) || r >= end) goto out;
          if (const detail::CommonOp& third = detail::kCommonOps[*r];
              third.takes_two() && third.operand == next.result && sp + 1 != stack_end) {
            *sp++ = third.result;
            q = r + 1;
            break;
          }
        }
        *sp++ = locals[index];
        break;
      case Common::local_set:
        if (!detail::read_short_u32(q, index) || index >= num_locals) goto out;
        if (q > end || sp == floor || sp[-1] != locals[index]) goto out;
        --sp;
        break;
      case Common::local_tee:
        if (!detail::read_short_u32(q, index) || index >= num_locals) goto out;
        if (q > end || sp == floor || sp[-1] != locals[index]) goto out;
        break;
      case Common::leb_const:
        if (!detail::skip_short_signed(q) || q > end || sp == stack_end) goto out;
        if (const detail::CommonOp& next = detail::kCommonOps[*q];
            next.takes_two() && q != end && sp != floor && sp[-1] == c.result && next.operand == c.result) {
          ++q;
          sp[-1] = next.result;
          break;
        }
        *sp++ = c.result;
        break;
      case Common::wide_const:
        q += c.align;
        if (q > end || sp == stack_end) goto out;
        *sp++ = c.result;
        break;
      case Common::unary:
        if (sp == floor || sp[-1] != c.operand) goto out;
        break;
      case Common::test:
        if (sp == floor || sp[-1] != c.operand) goto out;
        sp[-1] = c.result;
        break;
      case Common::binary:
        if (sp - floor < 2 || sp[-1] != c.operand || sp[-2] != c.operand) goto out;
        --sp;
        break;
      case Common::compare:
        if (sp - floor < 2 || sp[-1] != c.operand || sp[-2] != c.operand) goto out;
        --sp;
        sp[-1] = c.result;
        break;
      case Common::load:
        // A larger alignment, or another memory than 0, has larger flags.
        if (!memory32 || *q++ > c.align || !detail::read_short_u32(q, index) || q > end) goto out;
        if (sp == floor || sp[-1] != kI32) goto out;
        sp[-1] = c.result;
        break;
      case Common::store:
        if (!memory32 || *q++ > c.align || !detail::read_short_u32(q, index) || q > end) goto out;
        if (sp - floor < 2 || sp[-1] != c.operand || sp[-2] != kI32) goto out;
        sp -= 2;
        break;
      case Common::block: {
        // 0x40 is nothing; 0x7f, 0x7e... are i32, i64, f32, f64 and v128.
        const u8 type = *q++;
        if (q > end || (type != 0x40 && (type < 0x7b || type > 0x7f)) || depth >= kMaxNesting) goto out;
        if (c.op == Op::if_) {
          if (sp == floor || sp[-1] != kI32) goto out;
          --sp;
        }
        const bool dead = top_->dead || top_->unreachable;
        Label& label = labels_.emplace_back();
        label.kind = c.op;
        label.dead = dead;
        label.pc = static_cast<u32>(p - body.data());
        label.height = static_cast<u32>(sp - stack_.data());
        label.inits = static_cast<u32>(init_log_.size());
        if (type != 0x40) label.single = ValType(static_cast<ValType::Kind>(0x80 - type));
        top_ = &label;
        ++depth;
        floor_ = floor = sp;
        break;
      }
      case Common::end: {
        // Not the function's; no parameters, so that the result is where it belongs.
        const Label& label = *top_;
        if (depth < 2 || label.type || label.inits != init_log_.size()) goto out;
        if (label.single.is_bottom()) {
          if (sp != floor) goto out;
        } else if (sp != floor + 1 || sp[-1] != label.single || label.kind == Op::if_) {
          goto out;
        }
        if (label.kind != Op::block && label.kind != Op::loop && label.kind != Op::if_ && label.kind != Op::else_)
          goto out;
        labels_.pop_back();
        --top_;
        --depth;
        floor_ = floor = stack_.data() + top_->height;
        break;
      }
      case Common::br:
      case Common::br_if: {
        index = *q++;
        if (q > end || index >= 0x80 || index >= depth) goto out;
        const Label& target = top_[-static_cast<std::ptrdiff_t>(index)];
        if (target.type ? !target.branch_types().empty() : target.kind != Op::loop && !target.single.is_bottom())
          goto out;
        if (c.kind == Common::br) {
          top_->unreachable = true;
          sp = floor;
          break;
        }
        if (sp == floor || sp[-1] != kI32) goto out;
        --sp;
        break;
      }
      case Common::call: {
        if (!detail::read_short_u32(q, index) || q > end || index >= num_funcs) goto out;
        const SubType& type = m_.func_type(FuncIndex{index});
        const usize params = type.params.size(), results = type.results.size();
        // A call of a large type is much work for two bytes: step() looks whether it is to stop.
        if (params + results > kMostValues || static_cast<usize>(sp - floor) < params) goto out;
        ValType* const args = sp - params;
        if (!std::equal(args, sp, type.params.data()) || static_cast<usize>(stack_end - args) < results) goto out;
        sp = std::copy_n(type.results.data(), results, args);
        break;
      }
      case Common::drop:
        if (sp == floor) goto out;
        --sp;
        break;
      case Common::select:
        if (sp - floor < 3 || sp[-1] != kI32 || sp[-2] != sp[-3] || sp[-2].is_ref() || sp[-2].is_bottom()) goto out;
        sp -= 2;
        break;
      case Common::global_get:
        if (!detail::read_short_u32(q, index) || q > end || index >= m_.globals.size() || sp == stack_end) goto out;
        *sp++ = m_.globals[index].type.type;
        break;
      case Common::global_set: {
        if (!detail::read_short_u32(q, index) || q > end || index >= m_.globals.size()) goto out;
        const GlobalType& global = m_.globals[index].type;
        if (!global.mut || sp == floor || sp[-1] != global.type) goto out;
        --sp;
        break;
      }
      case Common::other: goto out;
      default: __builtin_unreachable();  // so that nobody looks whether it is one of these
    }
    p = q;
  }
out:
  c_.seek(static_cast<usize>(p - body.data()));
  sp_ = sp;
}

}  // namespace dewar::wasm
