// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The timer's signal goes to the one thread that constructed the watchdog (SIGEV_THREAD_ID), where it is not blocked.
// So whatever signal is on its way when the timer is deleted arrives before timer_delete returns, and the handler only
// knows watchdogs that are in this thread's list: none is used after its end.
#include "api/watchdog.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

namespace dewar::api {

namespace {

// Initial-exec: access is a plain load, and so allowed in a signal handler.
[[gnu::tls_model("initial-exec")]] constinit thread_local Watchdog* t_innermost = nullptr;

// A real-time signal that neither the C library nor usual tools take.
int alarm_signal() { return SIGRTMIN + 7; }

}  // namespace

Watchdog::Watchdog(std::chrono::milliseconds limit, Means means) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  if (means == Means::timer_if_possible && start_timer(limit)) return;
  // It takes no signals, so that they reach the thread that runs the guest.
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  thread_ = std::thread([this, deadline] { watch(deadline); });
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

Watchdog::~Watchdog() {
  if (timer_) {
    DEWAR_ASSERT(t_innermost == this, "a watchdog ends on another thread, or before one inside it");
    t_innermost = outer_;
    ::timer_delete(*timer_);
    if (was_blocked_) {
      sigset_t one;
      sigemptyset(&one);
      sigaddset(&one, alarm_signal());
      pthread_sigmask(SIG_BLOCK, &one, nullptr);
    }
    return;
  }
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Watchdog::guard(runtime::Stack& stack) {
  stack_.store(&stack);
  if (fired()) stack.interrupt(runtime::kInterruptKill);
}

void Watchdog::fire() {
  // The flag first: of this and guard(), one sees what the other did.
  fired_.store(true);
  if (runtime::Stack* stack = stack_.load()) stack->interrupt(runtime::kInterruptKill);
}

void Watchdog::on_signal(int, siginfo_t* info, void*) {
  if (info->si_code != SI_TIMER) return;
  for (Watchdog* w = t_innermost; w; w = w->outer_) {
    if (w == info->si_value.sival_ptr) w->fire();
  }
}

bool Watchdog::install_handler() {
  static const bool installed = [] {
    struct sigaction old{};
    if (::sigaction(alarm_signal(), nullptr, &old) != 0) return false;
    // The embedding program uses this signal: it is not ours to take.
    if ((old.sa_flags & SA_SIGINFO) || old.sa_handler != SIG_DFL) return false;
    struct sigaction ours{};
    ours.sa_sigaction = on_signal;
    // Without SA_RESTART: a call that waits is to end.
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&ours.sa_mask);
    return ::sigaction(alarm_signal(), &ours, nullptr) == 0;
  }();
  return installed;
}

bool Watchdog::start_timer([[maybe_unused]] std::chrono::milliseconds limit) {
#if defined(__SANITIZE_THREAD__)
  return false;  // it holds signals back until the code makes a call, which a guest's loop never does
#else
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
  return false;
#endif
#endif
  if (!install_handler()) return false;
  struct sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = alarm_signal();
  event.sigev_value.sival_ptr = this;
  event.sigev_notify_thread_id = static_cast<pid_t>(::syscall(SYS_gettid));
  timer_t timer{};
  if (::timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return false;
  outer_ = t_innermost;
  t_innermost = this;
  timer_ = timer;
  sigset_t one, old;
  sigemptyset(&one);
  sigaddset(&one, alarm_signal());
  pthread_sigmask(SIG_UNBLOCK, &one, &old);
  was_blocked_ = sigismember(&old, alarm_signal()) == 1;
  // A timer of 0 never rings.
  const i64 ns = std::max<i64>(std::chrono::nanoseconds(limit).count(), 1);
  const itimerspec when{{0, 0}, {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)}};
  const int started = ::timer_settime(timer, 0, &when, nullptr);
  DEWAR_ASSERT(started == 0, "a timer just made cannot be set");
  return true;
#endif
}

void Watchdog::watch(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_until(lock, deadline, [this] { return stop_; })) return;
  fire();
}

}  // namespace dewar::api
