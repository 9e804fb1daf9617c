// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The one place where compiled code forms addresses of guest memory (design D7). A 32-bit index is always zero-extended
// here, whatever register it comes in. Guarded memories rely on their guard pages; all others are compared with the
// memory's size, in 64 bits with carry. What is not formed here does not touch guest memory: a fault of any other
// instruction is a bug, and ends the process.
#pragma once

#include "base/seed_bug.h"
#include "exec/baseline/emit.h"

namespace dewar::exec::baseline {

/// Most bytes that an access may have: those of a vector, or of a small copy or fill, which has many parts.
inline constexpr u32 kMaxInlineBulk = 64;
/// Most of an offset that is a displacement: parts of the access are behind it.
inline constexpr u64 kMaxDisp = (u64{1} << 31) - kMaxInlineBulk;

/// The memory of an access, and the bytes that it touches: as many as the instruction that is emitted reads or writes.
struct GuestAccess {
  const wasm::MemoryType& type;
  u32 memory = 0;
  u64 offset = 0;
  u32 bytes = 0;
};

class GuestAddress {
 public:
  /// The common case, which needs no object: memory 0 with guard pages, and a displacement.
  static bool is_plain(const EmitContext& c, const Value& index, u64 offset) {
    return c.guarded0 && offset + constant_part(index) <= kMaxDisp;
  }
  /// For such: emits what comes before the access. `index` is used up.
  [[gnu::always_inline]] static void begin_plain(EmitContext& c, Value& index) {
    if (index.is_const()) return;
    zero_extend(c, kScratch, index);
    c.state.release(index);
  }
  /// The operand, after begin_plain(): for the next instruction, which is emitted as access() wants it.
  [[gnu::always_inline]] static Mem plain(EmitContext& c, const Value& index, u64 offset) {
    c.cold.at_access(c.m.position(), c.pc);
    const i32 disp = static_cast<i32>(offset + constant_part(index));
    return index.is_const() ? Mem(kMem, disp) : Mem(kMem, kScratch, Scale::x1, disp);
  }

  /// Emits what comes before the access, the bounds check among it. `index` is used up. Changes flags and kScratch,
  /// which is part of the address: until the access nothing else may be emitted that changes it.
  GuestAddress(EmitContext& c, const GuestAccess& access, Value& index);
  GuestAddress(const GuestAddress&) = delete;
  GuestAddress& operator=(const GuestAddress&) = delete;
  ~GuestAddress() {
    if (has_base_) c_.state.release(base_);
  }

  /// emit(operand) is to emit exactly one instruction, as wide as `access.bytes` and with no other operand in memory.
  template <class Emit>
  void access(Emit&& emit) {
    access_part(0, emit);
  }
  /// The same for some of the bytes, from `at` on.
  template <class Emit>
  void access_part(u32 at, Emit&& emit) {
    c_.cold.at_access(c_.m.position(), c_.pc);
    emit(operand_.plus(static_cast<i32>(at)));
  }

 private:
  void form_guarded(const GuestAccess& access, Value& index);
  void form_checked(const GuestAccess& access, Value& index);
  /// A 32-bit index that is no constant. Never left out, also where the register's upper half is known to be zero: a
  /// mistake there would be an escape.
  [[gnu::always_inline]] static void zero_extend(EmitContext& c, Gpr to, Value& index) {
    // Bug 9: an index without its zero-extension.
    const Width w = SEED(9, Width::w32, Width::w64);
    if (DEWAR_LIKELY(!c.state.in_memory(index))) return c.m.mov_plain(w, to, gpr(c.state.reg_of(index)));
    c.m.load(Width::w32, to, kFp, c.state.disp_of(index));
  }
  static u64 constant_part(const Value& index) { return index.is_const() ? u64{static_cast<u32>(index.constant)} : 0; }
  void load_index_32(Gpr to, Value& index);
  void load_memory(u32 memory);

  EmitContext& c_;
  Mem operand_;
  Reg base_{};
  bool has_base_ = false;
};

/// Loads and stores without lanes: pops the index (and value), pushes the result. False if `op` is none.
bool emit_load(EmitContext& c, wasm::Op op, const wasm::MemoryType& type, u32 memory, u64 offset);
bool emit_store(EmitContext& c, wasm::Op op, const wasm::MemoryType& type, u32 memory, u64 offset);
/// The same of i32.load to i64.store32 where is_plain() says so. A load's index is popped by the caller.
void emit_plain_load(EmitContext& c, wasm::Op op, Value index, u32 offset);
void emit_plain_store(EmitContext& c, wasm::Op op, u32 offset);

/// memory.copy and memory.fill of 1 to kMaxInlineBulk bytes; their number is a constant on top (emit_bulk.cpp).
struct BulkMemory {
  const wasm::MemoryType& type;
  u32 index;
};
void emit_small_copy(EmitContext& c, const BulkMemory& to_memory, const BulkMemory& from_memory);
void emit_small_fill(EmitContext& c, const BulkMemory& memory);

}  // namespace dewar::exec::baseline
