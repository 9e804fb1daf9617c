// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Nothing but calls: Takeuchi's function, Ackermann's function, Hofstadter's Q sequence by mutual recursion (female and
// male sequences) and Fibonacci numbers, all without memoisation.
#include "bench.h"

static int tak(int x, int y, int z) {
  if (y >= x) return z;
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

static unsigned ackermann(unsigned m, unsigned n) {
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}

static int male(int n);
static int female(int n) { return n == 0 ? 1 : n - male(female(n - 1)); }
__attribute__((noinline)) static int male(int n) { return n == 0 ? 0 : n - female(male(n - 1)); }

static unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

int main(int argc, char** argv) {
  uint64_t sum = 3;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 100);
  for (uint32_t round = 0; round < rounds; round++) {
    const int shift = (int)(round & 1);
    sum = bench_mix(sum, (uint64_t)tak(16 + shift, 11, 5));
    sum = bench_mix(sum, ackermann(2, 300 + round));
    sum = bench_mix(sum, (uint64_t)female(80 + shift));
    sum = bench_mix(sum, fib(29 - (uint32_t)shift));
  }
  return bench_report("calls", sum);
}
