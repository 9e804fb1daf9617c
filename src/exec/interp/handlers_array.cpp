// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arrays (spec 4.6.7). Bulk forms follow the rule of bulk.h: check the whole range, work in chunks, rewrite operands.
// A new array that is interrupted while it is filled is taken back with its surcharge, and made again.
#include <cstring>

#include "exec/interp/bulk.h"
#include "exec/interp/gc_access.h"
#include "runtime/gc_alloc.h"

namespace dewar::exec::interp {

namespace {

using runtime::Ref;

struct ArrayType {
  wasm::CanonId id;
  wasm::CanonValType elem;
  u32 bytes;  ///< of one element
};

ArrayType array_type(const Instance* inst, u32 index) {
  const wasm::CanonId id = inst->module->canon[index];
  const auto elem = inst->store->engine().types().type(id).fields[0].type;
  return {id, elem, inst->store->heap().layout(id).size};
}

bool fits(u64 at, u64 n, u64 size) { return n <= size && at <= size - n; }

std::span<const u8> data_bytes(const Instance* inst, u32 segment) {
  return inst->dropped_datas[segment] ? std::span<const u8>{} : inst->module->slice(inst->module->datas[segment].bytes);
}
u64 elem_count(const Instance* inst, u32 segment) {
  return inst->dropped_elems[segment] ? 0 : inst->module->elems[segment].count;
}

/// Fills `n` elements from the slots at `value`.
void fill(u8* to, const ArrayType& t, u64 n, const Slot* value) {
  for (u64 i = 0; i < n; ++i) write_field(to + i * t.bytes, t.elem, value);
}

/// Elements per chunk of at most 64 KiB.
u64 chunk_of(u64 n, const ArrayType& t) {
  const u64 most = kBulkChunk / t.bytes;
  return n < most ? n : most;
}

}  // namespace

/// Allocates an array of `length_` at the current state, paying for its bytes; declares `out_`.
#define DEWAR_NEW_ARRAY(out_, type_, length_)                                                                        \
  const u64 total_ = u64{length_} * (type_).bytes;                                                                   \
  DEWAR_BEGIN_CHUNK(total_);                                                                                         \
  DEWAR_SAVE_STATE();                                                                                                \
  const Ref out_ = runtime::allocate(                                                                                \
      *inst->store, *stack, [&] { return inst->store->heap().new_array((type_).id, length_, stack->kill_bits()); }); \
  fuel = stack->fuel;                                                                                                \
  if (out_ == 0) DEWAR_TAIL(exit_allocation)

/// Makes the elements of the array `r_` that was just made: `make_` those of a `chunk` from `done` on. If an interrupt
/// comes meanwhile, the array has never been, and the instruction runs again.
#define DEWAR_MAKE_ELEMENTS(r_, type_, length_, make_)                                              \
  for (u64 done = 0, chunk; done < (length_); done += chunk) {                                      \
    if (done != 0 && DEWAR_UNLIKELY(stack->interrupts() != 0)) {                                    \
      inst->store->heap().undo_large(r_, stack->kill_bits()); /* more than a chunk was asked for */ \
      fuel += static_cast<i64>(total_ / kBulkUnit);                                                 \
      stack->bulk_surcharge -= total_ / kBulkUnit;                                                  \
      DEWAR_TAIL(poll_prefixed);                                                                    \
    }                                                                                               \
    chunk = chunk_of((length_) - done, type_);                                                      \
    make_;                                                                                          \
  }

DEWAR_HANDLER(op_array_new) {
  const u8* p = pc + 1;
  const ArrayType t = array_type(inst, leb_u32(p));
  const u32 n = static_cast<u32>(sp[-1]);
  DEWAR_NEW_ARRAY(r, t, n);
  const Slot* value = sp - 1 - t.elem.slots();
  u8* to = inst->store->heap().payload(r);
  DEWAR_MAKE_ELEMENTS(r, t, n, fill(to + done * t.bytes, t, chunk, value));
  sp -= 1 + t.elem.slots();
  *sp++ = r;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_array_new_default) {
  const u8* p = pc + 1;
  const ArrayType t = array_type(inst, leb_u32(p));
  const u32 n = static_cast<u32>(sp[-1]);
  DEWAR_NEW_ARRAY(r, t, n);
  sp[-1] = r;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_array_new_fixed) {
  const u8* p = pc + 1;
  const ArrayType t = array_type(inst, leb_u32(p));
  const u32 n = leb_u32(p);
  DEWAR_NEW_ARRAY(r, t, n);
  u8* to = inst->store->heap().payload(r);
  const u32 slots = t.elem.slots();
  const Slot* values = sp - static_cast<usize>(n) * slots;
  for (u32 i = 0; i < n; ++i) write_field(to + usize{i} * t.bytes, t.elem, values + usize{i} * slots);
  sp -= static_cast<usize>(n) * slots;
  *sp++ = r;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_array_new_data) {
  const u8* p = pc + 1;
  const ArrayType t = array_type(inst, leb_u32(p));
  const u32 segment = leb_u32(p);
  const auto bytes = data_bytes(inst, segment);
  const u32 from = static_cast<u32>(sp[-2]), n = static_cast<u32>(sp[-1]);
  if (!fits(from, u64{n} * t.bytes, bytes.size())) DEWAR_TRAP(TrapKind::memory_out_of_bounds);
  DEWAR_NEW_ARRAY(r, t, n);
  u8* const to = inst->store->heap().payload(r);
  DEWAR_MAKE_ELEMENTS(r, t, n, std::memcpy(to + done * t.bytes, bytes.data() + from + done * t.bytes, chunk * t.bytes));
  sp[-2] = r;
  --sp;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_array_new_elem) {
  const u8* p = pc + 1;
  const ArrayType t = array_type(inst, leb_u32(p));
  const u32 segment = leb_u32(p);
  const u32 from = static_cast<u32>(sp[-2]), n = static_cast<u32>(sp[-1]);
  if (!fits(from, n, elem_count(inst, segment))) DEWAR_TRAP(TrapKind::table_out_of_bounds);
  DEWAR_NEW_ARRAY(r, t, n);
  u8* const to = inst->store->heap().payload(r);
  const Ref* const refs = inst->elem_refs[segment].get() + from;
  DEWAR_MAKE_ELEMENTS(r, t, n, std::memcpy(to + done * sizeof(Ref), refs + done, chunk * sizeof(Ref)));
  sp[-2] = r;
  --sp;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_array_len) {
  const Ref r = static_cast<u32>(sp[-1]);
  if (r == 0) DEWAR_TRAP(TrapKind::null_array_reference);
  sp[-1] = inst->store->heap().array_length(r);
  DEWAR_NEXT(1);
}

namespace {

template <bool kSigned>
DEWAR_HANDLER(array_get) {
  const u8* p = pc + 1;
  const ArrayType t = array_type(inst, leb_u32(p));
  const Ref r = static_cast<u32>(sp[-2]);
  const u32 i = static_cast<u32>(sp[-1]);
  if (r == 0) DEWAR_TRAP(TrapKind::null_array_reference);
  gc::Heap& heap = inst->store->heap();
  if (i >= heap.array_length(r)) DEWAR_TRAP(TrapKind::array_out_of_bounds);
  sp -= 2;
  read_field<kSigned>(heap.payload(r) + u64{i} * t.bytes, t.elem, sp);
  sp += t.elem.slots();
  pc = p;
  DEWAR_DISPATCH();
}

}  // namespace

DEWAR_HANDLER(op_array_get) { DEWAR_TAIL(array_get<false>); }
DEWAR_HANDLER(op_array_get_s) { DEWAR_TAIL(array_get<true>); }
DEWAR_HANDLER(op_array_get_u) { DEWAR_TAIL(array_get<false>); }

DEWAR_HANDLER(op_array_set) {
  const u8* p = pc + 1;
  const ArrayType t = array_type(inst, leb_u32(p));
  const Slot* value = sp - t.elem.slots();
  const Ref r = static_cast<u32>(value[-2]);
  const u32 i = static_cast<u32>(value[-1]);
  if (r == 0) DEWAR_TRAP(TrapKind::null_array_reference);
  gc::Heap& heap = inst->store->heap();
  if (i >= heap.array_length(r)) DEWAR_TRAP(TrapKind::array_out_of_bounds);
  write_field(heap.payload(r) + u64{i} * t.bytes, t.elem, value);
  sp -= 2 + t.elem.slots();
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_array_fill) {  // array, index, value, count
  const u8* p = pc + 1;
  const ArrayType t = array_type(inst, leb_u32(p));
  Slot* value = sp - 1 - t.elem.slots();
  const Ref r = static_cast<u32>(value[-2]);
  if (r == 0) DEWAR_TRAP(TrapKind::null_array_reference);
  gc::Heap& heap = inst->store->heap();
  for (;;) {
    const u32 at = static_cast<u32>(value[-1]), n = static_cast<u32>(sp[-1]);
    if (!fits(at, n, heap.array_length(r))) DEWAR_TRAP(TrapKind::array_out_of_bounds);
    const u64 chunk = chunk_of(n, t);
    DEWAR_BEGIN_CHUNK(chunk * t.bytes);
    fill(heap.payload(r) + u64{at} * t.bytes, t, chunk, value);
    if (chunk == n) break;
    value[-1] = at + chunk;
    sp[-1] = n - chunk;
  }
  sp = value - 2;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_array_copy) {  // destination, index, source, index, count
  const u8* p = pc + 1;
  const ArrayType t = array_type(inst, leb_u32(p));
  skip_leb(p);
  const Ref d = static_cast<u32>(sp[-5]), s = static_cast<u32>(sp[-3]);
  if (d == 0 || s == 0) DEWAR_TRAP(TrapKind::null_array_reference);
  gc::Heap& heap = inst->store->heap();
  for (;;) {
    const u32 to = static_cast<u32>(sp[-4]), from = static_cast<u32>(sp[-2]), n = static_cast<u32>(sp[-1]);
    if (!fits(to, n, heap.array_length(d)) || !fits(from, n, heap.array_length(s)))
      DEWAR_TRAP(TrapKind::array_out_of_bounds);
    const u64 chunk = chunk_of(n, t);
    DEWAR_BEGIN_CHUNK(chunk * t.bytes);
    u8* dest = heap.payload(d);
    const u8* source = heap.payload(s);
    if (d != s || to <= from) {
      std::memmove(dest + u64{to} * t.bytes, source + u64{from} * t.bytes, chunk * t.bytes);
      sp[-4] = to + chunk;
      sp[-2] = from + chunk;
    } else {
      const u64 skip = n - chunk;
      std::memmove(dest + (to + skip) * t.bytes, source + (from + skip) * t.bytes, chunk * t.bytes);
    }
    sp[-1] = n - chunk;
    if (chunk == n) break;
  }
  sp -= 5;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_array_init_data) {  // array, index, segment offset, count
  const u8* p = pc + 1;
  const ArrayType t = array_type(inst, leb_u32(p));
  const auto bytes = data_bytes(inst, leb_u32(p));
  const Ref r = static_cast<u32>(sp[-4]);
  if (r == 0) DEWAR_TRAP(TrapKind::null_array_reference);
  gc::Heap& heap = inst->store->heap();
  for (;;) {
    const u32 to = static_cast<u32>(sp[-3]), from = static_cast<u32>(sp[-2]), n = static_cast<u32>(sp[-1]);
    if (!fits(to, n, heap.array_length(r))) DEWAR_TRAP(TrapKind::array_out_of_bounds);
    if (!fits(from, u64{n} * t.bytes, bytes.size())) DEWAR_TRAP(TrapKind::memory_out_of_bounds);
    const u64 chunk = chunk_of(n, t);
    DEWAR_BEGIN_CHUNK(chunk * t.bytes);
    if (chunk) std::memcpy(heap.payload(r) + u64{to} * t.bytes, bytes.data() + from, chunk * t.bytes);
    if (chunk == n) break;
    sp[-3] = to + chunk;
    sp[-2] = from + chunk * t.bytes;
    sp[-1] = n - chunk;
  }
  sp -= 4;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_array_init_elem) {
  const u8* p = pc + 1;
  const ArrayType t = array_type(inst, leb_u32(p));
  const u32 segment = leb_u32(p);
  const u64 available = elem_count(inst, segment);
  const Ref r = static_cast<u32>(sp[-4]);
  if (r == 0) DEWAR_TRAP(TrapKind::null_array_reference);
  gc::Heap& heap = inst->store->heap();
  for (;;) {
    const u32 to = static_cast<u32>(sp[-3]), from = static_cast<u32>(sp[-2]), n = static_cast<u32>(sp[-1]);
    if (!fits(to, n, heap.array_length(r))) DEWAR_TRAP(TrapKind::array_out_of_bounds);
    if (!fits(from, n, available)) DEWAR_TRAP(TrapKind::table_out_of_bounds);
    const u64 chunk = chunk_of(n, t);
    DEWAR_BEGIN_CHUNK(chunk * t.bytes);
    if (chunk)
      std::memcpy(heap.payload(r) + u64{to} * t.bytes, inst->elem_refs[segment].get() + from, chunk * sizeof(Ref));
    if (chunk == n) break;
    sp[-3] = to + chunk;
    sp[-2] = from + chunk;
    sp[-1] = n - chunk;
  }
  sp -= 4;
  pc = p;
  DEWAR_DISPATCH();
}

}  // namespace dewar::exec::interp
