// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Searching: the queens' problem with bit sets and with arrays, a knight's tour by Warnsdorff's rule, and sudoku by
// backtracking over candidate sets. Recursion, bit counting, data-dependent branches.
#include "bench.h"

static uint32_t queens_bits(uint32_t all, uint32_t columns, uint32_t left, uint32_t right) {
  if (columns == all) return 1;
  uint32_t found = 0;
  for (uint32_t free = all & ~(columns | left | right); free; free &= free - 1) {
    const uint32_t bit = free & -free;
    found += queens_bits(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return found;
}

static int row_of[16];
static uint32_t queens_array(int column, int size) {
  if (column == size) return 1;
  uint32_t found = 0;
  for (int row = 0; row < size; row++) {
    int ok = 1;
    for (int i = 0; ok && i < column; i++)
      ok = row_of[i] != row && row_of[i] - row != column - i && row - row_of[i] != column - i;
    if (!ok) continue;
    row_of[column] = row;
    found += queens_array(column + 1, size);
  }
  return found;
}

enum { kBoard = 24 };
static uint64_t knight(int x, int y) {
  static const int8_t dx[] = {1, 2, 2, 1, -1, -2, -2, -1}, dy[] = {2, 1, -1, -2, -2, -1, 1, 2};
  static uint16_t seen[kBoard + 4][kBoard + 4];
  memset(seen, 0xff, sizeof seen);
  for (int j = 0; j < kBoard; j++)
    for (int i = 0; i < kBoard; i++) seen[j + 2][i + 2] = 0;
  uint64_t sum = 0;
  for (uint16_t move = 1;; move++) {
    seen[y + 2][x + 2] = move;
    sum = bench_mix(sum, (uint64_t)(x * kBoard + y));
    int best = 9, next = -1;
    for (int k = 0; k < 8; k++) {
      const int nx = x + dx[k], ny = y + dy[k];
      if (seen[ny + 2][nx + 2]) continue;
      int ways = 0;
      for (int m = 0; m < 8; m++) {
        const int mx = nx + dx[m] + 2, my = ny + dy[m] + 2;
        if (mx >= 0 && my >= 0 && mx < kBoard + 4 && my < kBoard + 4) ways += seen[my][mx] == 0;
      }
      if (ways < best) best = ways, next = k;
    }
    if (next < 0) return sum;
    x += dx[next], y += dy[next];
  }
}

static uint16_t rows[9], columns[9], boxes[9];
static uint8_t grid[81];
static int fill(void) {
  int place = -1, fewest = 10;
  uint32_t choices = 0;
  for (int i = 0; i < 81; i++) {
    if (grid[i]) continue;
    const uint32_t free = 0x1ff & ~(uint32_t)(rows[i / 9] | columns[i % 9] | boxes[i / 27 * 3 + i % 9 / 3]);
    const int count = __builtin_popcount(free);
    if (count < fewest) fewest = count, place = i, choices = free;
  }
  if (place < 0) return 1;
  for (; choices; choices &= choices - 1) {
    const uint16_t bit = (uint16_t)(choices & -choices);
    uint16_t *r = &rows[place / 9], *c = &columns[place % 9], *b = &boxes[place / 27 * 3 + place % 9 / 3];
    grid[place] = (uint8_t)(1 + __builtin_ctz(bit));
    *r |= bit, *c |= bit, *b |= bit;
    if (fill()) return 1;
    *r &= (uint16_t)~bit, *c &= (uint16_t)~bit, *b &= (uint16_t)~bit;
    grid[place] = 0;
  }
  return 0;
}

// The classic pattern is a solution; some of its cells are kept as clues.
static uint64_t sudoku(uint64_t* state) {
  memset(rows, 0, sizeof rows), memset(columns, 0, sizeof columns), memset(boxes, 0, sizeof boxes);
  memset(grid, 0, sizeof grid);
  for (int i = 0; i < 81; i++) {
    if (bench_random(state) % 100 >= 35) continue;
    const int digit = (i / 9 * 3 + i / 27 + i % 9) % 9;
    grid[i] = (uint8_t)(digit + 1);
    rows[i / 9] |= (uint16_t)(1 << digit);
    columns[i % 9] |= (uint16_t)(1 << digit);
    boxes[i / 27 * 3 + i % 9 / 3] |= (uint16_t)(1 << digit);
  }
  uint64_t sum = (uint64_t)fill();
  for (int i = 0; i < 81; i++) sum = bench_mix(sum, grid[i]);
  return sum;
}

int main(int argc, char** argv) {
  uint64_t state = 60221, sum = 47;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 560);
  for (uint32_t round = 0; round < rounds; round++) {
    sum = bench_mix(sum, queens_bits((1u << 9) - 1, 0, 0, round & 1));
    sum = bench_mix(sum, queens_array(0, 8));
    sum = bench_mix(sum, knight((int)(round % kBoard), (int)(round * 5 % kBoard)));
    for (int i = 0; i < 12; i++) sum = bench_mix(sum, sudoku(&state));
  }
  return bench_report("queens", sum);
}
