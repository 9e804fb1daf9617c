// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A hand on a run from outside: whoever started it may end it from another thread.
#pragma once

#include <mutex>

#include "runtime/stack.h"

namespace dewar::api {

class RunHandle {
 public:
  RunHandle() = default;
  RunHandle(const RunHandle&) = delete;
  RunHandle& operator=(const RunHandle&) = delete;

  /// Ends the run at its next poll, or at once where it waits; one that has not begun ends before its first
  /// instruction. From any thread, at any time.
  void cancel();
  bool cancelled() const;

  /// For run(): the stack that the guest's code runs on, as long as there is one.
  void attach(runtime::Stack& stack);
  void detach();

 private:
  mutable std::mutex mutex_;
  runtime::Stack* stack_ = nullptr;
  bool cancelled_ = false;
};

}  // namespace dewar::api
