// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Big natural numbers in limbs of 32 bits: schoolbook multiplication with 64-bit products, addition, subtraction and
// division by a small number. Computes factorials and Fibonacci numbers and prints a digest of their decimal digits.
#include "bench.h"

enum { kLimbs = 600 };

typedef struct {
  uint32_t count;
  uint32_t limb[kLimbs];
} Number;

static void set_small(Number* n, uint32_t value) {
  n->count = value != 0;
  n->limb[0] = value;
}

static void trim(Number* n) {
  while (n->count && n->limb[n->count - 1] == 0) n->count--;
}

static void multiply(Number* out, const Number* a, const Number* b) {
  static uint32_t product[kLimbs];
  const uint32_t limbs = a->count + b->count;
  if (limbs > kLimbs) exit(1);
  memset(product, 0, limbs * sizeof *product);
  for (uint32_t i = 0; i < a->count; i++) {
    uint64_t carry = 0;
    for (uint32_t j = 0; j < b->count; j++) {
      carry += (uint64_t)a->limb[i] * b->limb[j] + product[i + j];
      product[i + j] = (uint32_t)carry;
      carry >>= 32;
    }
    product[i + b->count] = (uint32_t)carry;
  }
  out->count = limbs;
  memcpy(out->limb, product, limbs * sizeof *product);
  trim(out);
}

static void multiply_small(Number* n, uint32_t factor) {
  uint64_t carry = 0;
  for (uint32_t i = 0; i < n->count; i++) {
    carry += (uint64_t)n->limb[i] * factor;
    n->limb[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry) {
    if (n->count == kLimbs) exit(1);
    n->limb[n->count++] = (uint32_t)carry;
  }
}

static void add(Number* to, const Number* from) {
  uint64_t carry = 0;
  uint32_t i = 0;
  for (; i < from->count || carry; i++) {
    if (i == kLimbs) exit(1);
    if (i == to->count) to->limb[to->count++] = 0;
    carry += (uint64_t)to->limb[i] + (i < from->count ? from->limb[i] : 0);
    to->limb[i] = (uint32_t)carry;
    carry >>= 32;
  }
}

static uint32_t divide_small(Number* n, uint32_t divisor) {
  uint64_t rest = 0;
  for (uint32_t i = n->count; i-- > 0;) {
    rest = rest << 32 | n->limb[i];
    n->limb[i] = (uint32_t)(rest / divisor);
    rest %= divisor;
  }
  trim(n);
  return (uint32_t)rest;
}

static uint64_t digits(Number n, uint64_t sum) {
  while (n.count) sum = bench_mix(sum, divide_small(&n, 1000000000));
  return sum;
}

int main(int argc, char** argv) {
  static Number factorial, power, a, b;
  uint64_t sum = 1;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 1800);
  for (uint32_t round = 0; round < rounds; round++) {
    set_small(&factorial, 1);
    for (uint32_t i = 2; i <= 900; i++) multiply_small(&factorial, i);
    sum = digits(factorial, sum);

    set_small(&power, 3 + round);
    for (int i = 0; i < 10; i++) multiply(&power, &power, &power);
    sum = bench_mix(sum, power.limb[power.count / 2]);

    set_small(&a, 0);
    set_small(&b, 1 + round);
    for (int i = 0; i < 400; i++) {
      add(&a, &b);
      add(&b, &a);
    }
    multiply(&power, &a, &b);
    sum = digits(power, sum);
  }
  return bench_report("bignum", sum);
}
