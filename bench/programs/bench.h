// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all benchmark programs share: the size of a run from argv[1], a generator of reproducible data, a checksum and
// the line they print. Programs depend on nothing but C and the standard library, so that the same source is a native
// program and a WASI command.
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// argv[1] is the size of the run in percent of the full one (0.1 to 0.5 s native); absent or senseless = 100.
static inline uint32_t bench_scale(int argc, char** argv) {
  const long percent = argc > 1 ? strtol(argv[1], NULL, 10) : 100;
  return percent > 0 && percent <= 100000 ? (uint32_t)percent : 100;
}

/// `full` rounds of work at the asked size, at least one.
static inline uint32_t bench_rounds(uint32_t scale, uint32_t full) {
  const uint64_t rounds = (uint64_t)full * scale / 100;
  return rounds ? (uint32_t)rounds : 1;
}

/// A xorshift generator (Marsaglia 2003): 64 bits of state, never zero.
static inline uint64_t bench_random(uint64_t* state) {
  uint64_t x = *state;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return *state = x;
}

/// Folds a value into a checksum; order matters.
static inline uint64_t bench_mix(uint64_t sum, uint64_t value) {
  sum ^= value + 0x9e3779b97f4a7c15u + (sum << 6) + (sum >> 2);
  return sum * 0xff51afd7ed558ccdu;
}

static inline int bench_report(const char* name, uint64_t sum) {
  printf("%s %08x%08x\n", name, (unsigned)(sum >> 32), (unsigned)sum);
  return 0;
}

/// Memory or nothing: no program can do without.
static inline void* bench_alloc(size_t bytes) {
  void* p = malloc(bytes);
  if (!p) {
    fprintf(stderr, "out of memory\n");
    exit(1);
  }
  return p;
}
