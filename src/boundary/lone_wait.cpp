// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The fuel used so far need not be looked at: clock and fuel add up, whatever the order.
#include "boundary/lone_wait.h"

#include "runtime/wait_queue.h"

namespace dewar::boundary {

void wait_alone(runtime::Store& store, Clock& clock) {
  store.wait_policy.user = &clock;
  store.wait_policy.decide = [](void* user, runtime::Store&, runtime::Memory&, i64 timeout_ns) {
    Clock& time = *static_cast<Clock*>(user);
    if (timeout_ns < 0) return runtime::WaitDecision::deadlock;
    if (time.is_real()) return runtime::WaitDecision::sleep;
    time.advance(static_cast<u64>(timeout_ns));
    return runtime::WaitDecision::time_out;
  };
}

}  // namespace dewar::boundary
