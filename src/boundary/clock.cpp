// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The two kinds of clock. Sums saturate instead of wrapping: a guest may sleep for 2^64 ns as often as it likes.
#include "boundary/clock.h"

#include <time.h>

namespace dewar::boundary {
namespace {

u64 saturating_add(u64 a, u64 b) {
  u64 sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

std::optional<u64> to_ns(int status, const timespec& ts) {
  if (status != 0 || ts.tv_sec < 0) return std::nullopt;
  return static_cast<u64>(ts.tv_sec) * 1'000'000'000 + static_cast<u64>(ts.tv_nsec);
}

clockid_t kernel_clock(ClockId id) {
  switch (id) {
    case ClockId::realtime: return CLOCK_REALTIME;
    case ClockId::monotonic: return CLOCK_MONOTONIC;
    case ClockId::process_cpu: return CLOCK_PROCESS_CPUTIME_ID;
    case ClockId::thread_cpu: break;
  }
  return CLOCK_THREAD_CPUTIME_ID;
}

}  // namespace

void Clock::observe_fuel(const void* stack, i64 remaining) {
  if (real_) return;
  if (stack == fuel_stack_ && remaining < fuel_mark_) {
    const u64 used = static_cast<u64>(fuel_mark_) - static_cast<u64>(remaining);
    elapsed_ = saturating_add(elapsed_, used * kNsPerFuel);
  }
  fuel_stack_ = stack;
  fuel_mark_ = remaining;
}

std::optional<u64> Clock::read(ClockId id) {
  if (real_) {
    timespec ts{};
    return to_ns(clock_gettime(kernel_clock(id), &ts), ts);
  }
  elapsed_ = saturating_add(elapsed_, kNsPerReading);
  return id == ClockId::realtime ? saturating_add(start_, elapsed_) : elapsed_;
}

std::optional<u64> Clock::resolution(ClockId id) const {
  if (!real_) return kNsPerReading;
  timespec ts{};
  return to_ns(clock_getres(kernel_clock(id), &ts), ts);
}

void Clock::advance(u64 ns) {
  if (!real_) elapsed_ = saturating_add(elapsed_, ns);
}

u64 Clock::realtime_now() {
  if (!real_) return saturating_add(start_, elapsed_);
  timespec ts{};
  return to_ns(clock_gettime(CLOCK_REALTIME, &ts), ts).value_or(0);
}

}  // namespace dewar::boundary
