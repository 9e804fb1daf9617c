// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The lock keeps the stack alive while it is interrupted.
#include "api/run_handle.h"

namespace dewar::api {

void RunHandle::cancel() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
  if (stack_) stack_->interrupt(runtime::kInterruptKill);
}

bool RunHandle::cancelled() const {
  std::lock_guard lock(mutex_);
  return cancelled_;
}

std::optional<u64> RunHandle::fuel_used() const {
  std::lock_guard lock(mutex_);
  if (!stack_) return std::nullopt;
  return static_cast<u64>(start_fuel_ - stack_->fuel_told.load(std::memory_order_relaxed));
}

void RunHandle::ask_fuel() {
  std::lock_guard lock(mutex_);
  if (stack_) stack_->ask_meters();
}

void RunHandle::attach(runtime::Stack& stack) {
  std::lock_guard lock(mutex_);
  stack_ = &stack;
  start_fuel_ = stack.fuel;
  stack.tell_meters(stack.fuel);
  if (cancelled_) stack.interrupt(runtime::kInterruptKill);
}

void RunHandle::detach() {
  std::lock_guard lock(mutex_);
  stack_ = nullptr;
}

}  // namespace dewar::api
