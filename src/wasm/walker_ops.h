// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Dispatch of the body walker and all instructions that are not control: simple signatures straight from ops.def,
// variables, tables, memories, references (GC instructions: walker_gc.h). Included by walker.h.
#pragma once

#include <array>

#include "wasm/walker.h"

namespace dewar::wasm {

namespace detail {

/// A signature of ops.def without "*", parsed at compile time. `a` (address) is kept as kBottom.
struct SimpleSig {
  u8 pops = 0, pushes = 0;
  ValType pop[4], push[2];
};

constexpr ValType sig_type(char c) {
  switch (c) {
    case 'i': return kI32;
    case 'l': return kI64;
    case 'f': return kF32;
    case 'd': return kF64;
    case 'v': return kV128;
    default: return ValType{};
  }
}

constexpr bool is_simple(const OpInfo& info) { return info.sig[0] != '*'; }

constexpr SimpleSig parse_sig(const char* sig) {
  SimpleSig s;
  bool results = false;
  for (; *sig; ++sig) {
    if (*sig == ':') {
      results = true;
    } else if (results) {
      s.push[s.pushes++] = sig_type(*sig);
    } else {
      s.pop[s.pops++] = sig_type(*sig);
    }
  }
  return s;
}

inline constexpr auto kSimpleSigs = [] {
  std::array<SimpleSig, kOpCount> table{};
  for (usize i = 0; i < kOpCount; ++i)
    if (is_simple(kOps[i])) table[i] = parse_sig(kOps[i].sig);
  return table;
}();

/// How the walker treats a single-byte opcode.
enum class Fast : u8 { slow, unary, binary, compare, test, local_get, local_set, local_tee, load, store, i32_const };

struct FastOp {
  Fast kind = Fast::slow;
  u16 op = static_cast<u16>(Op::kCount);
  ValType operand, result;
};

inline constexpr auto kFastOps = [] {
  std::array<FastOp, 256> table{};
  for (usize i = 0; i < kOpCount; ++i) {
    const OpInfo& info = kOps[i];
    if (info.prefix != 0) continue;
    FastOp& f = table[info.code];
    f.op = static_cast<u16>(i);
    if (info.feature != Feature::mvp) continue;
    const Op op = static_cast<Op>(i);
    if (op == Op::local_get) f.kind = Fast::local_get;
    if (op == Op::local_set) f.kind = Fast::local_set;
    if (op == Op::local_tee) f.kind = Fast::local_tee;
    if (op == Op::i32_const) f.kind = Fast::i32_const;
    if (!is_simple(info)) continue;
    const SimpleSig s = parse_sig(info.sig);
    if (info.imm == Imm::none && s.pushes == 1) {
      f.operand = s.pop[0];
      f.result = s.push[0];
      if (s.pops == 1) f.kind = s.pop[0] == s.push[0] ? Fast::unary : Fast::test;
      if (s.pops == 2) f.kind = s.pop[0] == s.push[0] ? Fast::binary : Fast::compare;
    }
    if (info.imm == Imm::memarg) {
      f.kind = s.pushes ? Fast::load : Fast::store;
      f.operand = s.pop[1];
      f.result = s.push[0];
    }
  }
  return table;
}();

}  // namespace detail

template <class Sink>
bool Walker<Sink>::step(u8 byte, u32 pc) {
  const detail::FastOp& fast = detail::kFastOps[byte];
  const Op op = static_cast<Op>(fast.op);
  if (DEWAR_LIKELY(fast.kind != detail::Fast::slow)) sink_.op(*this, op, pc);
  switch (fast.kind) {
    case detail::Fast::local_get: {
      const u32 i = c_.leb_u32();
      if (DEWAR_UNLIKELY(i >= locals_.size())) {
        if (!step_far_local(op, i)) return false;
        break;
      }
      if (DEWAR_UNLIKELY(!local_set_[i])) return invalid("uninitialized local");
      push(locals_[i]);
      break;
    }
    case detail::Fast::local_set:
    case detail::Fast::local_tee: {
      const u32 i = c_.leb_u32();
      if (DEWAR_UNLIKELY(i >= locals_.size())) {
        if (!step_far_local(op, i)) return false;
        break;
      }
      if (!pop(locals_[i])) return false;
      if (DEWAR_UNLIKELY(!local_set_[i])) {
        local_set_[i] = 1;
        init_log_.push_back(i);
      }
      if (fast.kind == detail::Fast::local_tee) push(locals_[i]);
      break;
    }
    case detail::Fast::i32_const:
      c_.leb_s32();
      push(kI32);
      break;
    case detail::Fast::unary:
      if (DEWAR_LIKELY(sp_ > floor_ && sp_[-1] == fast.operand)) break;
      if (!pop(fast.operand)) return false;
      push(fast.operand);
      break;
    case detail::Fast::test:
      if (!pop(fast.operand)) return false;
      push(fast.result);
      break;
    case detail::Fast::binary:
    case detail::Fast::compare:
      if (DEWAR_LIKELY(sp_ - floor_ >= 2 && sp_[-1] == fast.operand && sp_[-2] == fast.operand)) {
        --sp_;
        note_low_water();
        sp_[-1] = fast.result;
        break;
      }
      if (!pop(fast.operand) || !pop(fast.operand)) return false;
      push(fast.result);
      break;
    case detail::Fast::load:
    case detail::Fast::store: {
      ValType address;
      if (!memarg(op_info(op), address)) return false;
      if (fast.kind == detail::Fast::store) {
        if (!pop(fast.operand) || !pop(address)) return false;
      } else {
        if (!pop(address)) return false;
        push(fast.result);
      }
      break;
    }
    case detail::Fast::slow: {
      Op found = op;
      if (byte >= 0xfb && byte <= 0xfe) {
        const u32 code = c_.leb_u32();
        if (!c_.ok()) return false;
        found = op_from_code(byte, code);
      }
      if (found == Op::kCount) return malformed("illegal opcode");
      const OpInfo& info = op_info(found);
      if (DEWAR_UNLIKELY(!all_features_) && !m_.features.has(info.feature) &&
          !(found == Op::throw_ && m_.features.has(Feature::legacy_exceptions)))
        return fail_with(feature_off(info.text, info.feature, pc));
      sink_.op(*this, found, pc);
      if (!(detail::is_simple(info) ? step_simple(info) : step_special(found, pc))) return false;
      sink_.after(*this, found, pc);
      return true;
    }
  }
  sink_.after(*this, op, pc);
  return true;
}

template <class Sink>
bool Walker<Sink>::step_simple(const OpInfo& info) {
  ValType address;
  switch (info.imm) {
    case Imm::none: break;
    case Imm::i32: c_.leb_s32(); break;
    case Imm::i64: c_.leb_s64(); break;
    case Imm::f32: c_.skip(4); break;
    case Imm::f64: c_.skip(8); break;
    case Imm::memory: {
      u32 index;
      if (!memory_index(address, index)) return false;
      break;
    }
    case Imm::memarg:
    case Imm::memarg_lane:
      if (!memarg(info, address)) return false;
      if (info.imm == Imm::memarg_lane && c_.byte() >= (16u >> info.align)) return invalid("invalid lane index");
      break;
    case Imm::fence:
      if (c_.byte() != 0) return malformed("zero byte expected after atomic.fence");
      break;
    default:
      if (!step_simd_immediate(info)) return false;
  }
  const detail::SimpleSig& s = detail::kSimpleSigs[static_cast<usize>(&info - detail::kOps.data())];
  for (u32 i = s.pops; i-- > 0;)
    if (!pop(s.pop[i].is_bottom() ? address : s.pop[i])) return false;
  for (u32 i = 0; i < s.pushes; ++i) push(s.push[i].is_bottom() ? address : s.push[i]);
  return true;
}

template <class Sink>
bool Walker<Sink>::step_simd_immediate(const OpInfo& info) {
  switch (info.imm) {
    case Imm::v128: c_.skip(16); return true;
    case Imm::shuffle:
      for (u8 lane : c_.bytes(16))
        if (lane >= 32) return invalid("invalid lane index");
      return true;
    case Imm::lane: {
      // Lanes of a shape: i8x16 16, i16x8 8, i32x4/f32x4 4, i64x2/f64x2 2; the digit after 'x' starts the count.
      const char* text = info.text;
      while (*text != 'x') ++text;
      u32 lanes = 0;
      for (++text; *text >= '0' && *text <= '9'; ++text) lanes = lanes * 10 + static_cast<u32>(*text - '0');
      return c_.byte() < lanes || invalid("invalid lane index");
    }
    default: DEWAR_UNREACHABLE("an immediate kind without a reader");
  }
}

template <class Sink>
bool Walker<Sink>::memory_index(ValType& address, u32& index) {
  index = 0;
  if (m_.features.has(Feature::multi_memory)) {
    index = c_.leb_u32();
  } else if (c_.byte() != 0 && c_.ok()) {
    return malformed("zero byte expected");
  }
  if (index >= m_.memories.size()) return c_.ok() && invalid("unknown memory");
  address = m_.memories[index].limits.is64 ? kI64 : kI32;
  return true;
}

template <class Sink>
bool Walker<Sink>::memarg(const OpInfo& info, ValType& address) {
  u32 align = c_.leb_u32();
  u32 memory = 0;
  if (DEWAR_UNLIKELY(align >= 32)) {
    if (align >= 128) return c_.ok() && malformed("malformed memop flags");
    if (align & 64) {
      if (!m_.features.has(Feature::multi_memory)) return malformed("malformed memop flags");
      memory = c_.leb_u32();
      align &= 63;
    }
  }
  const u64 offset = c_.leb_u64();
  if (DEWAR_UNLIKELY(memory >= m_.memories.size())) return c_.ok() && invalid("unknown memory");
  if (DEWAR_UNLIKELY(align > info.align)) return invalid("alignment must not be larger than natural");
  if (DEWAR_UNLIKELY((info.effects & kAtomic) && align != info.align))
    return invalid("atomic alignment must be natural");
  const bool is64 = m_.memories[memory].limits.is64;
  if (DEWAR_UNLIKELY(!is64 && offset > 0xffffffffu)) return invalid("offset out of range");
  address = is64 ? kI64 : kI32;
  return true;
}

template <class Sink>
bool Walker<Sink>::table_index(const TableType*& out) {
  const u32 index = c_.leb_u32();
  if (index >= m_.tables.size()) return c_.ok() && invalid("unknown table");
  out = &m_.tables[index].type;
  return true;
}

template <class Sink>
bool Walker<Sink>::type_index(const SubType*& out, CompositeKind kind, u32& index) {
  index = c_.leb_u32();
  if (index >= m_.types.size()) return c_.ok() && invalid("unknown type");
  out = &m_.types[index];
  return out->kind == kind || invalid("type index names another kind of type");
}

template <class Sink>
bool Walker<Sink>::data_index() {
  const u32 index = c_.leb_u32();
  if (!c_.ok()) return false;
  if (!m_.data_count) return malformed("data count section required");
  return index < *m_.data_count || invalid("unknown data segment");
}

template <class Sink>
bool Walker<Sink>::elem_index(u32& index) {
  index = c_.leb_u32();
  if (!c_.ok()) return false;
  return index < m_.elems.size() || invalid("unknown elem segment");
}

template <class Sink>
bool Walker<Sink>::read_val_type(ValType& out) {
  Error e;
  if (!wasm::read_val_type(c_, out, e)) {
    if (!c_.ok()) return false;
    locals_error_ = std::move(e);
    locals_error_->offset = c_.pos();
    return false;
  }
  if (auto problem = type_problem(m_, out, c_.pos())) return fail_with(std::move(*problem));
  return true;
}

template <class Sink>
bool Walker<Sink>::read_heap_type(ValType& out) {
  Error e;
  if (!wasm::read_heap_type(c_, out, e)) {
    if (!c_.ok()) return false;
    locals_error_ = std::move(e);
    locals_error_->offset = c_.pos();
    return false;
  }
  if (auto problem = type_problem(m_, out, c_.pos())) return fail_with(std::move(*problem));
  return true;
}

template <class Sink>
bool Walker<Sink>::step_special(Op op, u32 pc) {
  const OpInfo& info = op_info(op);
  if (info.prefix == 0xfb) {
    if (op == Op::br_on_cast || op == Op::br_on_cast_fail) return step_control(op, pc);
    return step_gc(op);
  }
  switch (op) {
    case Op::drop: {
      ValType any;
      return pop_any(any);
    }
    case Op::select:
    case Op::select_t:
    case Op::global_get:
    case Op::global_set: return step_variable(op);
    case Op::table_get:
    case Op::table_set:
    case Op::table_init:
    case Op::elem_drop:
    case Op::table_copy:
    case Op::table_grow:
    case Op::table_size:
    case Op::table_fill: return step_table(op);
    case Op::memory_init:
    case Op::data_drop:
    case Op::memory_copy:
    case Op::memory_fill: return step_memory(op);
    case Op::ref_null:
    case Op::ref_is_null:
    case Op::ref_func:
    case Op::ref_eq:
    case Op::ref_as_non_null: return step_reference(op);
    default: return step_control(op, pc);
  }
}

template <class Sink>
bool Walker<Sink>::step_variable(Op op) {
  switch (op) {
    case Op::select: {
      ValType a, b;
      if (!pop(kI32) || !pop_any(a) || !pop_any(b)) return false;
      if (a.is_ref() || b.is_ref()) return invalid("type mismatch: select on references needs a type");
      if (a != b && !a.is_bottom() && !b.is_bottom()) return invalid("type mismatch: select operands differ");
      push(a.is_bottom() ? b : a);
      return true;
    }
    case Op::select_t: {
      const u32 count = c_.leb_u32();
      if (!c_.ok()) return false;
      if (count != 1) return invalid("invalid result arity of select");
      ValType t;
      if (!read_val_type(t)) return false;
      if (!pop(kI32) || !pop(t) || !pop(t)) return false;
      push(t);
      return true;
    }
    default: {  // global.get, global.set
      const u32 index = c_.leb_u32();
      if (index >= m_.globals.size()) return c_.ok() && invalid("unknown global");
      const GlobalType& g = m_.globals[index].type;
      if (op == Op::global_get) {
        push(g.type);
        return true;
      }
      if (!g.mut) return invalid("global is immutable");
      return pop(g.type);
    }
  }
}

/// local.get, local.set and local.tee of a local that is not in locals_.
template <class Sink>
[[gnu::noinline]] bool Walker<Sink>::step_far_local(Op op, u32 index) {
  const auto run = std::upper_bound(local_runs_.begin(), local_runs_.end(), index,
                                    [](u32 i, const LocalRun& r) { return i < r.end; });
  if (run == local_runs_.end()) return invalid("unknown local");
  const bool defaultable = run->type.defaultable();
  if (!defaultable && far_set_.empty()) far_set_.resize(kMaxLocals);
  if (op == Op::local_get) {
    if (!defaultable && !far_set_[index]) return invalid("uninitialized local");
    push(run->type);
    return true;
  }
  if (!pop(run->type)) return false;
  if (!defaultable && !far_set_[index]) {
    far_set_[index] = 1;
    init_log_.push_back(index);
  }
  if (op == Op::local_tee) push(run->type);
  return true;
}

template <class Sink>
bool Walker<Sink>::step_table(Op op) {
  const TableType* t = nullptr;
  u32 elem = 0;
  if (op == Op::elem_drop) return elem_index(elem);
  if (op == Op::table_init && !elem_index(elem)) return false;
  if (!table_index(t)) return false;
  const ValType address = t->limits.is64 ? kI64 : kI32;
  switch (op) {
    case Op::table_get:
      if (!pop(address)) return false;
      push(t->elem);
      return true;
    case Op::table_set: return pop(t->elem) && pop(address);
    case Op::table_size: push(address); return true;
    case Op::table_grow:
      if (!pop(address) || !pop(t->elem)) return false;
      push(address);
      return true;
    case Op::table_fill: return pop(address) && pop(t->elem) && pop(address);
    case Op::table_init:
      if (!type_matches(m_.elems[elem].type, t->elem)) return invalid("type mismatch: segment does not fit the table");
      return pop(kI32) && pop(kI32) && pop(address);
    default: {  // table.copy: destination, source
      const TableType* source = nullptr;
      if (!table_index(source)) return false;
      if (!type_matches(source->elem, t->elem)) return invalid("type mismatch: tables differ in type");
      const ValType from = source->limits.is64 ? kI64 : kI32;
      const ValType length = address == kI64 && from == kI64 ? kI64 : kI32;
      return pop(length) && pop(from) && pop(address);
    }
  }
}

template <class Sink>
bool Walker<Sink>::step_memory(Op op) {
  ValType to, from;
  u32 index;
  switch (op) {
    case Op::data_drop: return data_index();
    case Op::memory_init: return data_index() && memory_index(to, index) && pop(kI32) && pop(kI32) && pop(to);
    case Op::memory_fill: return memory_index(to, index) && pop(to) && pop(kI32) && pop(to);
    default:  // memory.copy
      if (!memory_index(to, index) || !memory_index(from, index)) return false;
      return pop(to == kI64 && from == kI64 ? kI64 : kI32) && pop(from) && pop(to);
  }
}

template <class Sink>
bool Walker<Sink>::step_reference(Op op) {
  ValType t;
  switch (op) {
    case Op::ref_null:
      if (!read_heap_type(t)) return false;
      push(t.with_null(true));
      return true;
    case Op::ref_is_null:
      if (!pop_ref(t)) return false;
      push(kI32);
      return true;
    case Op::ref_func: {
      const u32 index = c_.leb_u32();
      if (index >= m_.funcs.size()) return c_.ok() && invalid("unknown function");
      if (!m_.funcs[index].declared) return invalid("undeclared function reference");
      push(ValType::ref(m_.funcs[index].type, false));
      return true;
    }
    case Op::ref_eq: {
      const ValType eq = ValType::ref(Heap::eq, true);
      if (!pop(eq) || !pop(eq)) return false;
      push(kI32);
      return true;
    }
    default:  // ref.as_non_null
      if (!pop_ref(t)) return false;
      push(t.with_null(false));
      return true;
  }
}

}  // namespace dewar::wasm

#include "wasm/walker_gc.h"  // IWYU pragma: export
