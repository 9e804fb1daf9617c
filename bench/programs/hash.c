// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hash tables with 64-bit keys and values: open addressing with linear probing and backward-shift deletion, and separate
// chains in an index array. Bound by 64-bit multiplication and random access.
#include "bench.h"

enum { kSlots = 1 << 16, kMask = kSlots - 1, kChains = 1 << 12 };

typedef struct {
  uint64_t key;  // 0 = free
  uint64_t value;
} Slot;

static Slot slots[kSlots];

static uint32_t place(uint64_t key) {
  key ^= key >> 33;
  key *= 0xff51afd7ed558ccdu;
  key ^= key >> 33;
  key *= 0xc4ceb9fe1a85ec53u;
  return (uint32_t)(key >> 40) & kMask;
}

static Slot* find(uint64_t key) {
  uint32_t at = place(key);
  while (slots[at].key && slots[at].key != key) at = (at + 1) & kMask;
  return &slots[at];
}

static void erase(uint64_t key) {
  Slot* slot = find(key);
  if (!slot->key) return;
  uint32_t hole = (uint32_t)(slot - slots), at = hole;
  for (;;) {
    at = (at + 1) & kMask;
    if (!slots[at].key) break;
    if (((at - place(slots[at].key)) & kMask) >= ((at - hole) & kMask)) {
      slots[hole] = slots[at];
      hole = at;
    }
  }
  slots[hole].key = 0;
}

typedef struct {
  uint64_t key, count;
  int32_t next;
} Entry;

static int32_t heads[kChains];
static Entry entries[20000];

static uint64_t count_words(uint64_t* state, int words) {
  int32_t used = 0;
  memset(heads, 0xff, sizeof heads);
  for (int i = 0; i < words; i++) {
    const uint64_t r = bench_random(state);
    const uint64_t key = (r >> 11) % ((r & 63) * 250 + 10) + 1;
    int32_t* link = &heads[(key * 0x9e3779b97f4a7c15u) >> 52];
    while (*link >= 0 && entries[*link].key != key) link = &entries[*link].next;
    if (*link < 0) {
      entries[used] = (Entry){key, 0, -1};
      *link = used++;
    }
    entries[*link].count++;
  }
  uint64_t sum = (uint64_t)used;
  for (int32_t i = 0; i < used; i++) sum = bench_mix(sum, entries[i].key * entries[i].count);
  return sum;
}

int main(int argc, char** argv) {
  uint64_t state = 99991, sum = 17;
  const uint32_t rounds = bench_rounds(bench_scale(argc, argv), 300);
  for (uint32_t round = 0; round < rounds; round++) {
    for (int i = 0; i < 40000; i++) {
      const uint64_t key = bench_random(&state) % 60000 + 1;
      if (key % 3 == 0) {
        erase(key);
        continue;
      }
      Slot* slot = find(key);
      if (!slot->key) *slot = (Slot){key, 0};
      slot->value += key * (uint64_t)i;
    }
    for (uint64_t key = 1; key <= 60000; key += 5) {
      const Slot* slot = find(key);
      if (slot->key) sum = bench_mix(sum, slot->value);
    }
    sum = bench_mix(sum, count_words(&state, 30000));
  }
  return bench_report("hash", sum);
}
