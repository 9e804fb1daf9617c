// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// SHA-256 (FIPS 180-4) of buffers of several lengths, and a chain of hashes of hashes. Rotations, additions and a
// schedule in memory; the constants are computed, not tabulated.
#include "bench.h"

static uint32_t constant[64], initial[8];

// The first 32 bits of the fractional part of a root of a prime, by bisection in integers.
static uint32_t root_fraction(uint32_t prime, int cube) {
  uint64_t low = 0, high = (uint64_t)8 << 32;
  while (high - low > 1) {
    const uint64_t mid = (low + high) / 2;
    unsigned __int128 power = (unsigned __int128)mid * mid;
    int above;
    if (cube) {
      // Compare mid^3 with prime * 2^96 after dropping bits that cannot matter.
      power = (power >> 16) * mid >> 16;
      above = power >= (unsigned __int128)prime << 64;
    } else {
      above = power > (unsigned __int128)prime << 64;
    }
    if (above) high = mid;
    else low = mid;
  }
  return (uint32_t)low;
}

static void make_constants(void) {
  int count = 0;
  for (uint32_t n = 2; count < 64; n++) {
    int is_prime = 1;
    for (uint32_t d = 2; d * d <= n; d++) is_prime &= n % d != 0;
    if (!is_prime) continue;
    constant[count] = root_fraction(n, 1);
    if (count < 8) initial[count] = root_fraction(n, 0);
    count++;
  }
}

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void block(uint32_t* h, const uint8_t* p) {
  uint32_t w[64];
  for (int i = 0; i < 16; i++, p += 4) w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
  for (int i = 16; i < 64; i++) {
    const uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    const uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  uint32_t s[8];
  memcpy(s, h, sizeof s);
  for (int i = 0; i < 64; i++) {
    const uint32_t e = s[4], a = s[0];
    const uint32_t t1 = s[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + constant[i] + w[i];
    const uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
    s[7] = s[6], s[6] = s[5], s[5] = e, s[4] = s[3] + t1;
    s[3] = s[2], s[2] = s[1], s[1] = a, s[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) h[i] += s[i];
}

static void sha256(const uint8_t* p, size_t n, uint8_t* out) {
  uint32_t h[8];
  uint8_t last[128] = {0};
  memcpy(h, initial, sizeof h);
  const size_t whole = n / 64, rest = n % 64;
  for (size_t i = 0; i < whole; i++) block(h, p + i * 64);
  memcpy(last, p + whole * 64, rest);
  last[rest] = 0x80;
  const size_t end = rest < 56 ? 64 : 128;
  for (int i = 0; i < 8; i++) last[end - 1 - (size_t)i] = (uint8_t)((uint64_t)n * 8 >> i * 8);
  block(h, last);
  if (end == 128) block(h, last + 64);
  for (int i = 0; i < 32; i++) out[i] = (uint8_t)(h[i / 4] >> (24 - i % 4 * 8));
}

int main(int argc, char** argv) {
  enum { kBytes = 20000 };
  static uint8_t buffer[kBytes];
  uint8_t digest[32];
  uint64_t state = 141421, sum = 53;
  make_constants();
  sha256((const uint8_t*)"abc", 3, digest);
  if (digest[0] != 0xba || digest[1] != 0x78 || digest[31] != 0xad) {
    fprintf(stderr, "sha256: wrong digest\n");
    return 1;
  }
  for (int i = 0; i < kBytes; i++) buffer[i] = (uint8_t)(bench_random(&state) >> 32);
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 4000);
  for (uint32_t round = 0; round < rounds; round++) {
    sha256(buffer, kBytes - round % 100, digest);
    for (int i = 0; i < 40; i++) sha256(digest, 32, digest);
    memcpy(buffer + round % 1000, digest, 32);
    for (int i = 0; i < 32; i++) sum = bench_mix(sum, digest[i]);
  }
  return bench_report("sha256", sum);
}
