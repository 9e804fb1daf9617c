// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The Mandelbrot and a Julia set in double precision, by escape time. Loops of a few floating-point operations that no
// compiler can vectorise.
#include "bench.h"

static uint32_t escape(double x, double y, double cx, double cy, uint32_t limit) {
  uint32_t n = 0;
  double xx = x * x, yy = y * y;
  while (n < limit && xx + yy <= 4.0) {
    y = 2 * x * y + cy;
    x = xx - yy + cx;
    xx = x * x;
    yy = y * y;
    n++;
  }
  return n;
}

int main(int argc, char** argv) {
  enum { kWidth = 100, kHeight = 80, kLimit = 300 };
  uint64_t sum = 37;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 80);
  for (uint32_t round = 0; round < rounds; round++) {
    const double zoom = 1.0 / (1 + round * 0.05);
    for (int j = 0; j < kHeight; j++) {
      uint32_t line = 0;
      for (int i = 0; i < kWidth; i++) {
        const double x = -0.6 + (i - kWidth / 2) * 3.0 / kWidth * zoom, y = (j - kHeight / 2) * 2.4 / kHeight * zoom;
        line = line * 31 + escape(0, 0, x, y, kLimit);
        line = line * 31 + escape(x, y, -0.8, 0.156, kLimit);
      }
      sum = bench_mix(sum, line);
    }
  }
  return bench_report("mandel", sum);
}
