// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of control, variable and parametric instructions. Every transfer goes through the side table; see
// exec/side_table.h for what the entries mean.
#include <cstring>

#include "exec/interp/branch.h"
#include "exec/interp/bulk.h"
#include "exec/interp/calls.h"
#include "exec/native_calls.h"

namespace dewar::exec::interp {

namespace {

/// Slots [from, from + n) down to `to`; n is 0 or 1 nearly always.
[[gnu::always_inline]] inline void move_down(Slot* to, const Slot* from, u32 n) {
  if (DEWAR_LIKELY(n <= 1)) {
    if (n) *to = *from;
    return;
  }
  // Downwards copying is safe in ascending order. The barrier keeps this a loop: a call of memmove would give every
  // branching handler a native frame.
  for (u32 i = 0; i < n; ++i) {
    to[i] = from[i];
    asm volatile("" : : : "memory");
  }
}

}  // namespace

DEWAR_HANDLER(take_many) {
  const u32 keep = side->keep;
  DEWAR_CHARGE_BULK(u64{keep} * sizeof(Slot));
  Slot* const to = sp - keep - side->drop;
  move_down(to, sp - keep, keep);
  sp = to + keep;
  DEWAR_JUMP();
}

DEWAR_HANDLER(op_unreachable) { DEWAR_TRAP(TrapKind::unreachable); }
DEWAR_HANDLER(op_nop) { DEWAR_NEXT(1); }

DEWAR_HANDLER(op_block) {
  // Blocks open in runs (a switch is a tower of them): one dispatch for all. A probe on one of them ends the run.
  do {
    ++pc;
    skip_block_type(pc);
  } while (*pc == 0x02);
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_try_) {
  ++pc;
  skip_block_type(pc);
  DEWAR_DISPATCH();
}

#define DEWAR_LOOP()               \
  do {                             \
    DEWAR_CHARGE(side->cost_next); \
    ++side;                        \
    ++pc;                          \
    skip_block_type(pc);           \
    DEWAR_DISPATCH();              \
  } while (0)

DEWAR_HANDLER(loop_polled) { DEWAR_LOOP(); }
DEWAR_HANDLER(op_loop) {
  if (DEWAR_UNLIKELY(stack->interrupt_word.load(std::memory_order_relaxed) != 0)) DEWAR_TAIL(poll_loop);
  DEWAR_LOOP();
}
DEWAR_HANDLER(loop_counted) {
  if (DEWAR_UNLIKELY(stack->interrupt_word.load(std::memory_order_relaxed) != 0)) DEWAR_TAIL(poll_loop);
  if (DEWAR_UNLIKELY(code->native.load(std::memory_order_relaxed) != nullptr)) DEWAR_TAIL(enter_at_loop);
  if (DEWAR_UNLIKELY(cools(*code, 1))) DEWAR_TAIL(hot_loop);
  DEWAR_LOOP();
}

DEWAR_HANDLER(op_if_) {
  if (static_cast<u32>(*--sp)) {
    ++pc;
    skip_block_type(pc);
    const u32 cost = side->cost_next;
    ++side;
    DEWAR_CHARGE(cost);
    DEWAR_DISPATCH();
  }
  DEWAR_TAKE();
}

DEWAR_HANDLER(op_else_) { DEWAR_TAKE(); }
DEWAR_HANDLER(op_catch_) { DEWAR_TAKE(); }
DEWAR_HANDLER(op_catch_all) { DEWAR_TAKE(); }

DEWAR_HANDLER(op_end) {
  const u32 cost = side->cost_next;
  ++side;
  ++pc;
  DEWAR_CHARGE(cost);
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_delegate) {
  const u32 cost = side->cost_next;
  ++side;
  ++pc;
  skip_leb(pc);
  DEWAR_CHARGE(cost);
  DEWAR_DISPATCH();
}

/// End of a legacy catch block: the hidden exception under the results goes.
DEWAR_HANDLER(op_catch_end) {
  const u32 keep = side->keep, cost = side->cost_next;
  DEWAR_CHARGE_BULK(u64{keep} * sizeof(Slot));
  move_down(sp - keep - 1, sp - keep, keep);
  --sp;
  ++side;
  ++pc;
  DEWAR_CHARGE(cost);
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_br) { DEWAR_TAKE(); }

DEWAR_HANDLER(op_br_if) {
  if (static_cast<u32>(*--sp)) DEWAR_TAKE();
  ++pc;
  skip_leb(pc);
  const u32 cost = side->cost_next;
  ++side;
  DEWAR_CHARGE(cost);
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_br_table) {
  const u8* p = pc + 1;
  const u32 count = leb_u32(p);
  const u32 index = static_cast<u32>(*--sp);
  side += index < count ? index : count;
  DEWAR_TAKE();
}

DEWAR_HANDLER(op_br_on_null) {
  if (static_cast<u32>(sp[-1]) == 0) {
    --sp;
    DEWAR_TAKE();
  }
  ++pc;
  skip_leb(pc);
  const u32 cost = side->cost_next;
  ++side;
  DEWAR_CHARGE(cost);
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_br_on_non_null) {
  if (static_cast<u32>(sp[-1]) != 0) DEWAR_TAKE();
  --sp;
  ++pc;
  skip_leb(pc);
  const u32 cost = side->cost_next;
  ++side;
  DEWAR_CHARGE(cost);
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_try_table) {
  // try_table does not end a fuel block: its clauses are only read when something is thrown. Stepping over them costs
  // what looking at them would.
  const u8* p = pc + 1;
  skip_block_type(p);
  const u32 count = leb_u32(p);
  for (u32 i = 0; i < count; ++i) {
    const u8 kind = *p++;
    if (kind < 2) skip_leb(p);
    skip_leb(p);
  }
  DEWAR_CHARGE_BULK(u64{count / kRowsPerUnit} * kBulkUnit);
  pc = p;
  DEWAR_DISPATCH();
}

namespace {

/// A return of any number of slots, to any instance or to the host.
DEWAR_HANDLER(return_general) {
  const u32 keep = side->keep;
  DEWAR_CHARGE_BULK(u64{keep} * sizeof(Slot));
  const runtime::FrameHeader header = *runtime::header_of(fp, code);
  move_down(fp, sp - keep, keep);
  sp = fp + keep;
  if (header.caller_code == nullptr) {
    DEWAR_SAVE_STATE();
    return kExitReturned;
  }
  if (DEWAR_UNLIKELY(header.caller_code == runtime::native_caller())) DEWAR_TAIL(return_to_native);
  DEWAR_RETURN_TO(header);
}

}  // namespace

DEWAR_HANDLER(op_return_) {
  const u32 keep = side->keep;
  const runtime::FrameHeader* header = runtime::header_of(fp, code);
  // caller_instance is null where the caller is the host.
  if (DEWAR_UNLIKELY(keep > 1 || header->caller_instance != inst)) DEWAR_TAIL(return_general);
  const Slot result = sp[-1];
  sp = fp;
  const SideEntry* const entry = header->return_side;
  pc = header->return_pc;
  code = header->caller_code;
  fp = header->caller_fp;
  if (keep) *sp++ = result;  // may overwrite the header
  side = entry + 1;
  DEWAR_CHARGE(entry->cost_next);
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_drop) {
  --sp;
  DEWAR_NEXT(1);
}
DEWAR_HANDLER(op_drop_wide) {
  sp -= 2;
  DEWAR_NEXT(1);
}
DEWAR_HANDLER(op_select) {
  sp -= 2;
  if (static_cast<u32>(sp[1]) == 0) sp[-1] = sp[0];
  DEWAR_NEXT(1);
}
DEWAR_HANDLER(op_select_t) {
  sp -= 2;
  if (static_cast<u32>(sp[1]) == 0) sp[-1] = sp[0];
  pc += 1;
  skip_leb(pc);         // count, always 1
  skip_block_type(pc);  // the value type
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_select_wide) {
  sp -= 3;
  if (static_cast<u32>(sp[2]) == 0) {
    sp[-2] = sp[0];
    sp[-1] = sp[1];
  }
  DEWAR_NEXT(1);
}
DEWAR_HANDLER(op_select_typed_wide) {
  sp -= 3;
  if (static_cast<u32>(sp[2]) == 0) {
    sp[-2] = sp[0];
    sp[-1] = sp[1];
  }
  pc += 1;
  skip_leb(pc);
  skip_leb(pc);
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_local_get) {
  const u8* p = pc + 1;
  const u32 i = leb_u32(p);
  *sp++ = fp[i];
  pc = p;
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_local_set) {
  const u8* p = pc + 1;
  const u32 i = leb_u32(p);
  fp[i] = *--sp;
  pc = p;
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_local_tee) {
  const u8* p = pc + 1;
  const u32 i = leb_u32(p);
  fp[i] = sp[-1];
  pc = p;
  DEWAR_DISPATCH();
}

namespace {
constexpr u32 kWideLocal = u32{1} << 31;
}

DEWAR_HANDLER(op_local_get_map) {
  const u8* p = pc + 1;
  const u32 where = code->local_map[leb_u32(p)], slot = where & ~kWideLocal;
  *sp++ = fp[slot];
  if (where & kWideLocal) *sp++ = fp[slot + 1];
  pc = p;
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_local_set_map) {
  const u8* p = pc + 1;
  const u32 where = code->local_map[leb_u32(p)], slot = where & ~kWideLocal;
  if (where & kWideLocal) fp[slot + 1] = *--sp;
  fp[slot] = *--sp;
  pc = p;
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_local_tee_map) {
  const u8* p = pc + 1;
  const u32 where = code->local_map[leb_u32(p)], slot = where & ~kWideLocal;
  if (where & kWideLocal) {
    fp[slot] = sp[-2];
    fp[slot + 1] = sp[-1];
  } else {
    fp[slot] = sp[-1];
  }
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_global_get) {
  const u8* p = pc + 1;
  *sp++ = inst->globals[leb_u32(p)]->value[0];
  pc = p;
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_global_set) {
  const u8* p = pc + 1;
  inst->globals[leb_u32(p)]->value[0] = *--sp;
  pc = p;
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_global_get_wide) {
  const u8* p = pc + 1;
  const runtime::Global* g = inst->globals[leb_u32(p)];
  sp[0] = g->value[0];
  sp[1] = g->value[1];
  sp += 2;
  pc = p;
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_global_set_wide) {
  const u8* p = pc + 1;
  runtime::Global* g = inst->globals[leb_u32(p)];
  sp -= 2;
  g->value[0] = sp[0];
  g->value[1] = sp[1];
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_i32_const) {
  const u8* p = pc + 1;
  *sp++ = static_cast<u32>(leb_s32(p));
  pc = p;
  DEWAR_DISPATCH();
}
namespace {
DEWAR_HANDLER(i64_const_long) {
  const u8* p = pc + 1;
  *sp++ = static_cast<u64>(leb_s64(p));
  pc = p;
  DEWAR_DISPATCH();
}
}  // namespace
DEWAR_HANDLER(op_i64_const) {
  const u64 b = pc[1];
  if (DEWAR_UNLIKELY(b >= 0x80)) DEWAR_TAIL(i64_const_long);
  *sp++ = static_cast<u64>(static_cast<i64>(b << 57) >> 57);
  DEWAR_NEXT(2);
}
DEWAR_HANDLER(op_f32_const) {
  u32 bits;
  std::memcpy(&bits, pc + 1, 4);
  *sp++ = bits;
  DEWAR_NEXT(5);
}
DEWAR_HANDLER(op_f64_const) {
  std::memcpy(sp++, pc + 1, 8);
  DEWAR_NEXT(9);
}
DEWAR_HANDLER(op_v128_const) {
  std::memcpy(sp, pc + 1, 16);
  sp += 2;
  DEWAR_NEXT(17);
}

}  // namespace dewar::exec::interp
