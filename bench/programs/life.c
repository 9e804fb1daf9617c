// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conway's game of life on a torus of bytes, neighbours found by row and column arithmetic, plus a one-dimensional
// cellular automaton (rule 110) in a bit set.
#include "bench.h"

enum { kSize = 128, kBits = 1024 };

static uint8_t world[2][kSize][kSize];

static void step(int from) {
  for (int y = 0; y < kSize; y++) {
    const uint8_t* above = world[from][(y + kSize - 1) % kSize];
    const uint8_t* here = world[from][y];
    const uint8_t* below = world[from][(y + 1) % kSize];
    uint8_t* out = world[!from][y];
    for (int x = 0; x < kSize; x++) {
      const int w = (x + kSize - 1) % kSize, e = (x + 1) % kSize;
      const int n = above[w] + above[x] + above[e] + here[w] + here[e] + below[w] + below[x] + below[e];
      out[x] = n == 3 || (n == 2 && here[x]);
    }
  }
}

static uint32_t cells[kBits / 32];

static void rule_110(void) {
  static uint32_t next[kBits / 32];
  for (uint32_t i = 0; i < kBits; i++) {
    const uint32_t l = (i + kBits - 1) % kBits, r = (i + 1) % kBits;
    const uint32_t pattern = (cells[l >> 5] >> (l & 31) & 1) << 2 | (cells[i >> 5] >> (i & 31) & 1) << 1 |
                             (cells[r >> 5] >> (r & 31) & 1);
    const uint32_t bit = 110u >> pattern & 1;
    next[i >> 5] = (next[i >> 5] & ~(1u << (i & 31))) | bit << (i & 31);
  }
  memcpy(cells, next, sizeof cells);
}

int main(int argc, char** argv) {
  uint64_t state = 77, sum = 29;
  for (int y = 0; y < kSize; y++)
    for (int x = 0; x < kSize; x++) world[0][y][x] = bench_random(&state) % 100 < 35;
  cells[3] = 0x1234567;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 3600) * 2;
  for (uint32_t round = 0; round < rounds; round++) {
    step((int)(round & 1));
    rule_110();
    sum = bench_mix(sum, cells[round % (kBits / 32)]);
  }
  for (int y = 0; y < kSize; y++)
    for (int x = 0; x < kSize; x++)
      if (world[0][y][x]) sum = bench_mix(sum, (uint64_t)(y * kSize + x));
  return bench_report("life", sum);
}
