// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tables, segments and bulk memory. A bulk operation checks its whole range first, then works in chunks of at most
// 64 KiB. Before each it polls and pays its surcharge (one unit of fuel per 4 KiB, design D11), after it it rewrites
// its operands in place, so that it can be stopped at the same pc and run again (design D12).
#include <cstring>

#include "exec/interp/bulk.h"
#include "exec/interp/memory_access.h"

namespace dewar::exec::interp {

namespace {

using runtime::Memory;
using runtime::Table;

u64 index_operand(bool is64, Slot s) { return is64 ? s : static_cast<u32>(s); }
bool fits(u64 at, u64 n, u64 size) { return n <= size && at <= size - n; }

}  // namespace

DEWAR_HANDLER(op_memory_fill) {
  const u8* p = pc + 1;
  Memory* m = inst->memories[leb_u32(p)];
  const bool is64 = m->type.limits.is64;
  for (;;) {
    const u64 to = index_operand(is64, sp[-3]), n = index_operand(is64, sp[-1]);
    if (!m->in_bounds(to, n)) DEWAR_TRAP(TrapKind::memory_out_of_bounds);
    const u64 chunk = n < kBulkChunk ? n : kBulkChunk;
    DEWAR_BEGIN_CHUNK(chunk);
    std::memset(m->base + to, static_cast<u8>(sp[-2]), chunk);
    if (chunk == n) break;
    sp[-3] = to + chunk;
    sp[-1] = n - chunk;
  }
  sp -= 3;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_memory_copy) {
  const u8* p = pc + 1;
  Memory* d = inst->memories[leb_u32(p)];
  Memory* s = inst->memories[leb_u32(p)];
  const bool d64 = d->type.limits.is64, s64 = s->type.limits.is64;
  for (;;) {
    const u64 to = index_operand(d64, sp[-3]), from = index_operand(s64, sp[-2]), n = index_operand(d64 && s64, sp[-1]);
    if (!d->in_bounds(to, n) || !s->in_bounds(from, n)) DEWAR_TRAP(TrapKind::memory_out_of_bounds);
    const u64 chunk = n < kBulkChunk ? n : kBulkChunk;
    DEWAR_BEGIN_CHUNK(chunk);
    if (d != s || to <= from) {
      std::memmove(d->base + to, s->base + from, chunk);
      sp[-3] = to + chunk;
      sp[-2] = from + chunk;
    } else {
      // Overlapping upwards: from the end, so that no source byte is overwritten before it is read.
      std::memmove(d->base + to + (n - chunk), s->base + from + (n - chunk), chunk);
    }
    sp[-1] = n - chunk;
    if (chunk == n) break;
  }
  sp -= 3;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_memory_init) {
  const u8* p = pc + 1;
  const u32 segment = leb_u32(p);
  Memory* m = inst->memories[leb_u32(p)];
  const auto bytes =
      inst->dropped_datas[segment] ? std::span<const u8>{} : inst->module->slice(inst->module->datas[segment].bytes);
  for (;;) {
    const u64 to = index_operand(m->type.limits.is64, sp[-3]), from = static_cast<u32>(sp[-2]),
              n = static_cast<u32>(sp[-1]);
    if (!m->in_bounds(to, n) || !fits(from, n, bytes.size())) DEWAR_TRAP(TrapKind::memory_out_of_bounds);
    const u64 chunk = n < kBulkChunk ? n : kBulkChunk;
    DEWAR_BEGIN_CHUNK(chunk);
    if (chunk != 0) std::memcpy(m->base + to, bytes.data() + from, chunk);
    if (chunk == n) break;
    sp[-3] = to + chunk;
    sp[-2] = from + chunk;
    sp[-1] = n - chunk;
  }
  sp -= 3;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_data_drop) {
  const u8* p = pc + 1;
  inst->dropped_datas[leb_u32(p)] = true;
  pc = p;
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_elem_drop) {
  const u8* p = pc + 1;
  const u32 segment = leb_u32(p);
  inst->dropped_elems[segment] = true;
  inst->elem_refs[segment].reset();
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_table_get) {
  const u8* p = pc + 1;
  const Table* t = inst->tables[leb_u32(p)];
  const u64 i = index_operand(t->type.limits.is64, sp[-1]);
  if (i >= t->size) DEWAR_TRAP(TrapKind::table_out_of_bounds);
  sp[-1] = t->refs[i];
  pc = p;
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_table_set) {
  const u8* p = pc + 1;
  Table* t = inst->tables[leb_u32(p)];
  const u64 i = index_operand(t->type.limits.is64, sp[-2]);
  if (i >= t->size) DEWAR_TRAP(TrapKind::table_out_of_bounds);
  t->set(*inst->store, i, static_cast<u32>(sp[-1]));
  sp -= 2;
  pc = p;
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_table_size) {
  const u8* p = pc + 1;
  *sp++ = inst->tables[leb_u32(p)]->size;
  pc = p;
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_table_grow) {
  const u8* p = pc + 1;
  Table* t = inst->tables[leb_u32(p)];
  const bool is64 = t->type.limits.is64;
  const u64 delta = index_operand(is64, sp[-1]);
  DEWAR_POLL_BULK();
  // What it fills is paid for in one go: growth is not visible half done. A kill ends it all the same.
  DEWAR_CHARGE_BULK(delta <= t->max - t->size ? delta * sizeof(Slot) : 0);
  const auto old = inst->store->grow_table(*t, delta, static_cast<u32>(sp[-2]), stack->kill_bits());
  if (DEWAR_UNLIKELY(!old && (stack->interrupts() & runtime::kInterruptKill))) DEWAR_TAIL(poll_prefixed);
  sp[-2] = old ? *old : is64 ? ~u64{0} : u64{0xffffffff};
  --sp;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_table_fill) {
  const u8* p = pc + 1;
  Table* t = inst->tables[leb_u32(p)];
  const bool is64 = t->type.limits.is64;
  for (;;) {
    const u64 to = index_operand(is64, sp[-3]), n = index_operand(is64, sp[-1]);
    if (!fits(to, n, t->size)) DEWAR_TRAP(TrapKind::table_out_of_bounds);
    const u64 chunk = n < kBulkElements ? n : kBulkElements;
    DEWAR_BEGIN_CHUNK(chunk * sizeof(Slot));
    for (u64 i = 0; i < chunk; ++i) t->set(*inst->store, to + i, static_cast<u32>(sp[-2]));
    if (chunk == n) break;
    sp[-3] = to + chunk;
    sp[-1] = n - chunk;
  }
  sp -= 3;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_table_copy) {
  const u8* p = pc + 1;
  Table* d = inst->tables[leb_u32(p)];
  Table* s = inst->tables[leb_u32(p)];
  const bool d64 = d->type.limits.is64, s64 = s->type.limits.is64;
  for (;;) {
    const u64 to = index_operand(d64, sp[-3]), from = index_operand(s64, sp[-2]), n = index_operand(d64 && s64, sp[-1]);
    if (!fits(to, n, d->size) || !fits(from, n, s->size)) DEWAR_TRAP(TrapKind::table_out_of_bounds);
    const u64 chunk = n < kBulkElements ? n : kBulkElements;
    DEWAR_BEGIN_CHUNK(chunk * sizeof(Slot));
    if (d != s || to <= from) {
      for (u64 i = 0; i < chunk; ++i) d->set(*inst->store, to + i, s->refs[from + i]);
      sp[-3] = to + chunk;
      sp[-2] = from + chunk;
    } else {
      for (u64 i = n; i > n - chunk; --i) d->set(*inst->store, to + i - 1, s->refs[from + i - 1]);
    }
    sp[-1] = n - chunk;
    if (chunk == n) break;
  }
  sp -= 3;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_table_init) {
  const u8* p = pc + 1;
  const u32 segment = leb_u32(p);
  Table* t = inst->tables[leb_u32(p)];
  const u64 available = inst->dropped_elems[segment] ? 0 : inst->module->elems[segment].count;
  for (;;) {
    const u64 to = index_operand(t->type.limits.is64, sp[-3]), from = static_cast<u32>(sp[-2]),
              n = static_cast<u32>(sp[-1]);
    if (!fits(to, n, t->size) || !fits(from, n, available)) DEWAR_TRAP(TrapKind::table_out_of_bounds);
    const u64 chunk = n < kBulkElements ? n : kBulkElements;
    DEWAR_BEGIN_CHUNK(chunk * sizeof(Slot));
    for (u64 i = 0; i < chunk; ++i) t->set(*inst->store, to + i, inst->elem_refs[segment][from + i]);
    if (chunk == n) break;
    sp[-3] = to + chunk;
    sp[-2] = from + chunk;
    sp[-1] = n - chunk;
  }
  sp -= 3;
  pc = p;
  DEWAR_DISPATCH();
}

}  // namespace dewar::exec::interp
