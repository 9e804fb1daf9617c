// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memories, tables, variables. Careful code stays inside the declared minimum, which sizes never fall below; every
// second careful address is the last one that is valid.
#include <algorithm>
#include <bit>

#include "diff/body.h"
#include "wasm/instr_writer.h"

namespace dewar::diff {

using wasm::Imm;
using wasm::kI32;
using wasm::kI64;

/// A local whose value is masked at the beginning of the function, as a base that accesses go out from.
void Body::make_pointer(bool is64) {
  const u64 bound = dice_.chance(50) ? 0xfff : 0xff;
  const Pointer p{new_local(is64 ? kI64 : kI32, true), bound, is64};
  value(is64 ? kI64 : kI32, 2);
  pop(1);
  index_const(bound, is64);
  op(is64 ? Op::i64_and : Op::i32_and);
  op_u(Op::local_set, p.local);
  pointers_.push_back(p);
}

/// Takes a step with a pointer, around its end.
void Body::move_pointer() {
  const Pointer& p = dice_.of(pointers_);
  if (p.bound < 0xff) return;  // counters of loops are not moved
  op_u(Op::local_get, p.local);
  index_const(dice_.chance(50) ? 8 : dice_.below(100), p.is64);
  op(p.is64 ? Op::i64_add : Op::i32_add);
  index_const(p.bound, p.is64);
  op(p.is64 ? Op::i64_and : Op::i32_and);
  op_u(Op::local_set, p.local);
}

/// Emits an index in [0, max] that is a multiple of `align` (a power of two): a constant, or a masked value.
void Body::index_up_to(u64 max, bool is64, u64 align) {
  if (align == 1 && !pointers_.empty() && dice_.chance(50)) {
    const Pointer& p = dice_.of(pointers_);
    if (p.is64 == is64 && p.bound <= max) {
      op_u(Op::local_get, p.local);
      if (!dice_.chance(30)) return;
      index_const(dice_.next() % (max - p.bound + 1), is64);
      op(is64 ? Op::i64_add : Op::i32_add);
      return;
    }
  }
  const u64 last = max & ~(align - 1);
  const u64 mask = (std::bit_floor(max + 1) - 1) & ~(align - 1);
  switch (dice_.below(5)) {
    case 4: {
      // By way of 64 bits, the upper ones of which must not count.
      if (is64) return index_const(last, is64);
      value(kI64, 2);
      pop(1);
      i64_const(mask);
      op(Op::i64_and);
      i64_const(dice_.next() << 32);
      op(Op::i64_or);
      op(Op::i32_wrap_i64);
      return;
    }
    case 0: return index_const(last, is64);
    case 1: return index_const((dice_.next() % (max + 1)) & ~(align - 1), is64);
    default:
      value(is64 ? kI64 : kI32, 2);
      pop(1);
      index_const(mask, is64);
      op(is64 ? Op::i64_and : Op::i32_and);
      return;
  }
}

/// Emits the index operand of an access and chooses memory and offset. False, with nothing emitted, if there is no
/// memory that it can go to.
bool Body::memory_operand(Op o, u64& offset, u32& memory) {
  if (plan_.memories.empty()) return false;
  memory = dice_.chance(50) ? 0 : dice_.below(plan_.memories.size());
  const wasm::MemoryType& type = plan_.memories[memory];
  const bool is64 = type.limits.is64;
  const u64 bytes = type.limits.min << type.page_log2, size = u64{1} << wasm::op_info(o).align;
  const bool atomic = wasm::op_info(o).effects & wasm::kAtomic;
  // These are many, and one trap is the end of a call.
  const bool careless = danger() && dice_.chance(25);
  if (!careless) {
    if (bytes < size) return false;
    const u64 room = bytes - size, align = atomic ? size : 1;
    // The offset takes all, a part, or nothing of the way.
    switch (dice_.below(8)) {
      case 0: offset = room; break;
      case 1:
      case 2: offset = dice_.next() % (std::min<u64>(room, 300) + 1); break;
      // Far out, with room for a pointer.
      case 3: offset = dice_.next() % (room - std::min<u64>(room, 0xfff) + 1); break;
      default: offset = 0; break;
    }
    offset &= ~(align - 1);
    if (dice_.chance(12) && (!atomic || type.page_log2 == 16)) {
      // From the end that the memory has now.
      op_u(Op::memory_size, memory);
      index_const(type.page_log2, is64);
      op(is64 ? Op::i64_shl : Op::i32_shl);
      index_const(offset + size + (dice_.next() % (room - offset + 1) & ~(align - 1)), is64);
      op(is64 ? Op::i64_sub : Op::i32_sub);
      return true;
    }
    index_up_to(room - offset, is64, align);
    return true;
  }
  static constexpr u64 kOffsets[] = {0, 0, 1, 4, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff};
  offset = dice_.of(kOffsets);
  if (is64 && dice_.chance(50)) offset = dice_.chance(50) ? ~u64{0} - dice_.below(20) : u64{1} << dice_.between(32, 63);
  const u64 edges[] = {bytes - size + 1,     bytes - 1, bytes, bytes + 65536, 0xffffffff, 0x80000000, 0xfffffff0 - size,
                       bytes - size - offset};
  if (dice_.chance(45)) {
    // Whatever a local holds, upper half and all, with a step or without: what loads and stores are fused with.
    if (const u32 local = some_local(is64 ? kI64 : kI32, false); local != kNone) {
      if (dice_.chance(50)) offset = dice_.below(200);
      op_u(Op::local_get, local);
      if (dice_.chance(40)) {
        index_const(dice_.below(100), is64);
        op(is64 ? Op::i64_add : Op::i32_add);
      }
      return true;
    }
  }
  if (dice_.chance(70)) {
    u64 at = dice_.of(edges);
    if (is64 && dice_.chance(40))
      at = dice_.chance(50) ? ~u64{0} - dice_.below(20) : at + (u64{1} << dice_.between(32, 63));
    index_const(at, is64);
  } else {
    value(is64 ? kI64 : kI32, 1);
    pop(1);
  }
  return true;
}

bool Body::memory_access(Op o, u32 depth) {
  const wasm::OpInfo& info = wasm::op_info(o);
  const SimpleSig& sig = simple_sig(o);
  u64 offset = 0;
  u32 memory = 0;
  if (!memory_operand(o, offset, memory)) return false;
  const bool waits = o == Op::memory_atomic_wait32 || o == Op::memory_atomic_wait64;
  if (waits && !plan_.memories[memory].shared && !danger()) {
    // Not a memory to wait on: the index goes, nothing else happens.
    op(Op::drop);
    return false;
  }
  const usize height = stack_.size();
  push(plan_.memories[memory].limits.is64 ? kI64 : kI32);
  const usize values = sig.params.size() - (waits ? 2 : 1);
  for (usize i = 1; i <= values; ++i) value(sig.params[i], depth + 1);
  if (waits) {
    // No wait without an end: the timeout is at most a microsecond.
    i64_const(dice_.below(1000));
    push(kI64);
  }
  op(o);
  const bool atomic = info.effects & wasm::kAtomic;
  u(((atomic ? info.align : dice_.below(info.align + 1u)) | (memory != 0 ? 0x40u : 0u)));
  if (memory != 0) u(memory);
  u(offset);
  if (info.imm == Imm::memarg_lane) out_.push_back(static_cast<u8>(dice_.below(16u >> info.align)));
  stack_.resize(height);
  for (const ValType t : sig.results) push(t);
  return true;
}

/// memory.size, memory.grow, memory.init, memory.copy, memory.fill, data.drop
bool Body::memory_bulk(Op o) {
  if (plan_.memories.empty()) return false;
  const u32 memory = dice_.below(plan_.memories.size()), other = dice_.below(plan_.memories.size());
  const auto bytes = [&](u32 m) { return plan_.memories[m].limits.min << plan_.memories[m].page_log2; };
  const auto is64 = [&](u32 m) { return plan_.memories[m].limits.is64; };
  const auto type = [&](u32 m) { return is64(m) ? kI64 : kI32; };
  const bool careless = danger();
  switch (o) {
    case Op::memory_size:
      op_u(o, memory);
      push(type(memory));
      return true;
    case Op::memory_grow:
      if (mult_ > 4) return false;
      index_const(careless ? dice_.next() : dice_.below(3), is64(memory));
      op_u(o, memory);
      push(type(memory));
      return true;
    case Op::memory_fill: {
      const u64 n = std::min<u64>(bytes(memory), dice_.chance(5) ? 9000 : dice_.below(64));
      index_up_to(bytes(memory) - n, is64(memory));
      value(kI32, 1);
      pop(1);
      index_const(careless ? n + bytes(memory) : n, is64(memory));
      op_u(o, memory);
      return true;
    }
    case Op::memory_copy: {
      const u64 n = std::min({bytes(memory), bytes(other), u64{dice_.chance(5) ? 9000 : dice_.below(64)}});
      index_up_to(bytes(memory) - n, is64(memory));
      index_up_to(bytes(other) - n, is64(other));
      index_const(careless ? n + 1 + dice_.next() : n, is64(memory) && is64(other));
      op_u(o, memory);
      u(other);
      return true;
    }
    case Op::memory_init: {
      // The last segment is the one that is dropped.
      const u32 segments = static_cast<u32>(plan_.draft.datas.size());
      const u32 segment = dice_.below(segments);
      const u64 n = segment == segments - 1 ? 0 : std::min<u64>(bytes(memory), dice_.below(kSegmentBytes));
      index_up_to(bytes(memory) - n, is64(memory));
      i32_const(n == 0 ? 0 : static_cast<u32>(dice_.below(kSegmentBytes - n + 1)));
      i32_const(static_cast<u32>(careless ? n + dice_.below(300) : n));
      op_u(o, segment);
      u(memory);
      return true;
    }
    default:  // data.drop
      op_u(o, careless ? dice_.below(plan_.draft.datas.size()) : plan_.draft.datas.size() - 1);
      return true;
  }
}

/// A table other than that of indirect calls whose elements are these, or any if the type is bottom.
u32 Body::pick_table(ValType elem) {
  const u32 count = static_cast<u32>(plan_.tables.size()), from = dice_.below(count);
  const bool careless = danger();
  for (u32 i = 0; i < count; ++i) {
    const u32 at = (from + i) % count;
    if (at == plan_.call_table && !careless) continue;
    if (elem.is_bottom() || plan_.tables[at].elem == elem) return at;
  }
  return kNone;
}

bool Body::table_op(Op o) {
  const bool careless = danger();
  const auto segments = static_cast<u32>(plan_.draft.elems.size());
  if (o == Op::elem_drop) {
    op_u(o, careless ? dice_.below(segments) : segments - 1);
    return true;
  }
  u32 segment = dice_.below(segments);
  const u32 table = pick_table(o == Op::table_init ? plan_.draft.elems[segment].type : ValType{});
  if (table == kNone) return false;
  const wasm::TableType& type = plan_.tables[table];
  const bool is64 = type.limits.is64;
  const ValType index = is64 ? kI64 : kI32;
  const auto elem = [&] {
    value(type.elem, 1);
    pop(1);
  };
  const u32 n = dice_.below(6);
  switch (o) {
    case Op::table_get:
      index_up_to(careless ? 300 : kTableMin - 1, is64);
      op_u(o, table);
      push(type.elem);
      return true;
    case Op::table_set:
      index_up_to(careless ? 300 : kTableMin - 1, is64);
      elem();
      op_u(o, table);
      return true;
    case Op::table_size:
      op_u(o, table);
      push(index);
      return true;
    case Op::table_grow:
      elem();
      index_const(careless ? dice_.next() & 0xffffffff : dice_.below(4), is64);
      op_u(o, table);
      push(index);
      return true;
    case Op::table_fill:
      index_up_to(kTableMin - n, is64);
      elem();
      index_const(careless ? n + 100 : n, is64);
      op_u(o, table);
      return true;
    case Op::table_copy: {
      const u32 from = pick_table(type.elem);
      if (from == kNone) return false;
      index_up_to(kTableMin - n, is64);
      index_up_to(kTableMin - n, plan_.tables[from].limits.is64);
      index_const(careless ? n + 50 : n, is64 && plan_.tables[from].limits.is64);
      op_u(o, table);
      u(from);
      return true;
    }
    case Op::table_init: {
      const u32 count =
          segment == segments - 1 || plan_.draft.elems[segment].mode != wasm::SegmentMode::passive ? 0 : n;
      index_up_to(kTableMin - count, is64);
      i32_const(count == 0 ? 0 : dice_.below(kSegmentItems - count + 1));
      i32_const(careless ? count + 20 : count);
      op_u(o, segment);
      u(table);
      return true;
    }
    default: return false;
  }
}

/// Integer locals get new values out of one another, so that registers go round among them.
void Body::exchange_locals() {
  std::vector<u32> which;
  for (u32 local = 0; local < locals_.size(); ++local)
    if (writable_[local] && (locals_[local] == kI32 || locals_[local] == kI64)) which.push_back(local);
  if (which.size() < 2) return;
  for (u32 n = dice_.between(2, 6); n > 0; --n) {
    const u32 from = dice_.of(which), to = dice_.of(which);
    op_u(Op::local_get, from);
    if (locals_[from] != locals_[to]) op(locals_[to] == kI32 ? Op::i32_wrap_i64 : Op::i64_extend_i32_u);
    if (dice_.chance(70)) {
      op_u(Op::local_get, to);
      op(locals_[to] == kI32 ? Op::i32_xor : Op::i64_sub);
    }
    op_u(Op::local_set, to);
  }
}

bool Body::variable_op(Op o) {
  switch (o) {
    case Op::drop:
      if (available() == 0) value(plan_.value_type(dice_), 0);
      op(o);
      pop(1);
      return true;
    case Op::select: {
      ValType t = plan_.value_type(dice_);
      if (available() > 0 && !stack_.back().is_ref()) t = stack_.back();
      if (t.is_ref()) t = kI64;
      const ValType types[] = {t, t};
      operands(types);
      condition();
      op(o);
      pop(3);
      push(t);
      return true;
    }
    case Op::select_t: {
      const ValType t = available() > 0 ? stack_.back().with_null(true) : plan_.value_type(dice_);
      const ValType real = available() > 0 && !stack_.back().is_ref() ? stack_.back() : t;
      const ValType types[] = {real, real, kI32};
      operands(types);
      op_u(o, 1);
      wasm::write_val_type(out_, real);
      pop(3);
      push(real);
      return true;
    }
    case Op::local_get: {
      if (locals_.empty()) return false;
      const u32 local = dice_.below(locals_.size());
      if (!readable_[local]) return false;
      op_u(o, local);
      push(locals_[local]);
      return true;
    }
    case Op::local_set:
    case Op::local_tee: {
      if (!pointers_.empty() && dice_.chance(10)) return move_pointer(), true;
      if (dice_.chance(8)) return exchange_locals(), true;
      u32 local = available() > 0 ? some_local(stack_.back(), true) : kNone;
      if (local == kNone) {
        if (locals_.empty()) return false;
        local = dice_.below(locals_.size());
        if (!writable_[local]) return false;
        value(locals_[local]);
      }
      op_u(o, local);
      pop(1);
      if (o == Op::local_tee) push(locals_[local]);
      return true;
    }
    case Op::global_get: {
      if (plan_.globals.empty()) return false;
      const u32 global = dice_.below(plan_.globals.size());
      op_u(o, global);
      push(plan_.globals[global].type);
      return true;
    }
    case Op::global_set: {
      if (plan_.globals.empty()) return false;
      const u32 global = dice_.below(plan_.globals.size());
      if (!plan_.globals[global].mut) return false;
      const ValType type = plan_.globals[global].type;
      operands({&type, 1});
      op_u(o, global);
      pop(1);
      return true;
    }
    default: return false;
  }
}

}  // namespace dewar::diff
