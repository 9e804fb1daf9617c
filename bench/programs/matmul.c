// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Dense linear algebra in double precision: blocked and plain matrix products, LU decomposition with pivoting, and
// solving with it. The values are small integers where a checksum is taken, so every machine gets the same.
#include "bench.h"

enum { kN = 96, kBlock = 16 };

static double a[kN][kN], b[kN][kN], c[kN][kN];

static void plain(void) {
  for (int i = 0; i < kN; i++)
    for (int j = 0; j < kN; j++) {
      double sum = 0;
      for (int k = 0; k < kN; k++) sum += a[i][k] * b[k][j];
      c[i][j] = sum;
    }
}

static void blocked(void) {
  memset(c, 0, sizeof c);
  for (int kk = 0; kk < kN; kk += kBlock)
    for (int jj = 0; jj < kN; jj += kBlock)
      for (int i = 0; i < kN; i++)
        for (int k = kk; k < kk + kBlock; k++) {
          const double x = a[i][k];
          for (int j = jj; j < jj + kBlock; j++) c[i][j] += x * b[k][j];
        }
}

static double solve(double* x) {
  static double m[kN][kN];
  memcpy(m, a, sizeof m);
  for (int i = 0; i < kN; i++) m[i][i] += 1000;
  double determinant_sign = 1;
  for (int col = 0; col < kN; col++) {
    int pivot = col;
    for (int i = col + 1; i < kN; i++) {
      const double u = m[i][col] < 0 ? -m[i][col] : m[i][col], v = m[pivot][col] < 0 ? -m[pivot][col] : m[pivot][col];
      if (u > v) pivot = i;
    }
    if (pivot != col) {
      determinant_sign = -determinant_sign;
      for (int j = 0; j < kN; j++) {
        const double t = m[col][j];
        m[col][j] = m[pivot][j];
        m[pivot][j] = t;
      }
      const double t = x[col];
      x[col] = x[pivot];
      x[pivot] = t;
    }
    for (int i = col + 1; i < kN; i++) {
      const double factor = m[i][col] / m[col][col];
      for (int j = col; j < kN; j++) m[i][j] -= factor * m[col][j];
      x[i] -= factor * x[col];
    }
  }
  for (int i = kN - 1; i >= 0; i--) {
    for (int j = i + 1; j < kN; j++) x[i] -= m[i][j] * x[j];
    x[i] /= m[i][i];
  }
  return determinant_sign;
}

int main(int argc, char** argv) {
  uint64_t state = 271828, sum = 41;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 250);
  for (uint32_t round = 0; round < rounds; round++) {
    for (int i = 0; i < kN; i++)
      for (int j = 0; j < kN; j++) {
        a[i][j] = (double)(int)(bench_random(&state) % 201) - 100;
        b[i][j] = (double)(int)(bench_random(&state) % 201) - 100;
      }
    plain();
    for (int i = 0; i < kN; i++) sum = bench_mix(sum, (uint64_t)(int64_t)c[i][(i * 5 + 1) % kN]);
    blocked();
    for (int i = 0; i < kN; i++) sum = bench_mix(sum, (uint64_t)(int64_t)c[i][(i * 5 + 1) % kN]);
    double x[kN];
    for (int i = 0; i < kN; i++) x[i] = i;
    const double sign = solve(x);
    double worst = 0;
    for (int i = 0; i < kN; i++) {
      double back = x[i] * 1000 - i;
      for (int j = 0; j < kN; j++) back += a[i][j] * x[j];
      if (back < 0) back = -back;
      if (back > worst) worst = back;
    }
    sum = bench_mix(sum, (worst < 1e-6) + 2 * (sign < 0));
  }
  return bench_report("matmul", sum);
}
