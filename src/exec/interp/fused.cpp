// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of fused groups, composed at compile time from one step per opcode. Values that pass from one step to the
// next stay in registers: the pending operands are a small array whose depth is a constant at every step once inlined.
#include "exec/interp/fused.h"

#include "base/seed_bug.h"
#include "exec/interp/branch.h"
#include "exec/interp/memory_access.h"
#include "exec/interp/numeric.h"
#include "exec/interp/quicken.h"

namespace dewar::exec::interp {

namespace {

using wasm::Op;

/// State between the steps of one group.
struct Group {
  const u8* p;  ///< next opcode byte
  Slot* sp;
  Slot* fp;
  u8* mem;
  Slot pending[5];  ///< operands not yet written to the stack
  u32 depth = 0;

  [[gnu::always_inline]] Slot pop() { return depth ? pending[--depth] : *--sp; }
  [[gnu::always_inline]] void push(Slot v) { pending[depth++] = v; }
  [[gnu::always_inline]] void flush() {
    for (u32 i = 0; i < depth; ++i) sp[i] = pending[i];
    sp += depth;
    depth = 0;
  }
};

/// Row of a numeric opcode: its function and signature.
template <Op kOp>
struct NumericRow;
#define OP(id, prefix, code, text, imm, sig, align, effects, feature) \
  template <>                                                         \
  struct NumericRow<Op::id> {                                         \
    using Callable = callable::id;                                    \
    using Sig = decltype(signature_of(&merged::id, 0));               \
  };
#include "wasm/ops.def"

/// A pure numeric operation from semantics.h.
template <class F, class Sig>
struct Apply;
template <class F, class R, class A>
struct Apply<F, Signature<R, A>> {
  [[gnu::always_inline]] static void step(Group& g) {
    const Slot a = g.pop();
    Slot r;
    write_slot<R>(&r, F::apply(read_slot<A>(&a)));
    g.push(r);
  }
};
template <class F, class R, class A, class B>
struct Apply<F, Signature<R, A, B>> {
  [[gnu::always_inline]] static void step(Group& g) {
    const Slot b = g.pop(), a = g.pop();
    Slot r;
    write_slot<R>(&r, F::apply(read_slot<A>(&a), read_slot<B>(&b)));
    g.push(r);
  }
};

template <class T, class W>
[[gnu::always_inline]] inline bool load(Group& g) {
  g.p += 2;  // opcode, alignment
  const Slot index = g.pop();
  // Bug 1: a missing zero-extension.
  const u64 address = SEED(1, static_cast<u32>(index), index) + u64{leb_u32(g.p)};
  Slot out;
  DEWAR_GUARDED_LOAD(T, W, out, g.mem, address);
  g.push(out);
  return true;
fault:
  return false;
}
template <class T>
[[gnu::always_inline]] inline bool store(Group& g) {
  g.p += 2;
  const Slot value = g.pop();
  const u64 offset = leb_u32(g.p);
  // Bug 2: large offsets are lost.
  const u64 address = static_cast<u32>(g.pop()) + SEED(2, offset, offset < 256 ? offset : 0);
  DEWAR_GUARDED_STORE(T, g.mem, address, value);
  return true;
fault:
  return false;
}

/// One opcode of a group; false if it faulted. br_if is the caller's.
template <Op kOp>
[[gnu::always_inline]] inline bool step(Group& g) {
  if constexpr (kOp == Op::local_get) {
    g.push(g.fp[g.p[1]]);
    g.p += 2;
  } else if constexpr (kOp == Op::local_set) {
    g.fp[g.p[1]] = g.pop();
    g.p += 2;
  } else if constexpr (kOp == Op::local_tee) {
    const Slot v = g.pop();
    // Bug 3: a lost spill.
    g.fp[g.p[1]] = SEED(3, v, g.fp[g.p[1]]);
    g.push(v);
    g.p += 2;
  } else if constexpr (kOp == Op::i32_const) {
    ++g.p;
    g.push(static_cast<u32>(leb_s32(g.p)));
  } else if constexpr (kOp == Op::i64_const) {
    // Quickening takes constants of one byte only.
    // Bug 4: a wrong extension.
    g.push(SEED(4, static_cast<u64>(static_cast<i64>(u64{g.p[1]} << 57) >> 57), u64{g.p[1]}));
    g.p += 2;
  } else if constexpr (kOp == Op::drop) {
    g.pop();
    g.p += 1;
#define X(id, t, w)                   \
  }                                   \
  else if constexpr (kOp == Op::id) { \
    return load<t, w>(g);
    DEWAR_SCALAR_LOADS(X)
#undef X
#define X(id, t)                      \
  }                                   \
  else if constexpr (kOp == Op::id) { \
    return store<t>(g);
    DEWAR_SCALAR_STORES(X)
#undef X
  } else {
    Apply<typename NumericRow<kOp>::Callable, typename NumericRow<kOp>::Sig>::step(g);
    g.p += 1;
  }
  return true;
}

template <Op... kOps>
struct Fused {
  static constexpr Op kAll[] = {kOps...};
  static constexpr bool kBranches = kAll[sizeof...(kOps) - 1] == Op::br_if;

  static DEWAR_HANDLER(run) {
    Group g{pc, sp, fp, mem, {}, 0};
    const u8* at = pc;  // the inner opcode that is being executed
    const bool ok = (... && [&] {
      if constexpr (kOps == Op::br_if) {
        return true;
      } else {
        at = g.p;
        return step<kOps>(g);
      }
    }());
    if (DEWAR_UNLIKELY(!ok)) {
      // Bug 5: the trap is blamed on the first instruction of the group.
      pc = SEED(5, at, pc);
      DEWAR_TRAP(TrapKind::memory_out_of_bounds);
    }
    if constexpr (kBranches) {
      // Bug 6: the condition is read with its undefined upper half.
      const u64 flag = g.pop();
      const bool condition = SEED(6, static_cast<u32>(flag), flag) != 0;
      g.flush();
      sp = g.sp;
      pc = g.p;
      if (condition) DEWAR_TAKE();
      ++pc;
      skip_leb(pc);
      const u32 cost = side->cost_next;
      ++side;
      DEWAR_CHARGE(cost);
      DEWAR_DISPATCH();
    } else {
      g.flush();
      sp = g.sp;
      pc = g.p;
      DEWAR_DISPATCH();
    }
  }
};

constexpr bool uses_memory(std::initializer_list<Op> ops) {
  for (Op op : ops)
    if (wasm::op_info(op).imm == wasm::Imm::memarg) return true;
  return false;
}

#define FUSED_1(a) Op::a
#define FUSED_2(a, ...) Op::a, FUSED_1(__VA_ARGS__)
#define FUSED_3(a, ...) Op::a, FUSED_2(__VA_ARGS__)
#define FUSED_4(a, ...) Op::a, FUSED_3(__VA_ARGS__)
#define FUSED_5(a, ...) Op::a, FUSED_4(__VA_ARGS__)
#define FUSED_PICK(a, b, c, d, e, name, ...) name
#define FUSED_OPS(...) FUSED_PICK(__VA_ARGS__, FUSED_5, FUSED_4, FUSED_3, FUSED_2, FUSED_1)(__VA_ARGS__)

}  // namespace

/// The free opcode bytes, in the order of fused.def.
constexpr u8 fused_code(u32 row) { return static_cast<u8>(row < 6 ? kFirstFused + row : 0xd7 + (row - 6)); }

void add_fused(Handler* table, bool guarded) {
  u32 row = 0;
#define FUSED(...)                                                                                                    \
  if (guarded || !uses_memory({FUSED_OPS(__VA_ARGS__)})) table[fused_code(row)] = Fused<FUSED_OPS(__VA_ARGS__)>::run; \
  ++row;
#include "exec/interp/fused.def"
}

std::span<const FusedGroup> fused_groups() {
  static const auto groups = [] {
    std::vector<FusedGroup> all;
    u32 row = 0;
#define FUSED(...) all.push_back({{FUSED_OPS(__VA_ARGS__)}, fused_code(row++)});
#include "exec/interp/fused.def"
    DEWAR_ASSERT(row <= 42, "fused.def has more rows than there are free opcode bytes");
    return all;
  }();
  return groups;
}

}  // namespace dewar::exec::interp
