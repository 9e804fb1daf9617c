// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of control, variable and parametric instructions. Every transfer goes through the side table; see
// exec/side_table.h for what the entries mean.
#include <cstring>

#include "exec/interp/handler.h"

namespace dewar::exec::interp {

namespace {

/// Slots [from, from + n) down to `to`; n is 0 or 1 nearly always.
[[gnu::always_inline]] inline void move_down(Slot* to, const Slot* from, u32 n) {
  if (DEWAR_LIKELY(n <= 1)) {
    if (n) *to = *from;
    return;
  }
  std::memmove(to, from, n * sizeof(Slot));
}

}  // namespace

/// Takes the branch of entry `e`, whose instruction is at pc.
#define DEWAR_TAKE(e)                                 \
  do {                                                \
    const SideEntry* const e_ = (e);                  \
    const u8* const from_ = pc;                       \
    const u32 keep_ = e_->keep;                       \
    if (const u32 drop_ = e_->drop) {                 \
      Slot* const to_ = sp - keep_ - drop_;           \
      move_down(to_, sp - keep_, keep_);              \
      sp = to_ + keep_;                               \
    }                                                 \
    pc = from_ + e_->delta_pc;                        \
    side = e_ + e_->delta_st;                         \
    DEWAR_CHARGE(e_->cost_taken);                     \
    DEWAR_DISPATCH();                                 \
  } while (0)

DEWAR_HANDLER(op_unreachable) { DEWAR_TRAP(TrapKind::unreachable); }
DEWAR_HANDLER(op_nop) { DEWAR_NEXT(1); }

DEWAR_HANDLER(op_block) {
  ++pc;
  skip_block_type(pc);
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_try_) {
  ++pc;
  skip_block_type(pc);
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_loop) {
  if (DEWAR_UNLIKELY(stack->interrupt_word.load(std::memory_order_relaxed) != 0)) DEWAR_TAIL(poll_interrupt);
  DEWAR_CHARGE(side->cost_next);
  ++side;
  ++pc;
  skip_block_type(pc);
  DEWAR_DISPATCH();
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
  DEWAR_TAKE(side);
}

DEWAR_HANDLER(op_else_) { DEWAR_TAKE(side); }
DEWAR_HANDLER(op_catch_) { DEWAR_TAKE(side); }
DEWAR_HANDLER(op_catch_all) { DEWAR_TAKE(side); }

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
  move_down(sp - keep - 1, sp - keep, keep);
  --sp;
  ++side;
  ++pc;
  DEWAR_CHARGE(cost);
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_br) { DEWAR_TAKE(side); }

DEWAR_HANDLER(op_br_if) {
  if (static_cast<u32>(*--sp)) DEWAR_TAKE(side);
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
  DEWAR_TAKE(side + (index < count ? index : count));
}

DEWAR_HANDLER(op_br_on_null) {
  if (static_cast<u32>(sp[-1]) == 0) {
    --sp;
    DEWAR_TAKE(side);
  }
  ++pc;
  skip_leb(pc);
  const u32 cost = side->cost_next;
  ++side;
  DEWAR_CHARGE(cost);
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_br_on_non_null) {
  if (static_cast<u32>(sp[-1]) != 0) DEWAR_TAKE(side);
  --sp;
  ++pc;
  skip_leb(pc);
  const u32 cost = side->cost_next;
  ++side;
  DEWAR_CHARGE(cost);
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_try_table) {
  // try_table does not end a fuel block: its clauses are only read when something is thrown.
  const u8* p = pc + 1;
  skip_block_type(p);
  const u32 count = leb_u32(p);
  for (u32 i = 0; i < count; ++i) {
    const u8 kind = *p++;
    if (kind < 2) skip_leb(p);
    skip_leb(p);
  }
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_return_) {
  const u32 keep = side->keep;
  const runtime::FrameHeader* header = runtime::header_of(fp, code);
  Slot* const to = fp;
  FuncCode* const caller = header->caller_code;
  const u8* const return_pc = header->return_pc;
  const SideEntry* const return_side = header->return_side;
  Slot* const caller_fp = header->caller_fp;
  Instance* const caller_instance = header->caller_instance;
  move_down(to, sp - keep, keep);
  sp = to + keep;
  if (DEWAR_UNLIKELY(caller == nullptr)) {
    stack->fuel = fuel;
    stack->state = {fp, sp, pc, side, code, inst};
    return kExitReturned;
  }
  fp = caller_fp;
  code = caller;
  pc = return_pc;
  side = return_side + 1;
  if (DEWAR_UNLIKELY(caller_instance != inst)) {
    inst = caller_instance;
    mem = inst->memory0;
    table = inst->codes->dispatch.load(std::memory_order_relaxed);
  }
  DEWAR_CHARGE(return_side->cost_next);
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
  skip_leb(pc);  // count, always 1
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
  *sp++ = static_cast<u32>(leb_signed(p));
  pc = p;
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_i64_const) {
  const u8* p = pc + 1;
  *sp++ = static_cast<u64>(leb_signed(p));
  pc = p;
  DEWAR_DISPATCH();
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
