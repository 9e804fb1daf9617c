// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The waiting thread. It takes no signals, so that they reach the thread that runs the guest.
#include "api/watchdog.h"

#include <csignal>

namespace dewar::api {

Watchdog::Watchdog(runtime::Stack& stack, std::chrono::milliseconds limit) : stack_(stack) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  thread_ = std::thread([this, deadline] { watch(deadline); });
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

Watchdog::~Watchdog() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool Watchdog::fired() {
  std::lock_guard lock(mutex_);
  return fired_;
}

void Watchdog::watch(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_until(lock, deadline, [this] { return stop_; })) return;
  fired_ = true;
  stack_.interrupt(runtime::kInterruptKill);
}

}  // namespace dewar::api
