// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A byte-oriented LZ77 compressor with hash chains and lazy choice, and its decompressor, over text made of a small
// vocabulary. The decompressed text must equal the original.
#include "bench.h"

enum { kText = 1 << 16, kHash = 1 << 13, kWindow = 1 << 15, kMinMatch = 4, kChain = 8 };

static uint8_t text[kText], packed[kText * 2], unpacked[kText];
static int32_t head[kHash], previous[kText];

static uint32_t hash_at(const uint8_t* p) {
  uint32_t v;
  memcpy(&v, p, 4);
  return v * 2654435761u >> 19;
}

static void enter(int32_t at) {
  const uint32_t h = hash_at(text + at);
  previous[at] = head[h];
  head[h] = at;
}

static int32_t longest(int32_t at, int32_t* where) {
  int32_t best = 0, from = head[hash_at(text + at)];
  for (int tries = 0; from >= 0 && at - from < kWindow && tries < kChain; tries++, from = previous[from]) {
    int32_t n = 0;
    while (at + n < kText && n < 255 + kMinMatch && text[from + n] == text[at + n]) n++;
    if (n > best) best = n, *where = from;
  }
  return best;
}

// A group: literal count (1 byte), literals, distance (2 bytes), length - kMinMatch (1 byte); distance 0 = no match.
static size_t compress(void) {
  memset(head, 0xff, sizeof head);
  uint8_t* out = packed;
  int32_t at = 0, literals = 0;
  while (at < kText) {
    int32_t where = 0, length = 0;
    if (at + kMinMatch < kText) {
      length = longest(at, &where);
      enter(at);
      if (length >= kMinMatch && length < 32 && at + 1 + kMinMatch < kText) {
        int32_t later = 0;
        if (longest(at + 1, &later) > length + 1) length = 0;
      }
    }
    if (length < kMinMatch && literals < 255 && at + 1 < kText) {
      literals++, at++;
      continue;
    }
    if (length < kMinMatch) {
      // A full group of literals, or the end.
      if (literals == 255) {
        *out++ = 255;
        memcpy(out, text + at - 255, 255);
        out += 255;
        *out++ = 0, *out++ = 0, *out++ = 0;
        literals = 0;
      }
      if (at + 1 < kText) {
        literals++, at++;
        continue;
      }
      literals++, at++;
      length = 0;
    }
    *out++ = (uint8_t)literals;
    memcpy(out, text + at - literals, (size_t)literals);
    out += literals;
    literals = 0;
    const int32_t distance = length ? at - where : 0;
    *out++ = (uint8_t)distance, *out++ = (uint8_t)(distance >> 8);
    *out++ = (uint8_t)(length ? length - kMinMatch : 0);
    for (int32_t i = 1; i < length; i++)
      if (at + i + kMinMatch < kText) enter(at + i);
    at += length;
  }
  return (size_t)(out - packed);
}

static size_t decompress(size_t size) {
  const uint8_t* in = packed;
  uint8_t* out = unpacked;
  while (in < packed + size) {
    const uint32_t literals = *in++;
    memcpy(out, in, literals);
    out += literals, in += literals;
    const uint32_t distance = in[0] | (uint32_t)in[1] << 8, length = in[2];
    in += 3;
    if (!distance) continue;
    const uint8_t* from = out - distance;
    for (uint32_t i = 0; i < length + kMinMatch; i++) *out++ = *from++;
  }
  return (size_t)(out - unpacked);
}

int main(int argc, char** argv) {
  static const char* const words[] = {"the ", "quick ", "interpreter ", "of ", "bytes ", "and ", "words ", "never ",
                                      "stops ", "until ", "fuel ", "is ", "out, ", "then ", "returns. ", "\n"};
  uint64_t state = 5150, sum = 31;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 280);
  for (uint32_t round = 0; round < rounds; round++) {
    for (size_t at = 0; at < kText;) {
      const uint64_t r = bench_random(&state) >> 13;
      if (r % 16 == 0) {
        text[at++] = (uint8_t)(r >> 8);
        continue;
      }
      for (const char* w = words[r >> 8 & 15]; *w && at < kText;) text[at++] = (uint8_t)*w++;
    }
    const size_t size = compress();
    if (decompress(size) != kText || memcmp(text, unpacked, kText)) {
      fprintf(stderr, "lz: wrong round trip\n");
      return 1;
    }
    sum = bench_mix(sum, size);
  }
  return bench_report("lz", sum);
}
