// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An interpreter in the interpreter: a register machine with 20 instructions, dispatched by one switch, that runs three
// small programs (primes by trial division, Collatz lengths, a linear-congruential shuffle).
#include "bench.h"

enum Code {
  kHalt, kConst, kMove, kAdd, kAddConst, kSub, kMul, kDiv, kMod, kAnd, kXor, kShift, kLoad, kStore,
  kJump, kJumpLess, kJumpEqual, kJumpZero, kCount, kMix
};

typedef struct {
  uint8_t code, a, b, c;
  int32_t value;
} Step;

typedef struct {
  uint32_t reg[16];
  uint32_t memory[1024];
  uint64_t count, sum;
} Machine;

static void execute(Machine* m, const Step* program) {
  uint32_t* r = m->reg;
  const Step* s = program;
  for (;; s++) {
    switch ((enum Code)s->code) {
      case kHalt: return;
      case kConst: r[s->a] = (uint32_t)s->value; break;
      case kMove: r[s->a] = r[s->b]; break;
      case kAdd: r[s->a] = r[s->b] + r[s->c]; break;
      case kAddConst: r[s->a] = r[s->b] + (uint32_t)s->value; break;
      case kSub: r[s->a] = r[s->b] - r[s->c]; break;
      case kMul: r[s->a] = r[s->b] * r[s->c]; break;
      case kDiv: r[s->a] = r[s->c] ? r[s->b] / r[s->c] : 0; break;
      case kMod: r[s->a] = r[s->c] ? r[s->b] % r[s->c] : 0; break;
      case kAnd: r[s->a] = r[s->b] & r[s->c]; break;
      case kXor: r[s->a] = r[s->b] ^ r[s->c]; break;
      case kShift: r[s->a] = s->value < 0 ? r[s->b] >> (-s->value & 31) : r[s->b] << (s->value & 31); break;
      case kLoad: r[s->a] = m->memory[r[s->b] & 1023]; break;
      case kStore: m->memory[r[s->b] & 1023] = r[s->a]; break;
      case kJump: s += s->value; break;
      case kJumpLess: if (r[s->a] < r[s->b]) s += s->value; break;
      case kJumpEqual: if (r[s->a] == r[s->b]) s += s->value; break;
      case kJumpZero: if (r[s->a] == 0) s += s->value; break;
      case kCount: m->count++; break;
      case kMix: m->sum = bench_mix(m->sum, r[s->a]); break;
    }
  }
}

// r0 = limit. A jump's value counts from the instruction after it.
static const Step primes[] = {
    {kConst, 1, 0, 0, 2},       // candidate
    {kConst, 2, 0, 0, 2},       // 1: divisor
    {kMul, 3, 2, 2, 0},         // 2: divisor squared
    {kJumpLess, 1, 3, 0, 4},    // prime
    {kMod, 4, 1, 2, 0},
    {kJumpZero, 4, 0, 0, 3},    // composite
    {kAddConst, 2, 2, 0, 1},
    {kJump, 0, 0, 0, -6},
    {kCount, 0, 0, 0, 0},       // 8
    {kAddConst, 1, 1, 0, 1},    // 9
    {kJumpLess, 1, 0, 0, -10},
    {kMix, 1, 0, 0, 0},
    {kHalt, 0, 0, 0, 0},
};

static const Step collatz[] = {
    {kConst, 1, 0, 0, 1},       // start
    {kConst, 6, 0, 0, 1},
    {kMove, 2, 1, 0, 0},        // 2: number
    {kConst, 3, 0, 0, 0},       // length
    {kJumpEqual, 2, 6, 0, 9},   // 4: done
    {kAnd, 4, 2, 6, 0},
    {kAddConst, 3, 3, 0, 1},
    {kJumpZero, 4, 0, 0, 4},    // even
    {kShift, 5, 2, 0, 1},
    {kAdd, 2, 2, 5, 0},
    {kAddConst, 2, 2, 0, 1},
    {kJump, 0, 0, 0, -8},
    {kShift, 2, 2, 0, -1},      // 12
    {kJump, 0, 0, 0, -10},
    {kStore, 3, 1, 0, 0},       // 14
    {kMix, 3, 0, 0, 0},
    {kAddConst, 1, 1, 0, 1},
    {kJumpLess, 1, 0, 0, -16},
    {kHalt, 0, 0, 0, 0},
};

static const Step shuffle[] = {
    {kConst, 1, 0, 0, 0},       // counter
    {kConst, 2, 0, 0, 12345},   // state
    {kConst, 3, 0, 0, 1103515245},
    {kMul, 2, 2, 3, 0},         // 3
    {kAddConst, 2, 2, 0, 12345},
    {kShift, 4, 2, 0, -16},
    {kLoad, 5, 4, 0, 0},
    {kLoad, 7, 1, 0, 0},
    {kStore, 5, 1, 0, 0},
    {kXor, 7, 7, 2, 0},
    {kStore, 7, 4, 0, 0},
    {kAddConst, 1, 1, 0, 1},
    {kJumpLess, 1, 0, 0, -10},
    {kMix, 2, 0, 0, 0},
    {kHalt, 0, 0, 0, 0},
};

int main(int argc, char** argv) {
  static Machine machine;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 60);
  for (uint32_t round = 0; round < rounds; round++) {
    machine.reg[0] = 6000 + round;
    execute(&machine, primes);
    machine.reg[0] = 5000 + round;
    execute(&machine, collatz);
    machine.reg[0] = 60000 + round;
    execute(&machine, shuffle);
  }
  uint64_t sum = bench_mix(machine.sum, machine.count);
  for (int i = 0; i < 1024; i++) sum = bench_mix(sum, machine.memory[i]);
  return bench_report("bytecode", sum);
}
