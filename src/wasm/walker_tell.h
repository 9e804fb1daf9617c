// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The walker's way through straight-line code for sinks that want to be told of it at once (a compiler): one switch
// from the opcode to the sink, with position and operand stack in registers. Only where code can be reached, of bodies
// that were validated before: types are not compared again, but nothing is read or written outside of body and stacks.
// What is not common (long LEB128, v128, other memories) is left to step(), with nothing changed. Included by walker.h.
#pragma once

#include <cstring>

#include "wasm/walker_fast.h"

namespace dewar::wasm {

namespace detail {

/// Reads an i32, or an i64 that fits.
[[gnu::always_inline]] inline bool read_short_signed(const u8*& q, i32& value) {
  value = static_cast<i8>(q[0] << 1) >> 1;
  if (DEWAR_LIKELY(q[0] < 0x80)) return q += 1, true;
  const u8* const begin = q;
  if (!skip_short_signed(q)) return false;
  u64 bits = 0;
  const u32 count = static_cast<u32>(q - begin);
  for (u32 i = 0; i < count; ++i) bits |= u64{begin[i] & 0x7fu} << (7 * i);
  const u32 unused = 64 - 7 * count;
  value = static_cast<i32>(static_cast<i64>(bits << unused) >> unused);
  return true;
}

}  // namespace detail

template <class Sink>
bool Walker<Sink>::tell_common(u32& steps) {
  using detail::Common;
  static_assert(Sink::kBounded && Sink::kWantSlots && Sink::kWantLocals && !Sink::kWantLowWater);
  constexpr usize kReadAhead = 16;  // more than the longest common instruction
  constexpr u32 kMost = 1024;       // between two looks at whether the walk is to stop
  const auto module_bytes = m_.bytes();
  if (!all_features_ || module_bytes.size() < kReadAhead || !c_.ok() || !live() || !sink_.takes_common()) return true;
  const auto body = m_.slice(m_.funcs[func_.value].body);
  const u8* const begin = body.data();
  const u8* const end = begin + body.size();
  const u8* const stop = std::min(end, module_bytes.data() + (module_bytes.size() - kReadAhead));
  const ValType* const locals = locals_.data();
  const u8* const local_set = local_set_.data();
  const usize num_locals = locals_.size();
  const bool memory32 = !m_.memories.empty() && !m_.memories[0].limits.is64;
  const u8* p = begin + c_.pos();
  const ValType* stack = stack_.data();
  const ValType* stack_end = stack_end_;
  const ValType* floor = floor_;
  u32 more_slots = wide_ + hidden_;
  ValType* sp = sp_;
  u32 told = 0, most_slots = 0;
  const u8* const last = stop - p > std::ptrdiff_t{kMost} ? p + kMost : stop;
  for (; p < last; ++told) {
    const detail::CommonOp& c = detail::kCommonOps[*p];
    const u8* q = p + 1;
    const u32 slots = static_cast<u32>(sp - stack) + more_slots;
    most_slots = std::max(most_slots, slots);
    u32 index;
    switch (c.kind) {
      case Common::local_get: {
        if (!detail::read_short_u32(q, index) || q > end || index >= num_locals || sp == stack_end) goto out;
        const ValType type = locals[index];
        if (!local_set[index] || type.is_v128()) goto out;
        sink_.common_local_get(slots, index);
        *sp++ = type;
        break;
      }
      case Common::local_set:
      case Common::local_tee:
        if (!detail::read_short_u32(q, index) || q > end || index >= num_locals || sp == floor) goto out;
        if (!local_set[index] || locals[index].is_v128()) goto out;
        sink_.common_local_set(slots, index, c.kind == Common::local_tee);
        if (c.kind == Common::local_set) {
          --sp;
        } else {
          sp[-1] = locals[index];
        }
        break;
      case Common::leb_const: {
        i32 value;
        if (!detail::read_short_signed(q, value) || q > end || sp == stack_end) goto out;
        sink_.common_const(slots, c.result,
                           c.op == Op::i32_const ? u64{static_cast<u32>(value)} : static_cast<u64>(i64{value}));
        *sp++ = c.result;
        break;
      }
      case Common::wide_const: {
        u64 bits = 0;
        if (sp == stack_end) goto out;
        std::memcpy(&bits, q, sizeof bits);
        if (c.align == 4) bits = static_cast<u32>(bits);
        q += c.align;
        if (q > end) goto out;
        sink_.common_const(slots, c.result, bits);
        *sp++ = c.result;
        break;
      }
      case Common::unary:
      case Common::test:
        if (sp == floor) goto out;
        sink_.common_numeric(slots, c.op, static_cast<u32>(p - begin));
        sp[-1] = c.result;
        break;
      case Common::binary:
      case Common::compare:
        if (sp - floor < 2) goto out;
        sink_.common_numeric(slots, c.op, static_cast<u32>(p - begin));
        --sp;
        sp[-1] = c.result;
        break;
      case Common::load:
        // A larger alignment, or another memory than 0, has larger flags.
        if (!memory32 || *q++ > c.align || !detail::read_short_u32(q, index) || q > end || sp == floor) goto out;
        sink_.common_access(slots, c.op, static_cast<u32>(p - begin), index);
        sp[-1] = c.result;
        break;
      case Common::store:
        if (!memory32 || *q++ > c.align || !detail::read_short_u32(q, index) || q > end || sp - floor < 2) goto out;
        sink_.common_access(slots, c.op, static_cast<u32>(p - begin), index);
        sp -= 2;
        break;
      case Common::drop:
        if (sp == floor || sp[-1].is_v128()) goto out;
        sink_.common_drop();
        --sp;
        break;
      case Common::select:
        if (sp - floor < 3 || sp[-2].is_v128()) goto out;
        sink_.common_select(slots, sp[-2], static_cast<u32>(p - begin));
        sp -= 2;
        break;
      case Common::global_get: {
        if (!detail::read_short_u32(q, index) || q > end || index >= m_.globals.size() || sp == stack_end) goto out;
        const ValType type = m_.globals[index].type.type;
        if (type.is_v128()) goto out;
        sink_.common_global_get(slots, index);
        *sp++ = type;
        break;
      }
      case Common::global_set:
        if (!detail::read_short_u32(q, index) || q > end || index >= m_.globals.size() || sp == floor) goto out;
        if (m_.globals[index].type.type.is_v128()) goto out;
        sink_.common_global_set(slots, index);
        --sp;
        break;
      case Common::block:
      case Common::end:
      case Common::br:
      case Common::br_if:
      case Common::call: {
        // These change what is kept here, and end what is told of at once.
        sp_ = sp;
        sink_.common_done(std::exchange(told, 0), std::exchange(most_slots, 0));
        const u32 pc = static_cast<u32>(p - begin);
        c_.seek(pc + 1);
        sink_.op(*this, c.op, pc);
        if (!step_control(c.op, pc)) return false;
        sink_.after(*this, c.op, pc);
        ++steps;
        if (done_ || !live() || !c_.ok() || sink_.full()) return true;
        q = begin + c_.pos();
        stack = stack_.data();
        stack_end = stack_end_;
        floor = floor_;
        more_slots = wide_ + hidden_;
        sp = sp_;
        --told;
        break;
      }
      default: goto out;
    }
    p = q;
  }
out:
  c_.seek(static_cast<usize>(p - begin));
  sp_ = sp;
  sink_.common_done(told, std::max(most_slots, slots()));
  steps += told;
  return true;
}

}  // namespace dewar::wasm
