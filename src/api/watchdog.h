// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ends a run when its time is up. The clock starts with the object, before anything of the program is looked at: until
// a stack is given to it, loading is told by flag(); from then on the guest's stack is interrupted as well (design
// D12). The alarm is a timer of the kernel whose signal goes to the constructing thread, which costs some microseconds
// where a thread costs a tenth of a process's start; where there can be no such timer it is a thread. Belongs to one
// thread; several on a thread may nest.
#pragma once

#include <signal.h>
#include <time.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/stop.h"
#include "runtime/stack.h"

namespace dewar::api {

class Watchdog {
 public:
  enum class Means : u8 { timer_if_possible, thread };

  /// Starts counting now.
  explicit Watchdog(std::chrono::milliseconds limit, Means means = Means::timer_if_possible);
  /// Stops counting; does not interrupt any more.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Also interrupts this stack, at once if the time is up already. The stack must outlive the watchdog.
  void guard(runtime::Stack& stack);
  /// Set once the time is up.
  const base::StopFlag& flag() const { return fired_; }
  bool fired() const { return fired_.load(); }
  bool uses_timer() const { return timer_.has_value(); }

 private:
  bool start_timer(std::chrono::milliseconds limit);
  void watch(std::chrono::steady_clock::time_point deadline);
  /// Async-signal-safe.
  void fire();
  static void on_signal(int signal, siginfo_t* info, void* context);
  static bool install_handler();

  base::StopFlag fired_{false};
  std::atomic<runtime::Stack*> stack_{nullptr};
  // The timer.
  std::optional<timer_t> timer_;
  Watchdog* outer_ = nullptr;
  bool was_blocked_ = false;
  // The thread.
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace dewar::api
