// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// References, i31, structs, casts and throwing (spec 4.6.5 to 4.6.8). Arrays are in handlers_array.cpp. Everything that
// allocates saves the state first: the operands in their slots are the collector's roots.
#include "exec/interp/calls.h"
#include "exec/interp/gc_access.h"
#include "runtime/gc_alloc.h"

namespace dewar::exec::interp {

using runtime::Ref;

DEWAR_HANDLER(op_ref_null) {
  *sp++ = 0;
  ++pc;
  skip_leb(pc);
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_ref_is_null) {
  sp[-1] = static_cast<u32>(sp[-1]) == 0;
  DEWAR_NEXT(1);
}
DEWAR_HANDLER(op_ref_func) {
  const u8* p = pc + 1;
  *sp++ = runtime::func_ref(inst->funcs[leb_u32(p)]->index);
  pc = p;
  DEWAR_DISPATCH();
}
DEWAR_HANDLER(op_ref_eq) {
  sp[-2] = static_cast<u32>(sp[-2]) == static_cast<u32>(sp[-1]);
  --sp;
  DEWAR_NEXT(1);
}
DEWAR_HANDLER(op_ref_as_non_null) {
  if (static_cast<u32>(sp[-1]) == 0) DEWAR_TRAP(TrapKind::null_reference);
  DEWAR_NEXT(1);
}
DEWAR_HANDLER(op_ref_i31) {
  sp[-1] = runtime::i31_ref(static_cast<u32>(sp[-1]));
  DEWAR_NEXT(1);
}
DEWAR_HANDLER(op_i31_get_s) {
  const Ref r = static_cast<u32>(sp[-1]);
  if (r == 0) DEWAR_TRAP(TrapKind::null_i31_reference);
  sp[-1] = runtime::i31_s(r);
  DEWAR_NEXT(1);
}
DEWAR_HANDLER(op_i31_get_u) {
  const Ref r = static_cast<u32>(sp[-1]);
  if (r == 0) DEWAR_TRAP(TrapKind::null_i31_reference);
  sp[-1] = runtime::i31_u(r);
  DEWAR_NEXT(1);
}
DEWAR_HANDLER(op_any_convert_extern) { DEWAR_NEXT(1); }
DEWAR_HANDLER(op_extern_convert_any) { DEWAR_NEXT(1); }

namespace {

/// The reference type that a heap type immediate names, in canonical space.
wasm::CanonValType read_ref_type(const Instance* inst, const u8*& p, bool nullable) {
  static constexpr wasm::Heap kHeaps[] = {
      // 0x69 exn, 0x6a array, 0x6b struct, 0x6c i31, 0x6d eq, 0x6e any, 0x6f extern, 0x70 func, 0x71 none,
      // 0x72 noextern, 0x73 nofunc, 0x74 noexn (spec 5.3.3)
      wasm::Heap::exn,  wasm::Heap::array,    wasm::Heap::struct_, wasm::Heap::i31,
      wasm::Heap::eq,   wasm::Heap::any,      wasm::Heap::extern_, wasm::Heap::func,
      wasm::Heap::none, wasm::Heap::noextern, wasm::Heap::nofunc,  wasm::Heap::noexn};
  const i64 v = leb_s64(p);
  if (v < 0) return wasm::CanonValType::ref(kHeaps[(v + 0x80) - 0x69], nullable);
  return wasm::CanonValType::ref(inst->module->canon[static_cast<usize>(v)], nullable);
}

/// Takes or passes a branch on a cast: `taken` decides. pc/side move accordingly.
template <bool kTakenIfMatch>
DEWAR_HANDLER(br_on_cast) {
  const u8* p = pc + 1;
  const u8 flags = *p++;
  skip_leb(p);
  skip_leb(p);  // source type: known to fit
  const bool match = inst->store->ref_matches(static_cast<u32>(sp[-1]), read_ref_type(inst, p, flags & 2));
  if (match == kTakenIfMatch) {
    // The prefix puts pc on the last byte of the opcode; entries count from its first.
    pc = prefixed_start(pc);
    DEWAR_TAIL(op_br);
  }
  const u32 cost = side->cost_next;
  ++side;
  pc = p;
  DEWAR_CHARGE(cost);
  DEWAR_DISPATCH();
}

}  // namespace

/// What br_on_cast decides, for compiled code, which then branches.
DEWAR_HANDLER(step_cast) {
  const u8* p = pc + 1;
  const u8 flags = *p++;
  skip_leb(p);
  skip_leb(p);
  stack->native.step_result = inst->store->ref_matches(static_cast<u32>(sp[-1]), read_ref_type(inst, p, flags & 2));
  DEWAR_NEXT(1);
}

DEWAR_HANDLER(op_br_on_cast) { DEWAR_TAIL(br_on_cast<true>); }
DEWAR_HANDLER(op_br_on_cast_fail) { DEWAR_TAIL(br_on_cast<false>); }

#define DEWAR_REF_TEST(name_, null_)                                                            \
  DEWAR_HANDLER(name_) {                                                                        \
    const u8* p = pc + 1;                                                                       \
    sp[-1] = inst->store->ref_matches(static_cast<u32>(sp[-1]), read_ref_type(inst, p, null_)); \
    pc = p;                                                                                     \
    DEWAR_DISPATCH();                                                                           \
  }
DEWAR_REF_TEST(op_ref_test, false)
DEWAR_REF_TEST(op_ref_test_null, true)

#define DEWAR_REF_CAST(name_, null_)                                                        \
  DEWAR_HANDLER(name_) {                                                                    \
    const u8* p = pc + 1;                                                                   \
    if (!inst->store->ref_matches(static_cast<u32>(sp[-1]), read_ref_type(inst, p, null_))) \
      DEWAR_TRAP(TrapKind::cast_failure);                                                   \
    pc = p;                                                                                 \
    DEWAR_DISPATCH();                                                                       \
  }
DEWAR_REF_CAST(op_ref_cast, false)
DEWAR_REF_CAST(op_ref_cast_null, true)

DEWAR_HANDLER(op_struct_new) {
  const u8* p = pc + 1;
  const wasm::CanonId type = inst->module->canon[leb_u32(p)];
  DEWAR_SAVE_STATE();
  gc::Heap& heap = inst->store->heap();
  const Ref r = runtime::allocate(*inst->store, *stack, [&] { return heap.new_struct(type); });
  fuel = stack->fuel;
  if (r == 0) DEWAR_TAIL(exit_allocation);
  const auto& fields = inst->store->engine().types().type(type).fields;
  const gc::Layout& layout = heap.layout(type);
  for (usize i = fields.size(); i-- > 0;) {
    sp -= fields[i].type.slots();
    write_field(heap.payload(r) + layout.offsets[i], fields[i].type, sp);
  }
  *sp++ = r;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_struct_new_default) {
  const u8* p = pc + 1;
  const wasm::CanonId type = inst->module->canon[leb_u32(p)];
  DEWAR_SAVE_STATE();
  const Ref r = runtime::allocate(*inst->store, *stack, [&] { return inst->store->heap().new_struct(type); });
  fuel = stack->fuel;
  if (r == 0) DEWAR_TAIL(exit_allocation);
  *sp++ = r;
  pc = p;
  DEWAR_DISPATCH();
}

namespace {

template <bool kSigned>
DEWAR_HANDLER(struct_get) {
  const u8* p = pc + 1;
  const wasm::CanonId type = inst->module->canon[leb_u32(p)];
  const u32 field = leb_u32(p);
  const Ref r = static_cast<u32>(sp[-1]);
  if (r == 0) DEWAR_TRAP(TrapKind::null_structure_reference);
  gc::Heap& heap = inst->store->heap();
  const auto t = inst->store->engine().types().type(type).fields[field].type;
  --sp;
  read_field<kSigned>(heap.payload(r) + heap.layout(type).offsets[field], t, sp);
  sp += t.slots();
  pc = p;
  DEWAR_DISPATCH();
}

}  // namespace

DEWAR_HANDLER(op_struct_get) { DEWAR_TAIL(struct_get<false>); }
DEWAR_HANDLER(op_struct_get_s) { DEWAR_TAIL(struct_get<true>); }
DEWAR_HANDLER(op_struct_get_u) { DEWAR_TAIL(struct_get<false>); }

DEWAR_HANDLER(op_struct_set) {
  const u8* p = pc + 1;
  const wasm::CanonId type = inst->module->canon[leb_u32(p)];
  const u32 field = leb_u32(p);
  gc::Heap& heap = inst->store->heap();
  const auto t = inst->store->engine().types().type(type).fields[field].type;
  Slot* value = sp - t.slots();
  const Ref r = static_cast<u32>(value[-1]);
  if (r == 0) DEWAR_TRAP(TrapKind::null_structure_reference);
  write_field(heap.payload(r) + heap.layout(type).offsets[field], t, value);
  sp = value - 1;
  pc = p;
  DEWAR_DISPATCH();
}

DEWAR_HANDLER(op_throw_) {
  const u8* p = pc + 1;
  const runtime::Tag* tag = inst->tags[leb_u32(p)];
  DEWAR_SAVE_STATE();
  gc::Heap& heap = inst->store->heap();
  const Ref r = runtime::allocate(*inst->store, *stack, [&] { return heap.new_exception(tag->index, tag->type); });
  fuel = stack->fuel;
  if (r == 0) DEWAR_TAIL(exit_block);
  u32 slots = 0;
  for (const auto t : inst->store->engine().types().type(tag->type).params) slots += t.slots();
  std::memcpy(heap.payload(r), sp - slots, slots * sizeof(Slot));
  stack->exception = r;
  DEWAR_TAIL(raise_exception);
}

DEWAR_HANDLER(op_throw_ref) {
  const Ref r = static_cast<u32>(sp[-1]);
  if (r == 0) DEWAR_TRAP(TrapKind::null_exception_reference);
  stack->exception = r;
  DEWAR_TAIL(raise_exception);
}

DEWAR_HANDLER(op_rethrow) {
  // The entry's drop is the slot of the catch block's hidden exception.
  stack->exception = static_cast<u32>(fp[code->local_slots + runtime::kHeaderSlots + side->drop]);
  DEWAR_TAIL(raise_exception);
}

}  // namespace dewar::exec::interp
