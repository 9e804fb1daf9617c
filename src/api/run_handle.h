// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A hand on a run from outside: whoever started it may end it from another thread, and see how far it is.
#pragma once

#include <mutex>
#include <optional>

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
  /// Fuel used so far, as of the last loop of the program after ask_fuel(); nothing before the run began or after it.
  std::optional<u64> fuel_used() const;
  /// Asks for a fresh number. The run is not disturbed; it answers at its next loop, which may be long after a call.
  void ask_fuel();

  /// For run(): the stack that the guest's code runs on, as long as there is one, with its fuel filled in.
  void attach(runtime::Stack& stack);
  void detach();

 private:
  mutable std::mutex mutex_;
  runtime::Stack* stack_ = nullptr;
  i64 start_fuel_ = 0;
  bool cancelled_ = false;
};

}  // namespace dewar::api
