// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What an operation costs the emitters and the abstract state: bodies of 100 operations, in a mix like that of compiled
// C (40 % local.get and constants, arithmetic, comparisons, loads and stores, a branch now and then), without decoding
// and validation. Prints nanoseconds and bytes of code an operation.
//   bench_emit [rounds]
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "exec/baseline/address.h"

namespace {

using namespace dewar;
using namespace dewar::exec::baseline;
using wasm::Op;

constexpr u32 kLocals = 12, kOperations = 100;

struct Random {
  u64 state;
  u32 next(u32 n) {
    state = state * 6364136223846793005 + 1442695040888963407;
    return static_cast<u32>(state >> 33) % n;
  }
};

/// About kOperations operations; returns how many.
__attribute__((noinline)) u32 emit_body(EmitContext& c, const wasm::MemoryType& memory, Random& random) {
  constexpr Op kBinary[] = {Op::i32_add, Op::i32_add, Op::i32_sub, Op::i32_and, Op::i32_shl, Op::i32_mul, Op::i32_or};
  constexpr Op kCompare[] = {Op::i32_eq, Op::i32_lt_s, Op::i32_ge_u};
  State& s = c.state;
  const auto operand = [&] {
    s.next_op();
    if (random.next(3) == 0) return s.push_const(Rep::i32, random.next(200));
    s.push_local(random.next(kLocals));
  };
  const auto numeric = [&](Op op) {
    s.next_op();
    emit_numeric(c, op);
  };
  const auto set = [&] {
    s.next_op();
    s.set_local(random.next(kLocals));
  };
  u32 count = 0;
  while (count < kOperations) {
    switch (random.next(6)) {
      case 0:
      case 1:  // a = b op c op d
        operand();
        operand();
        numeric(kBinary[random.next(7)]);
        operand();
        numeric(kBinary[random.next(7)]);
        set();
        count += 6;
        break;
      case 2:  // a = load(b)
        operand();
        s.next_op();
        emit_load(c, Op::i32_load, memory, 0, random.next(100));
        set();
        count += 3;
        break;
      case 3:  // store(a, b + c)
        operand();
        operand();
        operand();
        numeric(Op::i32_add);
        s.next_op();
        emit_store(c, Op::i32_store, memory, 0, random.next(100));
        count += 5;
        break;
      case 4: {  // if (a < b) goto an edge with the state of here
        operand();
        operand();
        numeric(kCompare[random.next(3)]);
        s.next_op_keeping_flags();
        const Condition condition = pop_condition(c);
        count += 4;
        if (condition.known) break;
        s.prepare_jump();
        const Snapshot here = s.adopt();
        Label target;
        jump_if(c.m, condition.flags, target);
        c.m.bind(target);
        s.enter(here);
        break;
      }
      default:  // a call's flush
        if (random.next(3) != 0) break;
        s.next_op();
        s.flush();
        count += 1;
        break;
    }
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 20;
  const CompileOptions options;
  Assembler m(options.features, 64 << 20);
  ColdList cold;
  Literals literals;
  State state(m, cold);
  EmitContext c{m, state, options, cold, literals};
  wasm::MemoryType memory;
  memory.limits.min = 1;
  const std::vector<wasm::ValType> locals(kLocals, wasm::kI32);
  double best = 1e9;
  u64 bytes = 0, operations = 0;
  for (int round = 0; round < rounds; ++round) {
    Random random{7};
    m.reset();
    operations = 0;
    const std::clock_t start = std::clock();
    for (u32 body = 0; body < 5000; ++body) {
      cold.reset();
      literals.reset();
      state.begin(locals, 4, kLocals + 5);
      operations += emit_body(c, memory, random);
    }
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    best = best < seconds ? best : seconds;
    bytes = m.position();
    if (m.error() != CodeError::kNone) return 1;
  }
  std::printf("%.1f ns and %.2f bytes an operation\n", best * 1e9 / static_cast<double>(operations),
              static_cast<double>(bytes) / static_cast<double>(operations));
  return 0;
}
