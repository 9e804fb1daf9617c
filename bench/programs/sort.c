// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sorting: the library's qsort with a comparison function, quicksort, heapsort, merge sort of a list, radix sort,
// insertion sort of short runs.
#include "bench.h"

enum { kCount = 20000 };

static uint32_t data[kCount], work[kCount], spare[kCount];

static int compare(const void* a, const void* b) {
  const uint32_t x = *(const uint32_t*)a, y = *(const uint32_t*)b;
  return (x > y) - (x < y);
}

static void swap(uint32_t* a, uint32_t* b) {
  const uint32_t t = *a;
  *a = *b;
  *b = t;
}

static void quick(uint32_t* v, int n) {
  while (n > 12) {
    swap(&v[n / 2], &v[n - 1]);
    const uint32_t pivot = v[n - 1];
    int store = 0;
    for (int i = 0; i < n - 1; i++)
      if (v[i] < pivot) swap(&v[i], &v[store++]);
    swap(&v[store], &v[n - 1]);
    if (store < n - store) {
      quick(v, store);
      v += store + 1, n -= store + 1;
    } else {
      quick(v + store + 1, n - store - 1);
      n = store;
    }
  }
  for (int i = 1; i < n; i++) {
    const uint32_t x = v[i];
    int j = i;
    for (; j > 0 && v[j - 1] > x; j--) v[j] = v[j - 1];
    v[j] = x;
  }
}

static void sift(uint32_t* v, int at, int n) {
  for (;;) {
    int child = 2 * at + 1;
    if (child >= n) return;
    if (child + 1 < n && v[child + 1] > v[child]) child++;
    if (v[at] >= v[child]) return;
    swap(&v[at], &v[child]);
    at = child;
  }
}

static void heap(uint32_t* v, int n) {
  for (int i = n / 2; i-- > 0;) sift(v, i, n);
  while (n > 1) {
    swap(&v[0], &v[--n]);
    sift(v, 0, n);
  }
}

static void radix(uint32_t* v, int n) {
  uint32_t *from = v, *to = spare;
  for (int shift = 0; shift < 32; shift += 8) {
    uint32_t count[257] = {0};
    for (int i = 0; i < n; i++) count[(from[i] >> shift & 255) + 1]++;
    for (int i = 0; i < 256; i++) count[i + 1] += count[i];
    for (int i = 0; i < n; i++) to[count[from[i] >> shift & 255]++] = from[i];
    uint32_t* t = from;
    from = to;
    to = t;
  }
}

typedef struct Link Link;
struct Link {
  uint32_t value;
  Link* next;
};

static Link* merge(Link* a, Link* b) {
  Link first = {0, NULL}, *last = &first;
  while (a && b) {
    Link** least = a->value <= b->value ? &a : &b;
    last->next = *least;
    last = *least;
    *least = last->next;
  }
  last->next = a ? a : b;
  return first.next;
}

static Link* merge_sort(Link* list, int n) {
  if (n == 1) {
    list->next = NULL;
    return list;
  }
  Link* middle = list;
  for (int i = 0; i < n / 2; i++) middle = middle->next;
  Link* right = merge_sort(middle, n - n / 2);
  return merge(merge_sort(list, n / 2), right);
}

static uint64_t check(const uint32_t* v, uint64_t sum) {
  for (int i = 1; i < kCount; i++)
    if (v[i - 1] > v[i]) exit(1);
  return bench_mix(sum, v[kCount / 3]);
}

int main(int argc, char** argv) {
  static Link links[kCount];
  uint64_t state = 161803, sum = 61;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 40);
  for (uint32_t round = 0; round < rounds; round++) {
    for (int i = 0; i < kCount; i++) data[i] = (uint32_t)(bench_random(&state) >> 16);
    memcpy(work, data, sizeof work);
    qsort(work, kCount, sizeof *work, compare);
    sum = check(work, sum);
    memcpy(work, data, sizeof work);
    quick(work, kCount);
    sum = check(work, sum);
    memcpy(work, data, sizeof work);
    heap(work, kCount);
    sum = check(work, sum);
    memcpy(work, data, sizeof work);
    radix(work, kCount);
    sum = check(work, sum);
    for (int i = 0; i < kCount; i++) links[i] = (Link){data[i], i + 1 < kCount ? &links[i + 1] : NULL};
    int at = 0;
    for (const Link* l = merge_sort(links, kCount); l; l = l->next) work[at++] = l->value;
    sum = check(work, sum);
  }
  return bench_report("sort", sum);
}
