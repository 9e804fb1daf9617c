// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Clock, random numbers, sleep, memory: what a program may depend on without a grant is the same in every run.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  struct timespec before, after;
  clock_gettime(CLOCK_REALTIME, &before);
  struct tm tm;
  gmtime_r(&before.tv_sec, &tm);
  char text[32];
  strftime(text, sizeof(text), "%Y-%m-%d", &tm);
  puts(text);
  clock_gettime(CLOCK_MONOTONIC, &before);
  usleep(1500000);
  clock_gettime(CLOCK_MONOTONIC, &after);
  printf("slept: %d\n", after.tv_sec - before.tv_sec >= 1 && after.tv_sec - before.tv_sec < 3);
  unsigned char a[16] = {0}, b[16] = {0};
  if (getentropy(a, sizeof(a)) != 0 || getentropy(b, sizeof(b)) != 0) return 1;
  printf("random: %d\n", memcmp(a, b, sizeof(a)) != 0);
  for (size_t i = 0; i < sizeof(a); ++i) printf("%02x", a[i]);
  char* large = malloc(8 << 20);
  if (!large) return 2;
  memset(large, 7, 8 << 20);
  printf("\nsum: %d\n", large[0] + large[(8 << 20) - 1]);
  free(large);
  void* volatile too_much = malloc((size_t)3 << 30);
  printf("no memory: %d\n", too_much == NULL);
  return 0;
}
