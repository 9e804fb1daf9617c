// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Primes: the sieve of Eratosthenes over bytes and over bits, a sieve of smallest factors, and from it totients,
// divisor sums and a segmented sieve above.
#include "bench.h"

enum { kLimit = 200000, kSegment = 1 << 14 };

static uint8_t composite[kLimit];
static uint32_t bits[kLimit / 32 + 1];
static uint32_t factor[kLimit];
static uint32_t primes[20000];

static uint32_t sieve_bytes(void) {
  uint32_t count = 0;
  memset(composite, 0, sizeof composite);
  for (uint32_t i = 2; i < kLimit; i++) {
    if (composite[i]) continue;
    primes[count++] = i;
    for (uint64_t j = (uint64_t)i * i; j < kLimit; j += i) composite[j] = 1;
  }
  return count;
}

static uint32_t sieve_bits(void) {
  memset(bits, 0xff, sizeof bits);
  uint32_t count = 1;
  for (uint32_t i = 3; i < kLimit; i += 2) {
    if (!(bits[i >> 5] >> (i & 31) & 1)) continue;
    count++;
    if (i > 447) continue;
    for (uint32_t j = i * i; j < kLimit; j += 2 * i) bits[j >> 5] &= ~(1u << (j & 31));
  }
  return count;
}

static uint64_t smallest_factors(void) {
  memset(factor, 0, sizeof factor);
  uint32_t count = 0;
  for (uint32_t i = 2; i < kLimit; i++) {
    if (!factor[i]) factor[i] = i, primes[count++] = i;
    for (uint32_t k = 0; k < count && primes[k] <= factor[i] && i * primes[k] < kLimit; k++)
      factor[i * primes[k]] = primes[k];
  }
  uint64_t sum = 0;
  for (uint32_t i = 2; i < kLimit; i += 7) {
    uint32_t n = i, totient = i;
    while (n > 1) {
      const uint32_t p = factor[n];
      totient -= totient / p;
      while (n % p == 0) n /= p;
    }
    sum += totient;
  }
  return sum;
}

static uint32_t segment(uint64_t from, uint32_t count) {
  static uint8_t marks[kSegment];
  memset(marks, 0, sizeof marks);
  for (uint32_t k = 0; k < count; k++) {
    const uint64_t p = primes[k];
    if (p * p >= from + kSegment) break;
    uint64_t first = (from + p - 1) / p * p;
    if (first < p * p) first = p * p;
    for (uint64_t j = first - from; j < kSegment; j += p) marks[j] = 1;
  }
  uint32_t found = 0;
  for (uint32_t i = 0; i < kSegment; i++) found += !marks[i];
  return found;
}

int main(int argc, char** argv) {
  uint64_t sum = 59;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 140);
  for (uint32_t round = 0; round < rounds; round++) {
    const uint32_t count = sieve_bytes();
    sum = bench_mix(sum, count);
    sum = bench_mix(sum, sieve_bits());
    sum = bench_mix(sum, smallest_factors());
    for (uint32_t i = 0; i < 6; i++) sum = bench_mix(sum, segment(1000000 + (uint64_t)(round + i) * kSegment, count));
  }
  return bench_report("sieve", sum);
}
