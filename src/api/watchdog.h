// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ends a run when its time is up: a thread of its own that interrupts the guest's stack once (design D12). The guest
// notices at its next poll, or at once if it waits in a host call.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "runtime/stack.h"

namespace dewar::api {

class Watchdog {
 public:
  /// Starts counting now. The stack must outlive the watchdog.
  Watchdog(runtime::Stack& stack, std::chrono::milliseconds limit);
  /// Stops counting; does not interrupt any more.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// True once the time was up.
  bool fired();

 private:
  void watch(std::chrono::steady_clock::time_point deadline);

  runtime::Stack& stack_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  bool fired_ = false;
  std::thread thread_;
};

}  // namespace dewar::api
