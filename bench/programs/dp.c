// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Dynamic programming over tables: longest common subsequence, edit distance, 0/1 knapsack, cheapest order of a chain
// of matrix products, and all shortest paths (Floyd and Warshall).
#include "bench.h"

enum { kText = 700, kItems = 120, kCapacity = 3000, kChain = 90, kNodes = 80 };

static char left[kText + 1], right[kText + 1];
static uint16_t table[kText + 1][kText + 1];

static int smaller(int a, int b) { return a < b ? a : b; }
static int larger(int a, int b) { return a > b ? a : b; }

static int common_subsequence(void) {
  for (int i = 1; i <= kText; i++)
    for (int j = 1; j <= kText; j++)
      table[i][j] = (uint16_t)(left[i - 1] == right[j - 1] ? table[i - 1][j - 1] + 1
                                                           : larger(table[i - 1][j], table[i][j - 1]));
  return table[kText][kText];
}

static int edit_distance(void) {
  static int row[kText + 1];
  for (int j = 0; j <= kText; j++) row[j] = j;
  for (int i = 1; i <= kText; i++) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= kText; j++) {
      const int here = smaller(diagonal + (left[i - 1] != right[j - 1]), 1 + smaller(row[j], row[j - 1]));
      diagonal = row[j];
      row[j] = here;
    }
  }
  return row[kText];
}

static int knapsack(const int* weight, const int* value) {
  static int best[kCapacity + 1];
  memset(best, 0, sizeof best);
  for (int i = 0; i < kItems; i++)
    for (int w = kCapacity; w >= weight[i]; w--) best[w] = larger(best[w], best[w - weight[i]] + value[i]);
  return best[kCapacity];
}

static int64_t matrix_chain(const int* size) {
  static int64_t cost[kChain][kChain];
  for (int i = 0; i < kChain; i++) cost[i][i] = 0;
  for (int length = 1; length < kChain; length++)
    for (int i = 0; i + length < kChain; i++) {
      const int j = i + length;
      int64_t best = INT64_MAX;
      for (int k = i; k < j; k++) {
        const int64_t c = cost[i][k] + cost[k + 1][j] + (int64_t)size[i] * size[k + 1] * size[j + 1];
        if (c < best) best = c;
      }
      cost[i][j] = best;
    }
  return cost[0][kChain - 1];
}

static uint64_t shortest_paths(uint64_t* state, uint64_t sum) {
  static int dist[kNodes][kNodes];
  for (int i = 0; i < kNodes; i++)
    for (int j = 0; j < kNodes; j++) dist[i][j] = i == j ? 0 : 1 + (int)(bench_random(state) % 1000);
  for (int k = 0; k < kNodes; k++)
    for (int i = 0; i < kNodes; i++)
      for (int j = 0; j < kNodes; j++) dist[i][j] = smaller(dist[i][j], dist[i][k] + dist[k][j]);
  for (int i = 0; i < kNodes; i++) sum = bench_mix(sum, (uint64_t)dist[i][(i * 7 + 3) % kNodes]);
  return sum;
}

int main(int argc, char** argv) {
  static int weight[kItems], value[kItems], size[kChain + 1];
  uint64_t state = 1234567, sum = 5;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 130);
  for (uint32_t round = 0; round < rounds; round++) {
    for (int i = 0; i < kText; i++) {
      left[i] = (char)('a' + bench_random(&state) % 4);
      right[i] = (char)('a' + bench_random(&state) % 4);
    }
    for (int i = 0; i < kItems; i++) {
      weight[i] = 5 + (int)(bench_random(&state) % 90);
      value[i] = 1 + (int)(bench_random(&state) % 500);
    }
    for (int i = 0; i <= kChain; i++) size[i] = 1 + (int)(bench_random(&state) % 60);
    sum = bench_mix(sum, (uint64_t)common_subsequence());
    sum = bench_mix(sum, (uint64_t)edit_distance());
    sum = bench_mix(sum, (uint64_t)knapsack(weight, value));
    sum = bench_mix(sum, (uint64_t)matrix_chain(size));
    sum = shortest_paths(&state, sum);
  }
  return bench_report("dp", sum);
}
