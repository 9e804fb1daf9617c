// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Another time for a program, preloaded: the day is 40 years later, and the machine has run for a year longer and its
// monotonic clock three times as fast. What the program under test may learn of the time comes through these functions; it has no other
// way that is not a call of the C library (a test reads its real clock through them to see that this is so).
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { kYear = 366 * 24 * 3600 };

static void shift(clockid_t clock, struct timespec* t) {
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) t->tv_sec += 40LL * kYear;
  if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_RAW && clock != CLOCK_BOOTTIME) return;
  const long long nanoseconds = 3LL * t->tv_nsec;
  t->tv_sec = 3 * t->tv_sec + kYear + nanoseconds / 1000000000;
  t->tv_nsec = nanoseconds % 1000000000;
}

int clock_gettime(clockid_t clock, struct timespec* t) {
  if (syscall(SYS_clock_gettime, clock, t) != 0) return -1;
  shift(clock, t);
  return 0;
}

int timespec_get(struct timespec* t, int base) { return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, t) == 0 ? base : 0; }

int gettimeofday(struct timeval* restrict tv, void* restrict zone) {
  (void)zone;
  struct timespec t;
  if (clock_gettime(CLOCK_REALTIME, &t) != 0) return -1;
  tv->tv_sec = t.tv_sec;
  tv->tv_usec = t.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  struct timespec t;
  if (clock_gettime(CLOCK_REALTIME, &t) != 0) return -1;
  if (out) *out = t.tv_sec;
  return t.tv_sec;
}
