// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Checksums over a buffer, byte by byte: CRC-32 with a table and bit by bit, CRC-16 (CCITT), Adler-32, Fletcher-16 and
// FNV-1a. Short loops that are bound by loads, shifts and xors.
#include "bench.h"

enum { kBytes = 1 << 16 };

static uint32_t table[256];

static void make_table(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
}

static uint32_t crc32(const uint8_t* p, size_t n) {
  uint32_t c = ~0u;
  while (n--) c = table[(c ^ *p++) & 0xff] ^ (c >> 8);
  return ~c;
}

static uint32_t crc32_bits(const uint8_t* p, size_t n) {
  uint32_t c = ~0u;
  for (size_t i = 0; i < n; i++) {
    c ^= p[i];
    for (int bit = 0; bit < 8; bit++) c = (c >> 1) ^ (0xedb88320u & -(c & 1));
  }
  return ~c;
}

static uint16_t crc16(const uint8_t* p, size_t n) {
  uint16_t c = 0xffff;
  for (size_t i = 0; i < n; i++) {
    c = (uint16_t)(c >> 8 | c << 8);
    c ^= p[i];
    c ^= (uint16_t)((c & 0xff) >> 4);
    c ^= (uint16_t)(c << 12);
    c ^= (uint16_t)((c & 0xff) << 5);
  }
  return c;
}

static uint32_t adler32(const uint8_t* p, size_t n) {
  uint32_t a = 1, b = 0;
  for (size_t i = 0; i < n; i++) {
    a += p[i];
    if (a >= 65521) a -= 65521;
    b += a;
    if (b >= 65521) b -= 65521;
  }
  return b << 16 | a;
}

static uint16_t fletcher16(const uint8_t* p, size_t n) {
  uint32_t a = 0, b = 0;
  for (size_t i = 0; i < n; i++) {
    a = (a + p[i]) % 255;
    b = (b + a) % 255;
  }
  return (uint16_t)(b << 8 | a);
}

static uint64_t fnv1a(const uint8_t* p, size_t n) {
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < n; i++) h = (h ^ p[i]) * 0x100000001b3u;
  return h;
}

int main(int argc, char** argv) {
  static uint8_t buffer[kBytes];
  uint64_t state = 0x2545f4914f6cdd1du, sum = 11;
  for (size_t i = 0; i < kBytes; i++) buffer[i] = (uint8_t)(bench_random(&state) >> 24);
  make_table();
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 480);
  for (uint32_t round = 0; round < rounds; round++) {
    const size_t from = round * 7 % 1024;
    const uint8_t* p = buffer + from;
    sum = bench_mix(sum, crc32(p, kBytes - from));
    sum = bench_mix(sum, crc32_bits(p, (kBytes - from) / 4));
    sum = bench_mix(sum, crc16(p, kBytes - from));
    sum = bench_mix(sum, adler32(p, kBytes - from));
    sum = bench_mix(sum, fletcher16(p, (kBytes - from) / 2));
    sum = bench_mix(sum, fnv1a(p, kBytes - from));
    buffer[from] ^= (uint8_t)sum;
  }
  return bench_report("crc", sum);
}
