// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Strings through the C library and by hand: formatting and parsing numbers, splitting, searching (strstr, and
// Boyer-Moore-Horspool), case folding, palindromes, and a small pattern matcher with * and ?.
#include <ctype.h>

#include "bench.h"

enum { kText = 16384 };

static char text[kText + 1], copy[kText + 1];

static void make_text(uint64_t* state) {
  size_t at = 0;
  while (at + 40 < kText) {
    const uint64_t r = bench_random(state) >> 8;
    switch (r & 3) {
      case 0: at += (size_t)snprintf(text + at, 40, "%u;", (unsigned)(r >> 40)); break;
      case 1: at += (size_t)snprintf(text + at, 40, "%s-%x ", r & 4 ? "node" : "Edge", (unsigned)(r >> 50)); break;
      case 2: at += (size_t)snprintf(text + at, 40, "%d,%d\n", (int)(r >> 44) - 4000, (int)(r >> 52)); break;
      default: at += (size_t)snprintf(text + at, 40, "%c%c%c ", 'a' + (int)(r >> 8) % 6, 'B' + (int)(r >> 16) % 5, 'a' + (int)(r >> 24) % 6);
    }
  }
  text[at] = 0;
}

static int match(const char* pattern, const char* s) {
  const char *star = NULL, *retry = NULL;
  while (*s) {
    if (*pattern == '*') {
      star = pattern++;
      retry = s;
    } else if (*pattern == '?' || *pattern == *s) {
      pattern++, s++;
    } else if (star) {
      pattern = star + 1;
      s = ++retry;
    } else {
      return 0;
    }
  }
  while (*pattern == '*') pattern++;
  return *pattern == 0;
}

static uint32_t horspool(const char* s, size_t n, const char* word) {
  const size_t length = strlen(word);
  size_t skip[256];
  for (int i = 0; i < 256; i++) skip[i] = length;
  for (size_t i = 0; i + 1 < length; i++) skip[(uint8_t)word[i]] = length - 1 - i;
  uint32_t found = 0;
  for (size_t at = 0; at + length <= n; at += skip[(uint8_t)s[at + length - 1]]) found += !memcmp(s + at, word, length);
  return found;
}

static uint32_t palindromes(const char* s, size_t n) {
  uint32_t found = 0;
  for (size_t i = 1; i + 1 < n; i++)
    for (size_t r = 1; r <= i && i + r < n && s[i - r] == s[i + r]; r++) found++;
  return found;
}

int main(int argc, char** argv) {
  static const char* const patterns[] = {"*-?f*", "?Ba", "node-*0", "*,*1*", "E*-*"};
  uint64_t state = 57721, sum = 67;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 350);
  for (uint32_t round = 0; round < rounds; round++) {
    make_text(&state);
    const size_t n = strlen(text);
    uint32_t hits = 0;
    for (const char* p = text; (p = strstr(p, "node")); p++) hits++;
    hits = hits * 31 + horspool(text, n, "Edge-");
    hits = hits * 31 + palindromes(text, n);
    uint32_t upper = 0;
    for (size_t i = 0; i < n; i++) {
      upper += isupper((unsigned char)text[i]) != 0;
      copy[i] = (char)tolower((unsigned char)text[i]);
    }
    copy[n] = 0;
    int64_t total = 0;
    for (char* word = strtok(text, " ;\n"); word; word = strtok(NULL, " ;\n")) {
      for (int i = 0; i < 5; i++) hits += (uint32_t)match(patterns[i], word) << i;
      total += strtol(word, NULL, 10);
      const char* comma = strchr(word, ',');
      if (comma) total ^= atoi(comma + 1);
    }
    sum = bench_mix(sum, hits);
    sum = bench_mix(sum, upper);
    sum = bench_mix(sum, (uint64_t)total);
    sum = bench_mix(sum, (uint64_t)(strcmp(copy, text) < 0));
  }
  return bench_report("strings", sum);
}
