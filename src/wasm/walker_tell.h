// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The walker's way through common code for sinks that want to be told of it at once (a compiler): one switch from the
// opcode to the sink, with position and operand stack in registers. Only where code can be reached, of bodies that were
// validated before: types are not compared again, and that no instruction crosses the body's end is known; but nothing
// is read outside of the module or written outside of the stacks. What is not common (long LEB128, v128, other
// memories, blocks with parameters) is left to step(), with nothing changed. Included by walker.h.
#pragma once

#include <cstring>

#include "wasm/walker_fast.h"

namespace dewar::wasm {

namespace detail {

/// Reads an i32, or an i64 that fits.
[[gnu::always_inline]] inline bool read_short_signed(const u8*& q, i32& value) {
  constexpr auto extend = [](u32 bits, u32 unused) { return static_cast<i32>(bits << unused) >> unused; };
  u32 bits = q[0];
  if (DEWAR_LIKELY(q[0] < 0x80)) return value = extend(bits, 25), q += 1, true;
  bits = (bits & 0x7f) | u32{q[1]} << 7;
  if (q[1] < 0x80) return value = extend(bits, 18), q += 2, true;
  bits = (bits & 0x3fff) | u32{q[2]} << 14;
  if (q[2] < 0x80) return value = extend(bits, 11), q += 3, true;
  bits = (bits & 0x1fffff) | u32{q[3]} << 21;
  if (q[3] < 0x80) return value = extend(bits, 4), q += 4, true;
  const u8 last = q[4];
  value = static_cast<i32>((bits & 0xfffffff) | u32{last} << 28);
  q += 5;
  return last < 0x08 || (last >= 0x78 && last < 0x80);
}

/// Reads the immediate of an i32.const or i64.const as the bits of a slot.
[[gnu::always_inline]] inline bool read_short_const(const u8*& q, Op op, u64& bits) {
  i32 value;
  if (!read_short_signed(q, value)) return false;
  bits = op == Op::i32_const ? u64{static_cast<u32>(value)} : static_cast<u64>(i64{value});
  return true;
}

constexpr bool is_plain_block(Op kind) {
  return kind == Op::block || kind == Op::loop || kind == Op::if_ || kind == Op::else_;
}

}  // namespace detail

/// Opens a block without parameters. Not inlined: what an empty label is made of would be kept in registers, and made
/// again after every call.
template <class Sink>
[[gnu::noinline]] Label& Walker<Sink>::push_plain(Op kind, u32 pc, u8 type) {
  Label& label = labels_.emplace_back();
  label.kind = kind;
  label.pc = pc;
  label.height = static_cast<u32>(sp_ - stack_.data());
  label.slots = slots();
  label.wide = wide_;
  label.inits = static_cast<u32>(init_log_.size());
  if (type != 0x40) label.single = ValType(static_cast<ValType::Kind>(0x80 - type));
  top_ = &label;
  floor_ = sp_;
  return label;
}

template <class Sink>
bool Walker<Sink>::tell_common(u32& steps) {
  using detail::Common;
  static_assert(Sink::kBounded && Sink::kWantSlots && Sink::kWantLocals && !Sink::kWantLowWater);
  constexpr usize kReadAhead = 16;  // more than the longest instructions that are told of at once
  constexpr u32 kMost = 1024;       // between two looks at whether the walk is to stop
  constexpr usize kMostValues = 32;
  const auto module_bytes = m_.bytes();
  if (!all_features_ || module_bytes.size() < kReadAhead || !c_.ok() || !live() || !sink_.takes_common()) return true;
  if (!go_on()) return false;
  const auto body = m_.slice(m_.funcs[func_.value].body);
  const u8* const begin = body.data();
  const u8* const end = begin + body.size();
  const u8* const stop = std::min(end, module_bytes.data() + (module_bytes.size() - kReadAhead));
  const ValType* const locals = locals_.data();
  const usize num_locals = always_set_, num_funcs = m_.funcs.size();
  const bool memory32 = !m_.memories.empty() && !m_.memories[0].limits.is64;
  const u8* const first = begin + c_.pos();
  const u8* p = first;
  ValType* const stack = stack_.data();
  ValType* floor = floor_;
  u32 more_slots = wide_ + hidden_;
  ValType* sp = sp_;
  const ValType* most = sp;  // since the last common_done()
  const auto slots_at = [&](const ValType* at) { return static_cast<u32>(at - stack) + more_slots; };
  u32 told = 0;
  // There is room on the stack for all: an instruction pushes no more values than it has bytes, but for calls.
  const u8* const last = p + std::min({stop - p, std::ptrdiff_t{kMost}, stack_end_ - sp});
  for (; p < last; ++told) {
    const detail::CommonOp& c = detail::kCommonOps[*p];
    const u8* q = p + 1;
    u32 index;
    switch (c.kind) {
      case Common::local_get: {
        if (DEWAR_UNLIKELY(!detail::read_short_u32(q, index) || index >= num_locals)) goto out;
        const ValType type = locals[index];
        if (DEWAR_UNLIKELY(type.is_v128())) goto out;
        // Many are the address of what follows, or what a constant is added to or compared with.
        const detail::CommonOp& next = detail::kCommonOps[*q];
        const u8* r = q + 1;
        if (u32 offset; next.kind == Common::load && memory32 && q < last && *r++ <= next.align) {
          if (!detail::read_short_u32(r, offset)) goto out;
          sink_.common_local_load(slots_at(sp), index, next.op, static_cast<u32>(q - begin), offset);
          *sp++ = next.result;
          most = std::max<const ValType*>(most, sp);
          ++told;
          q = r;
          break;
        }
        if (u64 bits; next.kind == Common::leb_const && q < last && detail::read_short_const(r, next.op, bits)) {
          ++told;
          q = r;
          if (const detail::CommonOp& third = detail::kCommonOps[*q]; third.takes_two() && q < last) {
            sink_.common_local_const_numeric(slots_at(sp), index, type, bits, third.op, static_cast<u32>(q - begin));
            most = std::max<const ValType*>(most, sp + 2);
            *sp++ = third.result;
            ++told;
            ++q;
            break;
          }
          sink_.common_local_get(slots_at(sp), index);
          sink_.common_const(slots_at(sp + 1), next.result, bits);
          *sp++ = type;
          *sp++ = next.result;
          most = std::max<const ValType*>(most, sp);
          break;
        }
        sink_.common_local_get(slots_at(sp), index);
        *sp++ = type;
        most = std::max<const ValType*>(most, sp);
        break;
      }
      case Common::local_set:
      case Common::local_tee:
        if (DEWAR_UNLIKELY(!detail::read_short_u32(q, index) || index >= num_locals || sp == floor)) goto out;
        if (DEWAR_UNLIKELY(locals[index].is_v128())) goto out;
        sink_.common_local_set(slots_at(sp), index, c.kind == Common::local_tee);
        if (c.kind == Common::local_set) {
          --sp;
        } else {
          sp[-1] = locals[index];
        }
        break;
      case Common::leb_const: {
        u64 bits;
        if (!detail::read_short_const(q, c.op, bits)) goto out;
        // Most are the second operand of what follows.
        const detail::CommonOp& next = detail::kCommonOps[*q];
        if (next.takes_two() && q < last && sp != floor) {
          sink_.common_const_numeric(slots_at(sp), c.result, bits, next.op, static_cast<u32>(q - begin));
          most = std::max<const ValType*>(most, sp + 1);
          sp[-1] = next.result;
          ++told;
          ++q;
          break;
        }
        sink_.common_const(slots_at(sp), c.result, bits);
        *sp++ = c.result;
        most = std::max<const ValType*>(most, sp);
        break;
      }
      case Common::wide_const: {
        u64 bits = 0;
        std::memcpy(&bits, q, sizeof bits);
        if (c.align == 4) bits = static_cast<u32>(bits);
        q += c.align;
        sink_.common_const(slots_at(sp), c.result, bits);
        *sp++ = c.result;
        most = std::max<const ValType*>(most, sp);
        break;
      }
      case Common::unary:
      case Common::test:
        if (sp == floor) goto out;
        sink_.common_numeric(slots_at(sp), c.op, static_cast<u32>(p - begin));
        sp[-1] = c.result;
        break;
      case Common::binary:
      case Common::compare:
        if (sp - floor < 2) goto out;
        sink_.common_numeric(slots_at(sp), c.op, static_cast<u32>(p - begin));
        --sp;
        sp[-1] = c.result;
        break;
      case Common::load:
        // A larger alignment, or another memory than 0, has larger flags.
        if (!memory32 || *q++ > c.align || !detail::read_short_u32(q, index) || sp == floor) goto out;
        sink_.common_access(slots_at(sp), c.op, static_cast<u32>(p - begin), index);
        sp[-1] = c.result;
        break;
      case Common::store:
        if (!memory32 || *q++ > c.align || !detail::read_short_u32(q, index) || sp - floor < 2) goto out;
        sink_.common_access(slots_at(sp), c.op, static_cast<u32>(p - begin), index);
        sp -= 2;
        break;
      case Common::drop:
        if (sp == floor || sp[-1].is_v128()) goto out;
        sink_.common_drop();
        --sp;
        break;
      case Common::select:
        if (sp - floor < 3 || sp[-2].is_v128()) goto out;
        sink_.common_select(slots_at(sp), sp[-2], static_cast<u32>(p - begin));
        sp -= 2;
        break;
      case Common::global_get: {
        if (DEWAR_UNLIKELY(!detail::read_short_u32(q, index) || index >= m_.globals.size())) goto out;
        const ValType type = m_.globals[index].type.type;
        if (type.is_v128()) goto out;
        sink_.common_global_get(slots_at(sp), index, type);
        *sp++ = type;
        most = std::max<const ValType*>(most, sp);
        break;
      }
      case Common::global_set:
        if (!detail::read_short_u32(q, index) || index >= m_.globals.size() || sp == floor) goto out;
        if (m_.globals[index].type.type.is_v128()) goto out;
        sink_.common_global_set(slots_at(sp), index);
        --sp;
        break;
      case Common::block: {
        // 0x40 is nothing; 0x7f, 0x7e... are i32, i64, f32 and f64.
        const u8 type = *q++;
        if ((type != 0x40 && (type < 0x7c || type > 0x7f)) || labels_.size() >= kMaxNesting) goto out;
        const u32 slots = slots_at(sp);
        if (c.op == Op::if_ && sp-- == floor) {
          ++sp;
          goto out;
        }
        sink_.common_done(std::exchange(told, ~u32{0}), slots_at(most));
        most = floor = sp_ = sp;
        const Label& label = push_plain(c.op, static_cast<u32>(p - begin), type);
        sink_.common_open(label, slots, static_cast<u32>(q - begin));
        goto control;
      }
      case Common::end: {
        // Not the function's, and without parameters.
        const Label& label = *top_;
        const bool value = !label.single.is_bottom();
        if (label.type || label.single.is_v128() || labels_.size() < 2 || label.inits != init_log_.size() ||
            !detail::is_plain_block(label.kind))
          goto out;
        if (!label.unreachable && sp - floor != std::ptrdiff_t{value}) goto out;
        sink_.common_done(std::exchange(told, ~u32{0}), slots_at(most));
        sink_.common_end(label, static_cast<u32>(p - begin), slots_at(sp), static_cast<u32>(q - begin));
        sp = floor;
        if (value) *sp++ = label.single;
        more_slots = (wide_ = label.wide) + hidden_;
        most = sp;
        labels_.pop_back();
        top_ = &labels_.back();
        floor_ = floor = stack + top_->height;
        goto control;
      }
      case Common::br:
      case Common::br_if: {
        if (!detail::read_short_u32(q, index) || index >= labels_.size()) goto out;
        const Label& target = label(index);
        const auto types = target.branch_types();
        const usize taken = types.size() + (c.kind == Common::br_if);
        if (static_cast<usize>(sp - floor) < taken || types.size() > 1 || (!types.empty() && types[0].is_v128()))
          goto out;
        sink_.common_done(std::exchange(told, ~u32{0}), slots_at(most));
        const u32 slots = slots_at(sp);
        if (c.kind == Common::br_if) {
          most = --sp;
          sink_.common_branch(target, c.op, index, static_cast<u32>(p - begin), slots, slots - 1,
                              static_cast<u32>(q - begin));
          if (!types.empty()) sp[-1] = types[0];
          goto control;
        }
        sink_.common_branch(target, c.op, index, static_cast<u32>(p - begin), slots, slots,
                            static_cast<u32>(q - begin));
        top_->unreachable = true;
        most = sp = floor;
        more_slots = (wide_ = top_->wide) + hidden_;
        if (detail::kCommonOps[*q].kind == Common::end) goto control;
        p = q;
        ++told;
        goto out;
      }
      case Common::call: {
        if (!detail::read_short_u32(q, index) || index >= num_funcs || wide_ != 0) goto out;
        const SubType& type = m_.func_type(FuncIndex{index});
        const usize params = type.params.size(), results = type.results.size();
        // A call of a large type is much work for two bytes: step() looks whether it is to stop.
        if (params + results > kMostValues || static_cast<usize>(sp - floor) < params) goto out;
        ValType* const args = sp - params;
        if (static_cast<usize>(stack_end_ - args) < results || slots_of(type.results) != results) goto out;
        const u32 slots = slots_at(sp);
        sink_.common_done(std::exchange(told, ~u32{0}), slots_at(most));
        sink_.common_call(index, static_cast<u32>(p - begin), slots, slots - static_cast<u32>(params),
                          static_cast<u32>(results), static_cast<u32>(q - begin));
        most = sp = std::copy_n(type.results.data(), results, args);
        if (DEWAR_LIKELY(results <= 1 || stack_end_ - sp >= last - q)) goto control;
        p = q;
        ++told;
        goto out;
      }
      case Common::other: goto out;
      default: __builtin_unreachable();  // the table has no other kind
    }
    p = q;
    continue;
  control:
    p = q;
    if (DEWAR_UNLIKELY(sink_.full())) {
      told = 0;
      break;
    }
  }
out:
  c_.seek(static_cast<usize>(p - begin));
  sp_ = sp;
  sink_.common_done(told, slots_at(most));
  steps += static_cast<u32>(p - first);
  return true;
}

}  // namespace dewar::wasm
