// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// UTF-8: encoding code points, strict decoding with every error rule, conversion to UTF-16 and back, counting, a
// decoder driven by a state table that is computed at start, and base64 on the bytes.
#include "bench.h"

enum { kPoints = 12000 };

static uint32_t points[kPoints];
static uint8_t bytes[kPoints * 4 + 4], coded[kPoints * 6];
static uint16_t wide[kPoints * 2];

static size_t encode(const uint32_t* from, size_t n, uint8_t* out) {
  uint8_t* p = out;
  for (size_t i = 0; i < n; i++) {
    const uint32_t c = from[i];
    if (c < 0x80) {
      *p++ = (uint8_t)c;
    } else if (c < 0x800) {
      *p++ = (uint8_t)(0xc0 | c >> 6);
      *p++ = (uint8_t)(0x80 | (c & 63));
    } else if (c < 0x10000) {
      *p++ = (uint8_t)(0xe0 | c >> 12);
      *p++ = (uint8_t)(0x80 | (c >> 6 & 63));
      *p++ = (uint8_t)(0x80 | (c & 63));
    } else {
      *p++ = (uint8_t)(0xf0 | c >> 18);
      *p++ = (uint8_t)(0x80 | (c >> 12 & 63));
      *p++ = (uint8_t)(0x80 | (c >> 6 & 63));
      *p++ = (uint8_t)(0x80 | (c & 63));
    }
  }
  return (size_t)(p - out);
}

// Length of the sequence at p, 0 if it is not well-formed; the code point goes to *c.
static uint32_t decode(const uint8_t* p, const uint8_t* end, uint32_t* c) {
  const uint32_t b = *p;
  if (b < 0x80) return *c = b, 1;
  const uint32_t length = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;
  if (b < 0xc2 || b > 0xf4 || (size_t)(end - p) < length) return 0;
  uint32_t v = b & (0x7f >> length);
  for (uint32_t i = 1; i < length; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0;
    v = v << 6 | (p[i] & 63);
  }
  if ((length == 3 && v < 0x800) || (length == 4 && (v < 0x10000 || v > 0x10ffff)) || (v >= 0xd800 && v < 0xe000)) return 0;
  *c = v;
  return length;
}

static size_t to_utf16(const uint8_t* p, size_t n, uint32_t* errors) {
  const uint8_t* end = p + n;
  uint16_t* out = wide;
  while (p < end) {
    uint32_t c = 0xfffd;
    const uint32_t length = decode(p, end, &c);
    if (!length) ++*errors;
    p += length ? length : 1;
    if (c >= 0x10000) {
      *out++ = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
      c = 0xdc00 + (c & 0x3ff);
    }
    *out++ = (uint16_t)c;
  }
  return (size_t)(out - wide);
}

static uint64_t from_utf16(size_t n, uint64_t sum) {
  for (size_t i = 0; i < n; i++) {
    uint32_t c = wide[i];
    if (c >= 0xd800 && c < 0xdc00 && i + 1 < n) c = 0x10000 + ((c & 0x3ff) << 10) + (wide[++i] & 0x3ffu);
    sum = sum * 33 + c;
  }
  return sum;
}

// States: 0 between sequences, 1-3 that many continuation bytes wanted, 4 error.
static uint8_t state_table[5][256];
static void make_states(void) {
  for (int s = 0; s < 5; s++)
    for (int b = 0; b < 256; b++) {
      uint8_t next = 4;
      if (s == 0 || s == 4) next = b < 0x80 ? 0 : b >= 0xf0 && b < 0xf5 ? 3 : b >= 0xe0 && b < 0xf0 ? 2 : b >= 0xc2 && b < 0xe0 ? 1 : 4;
      else if ((b & 0xc0) == 0x80) next = (uint8_t)(s - 1);
      state_table[s][b] = next;
    }
}

static uint32_t count_points(const uint8_t* p, size_t n) {
  uint32_t state = 0, count = 0;
  for (size_t i = 0; i < n; i++) {
    state = state_table[state][p[i]];
    count += state == 0;
  }
  return count;
}

static size_t base64(const uint8_t* p, size_t n, uint8_t* out) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint8_t* to = out;
  for (; n >= 3; n -= 3, p += 3) {
    const uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
    *to++ = (uint8_t)digits[v >> 18], *to++ = (uint8_t)digits[v >> 12 & 63];
    *to++ = (uint8_t)digits[v >> 6 & 63], *to++ = (uint8_t)digits[v & 63];
  }
  return (size_t)(to - out);
}

int main(int argc, char** argv) {
  uint64_t state = 693147, sum = 71;
  make_states();
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 1000);
  for (uint32_t round = 0; round < rounds; round++) {
    for (int i = 0; i < kPoints; i++) {
      const uint64_t r = bench_random(&state) >> 10;
      const uint32_t bits = (r & 15) < 9 ? 7 : (r & 15) < 12 ? 11 : (r & 15) < 15 ? 15 : 20;
      points[i] = (uint32_t)(r >> 8) & ((1u << bits) - 1);
    }
    const size_t n = encode(points, kPoints, bytes);
    for (int i = 0; i < 20; i++) bytes[bench_random(&state) % n] ^= 0x80;
    uint32_t errors = 0;
    const size_t units = to_utf16(bytes, n, &errors);
    sum = bench_mix(sum, from_utf16(units, errors));
    sum = bench_mix(sum, count_points(bytes, n));
    const size_t length = base64(bytes, n, coded);
    sum = bench_mix(sum, length + coded[round % length]);
  }
  return bench_report("utf8", sum);
}
