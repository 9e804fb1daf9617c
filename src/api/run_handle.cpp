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

void RunHandle::attach(runtime::Stack& stack) {
  std::lock_guard lock(mutex_);
  stack_ = &stack;
  if (cancelled_) stack.interrupt(runtime::kInterruptKill);
}

void RunHandle::detach() {
  std::lock_guard lock(mutex_);
  stack_ = nullptr;
}

}  // namespace dewar::api
