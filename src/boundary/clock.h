// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Time for guests (design D10). The virtual clock is a function of the program alone: it starts at a fixed instant,
// runs with the fuel used (1 ns per unit), jumps by every sleep, and moves 1 us at each reading, so that it strictly
// increases. The real clock is the kernel's, where granted.
#pragma once

#include <optional>

#include "base/types.h"

namespace dewar::boundary {

/// Clocks a guest can read; numbered as in WASI preview 1.
enum class ClockId : u32 { realtime, monotonic, process_cpu, thread_cpu };

class Clock {
 public:
  /// 2026-01-01T00:00:00Z in nanoseconds since the Unix epoch.
  static constexpr u64 kDefaultStart = u64{1'767'225'600} * 1'000'000'000;
  static constexpr u64 kNsPerFuel = 1;
  static constexpr u64 kNsPerReading = 1'000;

  static Clock virtual_from(u64 start_ns) { return Clock(start_ns, false); }
  static Clock real() { return Clock(0, true); }

  bool is_real() const { return real_; }
  u64 start() const { return start_; }

  /// Accounts for the fuel that a stack has left; the first look at each stack only sets the mark.
  void observe_fuel(const void* stack, i64 remaining);
  /// Nanoseconds: since the Unix epoch for realtime, else since an unspecified start. Nothing if the kernel refuses.
  std::optional<u64> read(ClockId id);
  /// Nanoseconds between distinguishable readings.
  std::optional<u64> resolution(ClockId id) const;
  /// Virtual clock only: time passes at once.
  void advance(u64 ns);
  /// The realtime reading without moving the virtual clock (for timestamps of files).
  u64 realtime_now();

 private:
  Clock(u64 start, bool real) : start_(start), real_(real) {}
  u64 start_;
  u64 elapsed_ = 0;
  const void* fuel_stack_ = nullptr;
  i64 fuel_mark_ = 0;
  bool real_;
};

}  // namespace dewar::boundary
